"""Generators chained, recursive and sent to."""

import harness


class Tree:
    def __init__(self, items):
        middle = len(items) // 2
        self.item = items[middle]
        self.left = Tree(items[:middle]) if middle else None
        self.right = Tree(items[middle + 1:]) if middle + 1 < len(items) else None

    def __iter__(self):
        if self.left:
            yield from self.left
        yield self.item
        if self.right:
            yield from self.right


def sieve():
    composites, number = {}, 2
    while True:
        steps = composites.pop(number, None)
        if steps is None:
            yield number
            composites[number * number] = [number]
        else:
            for step in steps:
                composites.setdefault(number + step, []).append(step)
        number += 1


def average():
    total = count = 0
    mean = None
    while True:
        total += yield mean
        count += 1
        mean = total / count


def run(loops):
    tree = Tree(range(2000))
    total = 0
    for _ in range(loops):
        total += sum(tree)
        primes = (p for p in sieve() if p % 4 == 1)
        total += sum(p for p, _ in zip(primes, range(200)))
        mean = average()
        next(mean)
        for value in range(2000):
            last = mean.send(value)
        total += last
    return total


if __name__ == "__main__":
    harness.main(run, 400)
