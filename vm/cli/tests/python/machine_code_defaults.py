"""Calls with defaults of functions and classes whose steps are executed in place, and what becomes of them when the defaults change."""


class Vector:
    def __init__(self, size=0, name="v", items=None):
        self.size = size
        self.name = name
        self.items = items if items is not None else [None] * size


class Holder:
    def __init__(self, first, second=3):
        self.first = first
        self.vector = Vector(second)


def scaled(a, b=2, c=1.5):
    return a * b + c


def summed(turns):
    total = 0
    for turn in range(turns):
        empty, held = Vector(), Holder(turn)
        given, sized = Vector(2, items=[turn]), Vector(turn % 4)
        total += empty.size + held.vector.size + len(given.items) + len(sized.items)
        total += scaled(turn) + scaled(turn, 3) + scaled(turn, 3, 1)
        if empty.name != "v":
            total += 1000
    return total


def growing(item, into=[1]):
    into.append(item)
    return len(into)


def grown(turns):
    for turn in range(turns):
        length = growing(turn)
    return length


def divided(x, y=0):
    return x / y


def last_variables(turns):
    for turn in range(turns):
        try:
            divided(turn)
        except ZeroDivisionError as error:
            last = error
    return last.__traceback__.tb_next.tb_frame.f_locals


print(summed(3000))
Vector.__init__.__defaults__ = (1, "w", None)
print(summed(3000))
scaled.__defaults__ = (5, 2)
print(summed(3000))
for defaults in (5,), ([1], 2), None:
    scaled.__defaults__ = defaults
    try:
        print(summed(3))
    except TypeError as error:
        print(error)
print(grown(2000), last_variables(1000))
