# sys, os, platform-independent parts of the runtime; time, signal, environ, gc of interned strings.
import sys, os, types, math, string, signal, platform, builtins, keyword, uuid, zlib, gzip, bz2, lzma, tarfile, zipfile, io, html, urllib.parse, secrets, getpass, errno, glob, fnmatch, shutil
print(sys.version_info[:2], sys.version_info.releaselevel, sys.byteorder, sys.maxsize == 2 ** 63 - 1, sys.float_info.max, sys.float_info.epsilon, sys.float_info.dig, sys.int_info.default_max_str_digits, sys.hash_info.width, sys.hash_info.modulus, sys.maxunicode, sys.platform, sys.getdefaultencoding(), sys.getfilesystemencoding(), sys.argv, type(sys.path), sys.flags.optimize, sys.implementation.name != "", sys.hexversion >> 16 == 0x30E, sys.copyright is not None, sys.api_version, sys.executable != "", sys.prefix == sys.base_prefix, sys.is_finalizing(), sys.getswitchinterval() > 0, sys.float_repr_style, sys.stdlib_module_names >= {"os", "re"}, sys.intern("abc") is sys.intern("ab" + "c"), sys.getsizeof([]) > 0, sys.call_tracing(abs, (-1,)), sys.exc_info(), sys.displayhook(None), sys.thread_info.name, sys.getallocatedblocks() >= 0, sys.last_exc if hasattr(sys, "last_exc") else "none")
sys.displayhook("shown"); print(builtins._); os.environ["TAIPAN_TEST_X"] = "v"; print(os.environ["TAIPAN_TEST_X"], os.getenv("NOPE", "d"), os.environ.pop("TAIPAN_TEST_X"), "TAIPAN_TEST_X" in os.environ, os.path.expandvars("$NOPE_Z/x"), os.cpu_count() > 0, os.getcwd() == os.path.dirname(os.path.abspath(__file__)), os.getppid() > 0, os.strerror(2), errno.ENOENT, errno.errorcode[13], os.urandom(4) != os.urandom(4), len(os.urandom(3)), os.fsencode("é"), os.fsdecode(b"\xff") == "\udcff", os.times().user >= 0, os.umask(0o22) >= 0, os.uname().sysname, os.devnull, os.extsep, os.altsep, os.curdir, os.pardir, os.pathsep)
for bad in (lambda: os.environ["NOPE_ZZ"], lambda: os.chdir("/nonexistent"), lambda: os.kill(2 ** 22 + 5, 0), lambda: os.environ.__setitem__("a", 5), lambda: os.putenv("a\0", "b"), lambda: sys.setrecursionlimit("x"), lambda: os.fspath(5), lambda: sys.intern(5), lambda: os.stat(b"\0"), lambda: sys.getsizeof()):
    try: print(bad())
    except Exception as e: print(type(e).__name__, str(e))
pid = os.fork()
if pid == 0: os._exit(9)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])); r, w = os.pipe()
if os.fork() == 0: os.write(w, b"from child"); os._exit(0)
os.close(w); print(os.read(r, 100)); os.wait()
hits = []; signal.signal(signal.SIGUSR1, lambda s, f: hits.append((s, f.f_code.co_name))); os.kill(os.getpid(), signal.SIGUSR1); print(hits, signal.Signals(10).name, signal.getsignal(signal.SIGUSR1) is not None, signal.SIGINT, signal.signal(signal.SIGUSR1, signal.SIG_DFL) is not None)
def alarm(*a): raise TimeoutError("alarm")
signal.signal(signal.SIGALRM, alarm); signal.setitimer(signal.ITIMER_REAL, 0.02)
try:
    while True: pass
except TimeoutError as e: print(e)
signal.setitimer(signal.ITIMER_REAL, 0.02)
import time
try: time.sleep(5)
except TimeoutError as e: print("slept", e)
data = b"compress me " * 100
for m in (zlib, gzip, bz2, lzma): c = m.compress(data); print(m.__name__, len(c) < 120, m.decompress(c) == data)
print(zlib.crc32(b"x"), zlib.adler32(b"x")); z = io.BytesIO()
with zipfile.ZipFile(z, "w", zipfile.ZIP_DEFLATED) as f: f.writestr("a.txt", "A" * 50); f.writestr("d/b.txt", b"B")
with zipfile.ZipFile(z) as f: print(f.namelist(), f.read("d/b.txt"), f.getinfo("a.txt").file_size, f.testzip())
t = io.BytesIO()
with tarfile.open(fileobj=t, mode="w:gz") as f: i = tarfile.TarInfo("n"); i.size = 3; f.addfile(i, io.BytesIO(b"abc"))
t.seek(0); print(tarfile.open(fileobj=t).extractfile("n").read())
print(html.escape("<a & 'b'>"), html.unescape("&lt;&eacute;&#39;&hearts;"), urllib.parse.quote("a b/é?"), urllib.parse.unquote("a%20b%C3%A9"), urllib.parse.urlparse("http://u:p@h:80/p;x?q=1#f"), urllib.parse.parse_qs("a=1&b=2&a=3"), urllib.parse.urlencode({"k": "v w", "l": [1, 2]}, doseq=True), urllib.parse.urljoin("http://a/b/c", "../d"))
print(uuid.UUID(int=5), uuid.uuid5(uuid.NAMESPACE_DNS, "python.org"), uuid.uuid4() != uuid.uuid4(), keyword.iskeyword("for"), keyword.softkwlist, fnmatch.fnmatch("a.py", "*.p?"), fnmatch.filter(["a", "b.c"], "*.*"), fnmatch.translate("a*"), len(secrets.token_hex(4)), types.SimpleNamespace(b=1, a=2), types.DynamicClassAttribute.__name__, platform.python_version_tuple()[:2], platform.system(), math.inf, string.octdigits, shutil.which("sh") is not None)
