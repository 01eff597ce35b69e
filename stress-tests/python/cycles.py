"""Cyclic garbage made by all threads while collections are forced."""

import gc

from harness import collector, run


class Node:
    live = 0

    def __init__(self, value):
        self.value = value
        self.links = []


class Counted:
    made, gone = 0, []

    def __del__(self):
        # An append is atomic, a += would not be.
        Counted.gone.append(None)


def ring(size, value):
    nodes = [Node(value) for _ in range(size)]
    for left, right in zip(nodes, nodes[1:] + nodes[:1]):
        left.links.append(right)
        right.links.append(left)
    return nodes[0]


def body(context):
    kept = [[None] * 20 for _ in range(context.threads)]
    exchange = [None] * 32
    made = [0] * context.threads

    def work(index, rng):
        mine, count = kept[index], 0
        while context.running():
            value = rng.randrange(1_000_000)
            first = ring(rng.randrange(1, 12), value)
            mine[rng.randrange(20)] = first
            exchange[rng.randrange(32)] = first
            other = exchange[rng.randrange(32)]
            if other is not None:
                # Walk a ring that another thread may be dropping.
                node, steps = other, 0
                while steps < 15:
                    context.check(node.value == other.value, "two rings are mixed up")
                    context.check(len(node.links) == 2)
                    node, steps = node.links[0], steps + 1
            for kind in range(4):
                if kind == 0:
                    a = []
                    a.append(a)
                elif kind == 1:
                    d = {}
                    d["self"] = d
                    d["list"] = [d, (d,)]
                elif kind == 2:
                    def closure():
                        return closure
                else:
                    item = Counted()
                    item.itself = item
                    count += 1
            context.done(1)
            if value % 2000 == 0:
                gc.collect()
        made[index] = count

    context.spawn(*[work] * context.threads, collector(context))
    for mine in kept:
        for node in mine:
            if node is not None:
                context.check(len(node.links) == 2 and node.links[0].value == node.value)
    gc.collect()
    gc.collect()
    context.check(len(Counted.gone) == sum(made), "finalized", len(Counted.gone), "of", sum(made))
    context.check(gc.garbage == [], gc.garbage[:3])


run(body)
