"""A tree of coroutines awaited together, depth 5 and fan-out 6; some leaves sleep, some are remembered."""

import asyncio
import math
import random

import harness


class Tree:
    def __init__(self, leaf):
        self.leaf, self.leaves = leaf, 0

    async def grow(self, depth):
        if depth == 0:
            self.leaves += 1
            return await self.leaf()
        return sum(await asyncio.gather(*[self.grow(depth - 1) for _ in range(6)]))


async def nothing():
    return 1


async def pause():
    await asyncio.sleep(0)
    return 1


def remember(rng):
    known = {}

    async def leaf():
        number = rng.randint(1, 100)
        if number <= 90:
            if number not in known:
                known[number] = math.factorial(200) % 7
            return 1
        await asyncio.sleep(0)
        return 1
    return leaf


def run(loops):
    total = 0
    for number in range(loops):
        for leaf in nothing, pause, remember(random.Random(0)):
            tree = Tree(leaf)
            total += asyncio.run(tree.grow(4)) + tree.leaves
    return total


if __name__ == "__main__":
    harness.main(run, 15)
