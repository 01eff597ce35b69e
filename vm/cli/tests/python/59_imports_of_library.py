# The modules that threaded programs lean on import, and do one thing each.
import importlib, sys
names = """abc argparse array ast asyncio atexit base64 bdb binascii bisect builtins bz2 calendar cmath cmd code codecs codeop collections colorsys compileall concurrent.futures configparser contextlib contextvars copy copyreg csv ctypes.util dataclasses datetime decimal difflib dis doctest email email.message encodings enum errno faulthandler fileinput fnmatch fractions functools gc getopt getpass gettext glob graphlib gzip hashlib heapq hmac html html.parser http http.client imaplib importlib.metadata importlib.resources inspect io ipaddress itertools json keyword linecache locale logging logging.handlers lzma mailbox marshal math mimetypes mmap multiprocessing netrc numbers opcode operator optparse os pathlib pdb pickle pickletools pkgutil platform plistlib poplib posixpath pprint profile pstats py_compile pyclbr pydoc queue quopri random re reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtplib socket socketserver sqlite3 ssl stat statistics string stringprep struct subprocess symtable sys sysconfig tabnanny tarfile tempfile textwrap threading time timeit token tokenize tomllib trace traceback tracemalloc types typing unicodedata unittest unittest.mock urllib.parse urllib.request uuid warnings wave weakref webbrowser xml.dom.minidom xml.etree.ElementTree xmlrpc.client zipapp zipfile zipimport zlib zoneinfo""".split()
failed = []
for name in names:
    try: importlib.import_module(name)
    except ImportError as e: failed.append((name, str(e)))
print(len(names), failed)
import graphlib, ipaddress, tomllib, sched, timeit, reprlib, plistlib, marshal, xml.etree.ElementTree as ET, html.parser, email.message, hmac, cmath, dis, numbers, optparse, pickletools, symtable, colorsys, code, select, socket, mmap, tracemalloc
print(list(graphlib.TopologicalSorter({"a": {"b"}, "b": {"c"}}).static_order()), ipaddress.ip_address("192.168.0.1") + 1, ipaddress.ip_network("10.0.0.0/30").num_addresses, tomllib.loads('a = 1\n[b]\nc = [1.5, "x"]\nd = 2024-01-01'), reprlib.repr(list(range(100))), marshal.loads(marshal.dumps([1, "a", (2.5, None), {"k": b"v"}])), hmac.new(b"k", b"m", "sha256").hexdigest()[:16], cmath.sqrt(-1), cmath.polar(1j), isinstance(1, numbers.Integral), colorsys.rgb_to_hsv(1, 0.5, 0), timeit.timeit("pass", number=1) >= 0)
r = ET.fromstring("<a x='1'><b>text</b><b/>tail</a>"); print(r.tag, r.attrib, [b.text for b in r.findall("b")], ET.tostring(r), r.find("b").tail)
class H(html.parser.HTMLParser):
    def handle_starttag(self, t, a): print("start", t, a)
    def handle_data(self, d): print("data", d)
H().feed("<p class=x>hi &amp; <b>bye</b></p>")
m = email.message.EmailMessage(); m["Subject"] = "Hé"; m.set_content("body\n"); print(m["subject"], m.get_content(), "MIME-Version" in m)
s = sched.scheduler(lambda: 0, lambda n: None); out = []; s.enter(2, 1, out.append, ("b",)); s.enter(1, 1, out.append, ("a",))
a, b = socket.socketpair(); a.sendall(b"ping"); print(b.recv(10), select.select([b], [], [], 0)[0] == []); a.close(); print(b.recv(1)); b.close()
srv = socket.create_server(("127.0.0.1", 0)); import threading; t = threading.Thread(target=lambda: (c := srv.accept()[0], c.sendall(c.recv(100).upper()), c.close())); t.start(); c = socket.create_connection(srv.getsockname()); c.sendall(b"shout"); print(c.recv(100)); c.close(); t.join(); srv.close()
import sqlite3; db = sqlite3.connect(":memory:"); db.execute("create table t(a, b)"); db.executemany("insert into t values(?, ?)", [(1, "x"), (2, "y")]); print(db.execute("select a, b from t order by a desc").fetchall())
mm = mmap.mmap(-1, 16); mm[:5] = b"hello"; print(mm.find(b"l"), mm[:5], len(mm)); mm.close(); print(symtable.symtable("x = 1\ndef f(): y = x", "s", "exec").lookup("f").is_namespace(), plistlib.loads(plistlib.dumps({"a": [1, True]})))
import zoneinfo, datetime; print(zoneinfo.ZoneInfo("UTC").utcoffset(datetime.datetime(2024, 1, 1)))
