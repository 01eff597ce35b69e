"""One workload for each of the native modules that programs lean on: natives.py NAME --loops FACTOR, or --list.

As with the programs, the closing lines are the time and the memory, and what comes before must be the same under all interpreters.
"""

import argparse
import collections
import csv
import datetime
import hashlib
import heapq
import io
import itertools
import json
import os
import pickle
import random
import re
import struct
import sys
import tempfile
import time
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("programs")))
from harness import closing

WORKLOADS = {}


def workload(loops):
    """Registers a generator function: what comes before its one yield of None is not timed; it then yields the result."""

    def register(function):
        WORKLOADS[function.__name__] = (function, loops)
        return function

    return register


def records():
    random.seed(3)
    return [
        {
            "id": i,
            "name": f"user {i} \u00e9\u00e8" if i % 7 == 0 else f"user {i}",
            "score": random.random() * 1000,
            "tags": [random.choice(["red", "green", "blue"]) for _ in range(4)],
            "active": i % 3 == 0,
            "parent": None if i % 5 else {"id": i // 5, "weight": -i},
        }
        for i in range(400)
    ]


@workload(40)
def json_dumps(loops):
    data = records()
    yield
    for _ in range(loops):
        text = json.dumps(data)
    yield len(text)


@workload(40)
def json_loads(loops):
    text = json.dumps(records())
    yield
    for _ in range(loops):
        data = json.loads(text)
    yield len(data)


@workload(60)
def pickle_dumps(loops):
    data = records()
    yield
    for _ in range(loops):
        text = pickle.dumps(data)
    yield len(pickle.loads(text))


@workload(60)
def pickle_loads(loops):
    text = pickle.dumps(records(), protocol=4)
    yield
    for _ in range(loops):
        data = pickle.loads(text)
    yield len(data)


LOG = "".join(
    f'10.0.{i % 256}.{i * 7 % 256} - - [{i % 28 + 1:02}/Mar/2024:10:{i % 60:02}:00] "GET /page/{i}?q={i * 3}&lang=en HTTP/1.1" {200 + i % 5} {i * 37}\n'
    for i in range(1500)
)


@workload(12)
def re_findall(loops):
    pattern = re.compile(r'(\d+\.\d+\.\d+\.\d+) - - \[([^\]]+)\] "(\w+) ([^ "]+) HTTP/[\d.]+" (\d{3}) (\d+)')
    yield
    for _ in range(loops):
        found = pattern.findall(LOG)
    yield len(found)


@workload(12)
def re_substitute(loops):
    pattern = re.compile(r"\b(\w+)=(\w+)\b")
    yield
    for _ in range(loops):
        text = pattern.sub(r"\2=\1", LOG)
    yield zlib.crc32(text.encode())


@workload(10)
def re_alternatives(loops):
    random.seed(5)
    sequence = "".join(random.choice("acgt") for _ in range(60_000))
    patterns = [
        re.compile(text)
        for text in ("agggtaaa|tttaccct", "[cgt]gggtaaa|tttaccc[acg]", "a[act]ggtaaa|tttacc[agt]t", "agg[act]taaa|ttta[agt]cct")
    ]
    yield
    for _ in range(loops):
        counts = [len(pattern.findall(sequence)) for pattern in patterns]
    yield counts


@workload(12)
def re_split(loops):
    pattern = re.compile(r"[\s,;\"\[\]]+")
    yield
    for _ in range(loops):
        parts = pattern.split(LOG)
    yield len(parts)


@workload(60_000)
def re_match_small(loops):
    pattern = re.compile(r"(?P<key>[a-z_]+)\s*=\s*(?P<value>\d+)")
    lines = ["alpha = 1", "beta_two=22", "gamma   =   333", "no match here"]
    yield
    total = 0
    for line in itertools.islice(itertools.cycle(lines), loops):
        match = pattern.match(line)
        if match:
            total += int(match.group("value"))
    yield total


@workload(60_000)
def struct_pack(loops):
    packer = struct.Struct("<IHhdq8s")
    yield
    for i in range(loops):
        packed = packer.pack(i, 7, -3, i * 0.5, -i, b"abcdefgh")
    yield packed.hex()


@workload(60_000)
def struct_unpack(loops):
    packer = struct.Struct("<IHhdq8s")
    packed = packer.pack(9, 7, -3, 4.5, -9, b"abcdefgh")
    yield
    for _ in range(loops):
        values = packer.unpack(packed)
    yield values


@workload(8)
def sort_numbers(loops):
    random.seed(1)
    numbers = [random.random() for _ in range(40_000)]
    yield
    for _ in range(loops):
        result = sorted(numbers)
    yield result[0]


@workload(8)
def sort_strings_by_key(loops):
    random.seed(1)
    words = [f"{random.randrange(10**6):x}" for _ in range(15_000)]
    yield
    for _ in range(loops):
        result = sorted(words, key=str.lower, reverse=True)
    yield result[:3]


@workload(6)
def heap(loops):
    random.seed(2)
    numbers = [random.randrange(10**9) for _ in range(15_000)]
    yield
    for _ in range(loops):
        queue = []
        for number in numbers:
            heapq.heappush(queue, number)
        result = [heapq.heappop(queue) for _ in range(len(queue))]
        top = heapq.nlargest(20, numbers)
    yield result[0], top[0]


@workload(12)
def hash_large(loops):
    data = bytes(range(256)) * 4096
    yield
    for _ in range(loops):
        digests = [getattr(hashlib, name)(data).hexdigest() for name in ("md5", "sha1", "sha256", "blake2b")]
    yield digests


@workload(20_000)
def hash_small(loops):
    yield
    for i in range(loops):
        digest = hashlib.sha256(b"%d" % i).digest()
    yield digest.hex()


@workload(5)
def zlib_compress(loops):
    data = LOG.encode() * 4
    yield
    for _ in range(loops):
        packed = zlib.compress(data)
    yield len(zlib.decompress(packed))


@workload(40)
def zlib_decompress(loops):
    packed = zlib.compress(LOG.encode() * 8)
    yield
    for _ in range(loops):
        data = zlib.decompress(packed)
    yield len(data)


WORDS = LOG.split()


@workload(150)
def str_join(loops):
    yield
    for _ in range(loops):
        text = " ".join(WORDS)
    yield len(text)


@workload(80)
def str_split(loops):
    yield
    for _ in range(loops):
        parts = LOG.split()
        lines = LOG.split("\n")
    yield len(parts), len(lines)


@workload(80)
def str_replace(loops):
    yield
    for _ in range(loops):
        text = LOG.replace("GET", "POST").replace("e", "E")
    yield len(text)


@workload(80_000)
def str_methods(loops):
    yield
    total = 0
    for word in itertools.islice(itertools.cycle(WORDS), loops):
        word = word.strip("[]\"").upper()
        total += word.startswith("10.") + word.find("A") + len(word.partition(".")[0])
    yield total


@workload(10)
def int_to_text(loops):
    number = 7**11832
    yield
    with_limit = [str(number + i) for i in range(10 * loops)]
    yield hash_of(with_limit)


@workload(10)
def int_from_text(loops):
    text = str(7**11832 + 1)[:4200]
    text = text + text + text[:1600]
    yield
    numbers = [int(text) + i for i in range(10 * loops)]
    yield sum(numbers) % 1_000_003


@workload(400)
def int_multiply(loops):
    number = 7**11832
    yield
    for i in range(loops):
        product = number * (number + i)
    yield product % 1_000_003


def hash_of(texts):
    return zlib.crc32("".join(texts).encode())


@workload(15_000)
def datetime_parse(loops):
    yield
    for i in range(loops):
        moment = datetime.datetime.fromisoformat(f"2024-03-{i % 28 + 1:02}T10:{i % 60:02}:00.123456+02:00")
    yield moment.isoformat()


@workload(2_000)
def datetime_strptime(loops):
    yield
    for i in range(loops):
        moment = datetime.datetime.strptime(f"{i % 28 + 1:02}/03/2024 10:{i % 60:02}:59", "%d/%m/%Y %H:%M:%S")
    yield moment.isoformat()


@workload(15_000)
def datetime_format(loops):
    moment = datetime.datetime(2024, 3, 1, 10, 20, 30, 123456)
    step = datetime.timedelta(minutes=17)
    yield
    for _ in range(loops):
        moment += step
        text = moment.isoformat() + moment.strftime("%Y-%m-%d %H:%M")
    yield text


ROWS = [[str(i), f"name {i}", f'say "{i}"', str(i * 0.25)] for i in range(4_000)]


@workload(10)
def csv_write(loops):
    yield
    for _ in range(loops):
        out = io.StringIO(newline="")
        csv.writer(out).writerows(ROWS)
    yield len(out.getvalue())


@workload(10)
def csv_read(loops):
    out = io.StringIO(newline="")
    csv.writer(out).writerows(ROWS)
    text = out.getvalue()
    yield
    for _ in range(loops):
        rows = list(csv.reader(io.StringIO(text, newline="")))
    yield len(rows)


@workload(12)
def text_read_lines(loops):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "text")
        with open(path, "w", encoding="utf-8") as file:
            file.write(LOG * 6)
        yield
        for _ in range(loops):
            with open(path, encoding="utf-8") as file:
                total = sum(len(line) for line in file)
    yield total


@workload(12)
def text_write_lines(loops):
    lines = LOG.splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "text")
        yield
        for _ in range(loops):
            with open(path, "w", encoding="utf-8") as file:
                for line in lines:
                    file.write(line)
        size = os.path.getsize(path)
    yield size


@workload(40)
def counter(loops):
    yield
    for _ in range(loops):
        common = collections.Counter(WORDS).most_common(3)
    yield common


@workload(25)
def utf8(loops):
    text = "na\u00efve \u4e2d\u6587 plain ascii text " * 4000
    yield
    for _ in range(loops):
        back = text.encode().decode()
    yield back == text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", nargs="?", choices=sorted(WORKLOADS))
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--loops", type=float, default=1.0, metavar="FACTOR", help="times the usual work")
    args = parser.parse_args()
    if args.list or args.name is None:
        print("\n".join(sorted(WORKLOADS)))
        return
    sys.set_int_max_str_digits(0)
    function, loops = WORKLOADS[args.name]
    steps = function(max(1, round(loops * args.loops)))
    next(steps)
    begin = time.perf_counter()
    result = next(steps)
    elapsed = time.perf_counter() - begin
    print(result)
    closing(elapsed)


if __name__ == "__main__":
    main()
