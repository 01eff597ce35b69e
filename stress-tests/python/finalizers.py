"""__del__ once per object, whoever drops it last; resurrection; finalizers that allocate and take locks."""

import gc
import itertools
import threading

from harness import run, slices

LIVE = "live"


class Once:
    log = []

    def __init__(self, number):
        self.number = number
        self.state = LIVE

    def __del__(self):
        if self.state is not LIVE:
            Once.log.append(("twice", self.number))
        self.state = "finalized"
        Once.log.append(("ok", self.number))


def last_drop(context, running):
    """An object that several threads hold and drop at the same time."""
    numbers, total = itertools.count(), 0
    Once.log = []

    for _ in range(30):
        box = [Once(next(numbers)) for _ in range(20)]
        total += 20

        def drop(index, rng):
            mine = list(box)
            rng.shuffle(mine)
            context.check(all(item.state is LIVE for item in mine))
            while mine:
                mine.pop()

        context.spawn(*[drop] * context.threads, lambda index, rng: box.clear())
    del box
    gc.collect()
    context.check(len(Once.log) == total and all(kind == "ok" for kind, _ in Once.log), len(Once.log), total)
    context.check(len({number for _, number in Once.log}) == total)
    context.done(total)


def resurrection(context, running):
    """An object that saves itself is whole, and is finalized once only."""
    saved, finalized = [], []

    class Phoenix:
        def __init__(self, number):
            self.number, self.data = number, [number] * 3

        def __del__(self):
            finalized.append(self.number)
            saved.append(self)

    def work(index, rng):
        for number in range(100):
            item = Phoenix(index * 100 + number)
            if number % 2:
                item.cycle = item
            del item
            if number % 10 == 0:
                gc.collect()
            for item in saved[-5:]:
                context.check(item.data == [item.number] * 3)
        context.done(100)

    context.spawn(*[work] * context.threads)
    gc.collect()
    expected = list(range(100 * context.threads))
    context.check(sorted(finalized) == expected, "finalized", len(finalized))
    context.check(sorted(item.number for item in saved) == expected)
    saved.clear()
    gc.collect()
    context.check(sorted(finalized) == expected, "a resurrected object was finalized again")


def busy_finalizers(context, running):
    """Finalizers that lock, allocate, raise and make garbage themselves."""
    lock, count, hook_calls = threading.RLock(), [], []

    class Busy:
        def __del__(self):
            with lock:
                count.append([self.__class__.__name__, {}])
            garbage = []
            garbage.append(garbage)
            if len(count) % 5 == 0:
                raise ValueError("ignored")

    import sys
    old, sys.unraisablehook = sys.unraisablehook, lambda details: hook_calls.append(type(details.exc_value))
    try:
        def work(index, rng):
            for number in range(200):
                item = Busy()
                if number % 3 == 0:
                    item.loop = item
                with lock:
                    del item
            context.done(200)

        context.spawn(*[work] * context.threads, lambda index, rng: gc.collect())
        gc.collect()
    finally:
        sys.unraisablehook = old
    context.check(len(count) == 200 * context.threads, len(count))
    context.check(set(hook_calls) <= {ValueError})


def body(context):
    programs = [last_drop, resurrection, busy_finalizers]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
