"""Corners of the language: what is asked once, what has a limit, what is told in front of an error."""
import symtable
import sys
import tokenize
import io
import warnings


def shown(work):
    try:
        return work()
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


class Asked:
    def __init__(self, name, truth):
        self.name, self.truth = name, truth

    def __bool__(self):
        print("asked", self.name, end="; ")
        return self.truth


a, b, c, d = (Asked(name, truth) for name, truth in zip("abcd", (False, True, True, False)))
print((a and b or c or d).name)
print((a or d and b or c).name)
print(((a or b) and (c or d)).name)
print((not a and (b and c) and d).name)


def chain(*values):
    x = iter(values)
    return next(x) < next(x) < next(x) < next(x) < next(x) < next(x)


print(chain(1, 2, 3, 4, 5, 6), chain(1, 2, 3, 3, 5, 6), shown(lambda: chain(1, 2, "x")))


def many(*args, **kwargs):
    return len(args), len(kwargs), args[-1:], list(kwargs)[-1:]


print(eval("many(" + "1, " * 100 + ")"), eval("many(" + ", ".join(f"k{i}=i" for i in range(90)) + ")", globals() | {"i": 1}))
print(shown(lambda: many(**{1: 2})), "|", shown(lambda: many(**{1: 2}, **{1: 3})), "|", shown(lambda: dict(**{1: 2})))


class Exporter(bytearray):
    def __buffer__(self, flags):
        print("export", end=" ")
        return super().__buffer__(flags)

    def __release_buffer__(self, view):
        print("release", view.tobytes(), end=" ")
        super().__release_buffer__(view)


with memoryview(Exporter(b"abc")) as view:
    print(view[1], end=" ")
print()


class Told(bytearray):
    def __release_buffer__(self, view):
        self.view = view
        print(shown(lambda: memoryview(view)), view.tobytes())


told = Told(b"xyz")
memoryview(told).release()
told.clear()
print(shown(told.view.tobytes))


for source in ('f"{1:{2:{3:{4}}}}"', "f'" + "{" * 1, "\n".join("  " * i + "if 1:" for i in range(100)) + "\n" + "  " * 100 + "0",
               "'\\e' $", "'\\e' 1"):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        print(shown(lambda: compile(source, "<s>", "exec")), [str(w.message)[:35] for w in seen])


def table(source):
    f = next(child for child in symtable.symtable(source, "?", "exec").get_children() if child.get_name() == "f")
    return {s.get_name(): (s.is_referenced(), s.is_local()) for s in f.get_symbols()}


print(table("def f(xs, k):\n return [x + k for x in xs]"))
print(table("def f(xs, k):\n return [k for k in xs]"))


def tokens(text):
    return [t.string for t in tokenize.generate_tokens(io.StringIO(text).readline)]


print(tokens("x = 1._4\n"), shown(lambda: tokens("(" * 201)), shown(lambda: tokens("1e+")))
print(shown(lambda: list(tokenize.tokenize(iter(["text"]).__next__))))


def items(sequence):
    for item in sequence:
        yield item


def wrapper():
    class Last:
        def __del__(self):
            try:
                next(it)
            except StopIteration:
                print("stopped")

        def __iter__(self):
            return iter(())
    it = items(Last())
    print(shown(lambda: next(it)).strip())


wrapper()


class Hook:
    def __getattr__(self, name):
        raise AttributeError()


try:
    Hook().missing
except AttributeError as error:
    print(error.name, type(error.obj).__name__)


def unbound():
    print(value)
    value = 1


try:
    unbound()
except UnboundLocalError as error:
    print(error.name)
e = SyntaxError("m", ("f", 1, 2, "t", 3, 4))
e.__init__("n", ("g", 2, 3, "u"))
print(e.filename, e.end_lineno, e.end_offset)
namespace = {}
exec("from __future__ import annotations\ndef f(x: int, y: u'a' = 1) -> f'{x=!r}': ...\n", namespace)
print(namespace["f"].__annotate__(1), namespace["f"].__annotations__)
print([line for *_, line in compile("\n\nspam", "f", "exec").co_lines()])
print((lambda: 1000).__code__.co_consts, (lambda x: x).__code__.co_consts)


# Lines that are asked for while a record is read may take the next ones, as long as the reader is not told of a line afterwards.
import csv


class Lines:
    def __init__(self, lines):
        self.lines, self.asked = iter(lines), 0

    def __iter__(self):
        return self

    def __next__(self):
        self.asked += 1
        if self.asked == 2:
            print("nested", next(self.reader, None))
        return next(self.lines)


for text in (["a", "b"], ["a", "b", "c"], ['"a', 'b"'], ["a"]):
    lines = Lines(text)
    lines.reader = csv.reader(lines)
    try:
        print(list(lines.reader))
    except csv.Error as error:
        print(error)

# A file that is unmarshalled may keep what it is asked to fill, and change it.
import marshal


class Shrinking(io.BytesIO):
    def readinto(self, view):
        count, room = super().readinto(view), view.obj
        view.release()
        if isinstance(room, bytearray):
            room.clear()
        return count


try:
    marshal.load(Shrinking(marshal.dumps([1, "two"])))
except EOFError:
    pass
print("unmarshalled")

# More than there is room for.
import itertools
import os
import select

with open(os.devnull, "rb") as null:
    try:
        print(os.pread(null.fileno(), 1 << 45, 0))
    except MemoryError:
        print(b"")
for read in ("read", "read1"):
    with open("/dev/zero", "rb") as zeros:
        try:
            getattr(zeros, read)(1 << 45)
        except MemoryError:
            print("no room for so much")
try:
    itertools.tee([], 1 << 45)
except MemoryError:
    print("no room for so many")
with select.epoll() as waiting:
    try:
        print(waiting.poll(0, 1 << 30))
    except (MemoryError, OSError):
        print([])
