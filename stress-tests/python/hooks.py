"""Watchers that come and go while others make the changes; functions taken over and let go while others call them; objects made immortal."""

import gc

import taipan
from harness import run, slices


class Node:
    def __init__(self, number):
        self.number = number
        self.next = None


def watched_dict(context, running):
    """Whoever watches a dict of one's own is told of each change; of a shared one, of no change that was not made."""
    shared = {}

    def change(index, rng):
        own, told = {}, []
        while running():
            with taipan.watch_dicts(lambda *event: told.append(event[0]), own):
                for _ in range(50):
                    key = rng.randrange(8)
                    before = key in own
                    told.clear()
                    if rng.random() < 0.3:
                        own.pop(key, None)
                        context.check(told == (["deleted"] if before else []), told)
                    else:
                        own[key] = object()
                        context.check(told == ["modified" if before else "added"], told)
                    shared[key] = index
            context.done(50)

    def watch(index, rng):
        events = set()
        while running():
            with taipan.watch_dicts(lambda event, d, key, value: events.add((event, key)), shared):
                for _ in range(20):
                    shared.pop(rng.randrange(8), None)
                    shared[index + 100] = rng.random()
        names = {event for event, _ in events}
        context.check(names <= {"added", "modified", "deleted"}, names)

    context.spawn(*[change] * (context.threads - 1), watch)


def taken_over(context, running):
    def identity(value):
        return value

    def call(index, rng):
        while running():
            for _ in range(100):
                value = rng.randrange(1000)
                answer = identity(value)
                context.check(answer in (value, (value,), ((value,),)), answer)
            context.done(100)

    def toggle(index, rng):
        while running():
            with taipan.set_entry(identity, lambda proceed, value: (proceed(value),)):
                answer = identity(1)
                context.check(answer in ((1,), ((1,),)), answer)
                if rng.random() < 0.1:
                    identity.__code__ = (lambda value: value).__code__

    context.spawn(call, call, toggle, toggle)


def immortal(context, running):
    """Objects that become immortal in the middle of their use stay whole, and what they let go of is freed."""
    def work(index, rng):
        while running():
            nodes = [Node(number) for number in range(30)]
            for one, other in zip(nodes, nodes[1:]):
                one.next = other
            nodes[-1].next = nodes[0]
            taipan.immortalize(nodes[rng.randrange(30)], deep=rng.random() < 0.2)
            for node in nodes:
                node.next = Node(node.number)
            context.check([node.next.number for node in nodes] == list(range(30)))
            if rng.random() < 0.05:
                gc.freeze()
                gc.unfreeze()
            context.done(30)

    def visit(index, rng):
        while running():
            taipan.visit_heap(lambda thing: rng.random() < 0.999)

    context.spawn(work, work, work, visit)


def body(context):
    programs = [watched_dict, taken_over, immortal]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
