"""Chains of generators and coroutines that delegate to each other: resumed again and again from the outside, looked at from the inside."""
import asyncio
import sys
import threading
import traceback


def level(n, inside):
    if n == 0:
        return (yield from inside())
    return (yield from level(n - 1, inside))


def counting():
    total = 0
    while True:
        got = yield total
        if got is None:
            return total
        total += got


chain = level(6, counting)
print([next(chain), chain.send(3), chain.send(4), chain.send(5)])
try:
    chain.send(None)
except StopIteration as stop:
    print("returned", stop.value)


def names():
    frame = sys._getframe(1)
    found = []
    while frame and frame.f_code.co_name != "<module>":
        found.append(frame.f_code.co_name)
        frame = frame.f_back
    return found


def looking():
    for _ in range(3):
        yield names()


for seen in level(3, looking):
    print(seen)


# Those in between are running while the innermost one is.
chains = []


def touching():
    for turn in range(3):
        told = []
        for generator in chains:
            told.append((generator.gi_running, generator.gi_suspended, generator.gi_yieldfrom is None))
            try:
                next(generator)
            except ValueError as error:
                told.append(str(error))
            try:
                generator.throw(KeyError(turn))
            except ValueError as error:
                told.append(str(error))
            try:
                generator.close()
            except ValueError as error:
                told.append(str(error))
        yield told


def outer(inner):
    chains.append(inner)
    yield from inner


chain = outer(outer(outer(touching())))
for told in chain:
    print(told)
print([(g.gi_running, g.gi_suspended, g.gi_frame) for g in chains])


# Exceptions from the innermost one are handled on the way, which goes on.
def failing(name):
    yield name + " 1"
    yield name + " 2"
    raise LookupError(name)


def handling(inner, name):
    try:
        yield from inner
    except LookupError as error:
        yield f"{name} handled {error}"
        yield traceback.format_exc().count("yield from inner")
        raise RuntimeError(name) from error
    finally:
        yield f"{name} ends"


chain = handling(handling(level(2, lambda: failing("deep")), "first"), "second")
try:
    for value in chain:
        print(value)
except RuntimeError as error:
    print("got", error, "because of", error.__cause__, [entry.name for entry in traceback.extract_tb(error.__traceback__)])


# Thrown in from the outside, and closed.
def catching():
    for turn in range(4):
        try:
            yield turn
        except KeyError as error:
            yield f"caught {error}"


chain = level(4, catching)
print(next(chain), chain.throw(KeyError("x")), next(chain), next(chain))
chain.close()
print(chain.gi_frame, list(chain))


# One in the middle is resumed on its own, and the outer ones go on behind it.
middle = level(2, lambda: iter(range(8)))
whole = outer(middle)
print(next(whole), next(whole), next(middle), next(whole), next(middle), list(whole))


# What has ended gives nothing more, to those that delegate to it, too.
ended = counting()
next(ended)
try:
    ended.send(None)
except StopIteration:
    pass


def behind():
    print("from one that has ended:", (yield from ended))
    yield "behind"


print(list(behind()), list(outer(ended)), next(ended, "nothing"))


# Frames that somebody asked for keep telling where they are.
chain = level(3, looking)
next(chain)
frames = []
generator = chain
while generator is not None and hasattr(generator, "gi_frame"):
    frames.append(generator.gi_frame)
    generator = generator.gi_yieldfrom
next(chain)
print([(frame.f_code.co_name, frame.f_locals.get("n"), frame.f_back is None) for frame in frames])
print(next(chain), list(chain))


# A trace function that is set while the chain is being resumed.
events = []


def trace(frame, event, arg):
    if frame.f_code.co_name in ("level", "switching"):
        events.append((frame.f_code.co_name, event))
    return trace


def switching():
    yield 1
    sys.settrace(trace)
    yield 2
    yield 3
    sys.settrace(None)
    yield 4


print(list(level(2, switching)), events.count(("level", "call")), events.count(("switching", "call")), events.count(("switching", "return")))


# An exception that is being handled inside is none of the others'.
def in_handler():
    try:
        raise ValueError("inside")
    except ValueError:
        yield sys.exception()
        yield sys.exception()
    yield sys.exception()


def between():
    yield sys.exception()
    yield from in_handler()
    yield sys.exception()


chain = level(2, between)
found = []
for turn in range(5):
    if turn % 2:
        try:
            raise KeyError("outside")
        except KeyError:
            found.append(repr(next(chain)))
            found.append(repr(sys.exception()))
    else:
        found.append(repr(next(chain)))
        found.append(repr(sys.exception()))
print(found)


# Deeper than calls may be nested: each level takes one.
def deep(n):
    yield n
    if n:
        yield from deep(n - 1)
    yield -n


limit = sys.getrecursionlimit()
sys.setrecursionlimit(200)
try:
    chain = deep(1000)
    count = 0
    for count, _ in enumerate(chain):
        pass
except RecursionError as error:
    print(type(error).__name__, 100 < count < 200)
sys.setrecursionlimit(limit)
print(sum(deep(150)), len(list(deep(150))))


# Methods that are generators make them for loops and delegation; those that are replaced, too.
class Items:
    def __init__(self, *items):
        self.items = items

    def __iter__(self):
        for item in self.items:
            if isinstance(item, Items):
                yield from item
            else:
                yield item


nested = Items(1, Items(2, Items(3, 4), 5), Items(), 6)
print(list(nested), [x for x in nested], sum(nested), tuple(zip(nested, nested))[:2])
Items.__iter__ = lambda self: iter(self.items[:1])
print(list(nested), [x for x in nested])


class Odd:
    def __iter__(self):
        return 7


try:
    for _ in Odd():
        pass
except TypeError as error:
    print(error)


# What dies with a generator that ends is seen after it.
class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name, sys._getframe(1).f_code.co_name)


def holding(name):
    noisy = Noisy(name)
    yield noisy.name


def holders():
    yield from holding("a")
    yield from holding("b")


for name in holders():
    print(name)


# Coroutines.
class Pause:
    def __await__(self):
        got = yield "pause"
        return got


async def waiting(n):
    if n == 0:
        return [await Pause() for _ in range(3)]
    return await waiting(n - 1)


task = waiting(5)
print(task.send(None), task.send("x"), task.send("y"), task.cr_running, task.cr_await.__name__)
try:
    task.send("z")
except StopIteration as stop:
    print(stop.value)


async def sleeping(n):
    if n == 0:
        for _ in range(20):
            await asyncio.sleep(0)
        return 1
    return 1 + await sleeping(n - 1)


async def many():
    return sum(await asyncio.gather(*(sleeping(depth) for depth in range(10))))


print(asyncio.run(many()))


# Threads that take turns at one chain, and at those in between: each value comes once, and who comes while another is at it is told so.
def numbers():
    yield from range(20000)


def middle_of(inner):
    yield from inner


taken = []
lock = threading.Lock()
inner = level(3, numbers)
shared = [middle_of(middle_of(inner)), inner]


def take(generator):
    mine, busy = [], 0
    while True:
        try:
            mine.append(next(generator))
        except StopIteration:
            break
        except ValueError as error:
            assert "already executing" in str(error), error
            if generator.gi_frame is None:
                break
    with lock:
        taken.append(mine)


threads = [threading.Thread(target=take, args=(shared[i % 2],)) for i in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
flat = sorted(value for mine in taken for value in mine)
print(flat == list(range(20000)), all(mine == sorted(mine) for mine in taken))
