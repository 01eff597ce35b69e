"""Classes that are changed while other threads use their instances."""

import threading

from harness import run, slices


def methods(context, running):
    class Base:
        def who(self):
            return "base", 0

        limit = 10

    class Child(Base):
        pass

    shared = [Child() for _ in range(8)]

    def change(index, rng):
        number = 0
        while running():
            number += 1

            def who(self, number=number):
                return "new", number

            target = rng.choice((Base, Child))
            target.who = who
            Base.limit = number
            setattr(target, f"extra{rng.randrange(10)}", number)
            if target is Child:
                try:
                    del Child.who
                except AttributeError:
                    pass
            context.done(1)

    def use(index, rng):
        while running():
            for item in shared:
                kind, number = item.who()
                context.check(kind in ("base", "new") and type(number) is int)
                context.check(type(item.limit) is int)
                bound = item.who
                context.check(bound()[0] in ("base", "new"))
                context.check(type(getattr(item, "extra1", 0)) is int)

    context.spawn(*[change] * max(1, context.threads // 2), *[use] * context.threads)


def descriptors(context, running):
    """A name that is now a property, now a plain value, now missing."""
    class Thing:
        def __init__(self):
            self.own = "own"

    Thing.value = 1
    shared = Thing()

    def change(index, rng):
        while running():
            kind = rng.randrange(4)
            if kind == 0:
                Thing.value = property(lambda self: self.own)
            elif kind == 1:
                Thing.value = 1
            elif kind == 2:
                Thing.value = classmethod(lambda cls: cls.__name__)
            else:
                try:
                    del Thing.value
                except AttributeError:
                    pass
            context.done(1)

    def use(index, rng):
        while running():
            try:
                value = shared.value
            except AttributeError:
                continue
            context.check(value in (1, "own") or value() == "Thing", value)

    context.spawn(*[change] * 2, *[use] * context.threads)


def birth_and_death(context, running):
    """Classes made, subclassed, used and dropped by all threads."""
    class Root:
        def __init_subclass__(cls):
            cls.registered = True

        def f(self):
            return 1

    def make(index, rng):
        while running():
            cls = type(f"Made{index}", (Root,), {"g": lambda self: self.f() + 1, "__slots__": ("a",)})
            item = cls()
            item.a = 5
            context.check(item.g() == 2 and item.a == 5 and cls.registered and isinstance(item, Root))
            sub = type("Sub", (cls,), {"f": lambda self: super(sub, self).f() + 10})
            context.check(sub().g() == 12)
            context.check(all(isinstance(one, type) for one in Root.__subclasses__()))
            context.done(1)

    context.spawn(*[make] * context.threads)


def reassign_class(context, running):
    """__class__ of a shared instance and __bases__ of its class are replaced."""
    class A:
        def name(self):
            return "A"

    class B:
        def name(self):
            return "B"

    class Mixin1:
        def mixed(self):
            return 1

    class Mixin2:
        def mixed(self):
            return 2

    class C(Mixin1, A):
        pass

    shared, other = A(), C()
    shared.x = other.x = "x"

    def change(index, rng):
        while running():
            shared.__class__ = rng.choice((A, B))
            C.__bases__ = rng.choice(((Mixin1, A), (Mixin2, A), (Mixin2, Mixin1, A)))
            context.done(1)

    def use(index, rng):
        while running():
            context.check(shared.name() in "AB" and shared.x == "x")
            context.check(other.mixed() in (1, 2) and other.name() == "A")
            context.check(type(other) is C and isinstance(other, A))

    context.spawn(change, *[use] * context.threads)


def lazily(context, running):
    """functools.cached_property and a lock-protected singleton are computed as often as they should be."""
    while running():
        class Single:
            instance, made, lock = None, 0, threading.Lock()

            @classmethod
            def get(cls):
                if cls.instance is None:
                    with cls.lock:
                        if cls.instance is None:
                            cls.made += 1
                            cls.instance = cls()
                return cls.instance

        got = [None] * context.threads

        def use(index, rng):
            got[index] = Single.get()

        context.spawn(*[use] * context.threads)
        context.check(Single.made == 1 and len(set(map(id, got))) == 1)
        context.done(context.threads)


def body(context):
    programs = [methods, descriptors, birth_and_death, reassign_class, lazily]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
