# Arithmetic of small ints, floats and bools with every operator.
a, b = 17, 5
print(a + b, a - b, a * b, a / b, a // b, a % b, a ** b)
print(a & b, a | b, a ^ b, a << b, a >> 2, ~a)
print(-a // b, -a % b, a // -b, a % -b, -a // -b, -a % -b)
x, y = 7.5, 2.0
print(x + y, x - y, x * y, x / y, x // y, x % y, x ** y)
print(-x // y, -x % y, x // -y, x % -y)
print(1 + 2.5, 2.5 + 1, 3 * 1.5, 7 / 2.0, 7 // 2.0, 7 % 2.5)
print(True + True, True * 10, False - 1, True / 2)
print(2 ** -1, 2 ** 0, 0 ** 0, (-2) ** 3, -2 ** 2)
print(divmod(17, 5), divmod(-17, 5), divmod(17.5, 5))
print(abs(-3), abs(-3.5), pow(2, 10), pow(2, 10, 1000), pow(3, -1, 7))
print(round(2.5), round(3.5), round(2.567, 2), round(1234, -2), round(-2.5))
print(1 < 2, 2 <= 2, 3 > 4, 3 >= 3, 1 == 1.0, 1 != 2)
print(1 < 2 < 3, 1 < 3 < 2, 3 > 2 >= 2, 1 == 1 == 1)
print(min(3, 1, 2), max(3, 1, 2), min([4, 2]), max("hello"), sum([1, 2, 3]), sum([0.5, 0.25], 1))
print(int("42"), int("-17"), int("ff", 16), int("0b11", 0), int(3.99), int(-3.99), int(True))
print(float("1.5"), float("1e3"), float("-inf"), float("nan"), float(3))
print(1e16, 1e15, 123456789.123456789, 1e-5, 0.0001, 1 / 3)
print(bool(0), bool(1), bool(""), bool("a"), bool([]), bool([0]), bool(0.0), bool(None))
n = 10
n += 5; print(n)
n -= 3; print(n)
n *= 2; print(n)
n //= 5; print(n)
n **= 3; print(n)
n %= 7; print(n)
n <<= 4; print(n)
n >>= 1; print(n)
n |= 3; print(n)
n &= 6; print(n)
n ^= 5; print(n)
n /= 4; print(n)
for expression in ("1 / 0", "1 // 0", "1 % 0", "1.0 / 0", "1.0 // 0", "1.0 % 0", "0 ** -1", "divmod(1, 0)", "1 + 'a'",
                   "'a' + 1", "[] + ()", "-'a'", "~1.5", "1 << -1", "1 < 'a'", "None + 1", "2 ** 'x'", "int('x')", "float('y')"):
    try:
        print(eval(expression))
    except Exception as e:
        print(expression, "->", type(e).__name__ + ":", e)
