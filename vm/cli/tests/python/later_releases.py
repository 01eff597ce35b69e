# What CPython's later releases mended, and what a program sees of errors, destructors and NaNs.
import bisect
import collections
import decimal
import math
import pickle
import struct
import sys
import unittest
import warnings


def attempt(function, *args, **kwargs):
    try:
        print(function(*args, **kwargs))
    except Exception as error:
        print(type(error).__name__, error)


# A NaN leaves without what makes it another object than other NaNs.
for nan in (math.nan, float("nan"), -math.nan):
    print(struct.pack(">d", nan).hex(), struct.pack(">f", nan).hex(), pickle.dumps(nan).hex())

attempt(open, "x", encoding=1)
attempt(open, "x", newline=2.5)
attempt(format, decimal.Decimal("1.5"), "<010")
attempt(format, decimal.Decimal("1.5"), "010")
attempt(b"abc".find, 3.5, "x")
attempt(collections.deque, [], 10**20)
attempt(bisect.bisect, {1: 2}, 1)
attempt(pickle.dumps, memoryview(b"a"))


# A failing destructor of a program's class is named, whatever it is.
class Undestroyable:
    __del__ = None


sys.unraisablehook = lambda info: print(info.err_msg, info.object, info.exc_value)
Undestroyable()
sys.unraisablehook = sys.__unraisablehook__


# Whoever looks while something ends sees the line of what ended it.
class Witness:
    def __del__(self):
        print("ended in line", sys._getframe(1).f_lineno - first)


def failing(_):
    raise ValueError


def ends():
    global first
    first = sys._getframe().f_lineno
    Witness()
    witness = Witness()
    witness = 1
    try:
        failing(Witness())
    except ValueError as error:
        print("caught")
    items = [Witness()]
    items.clear()
    return witness


ends()


# Arguments of athrow() are looked at when it is awaited.
async def generator():
    yield 1


for args in ((), (1,), (1, 2, 3, 4)):
    with warnings.catch_warnings(action="ignore"):
        awaitable = generator().athrow(*args)
    attempt(awaitable.send, None)


# What a comprehension in an annotation names is a variable of the block around it.
def annotated(x: [(named := i) for i in range(3)]): ...


print(annotated.__annotations__, named)

# The parser warns before the compiler refuses.
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    attempt(compile, "'\\d'\nbreak", "source", "exec")
    print([str(warning.message)[:34] for warning in caught])


# Abstract test cases are bases of others.
import abc


class Abstract(unittest.TestCase, abc.ABC):
    @abc.abstractmethod
    def make(self): ...

    def test_make(self):
        self.make()


print(unittest.defaultTestLoader.loadTestsFromTestCase(Abstract).countTestCases())
