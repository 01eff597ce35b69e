# Longer object-oriented programs: inventory, text adventure, event queue, LRU cache, matrix class.
from collections import OrderedDict, defaultdict
from functools import total_ordering
import heapq, itertools
class Observable:
    def __init__(self): self._handlers = defaultdict(list)
    def on(self, event, handler=None):
        if handler is None: return lambda h: self.on(event, h) or h
        self._handlers[event].append(handler)
    def emit(self, event, *args, **kw): return [h(*args, **kw) for h in self._handlers[event]]
class Inventory(Observable):
    def __init__(self, **stock): super().__init__(); self._stock = dict(stock)
    def __getitem__(self, k): return self._stock.get(k, 0)
    def __setitem__(self, k, v):
        if v < 0: raise ValueError(f"negative stock for {k!r}: {v}")
        old, self._stock[k] = self[k], v
        self.emit("change", k, old=old, new=v)
        if v == 0: del self._stock[k]; self.emit("empty", k)
    def __iter__(self): return iter(sorted(self._stock))
    def __len__(self): return sum(self._stock.values())
    def __contains__(self, k): return self[k] > 0
    def __repr__(self): return f"Inventory({', '.join(f'{k}={self[k]}' for k in self)})"
    def __iadd__(self, other):
        for k in other: self[k] += other[k]
        return self
    def __or__(self, other): new = Inventory(**self._stock); new += other; return new
    def __eq__(self, other): return isinstance(other, Inventory) and self._stock == other._stock
inv, log = Inventory(apple=3, pear=1), []
inv.on("change", lambda k, old, new: log.append((k, old, new)))
@inv.on("empty")
def gone(k): log.append(f"out of {k}")
inv["apple"] -= 2; inv["pear"] -= 1; inv["fig"] += 7
try: inv["apple"] -= 5
except ValueError as e: print(e)
print(inv, len(inv), "fig" in inv, "pear" in inv, log, inv | Inventory(fig=1, plum=2), inv == Inventory(apple=1, fig=7))
class State:
    transitions = {}
    def __init_subclass__(cls, **kw): super().__init_subclass__(**kw); State.transitions[cls.__name__] = {n[3:]: f for n, f in vars(cls).items() if n.startswith("on_")}
class Idle(State):
    def on_coin(m): m.coins += 1; return "Ready"
    def on_push(m): return "Idle"
class Ready(State):
    def on_coin(m): m.coins += 1; return "Ready"
    def on_push(m): m.passed += 1; m.coins -= 1; return "Ready" if m.coins else "Idle"
class Machine:
    def __init__(self): self.state, self.coins, self.passed, self.trace = "Idle", 0, 0, []
    def feed(self, events):
        for e in events:
            try: self.state = State.transitions[self.state][e](self)
            except KeyError as x: self.trace.append(f"bad {x}")
            else: self.trace.append(self.state)
        return self
m = Machine().feed("push coin coin push kick push push".split()); print(m.trace, m.coins, m.passed)
@total_ordering
class Event:
    ids = itertools.count()
    def __init__(self, at, what): self.at, self.what, self.id = at, what, next(Event.ids)
    def __eq__(self, o): return (self.at, self.id) == (o.at, o.id)
    def __lt__(self, o): return (self.at, self.id) < (o.at, o.id)
class Simulation:
    def __init__(self): self.now, self.queue, self.log = 0, [], []
    def after(self, delay, what): heapq.heappush(self.queue, Event(self.now + delay, what)); return self
    def run(self, until):
        while self.queue and self.queue[0].at <= until: e = heapq.heappop(self.queue); self.now = e.at; e.what(self)
        return self.log
def customer(n):
    def arrive(s):
        s.log.append((s.now, f"c{n} arrives"))
        if n < 4: s.after(3, customer(n + 1))
        s.after(5 - n % 2, lambda s: s.log.append((s.now, f"c{n} leaves")))
    return arrive
