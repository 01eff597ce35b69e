"""How much memory things take: small objects, lists of numbers, and garbage in cycles that is made faster than anybody asks for it."""

import gc
import sys
import threading

from harness import run, slices

MEGABYTE = 1 << 20


def resident():
    """Resident bytes of this process, where the system tells; else 0."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))
    except (OSError, StopIteration):
        return 0


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


class Loop:
    def __init__(self):
        self.myself = self


def objects(context, running):
    """An instance of a plain class with two attributes: 48 bytes, dictionary and all."""
    count = 500_000
    kept = [None] * count
    Point(1, 2)
    gc.collect()
    before = resident()
    for index in range(count):
        kept[index] = Point(index, index)
    used = resident() - before
    context.check(sys.getsizeof(kept[5]) <= 48, sys.getsizeof(kept[5]))
    # Pages are taken by the chunk; the collector's table comes and goes.
    context.check(used <= count * 48 + 48 * MEGABYTE, "bytes for each instance:", used / count)
    context.done(count)


def numbers(context, running):
    """A list of a million numbers: eight bytes each and one header."""
    count = 1_000_000
    before = resident()
    kept = [list(range(count)) for _ in range(4)]
    used = resident() - before
    context.check(sys.getsizeof(kept[0]) <= count * 8 + 128, sys.getsizeof(kept[0]))
    context.check(used <= 4 * count * 8 + 8 * MEGABYTE, "bytes for each number:", used / count / 4)
    context.check(sys.getsizeof([0] * count) <= count * 8 + 128)
    context.done(count)


def cycles(context, running):
    """Cycles made by two threads: memory stays bounded however many there are."""
    count, before, peak = 300_000, resident(), 0

    def instances(index, rng):
        for _ in range(count):
            Loop()

    def lists(index, rng):
        for _ in range(count):
            loop = []
            loop.append(loop)

    context.spawn(instances, lists)
    peak = resident()
    context.check(peak - before < 256 * MEGABYTE, "megabytes of garbage:", (peak - before) // MEGABYTE)
    context.done(2 * count)


def classes(context, running):
    """Classes that were made, used and dropped leave nothing, nor do the shapes of their instances."""
    count = 2_000

    def make(index, rng):
        for number in range(count):
            new = type(f"Class{number}", (), {"get": lambda self: self.number})
            item = new()
            item.number = number
            setattr(item, f"attribute{rng.randrange(20)}", index)
            context.check(item.get() == number)

    def rounds(number):
        for _ in range(number):
            context.spawn(make, make)
            gc.collect()
        return resident()

    before = rounds(8)
    grown = (rounds(16) - before) // MEGABYTE
    context.check(grown < 12, "megabytes that dead classes left:", grown)
    context.done(48 * count)


def one_large_heap(context, running):
    """The collector looks at a growing heap a few times only: its work stays linear."""
    before = gc.get_stats()[2]["collections"]
    kept = [(number, number) for number in range(1_000_000)]
    collections = gc.get_stats()[2]["collections"] - before
    context.check(collections <= 12, "collections while a list grew:", collections)
    context.done(len(kept))


def emptied_by_others(context, running):
    """What a thread made is freed although it sleeps: others that drop it end it."""
    count = 200_000
    made, dropped = threading.Event(), threading.Event()
    box = []

    def make(index, rng):
        box.extend([index, number] for number in range(count))
        made.set()
        dropped.wait()
        context.done(count)

    def drop(index, rng):
        made.wait()
        full = resident()
        while box:
            box.pop()
        again = [[number] for number in range(count)]
        context.check(resident() - full < 24 * MEGABYTE, "dropped lists stay:", (resident() - full) // MEGABYTE)
        del again
        dropped.set()

    context.spawn(make, drop)


def body(context):
    programs = [objects, numbers, cycles, classes, one_large_heap, emptied_by_others]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
