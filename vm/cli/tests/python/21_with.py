# Context managers.
class Manager:
    def __init__(self, name, swallow=False, fail_enter=False, fail_exit=False):
        self.name, self.swallow, self.fail_enter, self.fail_exit = name, swallow, fail_enter, fail_exit
    def __enter__(self):
        print("enter", self.name)
        if self.fail_enter: raise RuntimeError("enter failed")
        return self.name.upper()
    def __exit__(self, kind, value, tb):
        print("exit", self.name, kind.__name__ if kind else None, value, tb is not None)
        if self.fail_exit: raise KeyError("exit failed")
        return self.swallow
with Manager("a") as a: print("body", a)
with Manager("a") as a, Manager("b") as b: print(a, b)
with (
    Manager("p") as p,
    Manager("q"),
): print(p)
with Manager("s", swallow=True): raise ValueError("swallowed")
print("continues")
try:
    with Manager("o"), Manager("i"): raise ValueError("through")
except ValueError as e: print("caught", e)
try:
    with Manager("o", swallow=True), Manager("i", fail_exit=True): raise ValueError("first")
    print("outer swallowed")
except KeyError as e: print("not here")
try:
    with Manager("x", fail_exit=True): raise ValueError("first")
except KeyError as e: print(e, repr(e.__context__))
try:
    with Manager("ok"), Manager("bad", fail_enter=True): print("never")
except RuntimeError as e: print(e)
def early():
    with Manager("r"): return "returned"
print(early())
def loop():
    for i in range(4):
        with Manager(f"l{i}"):
            if i == 1: continue
            if i == 2: break
            print("iteration", i)
loop()
class Tgt: pass
t = Tgt(); lst = [0]
with Manager("attr") as t.x, Manager("item") as lst[0]: pass
print(t.x, lst)
class Pair:
    def __enter__(self): return 1, (2, 3)
    def __exit__(self, *a): pass
with Pair() as (x, (y, z)): print(x, y, z)
for bad in (5, object()):
    try:
        with bad: pass
    except TypeError as e: print(e)
class NoExit:
    def __enter__(self): pass
try:
    with NoExit(): pass
except TypeError as e: print(e)
from contextlib import contextmanager, suppress, closing, ExitStack, nullcontext, redirect_stdout, AbstractContextManager
@contextmanager
def managed(n):
    print("setup", n)
    try: yield n * 2
    except ValueError as e: print("handled", e)
    finally: print("teardown", n)
with managed(4) as m: print(m)
with managed(5): raise ValueError("x")
try:
    with managed(6): raise KeyError("y")
except KeyError as e: print("passed", e)
@managed(7)
def decorated(): print("decorated body")
decorated()
with suppress(ZeroDivisionError, KeyError): 1 / 0
with ExitStack() as stack:
    for i in range(3): stack.enter_context(managed(i))
    stack.callback(print, "callback")
class Closer:
    def close(self): print("closed")
with closing(Closer()): pass
with nullcontext(5) as five: print(five)
import io
buffer = io.StringIO()
with redirect_stdout(buffer): print("captured")
print(repr(buffer.getvalue()))
@contextmanager
def noyield():
    if False: yield
try:
    with noyield(): pass
except RuntimeError as e: print(e)
def gen():
    with Manager("gen"):
        yield 1
        yield 2
g = gen(); print(next(g)); g.close()
def nested_finally():
    try:
        with Manager("nf"):
            try: return 1
            finally: print("inner finally")
    finally: print("outer finally")
print(nested_finally())
