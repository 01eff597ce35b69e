# Descriptors, __slots__, properties, class methods, __set_name__, __init_subclass__, metaclasses.
class Typed:
    def __set_name__(self, owner, name): self.name = name; print("named", owner.__name__, name)
    def __init__(self, kind): self.kind = kind
    def __get__(self, obj, owner):
        if obj is None: return self
        return obj.__dict__.get(self.name, "unset")
    def __set__(self, obj, value):
        if not isinstance(value, self.kind): raise TypeError(f"{self.name} must be {self.kind.__name__}")
        obj.__dict__[self.name] = value
    def __delete__(self, obj): print("delete", self.name); obj.__dict__.pop(self.name, None)
class Person:
    name = Typed(str)
    age = Typed(int)
p = Person(); print(p.name); p.name = "Ann"; p.age = 5; print(p.name, p.age, p.__dict__, type(Person.name).__name__)
try: p.age = "x"
except TypeError as e: print(e)
del p.age; print(p.age)
class NonData:
    def __get__(self, obj, owner): return ("nondata", obj is not None)
class H: d = NonData()
h = H(); print(h.d, H.d); h.d = "instance wins"; print(h.d); del h.d; print(h.d)
class Lazy:
    def __init__(self, f): self.f = f
    def __set_name__(self, o, n): self.n = n
    def __get__(self, obj, owner):
        print("computing"); v = obj.__dict__[self.n] = self.f(obj); return v
class L:
    @Lazy
    def value(self): return 42
l = L(); print(l.value, l.value)
class Slots:
    __slots__ = ("a", "b")
    def __init__(self): self.a = 1
s = Slots(); print(s.a, hasattr(s, "b"), hasattr(s, "__dict__"))
for bad in (lambda: s.b, lambda: setattr(s, "c", 1), lambda: delattr(s, "b")):
    try: print(bad())
    except AttributeError as e: print(e)
s.b = 2; del s.a; print(s.b, hasattr(s, "a"), type(Slots.a).__name__)
class SubSlots(Slots):
    __slots__ = ("z",)
    def __init__(self): super().__init__(); self.z = 3
x = SubSlots(); print(x.a, x.z, hasattr(x, "__dict__"))
class WithDict(Slots): pass
w = WithDict(); w.free = 1; print(w.free, w.a, w.__dict__)
class Prop:
    def __init__(self): self._v = 1
    def get(self): return self._v
    v = property(get, None, None, "doc of v")
    @property
    def ro(self): "ro doc"; return "ro"
q = Prop(); print(q.v, Prop.v.__doc__, Prop.ro.__doc__)
for bad in (lambda: setattr(q, "v", 2), lambda: delattr(q, "ro"), lambda: setattr(q, "ro", 2)):
    try: bad()
    except AttributeError as e: print(e)
class K:
    count = 0
    @classmethod
    def make(cls, *a): cls.count += 1; return cls.__name__, a
    @staticmethod
    def st(*a): return a
class K2(K): pass
print(K.make(1), K2.make(), K().make(2), K2().st(3), K.count, K2.count, K.__dict__["make"].__func__.__name__)
class Plugin:
    registry = []
    def __init_subclass__(cls, /, tag=None, **kw): super().__init_subclass__(**kw); cls.registry.append((cls.__name__, tag))
class A(Plugin, tag="x"): pass
class B(A): pass
print(Plugin.registry)
class Meta(type):
    def __new__(m, name, bases, ns, **kw):
        cls = super().__new__(m, name, bases, ns); cls.extra = sorted(k for k in ns if not k.startswith("__")); cls.kw = kw; return cls
    def __init__(cls, name, bases, ns, **kw): super().__init__(name, bases, ns)
    @classmethod
    def __prepare__(m, name, bases, **kw): print("prepare", name, kw); return {}
    def __len__(cls): return 77
    def __contains__(cls, v): return v == "in"
    def __getattr__(cls, n): return "meta " + n
    @property
    def mp(cls): return "metaprop " + cls.__name__
class M(metaclass=Meta, option=1):
    y = 1
    def f(self): pass
print(M.extra, M.kw, len(M), "in" in M, M.nothing, M.mp, type(M).__name__, isinstance(M, Meta))
class MM(M): z = 2
print(MM.extra, type(MM) is Meta)
try: MM().nothing
except AttributeError as e: print(e)
class X(metaclass=lambda n, b, d: (n, len(b))): pass
print(X)
class New:
    def __new__(cls, *a): print("new", a); return super().__new__(cls)
    def __init__(self, *a): print("init", a)
New(1, 2)
class Single:
    inst = None
    def __new__(cls):
        if cls.inst is None: cls.inst = super().__new__(cls)
        return cls.inst
print(Single() is Single())
class Immutable(tuple):
    def __new__(cls, *v): return super().__new__(cls, v)
print(Immutable(1, 2), type(Immutable(1)).__name__)
class ABCMeta2(type):
    def __instancecheck__(cls, o): return o == 5
    def __subclasscheck__(cls, c): return c is int
class Five(metaclass=ABCMeta2): pass
print(isinstance(5, Five), isinstance(6, Five), issubclass(int, Five), issubclass(str, Five))
class Alias:
    def a(self): return "a"
    b = a
print(Alias().b(), Alias.b is Alias.a, Alias.__dict__["a"].__get__(Alias(), Alias)())
print(object.__getattribute__(p, "name"), super(Person, p).__thisclass__.__name__, type.__call__(Person).__class__.__name__)
try:
    class Conflict(metaclass=Meta):
        __slots__ = ("y",)
        y = 1
except ValueError as e: print(e)


# One place that reads an attribute sees what classes, metaclasses and instances gain and lose.
class Meta(type):
    pass


class Subject(metaclass=Meta):
    place = "class"

    def method(self):
        return "method"


def read(subject):
    return subject.place


def call(subject):
    method = subject.method
    return method()


def told(subject):
    return [read(subject) for _ in range(3)]


print(told(Subject))
Meta.place = property(lambda cls: "metaclass")
print(told(Subject))
del Meta.place
print(told(Subject))

subject = Subject()
subject.__dict__["place"] = "dict"
print(told(subject), [call(subject) for _ in range(3)])
subject.__dict__["method"] = lambda: "own"
print(call(subject), call(Subject()))
del subject.method, subject.place
print(told(subject), call(subject))
Subject.place = property(lambda self: "property")
print(told(subject))

# The class of what is found on a class becomes a descriptor later: sites that know the attribute notice.
class Late:
    def __repr__(self):
        return "Late"


class Owner:
    late = Late()


owner = Owner()
owner.__dict__["late"] = "own"


def late(of):
    return of.late


print([late(of) for of in (Owner, Owner(), owner) for _ in range(3)])
Late.__get__ = lambda self, instance, owner: "got"
print([late(of) for of in (Owner, Owner(), owner) for _ in range(3)])
Late.__set__ = lambda self, instance, value: None
print([late(of) for of in (Owner, Owner(), owner) for _ in range(3)])
del Late.__get__
print([late(of) for of in (Owner, Owner(), owner) for _ in range(3)])
