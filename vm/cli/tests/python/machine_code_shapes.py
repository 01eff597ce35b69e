# Objects whose attributes, shapes and classes change while a loop counts on them.
import weakref
from functools import partial

TURNS = 30000


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def total(self):
        return self.x + self.y

    def name(self):
        return "point"


class Other(Point):
    def name(self):
        return "other"


class Changer:
    """Changes something when it dies."""

    def __init__(self, change):
        self.change = change

    def __del__(self):
        self.change()


class Holder:
    def __init__(self):
        self.item = None


def read_twice(point, holder):
    before = point.x
    holder.item = None
    after = point.x
    return before, after, point.y


def call_twice(point, holder):
    before = point.name()
    holder.item = None
    return before, point.name(), point.total()


def store_twice(point, holder):
    point.x = 1
    holder.item = None
    point.x = 2
    point.late = 3
    return sorted(vars(point).items())


def compare(point, holder, make):
    before = point.x
    if make() is make():
        return None
    return before, point.x, point.y


def warm(function, *arguments):
    for _ in range(TURNS):
        point, holder = Point(1, 2), Holder()
        result = function(point, holder, *arguments)
    return result


def attempt(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return type(error).__name__, str(error)


def changes(point):
    def swap():
        point.__dict__ = {"x": "from", "y": "dict"}

    def replace():
        del point.x
        point.x = "again"

    return {
        "nothing": lambda: None,
        "set": lambda: setattr(point, "x", "new"),
        "delete": lambda: hasattr(point, "x") and delattr(point, "x"),
        "replace": replace,
        "add": lambda: setattr(point, "added", 5),
        "extend": lambda: extend(point),
        "shrink": lambda: shrink(point),
        "class": lambda: setattr(point, "__class__", Other),
        "dict": swap,
    }


def extend(point):
    point.added = 5


def shrink(point):
    point.added = 5
    del point.added, point.y


for _ in range(TURNS):
    extend(Point(1, 2))
    shrink(Point(1, 2))


for function in (read_twice, call_twice, store_twice):
    print(function.__name__, warm(function))
    for name in changes(None):
        for _ in range(3):
            point, holder = Point(1, 2), Holder()
            holder.item = Changer(changes(point)[name])
            result = attempt(function, point, holder)
        print(" ", name, result)
    print(" ", "after", warm(function))

print("compare", warm(compare, object))
for name in changes(None):
    point, holder = Point(1, 2), Holder()
    print(" ", name, attempt(compare, point, holder, lambda: Changer(changes(point)[name])))


# The same by native code alone, called where an object dies.
def read_watched(point, holder):
    before = point.x
    holder.item = None
    return before, point.x


print("watched", warm(read_watched))
for change in (
    lambda point: partial(setattr, point, "x"),
    lambda point: partial(delattr, point, "x"),
    lambda point: partial(setattr, point, "added"),
):
    for _ in range(3):
        point, holder = Point(1, 2), Holder()
        holder.item = Holder()
        callback = change(point)
        if callback.func is delattr:
            callback = partial(lambda callback, reference: callback(), callback)
        reference = weakref.ref(holder.item, callback)
        result = attempt(read_watched, point, holder)
    print(" ", str(result).split(" at ")[0], len(vars(point)))


# What a class has changes in the midst.
class Counter:
    limit = 10
    step = 1

    def __init__(self):
        self.count = 0

    def advance(self):
        self.count += self.step
        return self.count < self.limit

    def describe(self):
        return f"{self.count} of {self.limit}"


def run(counter, turns, holder):
    met = 0
    for turn in range(turns):
        if not counter.advance():
            met += 1
            counter.count = 0
        if turn == turns - 5:
            holder.item = None
    return met, counter.describe(), counter.count


print("class", run(Counter(), TURNS, Holder()))
for name, value in (("limit", 3), ("step", 2.5), ("limit", 100.5), ("step", 1), ("limit", 10)):
    holder = Holder()
    holder.item = Changer(lambda: setattr(Counter, name, value))
    print(" ", name, value, run(Counter(), 1000, holder))
holder = Holder()
holder.item = Changer(lambda: setattr(Counter, "advance", lambda self: False))
print(" ", "method", run(Counter(), 1000, holder))


# Attributes that are numbers of one kind, and then of others.
class Box:
    def __init__(self, value):
        self.value = value


def add_up(boxes):
    total = 0
    for box in boxes:
        total = total + box.value * 2
    return total


numbers = [Box(number) for number in range(200)]
for _ in range(TURNS // 200):
    result = add_up(numbers)
print("numbers", result)
print(" ", add_up([Box(0.5)] * 10), add_up([Box(1), Box(2.5), Box(True), Box(10**30)]))
print(" ", attempt(add_up, [Box(1), Box("text")]), attempt(add_up, [Box(1), Box(None)]))
print(" ", add_up([Box(0.0), Box(-0.0)]), attempt(add_up, [Box(1), 0.0]), attempt(add_up, [0.0]))
print(" ", add_up([Box(1 << 46)] * 5), add_up([Box(float("inf")), Box(1)]), add_up(numbers))


# More than one shape at one place, one of them for the first time late.
class Left:
    def __init__(self, value):
        self.value = value

    def get(self):
        return self.value


class Right:
    def __init__(self, value):
        self.other = None
        self.value = value

    def get(self):
        return self.value


class Lazy:
    def __getattr__(self, name):
        if name == "value":
            return 7
        raise AttributeError(name)

    def get(self):
        return self.value


class Computed:
    seen = 0

    @property
    def value(self):
        self.last = Left(3)
        Computed.seen += 1
        return 11

    def get(self):
        return self.value


def ask(objects):
    total = 0
    for thing in objects:
        total += thing.value + thing.get() + thing.value
    return total


print("zero", attempt(ask, [Left(1), 0.0]))
print("shapes", ask([Left(1)] * TURNS))
print(" ", ask([Left(1), Right(2)] * 3000), ask([Left(1), Right(2), Lazy(), Computed()] * 3000), Computed.seen)
print(" ", ask([Left(1)] * 10), ask([Lazy()] * 10))
print(" ", attempt(ask, [Left(1), 0.0]), attempt(ask, [Left(1), 0]), attempt(ask, [Left(1), None]))


def same(texts, other):
    return sum(1 for text in texts if text == other)


for _ in range(TURNS // 100):
    result = same(["a", "b", "ab", ""] * 20, "a")
print("texts", result)
print(" ", same(["a", 0.0, None, 1, "\xe4", "\u1234", "\u1234\u1235", b"a"], "a"), same([0.0, "a"], 0.0))
print(" ", same(["\u1234\u1235", "\u1234\u1236", "\u1234"], "\u1234" + chr(0x1235)), same(["", "a"], ""))


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


def both(slots):
    result = slots.a
    slots.b = result
    return slots.a, slots.b


for _ in range(TURNS):
    result = both(Slots(4))
print("slots", result)
slots = Slots(1)
del slots.a
print(" ", attempt(both, slots), attempt(both, Left(1)), attempt(both, 0.0))
