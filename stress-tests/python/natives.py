"""Objects implemented natively that threads share: deque, OrderedDict, defaultdict, itertools, lru_cache, re, json, struct, csv, random."""

import collections
import functools
import itertools
import json
import operator
import random
import re
import struct

from harness import run, slices


def deques(context, running):
    shared = collections.deque(range(50), maxlen=200)

    def change(index, rng):
        while running():
            action = rng.randrange(10)
            try:
                if action == 0:
                    shared.append(1)
                elif action == 1:
                    shared.appendleft(1)
                elif action == 2:
                    shared.pop()
                elif action == 3:
                    shared.popleft()
                elif action == 4:
                    shared.extend(range(20))
                elif action == 5:
                    shared.rotate(rng.randrange(-5, 5))
                elif action == 6:
                    shared[rng.randrange(10)] = 7
                elif action == 7:
                    del shared[rng.randrange(10)]
                elif action == 8:
                    shared.remove(1)
                elif rng.random() < 0.1:
                    shared.clear()
                else:
                    shared.reverse()
            except (IndexError, ValueError):
                pass
            context.done(1)

    def read(index, rng):
        while running():
            try:
                for item in shared:
                    context.check(0 <= item < 50, item)
                shared.copy(), shared == shared.copy(), shared + shared
            except RuntimeError as error:
                context.check("mutated during iteration" in str(error), error)
            context.check(len(shared) <= 200)
            shared.count(7)
            repr(shared)

    context.spawn(*[change] * context.threads, *[read] * 2)


def ordered(context, running):
    shared = collections.OrderedDict()

    def change(index, rng):
        while running():
            key = rng.randrange(40)
            action = rng.randrange(6)
            try:
                if action < 2:
                    shared[key] = (key, index)
                elif action == 2:
                    del shared[key]
                elif action == 3:
                    shared.move_to_end(key, last=rng.random() < 0.5)
                elif action == 4:
                    popped, value = shared.popitem(last=rng.random() < 0.5)
                    context.check(value[0] == popped)
                else:
                    value = shared.setdefault(key, (key, index))
                    context.check(value[0] == key)
            except KeyError:
                pass
            context.done(1)

    def read(index, rng):
        while running():
            try:
                for key, value in shared.items():
                    context.check(value[0] == key)
                for key in reversed(shared):
                    context.check(0 <= key < 40)
                context.check(all(value[0] == key for key, value in shared.copy().items()))
                shared == dict(shared), repr(shared)
            except (RuntimeError, KeyError):
                pass
            context.check(len(shared) <= 40)

    context.spawn(*[change] * context.threads, *[read] * 2)


def default_and_counter(context, running):
    """setdefault-like creation: __missing__ may run twice for a key, but every thread's own keys are right."""
    groups, counts = collections.defaultdict(list), [collections.Counter() for _ in range(context.threads)]

    def work(index, rng):
        for step in range(1000):
            groups[index, rng.randrange(20)].append(step)
            counts[index][rng.randrange(20)] += 1
        context.done(1000)

    context.spawn(*[work] * context.threads)
    context.check(sum(len(steps) for steps in groups.values()) == 1000 * context.threads)
    context.check(sum(counts, collections.Counter()).total() == 1000 * context.threads)


