"""Weak references against the death of what they point to."""

import gc
import weakref

from harness import run, slices


class Thing:
    def __init__(self, number):
        self.number = number
        self.check = number * 7


def upgrade(context, running):
    """A weak reference gives a whole object or None, never one that is half gone."""
    shared = [None] * 8

    def write(index, rng):
        number = 0
        while running():
            number += 1
            thing = Thing(number)
            shared[rng.randrange(8)] = weakref.ref(thing)
            if number % 3 == 0:
                thing.itself = thing
            if number % 500 == 0:
                gc.collect(0)
            context.done(1)

    def read(index, rng):
        while running():
            reference = shared[rng.randrange(8)]
            thing = reference() if reference is not None else None
            if thing is not None:
                context.check(thing.check == thing.number * 7)
                context.check(weakref.ref(thing)() is thing)
                context.check(reference() is thing)

    context.spawn(*[write] * 2, *[read] * context.threads)


def callbacks(context, running):
    """Every callback runs once, and after the referent has gone."""
    total, called = [0] * context.threads, [0] * context.threads

    def work(index, rng):
        def callback(reference):
            context.check(reference() is None, "alive in its callback")
            called_here.append(1)

        called_here, references = [], []
        for number in range(300):
            thing = Thing(number)
            if number % 2:
                thing.cycle = [thing]
            references.append(weakref.ref(thing, callback))
        del thing
        gc.collect()
        total[index], called[index] = references, called_here
        context.done(300)

    context.spawn(*[work] * context.threads)
    gc.collect()
    for references, calls in zip(total, called):
        context.check(all(reference() is None for reference in references), "something survived")
        context.check(len(calls) == 300, "callbacks", len(calls))


def containers(context, running):
    """WeakValueDictionary, WeakKeyDictionary and WeakSet that several threads use."""
    values, keys, things = weakref.WeakValueDictionary(), weakref.WeakKeyDictionary(), weakref.WeakSet()

    def work(index, rng):
        mine = []
        while running():
            thing = Thing(rng.randrange(1000))
            values[index, thing.number] = thing
            keys[thing] = thing.number
            things.add(thing)
            mine.append(thing)
            del mine[:-20]
            context.check(values.get((index, thing.number)) is thing and keys[thing] == thing.number and thing in things)
            other = values.get((rng.randrange(context.threads), rng.randrange(1000)))
            context.check(other is None or other.check == other.number * 7)
            try:
                for one in list(things):
                    context.check(one.check == one.number * 7)
                for key, value in list(keys.items()):
                    context.check(key.number == value)
            except RuntimeError as error:
                context.check("changed size during iteration" in str(error), error)
            context.done(1)

    context.spawn(*[work] * context.threads, lambda index, rng: gc.collect())
    gc.collect()
    context.check(len(things) == 0 and len(keys) == 0 and len(values) == 0, "dead entries stay")


def finalize(context, running):
    ran = []

    def work(index, rng):
        for number in range(100):
            thing = Thing(number)
            weakref.finalize(thing, ran.append, (index, number))
            proxy = weakref.proxy(thing)
            context.check(proxy.number == number)
            del thing
            if rng.random() < 0.1:
                gc.collect()
        context.done(100)

    context.spawn(*[work] * context.threads)
    gc.collect()
    context.check(len(ran) == len(set(ran)) == 100 * context.threads, "finalizers", len(ran))


def body(context):
    programs = [upgrade, callbacks, containers, finalize]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
