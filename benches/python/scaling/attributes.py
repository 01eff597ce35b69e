"""Attributes of instances, classes and modules."""

import math

from runner import PRIVATE, SHARED, workload


class Point:
    scale = 3

    def __init__(self, x, y):
        self.x, self.y = x, y


class Slotted:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


@workload("attribute read", 11_000_000)
def attribute_read():
    point = Point([1], 2)

    def work(n):
        p = point
        for _ in range(n):
            p.x
            p.y
            p.x
    return work


@workload("attribute write", 11_000_000)
def attribute_write():
    point = Point(1, 2)

    def work(n):
        p = point
        for i in range(n):
            p.x = i
            p.y = i
    return work


@workload("attribute write object", 10_000_000)
def attribute_write_object():
    point, values = Point(1, 2), ([1], [2])

    def work(n):
        p, (a, b) = point, values
        for _ in range(n):
            p.x = a
            p.x = b
    return work


@workload("slot read and write", 7_700_000, [PRIVATE])
def slots():
    point = Slotted(1, 2)

    def work(n):
        p = point
        for i in range(n):
            p.x = i
            p.y
    return work


@workload("class attribute read", 16_000_000, [SHARED])
def class_attribute():
    def work(n):
        cls = Point
        for _ in range(n):
            cls.scale
            cls.__init__
    return work


TABLE = {"key": "value"}


@workload("global read", 8_300_000, [SHARED])
def global_read():
    def work(n):
        for _ in range(n):
            TABLE
            len
            Point
    return work


@workload("module attribute", 8_900_000, [SHARED])
def module_attribute():
    def work(n):
        for _ in range(n):
            math.pi
            math.sqrt
    return work


@workload("isinstance", 5_600_000)
def is_instance():
    point = Point(1, 2)

    def work(n):
        p = point
        for _ in range(n):
            isinstance(p, Point)
            isinstance(p, int)
    return work
