# f-strings, format(), str.format and the mini-language.
name, n, x = "World", 42, 3.14159
print(f"Hello {name}!", f"{n}", f"{x:.2f}", f"{n + 1}", f"{name!r}", f"{name!s:>10}|", f"{'é'!a}")
print(f"{n:5}|{n:<5}|{n:^5}|{n:>5}|{n:05}|{n:+}|{n: }|{-n:=+6}|{n:*^9}|")
print(f"{n:b} {n:o} {n:x} {n:X} {n:#b} {n:#o} {n:#x} {n:c} {n:e} {n:%}")
print(f"{1234567:,} {1234567:_} {1234567.891:,.2f} {255:_b} {0xFFFFF:_x}")
print(f"{x:f} {x:e} {x:g} {x:.3} {x:10.3f}| {x:<10.3f}| {x:+.1f} {1e20:g} {1e-7:g} {100000:g} {1000000:g} {0.5:%} {0.1234:.1%}")
print(f"{float('inf')} {float('nan'):5} {-float('inf'):f} {0.0} {-0.0:.1f} {1e300} {1.0:#g} {2.5:.0f} {3.5:.0f} {1e16} {123.0:n}")
print(f"{name:.3} {name:>8} {name:-<8} {name:^9}|", f"{True} {True:d} {None} {[1, 2]} {(1,)}")
width, precision = 10, 3
print(f"{x:{width}.{precision}f}|", f"{name:{'*'}^{width}}", f"{x:{width}}|")
print(f"{{literal}} {n}", f"{n=}", f"{n + 1 = }", f"{name=!s}", f"{x=:.2f}")
print(f"{'nested ' + f'{n}'}", f'{"quotes " + "inside"}', f"{ {'a': 1}['a'] }", f"{(lambda v: v * 2)(4)}", f"{n if n > 3 else 0}")
print(f"""multi
{n}
line""")
print("{} {}".format(1, 2), "{1} {0}".format("a", "b"), "{a} {b}".format(a=1, b=2), "{0[1]} {1.real}".format([1, 2], 5), "{:>5}|{:<5}|".format(1, 2), "{!r}".format("x"), "{{}}".format(),
      "{:{}}".format("x", 5), "{0:{w}.{p}f}".format(3.14159, w=8, p=2), "{k[a]}".format(k={"a": 7}))
print(format(5, "03d"), format("x", ">3"), format(1.5, ""), format(3 + 4j, ".1f"), format(True, "5"), format(12345.678, ",.1f"), format([1], ""))
class P:
    def __init__(self, v): self.v = v
    def __format__(self, spec): return f"P({self.v}|{spec})"
    def __repr__(self): return "P-repr"
    def __str__(self): return "P-str"
p = P(1)
print(f"{p} {p:abc} {p!r} {p!s}", "{:spec}".format(p), format(p), str(p), repr(p), [p], "%s %r" % (p, p))
class Q:
    def __repr__(self): return "Q-repr"
print(f"{Q()}", str(Q()), "%s" % Q(), f"{Q()!s:>8}")
for bad in (lambda: f"{n:z}", lambda: f"{name:d}", lambda: "{}".format(), lambda: "{a}".format(), lambda: f"{Q():x}", lambda: "%d" % "x", lambda: "%s %s" % (1,),
            lambda: "%s" % (1, 2), lambda: "{".format(), lambda: "}".format(), lambda: f"{3.5:d}", lambda: "%q" % 1, lambda: "{} {1}".format(1, 2), lambda: format(1, ".3d")):
    try:
        print(bad())
    except Exception as e:
        print(type(e).__name__ + ":", e)
for v in (0.1, 1 / 3, 2 / 3, 1e22, 1e21, 123456789012345680.0, 5e-324, 1.7976931348623157e308, 0.1 + 0.7, 100.0, 1e-4, 1.5e-5, 9007199254740993.0):
    print(repr(v), "%.3f" % v if v < 1e30 else "", f"{v:.6g}", f"{v:.15g}")
print(f"{10**30:,}", f"{-10**20:x}", f"{2**100:e}", f"{10**25:30d}|", f"{12:08b}", f"{-12:08b}", f"{5:<+4}|")
print(f"{'a' 'b'}", f"{n!r:>5}", f"{1,2}", f"{n:}", f"{''}" + "x", f"{'\n'.join(['a', 'b'])}")
import string
print(string.Template("$who likes ${what} $$5").substitute(who="tim", what="kung pao"), string.Formatter().format("{0}-{x}", 1, x=2))
print(t"{n} and {name!r:>4}".strings, [(i.value, i.expression, i.conversion, i.format_spec) for i in t"{n} and {name!r:>4}".interpolations])
