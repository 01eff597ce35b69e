# Attribute lookup corner cases, __slots__ with inheritance, metaclass conflicts, __class_getitem__, copying, __init_subclass__ ...
class Data:
    def __init__(self, v): self.v = v
    def __get__(self, o, t=None): return ("data", self.v, o is None)
    def __set__(self, o, v): raise AttributeError("read only")
class Non:
    def __get__(self, o, t=None): return ("non", o is None)
class A: d, n, plain = Data(1), Non(), 5
a = A(); a.__dict__.update(d="inst d", n="inst n", plain="inst p"); print(a.d, a.n, a.plain, A.d, A.n)
class Meta(type): d = Data("meta"); n = Non(); m = 7
class B(metaclass=Meta): d = "class d"; n = "class n"
print(B.d, B.n, B.m, hasattr(B(), "m"), B().d)
class GA:
    def __getattribute__(self, n):
        if n == "boom": raise AttributeError("from getattribute")
        return super().__getattribute__(n)
    def __getattr__(self, n): return f"fallback {n}"
print(GA().boom, GA().x, GA().__class__.__name__)
class P:
    @property
    def p(self): raise AttributeError("inside property")
    def __getattr__(self, n): return "getattr " + n
print(P().p)
class S1: __slots__ = ("a",)
class S2(S1): __slots__ = ("b", "__dict__")
class S3(S2): pass
s = S3(); s.a, s.b, s.c = 1, 2, 3; print(s.a, s.b, s.__dict__, S3.__mro__[1:3] == (S2, S1), S1.a.__get__(s), S1.__dict__["a"].__name__)
for bad in ("class X(S1, type('Y', (), {'__slots__': ('q',)})): pass", "class X: __slots__ = ('1a',)", "class X(int): __slots__ = ('a',)\nX().a = 5; print(X(3) + 1, 'ok int slots')", "class X(tuple): __slots__ = ('a',)", "class X(Meta, B): pass", "class M2(type): pass\nclass X(B, metaclass=M2): pass", "class X(object, A): pass", "S1().__class__ = A", "a.__class__ = 5", "A.__name__ = 5", "A.__name__ = 'Renamed'; print(A.__name__); A.__name__ = 'A'", "A.__bases__ = ()", "A.__dict__['x'] = 1", "del A.d; print(A().n)", "int.x = 1", "class X: __slots__ = 'one'\nX().one = 1; print('single slot')", "type('X', (5,), {})", "type('X', (), 5)", "type(5, (), {})", "class X(a): pass", "object.__setattr__(A, 'z', 1)", "A.__setattr__(5, 'z', 1)", "super(A, 5).x", "super(5)", "class X:\n def f(): super()\nX.f()", "A.__new__()", "object.__new__(A, 1)", "object.__init__(A(), 1)", "object().__dict__", "class X:\n  __hash__ = None\nhash(X())", "class X:\n  __eq__ = lambda s, o: True\nhash(X())", "class X:\n  __iter__ = None\niter(X())", "class X:\n  __getitem__ = None\nX()[0]", "class X:\n  __contains__ = None\n1 in X()", "class X:\n  __init__ = lambda s: 5\nX()", "class X:\n  __new__ = lambda c: 5\nprint(X())", "class X:\n  __len__ = lambda s: 'a'\nlen(X())", "class X:\n  __len__ = lambda s: 2**70\nlen(X())", "class X:\n  __set_name__ = 5\nclass Y: x = X()", "class X:\n  def __set_name__(s, o, n): 1/0\nclass Y: x = X()", "class X:\n  def __init_subclass__(cls, k): print(k)\nclass Y(X, k=3): pass\nclass Z(X): pass", "class X: pass\nX.f = lambda s: s\nX().f(1)", "class X(Exception): __slots__ = ()\nraise X('slots')", "class X(bool): pass", "class X(type(None)): pass", "class X(range): pass", "class X(type(lambda: 0)): pass", "class X(slice): pass", "X().y", "class X: y: int\nX().y"):
    try: exec(bad, globals())
    except Exception as e: print(type(e).__name__, e)