def iterators(context, running):
    """Iterators that several threads advance: what comes out is well-formed."""
    def fresh(rng):
        return rng.choice((
            lambda: (itertools.product(range(5), "ab", repeat=2), lambda item: len(item) == 4),
            lambda: (itertools.permutations(range(6), 3), lambda item: len(set(item)) == 3),
            lambda: (itertools.combinations(range(12), 4), lambda item: list(item) == sorted(item)),
            lambda: (itertools.combinations_with_replacement(range(6), 4), lambda item: len(item) == 4),
            lambda: (itertools.accumulate(itertools.repeat(1, 500)), lambda item: 1 <= item <= 500),
            lambda: (itertools.islice(itertools.count(), 0, 1000, 3), lambda item: item >= 0),
            lambda: (itertools.zip_longest(range(300), "x" * 200), lambda item: len(item) == 2),
            lambda: (itertools.batched(range(1000), 7), lambda item: 1 <= len(item) <= 7),
            lambda: (itertools.pairwise(list(range(500))), lambda item: len(item) == 2),
            lambda: (itertools.starmap(operator.add, [(1, 2)] * 300), lambda item: item == 3),
            lambda: (itertools.compress(range(500), itertools.cycle((0, 1))), lambda item: item < 500),
            lambda: (itertools.dropwhile(lambda number: number < 9, list(range(300))), lambda item: item < 300),
            lambda: (itertools.chain.from_iterable([range(20)] * 20), lambda item: item < 20),
            lambda: (map(str, range(400)), str.isdigit),
            lambda: (filter(None, [0, 1] * 200), lambda item: item == 1),
            lambda: (enumerate(["x"] * 400), lambda item: item[1] == "x"),
            lambda: (zip(range(400), range(400)), lambda item: len(item) == 2),
            lambda: (reversed(list(range(400))), lambda item: item < 400),
            lambda: (iter({number: number for number in range(300)}.items()), lambda item: item[0] == item[1]),
            lambda: (iter(set(range(300))), lambda item: item < 300),
            lambda: (iter("x" * 300), lambda item: item == "x"),
            lambda: (iter(range(300)), lambda item: item < 300),
        ))()

    shared = [fresh(random.Random(context.seed))]

    def take(index, rng):
        while running():
            iterator, right = shared[0]
            for _ in range(20):
                try:
                    item = next(iterator)
                except (StopIteration, RuntimeError, ValueError):
                    shared[0] = fresh(rng)
                    break
                context.check(right(item), iterator, item)
            context.done(1)

    context.spawn(*[take] * context.threads)


def caches(context, running):
    calls = []

    @functools.lru_cache(maxsize=32)
    def small(number):
        return [number, number * 2]

    @functools.cache
    def unbounded(number):
        calls.append(number)
        return object()

    class Lazy:
        @functools.cached_property
        def value(self):
            return [1, 2, 3]

    lazy, bound = [Lazy()], functools.partial(operator.add, 40)

    def work(index, rng):
        while running():
            number = rng.randrange(100)
            context.check(small(number) == [number, number * 2])
            context.check(unbounded(number % 20) is not None)
            if rng.random() < 0.01:
                small.cache_clear()
                lazy[0] = Lazy()
            info = small.cache_info()
            context.check(info.currsize <= 32)
            context.check(lazy[0].value == [1, 2, 3])
            context.check(bound(2) == 42)
            context.done(1)

    context.spawn(*[work] * context.threads)


def texts(context, running):
    """Compiled patterns, encoders, decoders, formats that all threads use at once."""
    pattern = re.compile(r"(\w+)=(\d+)")
    packer = struct.Struct("<IhB")
    shared_random = random.Random(context.seed)
    scanner_source = "a=1 b=22 c=333 " * 20
    document = {"list": [1, 2.5, None, True], "text": "x" * 50, "nested": {"k": ["v"] * 10}}

    def work(index, rng):
        while running():
            number = rng.randrange(1000)
            match = pattern.search(f"key{number}={number}")
            context.check(match.group(2) == str(number) and match.start() == 0)
            context.check(len(pattern.findall(scanner_source)) == 60)
            context.check(pattern.sub(lambda m: m[1], "a=1 b=2") == "a b")
            context.check(packer.unpack(packer.pack(number, -number, number % 256)) == (number, -number, number % 256))
            context.check(json.loads(json.dumps(document)) == document)
            context.check(0 <= shared_random.random() < 1)
            context.check(0 <= shared_random.randrange(10) < 10)
            context.check("{:>10}|{!r}".format(number, "x") == f"{number:>10}|'x'")
            context.done(1)

    context.spawn(*[work] * context.threads)


def body(context):
    programs = [deques, ordered, default_and_counter, iterators, caches, texts]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
