"""Trees of tuples made, checked and dropped: allocation and collection."""

import harness


def tree(depth):
    return (tree(depth - 1), tree(depth - 1)) if depth else (None, None)


def check(node):
    left, right = node
    return 1 + check(left) + check(right) if left is not None else 1


def forest(depth):
    result = [check(tree(depth + 1))]
    kept = tree(depth)
    for size in range(4, depth + 1, 4):
        count = 2 ** (depth - size + 4)
        result.append((count, sum(check(tree(size)) for _ in range(count))))
    return result + [check(kept)]


def run(loops):
    return [forest(13) for _ in range(loops)][-1]


if __name__ == "__main__":
    harness.main(run, 6)
