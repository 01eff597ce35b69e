# Printing, buffering, redirection; io classes; text layers; tokenize; string.Template; difflib.
import io, sys, tokenize, difflib, string, os, tempfile, itertools, contextlib, linecache, fileinput, operator
class Upper(io.TextIOBase):
    def __init__(self): self.parts = []
    def write(self, s): self.parts.append(s.upper()); return len(s)
    def writable(self): return True
u = Upper(); print("hello", 1, file=u); u.writelines(["a", "b"]); print(u.parts, u.closed)
old = sys.stdout; sys.stdout = u; print("captured"); sys.stdout = old; print(u.parts[-2:])
class Raw(io.RawIOBase):
    def __init__(self, data): self.data, self.pos = data, 0
    def readable(self): return True
    def readinto(self, b): chunk = self.data[self.pos:self.pos + min(3, len(b))]; b[:len(chunk)] = chunk; self.pos += len(chunk); return len(chunk)
r = io.BufferedReader(Raw(b"line one\nline two\nend")); print(r.readline(), r.peek(2)[:2], r.read(4), r.read1(2), r.readlines()); t = io.TextIOWrapper(io.BufferedReader(Raw("é\r\nü\nx".encode())), encoding="utf-8"); print(t.readline(), t.read(), t.encoding, t.newlines)
b = io.BytesIO(); w = io.TextIOWrapper(b, encoding="utf-16-le", newline="\r\n", write_through=True); w.write("a\nb"); w.flush(); print(b.getvalue(), w.detach() is b); bw = io.BufferedWriter(sink := io.BytesIO(), 4); bw.write(b"abc"); print(sink.getvalue()); bw.write(b"defgh"); bw.flush(); print(sink.getvalue())
rw = io.BufferedRandom(io.BytesIO(b"0123456789")); rw.seek(3); rw.write(b"xyz"); print(rw.read(2), rw.tell(), rw.seek(0), rw.read()); p = io.BufferedRWPair(io.BytesIO(b"in"), out := io.BytesIO()); print(p.read()); s = io.StringIO("a\r\nb\n", newline=None); print(s.readlines(), io.StringIO("x\ny", newline="\r\n").getvalue()); s = io.StringIO(); s.write("héllo"); s.seek(1); s.write("E"); print(s.getvalue(), s.tell(), s.seek(0, 2), s.truncate(2), s.getvalue(), s.isatty(), s.seekable())
d = io.IncrementalNewlineDecoder(None, True); print(repr(d.decode("a\r")), repr(d.decode("\nb\r", True)), d.newlines)
for bad in (lambda: io.StringIO().write(b"x"), lambda: io.BytesIO().write("x"), lambda: io.StringIO().fileno(), lambda: io.TextIOWrapper(io.BytesIO(b"\xff"), encoding="ascii").read(), lambda: io.BytesIO(b"a").seek(-1), lambda: io.StringIO("a").seek(1, 1), lambda: io.BytesIO().read("x"), lambda: Raw(b"").write(b"x"), lambda: io.open("/nonexistent/x"), lambda: io.BufferedReader(5)):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
tmp = tempfile.mkdtemp(); path = os.path.join(tmp, "t.txt")
with open(path, "w+", encoding="utf-8") as f:
    f.write("日本\nabc\n"); f.seek(0); f.readline(); pos = f.tell(); print(f.readline(), pos, f.seek(pos) == pos, f.read()); f.seek(0); print(next(f)); 
    try: f.tell()
    except OSError as e: print(e)
    f.reconfigure(line_buffering=True); print(f.line_buffering, f.write_through)
with open(path) as f: print(list(itertools.zip_longest(f, ["x"])), f.read() == ""); f2 = open(path, "rb"); print(f2.read(2), os.path.getsize(path), f2.raw.__class__.__name__, f2.readable(), f2.name == path, f2.mode); f2.close(); print(f2.closed, linecache.getline(path, 2))
with fileinput.input([path, path], encoding="utf-8") as fi: print([(fi.filelineno(), l.strip()) for l in fi])
os.remove(path); os.rmdir(tmp)
print([(tokenize.tok_name[t.type], t.string) for t in tokenize.generate_tokens(io.StringIO("def f(a=1):  # c\n    return f'{a!r}' + \"s\"\n").readline)])
print("\n".join(difflib.unified_diff("a b c d".split(), "a x c d e".split(), "old", "new", lineterm="")), list(difflib.ndiff(["a"], ["b"])), difflib.get_close_matches("appel", ["ape", "apple", "peach"]), round(difflib.SequenceMatcher(None, "abcd", "bcde").ratio(), 2))
print(string.ascii_lowercase, string.digits, string.punctuation, string.hexdigits, repr(string.whitespace), string.capwords("hello big world"), string.Template("$a ${b}c $$").safe_substitute(a=1))
print("a", 1, None, [1, "x"], sep="\t", end="|\n", flush=True); print(*range(3), sep=""); print(end=""); print("", "", sep="x"); sys.stdout.write("direct\n"); sys.stdout.writelines(["l1\n", "l2\n"]); sys.stdout.buffer.write(b"bytes\n"); sys.stdout.flush(); print("after"); print(sys.stdout.name, sys.stdout.mode, sys.stderr.errors, sys.__stdout__ is sys.stdout, sys.stdin.closed, sys.stdout.errors)
class Leaves(io.BufferedRandom):
    stream = None
    def leave(self):
        stream, self.stream = self.stream, None
        if stream is not None: stream.detach()
    def flush(self): self.leave()
    def write(self, data): self.leave(); return len(data)
for name, do in [("seek", lambda s: s.seek(0)), ("tell", lambda s: s.tell()), ("truncate", lambda s: s.truncate(0)), ("read", lambda s: (s.write("x"), s.read())), ("close", lambda s: s.close())]:
    below = Leaves(io.BytesIO()); stream = below.stream = io.TextIOWrapper(below, encoding="utf-8")
    try: do(stream)
    except ValueError as e: print(name, e)
print(io.StringIO().__dict__, vars(io.BytesIO()), io.BufferedReader.__new__ is object.__new__)
import marshal
class Slow(io.BytesIO):
    def readinto(self, room): self.asked = getattr(self, "asked", 0) + 1; return super().readinto(room)
source = Slow(marshal.dumps([1, "a"]) + marshal.dumps({"k": 2.5}) + b"rest"); print(marshal.load(source), marshal.load(source), source.read(), source.asked > 2)
