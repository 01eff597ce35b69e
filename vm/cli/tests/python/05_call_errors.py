# The messages of calls that do not fit.
def none(): pass
def one(a): pass
def two(a, b): pass
def default(a, b=1): pass
def kw(a, *, k): pass
def kw2(*, k, m): pass
def pos(a, b, /): pass
def star(a, *args): pass
class C:
    def __init__(self, x): pass
    def m(self, y): pass
    @classmethod
    def c(cls, z): pass
    @staticmethod
    def s(w): pass
class Plain: pass

def attempt(label, call):
    try:
        call()
        print(label, "ok")
    except Exception as e:
        print(label, "->", type(e).__name__ + ":", e)

attempt("none(1)", lambda: none(1))
attempt("none(1, 2)", lambda: none(1, 2))
attempt("one()", lambda: one())
attempt("one(1, 2)", lambda: one(1, 2))
attempt("one(1, a=2)", lambda: one(1, a=2))
attempt("one(b=2)", lambda: one(b=2))
attempt("one(1, b=2)", lambda: one(1, b=2))
attempt("two()", lambda: two())
attempt("two(1)", lambda: two(1))
attempt("two(b=1)", lambda: two(b=1))
attempt("two(1, 2, 3)", lambda: two(1, 2, 3))
attempt("default()", lambda: default())
attempt("default(1, 2, 3)", lambda: default(1, 2, 3))
attempt("default(1, 2, b=3)", lambda: default(1, 2, b=3))
attempt("kw(1)", lambda: kw(1))
attempt("kw(1, 2)", lambda: kw(1, 2))
attempt("kw(1, 2, k=3)", lambda: kw(1, 2, k=3))
attempt("kw2()", lambda: kw2())
attempt("pos(1)", lambda: pos(1))
attempt("pos(1, b=2)", lambda: pos(1, b=2))
attempt("pos(a=1, b=2)", lambda: pos(a=1, b=2))
attempt("star()", lambda: star())
attempt("C()", lambda: C())
attempt("C(1, 2)", lambda: C(1, 2))
attempt("C(1).m()", lambda: C(1).m())
attempt("C(1).m(1, 2)", lambda: C(1).m(1, 2))
attempt("C.m(1)", lambda: C.m(1))
attempt("C.c()", lambda: C.c())
attempt("C.s()", lambda: C.s())
attempt("Plain(1)", lambda: Plain(1))
attempt("Plain(x=1)", lambda: Plain(x=1))
attempt("object(1)", lambda: object(1))
attempt("3()", lambda: (3)())
attempt("None()", lambda: (None)())
attempt("'a'()", lambda: ("a")())
attempt("Plain()()", lambda: Plain()())
attempt("one(*5)", lambda: one(*5))
attempt("one(**5)", lambda: one(**5))
attempt("one(**{1: 2})", lambda: one(**{1: 2}))
attempt("one(**{'a': 1}, a=2)", lambda: one(a=2, **{"a": 1}))
attempt("one(*[1], *[2])", lambda: one(*[1], *[2]))
attempt("len()", lambda: len())
attempt("len(1, 2)", lambda: len(1, 2))
attempt("len(5)", lambda: len(5))
attempt("abs('x')", lambda: abs("x"))
attempt("ord('ab')", lambda: ord("ab"))
attempt("chr(-1)", lambda: chr(-1))
attempt("int([])", lambda: int([]))
attempt("range()", lambda: range())
attempt("range('a')", lambda: range("a"))
attempt("range(1, 2, 0)", lambda: range(1, 2, 0))
attempt("[].append()", lambda: [].append())
attempt("[].append(1, 2)", lambda: [].append(1, 2))
attempt("[].pop()", lambda: [].pop())
attempt("{}.pop(1)", lambda: {}.pop(1))
attempt("isinstance(1, 2)", lambda: isinstance(1, 2))
attempt("max()", lambda: max())
attempt("max([])", lambda: max([]))
attempt("iter(5)", lambda: iter(5))
attempt("next([])", lambda: next([]))
attempt("sum(['a'])", lambda: sum(["a"]))
attempt("print(foo=1)", lambda: print(foo=1))
attempt("sorted([1, 'a'])", lambda: sorted([1, "a"]))
attempt("getattr(1)", lambda: getattr(1))
attempt("getattr(1, 'x')", lambda: getattr(1, "x"))


# A key among the keyword defaults that compares with code of its own, called from a generator.
class Other:
    def __hash__(self):
        return hash("named")

    def __eq__(self, other):
        return chr(0) == repr(self.__class__)


def named_only(first, *, named):
    return first, named


named_only.__kwdefaults__ = {Other(): 1, "named": 2}


def calls():
    yield named_only([1])
    yield named_only(first=[2])


print(list(calls()), named_only([3]))
