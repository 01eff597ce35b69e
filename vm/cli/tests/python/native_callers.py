"""Python functions that native code calls: their arguments, what becomes of them, and how they return."""
import functools
import sys
import weakref


class Thing:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Thing({self.name!r})"

    def __len__(self):
        return len(self.name)

    def __del__(self):
        print("gone", self.name)

    def __lt__(self, other):
        return self.name < other.name

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, other):
        return self.name == other.name


# Arguments are returned, deleted, rebound, kept.
kept = []


def give(value):
    return value


def delete(value):
    del value
    return "deleted"


def rebind(value):
    value = [value, value]
    return value


def keep(value):
    kept.append(value)


def nothing(value):
    pass


for function in give, delete, rebind, keep, nothing:
    print(function.__name__, list(map(function, [Thing(function.__name__ + str(number)) for number in range(2)])))
print(kept)
while kept:
    kept.pop()

# The only reference is the caller's.
print(len(Thing("temporary")), bool(Thing("")), repr(Thing("shown")))
print(functools.reduce(lambda left, right: left if right < left else right, map(Thing, "bca")))
print(sorted(map(Thing, "cab"), key=give))
print(max(map(Thing, "xzy"), key=lambda thing: thing.name))
print({Thing("one"): 1}[Thing("one")])


# The frame outlives the call.
def fails(value):
    local = value
    raise ValueError("no")


try:
    list(map(fails, [Thing("in the traceback")]))
except ValueError as error:
    frame = error.__traceback__.tb_next.tb_frame
    print(sorted(frame.f_locals), frame.f_locals["value"], frame.f_code.co_name, frame.f_lineno - fails.__code__.co_firstlineno)
    del frame


def frame_of(value):
    return sys._getframe()


frames = list(map(frame_of, [Thing("in the frame")]))
print(frames[0].f_locals)
frames.clear()


def closure_of(value):
    return lambda: value


closures = list(map(closure_of, [Thing("in the cell")]))
print(closures[0]())
closures.clear()


def generator_of(value):
    yield value


generators = list(map(generator_of, [Thing("in the generator")]))
print(next(generators[0]))
generators.clear()


def through_locals(value):
    sys._getframe().f_locals["value"] = "other"
    return value


print(list(map(through_locals, [Thing("replaced")])))

# Weak references' callbacks, and finalizers that bring their object back.
thing = Thing("weakly referred to")
reference = weakref.ref(thing, lambda dead: print("callback", dead() is None))
del thing


class Back:
    def __del__(self):
        kept.append(self)


Back()
print(len(kept), type(kept[0]).__name__)


# Depth.
class Deep:
    def __len__(self):
        return len(self)


try:
    len(Deep())
except RecursionError:
    print("too deep")


# Defaults that change while the function runs, and while arguments are bound.
def defaults(first, second=Thing("former default"), third=(1, 2)):
    defaults.__defaults__ = ("new", third)
    return first, second, third


print(defaults(1))
print(defaults(1))
print(defaults(1, 2))
defaults.__defaults__ = None
try:
    defaults(1)
except TypeError as error:
    print(error)
defaults.__defaults__ = ([], {}, 3.5, None)[:2]
print(defaults(0))


# Calls that end with many registers, some of them the last references.
def many(a, b, c, d, e=1, f=2, g=3):
    h, i, j = Thing("h"), [a, b], (c, d)
    k = i and j and e
    return k


print(many(1, 2, 3, 4), many(Thing("a"), 2, 3, 4, 5))
print("end")
