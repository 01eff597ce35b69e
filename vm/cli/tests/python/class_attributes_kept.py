"""Attributes of classes in code that runs often: what is remembered of them ends with the class's version."""

import threading


class Direction:
    NONE = 0
    FORWARD = 1
    BACKWARD = "back"


class Base:
    inherited = 5

    def __init__(self, own):
        self.own = own

    def twice(self):
        return self.own * 2


class Derived(Base):
    pass


class Row:
    def __init__(self, items):
        self.items = items

    def __getitem__(self, index):
        if isinstance(index, tuple):
            return [self.items[at] for at in index]
        return self.items[index]

    def __len__(self):
        return len(self.items)

    def __lt__(self, other):
        return len(self) < len(other)


class Unsure:
    def __lt__(self, other):
        return NotImplemented

    def __gt__(self, other):
        return []


def read_class(turns):
    seen = {}
    for _ in range(turns):
        value = Direction.FORWARD
        seen[value] = seen.get(value, 0) + 1
    return seen


def read_inherited(objects, turns):
    total = 0
    for number in range(turns):
        subject = objects[number % len(objects)]
        total += subject.inherited
    return total


def compare(left, right, turns):
    less = 0
    for _ in range(turns):
        if left < right:
            less += 1
    return less


def items(row, turns):
    total = 0
    for number in range(turns):
        total += row[number % len(row)]
        if number % 1000 == 0:
            total += sum(row[0, 1])
    return total


TURNS = 30_000

print(read_class(TURNS))
Direction.FORWARD = 2
print(read_class(TURNS))
Direction.FORWARD = "text"
print(read_class(TURNS))
del Direction.FORWARD
try:
    read_class(TURNS)
except AttributeError as error:
    print(error)
Direction.FORWARD = None
print(read_class(10))

print(read_inherited([Base(1), Derived(2)], TURNS))
Derived.inherited = 7
print(read_inherited([Base(1), Derived(2)], TURNS))
shadowed = Derived(3)
shadowed.inherited = 1
print(read_inherited([Base(1), Derived(2), shadowed], TURNS))
Base.inherited = property(lambda self: self.own)
print(read_inherited([Base(1), Derived(2), shadowed], TURNS))
del Derived.inherited
try:
    print(read_inherited([Base(1), shadowed], TURNS))
except AttributeError as error:
    print(type(error).__name__)

print(items(Row([1, 2, 3]), TURNS))
print(compare(Row([1]), Row([1, 2]), TURNS), compare(Row([1, 2]), Row([1]), TURNS))
print(compare(Unsure(), Unsure(), TURNS))
try:
    compare(Unsure(), 3, TURNS)
except TypeError as error:
    print(error)


class Counted:
    """An attribute that another thread replaces and whose value dies then."""

    current = ["-1"]


def reads(turns, done):
    for _ in range(turns):
        value = Counted.current
        if len(value) != 1 or not isinstance(value[0], str):
            print("torn", value)
    done.set()


finished = threading.Event()
reader = threading.Thread(target=reads, args=(200_000, finished))
reader.start()
number = 0
while not finished.is_set():
    Counted.current = [str(number)]
    number += 1
reader.join()
print("whole", Counted.current[0] == str(number - 1))
