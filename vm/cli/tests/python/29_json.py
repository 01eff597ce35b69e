# json, string conversion of data, base64, struct, hashlib, textwrap, pprint.
import json, base64, struct, hashlib, textwrap, pprint, binascii, io, csv, copy
data = {"a": [1, 2.5, True, None, "té\n\"x\""], "b": {"c": {}, "d": []}, "e": -1e10, "f": 10 ** 20}
s = json.dumps(data); print(s); print(json.loads(s) == data, json.dumps(data, sort_keys=True, separators=(",", ":")), json.dumps("é", ensure_ascii=False), json.dumps("\U0001F600"), json.dumps({1: 2, None: 3, True: 4, 2.5: 5}))
print(json.dumps(data, indent=2)); print(json.dumps([], indent=2), json.dumps([[], {}], indent=1), json.dumps((1, 2)), json.dumps(float("inf")), json.loads("NaN") != 0, json.loads("-Infinity"), json.loads(' [1 , 2 ] '), json.loads('"\\u00e9\\ud83d\\ude00"'), json.loads("1E3"), json.loads("-0"), json.loads("123456789012345678901"))
for bad in ("", "[1,]", "{", '{"a" 1}', "[1 2]", '"abc', "tru", "{'a': 1}", "1 2", '"\\x"', '"\n"', "[1", '{"a":1,}', "nul", "-", '{1: 2}'):
    try: print(json.loads(bad))
    except json.JSONDecodeError as e: print(repr(bad), "->", e, e.pos)
class P:
    def __init__(self, x): self.x = x
class Enc(json.JSONEncoder):
    def default(self, o): return {"P": o.x} if isinstance(o, P) else super().default(o)
print(json.dumps([P(1)], cls=Enc), json.dumps(P(2), default=lambda o: o.x), json.loads('{"P": 5}', object_hook=lambda d: P(d["P"]) if "P" in d else d).x, json.loads("[1.5]", parse_float=str), json.loads('{"a":1,"a":2}', object_pairs_hook=list), json.dumps({"a": 1, (1,): 2}, skipkeys=True))
for bad in (lambda: json.dumps({1, 2}), lambda: json.dumps({(1,): 2}), lambda: json.dumps(b"x"), lambda: json.dumps(float("nan"), allow_nan=False)):
    try: print(bad())
    except (TypeError, ValueError) as e: print(type(e).__name__, e)
loop = []; loop.append(loop)
try: json.dumps(loop)
except ValueError as e: print(e)
f = io.StringIO(); json.dump({"k": [1]}, f); f.seek(0); print(json.load(f))
print(base64.b64encode(b"hello world"), base64.b64decode("aGk="), base64.urlsafe_b64encode(b"\xff\xfe"), base64.b32encode(b"hi"), base64.b16encode(b"hi"), binascii.hexlify(b"\x01\xab"), bytes.fromhex("01 ab"), b"\x01\xab".hex(":"), binascii.crc32(b"hello"))
print(struct.pack("<IhB", 1, -2, 3), struct.unpack(">HH", b"\x00\x01\x00\x02"), struct.calcsize("iqd"), struct.pack("3s?f", b"ab", True, 1.5), struct.unpack("<d", struct.pack("<d", 3.14)), list(struct.iter_unpack("<H", b"\x01\x00\x02\x00")), struct.pack(">q", -1))
try: struct.pack("B", 300)
except struct.error as e: print(e)
try: struct.unpack("I", b"abc")
except struct.error as e: print(e)
print(hashlib.md5(b"a").hexdigest(), hashlib.sha1(b"a").hexdigest(), hashlib.sha256(b"abc").hexdigest()[:32], hashlib.new("sha512", b"").hexdigest()[:16], hashlib.blake2b(b"x", digest_size=8).hexdigest(), hashlib.sha3_256(b"").hexdigest()[:16])
h = hashlib.sha256(); h.update(b"a"); g = h.copy(); h.update(b"bc"); print(h.hexdigest() == hashlib.sha256(b"abc").hexdigest(), g.hexdigest() != h.hexdigest(), h.digest_size, h.block_size, h.name)
long = "The quick brown fox jumps over the lazy dog and runs away from the bear."
print(textwrap.fill(long, 30)); print(textwrap.wrap(long, 25), textwrap.shorten(long, 30), textwrap.dedent("  a\n    b\n  c"), textwrap.indent("a\nb", "> "), sep="\n")
pprint.pprint({"list": list(range(30)), "dict": {"b": 1, "a": [1, 2]}, "text": "x" * 20}, width=50); print(pprint.pformat([1, [2, [3, [4]]]], depth=2), pprint.pformat({"z": 1, "a": 2}))
w = io.StringIO(); csv.writer(w).writerows([["a", "b,c", 'd"e'], [1, None, 2.5], ["line\nbreak", "", " x "]]); print(repr(w.getvalue())); print(list(csv.reader(io.StringIO('a,"b,c","d""e"\n1,,"x\ny"\n'))), list(csv.DictReader(io.StringIO("n,v\na,1\nb,2\n"))))
deep = {"a": [1, {"b": (2, [3])}]}; d2 = copy.deepcopy(deep); s2 = copy.copy(deep); deep["a"][1]["b"][1].append(4); print(d2, s2["a"] is deep["a"], copy.deepcopy(loop)[0] is not loop)
class C:
    def __init__(self): self.v = [1]
    def __copy__(self): return "copied"
    def __deepcopy__(self, memo): return "deep"
print(copy.copy(C()), copy.deepcopy([C()]), copy.copy([1, 2]), copy.replace(__import__("types").SimpleNamespace(a=1), a=2))
import pickle
class Q:
    def __init__(self, a): self.a = a
    def __eq__(self, o): return self.a == o.a
for v in (1, "é", [1, (2, {3: {4}})], Q([1]), 10 ** 30, 1.5, None, b"x", {"a": Q(Q(1))}, range(3), frozenset([1]), bytearray(b"q"), Q, len): print(pickle.loads(pickle.dumps(v)) == v, end=" ")
print([pickle.loads(pickle.dumps([1, "a"], p)) for p in range(6)])
