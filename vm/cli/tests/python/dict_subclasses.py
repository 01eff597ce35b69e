"""Subscripts of dicts whose classes change some of it, defaults that are replaced, attributes that stop being booleans, and cycles with many references to one object."""

import collections
import gc
import weakref


class Plain(dict):
    pass


class Missing(dict):
    def __missing__(self, key):
        return ("missing", key)


class Own(dict):
    def __getitem__(self, key):
        return ("own", super().get(key))

    def __setitem__(self, key, value):
        super().__setitem__(key, ("stored", value))


Pair = collections.namedtuple("Pair", "left right")


def read(container, key):
    try:
        return container[key]
    except (KeyError, TypeError) as error:
        return type(error).__name__, str(error)


def write(container, key, value):
    container[key] = value


KEYS = ["name", 7, (1, (2, "x")), Pair(1, (2, "x")), 1.5, None, frozenset([1]), [1]]
for make in (dict, Plain, Missing, Own, lambda: collections.defaultdict(list), collections.OrderedDict, collections.Counter):
    container = make()
    for turn in range(3):
        for key in KEYS[:-1]:
            if turn:
                write(container, key, turn)
            read(container, key)
    print(type(container).__name__, len(container), [read(container, key) for key in KEYS])

# An equal key that is another object, and one that takes Python code to compare.
print(read(Plain({(1, Pair("a", "b")): "found"}), (1, ("a", "b"))), read(Missing(), (1, 2)))


class Key:
    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return isinstance(other, Key) and self.value == other.value


table = Plain()
for number in range(5):
    write(table, Key(number), number)
print([read(table, Key(number)) for number in range(4)], read(table, "absent"))

# The class gets its own methods after its instances were used.
late = Plain(a=1)
results = []
for turn in range(4):
    results.append(read(late, "a"))
    write(late, "a", turn)
    if turn == 1:
        Plain.__getitem__ = lambda self, key: ("late", dict.get(self, key))
        Plain.__setitem__ = lambda self, key, value: dict.__setitem__(self, key, -value)
print(results, dict(late))
del Plain.__getitem__, Plain.__setitem__
write(late, "a", 9)
print(read(late, "a"))


class Stubborn(dict):
    def __missing__(self, key):
        raise LookupError(key)


try:
    Stubborn()[1, 2]
except LookupError as error:
    print(type(error).__name__, error.args)


# --- defaults ---


def greet(name, greeting=["hello"], mark="!"):
    return greeting[0] + name + mark


said = []
for turn in range(6):
    said.append(greet(" you"))
    if turn == 1:
        greet.__defaults__ = (["bye"], "?")
    if turn == 3:
        greet.__defaults__ = ("short",)
        try:
            greet("x")
        except TypeError as error:
            said.append(str(error))
        greet.__defaults__ = (("again",), ".")
print(said)


def replaces_its_defaults(first, second=[1, 2], third=[3]):
    replaces_its_defaults.__defaults__ = ([first], [first])
    gc.collect()
    return second + third


print([replaces_its_defaults(number) for number in range(3)])


# --- attributes that a loop has seen as booleans ---


class Switch:
    def __init__(self, on):
        self.on = on
        self.other = None


def count(switches):
    total = 0
    for switch in switches:
        if switch.on:
            total += 1
        if switch.other is None:
            total += 10
    return total


switches = [Switch(number % 2 == 0) for number in range(1000)]
totals = [count(switches) for _ in range(20)]
switches[3].on, switches[5].on, switches[7].other, switches[9].on = "yes", [], 5, 2.5
totals += [count(switches) for _ in range(20)]
print(totals[0], totals[-1])
print(switches[3].on, switches[5].on, switches[7].other, switches[9].on)


# --- many references to one object ---


class Node:
    pass


def make_cycle():
    node = Node()
    node.many = [node] * 1000 + [None] * 10 + [node, [node] * 3]
    node.table = {number: node for number in range(100)}
    return weakref.ref(node)


kept = Node()
kept.many = [kept] * 500
held = [kept] * 100
dead = [make_cycle() for _ in range(50)]
gc.collect()
print(sum(reference() is None for reference in dead), kept.many[499] is kept, held.count(kept))
inner = kept.many
alive = weakref.ref(kept)
del kept, held
gc.collect()
print(alive() is inner[0])
del inner
gc.collect()
print(alive())
