"""Numbers that are integers and floats by turns, in functions that are hot: one after the other, and from one phase to the next."""


def operations(a, b):
    return a + b, a - b, a * b, a < b, a <= b, a == b, a != b, a >= b, a > b


def quotient(a, b):
    return a / b


def in_place(a, b):
    a += b
    a -= 1
    a *= 2.5
    a *= b
    return a


def with_constants(a):
    return a + 1.5, 1.5 - a, a < 2.5, a * 3, -a


def total(numbers):
    sum = 0
    for number in numbers:
        sum += number
    return sum


class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __sub__(self, other):
        return Point(self.x - other.x, self.y - other.y)

    def dot(self, other):
        return self.x * other.x + self.y * other.y


def distances(points):
    least, most = points[0], points[-1]
    return sum((point - least).dot(point - most) for point in points)


def calls_methods(numbers):
    bits = 0
    for number in numbers:
        bits += number.bit_length() if type(number) is int else len(number.hex())
    return bits


NUMBERS = [1, 2.5, -3, 0.0, -0.0, 2**46, -(2**47), 1e300, float("inf"), float("nan"), 2**47 - 1, 3]

texts = set()
for turn in range(60):
    found = []
    for a in NUMBERS:
        found.append(with_constants(a))
        for b in NUMBERS:
            found.append(operations(a, b))
            found.append(in_place(a, b))
            try:
                found.append(quotient(a, b))
            except ZeroDivisionError as error:
                found.append(str(error))
    found.append(total([1, 2.5] * 20 + [2**46] * 5))
    texts.add(repr(found))
print(len(texts))
print(texts.pop())

for phase in ["ints", "floats", "ints", "both"]:
    kinds = {"ints": [1, 2, 3], "floats": [1.5, 2.5, 3.5], "both": [1, 2.5, 3]}[phase]
    points = [Point(kinds[i % 3], kinds[(i + 1) % 3]) for i in range(30)]
    for _ in range(2000):
        last = distances(points)
    print(phase, last, [total(kinds * 400) for _ in range(100)][-1], calls_methods(kinds * 1000))

for wrong in ["x", None, [1], True, 2**80, 1j]:
    for function in (operations, in_place, quotient):
        for arguments in [(wrong, 1), (1.5, wrong), (wrong, wrong)]:
            try:
                print(function(*arguments))
            except TypeError as error:
                print(error)
