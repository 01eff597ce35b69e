"""Objects in machine code: equality, identity of two attributes, called attributes, cells, booleans, and what native code calls."""

import gc


class Plain:
    def __init__(self, value=None):
        self.value = value


class Equal(Plain):
    def __eq__(self, other):
        return isinstance(other, Plain) and self.value == other.value


class Odd(Plain):
    """Its comparisons are no booleans."""

    def __eq__(self, other):
        return ["equal", other is None]

    def __ne__(self, other):
        return ()


class Shy(Plain):
    def __eq__(self, other):
        return NotImplemented


def counts(pairs):
    equal = unequal = 0
    values = []
    for left, right in pairs:
        if left == right:
            equal += 1
        if left != right:
            unequal += 1
        answer = left == right
        values.append(answer)
    return equal, unequal, values


plain, other = Plain(1), Plain(1)
groups = {
    "identity": [(plain, plain), (plain, other), (None, plain), (plain, None), (None, None), (Shy(), Shy()), (object, type)],
    "none": [(None, 3), (3, None), (None, 2.5), ("a", None), (None, "a"), (None, True), (None, 1 << 80), (None, ()), (None, b"")],
    "texts": [("a", "b"), ("ab", "a" + "b"), ("", "a"), ("x" * 5, "x" * 5)],
    "methods": [(Equal(1), Equal(1)), (Equal(1), plain), (plain, Equal(1)), (Equal(2), None), (None, Equal(None))],
    "tuples": [((1, "a"), (1, "a")), ((1,), (2,)), ((Equal(1),), (Equal(1),)), ((plain,), (other,))],
}
for name, pairs in groups.items():
    results = [counts(pairs) for _ in range(300)]
    print(name, results[0] == results[-1], *results[-1])
print(all(counts(groups["identity"]) == counts(groups["identity"]) for _ in range(2000)), counts([(Odd(), None), (None, Odd())]))


# A class that gets its comparison after code was made that counts on identity.
class Late:
    pass


def same(left, right):
    return "yes" if left == right else "no"


first, second = Late(), Late()
print({same(first, second) for _ in range(20_000)}, end=" ")
Late.__eq__ = lambda self, other: True
print({same(first, second) for _ in range(300)}, end=" ")
del Late.__eq__
print({same(first, second) for _ in range(300)})


# Both operands are dropped behind the comparison, one of them for good.
dropped = []


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        dropped.append(self.name)


class Maker:
    @property
    def left(self):
        return Noisy("left")

    @property
    def right(self):
        return Noisy("right")


class Holder:
    def __init__(self):
        self.left = self.right = Noisy("held")


def identical(holder, turns):
    found = 0
    for _ in range(turns):
        if holder.left is holder.right:
            found += 1
    return found


print(identical(Holder(), 20_000), identical(Maker(), 50), dropped.count("left"), dropped.count("right"), dropped.count("held"))


# What is called is an attribute of the instance, a lent local, or a cell's content.
class Button:
    def __init__(self, action):
        self.action = action


def press(button, count):
    total = 0
    for number in range(count):
        total += button.action(number)
    return total


def apply(function, count):
    total = 0
    for number in range(count):
        total += function(number)
    return total


def scaled(by):
    def scale(number):
        return number * by

    return scale


buttons = [Button(scaled(by)) for by in range(4)] + [Button(abs), Button(int)]
print([press(button, 3_000) for button in buttons], [apply(scaled(by), 3_000) for by in range(4)])


def replaces_itself(number):
    global replaced
    replaced += 1
    button.action = scaled(2)
    gc.collect(0)
    return number


replaced = 0
button = Button(replaces_itself)
print(press(button, 5_000), replaced)
try:
    press(Button(None), 1)
except TypeError as error:
    print(error)


# Attributes that were always booleans, and then are not; and that get a property in their place.
class Switch:
    def __init__(self, on):
        self.on = on


def lit(switches):
    total = 0
    for switch in switches:
        on = switch.on
        if on:
            total += 1
        if not on:
            total += 100
    return total