print(Simulation().after(0, customer(1)).run(12))
class LRU:
    def __init__(self, size): self.size, self.data, self.hits, self.misses = size, OrderedDict(), 0, 0
    def __call__(self, f):
        def wrapper(*a):
            if a in self.data: self.hits += 1; self.data.move_to_end(a); return self.data[a]
            self.misses += 1; r = self.data[a] = f(*a)
            if len(self.data) > self.size: self.data.popitem(last=False)
            return r
        wrapper.cache = self
        return wrapper
@LRU(3)
def square(n): return n * n
print([square(n) for n in (1, 2, 3, 1, 4, 2, 1)], square.cache.hits, square.cache.misses, list(square.cache.data))
class Matrix:
    __slots__ = ("rows",)
    def __init__(self, rows): self.rows = [list(r) for r in rows]
    @classmethod
    def identity(cls, n): return cls([int(i == j) for j in range(n)] for i in range(n))
    shape = property(lambda self: (len(self.rows), len(self.rows[0])))
    T = property(lambda self: type(self)(zip(*self.rows)))
    def __matmul__(self, o):
        if self.shape[1] != o.shape[0]: raise ValueError(f"shapes {self.shape} and {o.shape} do not fit")
        return type(self)([sum(a * b for a, b in zip(r, c)) for c in zip(*o.rows)] for r in self.rows)
    def __mul__(self, k): return type(self)([v * k for v in r] for r in self.rows)
    __rmul__ = __mul__
    def __add__(self, o): return type(self)([a + b for a, b in zip(r, s)] for r, s in zip(self.rows, o.rows))
    def __neg__(self): return -1 * self
    def __sub__(self, o): return self + -o
    def __pow__(self, n): return Matrix.identity(len(self.rows)) if n == 0 else self @ self ** (n - 1) if n % 2 else (self @ self) ** (n // 2)
    def __getitem__(self, ij): i, j = ij; return self.rows[i][j] if isinstance(i, int) and isinstance(j, int) else Matrix(r[j] if isinstance(j, slice) else [r[j]] for r in (self.rows[i] if isinstance(i, slice) else [self.rows[i]]))
    def __setitem__(self, ij, v): self.rows[ij[0]][ij[1]] = v
    def __iter__(self): return itertools.chain.from_iterable(self.rows)
    def __eq__(self, o): return self.rows == o.rows
    def __repr__(self): return "[" + "; ".join(" ".join(map(str, r)) for r in self.rows) + "]"
a = Matrix([[1, 2], [3, 4]]); print(a @ a, 2 * a, a.T, a ** 5, a - a, a[0, 1], a[:, 0], a[1, :], sum(a), a == a.T.T, -a, Matrix.identity(2) @ a == a); a[0, 0] = 9; print(a)
try: a @ Matrix([[1, 2, 3]])
except ValueError as e: print(e)
class Tree:
    def __init__(self, key=None, left=None, right=None): self.key, self.left, self.right = key, left, right
    def insert(self, k):
        if self.key is None: self.key = k
        else:
            side = "left" if k < self.key else "right"; kid = getattr(self, side)
            kid.insert(k) if kid else setattr(self, side, Tree(k))
        return self
    def __iter__(self):
        if self.left: yield from self.left
        if self.key is not None: yield self.key
        if self.right: yield from self.right
    def __reversed__(self):
        if self.right: yield from reversed(self.right)
        yield self.key
        if self.left: yield from reversed(self.left)
    def depth(self): return 1 + max((t.depth() for t in (self.left, self.right) if t), default=0)
    def __contains__(self, k): return self.key == k or (k in (self.left or ()) if k < self.key else k in (self.right or ()))
t = Tree(); [t.insert(k) for k in (50, 20, 80, 10, 30, 70, 90, 25)]; print(list(t), list(reversed(t))[:3], t.depth(), 25 in t, 26 in t, min(t), [k for k in t if k % 20 == 0])
