"""Making objects and letting them go."""

from runner import PRIVATE, workload


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y


class Node:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left, self.right = left, right


@workload("object creation", 3_200_000, [PRIVATE])
def creation():
    def work(n):
        for i in range(n):
            Point(i, n)
    return work


@workload("object tree", 200, [PRIVATE])
def tree():
    def grow(depth):
        return Node(grow(depth - 1), grow(depth - 1)) if depth else None

    def work(n):
        for _ in range(n):
            grow(13)
    return work


@workload("cyclic garbage", 1_600_000, [PRIVATE])
def cyclic():
    def work(n):
        for _ in range(n):
            a, b = [], []
            a.append(b)
            b.append(a)
    return work


@workload("small containers", 2_900_000, [PRIVATE])
def small_containers():
    def work(n):
        for i in range(n):
            [i, n]
            {"a": i}
            (i, n)
    return work


@workload("float objects", 3_300_000, [PRIVATE])
def float_objects():
    def work(n):
        points = []
        for i in range(n):
            points.append((i * 0.5, i * 0.25))
            if len(points) > 1000:
                points.clear()
    return work
