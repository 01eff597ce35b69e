# ExceptionGroup and except* in depth; raising in finally; notes; traceback positions.
def show(f):
    try: r = f(); print(f.__name__, "->", r)
    except BaseException as e: print(f.__name__, "raised", repr(e), "cause", repr(e.__cause__), "context", repr(e.__context__))
eg = ExceptionGroup("top", [ValueError(1), TypeError(2), ExceptionGroup("sub", [ValueError(3), OSError(4)])])
print(repr(eg), eg.message, len(eg.exceptions), str(eg), eg.subgroup(ValueError), eg.split(ValueError), eg.subgroup(lambda e: isinstance(e, OSError)), eg.subgroup(KeyError), eg.derive([KeyError()]), isinstance(eg, Exception), BaseExceptionGroup("b", [KeyboardInterrupt()]), type(BaseExceptionGroup("b", [ValueError()])).__name__)
for bad in (lambda: ExceptionGroup("x", []), lambda: ExceptionGroup("x", [5]), lambda: ExceptionGroup("x", [KeyboardInterrupt()]), lambda: ExceptionGroup(1, [ValueError()]), lambda: ExceptionGroup("x")):
    try: bad()
    except Exception as e: print(type(e).__name__, e)
def star():
    log = []
    try: raise eg
    except* ValueError as g: log.append(("V", g.exceptions))
    except* (TypeError, OSError) as g: log.append(("TO", len(g.exceptions)))
    else: log.append("else")
    finally: log.append("finally")
    return log
show(star)
def rest():
    try: raise eg
    except* ValueError: pass
show(rest)
def single():
    try: raise ValueError("bare")
    except* ValueError as g: return_value = repr(g)
    return return_value
show(single)
def nomatch():
    try: raise KeyError("k")
    except* ValueError: print("never")
show(nomatch)
def raising():
    try: raise eg
    except* ValueError as g: raise RuntimeError("new")
    except* TypeError: raise
show(raising)
def chained():
    try: raise eg
    except* OSError as g: raise KeyError("from") from g
show(chained)
def noexc():
    try: pass
    except* ValueError: print("no")
    else: return "else ran"
show(noexc)
def nested():
    try:
        try: raise ExceptionGroup("in", [ValueError(1), KeyError(2)])
        except* KeyError: print("inner key")
    except* ValueError as g: print("outer value", g.exceptions)
    return "done"
show(nested)
def loops():
    out = []
    for i in range(3):
        try:
            if i == 1: raise ExceptionGroup("l", [ValueError(i)])
        except* ValueError: out.append("c")
        else: out.append("e")
    return out
show(loops)
class MyGroup(ExceptionGroup):
    def __new__(cls, m, e, code=0): o = super().__new__(cls, m, e); o.code = code; return o
    def __init__(self, m, e, code=0): super().__init__(m, e)
    def derive(self, e): return MyGroup(self.message, e, self.code)
m, n = MyGroup("mine", [ValueError(1), TypeError(2)], code=5).split(TypeError); print(type(m).__name__, m.code, n.exceptions)
def finally_override():
    try: raise ValueError("lost")
    finally: return "returned"
show(finally_override)
def finally_raise():
    try: raise ValueError("first")
    finally: raise KeyError("second")
show(finally_raise)
def finally_break():
    for i in range(3):
        try: raise ValueError(i)
        finally: break
    return i
show(finally_break)
def nest_context():
    try:
        try: raise ValueError(1)
        except ValueError: raise TypeError(2)
    except TypeError:
        try: raise KeyError(3)
        finally: pass
show(nest_context)
def context_chain():
    try: nest_context()
    except KeyError as e:
        c = []
        while e: c.append(repr(e)); e = e.__context__
        return c
show(context_chain)
def self_context():
    e = ValueError("same")
    try: raise e
    except ValueError:
        try: raise e
        except ValueError as x: return x.__context__
show(self_context)
def positions():
    import traceback
    try: {"a": 1}["a"].foo(1 +
            2)
    except AttributeError as e: f = traceback.extract_tb(e.__traceback__)[-1]; return f.lineno - positions.__code__.co_firstlineno, f.end_lineno - f.lineno, f.colno, f.end_colno
show(positions)
def args():
    e = ValueError("a", 1, key := "k"); e.args += ("more",); e.custom = 5
    return e.args, str(e), e.__dict__, key
show(args)
class E(Exception):
    def __init__(self, a, b=2): self.a = a
show(lambda: (repr(E(1)), E(1).args, str(E(5, b=6)), E(1, 3).args))
def with_tb():
    try: raise ValueError
    except ValueError as e: tb = e.__traceback__
    x = KeyError().with_traceback(tb); return x.__traceback__ is tb, tb.tb_next, tb.tb_lasti >= 0
show(with_tb)
def gen():
    try: yield 1
    except GeneratorExit: print("gen exit"); raise
    finally: print("gen finally")
g = gen(); next(g); g.close()
show(lambda: OSError(2, "msg", "file").filename); show(lambda: [type(OSError(n, "x")).__name__ for n in (1, 2, 4, 9, 11, 13, 17, 20, 21, 32, 104, 110, 111)]); show(lambda: (ImportError("m", name="n", path="p").path, NameError("x", name="q").name, StopIteration(1, 2).args, SyntaxError("m", ("f", 1, 2, "text")).lineno, UnicodeError("x").args, SystemExit("a").code))
def bad_cause():
    e = ValueError(); e.__cause__ = 5
show(bad_cause)
def bad_context():
    e = ValueError(); e.__context__ = "x"
show(bad_context)
def bad_tb(): raise ValueError().with_traceback(5)
show(bad_tb)
