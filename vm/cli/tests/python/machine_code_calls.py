# Calls among functions that are executed often enough to become machine code, and what changes under them: callees that are replaced, defaults, variables
# written from outside, operators and containers of many classes, kinds that change in the course of time, deep recursion, arrays of numbers.
import gc
import sys
import weakref
from array import array

TURNS = 9000


def plain(a, b):
    return a + b


def with_defaults(a, b=10, *, scale=1):
    return (a + b) * scale


def listed(a, seen=[], tag="t"):
    if a % 3000 == 0:
        seen.append((tag, a))
    return len(seen)


def calls(n):
    total = 0
    for i in range(n):
        total += plain(i, 1) + with_defaults(i) + with_defaults(i, scale=2) + listed(i)
    return total


print(calls(TURNS), calls(50))
with_defaults.__defaults__ = (100,)
print(calls(50))
plain.__code__ = (lambda a, b: a - b).__code__
print(calls(50))


def plain(a, b):
    return 7


print(calls(50), listed.__defaults__[0][:3])


# Methods of several classes, properties, slots, closures.
class Shape:
    sides = 0

    def __init__(self, size):
        self.size = size

    def area(self):
        return 0

    @property
    def double(self):
        return 2 * self.size


class Square(Shape):
    sides = 4

    def area(self):
        return self.size * self.size


class Line(Shape):
    __slots__ = ("width",)

    def area(self, width=2):
        self.width = width
        return super().area() + self.size * self.width


class Circle(Shape):
    def area(self):
        return 3.0 * self.size


class Named:
    def __getattr__(self, name):
        return lambda *arguments: len(name)


def areas(shapes, n):
    total = 0
    for i in range(n):
        shape = shapes[i % len(shapes)]
        total += shape.area() + shape.sides + shape.double
        shape.size = i % 5
    return total


print(areas([Square(2)], TURNS))
print(areas([Square(2), Line(3), Circle(1), Shape(9)], TURNS))
Line.area = lambda self: -1
print(areas([Square(2), Line(3), Circle(1), Shape(9)], 400))
try:
    areas([Square(1), Named()], 5)
except TypeError as error:
    print(error)


def adder(step):
    count = 0

    def add(value):
        nonlocal count
        count += 1
        return value + step + count

    return add


def closures(n):
    add, total = adder(3), 0
    for i in range(n):
        total += add(i)
    return total


print(closures(TURNS), closures(10))


# Operators in Python, which may decline, and truth.
class Number:
    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        if isinstance(other, Number):
            return Number(self.value + other.value)
        return NotImplemented

    def __radd__(self, other):
        return Number(other + self.value)

    def __eq__(self, other):
        return self.value == other.value

    def __lt__(self, other):
        return self.value < other

    def __bool__(self):
        return self.value % 2 == 0

    def __getitem__(self, index):
        if index > 3:
            raise IndexError(index)
        return self.value + index

    def __setitem__(self, index, value):
        self.value = index + value

    def __contains__(self, item):
        return item == self.value


def operators(n):
    one, total, even = Number(1), Number(0), 0
    for i in range(n):
        total = total + one
        total = 1 + total
        if total == one:
            even += 1000
        if total:
            even += 1
        if total < 50 and 7 in total:
            even += total[2]
        total[i & 1] = total.value
    return total.value, even


print(operators(TURNS))
try:
    Number(1) + "text"
except TypeError as error:
    print(error)


# Kinds that change after a while.
def mixed(items, n):
    total = items[0]
    for i in range(n):
        item = items[i % len(items)]
        total = total + item
        if item == items[-1]:
            total = total * 1
    return total


for items in ([1], [1, 2], [0.5, 1], [1.5], [1, True, 2.5], ["a"], [(1,), (2,)], [2**60, -(2**60)]):
    result = mixed(items, TURNS)
    print(type(result).__name__, len(result) if hasattr(result, "__len__") else result)


# Loops over many things.
def loops(n):
    seen = 0
    pairs = {"a": 1, "b": 2}
    for i in range(n):
        for key, value in pairs.items():
            seen += len(key) * value
        for at, item in enumerate((1, 2.5, "x")):
            if item != "x":
                seen += at * item
        for one, two in zip([1, 2], (3, 4)):
            seen += one * two
        for letter in "abc":
            seen += letter in "bcd"
        seen += sum(x for x in (i, 1)) + max([y * 2 for y in range(3)])
        for _ in (value for value in (1, 2)):
            seen += 1
    return seen


print(loops(2000))


# Variables written by who is called.
def meddle(frame_of):
    frame = sys._getframe(1)
    frame.f_locals["number"] = frame_of
    del frame


def meddled(n):
    number, history = 1, []
    for i in range(n):
        number += 1
        if i % 1000 == 999:
            meddle("text" if i % 2000 == 999 else 5)
            history.append(number)
            number = 0
    return history


print(meddled(TURNS))


def caught(n):
    errors = 0
    for i in range(n):
        try:
            if i % 3 == 0:
                [][i]
            errors += int("1")
        except IndexError as error:
            errors += len(error.args)
    return errors


print(caught(TURNS))


# Depth.
def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


for _ in range(200):
    depth(60)
try:
    depth(10**6)
except RecursionError as error:
    print("RecursionError", str(error)[:40])
sys.setrecursionlimit(30000)
print(depth(20000))
sys.setrecursionlimit(1000)


# What dies in the course of a call.
class Noted:
    log = []

    def __init__(self, name):
        self.name = name

    def __del__(self):
        Noted.log.append(self.name)


def drops(i):
    noted = Noted(i)
    if i % 4000 == 3999:
        return noted.name
    return i


def dropping(n):
    return sum(drops(i) for i in range(n))


print(dropping(TURNS), len(Noted.log), sum(Noted.log))


def refused(n):
    Noted.log.clear()
    for i in range(n):
        try:
            abs(Noted(i))
        except TypeError:
            Noted.log.append(-i)
        try:
            "".join(Noted(i + 0.5))
        except TypeError:
            Noted.log.append(-i)
    return Noted.log[-4:]


print(refused(TURNS))
function = lambda value: value + 1
seen = weakref.ref(function)


def through(f, n):
    return [f(i) for i in range(n)][-1]


print(through(function, TURNS))
del function
gc.collect()
print(seen())


# Arrays of numbers.
def arrays(kind, n, step):
    numbers = array(kind, [0] * 8)
    for i in range(n):
        at = i % 8
        numbers[at] = numbers[at] + step
        numbers[-1] = 3
    return numbers.tolist()


print(arrays("d", TURNS, 0.5), arrays("i", TURNS, 2), arrays("d", TURNS, 1), arrays("Q", 100, 2**58))
for change in ((8, 1.0), (-9, 1.0), (0, "x"), (0, 2**200), ("x", 1.0)):
    numbers = array("d", [1.0, float("nan")])
    try:
        numbers[change[0]] = change[1]
        print(numbers)
    except (IndexError, TypeError, OverflowError) as error:
        print(type(error).__name__, error)
nan = array("d", [float("nan")])
print(nan[0] is nan[0], nan[0] != nan[0])


class Halves(array):
    def __getitem__(self, index):
        return super().__getitem__(index) / 2


print(sum(Halves("d", [1, 2, 3])[i % 3] for i in range(300)))
