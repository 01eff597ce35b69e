# Assignment targets, star expressions, augmented assignment order.
a, b = 1, 2; a, b = b, a; print(a, b)
[a, b], c = (1, 2), 3; print(a, b, c)
a, *b = "hello"; print(a, b); *a, b = (1,); print(a, b); a, *b, c = range(6); print(a, b, c); *a, = "xy"; print(a)
(a, (b, *c)), d = (1, (2, 3, 4)), 5; print(a, b, c, d)
for i, (j, *k) in [(1, (2, 3, 4)), (5, (6,))]: print(i, j, k)
l = [0, 1, 2]; l[0], l[1] = l[1], l[0]; print(l)
i = 0; i, l[i] = 2, "set"; print(i, l)
class O: pass
o = O(); o.x, o.y = 3, 4; (o.z, [l[0]]) = 5, [6]; print(o.__dict__, l)
x = y = z = []; x.append(1); print(y, z is x)
for bad in ("a, b = 1", "a, b = 1, 2, 3", "a, b, c = 'ab'", "a, *b, c = [1]", "a, b = {}", "(a, b), c = 1, 2", "a, b = None", "*a, b = ()", "a, b = iter([1])", "[a] = [1, 2]"):
    try: exec(bad); print("ok")
    except (TypeError, ValueError) as e: print(bad, "->", type(e).__name__ + ":", e)
def order():
    log = []
    def at(n): log.append(n); return n
    class D(dict):
        def __setitem__(self, k, v): log.append(("set", k, v))
        def __getitem__(self, k): log.append(("get", k)); return 10
    d = D()
    d[at(1)] = at(2)
    d[at(3)] += at(4)
    d[at(5)], d[at(6)] = at(7), at(8)
    (at(9), at(10)) == (at(11), at(12))
    {at(13): at(14), at(15): at(16)}
    [at(17), *[at(18)], at(19)]
    print(at(20), at(21), sep=str(at(22)))
    at(23) if at(24) else at(25)
    at(0) < at(26) < at(27)
    return log
print(order())
def f(*args, **kw): return args, sorted(kw.items())
print(f(*[1, 2], *(3,), 4, *range(2)), f(**{"a": 1}, **{"b": 2}, c=3), f(1, *"ab", k=1, **{"z": 26}), f(*{}, **{}))
print([*range(3), *"ab"], (*[1], *(2,)), {*[1], *[2, 2]}, {**{"a": 1, "b": 2}, "a": 3, **{"c": 4}}, [*[], *()])
def g(): return *[1, 2], 3
print(g())
def h(): yield *[1, 2], 3
print(list(h()))
for v in *[1, 2], 3: print(v, end=" ")
print()
d = {"k": [1]}; d["k"] += [2]; d["n"] = d.get("n", 0) + 1; print(d)
t = ([1],)
try: t[0] += [2]
except TypeError as e: print(e, t)
s = "a"; s += "b"; s *= 3; print(s)
class Counter:
    n = 0
    def __iadd__(self, o): self.n += o; return self
c = Counter(); alias = c; c += 5; c += 6; print(c.n, alias is c)
class NoInplace:
    def __init__(self, v): self.v = v
    def __add__(self, o): return NoInplace(self.v + o)
q = NoInplace(1); r = q; q += 5; print(q.v, r.v, q is r)
(n := 5); print(n, (m := n + 1) * 2, m)
def default(a=(w := 3)): return a
print(default(), w)
if (mm := {"a": 1}.get("a")) is not None: print("found", mm)
data = iter([1, 2, 0, 3]); out = []
while (item := next(data)): out.append(item)
print(out)
del a, (b, c); print("a" in globals())
lst = [1, 2, 3, 4]; del lst[0], lst[0]; print(lst)
x: int = 5; print(x)
a = b = c = 0; a += 1; b -= 1; print(a, b, c)
first, second, *_ = sorted([5, 3, 8]); print(first, second)
head, [tail, _] = 1, [2, 3]; print(head, tail)
(single,) = [42]; print(single)
print(*[1, 2], *["a"], sep="/"); print(*(), end="|\n")
mat = [[1, 2], [3, 4]]; (a, b), (c, d) = mat; print(a * d - b * c)
mat[0][1], mat[1][0] = mat[1][0], mat[0][1]; print(mat)
