"""Small functions that machine code executes as part of their caller, and who can tell whether they have frames."""

import gc
import sys
import traceback
import weakref


def names(depth=0):
    frame, found = sys._getframe(depth + 1), []
    while frame is not None and frame.f_code.co_name != "<module>":
        found.append(f"{frame.f_code.co_name}:{frame.f_lineno - frame.f_code.co_firstlineno}")
        frame = frame.f_back
    return found


class Watcher:
    """Tells at its end in which frames that is."""

    told = []

    def __init__(self, label, keeps=False, writes=None):
        self.label = label
        self.keeps = keeps
        self.writes = writes

    def is_it(self, label):
        return self.label == label

    def same(self, other):
        return self is other

    def __len__(self):
        return 3

    def __del__(self):
        Watcher.told.append((self.label, names(0)[1:]))
        if self.keeps:
            Watcher.kept = sys._getframe(1)
        if self.writes:
            frame = sys._getframe(1)
            for name, value in self.writes.items():
                if name in frame.f_locals:
                    frame.f_locals[name] = value


def forget():
    told, Watcher.told = Watcher.told, []
    return told


# Results and ways through a callee: numbers, constants, what it is given, nothing.
class Point:
    __slots__ = ("x", "y", "_tag")

    def __init__(self, x, y):
        self.x = x
        self.y = y
        self._tag = None

    def get_x(self):
        return self.x

    def is_right(self, other):
        return self.x > other.x

    def pick(self, other):
        if self.x > other.x:
            return self
        return other

    def shift(self, by=1, scale=2):
        self.x = self.x + by * scale
        return self

    def norm(self):
        return self.x * self.x + self.y * self.y

    def middle(self, other):
        half = self.get_x() + other.get_x()
        return half / 2

    def tag(self, value):
        self._tag = value

    @property
    def sum(self):
        return self.x + self.y

    def missing(self):
        return self.no_such

    def __getitem__(self, index):
        if index == 0:
            return self.x
        return self.y


def walk(points, turns):
    total = 0
    for turn in range(turns):
        a, b = points[turn % 3], points[(turn + 1) % 3]
        total += a.get_x() + b.get_x()
        if a.is_right(b):
            total += 1
        total += a.pick(b).get_x()
        total += a.norm()
        total += a.middle(b)
        total += a.sum
        total += a[0] + a[1]
        a.tag(turn)
        a.shift()
        a.shift(-1)
        a.shift(-1, 4)
        a.shift(by=2)
    return total


points = [Point(1, 2), Point(3, 5), Point(2.5, 7)]
print(walk(points, 4000))
print([point._tag for point in points], [point.x for point in points])


# Errors in the callee have its frame and the caller's.
def leaf(values, index):
    value = values[index]
    return value + 1


def middle(values, index):
    return leaf(values, index) * 2


def outer(values, turns, index):
    total = 0
    for turn in range(turns):
        total += middle(values, index if turn == turns - 1 else 0)
    return total


for _ in range(3):
    print(outer([1, 2, 3], 3000, 1))
for index in (5, "x"):
    try:
        outer([1, 2, 3], 3000, index)
    except (IndexError, TypeError) as error:
        print(type(error).__name__, error)
        print([(f.name, f.lineno) for f in traceback.extract_tb(error.__traceback__)])
try:
    outer([None], 10, 0)
except TypeError as error:
    print(error)
    print([(f.name, f.lineno) for f in traceback.extract_tb(error.__traceback__)])


def ask(point):
    return point.missing()


def ask_often(point, turns):
    errors = 0
    for _ in range(turns):
        try:
            ask(point)
        except AttributeError as error:
            errors += len(traceback.extract_tb(error.__traceback__))
    return errors


print(ask_often(points[0], 3000))


# An unbound local of the callee.
def unbound(flag):
    if flag:
        value = 1
    return value


def unbound_often(turns):
    errors = 0
    for turn in range(turns):
        try:
            errors += unbound(turn % 4) - 1
        except UnboundLocalError:
            errors += 1
    return errors


