# float arithmetic, conversion, math functions, complex numbers.
import math
inf, nan = math.inf, math.nan
print(0.1 + 0.2, 1 / 3, 1e308 * 10, -1e308 * 10, inf - inf, inf * 0, nan == nan, nan != nan, inf > 1e308, -inf < 0)
print(1.5.is_integer(), 2.0.is_integer(), (0.5).as_integer_ratio(), (0.1).hex(), float.fromhex("0x1.8p1"), 1e3.real, (2.5).conjugate(), 7.0 // 2, -7.5 // 2, 7.5 % -2, 1e300 % 7)
print(float("  1.5 "), float("1_0.5"), float("+inf"), float("1e-320"), float(10 ** 20), float(True), float("Infinity"), float(".5"), float("5."))
print(round(0.5), round(1.5), round(2.675, 2), round(1e20), round(-0.5), round(1234.5678, -2), round(5.0, 1), type(round(1.0)).__name__, type(round(1.0, 0)).__name__)
print(int(1e15), int(-1.9), math.floor(-1.5), math.ceil(-1.5), math.trunc(-1.5), math.floor(1e20), math.fabs(-2), math.copysign(1, -0.0))
print(math.sqrt(2), math.pi, math.e, math.tau, math.exp(1), math.log(10), math.log(8, 2), math.log2(8), math.log10(1000), math.log1p(1e-10), math.pow(2, 0.5), math.cbrt(27))
print(math.sin(1), math.cos(1), math.tan(1), math.asin(0.5), math.acos(0.5), math.atan(1), math.atan2(1, -1), math.sinh(1), math.cosh(1), math.tanh(1), math.hypot(3, 4), math.dist((0, 0), (1, 1)))
print(math.fmod(7, -3), math.modf(3.25), math.frexp(10.0), math.ldexp(0.5, 4), math.isnan(nan), math.isinf(-inf), math.isfinite(1.0), math.isclose(0.1 + 0.2, 0.3), math.fsum([0.1] * 10), math.prod([1.5, 2]), math.degrees(math.pi), math.radians(180), math.gamma(5), math.erf(1), math.ulp(1.0), math.nextafter(1.0, 2.0), math.remainder(7, 4), math.fma(2.0, 3.0, 4.0))
print(sum([0.1] * 10), sum([1e100, 1.0, -1e100]), max(1, 1.0), min(0.0, -0.0), 1.0 == 1, hash(1.0) == hash(1), hash(0.5) == hash(0.5), hash(inf), 0.0 == -0.0)
print(2 ** 0.5, 2.0 ** 3, (-8) ** 2, 4 ** 0.5, 0.0 ** 0, 2.0 ** -1, 1e-3, 1e4, 12345678901234567890.0, 1e16 + 1, 3.0, 3.10, 1e23)
for bad in (lambda: 1.0 / 0, lambda: 1.0 % 0, lambda: math.sqrt(-1), lambda: math.log(0), lambda: float("x"), lambda: float([]), lambda: 10.0 ** 400, lambda: int(nan), lambda: math.exp(1000), lambda: math.floor(inf), lambda: float("1__0"), lambda: math.sqrt("a"), lambda: 0.0 ** -1, lambda: float.fromhex("zz"), lambda: round(inf)):
    try: print(bad())
    except Exception as e: print(type(e).__name__ + ":", e)
z = 3 + 4j
print(z, abs(z), z.real, z.imag, z.conjugate(), z * 1j, z / 2, z + 1, 1 - z, z ** 2, z == complex(3, 4), complex("1+2j"), complex(1), -z, z != 0, bool(0j), hash(z) == hash(complex(3, 4)), repr(1j), complex(0, -1), 2j * 2j, (1 + 1j) / (1 - 1j), complex(inf, nan), 0j, -0j)
try: z < 1
except TypeError as e: print(e)
try: z / 0
except ZeroDivisionError as e: print(e)
try: z // 1
except TypeError as e: print(e)
total = 0.0
for i in range(1, 1001): total += 1 / i
print(total, sum(1 / i for i in range(1, 1001)))
def newton(n, x=1.0):
    while abs(x * x - n) > 1e-12: x = (x + n / x) / 2
    return x
print(newton(2), newton(144))
print([round(x * 0.1, 1) for x in range(11)], [x / 4 for x in range(5)], [f"{x:.3f}" for x in (1e-4, 0.0005, 0.0015, 2.0005)])
print(1.0.__add__(2), (1.5).__int__(), float.__mul__(2.0, 3), 5.0.__divmod__(2), (1.0).__eq__(1), (1.5).__hash__() == hash(1.5), (1.0).__lt__("a"))
