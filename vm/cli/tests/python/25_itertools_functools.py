# itertools, functools, operator.
import itertools as it, functools as ft, operator as op
print(list(it.count(5, 2).__next__() for _ in range(3)), list(it.islice(it.count(1), 2, 10, 3)), list(it.islice(it.cycle("ab"), 5)), list(it.repeat(7, 3)))
print(list(it.chain([1], (2, 3), "a")), list(it.chain.from_iterable([[1], [2]])), list(it.accumulate([1, 2, 3, 4])), list(it.accumulate([3, 1, 2], max)), list(it.accumulate([1, 2], initial=10)))
print(list(it.combinations("abc", 2)), list(it.permutations("abc", 2))[:4], list(it.product("ab", [1, 2])), list(it.product([0, 1], repeat=2)), list(it.combinations_with_replacement("ab", 2)))
print(list(it.takewhile(lambda x: x < 3, [1, 2, 3, 1])), list(it.dropwhile(lambda x: x < 3, [1, 2, 3, 1])), list(it.filterfalse(lambda x: x % 2, range(5))), list(it.compress("abcd", [1, 0, 1, 1])), list(it.starmap(pow, [(2, 3), (3, 2)])))
print([(k, list(g)) for k, g in it.groupby("aabbbc")], [(k, [x for x in g]) for k, g in it.groupby([1, 3, 2, 4, 5], key=lambda x: x % 2)], list(it.zip_longest([1, 2], "a", fillvalue="-")), list(it.pairwise([1, 2, 3])), list(it.batched("abcdefg", 3)))
a, b = it.tee([1, 2, 3]); print(next(a), list(b), list(a), list(zip(range(3), it.count())))
for bad in (lambda: list(it.islice([1], -1)), lambda: list(it.batched([1], 0)), lambda: list(it.combinations([1], -1)), lambda: list(zip([1], [1, 2], strict=True)), lambda: list(it.batched("abc", 2, strict=True)), lambda: it.count("a")):
    try: print(bad())
    except (ValueError, TypeError) as e: print(type(e).__name__, e)
print(ft.reduce(op.add, [1, 2, 3]), ft.reduce(lambda a, b: a * b, [1, 2, 3], 10), ft.partial(pow, 2)(5), ft.partial(print, "x", sep="-")("y"), ft.partial(int, base=2)("101"))
calls = []
@ft.lru_cache(maxsize=2)
def cached(n): calls.append(n); return n * 2
print([cached(n) for n in (1, 2, 1, 3, 1, 2)], calls, cached.cache_info()); cached.cache_clear(); print(cached.cache_info(), cached.__wrapped__(9))
@ft.cache
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(90))
@ft.total_ordering
class V:
    def __init__(self, v): self.v = v
    def __eq__(self, o): return self.v == o.v
    def __lt__(self, o): return self.v < o.v
print(V(1) <= V(2), V(1) >= V(2), V(3) > V(2))
def deco(f):
    @ft.wraps(f)
    def wrapper(*a): return f(*a)
    return wrapper
@deco
def documented(x): "the doc"; return x
print(documented.__name__, documented.__doc__, documented.__wrapped__(5))
class P:
    @ft.cached_property
    def slow(self): calls.append("slow"); return 42
    @ft.singledispatchmethod
    def m(self, x): return "object"
    @m.register
    def _(self, x: int): return "int"
    half = ft.partialmethod(lambda self, a, b: (a, b), 1)
p = P(); print(p.slow, p.slow, calls.count("slow"), p.m("a"), p.m(1), p.half(2))
@ft.singledispatch
def show(x): return f"object {x}"
@show.register(int)
@show.register(float)
def _(x): return f"number {x}"
@show.register
def _(x: list): return f"list of {len(x)}"
print(show("s"), show(1), show(2.5), show([1]), show(True), show.dispatch(bool) is show.registry[int])
print(sorted([3, 1, 2], key=ft.cmp_to_key(lambda a, b: b - a)), sorted("bca", key=ft.cmp_to_key(lambda a, b: (a > b) - (a < b))))
print(op.itemgetter(1)([5, 6]), op.itemgetter(0, 2)("abc"), op.attrgetter("real")(5), op.attrgetter("real", "imag")(5j), op.methodcaller("upper")("x"), op.methodcaller("replace", "a", "b")("aa"), op.mul(3, 4), op.contains([1], 1), op.not_(0), op.truth([]), op.index(5), op.is_(None, None), op.concat([1], [2]), op.countOf([1, 1], 1), op.indexOf([1, 2], 2), op.length_hint([1]), op.iadd([1], [2]))
print(sorted([("b", 2), ("a", 2), ("c", 1)], key=op.itemgetter(1, 0)), max([{"n": 1}, {"n": 3}], key=op.itemgetter("n")), list(map(op.neg, [1, -2])), list(map(op.sub, [5, 6], [1, 2])))
print(list(filter(str.isalpha, "a1b")), list(map(lambda *a: sum(a), [1, 2], [3, 4], [5, 6])), list(reversed(range(3))), list(enumerate("ab", start=5)), next(iter([]), "d"), sum(map(len, ["a", "bb"])), any(map(str.isdigit, "a1")), repr(ft.partial(pow, 2))[:17])
primes = it.filterfalse(lambda n: any(n % d == 0 for d in range(2, int(n ** .5) + 1)), it.count(2)); print(list(it.islice(primes, 10)))


# Tuples of arguments are looked up before they are made: equal keys of other types, and keys that run code.
@ft.lru_cache(maxsize=2)
def arguments(*args, **kwargs):
    return args, kwargs


for args in [(1, 2), (1, 2), (1, 2.0), ((1, 2),), ("a",), (1,), (1.0,), (True,), (1, 2), (), (), (list,)]:
    arguments(*args)
print(arguments.cache_info())


class Counted:
    hashed = compared = 0

    def __hash__(self):
        Counted.hashed += 1
        return 1

    def __eq__(self, other):
        Counted.compared += 1
        return isinstance(other, Counted)


@ft.lru_cache
def counted(*args):
    return args


print(counted(Counted(), 1) is counted(Counted(), 1), Counted.hashed, Counted.compared, counted.cache_info())
counted.cache_clear()
print(counted.cache_info())
try:
    counted([], 1)
except TypeError as error:
    print(error)