print(unbound_often(4000))


# The last reference ends in the callee, or at its end, where a finalizer looks at the frames.
def label_of(watcher):
    return watcher.label


def end_in_callee(turns):
    total = 0
    for turn in range(turns):
        total += label_of(Watcher(turn % 2))
    return total


print(end_in_callee(3000), len(Watcher.told), {tuple(f) for _, f in forget()} != set())
print(end_in_callee(2), [f[-1:] for _, f in forget()])


def end_of_receiver(turns):
    count = 0
    for turn in range(turns):
        if Watcher(turn).is_it(7):
            count += 1
    return count


print(end_of_receiver(3000), len(forget()))


def replace(holder, value):
    holder[0] = value
    return value


class Holder:
    def __init__(self, value):
        self.value = value

    def swap(self, value):
        self.value = value
        return 5


def swap_often(turns, last):
    holder, total = Holder(0), 0
    for turn in range(turns):
        total += holder.swap(Watcher(turn, keeps=turn == turns - 2) if turn >= last else turn)
    return total


print(swap_often(3000, 3000), swap_often(3000, 2990), [(label, f) for label, f in forget()])
print(Watcher.kept.f_code.co_name, Watcher.kept.f_back and Watcher.kept.f_back.f_code.co_name)
del Watcher.kept
forget()


# A finalizer writes variables of the callee and of its caller.
def keep(value, other):
    holder.value = other
    value = value + 1
    return value


holder = Holder(None)


def written(turns, at):
    total, value = 0, 0
    for turn in range(turns):
        value = turn
        total += keep(value, Watcher(turn, writes={"value": 1000}) if turn == at else None)
    return total


print(written(3000, -1), written(3000, 2990), bool(forget()))


# What is called from such a callee has its frame below it.
def called(label):
    return names()[:3] if label == "tell" else label


def branch(value, label):
    if value > 10:
        return called(label)
    return value


def branch_often(turns, tell):
    last = None
    for turn in range(turns):
        last = branch(turn % 10, "no")
        if turn % 50 == 0:
            last = branch(20, "some")
    return branch(20, tell), last


print(branch_often(3000, "no"), branch_often(3000, "tell"))


def measure(value):
    if len(value) > 2:
        return value
    return str(value).upper()


class Long:
    def __len__(self):
        return 3


holder = Long()


def measure_often(values, turns):
    total = 0
    for turn in range(turns):
        total += len(measure(values[turn % len(values)]))
    return total


print(measure_often(["abc", (1, 2, 3), [1, 2, 3]], 3000), measure_often(["a", "abc", holder], 3000))
try:
    measure_often(["abc", 5], 100)
except TypeError as error:
    print(error, [(f.name, f.lineno) for f in traceback.extract_tb(error.__traceback__)])


# Loops in a callee.
class Link:
    def __init__(self, value, rest):
        self.value = value
        self.rest = rest

    def last(self):
        link = self
        while link.rest is not None:
            link = link.rest
        return link.value

    def has(self, value):
        link = self
        while link is not None:
            if link.value == value:
                return True
            link = link.rest
        return False


def links(turns):
    chain, total = None, 0
    for value in range(20):
        chain = Link(value, chain)
    for turn in range(turns):
        total += chain.last() + chain.has(turn % 40)
    return total


print(links(2000))


# Recursion ends where it should, one call more or less.
def deep(n):
    return 0 if n == 0 else deep(n - 1) + points[0].get_x() * 0


def depth():
    low = 0
    for n in range(100, 4000, 50):
        try:
            deep(n)
        except RecursionError:
            return low
        low = n
    return low


print(abs(depth() - 950) <= 50)


# Functions get other code, classes other methods.
def one():
    return 1


def two():
    return 2


def call_one(turns):
    total = 0
    for _ in range(turns):
        total += one()
    return total


print(call_one(5000))
one.__code__ = two.__code__
print(call_one(5000))
Point.get_x = lambda self: -self.x
print(walk(points, 300))
Point.get_x = lambda self, default=7: default
print(walk(points, 300))


