# random with a seed gives CPython's numbers; statistics, math helpers.
import random, statistics as st, math, fractions, decimal
r = random.Random(42)
print([r.random() for _ in range(3)], r.randint(1, 100), r.randrange(0, 100, 5), r.choice("abcdef"), r.choices([1, 2, 3], k=4), r.choices("ab", weights=[1, 9], k=5), r.sample(range(100), 5), r.uniform(1, 2), r.getrandbits(70))
l = list(range(10)); r.shuffle(l); print(l, r.gauss(0, 1), r.normalvariate(5, 2), r.expovariate(1.5), r.betavariate(1, 2), r.triangular(0, 1, 0.3), r.paretovariate(3), r.lognormvariate(0, 1), r.vonmisesvariate(0, 4), r.gammavariate(2, 3), r.weibullvariate(1, 1.5))
state = r.getstate(); a = r.random(); r.setstate(state); print(a == r.random(), random.Random("text").random(), random.Random(b"bytes").random(), random.Random(1.5).random(), random.Random(-7).random(), random.Random(2 ** 100).getrandbits(32), r.randbytes(4), random.Random(1).binomialvariate(10, 0.5))
random.seed(7); print(random.random(), random.randint(0, 10 ** 20), random.sample("abc", 2, counts=[2, 1, 1]))
for bad in (lambda: random.choice([]), lambda: random.randrange(5, 5), lambda: random.sample([1], 2), lambda: random.randint(1.5, 3), lambda: random.choices([], k=1)):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
d = [2, 4, 4, 4, 5, 5, 7, 9]
print(st.mean(d), st.median(d), st.mode(d), st.multimode([1, 1, 2, 2]), st.pstdev(d), st.stdev(d), st.variance(d), st.pvariance(d), st.median_low(d), st.median_high(d), st.fmean(d), st.geometric_mean([1, 2, 4]), st.harmonic_mean([40, 60]), st.quantiles(d), st.median_grouped(d), st.correlation([1, 2, 3], [2, 4, 7]), st.linear_regression([1, 2, 3], [2, 4, 6]), st.NormalDist(0, 1).cdf(1))
try: st.mean([])
except st.StatisticsError as e: print(e)
F = fractions.Fraction; print(F(1, 3) + F(1, 6), F("0.75"), F(3, 6), F(1, 2) * 4, F(1, 2) ** 2, F(7, 2) // 1, F(7, 2) % 1, float(F(1, 8)), F(0.5), F(1, 3).limit_denominator(10), round(F(7, 2)), math.floor(F(-1, 2)), F(1, 2) < 0.6, F(1, 2) == 0.5, hash(F(1, 2)) == hash(0.5), repr(F(-1, 2)), F(math.pi).limit_denominator(1000), f"{F(1, 3):.4f}", sum([F(1, 2), F(1, 3)]), F(5).numerator, abs(F(-1, 2)), F(1, 2) + 1.0)
try: F(1, 0)
except ZeroDivisionError as e: print(e)
D = decimal.Decimal; print(D("0.1") + D("0.2"), D(1) / D(3), D("1.10") * 2, D("2") ** 10, D(10).sqrt(), D("1e10"), D("3.14159").quantize(D("0.01")), D("2.5").to_integral_value(), D(7) // 2, D(-7) % 3, D("NaN"), D("Infinity") > 1, D("1.0") == 1, str(D("1.50")), repr(D(5)), int(D("3.9")), float(D("0.5")), D("12345.678").as_tuple(), f"{D('1234.5'):,.2f}", D("1.5") < 2, max(D(1), D(2)), D("0.00001"), D("1E-7"), sum([D("0.1")] * 3), hash(D(5)) == hash(5), D(0.1), D("123").adjusted(), D("-0"), D("1.23").normalize(), divmod(D(7), D(2)), round(D("2.675"), 2), D(2).ln(), D(1).exp())
with decimal.localcontext() as c: c.prec = 5; print(D(1) / D(7), c.prec); c.rounding = decimal.ROUND_DOWN; print(D(2) / D(3))
for bad in (lambda: D("x"), lambda: D(1) / 0, lambda: D(1) + 1.5, lambda: D("sNaN") + 1):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
