"""What native modules keep for the next operation: contexts of decimals, text that waits for its stream; and bytes by index."""
import contextvars
import decimal
import io
import threading
from decimal import Context, Decimal, Inexact, Rounded, ROUND_UP, getcontext, localcontext, setcontext

D = Decimal


def flags(context=None):
    return sorted(s.__name__ for s, on in (context or getcontext()).flags.items() if on)


# The flags of the current context are set anew after they are cleared.
setcontext(Context(prec=5))
for _ in range(3):
    print(D(1) / D(3), flags())
    print(D(1) / D(3), flags())
    getcontext().clear_flags()
    print(D(1) + D(3), flags())

# A trap that is set, and one that is taken away, while the flag is set.
print(D(2) / D(3), flags())
getcontext().traps[Inexact] = True
for _ in range(2):
    try:
        print(D(2) / D(3))
    except Inexact as e:
        print("trapped", type(e).__name__)
getcontext().traps[Inexact] = False
print(D(2) / D(3))

# Precision that changes; contexts that come and go.
getcontext().prec = 3
print(D(2) / D(3))
with localcontext() as inner:
    inner.prec = 8
    print(D(2) / D(3))
    with localcontext(prec=2, rounding=ROUND_UP):
        print(D(2) / D(3), D(1) / D(3), -D("1.234"), abs(D("-1.234")))
    print(D(2) / D(3))
print(D(2) / D(3), flags())


def in_another():
    getcontext().prec = 12
    return D(2) / D(3)


print(contextvars.copy_context().run(in_another), D(2) / D(3))
results = []
thread = threading.Thread(target=lambda: (setcontext(Context(prec=7)), results.append(D(2) / D(3))))
thread.start()
thread.join()
print(results, D(2) / D(3))

# A context as an argument gets the flags itself.
getcontext().clear_flags()
other = Context(prec=2)
print(D("1.2345").quantize(D("0.1"), context=other), flags(other), flags())
print(D("1.2345").quantize(D("0.01")), flags(other), flags())
print(D("1.2345").fma(D(3), D("0.00001"), context=other), D("2").sqrt(other), D("2").ln(other), D("1.5").to_integral_value(ROUND_UP, other))
for bad in (1, "x"):
    try:
        D(1).ln(bad)
    except TypeError as e:
        print(e)
print(round(D("2.675"), 2), round(D("-0.5")), flags())

# Sums and shifts around the words of eighteen digits.
setcontext(Context(prec=90))
nines = D("9" * 18)
for a in (nines, D("9" * 36), D("9" * 54), D("9" * 72), D("1e17"), D("1e18"), D(0), D("0e-20"), D("-0"), D(2**63), D(-(2**64))):
    print(a + 1, a + a, a - nines, a + D("1e-18"), a + D("1e36"), a * 10**18, a / 7, sep="\n  ")
    for places in (1, 17, 18, 19, 36, 54):
        print("  ", a.scaleb(-places).quantize(D(1)), a.shift(places), (a + D(10) ** places).normalize())
for prec in (1, 9, 17, 18, 19, 28, 36, 37):
    getcontext().prec = prec
    print(nines * nines, nines / 3, D(10**40 + 1) / D(10**20), D(5) / D(10**19), D("9" * 19) + 1, D("5" * 60) + 0)

# Bytes by index.
data = b"\x00abc\xff"
print([data[i] for i in range(-5, 5)], data[0], data[4], data[-1], data[-5])
for index in (5, -6, 2**70, "a", 1.0, None):
    try:
        print(data[index])
    except (IndexError, TypeError) as e:
        print(type(e).__name__, e)
for index in range(2):
    try:
        print(data[9])
    except IndexError as e:
        print(e)


class Sub(bytes):
    def __getitem__(self, key):
        return "mine", key


sub = Sub(data)
print(sub[1], bytes(sub)[1], data[True], data[1:3])
for one in (data, sub, "text", [1, 2, 3], (4, 5, 6), bytearray(data), {2: "two"}, memoryview(data)):
    print(one[2], end=" ")
print()

# Text that waits: what is seen when, and in which order.
raw = io.BytesIO()
text = io.TextIOWrapper(raw, encoding="ascii", errors="xmlcharrefreplace", newline="\n")
print(text.write("plain"), text.write("with\nline"), text.write("\u00e4"), text.write(""), raw.getvalue())
text.flush()
print(raw.getvalue())
print(text.write("x" * 8191), text.write("yz"), text.write("z" * 9000), len(raw.getvalue()))
text.write("end")
print(text.tell(), len(raw.getvalue()))
text.reconfigure(write_through=True)
text.write("now")
print(raw.getvalue()[-6:])
text.reconfigure(write_through=False, line_buffering=True)
text.write("later")
print(raw.getvalue()[-6:])
text.write("\n")
print(raw.getvalue()[-6:])
text.reconfigure(newline="\r\n", line_buffering=False)
text.write("a\nb")
text.flush()
print(raw.getvalue()[-6:])
raw.close()
for _ in range(2):
    try:
        text.write("closed")
    except ValueError as e:
        print(e)
detached = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
detached.write("kept")
print(detached.detach().getvalue())
try:
    detached.write("gone")
except ValueError as e:
    print(e)
both = io.TextIOWrapper(io.BufferedRandom(io.BytesIO(b"abc\ndef\n")), encoding="utf-8")
print(both.readline(), both.write("ghi"), both.seek(0), both.read())
wide = io.TextIOWrapper(io.BytesIO(), encoding="utf-16-le")
wide.write("ab")
wide.flush()
print(wide.buffer.getvalue())
marked = io.TextIOWrapper(io.BytesIO(), encoding="utf-8-sig")
marked.write("ab")
marked.write("cd")
marked.flush()
print(marked.buffer.getvalue())
only_read = io.TextIOWrapper(io.BufferedReader(io.BytesIO(b"x")), encoding="utf-8")
try:
    only_read.write("no")
except (OSError, ValueError) as e:
    print(type(e).__name__, e)
try:
    text.write(b"bytes")
except TypeError as e:
    print(e)
