# dict: order, views, methods, comparison, errors.
d = {"a": 1, "b": 2, "c": 3}
print(d, len(d), d["a"], d.get("z"), d.get("z", 0), "a" in d, "z" in d)
d["d"] = 4; d["a"] = 10; del d["b"]; print(d, list(d), list(d.values()), list(d.items()))
print(d.pop("c"), d.pop("c", None), d.setdefault("e", 5), d.setdefault("a", 0), d)
d.update({"x": 1}, y=2); d.update([("z", 3)]); print(d, d.popitem(), d)
print(dict(a=1), dict([("a", 1)]), dict({"a": 1}, b=2), dict(zip("ab", [1, 2])), dict.fromkeys("ab"), dict.fromkeys([1, 2], 0), {})
print({**d, "new": 1}, d | {"a": 0}, {"p": 1} | {"q": 2}, {k: v for k, v in d.items() if v > 2}, {x: x * x for x in range(4)})
e = {}; e |= {"k": 1}; e |= [("l", 2)]; print(e)
print({"a": 1, "b": 2} == {"b": 2, "a": 1}, {"a": 1} != {"a": 2}, {} == {}, {1: "x"} == {1.0: "x"}, {True: 1} == {1: 1})
print({1: "int", 1.0: "float", True: "bool"}, {0: 1, False: 2}, {(1, 2): "t", frozenset([1]): "f", None: "n", "": "e"}[None])
keys, values, items = d.keys(), d.values(), d.items()
d["later"] = 99; print(len(keys), "later" in keys, 99 in values, ("later", 99) in items, sorted(keys & {"a", "later"}), sorted(keys - {"a"}), sorted(keys | {"q"})[:2])
print(keys, values, items, list(reversed(d)), list(reversed(d.items()))[0])
print(sorted({"b": 1, "a": 2}), sorted({"b": 1, "a": 2}.items(), key=lambda kv: kv[1]), max({"b": 1, "a": 2}, key={"b": 1, "a": 2}.get))
c = d.copy(); c.clear(); print(c, len(d), bool(c), bool(d), d.copy() is d)
nested = {"l": [1, {"k": (1, 2)}]}; nested["l"][1]["k"] += (3,); print(nested)
for bad in (lambda: {}["k"], lambda: {}[(1, 2)], lambda: {[]: 1}, lambda: {}.popitem(), lambda: dict([1]), lambda: dict([(1, 2, 3)]), lambda: dict(5), lambda: {} < {}, lambda: {}.x, lambda: {**5}, lambda: {1: 2} + {}):
    try:
        print(bad())
    except Exception as ex:
        print(type(ex).__name__ + ":", ex)
try:
    del d["nope"]
except KeyError as ex:
    print(repr(ex), ex.args)
try:
    for k in d: d[k + "!"] = 1
except RuntimeError as ex:
    print(ex)
try:
    small = {1: 1, 2: 2}
    for k in small: del small[k]
except RuntimeError as ex:
    print(ex)
big = {i: str(i) for i in range(1000)}
for i in range(0, 1000, 2): del big[i]
print(len(big), big[501], 500 in big, list(big)[:4], sum(big))
for i in range(0, 1000, 2): big[i] = -i
print(len(big), list(big)[-2:], big[998])
class K:
    def __init__(self, v): self.v = v
    def __hash__(self): return 7
    def __eq__(self, o): return isinstance(o, K) and self.v == o.v
    def __repr__(self): return f"K{self.v}"
k = {K(i): i for i in range(10)}; print(k[K(3)], K(11) in k, len(k), k.pop(K(0)), list(k)[:2])
class M(dict):
    def __missing__(self, key): self[key] = v = key * 2; return v
m = M(a=1); print(m["x"], m, m.get("q"), isinstance(m, dict), type(m).__name__)
r = {}; r["self"] = r; print(r)
count = {}
for ch in "mississippi": count[ch] = count.get(ch, 0) + 1
print(count, sorted(count.items(), key=lambda kv: (-kv[1], kv[0])))
groups = {}
for w in "apple avocado banana blueberry cherry".split(): groups.setdefault(w[0], []).append(w)
print(groups)
inverse = {v: k for k, v in {"one": 1, "two": 2}.items()}; print(inverse)
h = {}; h[1] = 1; h[1 << 64] = 2; h[-1] = 3; h[1.5] = 4; print(h, h[2 ** 64], h[1.5], hash(1) == hash(1.0) == hash(True))
a, b = {"x": 1}.items(), {"x": 1}.items(); print(a == b, {"x": 1}.keys() == {"x": 2}.keys(), {1: 2}.keys().isdisjoint([3]), list(a)[0])
