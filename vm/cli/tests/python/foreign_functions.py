# Foreign functions and C data: calls, callbacks, structures, buffers.
import threading
from ctypes import (
    CDLL, CFUNCTYPE, POINTER, ArgumentError, Array, BigEndianStructure, Structure, Union, addressof, byref, c_bool, c_char,
    c_char_p, c_double, c_float, c_int, c_long, c_short, c_size_t, c_ubyte, c_uint, c_void_p, c_wchar_p, cast,
    create_string_buffer, create_unicode_buffer, get_errno, memmove, memset, pointer, resize, set_errno, sizeof, string_at,
)

libc = CDLL(None, use_errno=True)

print("- calls")
print(libc.abs(-17), libc.strlen(b"foreign"), libc.atoi(b"42"))
libc.strtod.restype = c_double
libc.strtod.argtypes = [c_char_p, POINTER(c_char_p)]
rest = c_char_p()
print(libc.strtod(b"2.5 metres", byref(rest)), rest.value)
libc.strchr.restype = c_char_p
libc.strchr.argtypes = [c_char_p, c_char]
print(libc.strchr(b"key=value", b"="), libc.strchr(b"key", b"="))
buffer = create_string_buffer(40)
print(libc.snprintf(buffer, c_size_t(40), b"%d %s %.2f", 7, b"seven", c_double(7.0)), buffer.value)
try:
    libc.strchr("text", b"t")
except ArgumentError as error:
    print(error)
try:
    libc.no_such_function
except AttributeError:
    print("no such function")
set_errno(0)
print(libc.open(b"/no/such/file", 0), get_errno())


class Quotient(Structure):
    _fields_ = [("quot", c_int), ("rem", c_int)]


libc.div.restype = Quotient
result = libc.div(47, 10)
print(result.quot, result.rem)

print("- callbacks")
COMPARE = CFUNCTYPE(c_int, POINTER(c_int), POINTER(c_int))
numbers = (c_int * 6)(5, 3, 9, -1, 7, 0)
libc.qsort(numbers, len(numbers), sizeof(c_int), COMPARE(lambda a, b: a[0] - b[0]))
print(list(numbers))


def sort_many(results):
    for seed in range(20):
        values = [(seed * 31 + i * 17) % 101 for i in range(50)]
        array = (c_int * 50)(*values)
        libc.qsort(array, 50, sizeof(c_int), COMPARE(lambda a, b: b.contents.value - a.contents.value))
        results.append(list(array) == sorted(values, reverse=True))


results = []
threads = [threading.Thread(target=sort_many, args=(results,)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(results), all(results))

START = CFUNCTYPE(c_void_p, c_void_p)
libc.pthread_create.argtypes = [POINTER(c_long), c_void_p, START, c_void_p]
libc.pthread_join.argtypes = [c_long, c_void_p]
seen = []
start = START(lambda argument: seen.append(argument))
handles = [c_long() for _ in range(4)]
for i, handle in enumerate(handles):
    libc.pthread_create(byref(handle), None, start, i + 1)
for handle in handles:
    libc.pthread_join(handle, None)
print(sorted(seen))

print("- structures")


class Point(Structure):
    _fields_ = [("x", c_short), ("y", c_double)]


class Shape(Structure):
    _fields_ = [("name", c_char * 6), ("corners", Point * 2), ("closed", c_bool)]


shape = Shape(b"line", ((1, 1.5), (2, 2.5)), True)
print(sizeof(Point), sizeof(Shape), Shape.corners.offset, shape.name, shape.corners[1].y, shape.closed)
shape.corners[0].x = 70_000
print(shape.corners[0].x)


class Flags(Structure):
    _fields_ = [("low", c_uint, 3), ("middle", c_uint, 7), ("signed", c_int, 4)]


flags = Flags(5, 100, -3)
print(sizeof(Flags), flags.low, flags.middle, flags.signed, bytes(flags).hex(), Flags.middle)


class Bits(Union):
    _fields_ = [("number", c_float), ("bytes", c_ubyte * 4)]


print(bytes(Bits(number=1.0).bytes).hex())


class Network(BigEndianStructure):
    _fields_ = [("port", c_short), ("address", c_uint)]


print(bytes(Network(80, 0x7F000001)).hex())


class Node(Structure):
    pass


Node._fields_ = [("value", c_int), ("next", POINTER(Node))]
first = Node(1, pointer(Node(2, None)))
print(first.next.contents.value, bool(first.next.contents.next), memoryview(shape).format)


class Outer(Structure):
    class Inner(Union):
        _fields_ = [("word", c_uint), ("half", c_short)]

    _anonymous_ = ["inner"]
    _fields_ = [("tag", c_int), ("inner", Inner)]


outer = Outer(1)
outer.word = 0x10002
print(outer.half, outer.inner.word)

print("- memory")
array = bytearray(b"0123456789")
view = (c_char * 4).from_buffer(array, 2)
view.value = b"ab"
print(array, view.raw)
try:
    array.append(1)
except BufferError as error:
    print(error)
print((c_int * 2).from_buffer_copy(b"\1\0\0\0\2\0\0\0")[:])
text = create_unicode_buffer("größer", 10)
print(text.value, len(text), c_wchar_p("weit").value)
words = cast(create_string_buffer(b"casted"), POINTER(c_char))
print(words[:6], string_at(words, 3))
target = (c_int * 3)()
memmove(target, (c_int * 3)(1, 2, 3), 12)
memset(addressof(target), 255, 4)
print(list(target))
growing = (c_int * 1)(4)
resize(growing, 64)
print(sizeof(growing), growing[0], isinstance(growing, Array))
for wrong in (lambda: c_int("1"), lambda: Point(1, 2, 3), lambda: (c_int * 2)()[2], lambda: POINTER(c_int)().contents):
    try:
        wrong()
    except (TypeError, IndexError, ValueError) as error:
        print(type(error).__name__, error)
