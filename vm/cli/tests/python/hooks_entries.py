# taipan: only
# Entries: every kind of call of a function that was taken over goes to the entry, from the first call after to the last before its end.
import functools
import threading

import taipan


def plain(a, b=2, *rest, c=3, **more):
    return ("plain", a, b, rest, c, more)


class Thing:
    def __init__(self, value=0):
        self.value = value

    @property
    def half(self):
        return self.value / 2

    def method(self, other=1):
        return self.value + other

    def __len__(self):
        return self.value

    def __add__(self, other):
        return self.value + other

    def __iter__(self):
        return iter(range(self.value))

    def __call__(self):
        return "called"

    @classmethod
    def make(cls):
        return cls(9)


def sites():
    """Each site is used often enough to learn what it can, then the function is taken over."""
    thing = Thing(4)
    calls = {
        plain: [lambda: plain(1), lambda: plain(1, b=5), lambda: plain(*(1, 2)), lambda: plain(1, **{"c": 1}),
                lambda: functools.partial(plain, 1)(), lambda: list(map(plain, [1]))[0], lambda: plain(1, 2, 3, d=4)],
        Thing.method: [lambda: thing.method(), lambda: thing.method(2), lambda: Thing.method(thing), thing.method],
        Thing.half.fget: [lambda: thing.half],
        Thing.__len__: [lambda: len(thing)],
        Thing.__add__: [lambda: thing + 1],
        Thing.__call__: [lambda: thing()],
        Thing.__iter__: [lambda: [*thing]],
        Thing.make.__func__: [lambda: Thing.make().value],
    }
    for function, sites in calls.items():
        before = [[site() for _ in range(300)][-1] for site in sites]
        used = []

        def entry(proceed, *args, **kwargs):
            used.append(function)
            return proceed(*args, **kwargs)

        with taipan.set_entry(function, entry):
            for number, site in enumerate(sites):
                assert [site() for _ in range(3)][-1] == before[number]
                assert len(used) == 3 * (number + 1), (function, number, len(used))
        assert [site() for site in sites] == before and len(used) == 3 * len(sites)
    made = []

    def init(proceed, self, value=0):
        made.append(value)
        return proceed(self, value + 1)

    def construct():
        return Thing(1).value

    assert [construct() for _ in range(300)][-1] == 1
    with taipan.set_entry(Thing.__init__, init):
        assert construct() == 2 and Thing(value=5).value == 6 and made == [1, 5]
    assert construct() == 1
    print("sites")


def order():
    def f(x):
        return [x]

    outer = taipan.set_entry(f, lambda proceed, x: ["first", *proceed(x)])
    inner = taipan.set_entry(f, lambda proceed, x: ["second", *proceed(x)])
    assert f(0) == ["second", "first", 0]
    code = f.__code__
    f.__code__ = (lambda x: [x, x]).__code__
    assert f(0) == ["second", "first", 0, 0] and f.__code__ is not code
    outer.close()
    assert f(0) == ["second", 0, 0]
    inner.close()
    inner.close()
    assert f(0) == [0, 0]
    print("order")


def generators():
    def count(n):
        yield from range(n)

    async def answer():
        return 42

    with taipan.set_entry(count, lambda proceed, n: proceed(n + 1)):
        assert list(count(2)) == [0, 1, 2]
    with taipan.set_entry(answer, lambda proceed: proceed()):
        coroutine = answer()
        try:
            coroutine.send(None)
        except StopIteration as stop:
            assert stop.value == 42
    print("generators")


def together():
    """Four threads call while two take the function over and let it go; each answer is one or the other."""
    def f(x):
        return x

    stop, wrong = threading.Event(), []

    def call():
        try:
            for _ in range(20_000):
                answer = f(1)
                if answer not in (1, 2, 3):
                    wrong.append(answer)
        except BaseException as error:
            wrong.append(error)

    def toggle():
        try:
            while not stop.is_set():
                with taipan.set_entry(f, lambda proceed, x: proceed(x) + 1):
                    if f(1) not in (2, 3):
                        wrong.append("not taken over")
        except BaseException as error:
            wrong.append(error)

    callers = [threading.Thread(target=call) for _ in range(4)]
    togglers = [threading.Thread(target=toggle) for _ in range(2)]
    for thread in callers + togglers:
        thread.start()
    for thread in callers:
        thread.join()
    stop.set()
    for thread in togglers:
        thread.join()
    assert not wrong, wrong[:3]
    assert f(1) == 1
    print("together")


for test in (sites, order, generators, together):
    test()
