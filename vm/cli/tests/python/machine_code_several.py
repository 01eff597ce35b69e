"""Calls that mostly, but not always, find one method; what modules and classes have; `super` of a class; operators that are closures."""

import math


class Plain:
    def __init__(self, value):
        self.value = value

    def f(self, x):
        return self.value + x


class Real(Plain):
    def f(self, x):
        return float(x)


class Raising(Plain):
    def f(self, x):
        raise ValueError(x)


class Listing(Plain):
    def f(self, x=3, *rest):
        return [x, *rest]


class OfInstance:
    def __init__(self):
        self.f = lambda x: -x


def collected(objects, turns):
    out = []
    for turn in range(turns):
        for obj in objects:
            try:
                out.append(obj.f(turn))
            except ValueError as error:
                out.append(str(error))
    return out


def summed(objects, turns):
    total = 0
    for turn in range(turns):
        for obj in objects:
            total += obj.f(turn)
    return total


def through(obj, x):
    return obj.f(x)


def nested(objects, turns):
    total = 0
    for turn in range(turns):
        for obj in objects:
            total += through(obj, turn)
    return total


def several():
    plain, real = Plain(1), Real(2)
    for objects in [plain, plain, plain, real], [plain, real, real, real], [real, plain]:
        print(summed(objects, 2000))
    for objects in [plain, plain, plain, real], [real], [plain]:
        print(nested(objects, 2000))
    found = collected([plain, real, Raising(1), Listing(1), OfInstance(), plain], 1500)
    print(len(found), found[:8], found[-8:])
    Plain.f = lambda self, x: 1000
    print(summed([plain, plain, plain, real], 2000), nested([plain, plain, plain, real], 2000))


class Base:
    def __new__(cls, *args):
        return super().__new__(cls)

    @classmethod
    def make(cls, x):
        return cls.__name__, x

    @staticmethod
    def static(x):
        return x + 1

    def twice(x):
        return x * 2


class Derived(Base):
    def __new__(cls, x):
        self = super(Derived, cls).__new__(cls)
        self.x = x
        return self

    @classmethod
    def make(cls, x):
        return super().make(x)

    def both(self):
        return super().static(3), super().make(4), super(Derived, Derived).twice(5)


class Further(Derived):
    pass


class Meta(type):
    def __call__(cls, *args):
        return super().__call__(*args)

    def __repr__(cls):
        return "<" + super().__repr__()[8:-2] + ">"


class WithMeta(metaclass=Meta):
    pass


def of_classes(turns):
    total = 0
    for turn in range(turns):
        total += math.gcd(turn, 12) + Base.static(turn) + Base.twice(turn) + Derived(turn).x + math.pi
        total += Base.make(turn)[1] + Derived.make(turn)[1]
    return total


def of_instance(obj, turns):
    found = None
    for turn in range(turns):
        found = obj.both(), type(obj).make(turn), repr(WithMeta), type(WithMeta()).__name__
    return found


def classes():
    print(of_classes(3000), of_instance(Derived(1), 1500), of_instance(Further(1), 1500))
    gcd, pi = math.gcd, math.pi
    math.gcd = lambda a, b: 100
    print(of_classes(1000))
    Base.static = staticmethod(lambda x: 7)
    print(of_classes(1000))
    Base.__dict__["static"].__init__(lambda x: 9)
    print(of_classes(1000), of_instance(Derived(1), 100))
    Base.make = classmethod(lambda cls, x: (cls, -x))
    print(of_classes(1000), of_instance(Further(1), 100))
    Derived.make = Base.make
    print(of_instance(Derived(1), 100))
    math.pi = 3
    print(of_classes(1000))
    math.pi = [pi]
    try:
        of_classes(10)
    except TypeError as error:
        print(error)
    math.pi = pi
    del math.gcd
    try:
        of_classes(10)
    except AttributeError as error:
        print(error)
    math.gcd = gcd
    print(of_classes(1000))
    try:
        super(Derived, Base).make(1)
    except TypeError as error:
        print(error)


def operator_of(name):
    def forward(a, b):
        if type(b) is not type(a):
            return NotImplemented
        forward.calls += 1
        return name, a.value, b.value

    forward.calls = 0
    return forward


class Operated:
    def __init__(self, value):
        self.value = value

    __add__ = operator_of("+")
    __lt__ = operator_of("<")
    __getitem__ = operator_of("[]")


def operated(turns):
    a, b = Operated(1), Operated(2)
    found = []
    for turn in range(turns):
        found = [a + b, a < b, a[b], b + a]
        if turn == turns // 2:
            former = Operated.__add__
            Operated.__add__ = operator_of("plus")
            del former
    try:
        a + 1
    except TypeError as error:
        found.append(str(error))
    return found, Operated.__add__.calls, Operated.__lt__.calls


several()
classes()
print(operated(3000))
