# inspect, ast, code objects, frames, compile, exec and eval.
import inspect, ast, sys, types, textwrap
def f(a, b: int = 2, *args, c, d=4, **kw) -> str:
    "doc of f"
    x = a; return x
s = inspect.signature(f); print(s, list(s.parameters), s.parameters["b"].default, s.parameters["c"].kind.name, s.return_annotation, s.bind(1, c=3).arguments, inspect.getdoc(f), inspect.isfunction(f), inspect.getfullargspec(f).kwonlydefaults, str(inspect.signature(lambda x, /, y: 0)), inspect.signature(len), inspect.signature(sorted), inspect.getsource(f).splitlines()[1])
try: s.bind()
except TypeError as e: print(e)
c = f.__code__; print(c.co_name, c.co_qualname, c.co_argcount, c.co_kwonlyargcount, c.co_posonlyargcount, c.co_varnames, c.co_nlocals, c.co_flags & 0xF, c.co_firstlineno, c.co_filename.endswith(".py"), c.co_cellvars, c.co_freevars, c.co_names, c == f.__code__, c.replace(co_name="g").co_name)
class A:
    x: int = 1
    def m(self): pass
    @classmethod
    def cm(cls): pass
    @staticmethod
    def sm(): pass
    @property
    def p(self): pass
class B(A): "B doc"
print(inspect.getmro(B) == (B, A, object), inspect.ismethod(A().m), inspect.isclass(A), [n for n, _ in inspect.getmembers(A) if not n.startswith("_")], inspect.getdoc(B), inspect.isgeneratorfunction(lambda: (yield)), inspect.iscoroutinefunction(f), inspect.signature(A.cm), inspect.signature(A().m), inspect.getattr_static(A, "cm").__class__.__name__, inspect.isdatadescriptor(A.p), inspect.unwrap(f) is f, inspect.get_annotations(A), inspect.getmodule(f).__name__)
def frames():
    local = 5; fr = sys._getframe(); return fr.f_code.co_name, fr.f_back.f_code.co_name, fr.f_lineno - fr.f_code.co_firstlineno, fr.f_locals["local"], "frames" in fr.f_globals, inspect.stack()[0].function, inspect.currentframe() is fr
print(frames(), sys._getframe().f_code.co_name)
def locs(): fr = sys._getframe(); v = 1; fr.f_locals["v"] = 9; return v
print(locs())
print(eval("1 + 2"), eval("a * b", {"a": 3, "b": 4}), eval(compile("5 ** 2", "<s>", "eval")), [eval(x) for x in ("[i for i in range(3)]", "(lambda q: q)(1)", "{1: 2}", "None")])
ns = {}; exec("x = 1\ndef g(): return x + 1\nclass K: y = x", ns); print(ns["g"](), ns["K"].y, "__builtins__" in ns); exec("z = x", ns, loc := {}); print(loc)
code = compile("a = 1; b = a + 1; print(b)", "<c>", "exec"); exec(code, {}); exec(compile("1 + 1", "<i>", "single"))
for bad in ("1 +", "x = 1", "nope", "1/0"):
    try: eval(bad, {})
    except Exception as e: print(type(e).__name__, e)
t = ast.parse("x = [i * 2 for i in range(3)]\nif x: print(f'{x!r}')\nelse: pass"); print(ast.dump(t)); print(ast.dump(ast.parse("a.b[c:d](*e, f=g) if not h else -i", mode="eval"), indent=1)[:300]); print(ast.unparse(t)); print(ast.literal_eval("{'a': [1, (2, 3), {4}, None, -5.5, b'x']}"), [type(n).__name__ for n in ast.walk(ast.parse("a + 1"))])
try: ast.literal_eval("f()")
except ValueError as e: print(type(e).__name__)
class Double(ast.NodeTransformer):
    def visit_Constant(self, n): return ast.copy_location(ast.Constant(n.value * 2), n) if isinstance(n.value, int) else n
tree = ast.fix_missing_locations(Double().visit(ast.parse("r = 5 + 3"))); exec(compile(tree, "<t>", "exec"), q := {}); print(q["r"], tree.body[0].lineno, tree.body[0].col_offset, tree.body[0].end_col_offset)
for src in ("async def f(): await x", "match x:\n  case [1, *_]: pass", "type X[T] = int", "with a as b, c: pass", "try: pass\nexcept* E as e: pass", "@d\ndef f[T](a: T, /, *, b=1) -> T: return a", "lambda *a, **k: (yield)", "global q; del w; assert e, m", "x: int = 5; x += 1; (y := 2)", "a < b <= c and d or not e", "t'{x}'", "for a, *b in c: continue"):
    print(ast.unparse(ast.parse(src)).replace("\n", " | "))
F = types.FunctionType(f.__code__, {}, "renamed", (1, 2)); print(F.__name__, F(c=1, d=2), types.SimpleNamespace(a=1), types.MappingProxyType({"a": 1})["a"], types.MethodType(lambda s: s, 5)(), type(lambda: 0) is types.FunctionType, types.new_class("N", (A,)).__name__, isinstance(print, types.BuiltinFunctionType), types.resolve_bases((A,)) == (A,))
f.__defaults__ = (99,); print(f(1, c=1), f.__defaults__, inspect.signature(f)); f.__code__ = (lambda *a, **k: "swapped").__code__; print(f(1)); f.__name__ = "newname"; print(f.__name__)
