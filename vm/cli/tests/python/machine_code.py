# Code that is executed often enough to become machine code, and what then happens that was not expected of it: other types, integers that
# grow, replaced functions and classes, destructors and tracers that look at the frames, exceptions in callees.
import gc
import sys
import threading
import weakref


def kinds(values):
    total = 0
    for value in values:
        total = total + value
    return total


print(kinds(range(9000)), kinds([0.5] * 9000), kinds([1] * 5000 + [0.25] * 5000))
print(kinds([2**46] * 9000), kinds([True] * 9000))
try:
    kinds([1] * 9000 + ["x"])
except TypeError as error:
    print(error)


def limits(start, step, turns):
    x = start
    for _ in range(turns):
        x = x * step
    return x


print(limits(1, 1, 9000), limits(3, -1, 9001), limits(1, 2, 200), limits(1.5, 1.0, 9000), limits(1e300, 10.0, 20))


def divide(a, b):
    results = []
    for x in a:
        for y in b:
            try:
                results.append((x // y, x % y, x / y, x << 3, x >> 1, x & y, x | y, x ^ y))
            except ZeroDivisionError as error:
                results.append(str(error))
    return results


edges = [-(2**47), -7, -1, 0, 1, 7, 2**47 - 1]
for _ in range(200):
    table = divide(edges, edges)
print(hash(str(table)) == hash(str(divide(edges, edges))), table[:3], table[-1])


def floats(xs):
    out = 0.0
    for x in xs:
        out = -(out + x * x - x / 3.0)
        if out > 1e300 or out != out:
            return "large", out
    return out


print(floats([1.5, 2.5] * 4500), floats([1.0] * 8000 + [1e160]), floats([float("nan")] * 3), floats([2] * 9000))


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def dot(self, other):
        return self.x * other.x + self.y * other.y

    def move(self, by):
        self.x = self.x + by
        return self


def dots(points, turns):
    total = 0
    for i in range(turns):
        a = points[i % len(points)]
        total += a.dot(points[0])
        a.move(1)
    return total


points = [Point(1, 2), Point(3, 4)]
print(dots(points, 9000), points[0].x, points[1].x)
points[1].x = 0.5
print(dots(points, 10))
points[1].x = "text"
try:
    dots(points, 10)
except TypeError as error:
    print(error)
    place = error.__traceback__
    while place:
        print(place.tb_frame.f_code.co_name, place.tb_lineno - place.tb_frame.f_code.co_firstlineno)
        place = place.tb_next
points[1].x = 7
Point.dot = lambda self, other: 1000
print(dots(points, 10))
points[0].dot = lambda other: 5
print(dots(points, 10))


def plus(a, b):
    return a + b


def minus(a, b):
    return a - b


def call_both(n):
    total = 0
    for i in range(n):
        total = plus(total, i)
    return total


print(call_both(9000))
plus.__code__ = minus.__code__
print(call_both(10))
plus = max
print(call_both(10))


def deep(n):
    if n == 0:
        return 0
    return 1 + deep(n - 1)


for _ in range(100):
    deep(50)
print(deep(200))
try:
    deep(10**6)
except RecursionError as error:
    print(type(error).__name__)


class Ends:
    def __init__(self, log):
        self.log = log

    def __del__(self):
        frame = sys._getframe(1)
        self.log.append((frame.f_code.co_name, sorted(frame.f_locals)[:2]))
        if "changed" in frame.f_locals:
            frame.f_locals["changed"] = 1000


def destroys(turns, log):
    changed = 0
    last = None
    for i in range(turns):
        changed = changed + 1
        if i == turns - 2:
            last = Ends(log)
        elif i == turns - 1:
            last = None
        changed = changed + 1
    return changed


log = []
print(destroys(9000, log), log)


def items(values, turns):
    for i in range(turns):
        values[i % 5] = values[(i + 1) % 5] + 1
        values[-1] = i
    return values


print(items([0] * 5, 9000), items([0.5] * 5, 9))
try:
    items([], 5)
except IndexError as error:
    print(error)
try:
    items((1, 2, 3, 4, 5), 5)
except TypeError as error:
    print(error)


def unbound(n):
    for i in range(n):
        if i < n - 1:
            value = i
        else:
            del value
    return value


try:
    unbound(9000)
except UnboundLocalError as error:
    print(error)


def lines(n):
    x = 0
    for i in range(n):
        x += i
        x -= 1
    return x


lines(9000)
seen = []


def trace(frame, event, argument):
    if frame.f_code is lines.__code__:
        seen.append((event, frame.f_lineno - frame.f_code.co_firstlineno))
    return trace


sys.settrace(trace)
lines(2)
sys.settrace(None)
print(seen)


def generate(n):
    a = 0
    for i in range(n):
        a = a + i * 2 - 1
        yield a


print(sum(generate(9000)), list(generate(4)))


def unpack(pairs):
    total = 0
    for a, b in pairs:
        total += a * b
    return total


print(unpack([(i, 2) for i in range(9000)]), unpack([(i, 0.5) for i in range(9)]))
try:
    unpack([(1, 2, 3)])
except ValueError as error:
    print(error)


def truths(values):
    count = 0
    for value in values:
        if value:
            count += 1
        if not value and value is not None:
            count += 10
        if value is None:
            count += 100
    return count


print(truths([0, 1, 2.5, 0.0, None, True, False, "", "x", [], [0]] * 900))


def shared(numbers, turns):
    for i in range(turns):
        numbers[i % 8] = numbers[(i + 3) % 8] + 1


numbers = [0] * 8
threads = [threading.Thread(target=shared, args=(numbers, 20000)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(numbers), all(type(number) is int for number in numbers))


def made(n):
    source = f"def f(k):\n    t = 0\n    for i in range(k):\n        t += i * {n}\n    return t"
    namespace = {}
    exec(source, namespace)
    f = namespace["f"]
    return f(9000), weakref.ref(f)


results = [made(n) for n in range(5)]
gc.collect()
print([total for total, _ in results], [ref() for _, ref in results])
