# Integers beyond the machine word.
a = 2 ** 100
b = 3 ** 70
print(a, b, a + b, a - b, a * b, b // a, b % a, -b // a, -b % a, a // -b)
print(a / b, a ** 2, a << 10, a >> 90, a & b, a | b, a ^ b, ~a, -a >> 3, -a & b, -a | b, -a ^ b)
print(a > b, a == 2 ** 100, a != b, a < 0, a == float(a), a > 1e10, a < float("inf"), hash(a) == hash(2 ** 100), hash(2 ** 61 - 1), hash(-1), hash(2 ** 61))
print(a.bit_length(), (-5).bit_length(), (0).bit_length(), (255).bit_count(), (10).to_bytes(2, "big"), int.from_bytes(b"\x01\x00", "big"), (-2).to_bytes(3, "little", signed=True), int.from_bytes(b"\xfe\xff", "little", signed=True), a.to_bytes(13, "little"))
import math
f = math.factorial
print(f(25), f(30) // f(28), f(50) % 1000007, math.gcd(f(10), 2 ** 20), math.lcm(4, 6), math.isqrt(10 ** 40), math.comb(50, 25), math.perm(10, 3))
print(int("123456789012345678901234567890"), int("-" + "9" * 30), int("1" * 20, 3), int("zz", 36), int(1e20), int(-1e30), int("1_000"), int("  12  "))
print(hex(a), oct(2 ** 64), bin(2 ** 65 + 1), hex(-255), f"{a:,}", f"{a:x}", str(-a), repr(b)[:10])
edges = [2 ** 31 - 1, 2 ** 31, 2 ** 46, 2 ** 47 - 1, 2 ** 47, 2 ** 48, 2 ** 53 + 1, 2 ** 62, 2 ** 63 - 1, 2 ** 63, 2 ** 64]
for e in edges:
    print(e, e + 1, e - 1, -e, -e - 1, e * e, e // 3, -e // 7, e % 10, -e % 10, e >> 5, e << 3, ~e, e ^ 1, float(e))
acc = 1
for i in range(1, 60): acc = acc * i + i
print(acc)
for i in range(59, 0, -1): acc = (acc - i) // i
print(acc)
def fib(n):
    x, y = 0, 1
    for _ in range(n): x, y = y, x + y
    return x
print(fib(10), fib(100), fib(300))
print(pow(7, 1000, 10 ** 9 + 7), pow(2, 200), pow(a, 3, b), pow(38, -1, 97), (-7) ** 3, divmod(-a, 7), divmod(b, a)[0], round(123456789123456789, -10), round(a, -25), abs(-a))
print((7).numerator, (7).denominator, (7).real, (7).imag, (5).conjugate(), int.__add__(1, 2), (5).__floordiv__(2), (3).__class__, 5 .__neg__(), (6).as_integer_ratio(), (6).is_integer())
print(10 ** 18 + 10 ** 18, 9 * 10 ** 18 + 9 * 10 ** 18, -9 * 10 ** 18 - 9 * 10 ** 18, 4 * 10 ** 9 * 4 * 10 ** 9, (2 ** 63) // (2 ** 31), 140737488355327 + 1, -140737488355328 - 1, 140737488355328 - 1)
for bad in (lambda: int("12x"), lambda: int(""), lambda: int("9", 8), lambda: int(float("nan")), lambda: int(float("inf")), lambda: a / 0, lambda: 10 ** 400 * 1.0, lambda: 1 << (1 << 70), lambda: (300).to_bytes(1, "big"), lambda: int("1", 99), lambda: math.factorial(-1), lambda: pow(2, -1, 4), lambda: int(None)):
    try: print(bad())
    except Exception as e: print(type(e).__name__ + ":", e)
print(sum([2 ** 62] * 4), sum(range(10 ** 6)), sum([1, 2.5, 2 ** 70]), max(a, b, 1), sorted([a, -a, 0, b, 1.5])[0] == -a, int(True), True + a, a * True, a * 0, a - a, a // a)
digits = str(3 ** 500); print(len(digits), sum(map(int, digits)), int(digits) == 3 ** 500, int(digits[::-1]) % 97)
n, r = 10 ** 30 + 57, 1
for _ in range(50): r = r * r % n + 1
print(r, (a * b) % n, (a * b) // n, -(a * b) // n, (a * b) // -n)
