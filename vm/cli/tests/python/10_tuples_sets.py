# tuple, set, frozenset, range.
t = (1, 2, 3)
print(t, t[0], t[-1], t[1:], t + (4,), t * 2, len(t), 2 in t, t.index(3), t.count(1), (1,), (), tuple("ab"), tuple([1, [2]]))
print((1, 2) < (1, 3), (1, 2) == (1, 2), (1,) < (1, 0), () < (0,), (1, "a") != (1, "b"), hash((1, 2)) == hash((1, 2)), hash(()) == hash(()))
(a, b), c = (1, 2), 3; print(a, b, c); x = 1, ; print(x); print(*t, sep="|"); print((*t, *"ab"), [*t, 0], {*t})
for bad in (lambda: t[9], lambda: t.index(9), lambda: (1,) + [2], lambda: t < 5, lambda: hash(([],)), lambda: t["a"]):
    try: print(bad())
    except Exception as e: print(type(e).__name__ + ":", e)
try: t[0] = 1
except TypeError as e: print(e)
try: del t[0]
except TypeError as e: print(e)
print(repr((1, "a", None, (2,))), str(()), tuple(x for x in range(3)), tuple(range(3))[::-1])

s = {3, 1, 2}
print(sorted(s), len(s), 2 in s, 9 in s, sorted(s | {4}), sorted(s & {1, 2}), sorted(s - {1}), sorted(s ^ {1, 9}), set(), {1} == {1}, {1} <= {1, 2}, {1, 2} > {1}, {1} < {1}, {1}.isdisjoint({2}))
s.add(5); s.discard(1); s.discard(99); s.remove(2); print(sorted(s)); s.update([7, 8], (9,)); print(sorted(s))
s |= {1}; s &= {1, 3, 5}; s -= {3}; s ^= {100}; print(sorted(s), sorted(s.union([2], [3])), s.intersection([1, 2]), sorted(s.difference([1])), sorted(s.symmetric_difference([1, 4])))
s.intersection_update([1, 5]); s.difference_update([5]); s.symmetric_difference_update([2]); print(sorted(s), {1}.issubset([1, 2]), {1, 2}.issuperset([1]))
p = {42}; print(p.pop(), p, p.copy() is p); p.clear()
try: p.pop()
except KeyError as e: print(e)
try: p.remove("zz")
except KeyError as e: print(e)
try: {[]}
except TypeError as e: print(e)
try: {1} | [2]
except TypeError as e: print(e)
try: {1} < 5
except TypeError as e: print(e)
f = frozenset([1, 2]); print(f == {1, 2}, hash(f) == hash(frozenset([2, 1])), {f: 1}[frozenset([2, 1])], {f} == {frozenset([1, 2])}, frozenset(), type(f | {3}).__name__, type({3} | f).__name__, repr(frozenset([7])), f.copy() is f)
print(sorted({x % 3 for x in range(10)}), {"a"}, {1.0, 1, True}, len({float("nan"), float("nan")}), sorted(set("mississippi")), sorted({i * i for i in range(-3, 4)}))
big = set(range(1000)); big -= set(range(0, 1000, 3)); print(len(big), 3 in big, 4 in big, sum(big))
try:
    g = {1, 2, 3}
    for v in g: g.add(v + 10)
except RuntimeError as e: print(e)
class S(set):
    pass
print(type(S([1]) | {2}).__name__, S([1]), {(1, 2), (1, 2)}, any({0}), sum({1, 2}), max({1, 2}))

r = range(2, 20, 3)
print(r, list(r), len(r), r[2], r[-1], r[1:3], r[::-1], 5 in r, 6 in r, r.index(8), r.count(8), r.start, r.stop, r.step, r == range(2, 18, 3), range(0) == range(5, 5), hash(range(3)) == hash(range(3)))
print(list(range(10, 0, -3)), list(range(-3)), range(5)[::2], list(reversed(range(4))), bool(range(0)), sum(range(101)), range(10**20)[-1], len(range(0, 10**6, 7)), 10**19 in range(10**20))
try: range(3)[5]
except IndexError as e: print(e)
try: range(1.5)
except TypeError as e: print(e)
print(max(range(5)), sorted(range(3), reverse=True), [*range(2)], tuple(range(3)), range(3).__iter__().__next__())
print(slice(1, 2), slice(None, 5, 2).indices(3), slice(1, 2) == slice(1, 2), slice(3).stop)
