"""Calls of a recursive function."""

import harness


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def run(loops):
    return sum(fib(25) for _ in range(loops))


if __name__ == "__main__":
    harness.main(run, 60)
