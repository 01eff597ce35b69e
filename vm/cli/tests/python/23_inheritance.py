# Cooperative super, abstract classes, mixins, overriding dunders, isinstance trees.
from abc import ABC, abstractmethod
class Shape(ABC):
    registry = {}
    def __init__(self, name, **kw): super().__init__(**kw); self.name = name; Shape.registry[name] = self
    @abstractmethod
    def area(self): ...
    @property
    @abstractmethod
    def sides(self): ...
    def __lt__(self, o): return self.area() < o.area()
    def __str__(self): return f"{type(self).__name__}<{self.name}:{self.area():.2f}>"
class Rect(Shape):
    sides = 4
    def __init__(self, w, h, **kw): super().__init__(**kw); self.w, self.h = w, h
    def area(self): return self.w * self.h
class Square(Rect):
    def __init__(self, s, **kw): super().__init__(s, s, **kw)
    def area(self): return super().area() + 0
class Loud:
    def __init__(self, *, volume=1, **kw): super().__init__(**kw); self.volume = volume
    def __str__(self): return super().__str__().upper() + "!" * self.volume
class LoudSquare(Loud, Square):
    def __init__(self, s, **kw): super().__init__(s=s, **kw)
print(Rect(2, 3, name="r"), Square(2, name="s"), LoudSquare(3, name="ls", volume=3), [c.__name__ for c in LoudSquare.__mro__])
print([str(s) for s in sorted(Shape.registry.values())], max(Shape.registry.values()).name)
for bad in (lambda: Shape("x"), lambda: type("Half", (Shape,), {"area": 1})(name="h"), lambda: Rect(1), lambda: LoudSquare(1, nope=2)):
    try: print(bad())
    except TypeError as e: print(e)
print(Shape.__abstractmethods__ == frozenset({"area", "sides"}), isinstance(Square(1, name="q"), Shape), issubclass(Loud, Shape))
class Duck(ABC):
    @classmethod
    def __subclasshook__(cls, C): return True if any("quack" in B.__dict__ for B in C.__mro__) else NotImplemented
class Q:
    def quack(self): pass
print(issubclass(Q, Duck), isinstance(Q(), Duck), isinstance(5, Duck)); Duck.register(int); print(isinstance(5, Duck))
class A:
    def f(self): return ["A"]
    @classmethod
    def c(cls): return [cls.__name__, "A"]
    @property
    def p(self): return "A.p"
    def __getitem__(self, k): return ("A", k)
class B(A):
    def f(self): return ["B"] + super().f()
    @classmethod
    def c(cls): return ["B"] + super().c()
    @property
    def p(self): return "B.p+" + super().p
    def __getitem__(self, k): return ("B", super().__getitem__(k))
class C(A):
    def f(self): return ["C"] + super().f()
class D(B, C):
    def f(self): return ["D"] + super().f()
    def g(self): return super(B, self).f(), super(D, self).f(), A.f(self)
d = D(); print(d.f(), d.g(), D.c(), d.p, d["k"], D.__mro__.index(C), [x.__name__ for x in A.__subclasses__()])
class E(A):
    def f(self):
        def inner(): return super(E, self).f()
        return [super().f() for _ in range(1)] + [inner(), __class__.__name__]
print(E().f())
try:
    class W:
        def f(self): return super().nothing
    W().f()
except AttributeError as e: print(e)
def outside(self): return super().f()
try: outside(d)
except RuntimeError as e: print(e)
class Num(float):
    def __new__(cls, v, unit): o = super().__new__(cls, v); o.unit = unit; return o
    def __repr__(self): return f"{float(self)}{self.unit}"
print(Num(1.5, "m"), Num(1, "s") + 1, sorted([Num(2, "b"), Num(1, "a")]))
class DefaultDict(dict):
    def __init__(self, f, *a): super().__init__(*a); self.f = f
    def __missing__(self, k): v = self[k] = self.f(); return v
dd = DefaultDict(list, {"a": [1]}); dd["b"].append(2); print(dd, dd["a"])
class Err(KeyError):
    def __str__(self): return "custom"
try: raise Err("x")
except LookupError as e: print(e, repr(e), e.args)
class Node:
    def __init__(self, v, *kids): self.v, self.kids = v, kids
    def accept(self, visitor): return getattr(visitor, "visit_" + type(self).__name__.lower(), visitor.generic)(self)
class Leaf(Node): pass
class Visitor:
    def generic(self, n): return n.v + sum(k.accept(self) for k in n.kids)
    def visit_leaf(self, n): return n.v * 10
print(Node(1, Leaf(2), Node(3, Leaf(4)), Leaf(5)).accept(Visitor()))
class Base2:
    def template(self): return f"{self.head()}-{self.body()}"
    def head(self): return "h"
    body = lambda self: "b"
class Over(Base2):
    def body(self): return "over"
print(Over().template()); o = Over(); o.head = lambda: "instance"; print(o.template()); Base2.head = lambda self: "patched"; print(Over().template())
A.f = lambda self: ["patched A"]; print(D().f()); del C.f; print(D().f())
D.__bases__ = (C, B); print([c.__name__ for c in D.__mro__])
