# bytes, bytearray, memoryview.
b = b"hello\x00\xff"
print(b, len(b), b[0], b[-1], b[1:3], b + b"!", b * 2, b"ell" in b, 104 in b, list(b"abc"), bytes([1, 2, 255]), bytes(3), bytes("é", "utf-8"), b"".join([b"a", b"b"]), b.hex(), bytes.fromhex("00ff"), bytes(range(3)), bytes(b"x"))
print(b.find(b"l"), b.count(b"l"), b.replace(b"l", b"L"), b"a,b".split(b","), b" x ".strip(), b"abc".upper(), b"Ab".swapcase(), b"abc".startswith(b"ab"), b"x".center(5, b"-"), b"a\nb".splitlines(), b"1".isdigit(), b"5".zfill(3), b"abc".translate(bytes.maketrans(b"a", b"z"), b"c"), b"a-b".partition(b"-"), b"%d %s %r" % (5, b"x", "é"), b"a\tb".expandtabs(4), b"abc".removeprefix(b"a"), b"ABC".lower().title(), b"x".rjust(3), b"aXbX".rsplit(b"X", 1), b"abc".index(99), b"abc".rfind(b"c"))
print(b"a" < b"b", b"a" == "a", b"a" == bytearray(b"a"), hash(b"a") == hash(bytes([97])), b"abc".decode(), b"\xe9".decode("latin-1"), b"\xff".decode("utf-8", "replace"), b"\xffa".decode("ascii", "ignore"), b"\xff".decode("utf-8", "backslashreplace"), str(b"a", "ascii"), repr(b"\t\n\r'\"\\"), b"\xf0\x9f\x98\x80".decode(), "\udcff".encode("utf-8", "surrogateescape"), b"\xff".decode("utf-8", "surrogateescape") == "\udcff")
for bad in (lambda: b[99], lambda: bytes([256]), lambda: bytes(-1), lambda: b + "x", lambda: b"a".find("a"), lambda: bytes("x"), lambda: b"\xff".decode(), lambda: bytes.fromhex("zz"), lambda: b"a".join(["x"]), lambda: bytes(["a"]), lambda: b"a".index(b"z"), lambda: b < "a", lambda: b"a".replace("a", "b"), lambda: b"a"["x"], lambda: bytes(1.5), lambda: bytes([1], "utf-8")):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
try: b[0] = 1
except TypeError as e: print(e)
a = bytearray(b"abc"); a.append(100); a.extend(b"ef"); a += b"g"; a.insert(0, 65); print(a, a.pop(), a.pop(0), len(a), a[0], a[1:3]); a[0] = 90; a[1:3] = b"XYZ"; del a[-1]; print(a); a.remove(90); a.reverse(); print(a, a.upper(), a.find(b"X"), bytes(a), a.copy() == a, a * 2); a.clear(); print(a, bytearray(3), bytearray("é", "utf8"), bytearray([1, 2]), bytearray(b"ab") + b"c", b"c" + bytearray(b"ab"))
for bad in (lambda: a.append(256), lambda: a.pop(), lambda: a.append("x"), lambda: bytearray(b"a").remove(5), lambda: hash(a)):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
a = bytearray(range(10)); a[::2] = b"\xff" * 5; print(a); del a[::3]; print(a); a[2:2] = b"mid"; print(a)
try: a[::2] = b"x"
except ValueError as e: print(e)
m = memoryview(bytearray(b"abcdef")); print(m[0], m[1:3].tobytes(), m[::-1].tolist(), len(m), m.nbytes, m.format, m.itemsize, m.shape, m.readonly, m.contiguous, bytes(m[2:]))
m[0] = 90; m[1:3] = b"YX"; print(m.obj, m == b"ZYXdef", m.tolist(), list(m), 90 in m, m.hex())
try: m[0:2] = b"abc"
except ValueError as e: print(e)
try: m.obj.append(1)
except BufferError as e: print(e)
try: memoryview(b"abc")[0] = 1
except TypeError as e: print(e)
try: memoryview("str")
except TypeError as e: print(e)
with m as mm: pass
try: m[0]
except ValueError as e: print(e)
import array
ar = array.array("i", [1, 2, 3]); ar.append(4); ar.extend([5]); ar[0] = 9; print(ar, ar[1:3], ar.tobytes()[:4], ar.itemsize, ar.typecode, sum(ar), ar.index(3), ar.pop(), len(ar), ar.tolist(), array.array("d", [1.5]), ar == array.array("i", [9, 2, 3, 4]), memoryview(ar).format, memoryview(ar)[1], ar + ar, ar * 2)
for bad in (lambda: ar.append("x"), lambda: ar.append(2 ** 40), lambda: array.array("z"), lambda: array.array("b", [200])):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
c = memoryview(array.array("i", [1, 2])).cast("B"); print(len(c), c.tolist(), memoryview(bytes(8)).cast("B", (2, 4)).tolist(), memoryview(b"\x01\x00\x00\x00").cast("I")[0])
import io
f = io.BytesIO(b"line1\nline2\nrest"); print(f.read(3), f.tell(), f.readline(), f.readlines(), f.seek(0), f.read(), f.getvalue()[:4]); f.seek(2); f.write(b"XX"); print(f.getvalue(), f.truncate(4), f.getvalue(), f.seek(0, 2)); f.close()
try: f.read()
except ValueError as e: print(e)
s = io.StringIO("a\nb\nc"); print(list(s), s.seek(0), s.read(2), s.readline(), s.tell(), s.write("!"), s.getvalue())
print(int.from_bytes(b"\x01\x02", "big"), (258).to_bytes(2, "little"), "abc".encode("utf-16"), "a".encode("utf-32-be"), "é".encode("cp1252"), b"\x80".decode("cp1252"), "ä".encode("idna"), b"abc" b"def", b"a" in {b"a": 1}, sorted([b"b", b"a"]), max(b"az"), rb"\x", len(b"\x41"))
