"""A generator that has ended gives up its function; chains of generators that are changed from outside."""

import gc
import inspect
import weakref


class Held:
    pass


def make(held, values):
    def generate():
        held
        yield from values

    return generate()


gc.disable()
for way in ("to the end", "closed", "thrown into", "never begun"):
    held = Held()
    gone = weakref.ref(held)
    generator = make(held, [1, 2])
    del held
    if way != "never begun":
        next(generator)
    if way == "to the end":
        print(list(generator))
    elif way == "thrown into":
        try:
            generator.throw(KeyError("here"))
        except KeyError as error:
            print("raised", error)
    if way in ("closed", "never begun"):
        generator.close()
    print(way, gone() is None, generator.gi_frame, generator.gi_code.co_name, inspect.getgeneratorstate(generator))
gc.enable()


def leaf(depth):
    while True:
        try:
            received = yield depth
        except ValueError as error:
            yield f"leaf {depth} has {error}"
            continue
        if received is not None:
            yield f"leaf {depth} got {received}"
        if received == "end":
            return "ended"


def chain(depth, made):
    inner = chain(depth - 1, made) if depth else leaf(depth)
    made.append(inner)
    result = yield from inner
    yield f"level {depth} saw {result}"
    return result


made = []
outer = chain(4, made)
for _ in range(3):
    print(next(outer), end=" ")
print()
print([inspect.getgeneratorstate(one) for one in made])
print(outer.send("hello"), next(outer))
print(outer.throw(ValueError("thrown")), next(outer))

# Somebody else resumes one in the middle, and the one at the end.
print(next(made[1]), next(made[-1]), next(outer))
print(made[2].send("to the middle"), next(outer))

# The end of the chain is closed behind the backs of the others.
made[-1].close()
print(next(outer), next(outer), next(outer, "no more"))

made = []
outer = chain(3, made)
print(next(outer), next(outer))
made[1].close()
print([inspect.getgeneratorstate(one) for one in made])
print(next(outer), next(outer))


def busy():
    try:
        next(whole)
    except ValueError as error:
        yield f"refused: {error}"
    yield sum(1 for _ in iter(lambda: None, None))


def around():
    yield from busy()


whole = around()
print(next(whole), next(whole))


def counting(tree):
    if tree:
        left, value, right = tree
        yield from counting(left)
        yield value
        yield from counting(right)


def balanced(low, high):
    if low == high:
        return None
    middle = (low + high) // 2
    return balanced(low, middle), middle, balanced(middle + 1, high)


print(sum(counting(balanced(0, 3000))), list(counting(balanced(0, 12))))


async def innermost(events):
    for event in events:
        received = await event
        print("innermost", received)
    return len(events)


class Event:
    def __await__(self):
        return (yield self)


async def nested(depth, events):
    return await (nested(depth - 1, events) if depth else innermost(events))


coroutine = nested(5, [Event(), Event(), Event()])
coroutine.send(None)
coroutine.send("a")
coroutine.send("b")
try:
    coroutine.send("c")
except StopIteration as end:
    print("result", end.value)
coroutine = nested(5, [Event(), Event()])
coroutine.send(None)
try:
    coroutine.throw(LookupError("stop"))
except LookupError as error:
    depth, trace = 0, error.__traceback__
    while trace:
        depth, trace = depth + 1, trace.tb_next
    print("traceback of", depth)
