# Generator expressions that a built-in callable consumes at once mean the same, whether they run in the caller's code or not.
import sys, math
from fractions import Fraction
def f(l, k=3):
    out = []
    out.append(any(x > k for x in l)); out.append(all(x > k for x in l)); out.append(sum(x * k for x in l))
    out.append(list(x for x in l if x % 2)); out.append(sorted(set(x % 3 for x in l))); out.append(tuple(x + k for x in l))
    out.append(dict((x, x * x) for x in l)); out.append(sorted(-x for x in l)); out.append(','.join(str(x) for x in l))
    out.append(min(x for x in l)); out.append(max((x * 7) % 5 for x in l))
    out.append([any(y == x for y in l) for x in (1, 99)])
    out.append(sum(x * y for x in l for y in l if x != y))
    out.append(any(x == y == 3 for x in l for y in l))
    return out
print(f([1, 2, 3, 4, 5, 6]))
print(f((7, 8)))
def floats(l): return sum(x for x in l)
print(floats([0.1] * 10), math.fsum([0.1] * 10), floats([1, 2.5, 3]), floats([1e308, 1e308, -1e308]), floats([1, 0.1, 1j, 2]), floats([Fraction(1, 3), 0.1, 0.2, 0.3]), floats([True, True]), floats([2**62, 2**62, 1]), floats([0.1]*10+[Fraction(1,2)]+[0.1]*10) == sum([0.1]*10+[Fraction(1,2)]+[0.1]*10), floats([1j, Fraction(1,2), 0.1, 0.2]) , floats([float('inf'), 1.0, -float('inf')]))
for bad in ([], ):
    for g in (lambda l: min(x for x in l), lambda l: max(x for x in l)):
        try: g(bad)
        except ValueError as e: print(e)
def stop(l):
    def nxt(): raise StopIteration(5)
    return list(nxt() for x in l)
try: stop([1])
except RuntimeError as e: print(repr(e), repr(e.__cause__), repr(e.__context__), e.__traceback__ is not None)
def stop_first():
    def nxt(): raise StopIteration(5)
    return list(x for x in nxt())
try: stop_first()
except StopIteration as e: print(repr(e))
def caught(l):
    try: return any(1 / x for x in l)
    except ZeroDivisionError as e: return repr(e), e.__context__
print(caught([0]))
def lazy():
    seen = []
    def note(x): seen.append(x); return x > 2
    r = any(note(x) for x in range(10)); s = all(not note(x) for x in range(10))
    return r, s, seen
print(lazy())
def walrus(l):
    return any((hit := x) > 2 for x in l), hit
print(walrus([1, 2, 3, 4]))
def shadow(any): return any(x for x in [1])
print(type(shadow(lambda g: g)))
any_ = any
def rebound():
    return any(x for x in [0, 1])
print(rebound())
any = lambda g: type(g).__name__
print(rebound())
del any
print(rebound())
class S(str):
    def join(self, it): return type(it).__name__
def joins(s, l): return s.join(x for x in l)
print(joins('-', 'abc'), joins(S('-'), 'abc'), joins(b'-', [b'a', b'b']))
try: joins('-', [1])
except TypeError as e: print(e)
def loc(): return list(sorted(locals()) for x in [1])
print(loc())
def nested(m): return all(any(c > 1 for c in r) for r in m)
print(nested([[1, 2], [3]]), nested([[1], [3]]))
def lam(l): return [f() for f in list((lambda: x) for x in l)]
print(lam([1, 2]))
def inner(l): return list([y * x for y in l] for x in l)
print(inner([1, 2]))
class A:
    k = 4
    try: v = any(k for _ in [1])
    except NameError as e: print(e)
    def m(self): return sum(__class__.k for _ in [1]), max(self.k for _ in [1])
print(A().m())
def gen(l):
    yield sum(x for x in l)
    yield list(x for x in l)
print(list(gen([1, 2])))
async def co(l): return sum([x async for x in ag(l)]), any(x for x in l)
async def ag(l):
    for x in l: yield x
import asyncio
print(asyncio.run(co([1, 2])))
def uncomparable(): return min(x for x in [1, 'a'])
try: uncomparable()
except TypeError as e: print(e)
def unhash(): return set(x for x in [[]])
try: unhash()
except TypeError as e: print(e)
def dd(): return dict((k, v, ) for k, v in [(1, 2)]), dict(p for p in [(1, 2)]), dict([k, v] for k, v in [(1, 2)])
print(dd())
def many(l):
    x = 'outer'
    r = any(x == 3 for x in l)
    return x, r
print(many([3]))
def captured(l):
    k = 2
    def g(): return k
    return sum(k for x in l), g()
print(captured([1, 2]))
def refs():
    import weakref, gc
    class O: pass
    o = O(); w = weakref.ref(o)
    l = [o]; del o
    any(x for x in l); l.clear(); 
    return w() is None
print(refs())
def deep(n): return 0 if n == 0 else sum(deep(n - 1) + 1 for _ in [0])
print(deep(50))
def if_cond(l): return 'yes' if any(x > 2 for x in l) else 'no'
print(if_cond([3]), if_cond([1]))
def whil(l):
    n = 0
    while any(x > n for x in l): n += 1
    return n
print(whil([3, 5]))
import dis
print('GeneratorType' if any(hasattr(c, 'co_name') and c.co_name == '<genexpr>' for c in if_cond.__code__.co_consts) else None)
def starred(l): return max(*(x for x in l)), sum((x for x in l), 10), sorted((x for x in l), reverse=True), min((x for x in l), default=3)
print(starred([1, 2]))
def as_arg(l): return len(list(x for x in l)) + int(any(x for x in l))
print(as_arg([1, 2]))
def assign(l):
    l = list(x for x in l); s = sum(x for x in l); s = sum(s for _ in l)
    return l, s
print(assign([1, 2]))
