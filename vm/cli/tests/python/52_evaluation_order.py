# Evaluation order, chained comparisons, augmented targets, is/in, conditional expressions, del, global state.
log = []
def t(v, r=None): log.append(v); return v if r is None else r
class A:
    def __getattr__(self, n): log.append("get " + n); return 1
    def __setattr__(self, n, v): log.append(f"set {n}={v}")
    def __delattr__(self, n): log.append("del " + n)
    def __getitem__(self, k): log.append(f"item {k}"); return 2
    def __setitem__(self, k, v): log.append(f"setitem {k}={v}")
    def __delitem__(self, k): log.append(f"delitem {k}")
def flush(): r = log[:]; log.clear(); return r
a = A(); a.x += t(5); print(flush()); a[t("k")] += t(3); print(flush()); a.b, a["c"], (a.d, *a.e) = t([1, 2, [3, 4, 5]]); print(flush()); del a.x, a["y"]; print(flush())
t(1) + t(2) * t(3) - t(4); print(flush()); t(1) < t(2) < t(0) < t(9); print(flush()); t(1) if t(0) else t(2); print(flush()); [t(1), t(2)][t(0)]; print(flush()); {t("a"): t(1), **t({}, {"z": 1}), t("b"): t(2)}; print(flush()); print(t(1), *t([2], [2]), t(3), sep=t("-"), **t({}, {"end": "\n"})); print(flush())
(t("base", [0, 1]))[t("idx", 0)] = t("val"); print(flush()); x = y = t(5); print(flush(), x, y); x, y = y, x = t(1), t(2); print(flush(), x, y); i = 0; l = [5, 6]; i, l[i] = 1, 9; print(i, l); l[0], l = "new", [0]; print(l)
assert t(True), t("not evaluated"); print(flush()); print(not t(0) or t(1), t(0, 0) or t("", "") or t([], []), t(1) and t(2) and t(0, 0)); print(flush())
def f(a=t("default a"), *, b=t("default b")): return a, b
print(flush(), f()); 
@t("deco1", lambda f: log.append("apply1") or f)
@t("deco2", lambda f: log.append("apply2") or f)
class D(t("base class", object), metaclass=t("meta", type)): log.append("body")
print(flush()); lambda: t("never"); print(flush())
for v in t("iter", [1, 2]): log.append(v)
print(flush()); [t(i) for i in t("src", [1, 2]) if t(i)]; print(flush())
with t("cm", __import__("contextlib").nullcontext(3)) as z: t(z)
print(flush())
try: t("try"); raise t("exc", ValueError("v")) from t("cause", KeyError("k"))
except t("type", (ValueError,)) as e: t("handler")
else: t("no")
finally: t("finally")
print(flush()); print(1 < 2 > 1 == 1 != 3, (1 < 2) == True, 5 in (1, 5), not 1 in [2], -2 ** 2, 2 ** -1, 2 ** 3 ** 2, -7 // 2, -7 % 3, 7 // -2, ~-1, not not 5, 1 or 0 and 0, (1 or 0) and 0, 3 & 2 == 2, 1 | 2 ^ 3 & 4, 1 << 2 + 1, "a" "b" * 2)
n = None; print(n is None, n is not None, [] is [], (1,) is (1, 2), True is not False, "x" in "xyz", [1] in [[1]], None in [0], float("nan") in [float("nan")], (nan := float("nan")) in [nan], nan == nan, {nan: 1}[nan], [nan] == [nan], 0.0 == -0.0, (0.0,) == (-0.0,), True == 1, {1: "a"}[True], "1" == 1, 1 == 1 + 0j, 2 ** 53 == float(2 ** 53), 2 ** 53 + 1 == float(2 ** 53 + 1), 10 ** 400 > 1e308, -10 ** 400 < float("-inf"), 1 < 1.5 < 2)
class Eq:
    def __init__(self, r): self.r = r
    def __eq__(self, o): return self.r
    def __ne__(self, o): return "ne"
print(Eq("yes") == 1, 1 == Eq([]), Eq(NotImplemented) == Eq(5), Eq(NotImplemented) == Eq(NotImplemented), Eq(0) != 1, 1 != Eq(0), Eq(True) in [1], [Eq(1)] == [2], (Eq(0),) == (1,), Eq(1) is Eq(1), [1, 2].index(Eq(True)), [1, 1].count(Eq(True)))
class Lt:
    def __lt__(self, o): return "lt"
    def __gt__(self, o): return "gt"
    def __le__(self, o): return NotImplemented
print(Lt() < 1, 1 < Lt(), Lt() > 1, 1 > Lt(), max(Lt(), Lt()).__class__.__name__)
try: Lt() <= 1
except TypeError as e: print(e)
class Sub(int):
    def __radd__(self, o): return "sub radd"
    def __eq__(self, o): return "sub eq"
    __hash__ = int.__hash__
    def __lt__(self, o): return "sub lt"
    def __gt__(self, o): return "sub gt"
print(1 + Sub(2), Sub(2) + 1, 1 == Sub(2), 1 < Sub(2), 1 > Sub(5), True + Sub(1), 1.0 + Sub(1))
g = 1
def scopes():
    global g; g += 1; h = g
    def inner(): nonlocal h; h += 10; global g; g = h; return h
    return inner(), h, g
print(scopes(), g); del g
try: g
except NameError as e: print(e)
s = 0
for i in range(5):
    if i == 1: continue
    s += i
    if i == 3: break
else: s = -1
print(s, i); x = 5; x -= x - 1; print(x); x = [1]; y = x; x += [2]; x = x + [3]; print(x, y); x = "a"; x += "b" * 2; x *= 2; print(x); d = {"k": 1}; d["k"] <<= 3; d["k"] |= 1; d["k"] **= 2; d["k"] //= 4; d["k"] %= 13; d["k"] ^= 6; d["k"] &= 7; d["k"] >>= 1; d["k"] /= 2; print(d); m = [[0] * 2] * 2; m[0][0] += 1; print(m)
class Asked:
    def __lt__(self, o): print("lt", o); return NotImplemented
    __le__ = lambda self, o: print("le", o) or NotImplemented
    __gt__ = lambda self, o: print("gt", o) or NotImplemented
    __ge__ = lambda self, o: print("ge", o) or NotImplemented
def decides(test, x):
    try: print(test(x))
    except TypeError as e: print(e)
for x in (Asked(), "s", 2, 0.5):
    decides(lambda x: "yes" if 0 < x else "no", x); decides(lambda x: "yes" if 0 <= x else "no", x); decides(lambda x: "yes" if 1 > x else "no", x)
    decides(lambda x: "yes" if 1 >= x else "no", x); decides(lambda x: "yes" if 0 <= x < 1 else "no", x); decides(lambda x: "yes" if x < 0 else "no", x)
