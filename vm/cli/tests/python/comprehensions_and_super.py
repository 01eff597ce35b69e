# Comprehensions without a frame of their own, super() without its object, attributes that are not there, marks of overriding, mocks.
import asyncio
import builtins
import inspect
import sys
import threading
import types
from typing import override
from unittest.mock import AsyncMock, Mock, PropertyMock


def frames():
    outer = [1]
    assert [sorted(locals()) for item in outer] == [["item", "outer"]]
    assert [inspect.stack()[0].function for _ in outer] == ["frames"]

    class Space:
        size = 3
        names = [sorted(locals()) for one in outer_global]
        numbers = [one for one in range(size)]
        try:
            unseen = [size for _ in outer_global]
        except NameError:
            unseen = "not seen"

    assert (Space.names, Space.numbers, Space.unseen) == ([["one"]], [0, 1, 2], "not seen")
    kept = "kept"
    try:
        {1 // kept for kept in (0,)}
    except ZeroDivisionError as error:
        assert kept == "kept" and error.__traceback__.tb_next is None
    events = []
    sys.setprofile(lambda frame, event, argument: events.append((event, frame.f_code.co_name)))
    made = {n: [m for m in range(n)] for n in range(3)}
    sys.setprofile(None)
    assert made == {0: [], 1: [0], 2: [0, 1]} and ("call", "<listcomp>") not in events

    def unbound():
        result = [late for late in (1,)]
        try:
            late
        except UnboundLocalError:
            return result
        late = 2

    assert unbound() == [1]
    code = compile("class A:\n type X = [q for q in (1,)]\n def f[T: (lambda: 1)](x: (lambda: 2)): pass", "", "exec")
    names = []

    def walk(code):
        names.append(code.co_qualname)
        for constant in code.co_consts:
            if hasattr(constant, "co_consts"):
                walk(constant)

    walk(code)
    print(*sorted(name for name in names if "<l" in name))
    print("frames")


outer_global = [1]


class Base:
    level = "base"

    def method(self, *arguments):
        return arguments

    def __getattr__(self, name):
        return "made up"


class Sub(Base):
    level = "sub"

    def attribute(self):
        return super().level

    def explicit(self):
        return super(Sub, self).method(1)

    def starred(self):
        return super().method(*(1, 2))

    def missing(self):
        return super().nothing

    def deleted(self):
        del self
        return super().level


def supers():
    sub = Sub()
    for _ in range(100):
        assert (sub.attribute(), sub.explicit(), sub.starred()) == ("base", (1,), (1, 2))
    for method in (sub.missing, sub.deleted):
        try:
            method()
        except Exception as error:
            print(type(error).__name__, error)

    class Mixin(Base):
        level = "mixin"

    class Both(Sub, Mixin):
        pass

    assert [thing.attribute() for thing in (sub, Both(), sub, Both())] == ["base", "mixin"] * 2

    class Shaped:
        def own(self):
            nonlocal __class__
            return __class__

    def variable():
        class Inner:
            nonlocal __class__
            __class__ = 42

            def of(self):
                return __class__

        return __class__, Inner().of()

        __class__ = None

    answer, of = variable()
    print("supers", answer, of.__name__)


def replaced_super():
    """The base changes under eight threads that call up: each answer is an old or the new one."""
    class A:
        def who(self):
            return 0

    class B(A):
        def who(self):
            return super().who()

    stop, wrong = threading.Event(), []

    def call():
        b = B()
        last = 0
        while not stop.is_set():
            now = b.who()
            if now < last:
                wrong.append((last, now))
            last = now

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for number in range(200):
        A.who = lambda self, number=number: number
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    print("replaced")


def misses():
    module, asked = types.ModuleType("module"), []

    def fallback(name):
        asked.append(name)
        raise AttributeError(name)

    module.__getattr__ = fallback
    assert not hasattr(module, "x") and getattr(module, "y", 3) == 3 and asked == ["x", "y"]
    module.__getattr__ = lambda name: {}[name]
    try:
        hasattr(module, "x")
    except KeyError as error:
        print("misses", error)

    class Property:
        @property
        def broken(self):
            raise AttributeError

    assert not hasattr(Property(), "broken") and not hasattr(Property, "absent")
    Property.absent = 1
    assert hasattr(Property, "absent") and hasattr(Property(), "absent")
    del Property.absent
    assert not hasattr(Property(), "absent")


def marks():
    class Marked:
        @property
        @override
        def below(self): ...

        @override
        @property
        def above(self): ...

        @classmethod
        @override
        def of_class(cls): ...

    assert Marked.below.fget.__override__ and not hasattr(Marked.above, "__override__") and Marked.of_class.__override__

    class Stubborn:
        def __setattr__(self, name, value):
            raise RuntimeError(name)

    assert override(5) == 5
    try:
        override(Stubborn())
    except RuntimeError as error:
        print("marks", error)


def mocks():
    one, other = Mock(), Mock()
    type(one).size = PropertyMock(return_value=4)
    assert type(one) is not type(other) and one.size == 4 and isinstance(other.size, Mock)

    class Shape:
        async def later(self): ...

        def now(self): ...

    mock = Mock(spec=Shape)
    assert isinstance(mock.later, AsyncMock) and not isinstance(mock.now, AsyncMock)
    assert asyncio.run(AsyncMock(return_value=3)()) == 3 and inspect.iscoroutinefunction(AsyncMock())
    threads = [threading.Thread(target=lambda: [one() for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("mocks", one.call_count, len(one.call_args_list))


for test in (frames, supers, replaced_super, misses, marks, mocks):
    test()
