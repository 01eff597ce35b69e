"""Numbers that hot code keeps to itself are seen by whoever looks, and what is done in line does what it did before."""
import array
import sys


def look():
    frame = sys._getframe(1)
    return {name: value for name, value in sorted(frame.f_locals.items()) if isinstance(value, (int, float))}


def watched(turns, every):
    seen = None
    total, half, count = 0.0, 0.0, 0
    for i in range(turns):
        total = total + i * 0.5
        half = total / 2
        count = count + 2
        if i % every == every - 1:
            seen = look()
    return seen


print(watched(20000, 5000))
print(watched(20000, 19999))


def fails(values):
    done, low = 0, 0.0
    for value in values:
        low = low + 0.25
        done = done + 1
        low = low * 1.0 + 1 / value - 1 / value
    return done


for n in (30000, 31000):
    try:
        fails([1.0] * n + [0.0])
    except ZeroDivisionError as error:
        frame = error.__traceback__.tb_next.tb_frame
        print(error, frame.f_locals["done"], frame.f_locals["low"], error.__traceback__.tb_next.tb_lineno - fails.__code__.co_firstlineno)


class Dying:
    seen = []

    def __init__(self, number):
        self.number = number

    def __del__(self):
        if self.number % 9973 == 0:
            Dying.seen.append(sys._getframe(1).f_locals.get("steps"))


def drops(turns):
    steps = 0
    thing = None
    for i in range(turns):
        steps = steps + 3
        thing = Dying(i)
    return steps


print(drops(20000), Dying.seen)


def zeros(turns):
    x = 0.0
    y = "text"
    for i in range(turns):
        y = x if i % 3 else "text"
        x = x * -1.0
        y = i * 0.0
    return x, y


print(zeros(30000))

# Arrays of doubles.
numbers = array.array("d", range(64))


def smooth(a, turns):
    n = len(a)
    for _ in range(turns):
        for i in range(1, n - 1):
            a[i] = 0.25 * (a[i - 1] + a[i + 1]) + 0.5 * a[i]
    return sum(a)


print(smooth(numbers, 400))
numbers[3] = float("nan")
numbers[5] = 7
print(smooth(numbers, 1) != smooth(numbers, 1), numbers[-1], numbers[5] == numbers[5])


def read(a, index, turns):
    s = 0.0
    for _ in range(turns):
        s = s + a[index]
    return s


for index in (0, 63, -1, -64):
    print(read(numbers, index, 12000))
for index in (64, -65):
    try:
        print(read(numbers, index, 12000))
    except IndexError as error:
        print(error)
grows = array.array("d")


def grow(a, turns):
    for i in range(turns):
        a.append(i)
        a[i] = a[i] + 0.5
        a[-1] = a[i] * 2
    return len(a), a[turns - 1]


print(grow(grows, 20000))
for a in (array.array("f", [1.5]), array.array("i", [3]), [2.5], (1, 2)):
    print(read(a, 0, 9000))


# Taking apart.
def parts(items, turns):
    total = 0
    for _ in range(turns):
        for (a, b), c in items:
            total = total + a * b + c
    return total


print(parts([((1, 2), 3), ((4, 5), 6)], 6000))
print(parts([((1.5, 2), 3), ([4, 5.5], 6)], 6000))
print(parts((((1, 2), 3.25), ((4, 5), 6)), 6000))
for bad in ([((1, 2), 3), ((4, 5, 6), 7)], [((1, 2), 3), 4], [((1, 2), 3), ((1,), 2)]):
    try:
        parts(bad, 1)
    except (TypeError, ValueError) as error:
        print(type(error).__name__, error)
print(parts([("ab", 3)], 0), parts([((True, False), 2)] * 3, 4))


def while_it_changes(items):
    seen = 0
    for item in items:
        seen = seen + item
        if seen % 1000 == 0 and len(items) < 40000:
            items.append(1)
            items[-1] = 2
    return seen, len(items)


print(while_it_changes([1] * 30000))


