"""Count the words of all text files under a directory with a ThreadPoolExecutor.

Without --directory the Python standard library's own sources are counted.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import os
import re
import sys
import time

from library_sources import library_directory

WORD = re.compile(r"[A-Za-z_]+")


def text_files(directory, suffixes):
    """All files below the directory with one of the suffixes, in a fixed order."""
    found = []
    for folder, subfolders, names in os.walk(directory):
        subfolders[:] = sorted(name for name in subfolders if name not in ("__pycache__", "site-packages"))
        found += [os.path.join(folder, name) for name in sorted(names) if name.endswith(suffixes)]
    return [path for path in found if os.path.isfile(path)]


def count_words(paths):
    counts = collections.Counter()
    size = 0
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        size += len(text)
        counts.update(word.lower() for word in WORD.findall(text))
    return counts, size


def batches(items, size):
    return [items[start:start + size] for start in range(0, len(items), size)]


def main():
    parser = argparse.ArgumentParser(description="Count words in text files on several threads.")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="number of threads (default: 1)")
    parser.add_argument("--directory", metavar="DIR",
                        help="where to look for files (default: the standard library)")
    parser.add_argument("--suffix", default=".py,.txt,.rst,.md", metavar="LIST",
                        help="comma-separated file name endings (default: %(default)s)")
    parser.add_argument("--top", type=int, default=20, metavar="N", help="how many words to print (default: 20)")
    args = parser.parse_args()
    if args.threads < 1:
        parser.error("--threads must be at least 1")
    if args.directory is not None and not os.path.isdir(args.directory):
        sys.exit(f"wordcount: no such directory: {args.directory}")

    with contextlib.ExitStack() as stack:
        directory = args.directory or library_directory(stack)
        run(args, directory)


def run(args, directory):
    begin = time.perf_counter()
    paths = text_files(directory, tuple(args.suffix.split(",")))
    total = collections.Counter()
    characters = 0
    with concurrent.futures.ThreadPoolExecutor(args.threads) as pool:
        for counts, size in pool.map(count_words, batches(paths, 8)):
            total.update(counts)
            characters += size
    elapsed = time.perf_counter() - begin

    print(f"{len(paths)} files, {characters} characters, {total.total()} words, {len(total)} different")
    ranking = sorted(total.items(), key=lambda item: (-item[1], item[0]))
    for word, count in ranking[:args.top]:
        print(f"{count:8} {word}")
    print(f"time: {elapsed:.3f} s with {args.threads} thread(s)")


if __name__ == "__main__":
    main()
