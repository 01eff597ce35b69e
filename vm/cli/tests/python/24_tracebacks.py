# exit: 1
# stderr: compare
# The traceback of an uncaught exception: carets, chained causes, notes, the suggestion.
import sys, traceback

def divide(a, b):
    return a / b

def middle(n):
    return divide(n + 1,
                  n - n)

def chain():
    try:
        middle(1)
    except ZeroDivisionError as error:
        raise ValueError("wrapped") from error

def during():
    try:
        {}["key"]
    except KeyError:
        undefined_name

def printed(f):
    try:
        f()
    except Exception:
        traceback.print_exc(file=sys.stdout)

printed(lambda: divide(1, 0))
printed(chain)
printed(during)
class Thing:
    value = 1
    def __init__(self): self.items = [1]
printed(lambda: Thing().valeu)
printed(lambda: Thing().items.push(1))
printed(lambda: print(lenn([])))
printed(lambda: sys.maxsiz)
printed(lambda: [1, 2][5])
printed(lambda: {"a": {"b": 1}}["a"]["c"]["d"])
printed(lambda: (1 + "a") * 2)
printed(lambda: Thing(1, 2))
printed(lambda: int("x") + 1)
printed(lambda: next(x for x in [1 / 0]))
def noted():
    e = RuntimeError("with notes")
    e.add_note("first note")
    e.add_note("second\nnote")
    raise e
printed(noted)
def recursive(n):
    if n == 0: raise LookupError("deep down")
    recursive(n - 1)
printed(lambda: recursive(8))
def group():
    raise ExceptionGroup("several", [ValueError("one"), ExceptionGroup("inner", [TypeError("two"), KeyError("three")])])
printed(group)
class Custom(Exception):
    def __str__(self): return "custom text\nof two lines"
printed(lambda: (_ for _ in ()).throw(Custom()))
def syntax(source):
    try:
        compile(source, "<test>", "exec")
    except SyntaxError as e:
        print("".join(traceback.format_exception_only(e)), end="")
for source in ("x = = 1", "def f(:\n  pass", "if 1\n  pass", "print('abc", "a b", "for x in y", "f(a=1, 2)", "x = (1,\n", "return 5", "  x = 1", "if 1:\npass", "break", "def f():\n  nonlocal x", "1 = x", "f() = 3", "lambda x=1, y: 0", "def f(a, a): pass", "'\\N{nope}'", "yield 1", "import a.b as", "class C\n pass", "x = 5 +", "await x", "del f()", "{1:2, 3}", "a, b += 1", "f(**a, *b)", "0777", "1__0", "x = 'a' 'b"):
    syntax(source)
final = Thing()
final.first = lambda: final.second()
def outermost():
    try:
        final.first()
    except AttributeError as error:
        raise KeyError("last") from error
outermost()
