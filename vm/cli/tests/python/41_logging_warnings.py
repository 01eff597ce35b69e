# logging, warnings, contextlib extras, traceback module.
import logging, warnings, io, sys, contextlib, traceback, atexit
s = io.StringIO(); h = logging.StreamHandler(s); h.setFormatter(logging.Formatter("%(levelname)s:%(name)s:%(message)s"))
log = logging.getLogger("app.sub"); log.addHandler(h); log.setLevel(logging.INFO); log.propagate = False
log.debug("hidden"); log.info("hello %s", "x"); log.warning("w %d %r", 5, "q"); log.error("e", extra={"k": 1}); log.log(35, "custom"); print(s.getvalue())
try: 1 / 0
except ZeroDivisionError: log.exception("failed")
print("Traceback" in s.getvalue(), "ZeroDivisionError: division by zero" in s.getvalue(), log.isEnabledFor(logging.DEBUG), log.getEffectiveLevel(), logging.getLevelName(30), logging.getLogger("app.sub") is log, log.parent.name, log.handlers == [h])
class Filter(logging.Filter):
    def filter(self, r): return "secret" not in r.getMessage()
h.addFilter(Filter()); s.truncate(0); s.seek(0); log.info("secret"); log.info("open"); print(s.getvalue())
class List(logging.Handler):
    records = []
    def emit(self, r): self.records.append((r.levelno, r.getMessage(), r.funcName))
root = logging.getLogger(); root.addHandler(List()); logging.getLogger("other").warning("to root %s", 1); print(List.records)
ad = logging.LoggerAdapter(log, {"u": 1}); ad.info("adapted"); print(s.getvalue().splitlines()[-1]); logging.basicConfig(level=logging.DEBUG); f = logging.Formatter("{levelname} {message}", style="{"); print(f.format(logging.LogRecord("n", 20, "p", 1, "m %s", ("a",), None)))
with warnings.catch_warnings(record=True) as w:
    warnings.simplefilter("always"); warnings.warn("careful"); warnings.warn("old", DeprecationWarning); warnings.warn(UserWarning("obj")); print([(str(x.message), x.category.__name__) for x in w])
with warnings.catch_warnings():
    warnings.simplefilter("error")
    try: warnings.warn("as error")
    except UserWarning as e: print("raised", e)
    warnings.filterwarnings("ignore", "quiet.*"); warnings.warn("quiet please")
@warnings.deprecated("use new")
def oldf(): return 1
with warnings.catch_warnings(record=True) as w: warnings.simplefilter("always"); print(oldf(), str(w[0].message), w[0].category.__name__)
@contextlib.contextmanager
def cm(n): print("in", n); yield n; print("out", n)
with contextlib.ExitStack() as st: a = st.enter_context(cm(1)); st.callback(print, "cb"); st.push(lambda *e: print("push", e[0])); keep = st.pop_all()
print("kept"); keep.close()
class C(contextlib.ContextDecorator):
    def __enter__(self): print("enter"); return self
    def __exit__(self, *a): print("exit", a[0].__name__ if a[0] else None); return True
@C()
def decorated(): raise ValueError
print(decorated())
try:
    with contextlib.ExitStack() as st: st.callback(lambda: 1 / 0); raise ValueError("first")
except ZeroDivisionError as e: print(repr(e), repr(e.__context__))
with contextlib.suppress(KeyError): {}["x"]
with contextlib.chdir("/"): import os; print(os.getcwd())
def deep(): raise ValueError("deep")
try: deep()
except ValueError as e: te = traceback.TracebackException.from_exception(e); print(te.exc_type_str if hasattr(te, "exc_type_str") else te.exc_type.__name__, [f.name for f in te.stack], traceback.format_exception_only(e), len(traceback.extract_tb(e.__traceback__)), traceback.format_exc().splitlines()[-1], [f.line for f in traceback.extract_tb(e.__traceback__)][1])
print([f.name for f in traceback.extract_stack()], traceback.format_list([("f.py", 3, "fn", "code")]))
old = sys.excepthook; sys.excepthook = lambda t, v, tb: print("hook", t.__name__, v); print(callable(old)); sys.excepthook = old
atexit.register(print, "atexit last"); atexit.register(lambda: print("atexit first")); fn = lambda: print("never"); atexit.register(fn); atexit.unregister(fn); sys.stdout.flush(); print("end of main")