switches = [Switch(number % 3 == 0) for number in range(90)]
print({lit(switches) for _ in range(400)}, end=" ")
switches[4].on, switches[5].on, switches[6].on = "on", [], 0.0
print({lit(switches) for _ in range(400)}, end=" ")
Switch.on = property(lambda self: self.__dict__["on"] == "on")
print({lit(switches) for _ in range(400)}, end=" ")
del Switch.on
print({lit(switches) for _ in range(400)})


class Answer:
    def __init__(self):
        self.asked = 0

    def __bool__(self):
        self.asked += 1
        return False


answer = Answer()
switches[7].on = answer
print(lit(switches), answer.asked)


# The class of an instance, and one that changes.
class One:
    def name(self):
        return self.__class__.__name__


class Two(One):
    pass


def names(objects):
    return {thing.__class__.__name__ + thing.name() for thing in objects}


things = [One(), Two()]
print(sorted(set().union(*(names(things) for _ in range(2_000)))), end=" ")
things[0].__class__ = Two
print(sorted(names(things)), end=" ")


class Three(One):
    __class__ = property(lambda self: Two)


things.append(Three())
print(sorted(names(things)))


# Native code calls functions that are machine code.
def key(pair):
    first, second = pair
    if first == 777:
        raise LookupError(pair)
    return -first if second else first


pairs = [(number * 7919 % 500, number % 2) for number in range(500)]
orders = {tuple(sorted(pairs, key=key)[:3]) for _ in range(60)}
print(orders, end=" ")
try:
    sorted(pairs + [(777, 0)], key=key)
except LookupError as error:
    print(error.args, error.__traceback__.tb_next.tb_lineno - key.__code__.co_firstlineno)


def deeper(depth):
    return max([depth], key=deeper) if depth is None else (0 if depth == 0 else max([depth - 1], key=deeper))


print([deeper(depth % 5) for depth in range(2_000)][-1])
needles = [Equal(number) for number in range(40)]
print(sum(Equal(number) in needles for number in range(80)) * sum(needles.count(Equal(3)) for _ in range(300)))


# Tuples that end in a starred item, and ranges.
def spread(head, tails):
    return [(head, *tail) for tail in tails]


class Hinted:
    def __iter__(self):
        return iter("hi")

    def __length_hint__(self):
        return 5


def gives(*arguments, **named):
    return arguments, named


tails = [(), (1, 2), [3], "45", {6: 7}, range(2), Hinted(), (n for n in "gen")]
print(spread(0, tails), spread(None, tails[:3] * 100)[-1], (*(),), (*[1],), gives(1, *tails[1]), gives(1, *[2], three=3))
for wrong in (5, None, object):
    try:
        spread(1, [wrong])
    except TypeError as error:
        print(error, end="; ")
    try:
        gives(1, *wrong)
    except TypeError as error:
        print(error)


def ranges(*bounds):
    return [list(range(*bound)) for bound in bounds] + [len(range(3, 9)), range(True), range(2, 2)]


print([ranges((2,), (1, 3), (5, 1, -2), (-1,)) for _ in range(300)][-1], range(1 << 70)[-1], range(0, 5, True))
for wrong in ((1, 2, 0), (1.5,), ("a", 1), (1, 2, 3, 4)):
    try:
        range(*wrong)
    except (TypeError, ValueError) as error:
        print(error, end="; ")
print()


# Code of several epochs: each time a class gets a descriptor for what its instances have, all is made again, at last by the interpreter.
class Counted:
    def __init__(self):
        self.step = 2


def walk(counted, turns):
    total = 0
    for _ in range(turns):
        total += counted.step
    return total


walks = []
for _ in range(9):

    class Sealed:
        def __init__(self):
            self.step = 1

    sealed = Sealed()
    walks.append((walk(Counted(), 6_000), walk(sealed, 6_000)))
    Sealed.step = property(lambda self: 5, lambda self, value: None)
    walks.append((walk(Counted(), 6_000), walk(sealed, 6_000)))
print(walks)


# Loops whose bounds are items, behind a call that makes a range.
def banded(rows, items):
    total = 0.0
    for row in range(len(rows) - 1):
        for place in range(rows[row], rows[row + 1]):
            total += items[place] * 0.5
    return total


print({banded([0, 3, 3, 10, 40], [float(number) for number in range(40)]) for _ in range(600)})