class CG:
    def __class_getitem__(cls, k): return (cls.__name__, k)
print(CG[1], CG[1, 2], type("Sub", (CG,), {})["x"])
class Call(type):
    def __call__(cls, *a, **k): o = super().__call__(*a, **k); o.tagged = True; return o
    def __instancecheck__(cls, o): return "tagged" in getattr(o, "__dict__", {})
    def __iter__(cls): return iter("meta iter")
    def __add__(cls, o): return f"{cls.__name__}+{o.__name__}"
    def __lt__(cls, o): return cls.__name__ < o.__name__
    def __repr__(cls): return f"<{cls.__name__}!>"
class T1(metaclass=Call):
    def __init__(self, x=0): self.x = x
class T2(T1): pass
print(T1(5).tagged, isinstance(T2(), T1), list(T1)[:2], T1 + T2, sorted([T2, T1]), T1, type(T2()).__mro__)
class Proxy:
    def __init__(self, t): object.__setattr__(self, "_t", t)
    def __getattr__(self, n): return getattr(self._t, n)
    def __setattr__(self, n, v): setattr(self._t, n, v)
    __class__ = property(lambda s: type(s._t))
p = Proxy(T1(3)); p.x += 1; print(p.x, p.__class__, type(p).__name__)
class Base:
    def __init_subclass__(cls, /, default="d", **k): super().__init_subclass__(**k); cls.default = default
    def __reduce__(self): return (type(self), (), {"r": 1})
class Sub(Base, default="x"): pass
import copy; c = copy.copy(Sub()); print(Sub.default, c.__dict__, Sub.__subclasses__(), Base.__subclasses__()[0] is Sub)
class Vec:
    __match_args__ = ("x", "y")
    def __init__(self, *c): self.c = c
    x = property(lambda s: s.c[0]); y = property(lambda s: s.c[1])
    def __iter__(self): return iter(self.c)
    def __bool__(self): return any(self.c)
    def __abs__(self): return sum(v * v for v in self.c) ** .5
    def __eq__(self, o): return isinstance(o, Vec) and self.c == o.c
    def __hash__(self): return hash(self.c)
    def __format__(self, s): return "(" + ", ".join(format(v, s) for v in self.c) + ")"
    def __neg__(self): return Vec(*(-v for v in self.c))
    def __complex__(self): return complex(*self.c)
    def __getattr__(self, n):
        try: return self.c["xyz".index(n)] if n in ("z",) else super().__getattribute__(n)
        except IndexError: raise AttributeError(n) from None
v = Vec(3, 4); x, y = v; print(abs(v), bool(Vec(0, 0)), f"{v:.1f}", -v == Vec(-3, -4), complex(v), {v: 1}[Vec(3, 4)], x + y, hasattr(v, "z"), Vec(1, 2, 3).z, max(v), [*v])
match v:
    case Vec(3, y=q): print("matched", q)
def method(self): return self.x
T1.late = method; T1.stat = staticmethod(lambda: "s"); T1.cls = classmethod(lambda c: c.__name__); T1.prop = property(lambda s: s.x * 2); t = T1(4); print(t.late(), T1.stat(), t.cls(), T2.cls(), t.prop, T1.late is method, t.late.__func__ is method, t.late == t.late, t.late is t.late, hash(t.late) == hash(t.late))
print([k for k in vars(T1) if not k.startswith("__")], T1.__dict__.get("late") is method, type(vars(T1)).__name__, T1.__doc__, T1.__module__, T1.__qualname__, T1.__init__.__qualname__, object.__subclasshook__(5), T1.__dictoffset__ != 0, T1.__basicsize__ > 0, T1.__flags__ > 0, T1.__type_params__, T1.__firstlineno__ > 0, T1.__static_attributes__)
