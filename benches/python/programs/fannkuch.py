"""Pancake flips of all permutations: list slices and small ints."""

import harness


def flips(permutation):
    work, count = permutation[:], 0
    while (first := work[0]) != 0:
        work[:first + 1] = work[first::-1]
        count += 1
    return count


def permutations(size):
    """All permutations by rotating prefixes, with no library function."""
    items, counts = list(range(size)), [0] * size
    yield items
    level = 1
    while level < size:
        items.insert(level, items.pop(0))
        if counts[level] < level:
            counts[level] += 1
            yield items
            level = 1
        else:
            counts[level] = 0
            level += 1


def search(size):
    most = checksum = 0
    for number, permutation in enumerate(permutations(size)):
        count = flips(permutation)
        most = max(most, count)
        checksum += -count if number % 2 else count
    return most, checksum


def run(loops):
    return [search(8) for _ in range(loops)][-1]


if __name__ == "__main__":
    harness.main(run, 12)
