"""The largest singular value of an infinite matrix's corner: float loops over lists."""

import math

import harness


def element(i, j):
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)


def times(vector):
    size = len(vector)
    return [sum(element(i, j) * vector[j] for j in range(size)) for i in range(size)]


def times_transposed(vector):
    size = len(vector)
    return [sum(element(j, i) * vector[j] for j in range(size)) for i in range(size)]


def run(loops):
    u = [1.0] * 130
    for _ in range(loops):
        v = times_transposed(times(u))
        u = times_transposed(times(v))
    top = sum(a * b for a, b in zip(u, v))
    bottom = sum(b * b for b in v)
    return f"{math.sqrt(top / bottom):.9f}"


if __name__ == "__main__":
    harness.main(run, 50)
