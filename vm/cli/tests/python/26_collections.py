# collections: Counter, defaultdict, OrderedDict, deque, namedtuple, ChainMap, UserDict; heapq; bisect.
from collections import Counter, defaultdict, OrderedDict, deque, namedtuple, ChainMap, UserDict, UserList, abc
import heapq, bisect
c = Counter("mississippi"); print(c, c["i"], c["z"], c.most_common(2), c.total(), sorted(c.elements())[:3])
c.update("misc"); c.subtract({"i": 1}); print(sorted(c.items()), c + Counter("m"), Counter("aab") - Counter("ab"), Counter("aab") & Counter("abb"), Counter("aab") | Counter("abb"), -Counter(a=-1), Counter(a=1) <= Counter(a=2))
print(Counter(a=3, b=1) == Counter({"b": 1, "a": 3}), Counter([1, 1, 2]).most_common(1), dict(Counter("ab")), Counter(a=0) == Counter())
d = defaultdict(list); d["a"].append(1); d["b"]; print(d, d.get("c"), d.default_factory, len(d)); n = defaultdict(lambda: defaultdict(int)); n["x"]["y"] += 5; print(n["x"]["y"], defaultdict(int, {"q": 1})["q"])
try: defaultdict(None)["x"]
except KeyError as e: print("KeyError", e)
o = OrderedDict([("a", 1), ("b", 2), ("c", 3)]); o.move_to_end("a"); print(o, list(o), o.popitem(last=False)); o.move_to_end("a", last=False); print(o == OrderedDict(a=1, c=3), o == {"c": 3, "a": 1}, list(reversed(o)))
q = deque([1, 2, 3], maxlen=4); q.append(4); q.append(5); q.appendleft(0); print(q, q[0], q[-1], len(q), q.maxlen); q.rotate(1); print(q); q.rotate(-2); q.extendleft([8, 9]); print(q, q.count(9), q.index(9)); q.pop(); q.popleft(); q.remove(8); q.reverse(); print(q, list(reversed(q)), 3 in q, q.copy() == q)
try: deque().pop()
except IndexError as e: print(e)
q = deque(range(5)); del q[1]; q.insert(1, "x"); q[0] = "first"; print(q, q + deque([1]), deque([1]) * 3, deque([1, 2]) < deque([1, 3]))
try:
    for x in q: q.append(x)
except RuntimeError as e: print(e)
P = namedtuple("P", "x y z", defaults=[0]); p = P(1, 2); print(p, p.x, p[1], p._asdict(), p._replace(x=9), P._fields, P._make([4, 5, 6]), p == (1, 2, 0), *p, P._field_defaults, isinstance(p, tuple), p.index(2), hash(p) == hash((1, 2, 0)))
for bad in (lambda: P(1), lambda: P(1, 2, 3, 4), lambda: P(1, 2, w=3), lambda: setattr(p, "x", 1), lambda: namedtuple("B", "a a"), lambda: namedtuple("B", "def"), lambda: p._replace(q=1)):
    try: print(bad())
    except (TypeError, ValueError, AttributeError) as e: print(type(e).__name__, e)
class Sub(namedtuple("Base", ["a", "b"])):
    __slots__ = ()
    @property
    def total(self): return self.a + self.b
print(Sub(1, 2).total, Sub(a=3, b=4), namedtuple("R", ["a", "def", "a"], rename=True)._fields)
m = ChainMap({"a": 1}, {"a": 2, "b": 3}); m["c"] = 4; print(m["a"], m["b"], m.maps[0], sorted(m), len(m), m.parents, dict(m.new_child({"z": 0})) == {"a": 1, "b": 3, "c": 4, "z": 0})
class Lower(UserDict):
    def __setitem__(self, k, v): super().__setitem__(k.lower(), v)
print(Lower({"ABC": 1}), Lower(X=1)["x"], UserList([1, 2]) + [3])
h = [5, 2, 8, 1, 9]; heapq.heapify(h); heapq.heappush(h, 0); print([heapq.heappop(h) for _ in range(len(h))], heapq.nlargest(2, [3, 1, 4]), heapq.nsmallest(2, "hello", key=ord), list(heapq.merge([1, 4], [2, 3], [5])), heapq.heappushpop([1, 2], 0), heapq.heapreplace([1, 2], 5))
l = [1, 3, 3, 5]; print(bisect.bisect(l, 3), bisect.bisect_left(l, 3), bisect.bisect_right(l, 9), bisect.bisect([1, 2, 3], 2, key=lambda v: v)); bisect.insort(l, 4); bisect.insort_left(l, 3); print(l)
print([isinstance(x, abc.Iterable) for x in ([], {}, "", 5, iter([]))], isinstance({}, abc.Mapping), isinstance([], abc.MutableSequence), isinstance(len, abc.Callable), isinstance((), abc.Hashable), isinstance([], abc.Hashable), issubclass(dict, abc.MutableMapping), isinstance((x for x in ()), abc.Generator))
class Bag(abc.Collection):
    def __init__(self, *i): self.i = i
    def __contains__(self, x): return x in self.i
    def __iter__(self): return iter(self.i)
    def __len__(self): return len(self.i)
print(2 in Bag(1, 2), len(Bag(1)), list(Bag(3, 4)))
class Seq(abc.Sequence):
    def __len__(self): return 3
    def __getitem__(self, i):
        if i >= 3: raise IndexError
        return i * i
s = Seq(); print(list(s), 4 in s, s.index(4), list(reversed(s)), s.count(1))
class Set(abc.Set):
    def __init__(self, i): self.i = sorted(set(i))
    def __contains__(self, x): return x in self.i
    def __iter__(self): return iter(self.i)
    def __len__(self): return len(self.i)
print(list(Set([1, 2]) | Set([3])), list(Set([1, 2]) & Set([2])), Set([1]) < Set([1, 2]), list(Set([1, 2]) - {1}))
