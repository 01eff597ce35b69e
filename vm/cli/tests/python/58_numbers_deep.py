# Number formatting and parsing against exact references; mixed arithmetic; big divisions; float text.
import math, random
r = random.Random(99)
def check(n):
    bad = 0
    for _ in range(n):
        a, b = r.getrandbits(r.randrange(1, 400)) * r.choice((1, -1)), r.getrandbits(r.randrange(1, 200)) * r.choice((1, -1)) or 3
        q, m = divmod(a, b)
        bad += not (q * b + m == a and (0 <= m < b or b < m <= 0) and a // b == q and a % b == m)
        bad += not (int(str(a)) == a and int(hex(a), 16) == a and int(bin(a), 2) == a and int(oct(a), 8) == a)
        s = r.randrange(0, 200); bad += not ((a << s) >> s == a and a >> s == a // 2 ** s and (a << s) == a * 2 ** s)
        bad += not ((a & b) + (a | b) == a + b and (a ^ b) == (a | b) - (a & b) and ~a == -a - 1 and (a + b) - b == a and (a - b) + b == a and a * b == b * a and (a + b) ** 2 == a * a + 2 * a * b + b * b)
        n2 = abs(a); root = math.isqrt(n2); bad += not (root * root <= n2 < (root + 1) ** 2); g = math.gcd(a, b); bad += not (a % g == 0 and b % g == 0 if g else True)
        bad += not (int.from_bytes(a.to_bytes(60, "big", signed=True), "big", signed=True) == a and len(bin(n2)) - 2 == max(1, n2.bit_length()) and pow(a, 3, abs(b) + 1) == a ** 3 % (abs(b) + 1))
        x = r.uniform(-1e6, 1e6) * 10.0 ** r.randrange(-300, 300); bad += not (float(repr(x)) == x and float("%.17g" % x) == x and float.fromhex(x.hex()) == x and math.ldexp(*math.frexp(x)) == x and float(str(x)) == x)
        c = complex(x, a % 1000); bad += not (complex(str(c)) == c)
        bad += not (a < b) == (a - b < 0) or (float(a % 10 ** 15) == a % 10 ** 15) is not True
    return bad
print(check(400))
for x in (0.1, 0.5, 1 / 3, 1e22, 1e23, 123456.789, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.3, 2 / 3, 1e-5, 1e16, 9999999999999998.0, 4.35, 0.000123, 100.0, -1.5e-10, 1e15 + 0.5):
    print(repr(x), *[("%" + f) % x for f in (".0f", ".1f", ".3e", ".10g", "g", "15.4f", "-12.2e|", "+g", "#.0f", "012.3f") if abs(x) < 1e30 or "f" not in f], format(x, ",") if abs(x) < 1e25 else "", format(x, ".2%") if abs(x) < 1e15 else "", round(x, 3) if abs(x) < 1e300 else "", x.as_integer_ratio()[1].bit_length(), int(x) if abs(x) < 1e25 else "", x.hex())
for s in ("1", "1.", ".1", "1e5", "1E-5", "-1.5e+3", " 12 ", "1_0.0_1", "inf", "-Infinity", "nan", "+5", "0x10", "1e", "", "1..2", "--1", "1_", "_1", "1e400", "1e-400", "٣", "1 2", "infinit", "0.1e1_0"):
    try: print(repr(s), float(s), end="; ")
    except ValueError as e: print(e, end="; ")
print()
for s, b in (("10", 2), ("z", 36), ("0x1f", 16), ("0x1f", 0), ("010", 0), ("0o17", 0), ("0b1", 2), ("-0b1", 0), ("1__0", 10), ("٣", 10), ("", 10), ("9", 8), (" 7 ", 10), ("+7", 10), ("- 7", 10), ("0_7", 10), ("0x", 16), ("1e5", 10), ("1.0", 10), ("g", 16), ("1" * 30, 2)):
    try: print(repr(s), b, int(s, b), end="; ")
    except ValueError as e: print(e, end="; ")
print()
print(1 + 1.5, 1 + 2j, 1.5 + 2j, True + 1.5, 2 ** 70 + 1.5, 10 ** 20 / 10 ** 19, (10 ** 400) / (10 ** 399), 7 / 10 ** 25, 2 ** 1000 / 3 ** 600, -(2 ** 65) / 2, 2 ** 64 * 0.5, 10 ** 30 // 7.0, 10 ** 18 % 7.5, 2 ** 0.5 * 2 ** 0.5 == 2, (2 ** 53 + 1) / 1, 3 ** 50 % 1e10, round(10 ** 25 + 5, -1), round(15, -1), round(25, -1), round(-15, -1), round(0.15, 1), round(2.5), round(1e300, -299), round(1234567, -3), round(5e-324, 400))
for a, op, b in ((10 ** 400, "*", 1.0), (2 ** 1024, "/", 1), (1.0, "+", 10 ** 400), (2.0, "**", 5000), (-8, "**", 1 / 3), (0, "**", -2), (1 << 3, "<<", -1), (5, ">>", 10 ** 20), (0, "<<", 10 ** 20), (1.5, "//", 0), (1, "%", 0.0), (1.5, "&", 1), (1, "@", 2), (1, "<", 1j), ("a", "*", 1.5), (2, "**", "a"), (10 ** 400, "//", 1.0), (0.0, "**", -1), (True, "<<", 3), (False, "**", False), (-1, "**", 0.5), (0j, "**", 0), (2, "**", -3), (2.5, "%", -2), (-7, "//", 2.0), (float("inf"), "//", 1), (5, "%", float("inf")), (-5, "%", float("inf")), (float("inf"), "%", 5), (1e308, "*", 10), (-1e-320, "/", 10)):
    try: print(a if abs(hash(a)) < 10 ** 9 else "big", op, b if not isinstance(b, int) or abs(b) < 10 ** 20 else "big", "=", eval("a " + op + " b"))
    except Exception as e: print(op, type(e).__name__, e)
print(math.comb(100, 50), math.factorial(40), math.perm(20, 10), math.gcd(0, 0), math.gcd(12, 18, 27), math.lcm(), math.lcm(4, 6, 10), math.isqrt(0), math.prod(range(1, 15)), math.sumprod([1, 2], [3, 4]), math.hypot(1, 2, 2), math.dist([1], [4]), sum([1, 2.5, 3j]), sum([], 5), sum([2 ** 62, 2 ** 62, 1.0]), math.fsum([1e16, 1, -1e16]), math.trunc(-2.7), math.log(10 ** 400), math.log2(2 ** 2000), math.log10(10 ** 500), math.sqrt(10 ** 100), math.ceil(10 ** 30 / 3) > 0, math.floor(-0.5), math.exp2(10), math.isclose(1, 1 + 1e-10), math.copysign(3, -0.0), math.nextafter(0, 1), math.ulp(2 ** 60), math.atan2(0, -1), math.remainder(5, 3), math.cbrt(-8), math.expm1(1e-10), math.lgamma(100), math.erfc(1))
