"""Spheres over a chessboard, one ray per pixel: small objects with operators."""

import math

import harness


class Vector:
    __slots__ = ("x", "y", "z")

    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def __sub__(self, other):
        return Vector(self.x - other.x, self.y - other.y, self.z - other.z)

    def __mul__(self, factor):
        return Vector(self.x * factor, self.y * factor, self.z * factor)

    __rmul__ = __mul__

    def dot(self, other):
        return self.x * other.x + self.y * other.y + self.z * other.z

    def unit(self):
        return self * (1.0 / math.sqrt(self.dot(self)))

    def reflect(self, normal):
        return self - normal * (2.0 * self.dot(normal))


class Thing:
    mirror = 0.0

    def color(self, point):
        raise NotImplementedError


class Sphere(Thing):
    def __init__(self, center, radius, shade, mirror):
        self.center, self.radius, self.shade, self.mirror = center, radius, shade, mirror

    def hit(self, origin, direction):
        to = self.center - origin
        along = to.dot(direction)
        under = self.radius ** 2 - (to.dot(to) - along * along)
        if under <= 0.0:
            return None
        distance = along - math.sqrt(under)
        return distance if distance > 1e-6 else None

    def normal(self, point):
        return (point - self.center).unit()

    def color(self, point):
        return self.shade


class Floor(Thing):
    up = Vector(0.0, 1.0, 0.0)

    def hit(self, origin, direction):
        if direction.y >= -1e-6:
            return None
        return -origin.y / direction.y

    def normal(self, point):
        return self.up

    def color(self, point):
        return 0.9 if (math.floor(point.x) + math.floor(point.z)) % 2 else 0.2


class Scene:
    light = Vector(-5.0, 8.0, -6.0)

    def __init__(self, things):
        self.things = things

    def nearest(self, origin, direction):
        best = None
        for thing in self.things:
            distance = thing.hit(origin, direction)
            if distance is not None and distance > 1e-6 and (best is None or distance < best[0]):
                best = distance, thing
        return best

    def trace(self, origin, direction, depth=0):
        found = self.nearest(origin, direction)
        if found is None:
            return 0.1 + 0.4 * max(0.0, direction.y)
        distance, thing = found
        point = origin + direction * distance
        normal = thing.normal(point)
        to_light = (self.light - point).unit()
        bright = 0.15
        if self.nearest(point + normal * 1e-4, to_light) is None:
            bright += 0.85 * max(0.0, normal.dot(to_light))
        shade = thing.color(point) * bright
        if thing.mirror and depth < 3:
            shade += thing.mirror * self.trace(point + normal * 1e-4, direction.reflect(normal), depth + 1)
        return shade


def run(size):
    scene = Scene([Floor()] + [Sphere(Vector(i * 1.5 - 3.0, 1.0 + i % 2, 3.0 + i), 1.0, 0.5 + 0.1 * i, 0.3) for i in range(5)])
    eye, total = Vector(0.0, 2.0, -5.0), 0.0
    for row in range(size):
        for column in range(size):
            direction = Vector((column - size / 2) / size, (size / 2 - row) / size, 1.0).unit()
            total += scene.trace(eye, direction)
    return f"{total:.6f}"


if __name__ == "__main__":
    harness.main(run, 240)
