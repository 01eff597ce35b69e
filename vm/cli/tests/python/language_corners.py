"""Corners of the language and of built-in types: what descriptors are, how generators end, which sources are refused."""

import ast
import collections
import contextlib
import datetime
import gc
import inspect
import io
import sys
import types
import warnings


def section(title):
    print("--", title)


section("descriptors of native classes")
members = [
    complex.real, range.start, slice.stop, types.FunctionType.__globals__, types.MethodType.__func__, property.fget,
    OSError.errno, StopIteration.value, datetime.timedelta.days, types.CodeType.co_name, super.__self__,
]
print(all(type(member) is types.MemberDescriptorType for member in members))
print(all(inspect.ismemberdescriptor(member) for member in members))
print(complex.real, type(float.real), repr(type(type.__dict__["__doc__"])))
try:
    range(3).start = 1
except AttributeError as error:
    print(error)
try:
    complex.real.__get__(1)
except TypeError as error:
    print(error)
print(type(dict.__contains__), type(list.__getitem__), type(frozenset.__contains__), frozenset.__contains__.__name__)
contains = {1, 2}.__contains__
print(contains(1), contains(3), contains.__module__, {"a": 1}.__getitem__("a"), [4, 5].__getitem__(1))


class Missing(dict):
    def __missing__(self, key):
        return key * 2

    def __contains__(self, key):
        return not super().__contains__(key)


print(Missing()["x"], dict.__getitem__(Missing(), "y"), "x" in Missing(), "x" in Missing(x=1))

section("signatures of native classes")
for thing in (object, list, classmethod, property, zip, float, enumerate):
    print(thing.__name__, inspect.signature(thing))

section("numbers that are no numbers of their class")


class Float(float):
    pass


class Odd:
    def __float__(self):
        return Float(1.5)

    def __complex__(self):
        return 2j


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(float(Odd()), complex(Odd(), 0))
for warning in caught:
    print(warning.category.__name__, warning.message)

section("generators end when nobody holds them, with and without frame objects")
events = []


def tracer(frame, event, argument):
    if frame.f_code.co_name == "counting":
        events.append((event, frame.f_lineno - counting.__code__.co_firstlineno))
    return tracer


def counting():
    try:
        yield 1
    finally:
        events.append("closed")


def use():
    print(any(counting()), events)


sys.settrace(tracer)
use()
sys.settrace(None)
print(events)


def keeping(argument):
    local = argument + 1
    yield local
    yield local + 1


generator = keeping(1)
next(generator)
frame = generator.gi_frame
print(frame.f_generator is generator, frame.f_locals["local"])
del generator
print(frame.f_generator, dict(frame.f_locals))
frame.clear()
print(dict(frame.f_locals))
generator = keeping(5)
frame = generator.gi_frame
del generator
print(frame.f_generator)


async def never():
    pass


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    frame = never().cr_frame
    print([str(warning.message) for warning in caught])

section("refused sources")
for source in (
    "match x:\n case Foo(a, __debug__=1): pass",
    "match x:\n case -0j ** 0: pass",
    "match x:\n case 0j * 1: pass",
    "try: pass\nexcept* A as a: pass\nexcept*: pass",
    "try: pass\nexcept* A, B as a: pass",
    "try: pass\nexcept* A as a.b: pass",
    "assert not await x",
    "class X: await y",
    "f = lambda: await y",
    "(x): [y async for y in x]",
    "def f(): [await x for x in y]",
    "[x async for x in y]",
    "async def f():\n class A:\n  [x async for x in y]",
):
    for optimize in (0, 1):
        try:
            compile(source, "<source>", "exec", optimize=optimize)
            print("accepted", repr(source))
        except SyntaxError as error:
            print(error.msg, (error.lineno, error.offset, error.end_lineno, error.end_offset))
for source in (
    "(await x for x in y)",
    "async def f(): (lambda: (y async for y in x))",
    "async def f(): [[y async for y in x] for x in z]",
    "def f(): ([y async for y in x] for z in x)",
):
    compile(source, "<source>", "exec")
code = compile("[await x for x in y]", "<source>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
print(bool(code.co_flags & inspect.CO_COROUTINE))

section("trees")
for source in ("t'{ (lambda x: x) !r}'", "t'{a = }'", 't"""{(1,  # one\n 2)}"""'):
    fields = [node for node in ast.parse(source).body[0].value.values if isinstance(node, ast.Interpolation)]
    print([field.str for field in fields], ast.unparse(ast.parse(source)))
tree = ast.parse("x = 0")
tree.body[0].value = ast.copy_location(ast.Constant(frozenset({frozenset({1}), 2})), tree.body[0].value)
namespace = {}
exec(compile(tree, "<tree>", "exec"), namespace)
print(namespace["x"] == frozenset({2, frozenset({1})}), type(namespace["x"]).__name__)

section("names with surrogates")
for name in ("none\udcff", "no\ud800.x"):
    try:
        __import__(name)
    except ImportError as error:
        print(type(error).__name__, ascii(error.name))

section("collections")
print(sys.getsizeof(collections.OrderedDict(a=1)) > sys.getsizeof(dict(a=1)))
former = gc.get_threshold()
gc.set_threshold(1000, 0, 0)
died = []


class Node:
    def __init__(self):
        self.me = self

    def __del__(self):
        died.append(1)


gc.collect()
Node()
junk = []
while not died and len(junk) < 10000:
    junk.append([])
gc.set_threshold(*former)
print(died)

# More constants and names than an instruction has bits for.
wide = {}
exec("def constants(o):\n" + "".join(f" x = {i}.5\n" for i in range(66000)) + " o.attribute = 'end'\n if o is None: return 'none'\n return 'last', x, o.attribute\n", wide)
exec("def names(o):\n global g\n g = 1\n" + "".join(f" o.n{i}\n" for i in range(66000)) + " o.attribute = 2\n del o.attribute\n del g\n return 'end'\n", wide)
class Any:
    def __getattr__(self, name): return 1
print(wide["constants"](Any()), wide["names"](Any()), "g" in wide)
