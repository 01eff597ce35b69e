"""Strings: built, formatted, split, searched."""

import re

from runner import PRIVATE, workload


@workload("string building", 150_000, [PRIVATE])
def building():
    def work(n):
        for i in range(n):
            parts = []
            for j in range(30):
                parts.append(str(j))
            text = ",".join(parts)
            text += "!"
    return work


@workload("f-string", 2_000_000, [PRIVATE])
def formatting():
    def work(n):
        for i in range(n):
            f"item {i}: {n}"
    return work


@workload("split and strip", 1_600_000)
def splitting():
    line = "  the quick brown fox jumps over the lazy dog  "

    def work(n):
        text = line
        for _ in range(n):
            text.strip().split(" ")
    return work


@workload("word count", 280_000, [PRIVATE])
def word_count():
    line = "the quick brown fox jumps over the lazy dog the end"

    def work(n):
        counts = {}
        for _ in range(n):
            for word in line.split():
                counts[word] = counts.get(word, 0) + 1
    return work


@workload("string index and compare", 9_400_000)
def indexing():
    text = "abcdefghijklmnopqrstuvwxyz"

    def work(n):
        t = text
        for i in range(n):
            t[i & 15] == "c"
    return work


@workload("regular expression", 1_800_000)
def regular_expression():
    pattern, line = re.compile(r"(\w+)=(\d+)"), "first=1 second=22 third=333"

    def work(n):
        for _ in range(n):
            pattern.search(line, 8)
    return work
