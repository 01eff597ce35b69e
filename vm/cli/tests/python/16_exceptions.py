# try/except/else/finally, chaining, custom classes, finally against return.
def show(f, *a):
    try: r = f(*a)
    except BaseException as e: print(f.__name__, a, "raised", type(e).__name__, e.args)
    else: print(f.__name__, a, "returned", r)
def order(fail):
    log = []
    try:
        log.append("try")
        if fail == 1: raise ValueError("v")
        if fail == 2: raise KeyError("k")
        if fail == 3: raise OSError(2, "No such file", "x.txt")
    except ValueError as e: log.append(f"ValueError {e}")
    except (KeyError, IndexError) as e: log.append(f"lookup {e!r}")
    except Exception as e: log.append(f"other {e}")
    else: log.append("else")
    finally: log.append("finally")
    return log
for i in range(4): show(order, i)
def finally_return():
    try: return "try"
    finally: print("cleanup")
show(finally_return)
def finally_loop():
    out = []
    for i in range(4):
        try:
            if i == 1: continue
            if i == 3: break
            out.append(i)
        finally: out.append(f"f{i}")
    return out
show(finally_loop)
def nested():
    try:
        try: raise ValueError("inner")
        finally: print("inner finally")
    except ValueError as e:
        try: raise TypeError("second") from e
        except TypeError as t: return repr(t.__cause__), t.__suppress_context__, repr(t.__context__)
show(nested)
def context():
    try:
        try: 1 / 0
        except ZeroDivisionError: {}["k"]
    except KeyError as e: return repr(e.__context__), e.__cause__, e.__suppress_context__
show(context)
def from_none():
    try:
        try: 1 / 0
        except ZeroDivisionError: raise ValueError("clean") from None
    except ValueError as e: return e.__cause__, e.__suppress_context__, type(e.__context__).__name__
show(from_none)
def reraise():
    try:
        try: raise KeyError("again")
        except KeyError: raise
    except LookupError as e: return type(e).__name__, e.__context__
show(reraise)
class AppError(Exception):
    def __init__(self, code, message="msg"):
        super().__init__(message); self.code = code
    def __str__(self): return f"[{self.code}] {self.args[0]}"
class SubError(AppError): pass
try: raise SubError(42)
except AppError as e: print(e, repr(e), e.code, e.args, isinstance(e, SubError))
def bare():
    try: raise SystemExit(3)
    except: return "caught all"
show(bare)
show(lambda: (_ for _ in ()).throw(ValueError("gen")))
def no_active(): raise
show(no_active)
def bad_raise(): raise 5
show(bad_raise)
def bad_class(): raise int
show(bad_class)
def bad_cause():
    raise ValueError from 5
show(bad_cause)
def bad_except():
    try: 1 / 0
    except 5: pass
show(bad_except)
def raise_class(): raise ValueError
show(raise_class)
def name_deleted():
    try: raise ValueError
    except ValueError as e: pass
    try: e
    except UnboundLocalError as u: return str(u)
show(name_deleted)
e = ValueError("noted"); e.add_note("first"); e.add_note("second"); print(e.__notes__)
print(repr(ValueError()), repr(ValueError("a", 1)), str(ValueError("a", 1)), str(ValueError()), str(KeyError("k")), repr(OSError(2, "m")), str(OSError(2, "m", "f")), OSError(2, "m").errno, type(OSError(2, "m")).__name__)
print(StopIteration(5).value, SystemExit(2).code, [c.__name__ for c in ZeroDivisionError.__mro__], issubclass(KeyError, LookupError), issubclass(ModuleNotFoundError, ImportError), IOError is OSError, UnicodeDecodeError("utf-8", b"x\xff", 1, 2, "bad"), AttributeError("m", name="n", obj=1).name)
def depth(n):
    try:
        if n: return depth(n - 1)
        raise ValueError("deep")
    finally: pass
show(depth, 20)
def swallow():
    for i in range(3):
        try: raise ValueError(i)
        except ValueError as e:
            if e.args[0] == 1: return e.args[0]
show(swallow)
def with_tb():
    try: 1 / 0
    except ZeroDivisionError as e: tb = e.__traceback__; return tb.tb_lineno - with_tb.__code__.co_firstlineno, tb.tb_frame.f_code.co_name, tb.tb_next
show(with_tb)
def ctx_cleared():
    try: raise ValueError(1)
    except ValueError: pass
    try: raise TypeError(2)
    except TypeError as e: return e.__context__
show(ctx_cleared)
import sys
def exc_info():
    a = sys.exc_info()[0]
    try: raise ValueError
    except ValueError: b = sys.exc_info()[0].__name__; c = type(sys.exception()).__name__
    return a, b, c, sys.exc_info()
show(exc_info)
try: recursive = lambda: recursive(); recursive()
except RecursionError as e: print("RecursionError", str(e)[:32])
def group():
    out = []
    try: raise ExceptionGroup("eg", [ValueError(1), TypeError(2), ExceptionGroup("n", [ValueError(3), KeyError(4)])])
    except* ValueError as g: out.append([type(x).__name__ for x in g.exceptions])
    except* TypeError as g: out.append(repr(g))
    except* KeyError as g: out.append(g.message)
    return out
show(group)
