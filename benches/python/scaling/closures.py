"""Closures, generators, comprehensions and context managers."""

from runner import PRIVATE, workload


@workload("closure", 5_200_000)
def closure():
    base, items = 5, [1]

    def inner(i):
        return base if items else i

    def work(n):
        f = inner
        for i in range(n):
            f(i)
    return work


@workload("closure creation", 1_500_000, [PRIVATE])
def closure_creation():
    def work(n):
        for i in range(n):
            lambda: i
            def g(): return n
    return work


@workload("nonlocal write", 4_400_000, [PRIVATE])
def nonlocal_write():
    count = 0

    def bump():
        nonlocal count
        count += 1

    def work(n):
        for _ in range(n):
            bump()
    return work


@workload("generator", 5_000_000, [PRIVATE])
def generator():
    def count(n):
        for i in range(n):
            yield i

    def work(n):
        for _ in count(n):
            pass
    return work


@workload("generator expression", 350_000)
def generator_expression():
    values = list(range(20))

    def work(n):
        v = values
        for _ in range(n):
            sum(x for x in v)
    return work


@workload("list comprehension", 680_000)
def list_comprehension():
    values = list(range(20))

    def work(n):
        v = values
        for _ in range(n):
            [x for x in v if x]
    return work


@workload("with statement", 3_400_000)
def with_statement():
    class Manager:
        def __enter__(self):
            return self

        def __exit__(self, *details):
            return None

    manager = Manager()

    def work(n):
        m = manager
        for _ in range(n):
            with m:
                pass
    return work
