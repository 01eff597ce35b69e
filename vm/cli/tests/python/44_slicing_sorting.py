# Every slice of every sequence; sorting: stability, keys, adversarial orders, mutation.
import random
bounds = [None, -7, -5, -3, -1, 0, 1, 3, 5, 7]
def reference(n, s):
    start, stop, step = s.indices(n); out = []; i = start
    while (i < stop) if step > 0 else (i > stop): out.append(i); i += step
    return out
bad = total = 0
for n in (0, 1, 5):
    for a in bounds:
        for b in bounds:
            for c in (None, 1, 2, 3, -1, -2, -9):
                s = slice(a, b, c); want = reference(n, s); total += 1
                l = list(range(n))
                if l[s] != want or list(range(n)[s]) != want or list(tuple(l)[s]) != want or bytes(l)[s] != bytes(want) or list(bytearray(l)[s]) != want or "".join(map(chr, l))[s] != "".join(map(chr, want)) or memoryview(bytes(l))[s].tolist() != want: bad += 1
                d = l[:]; del d[s]
                if d != [v for v in l if v not in want]: bad += 1
                e = l[:]; e[s] = [-v for v in e[s]] if c not in (None, 1) else [9, 9, 9]
                if c in (None, 1):
                    i, j, _ = s.indices(n); j = max(i, j)
                    if e != l[:i] + [9, 9, 9] + l[j:]: bad += 1
                elif e != [-v if v in want else v for v in l]: bad += 1
print(total, bad)
class Probe:
    def __getitem__(self, k): return k
p = Probe(); print(p[1], p[1:2], p[:], p[::2], p[1, 2], p[1:2, ::3], p[...], p[()], p[-1:], p["a":"b"])
r = random.Random(5)
for n in (0, 1, 2, 10, 63, 64, 65, 200, 1000, 5000):
    for make in (lambda: [r.randrange(100) for _ in range(n)], lambda: list(range(n)), lambda: list(range(n, 0, -1)), lambda: [i % 10 for i in range(n)], lambda: [0] * n, lambda: [r.random() for _ in range(n)], lambda: [str(r.randrange(1000)) for _ in range(n)], lambda: list(range(n // 2)) + list(range(n // 2)), lambda: [(r.randrange(5), i) for i in range(n)], lambda: [r.randrange(-10 ** 30, 10 ** 30) for _ in range(n)], lambda: [r.choice([1, 1.5, True, 2 ** 70]) for _ in range(n)]):
        data = make(); s = sorted(data)
        assert all(not (b < a) for a, b in zip(s, s[1:])), (n, "order"); assert len(s) == len(data)
        k = sorted(data, key=lambda v: str(v)[-1:]); assert [str(v)[-1:] for v in k] == sorted(str(v)[-1:] for v in data)
        idx = {}; stable = sorted(range(len(data)), key=lambda i: str(data[i])[-1:]); assert all(a < b for a, b in zip(stable, stable[1:]) if str(data[a])[-1:] == str(data[b])[-1:]), "stability"
        rev = sorted(range(len(data)), key=lambda i: str(data[i])[-1:], reverse=True); assert all(a < b for a, b in zip(rev, rev[1:]) if str(data[a])[-1:] == str(data[b])[-1:]), "reverse stability"
        d = data[:]; d.sort(); assert d == s; d.sort(reverse=True); assert d == sorted(data, reverse=True)
print("sorts agree")
class C:
    count = 0
    def __init__(self, v): self.v = v
    def __lt__(self, o): C.count += 1; return self.v < o.v
    def __repr__(self): return str(self.v)
print(sorted([C(3), C(1), C(2)]), C.count, min([C(2), C(1)]), max([C(2), C(1)])); C.count = 0; sorted([C(i) for i in range(100)]); print(C.count)
def boom(v):
    if v == 3: raise ValueError("in key")
    return v
l = [5, 3, 1]
try: l.sort(key=boom)
except ValueError as e: print(e, l)
class Bad:
    def __lt__(self, o): raise TypeError("no order")
try: sorted([Bad(), Bad()])
except TypeError as e: print(e)
l = [3, 2, 1]
def mutate(v): l.append(v); return v
try: l.sort(key=mutate)
except ValueError as e: print(e)
for bad in ([1, "a"], [None, 1], [(1, "a"), (1, 2)], [{}, {}], [1j, 2j]):
    try: sorted(bad)
    except TypeError as e: print(e)
try: [].sort(5)
except TypeError as e: print(e)
nan = float("nan"); print(len(sorted([3.0, nan, 1.0])), sorted([2, 1.5, True, 0]), sorted("Bab"), sorted([[2], [1, 5], [1]]), sorted([(1, 2), (1,), (0, 9)]), sorted({"b": 1, "a": 2}), sorted([b"b", b"a"]), sorted([frozenset(), frozenset([1])], key=len), sorted(["10", "9", "1"], key=int), sorted([3, 1], key=None), [*reversed(sorted("cab"))])