class Other(list):
    pass


def triples(items, turns):
    total = 0
    for _ in range(turns):
        for a, b, c in items:
            total = total + a * 100 + b * 10 + c
    return total


def pairs(items, turns):
    total = 0
    for _ in range(turns):
        for a, b in items:
            total = total + a * 10 + b
    return total


for kind in (list, Other, tuple, iter):
    print(triples(kind([(1, 2, 3), (4, 5, 6)]), 9000), pairs(kind([(1, 2), (4, 5)]), 9000))

def either(items, turns):
    x, y, seen = 0, "", 0
    for turn in range(turns):
        x = x * 2.0
        y = turn + 0.5
        try:
            x, y = items[turn % len(items)]
        except (TypeError, ValueError):
            seen = seen + x + y
    return seen, x, y


print(either([(1, "a"), (2.5, "b"), [3, "c"]], 12000))
print(either([(1, "a"), (2.5, 2), (3, 4, 5), 6], 12000))
print(either([(1, object), (2.5,)], 12001)[0])

# Members in slots.
class Point:
    __slots__ = ("x", "y", "z")

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def size(self):
        return self.x * self.x + self.y * self.y


def points(turns):
    total = 0.0
    for i in range(turns):
        p = Point(i, 0.5)
        p.x = p.x + p.size() / (i + 1)
        total = total + p.x
    return total


print(round(points(20000), 6))


def member(points):
    count = 0
    for p in points:
        p.z
        count = count + 1
    return count


full = [Point(1, 2) for _ in range(10)]
for p in full:
    p.z = 0.5
print(member(full * 3000))
try:
    member(full * 100 + [Point(3, 4)])
except AttributeError as error:
    print(error)
del full[0].z
try:
    member(full)
except AttributeError as error:
    print(error)


# Attributes that are added.
class Node:
    def __init__(self, value, after):
        self.value = value
        self.after = after
        self.double = value * 2


def chain(turns):
    node = None
    for i in range(turns):
        node = Node(i, node if i % 100 else None)
    return node.value, node.double, sorted(vars(node))


print(chain(20000)[:2])


def setter(self, name, value):
    object.__setattr__(self, name, -value if isinstance(value, int) else value)


Node.__setattr__ = setter
print(chain(20050))
del Node.__setattr__
Node.double = property(lambda self: "computed", lambda self, value: None)
print(chain(20050))


# Items by a method.
class Grid:
    def __init__(self, width, height):
        self.width = width
        self.cells = [float(i) for i in range(width * height)]

    def __getitem__(self, place):
        if isinstance(place, int):
            return self.cells[place]
        x, y = place
        return self.cells[y * self.width + x]


def walk(grid, turns):
    total = 0.0
    for i in range(turns):
        total = total + grid[i % 12] + grid[i % 4, i % 3]
    return total


print(walk(Grid(4, 3), 20000))
try:
    walk(Grid(4, 2), 20000)
except IndexError as error:
    lines = []
    tb = error.__traceback__
    while tb:
        lines.append((tb.tb_frame.f_code.co_name, tb.tb_lineno - tb.tb_frame.f_code.co_firstlineno))
        tb = tb.tb_next
    print(error, lines[1:])
Grid.__getitem__ = lambda self, place: 1
print(walk(Grid(4, 3), 20000))


class Deep:
    def __getitem__(self, depth):
        return self[depth - 1] + 1 if depth else 0


def dig(depth, turns):
    total = 0
    for _ in range(turns):
        total = total + Deep()[depth]
    return total


print(dig(3, 9000))
try:
    dig(10**6, 1)
except RecursionError as error:
    print(error)


def kinds(values):
    ints = 0
    for value in values:
        if isinstance(value, int):
            ints = ints + 1
    return ints


print(kinds([1] * 20000), kinds([1, 2.0, True, "a", None] * 4000))
saved = isinstance
isinstance = lambda value, kind: saved(value, float)
print(kinds([1, 2.5] * 100))
del isinstance
