"""Queens on a board by generators: permutations, sets and comprehensions."""

import harness


def permutations(items):
    if not items:
        yield ()
    for i, item in enumerate(items):
        for rest in permutations(items[:i] + items[i + 1:]):
            yield (item, *rest)


def solve(size):
    columns = range(size)
    for rows in permutations(tuple(columns)):
        if size == len({rows[i] + i for i in columns}) == len({rows[i] - i for i in columns}):
            yield rows


def run(loops):
    return sum(len(list(solve(7))) for _ in range(loops))


if __name__ == "__main__":
    harness.main(run, 80)
