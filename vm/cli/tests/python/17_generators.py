# Generators: send, throw, close, yield from, expressions, return values.
def count(n):
    for i in range(n): yield i
print(list(count(4)), sum(count(10)), max(count(5)), [x * 2 for x in count(3)], tuple(count(0)), 3 in count(5), dict(enumerate(count(2))))
g = count(2); print(next(g), next(g), next(g, "done"), next(g, "still"), type(g).__name__, iter(g) is g)
try: next(g)
except StopIteration as e: print("stop", e.value)
def echo():
    received = []
    try:
        while True:
            value = yield len(received)
            received.append(value)
    except ValueError as e: yield f"caught {e}"
    finally: print("closing", received)
e = echo(); print(next(e), e.send("a"), e.send("b"), e.throw(ValueError("oops")))
try: next(e)
except StopIteration: print("finished")
e = echo(); next(e); e.close(); e.close()
e = echo()
try: e.send(1)
except TypeError as x: print(x)
e.close()
def sub():
    got = yield 1
    print("sub got", got)
    yield 2
    return "result"
def deleg():
    r = yield from sub()
    print("deleg got", r)
    yield from [10, 20]
    yield from "xy"
    return (yield from count(0))
d = deleg(); print(next(d), d.send("hello"), list(d))
def throwing():
    try: yield from sub()
    except KeyError as k: yield f"outer {k!r}"
t = throwing(); next(t); print(t.throw(KeyError("k")))
def returns():
    yield 1
    return 99
def outer():
    v = yield from returns()
    yield v
print(list(outer()))
def fibonacci():
    a, b = 0, 1
    while True:
        yield a
        a, b = b, a + b
from itertools import islice, takewhile
print(list(islice(fibonacci(), 15)), [x for x in takewhile(lambda v: v < 50, fibonacci())])
def tree(n):
    if n:
        yield from tree(n - 1)
        yield n
        yield from tree(n - 1)
print(list(tree(4)))
def perms(xs):
    if len(xs) <= 1: yield xs
    else:
        for i in range(len(xs)):
            for p in perms(xs[:i] + xs[i + 1:]): yield [xs[i]] + p
print(["".join(p) for p in perms(list("abc"))])
ge = (x * x for x in range(5) if x % 2); print(type(ge).__name__, list(ge), list(ge), sum(i * j for i in range(3) for j in range(i)))
def lazily():
    print("started"); yield 1; print("resumed"); yield 2; print("ended")
for v in lazily(): print("value", v)
def bad():
    yield 1
    raise StopIteration
try: list(bad())
except RuntimeError as x: print(x, repr(x.__cause__))
def reentrant():
    yield next(me)
me = reentrant()
try: next(me)
except ValueError as x: print(x)
def ignore():
    while True:
        try: yield
        except GeneratorExit: pass
i = ignore(); next(i)
try: i.close()
except RuntimeError as x: print(x)
i = None
def fin():
    try: yield 1; yield 2
    finally: print("finally runs")
for v in fin():
    print(v); break
f = fin(); next(f); del f
print("after")
def with_args(a, *args, b=2, **kw): yield a; yield args; yield b; yield kw
print(list(with_args(1, 2, 3, c=4)), (lambda: (yield))().__next__())
gen = count(3); print(gen.gi_running, gen.gi_frame is not None, gen.gi_code.co_name, gen.__name__, gen.__qualname__); list(gen); print(gen.gi_frame)
def close_value():
    try: yield
    except GeneratorExit: return "closed"
cv = close_value(); next(cv); print(cv.close())
def pipeline(xs):
    def double(it):
        for x in it: yield x * 2
    def odd(it):
        for x in it:
            if x % 3: yield x
    return odd(double(xs))
print(list(pipeline(range(8))), list(zip(count(3), count(5))), list(map(lambda a, b: a + b, count(3), count(3))))
a, *b = count(4); print(a, b); print(*count(3)); print([*count(2), *count(2)], {*count(2)}, max(*count(3)))
def exc_state():
    try: yield 1
    finally: yield 2
x = exc_state(); next(x)
try: x.throw(KeyError("kept"))
except KeyError: print("no")
try: next(x)
except KeyError as k: print("kept", k)
def in_except():
    try: raise ValueError("one")
    except ValueError:
        yield 1
        try: raise
        except ValueError as v: yield str(v)
y = in_except(); next(y)
try: raise TypeError("outer")
except TypeError: print(next(y))
