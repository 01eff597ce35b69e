"""Generators shared by threads and passed between them, closures and cells changed by several threads."""

import itertools
import threading

from harness import run, slices


def shared_generator(context, running):
    """A generator that is running refuses a second thread with ValueError; no value comes twice."""
    def numbers():
        for number in range(3000):
            yield number

    shared, got = numbers(), [None] * context.threads

    def take(index, rng):
        mine = []
        while True:
            try:
                mine.append(next(shared))
            except StopIteration:
                break
            except ValueError as error:
                context.check(str(error) == "generator already executing", error)
        got[index] = mine

    context.spawn(*[take] * context.threads)
    context.check(sorted(sum(got, [])) == list(range(3000)), "a generator's value came twice or never")
    context.check(all(mine == sorted(mine) for mine in got))
    context.done(3000)


def handed_over(context, running):
    """A generator started by one thread and finished by another keeps its locals."""
    def work(start):
        total = start
        for number in range(20):
            received = yield total
            total += received if received is not None else number
        return total

    lock, pool = threading.Lock(), []

    def step(index, rng):
        while running():
            with lock:
                generator = pool.pop() if pool else None
            if generator is None:
                generator = work(index)
                next(generator)
            try:
                for _ in range(rng.randrange(6)):
                    context.check(type(generator.send(1)) is int)
            except StopIteration as stop:
                context.check(stop.value - 20 in range(context.threads))
                context.done(20)
                continue
            if rng.random() < 0.05:
                generator.close()
            else:
                with lock:
                    pool.append(generator)

    context.spawn(*[step] * context.threads)


def cells(context, running):
    """A closed-over variable that all threads change: with a lock no update is lost."""
    count, lock, latest = 0, threading.Lock(), None

    def add(index, rng):
        nonlocal count, latest
        for step in range(2000):
            with lock:
                count += 1
            latest = [index, index]
            first, second = latest
            context.check(first == second)
        context.done(2000)

    context.spawn(*[add] * context.threads)
    context.check(count == 2000 * context.threads, "lost updates", count)


def iterators(context, running):
    """next() of C-implemented iterators that are shared."""
    counter, got = itertools.count(), [None] * context.threads
    shared = iter(list(range(4000)))
    cycle, chain = itertools.cycle("abc"), itertools.chain(range(1000), "x" * 1000)

    def take(index, rng):
        got[index] = [next(counter) for _ in range(1000)]
        # The documentation promises no more for a shared iterator than items of the list.
        for number in shared:
            context.check(0 <= number < 4000)
        for _ in range(500):
            context.check(next(cycle) in "abc")
        for item in chain:
            context.check(item == "x" or 0 <= item < 1000)
        context.done(2000)

    context.spawn(*[take] * context.threads)
    numbers = sorted(sum(got, []))
    context.check(numbers == list(range(1000 * context.threads)), "count() is not atomic")


def closures(context, running):
    """Functions made by one thread, called and dropped by another."""
    shared = [None] * 16

    def maker(number):
        def outer(extra, *, scale=2):
            def inner():
                return (number + extra) * scale
            return inner
        return outer

    def make(index, rng):
        while running():
            number = rng.randrange(1000)
            shared[rng.randrange(16)] = number, maker(number)
            pair = shared[rng.randrange(16)]
            if pair is not None:
                expected, function = pair
                context.check(function(3)() == (expected + 3) * 2)
                context.check(function(3, scale=1)() == expected + 3)
            context.done(1)

    context.spawn(*[make] * context.threads)


def body(context):
    programs = [shared_generator, handed_over, cells, iterators, closures]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
