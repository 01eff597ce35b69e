# List, set, dict comprehensions and generator expressions, with scopes.
print([x for x in range(5)], [x + y for x in "ab" for y in "cd"], [[y for y in range(x)] for x in range(4)], [x for x in range(20) if x % 2 if x % 3])
print({x % 3 for x in range(10)} == {0, 1, 2}, {x: x ** 2 for x in range(4)}, {k.upper(): v for k, v in {"a": 1, "b": 2}.items()}, {i: [j for j in range(i)] for i in range(3)})
x = "outer"
y = [x for x in range(3)]
print(x, y)
def scope(n):
    a = [n * i for i in range(3)]
    b = [f() for f in [lambda i=i: i + n for i in range(3)]]
    c = [(lambda: i + n)() for i in range(3)]
    i = "kept"
    d = [i for i in range(2)]
    return a, b, c, d, i
print(scope(10))
class C:
    items = [1, 2, 3]
    doubled = [i * 2 for i in items]
    mapping = {i: i for i in items if i > 1}
    pairs = [(i, j) for i in items for j in range(i) if j]
print(C.doubled, C.mapping, C.pairs)
print([(a, b, c) for a in range(1, 20) for b in range(a, 20) for c in range(b, 20) if a * a + b * b == c * c])
matrix = [[1, 2, 3], [4, 5, 6]]
print([[row[i] for row in matrix] for i in range(3)], [v for row in matrix for v in row], sum(v for row in matrix for v in row), list(map(list, zip(*matrix))))
print([y := 1, y ** 2], [last := v for v in range(3)], last, any((hit := v) > 2 for v in range(5)), hit)
def walrus(data): return [r for d in data if (r := d * 2) > 2], r
print(walrus([1, 2, 3]))
print([a for a, *b in [(1, 2, 3), (4,)]], [b for a, *b in [(1, 2, 3), (4,)]], [v for (k, (v, w)) in [(1, (2, 3))]], {k: v for k, v in zip("abc", range(3))})
try: [1 / v for v in [1, 0]]
except ZeroDivisionError as e: print(e)
try: [undefined for v in [1]]
except NameError as e: print(e)
print([i for i in (j * j for j in (k + 1 for k in range(4)))], [x if x % 2 else -x for x in range(5)], [not x for x in (0, 1)], [lambda: 1 for _ in range(2)].__len__())
def g(): yield from [x for x in range(3)]; yield [y for y in range(2)]
print(list(g()))
def closure():
    v = 5
    fs = [lambda: v + i for i in range(3)]
    v = 100
    return [f() for f in fs]
print(closure())
def deep(): return [[[a * 100 + b * 10 + c for c in range(2)] for b in range(2)] for a in range(2)]
print(deep())
def locals_in(): q = 1; return [sorted(locals().keys()) for z in range(1)]
print(locals_in())
words = "the cat sat on the mat the end".split()
print({w: words.count(w) for w in sorted(set(words))}, sorted({len(w) for w in words}), " ".join(w[::-1] for w in words), max((len(w), w) for w in words))
print([n for n in range(2, 50) if all(n % d for d in range(2, int(n ** 0.5) + 1))])
gen = (n for n in range(10 ** 9)); print(next(gen), next(gen))
e = (v for v in [1, 2]); e2 = (v * 2 for v in e); print(list(e2), list(e))
def first_iter_eager():
    try: (x for x in nope)
    except NameError as err: return str(err)
print(first_iter_eager())
f = [10, 20]; h = (v for v in f); f = [30]; print(list(h))
def arg(a, b=[i for i in range(2)]): return [a for a in b] + [a]
print(arg("z"))
del y
print([(y, z) for y in range(2) for z in range(y + 1)], "y" in globals())
def nonlocal_comp():
    total = 0
    def add(v):
        nonlocal total
        total += v
        return total
    return [add(v) for v in range(4)], total
print(nonlocal_comp(), dict([(k, v) for k, v in [("a", 1)]]), {**{k: 1 for k in "ab"}, **{k: 2 for k in "bc"}}, [*[i for i in range(2)], *(i for i in range(2))])
