# Recursion, memory and size limits end in exceptions, and the program goes on.
import sys
def show(label, f):
    try: print(label, "ok", f())
    except (RecursionError, MemoryError, OverflowError, ValueError, TypeError) as e: print(label, type(e).__name__)
def down(n): return down(n + 1)
show("python recursion", lambda: down(0))
class R:
    def __repr__(self): return repr(self)
    def __getattr__(self, n): return getattr(self, n + "x")
    def __eq__(self, o): return self == o
    def __hash__(self): return hash(self)
    def __call__(self): return self()
    def __len__(self): return len(self)
    def __iter__(self): return iter(self)
    def __add__(self, o): return self + o
    def __lt__(self, o): return sorted([self, o])
    def __str__(self): return f"{self}"
    def __getitem__(self, k): return self[k]
    def __contains__(self, k): return k in self
    def __bool__(self): return bool(self)
    def __enter__(self):
        with self: pass
    def __exit__(self, *a): pass
r = R()
for name, f in (("repr", lambda: repr(r)), ("getattr", lambda: r.q), ("eq", lambda: r == r), ("hash", lambda: hash(r)), ("call", lambda: r()), ("len", lambda: len(r)), ("iter", lambda: iter(r)), ("add", lambda: r + r), ("sorted", lambda: sorted([R(), R()])), ("str", lambda: str(r)), ("getitem", lambda: r[0]), ("contains", lambda: 1 in r), ("bool", lambda: bool(r)), ("with", lambda: r.__enter__())): show(name, f)
nested = []
for _ in range(100000): nested = [nested]
show("repr of nested list", lambda: len(repr(nested))); show("compare nested", lambda: nested == [nested] and 1); del nested
t = ()
for _ in range(100000): t = (t,)
show("hash of nested tuple", lambda: hash(t)); show("repr of nested tuple", lambda: len(repr(t))); del t
d = {}
for _ in range(100000): d = {1: d}
show("repr of nested dict", lambda: len(repr(d))); del d
class P(property): pass
class Meta(type):
    def __getattr__(cls, n): return getattr(cls, n)
class M(metaclass=Meta): pass
show("metaclass getattr", lambda: M.x)
def gen(): yield from gen()
show("generator recursion", lambda: list(gen()))
show("map recursion", lambda: list((f := lambda x: list(map(f, [x])))(1)))
show("sort key recursion", lambda: (k := lambda x: sorted([1, 2], key=k))(1))
show("max key recursion", lambda: (k := lambda x: max([1, 2], key=k))(1))
show("eval recursion", lambda: eval("e(e)", {"e": (e := lambda e: eval("e(e)", {"e": e}))}))
show("init recursion", lambda: type("I", (), {"__init__": lambda self: type(self)()})())
show("del recursion", lambda: "fine")
show("big str", lambda: "x" * 10 ** 18); show("big list", lambda: [0] * 10 ** 18); show("big tuple", lambda: (0,) * 10 ** 18); show("big bytes", lambda: bytes(10 ** 18)); show("big bytearray", lambda: bytearray(b"x") * 10 ** 18); show("huge repeat", lambda: "ab" * 10 ** 30); show("center", lambda: "x".center(10 ** 18)); show("zfill", lambda: "x".zfill(10 ** 18)); show("format width", lambda: f"{1:{10 ** 18}}"); show("percent width", lambda: "%*d" % (10 ** 18, 1)); show("shift", lambda: 1 << 10 ** 18); show("range len", lambda: len(range(10 ** 20))); show("expandtabs", lambda: len("\t".expandtabs(10 ** 18)))
show("int text", lambda: int("1" * 5000)); show("text of int", lambda: len(str(10 ** 5000))); sys.set_int_max_str_digits(0); show("unlimited", lambda: len(str(10 ** 5000))); sys.set_int_max_str_digits(4300)
print(sys.getrecursionlimit()); sys.setrecursionlimit(300)
depth = 0
def measure():
    global depth; depth += 1; measure()
try: measure()
except RecursionError as e: print(200 < depth <= 300, e)
sys.setrecursionlimit(5000); depth = 0
def count(n): return 0 if n == 0 else 1 + count(n - 1)
print(count(4000)); show("bad limit", lambda: sys.setrecursionlimit(0))
def catcher(n):
    try: return catcher(n + 1)
    except RecursionError: return "caught"
print(catcher(0))
sys.setrecursionlimit(1000)
print(sum(range(10)), "still alive")
