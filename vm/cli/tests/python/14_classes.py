# Classes: attributes, methods, inheritance, MRO, super, properties.
class Point:
    dimensions = 2
    def __init__(self, x, y=0):
        self.x, self.y = x, y
    def __repr__(self): return f"Point({self.x}, {self.y})"
    def __eq__(self, other): return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)
    def __hash__(self): return hash((self.x, self.y))
    def __add__(self, o): return Point(self.x + o.x, self.y + o.y)
    def norm2(self): return self.x ** 2 + self.y ** 2
    @classmethod
    def origin(cls): return cls(0, 0)
    @staticmethod
    def describe(): return "a point"
    @property
    def sum(self): return self.x + self.y
    @sum.setter
    def sum(self, v): self.x = v - self.y
    @sum.deleter
    def sum(self): self.x = self.y = 0
p = Point(3, 4)
print(p, p.norm2(), Point.origin(), p.describe(), p.sum, p == Point(3, 4), p != Point(1), p + Point(1, 1), Point.dimensions, p.dimensions, len({p, Point(3, 4)}))
p.sum = 10; print(p); del p.sum; print(p)
p.dimensions = 3; print(p.dimensions, Point.dimensions, p.__dict__); del p.dimensions; print(p.dimensions)
p.new = "attr"; print(p.new, vars(p), hasattr(p, "new"), hasattr(p, "old"), getattr(p, "old", "default"))
setattr(p, "dyn", 1); delattr(p, "new"); print(p.__dict__)
class Base:
    def who(self): return "Base"
    def call(self): return self.who()
class Left(Base):
    def who(self): return "Left>" + super().who()
class Right(Base):
    def who(self): return "Right>" + super().who()
class Both(Left, Right):
    def who(self): return "Both>" + super().who()
print(Both().call(), [c.__name__ for c in Both.__mro__], issubclass(Both, Base), isinstance(Both(), Right), Both.__bases__ == (Left, Right), Both.__base__.__name__)
m = p.norm2; p.x = 5; print(m(), m.__self__ is p, m.__func__ is Point.norm2, Point.norm2(p), m.__name__)
class Late: pass
late = Late(); Late.f = lambda self: "added"; print(late.f()); Late.f = lambda self: "changed"; print(late.f()); del Late.f; print(hasattr(late, "f"))
for bad in (lambda: Point(), lambda: p.nothing, lambda: Point.nothing, lambda: Late().x.y, lambda: Point + 1, lambda: p < p, lambda: p[0], lambda: len(p), lambda: p(), lambda: iter(p), lambda: -p, lambda: p + 1, lambda: setattr(1, "x", 1), lambda: setattr(int, "x", 1), lambda: delattr(p, "q"), lambda: object().x):
    try: print(bad())
    except Exception as e: print(type(e).__name__ + ":", e)
try:
    class Bad(Base, Left, Base): pass
except TypeError as e: print(e)
try:
    class Bad2(Base, Left): pass
except TypeError as e: print(e)
try:
    class Bad3(5): pass
except TypeError as e: print(e)
try:
    class Bad4(bool): pass
except TypeError as e: print(e)
print(Point.__name__, Point.__qualname__, Point.__module__, type(p) is Point, p.__class__ is Point, type(Point) is type, Point.__doc__, callable(Point), Point.norm2.__qualname__)
Dynamic = type("Dynamic", (Base,), {"attr": 1, "get": lambda self: self.attr}); print(Dynamic().get(), Dynamic().who(), Dynamic.__name__)
class Outer:
    class Inner:
        v = 1
        class Deep: pass
    made = Inner()
print(Outer.Inner.v, Outer.made.v, Outer.Inner.Deep.__qualname__)
class Stack(list):
    def push(self, v): self.append(v); return self
    def __len__(self): return 100 + super().__len__()
s = Stack([1]).push(2); print(s, len(s), isinstance(s, list), s[0], s + [3], s == [1, 2])
class Str(str):
    def shout(self): return self.upper() + "!"
print(Str("hi").shout(), Str("a") + "b", type(Str("a") + "b").__name__, {Str("k"): 1}["k"])
class Int(int):
    def __add__(self, o): return Int(super().__add__(o))
i = Int(5); print(i + 3, type(i + 3).__name__, type(i * 2).__name__, i == 5, i.bit_length(), [0, 1, 2, 3, 4, 5][i])
class Chained:
    def __init__(self): self.log = []
    def a(self): self.log.append("a"); return self
    def b(self, n): self.log.append(n); return self
print(Chained().a().b(1).b(2).a().log)
p1 = Point(1); p2 = p1; p2.x = 9; print(p1.x, p1 is p2, id(p1) == id(p2))
p1.x += 5; p1.y -= 1; print(p1)
class Meta(type):
    def __call__(cls, *a): return ("made", a)
class Odd(metaclass=Meta): pass
print(Odd(1, 2))
p.__class__ = Late; print(type(p).__name__)
class Private:
    def __init__(self): self.__secret = 1
    def get(self): return self.__secret
q = Private(); print(q.get(), q.__dict__, q._Private__secret)
