# Coroutines by generators, schedulers, context in generators, cleanup order, gi_ attributes, async generators by hand.
from collections import deque
import sys
class Scheduler:
    def __init__(self): self.ready, self.now, self.sleeping, self.log = deque(), 0, [], []
    def spawn(self, g): self.ready.append((g, None)); return g
    def run(self):
        while self.ready or self.sleeping:
            if not self.ready: self.sleeping.sort(key=lambda s: s[0]); self.now, g = self.sleeping.pop(0); self.ready.append((g, None))
            g, v = self.ready.popleft()
            try: request = g.send(v)
            except StopIteration as e: self.log.append((self.now, g.__name__, "done", e.value)); continue
            except Exception as e: self.log.append((self.now, g.__name__, "failed", repr(e))); continue
            match request:
                case ("sleep", n): self.sleeping.append((self.now + n, g))
                case ("spawn", h): self.spawn(h); self.ready.append((g, h))
                case ("now",): self.ready.append((g, self.now))
                case None: self.ready.append((g, None))
        return self.log
def child(n):
    for i in range(n): yield ("sleep", i + 1)
    return n * 10
def parent():
    yield ("spawn", child(2)); t = yield ("now",); yield ("sleep", 2); r = yield from child(1)
    if r == 10: raise RuntimeError(f"at {t}")
s = Scheduler(); s.spawn(parent()); s.spawn(child(3)); print(s.run())
def cleanup(name, log):
    try: yield 1; yield 2
    finally: log.append(name)
log = []; a, b = cleanup("a", log), cleanup("b", log); next(a); next(b); del a; log.append("mid"); b.close(); print(log)
def outer(log):
    try: yield from cleanup("inner", log)
    except ValueError as e: log.append(repr(e)); yield "recovered"
    finally: log.append("outer")
log = []; g = outer(log); next(g); print(g.throw(ValueError("x")), log); g.close(); print(log); log = []; g = outer(log); next(g); g.close(); print(log)
class It:
    def __iter__(self): return self
    def __next__(self): return 1
    def send(self, v): return ("sent", v)
    def throw(self, *a): return ("thrown", a[0].__class__.__name__ if a else None)
    def close(self): print("closed It")
def deleg(): yield from It()
g = deleg(); print(next(g), g.send(5), g.throw(KeyError("k"))); g.close()
g = deleg()
def w(): x = yield; print("got", x); y = yield x; return y
g = w(); print(next(g), g.send("a")); print(g.gi_yieldfrom, g.gi_suspended, g.gi_frame.f_lineno > 0, g.gi_frame.f_locals, sys.getrefcount(g) > 0)
try: g.send("b")
except StopIteration as e: print(e.value, e.args)
def yf(): r = yield from w(); yield r
g = yf(); next(g); print(g.gi_yieldfrom.__name__, g.send(1), g.send(2))
for bad in (lambda: next(w()).x, lambda: w().send(1), lambda: w().throw(5), lambda: w().throw(ValueError), lambda: w().throw(ValueError("v")), lambda: list(x for x in 5), lambda: next(iter([])), lambda: (lambda: (yield 1))().nothing):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
def fin():
    for i in range(3):
        try: yield i
        finally: print("f", i, end=" ")
for i in fin():
    if i == 1: break
print(); print(list(fin()), sum(fin()))
def recursive_gen(n): yield n; yield from (recursive_gen(n - 1) if n else ())
print(list(recursive_gen(50))[:3], sum(1 for _ in recursive_gen(200)))
def state():
    x = yield 0
    while True:
        match x:
            case "stop": return "stopped"
            case int(n): x = yield n * 2
            case [a, *r]: x = yield (a, r)
            case _: x = yield "?"
g = state(); print(next(g), g.send(4), g.send([1, 2, 3]), g.send(None))
try: g.send("stop")
except StopIteration as e: print(e.value)
exc = None
def exc_gen():
    try: yield 1
    except ValueError:
        yield sys.exception()
    yield sys.exception()
g = exc_gen(); next(g); print(repr(g.throw(ValueError("in gen"))), next(g), sys.exception())
def handler():
    try: raise KeyError("outer")
    except KeyError:
        yield repr(sys.exception()); yield repr(sys.exception())
g = handler(); print(next(g))
try: raise IndexError("caller")
except IndexError: print(next(g), repr(sys.exception()))
async def agen():
    try:
        x = yield 1; print("x", x); y = yield 2; print("y", y)
    finally: print("agen done")
def drive(c):
    try: c.send(None)
    except StopIteration as e: return e.value
    except StopAsyncIteration: return "end"
g = agen(); print(drive(g.__anext__()), drive(g.asend("v")), drive(g.asend("w"))); g = agen(); print(drive(g.__anext__()), drive(g.aclose()))
g = agen(); drive(g.__anext__())
try: drive(g.athrow(ValueError("thrown")))
except ValueError as e: print(e)
pipeline = lambda *fs: lambda it: __import__("functools").reduce(lambda acc, f: f(acc), fs, it)
print(list(pipeline(lambda it: (x + 1 for x in it), lambda it: (x * x for x in it if x % 2), lambda it: (str(x) for x in it))(range(6))))
def windows(it, n):
    d = deque(maxlen=n)
    for x in it:
        d.append(x)
        if len(d) == n: yield tuple(d)
print(list(windows("abcde", 3))); primes = (lambda: (yield from (n for n in range(2, 40) if all(n % d for d in range(2, n)))))(); print(*primes)
def flatten(x): yield from (z for y in x for z in flatten(y)) if isinstance(x, list) else (x,)
print(list(flatten([1, [2, [3, [4, []]], 5]])), [*map(lambda g: next(g, None), [iter([]), iter([1])])], dict(zip("ab", (i for i in range(9)))), {x for x in (1, 1)}, tuple(x for x in "ab"), max((x for x in [1, 3, 2]), key=lambda v: -v), any(x > 1 for x in [1, 2, 1 / 1]), "".join(c for c in "a1b2" if c.isalpha()), sorted((x for x in [2, 1]), reverse=True), *(i for i in range(2)))