# Generators and nested functions that call them.
def steps(point, n):
    for _ in range(n):
        yield point.norm() + point.sum


print(sum(steps(points[1], 5000)))


def closures(turns):
    total = 0

    def add(by):
        nonlocal total
        total += by
        return total

    for turn in range(turns):
        add(turn)
    return total


print(closures(5000))


# Tracing begins in a callee's call.
def traced(turns, at):
    seen = []

    def tracer(frame, event, argument):
        if frame.f_code.co_name in ("keep", "get_y"):
            seen.append((frame.f_code.co_name, event))
        return tracer

    total = 0
    for turn in range(turns):
        total += keep(turn, None)
        if turn == at:
            sys.settrace(tracer)
    sys.settrace(None)
    return total, seen


print(traced(3000, 2997))


# Objects that only such a callee's registers hold survive a collection.
class Node:
    def __init__(self):
        self.me = self


def survive(node, other):
    node.me = node
    return node if other is None else other


def collect_often(turns):
    alive = 0
    for turn in range(turns):
        node = survive(Node(), None)
        if turn % 500 == 0:
            gc.collect()
        reference = weakref.ref(node)
        alive += reference() is node
    return alive


print(collect_often(3000))


# Instances are made where their classes are called.
class Vec:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def plus(self, other):
        return Vec(self.x + other.x, self.y + other.y)


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a = a
        if b is None:
            raise ValueError(a)
        self.b = b


class Derived(Vec):
    pass


class Counted:
    count = 0

    def __init__(self):
        Counted.count += 1
        self.number = Counted.count


class Framed:
    seen = None

    def __init__(self, tell):
        self.tell = tell
        if tell:
            Framed.seen = names()


class Renamed:
    def __init__(self, value):
        self.value = value
        self = value
        self = [self]


class Wrong:
    def __init__(self, value):
        if value is None:
            return value
        return value


class Ending:
    ended = 0

    def __init__(self, value):
        self.value = value

    def __del__(self):
        Ending.ended += self.value


def make(turns):
    at, total = Vec(0, 0), 0
    for turn in range(turns):
        at = at.plus(Vec(turn, -turn))
        total += Slotted(turn, 1).a + Derived(1, 2).y + Counted().number + Renamed(turn).value
        Framed(None)
        Ending(1)
        try:
            Slotted(turn, None if turn % 5 == 0 else 3)
        except ValueError as error:
            total += error.args[0]
            assert [f.name for f in traceback.extract_tb(error.__traceback__)] == ["make", "__init__"]
    return at.x, at.y, total, Ending.ended


print(make(4000))


def told(turns):
    for turn in range(turns):
        Framed(turn == turns - 1)
    return Framed.seen


print(told(4000))


def wrong(turns):
    errors = 0
    for turn in range(turns):
        try:
            Wrong(None if turn % 2 else turn)
        except TypeError as error:
            errors += str(error) == "__init__() should return None, not 'int'"
    return errors


print(wrong(4000))


def many(turns):
    kept = []
    for turn in range(turns):
        kept.append(Vec(Vec(turn, 1), Vec(2, turn)))
        if turn % 100 == 0:
            kept.clear()
    return sum(vec.x.x + vec.y.y for vec in kept), [weakref.ref(vec)() is vec for vec in kept[:2]]


print(many(5000))
old = Vec.__init__


def loud(self, x, y):
    old(self, x * 2, y)


Vec.__init__ = loud
print(make(40)[:2])
Vec.__init__ = old
Vec.__new__ = lambda cls, x, y: object.__new__(Derived)
print(make(40)[:2], type(Vec(0, 1)).__name__)
Vec.__new__ = lambda cls, *arguments: object.__new__(cls)
print(make(40)[:2], type(Vec(0, 1)).__name__)
Vec.__init__.__code__ = (lambda self, x, y: setattr(self, "x", 1) or setattr(self, "y", 2)).__code__
print(make(40)[:2])
