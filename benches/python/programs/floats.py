"""Points normalized and compared: float attributes of plain objects."""

import math

import harness


class Point:
    def __init__(self, i):
        self.x = x = math.sin(i)
        self.y = math.cos(i) * 3
        self.z = (x * x) / 2

    def normalize(self):
        norm = math.sqrt(self.x ** 2 + self.y ** 2 + self.z ** 2)
        self.x /= norm
        self.y /= norm
        self.z /= norm

    def highest(self, other):
        self.x = self.x if self.x > other.x else other.x
        self.y = self.y if self.y > other.y else other.y
        self.z = self.z if self.z > other.z else other.z
        return self


def run(loops):
    points = [Point(i) for i in range(loops)]
    for point in points:
        point.normalize()
    first = points[0]
    for point in points[1:]:
        first = first.highest(point)
    return f"{first.x:.9f} {first.y:.9f} {first.z:.9f}"


if __name__ == "__main__":
    harness.main(run, 600_000)
