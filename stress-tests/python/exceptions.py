"""Exceptions raised, caught, chained and shared by threads; one that escapes reaches threading.excepthook."""

import sys
import threading
import traceback

from harness import run, slices


class Custom(Exception):
    def __init__(self, index, depth):
        super().__init__(index, depth)
        self.index = index


def own_state(context, running):
    """What sys.exception() shows belongs to the thread alone."""
    def dive(index, depth):
        try:
            if depth == 0:
                raise Custom(index, depth)
            dive(index, depth - 1)
        except Custom as error:
            context.check(sys.exception() is error and error.index == index)
            if depth % 3 == 0:
                raise Custom(index, depth) from error
            raise
        finally:
            if depth % 4 == 0:
                context.check(sys.exception().index == index)

    def work(index, rng):
        while running():
            try:
                dive(index, rng.randrange(20))
            except Custom as error:
                count, one = 0, error
                while one is not None:
                    context.check(one.index == index)
                    one, count = one.__cause__, count + 1
                context.check(count < 10)
                context.check("Custom" in "".join(traceback.format_exception(error)))
            context.check(sys.exception() is None)
            context.done(1)

    context.spawn(*[work] * context.threads)


def shared_exception(context, running):
    """One exception object that all threads raise and annotate."""
    shared, notes = ValueError("shared"), 50

    def work(index, rng):
        for number in range(notes):
            try:
                try:
                    raise shared
                except ValueError as error:
                    context.check(error is shared)
                    error.add_note(f"{index}:{number}")
                    raise KeyError(index) from error
            except KeyError as error:
                context.check(error.__cause__ is shared and error.args == (index,))
            shared.with_traceback(None)
        context.done(notes)

    context.spawn(*[work] * context.threads)
    context.check(len(shared.__notes__) <= notes * context.threads)


def escaping(context, running):
    """Each thread that dies of an exception is reported once."""
    seen, old = [], threading.excepthook
    threading.excepthook = lambda details: seen.append(details.exc_value.index)
    try:
        def die(index):
            raise Custom(index, 0)

        threads = [threading.Thread(target=die, args=(index,)) for index in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        threading.excepthook = old
    context.check(sorted(seen) == list(range(20)), seen)
    context.done(20)


def deep_recursion(context, running):
    def sink(depth):
        return sink(depth + 1)

    def nested():
        made = []
        for _ in range(3000):
            made = [made]
        return made

    def work(index, rng):
        for _ in range(3):
            try:
                sink(0)
                context.check(False, "no RecursionError")
            except RecursionError:
                pass
            try:
                len(repr(nested()))
            except RecursionError:
                pass
        context.done(3)

    context.spawn(*[work] * context.threads)


def generators_thrown(context, running):
    def body():
        while True:
            try:
                yield
            except Custom as error:
                context.check(sys.exception() is error)

    def work(index, rng):
        while running():
            generator = body()
            next(generator)
            for depth in range(10):
                generator.throw(Custom(index, depth))
            generator.close()
            context.done(10)

    context.spawn(*[work] * context.threads)


def body(context):
    programs = [own_state, shared_exception, escaping, deep_recursion, generators_thrown]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
