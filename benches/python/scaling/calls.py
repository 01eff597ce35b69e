"""Calls of functions, methods and native functions."""

from runner import PRIVATE, SHARED, workload


class Counter:
    def __init__(self):
        self.items = [1, 2, 3]

    def method(self):
        return self

    def add(self, a, b=2, *, c=3):
        return a + b + c

    @property
    def size(self):
        return 3

    @staticmethod
    def static(a):
        return a

    @classmethod
    def build(cls):
        return cls

    def __getitem__(self, index):
        return index

    def __add__(self, other):
        return other


class Child(Counter):
    def method(self):
        return super().method()


def plain(a, b):
    return a


@workload("function call", 7_600_000, [SHARED])
def function_call():
    def work(n):
        for i in range(n):
            plain(i, n)
    return work


@workload("keyword call", 1_800_000)
def keyword_call():
    counter = Counter()

    def work(n):
        c = counter
        for i in range(n):
            c.add(i, c=5)
            c.add(1, b=i)
    return work


@workload("method call", 5_600_000)
def method_call():
    counter = Counter()

    def work(n):
        c = counter
        for _ in range(n):
            c.method()
    return work


@workload("bound method", 9_100_000)
def bound_method():
    method = Counter().method

    def work(n):
        m = method
        for _ in range(n):
            m()
    return work


@workload("super call", 2_400_000)
def super_call():
    child = Child()

    def work(n):
        c = child
        for _ in range(n):
            c.method()
    return work


@workload("property", 9_400_000)
def property_read():
    counter = Counter()

    def work(n):
        c = counter
        for _ in range(n):
            c.size
    return work


@workload("static and class method", 3_200_000, [SHARED])
def static_method():
    def work(n):
        cls = Counter
        for i in range(n):
            cls.static(i)
            cls.build()
    return work


@workload("operator method", 4_000_000)
def operator_method():
    counter = Counter()

    def work(n):
        c = counter
        for i in range(n):
            c[i]
            c + i
    return work


@workload("native call", 7_500_000)
def native_call():
    values = [3, 1, 2]

    def work(n):
        v = values
        for i in range(n):
            len(v)
            abs(i)
    return work


@workload("star call", 6_700_000, [PRIVATE])
def star_call():
    arguments = (1, 2)

    def work(n):
        a = arguments
        for _ in range(n):
            plain(*a)
    return work


@workload("exception", 700_000, [PRIVATE])
def exceptions():
    def fail(i):
        raise ValueError(i)

    def work(n):
        for i in range(n):
            try:
                fail(i)
            except ValueError:
                pass
    return work
