"""Properties that loops read: what becomes of them when the class, the getter or the property itself changes under the loop."""

import sys


class Celsius:
    def __init__(self, degrees):
        self.degrees = degrees

    @property
    def fahrenheit(self):
        return self.degrees * 9 // 5 + 32

    @property
    def checked(self):
        if self.degrees < -273:
            raise ValueError(f"{self.degrees} is too cold")
        return self.degrees

    @property
    def declined(self):
        return NotImplemented


class Measured(Celsius):
    pass


class Offset(Celsius):
    @property
    def fahrenheit(self):
        return super().fahrenheit + 1


def total(readings):
    result = 0
    for reading in readings:
        result += reading.fahrenheit
    return result


def chained(reading, turns):
    result = 0
    for turn in range(turns):
        reading.degrees = turn % 7
        result = result + reading.fahrenheit - reading.checked
    return result


print(total([Celsius(degree % 50) for degree in range(20000)]))
print(total([(Celsius, Measured)[degree % 2](degree % 50) for degree in range(20000)]))
print(total([(Celsius, Measured, Offset)[degree % 3](degree % 50) for degree in range(20000)]))
print(chained(Celsius(0), 30000))


def first_failure(readings):
    for place, reading in enumerate(readings):
        try:
            reading.checked
        except ValueError as error:
            return place, str(error), error.__traceback__.tb_next.tb_frame.f_code.co_name
    return None


print(first_failure([Celsius(0)] * 15000 + [Celsius(-300)]))
print({reading.declined for reading in [Celsius(1)] * 20000})


def until(limit, change):
    """Reads a property over and over, and changes things in the midst of it."""
    reading, seen = Celsius(10), []
    for turn in range(2 * limit):
        if turn == limit:
            change(reading)
        value = reading.fahrenheit
        if not seen or seen[-1] != value:
            seen.append(value)
    return seen


def another_property(reading):
    Celsius.fahrenheit = property(lambda self: "another property")


def plain_value(reading):
    Celsius.fahrenheit = "plain value"


def in_the_instance(reading):
    reading.__dict__["fahrenheit"] = "in the instance"


def another_class(reading):
    reading.__class__ = type("Kelvin", (Celsius,), {"fahrenheit": property(lambda self: self.degrees + 273)})


def another_code(reading):
    Celsius.fahrenheit.fget.__code__ = (lambda self: "another code").__code__


kept = Celsius.__dict__["fahrenheit"]
getter, code = kept.fget, kept.fget.__code__
for change in another_property, plain_value, in_the_instance, another_class, another_code:
    print(change.__name__, until(20000, change))
    getter.__code__ = code
    Celsius.fahrenheit = kept


class Node:
    """A chain of getters, too deep in the end."""

    def __init__(self, below):
        self.below = below

    @property
    def depth(self):
        return 1 + self.below.depth if self.below is not None else 0


node = None
for _ in range(100):
    node = Node(node)
print(sum(node.depth for _ in range(500)))
node.below = node
try:
    node.depth
except RecursionError as error:
    print(type(error).__name__)


class Watched:
    """A getter that looks at its callers' variables."""

    @property
    def outer(self):
        return sys._getframe(1).f_locals["turn"]


def look(turns):
    watched, result = Watched(), 0
    for turn in range(turns):
        result += watched.outer
    return result


print(look(20000))


class Generous:
    @property
    def items(self):
        yield from range(3)


print(sum(sum(generous.items) for generous in [Generous()] * 8000))
