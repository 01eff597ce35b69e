# The operator protocol and its reflected and in-place forms.
class N:
    def __init__(self, v): self.v = v
    def __repr__(self): return f"N({self.v})"
binary = "add sub mul truediv floordiv mod pow lshift rshift and or xor matmul".split()
def define(op):
    def forward(self, o): return f"{op}({self.v}, {getattr(o, 'v', o)})"
    def reflected(self, o): return f"r{op}({self.v}, {getattr(o, 'v', o)})"
    def inplace(self, o): return N(f"i{op}({self.v}, {getattr(o, 'v', o)})")
    setattr(N, f"__{op}__", forward); setattr(N, f"__r{op}__", reflected); setattr(N, f"__i{op}__", inplace)
for op in binary: define(op)
a, b = N(1), N(2)
print(a + b, a - b, a * b, a / b, a // b, a % b, a ** b, a << b, a >> b, a & b, a | b, a ^ b, a @ b)
print(1 + b, 1 - b, 1 * b, 1 / b, 1 // b, 1 % b, 1 ** b, 1 << b, 1 >> b, 1 & b, 1 | b, 1 ^ b, 1 @ b, "s" + b, [1] + b)
c = N(0); c += 1; print(c); c -= 1; c *= 2; print(c)
class Bare:
    def __add__(self, o): return NotImplemented
for bad in (lambda: Bare() + 1, lambda: 1 + Bare(), lambda: Bare() - Bare(), lambda: Bare() < Bare(), lambda: -Bare(), lambda: [] @ [], lambda: ~"s", lambda: Bare() >> 1, lambda: divmod(Bare(), 2), lambda: pow(Bare(), 2)):
    try: print(bad())
    except TypeError as e: print(e)
class Sub(N):
    def __radd__(self, o): return "subclass first"
print(N(1) + Sub(2), Sub(1) + N(2))
class Unary:
    def __neg__(self): return "neg"
    def __pos__(self): return "pos"
    def __invert__(self): return "invert"
    def __abs__(self): return "abs"
    def __int__(self): return 7
    def __float__(self): return 7.5
    def __index__(self): return 3
    def __bool__(self): return False
    def __round__(self, n=None): return ("round", n)
    def __trunc__(self): return "trunc"
    def __floor__(self): return "floor"
    def __complex__(self): return 1j
    def __divmod__(self, o): return ("divmod", o)
    def __bytes__(self): return b"bytes"
    def __len__(self): return 4
    def __hash__(self): return 12
    def __length_hint__(self): return 1
    def __dir__(self): return ["z", "a"]
    def __sizeof__(self): return 1
u = Unary()
import math, operator
print(-u, +u, ~u, abs(u), int(u), float(u), [0, 1, 2, 3][u], bool(u), not u, round(u), round(u, 2), math.trunc(u), math.floor(u), complex(u), divmod(u, 5), bytes(u), len(u), hash(u), dir(u), hex(u), range(u), "abcdef"[:u], "ab" * u, operator.index(u))
class Cmp:
    def __init__(self, v): self.v = v
    def __lt__(self, o): return self.v < o.v
    def __le__(self, o): return self.v <= o.v
    def __eq__(self, o): return isinstance(o, Cmp) and self.v == o.v
    def __repr__(self): return f"C{self.v}"
x, y = Cmp(1), Cmp(2)
print(x < y, x > y, x <= y, x >= y, x == y, x != y, sorted([y, x]), max(x, y), x == 1, Cmp.__hash__, x in [Cmp(1)], [x, y].index(Cmp(2)))
class Seq:
    def __init__(self, *v): self.d = list(v)
    def __len__(self): return len(self.d)
    def __getitem__(self, i): return self.d[i]
    def __setitem__(self, i, v): self.d[i] = v
    def __delitem__(self, i): del self.d[i]
    def __contains__(self, v): return v == "magic" or v in self.d
s = Seq(1, 2, 3); s[0] = 9; del s[1]
print(list(s), len(s), s[-1], s[0:1], "magic" in s, 5 in s, bool(Seq()), bool(s), [*s], max(s), list(reversed(s)), sum(s), tuple(zip(s, s)))
class OldIter:
    def __getitem__(self, i):
        if i >= 3: raise IndexError
        return i * 10
print(list(OldIter()), 20 in OldIter(), 5 in OldIter(), list(enumerate(OldIter())))
class It:
    def __init__(self, n): self.n = n
    def __iter__(self): return self
    def __next__(self):
        if self.n == 0: raise StopIteration
        self.n -= 1
        return self.n
print(list(It(3)), sum(It(5)), [v for v in It(2)], 1 in It(3), dict(zip("ab", It(2))), list(iter(It(3).__next__, 0)))
class Callable:
    def __call__(self, *a, **k): return a, k
print(Callable()(1, b=2), callable(Callable()), list(map(Callable(), [1])))
class Attr:
    def __getattr__(self, name):
        if name.startswith("_"): raise AttributeError(name)
        return f"<{name}>"
    def __setattr__(self, name, v): object.__setattr__(self, name, v * 2)
    def __delattr__(self, name): print("del", name); object.__delattr__(self, name)
t = Attr(); t.x = 5; print(t.x, t.y, hasattr(t, "_z"), getattr(t, "_z", 0)); del t.x; print(t.x)
class All:
    def __getattribute__(self, name): return "got " + name
print(All().anything, All().__class__)
class Key:
    def __getitem__(self, k): return k
    def __class_getitem__(cls, k): return f"{cls.__name__}[{k}]"
k = Key(); print(k[1:2], k[1, 2], k[::3], k[1:2, ...], k["a"], Key[int], k[()], k[*[1, 2]])
class Ctx:
    def __enter__(self): print("enter"); return "value"
    def __exit__(self, *exc): print("exit", exc[0] and exc[0].__name__); return True
with Ctx() as v: print(v)
with Ctx(): raise ValueError
class Bad:
    def __len__(self): return -1
    def __bool__(self): return 5
    def __repr__(self): return 5
    def __hash__(self): return "x"
    def __iter__(self): return 5
    def __index__(self): return "x"
for bad in (lambda: len(Bad()), lambda: bool(Bad()), lambda: repr(Bad()), lambda: hash(Bad()), lambda: iter(Bad()), lambda: [1][Bad()], lambda: int(Bad())):
    try: print(bad())
    except (TypeError, ValueError) as e: print(type(e).__name__, e)
