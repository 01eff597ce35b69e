# import in its forms, modules as objects, packages in memory, errors.
import sys, os, types
import os.path as path
from math import sqrt as root, pi
from os import path as p2, sep
print(path is p2, root(4), round(pi, 3), sep, os.path.join("a", "b"), __name__, type(sys).__name__, sys.modules["os"] is os, "sys" in sys.builtin_module_names)
try: import no_such_module
except ModuleNotFoundError as e: print(e, e.name)
try: from math import no_such_name
except ImportError as e: print(e)
try: import os.nothing
except ModuleNotFoundError as e: print(e)
try: from no_such import x
except ImportError as e: print(type(e).__name__, e)
m = types.ModuleType("made", "doc"); m.x = 5; sys.modules["made"] = m
import made; print(made.x, made.__name__, made.__doc__, made is m, repr(made))
from made import x; print(x)
try: made.y
except AttributeError as e: print(e)
exec("def __getattr__(n): return 'dynamic ' + n\n__all__ = ['x', 'z']\nz = 7\n_h = 1", m.__dict__)
print(made.anything)
space = {}; exec("from made import *", space); print(sorted(k for k in space if k != "__builtins__"))
import tempfile, importlib, importlib.util
with tempfile.TemporaryDirectory() as d:
    os.makedirs(path.join(d, "pkg", "sub"))
    files = {"pkg/__init__.py": "print('pkg init'); version = '1.0'; from . import a", "pkg/a.py": "from .sub import deep\nfrom . import b\nvalue = 'a'\ndef f(): return b.value", "pkg/b.py": "value = 'b'\nfrom . import a as back", "pkg/sub/__init__.py": "", "pkg/sub/deep.py": "from ..b import value as v\nname = __name__\npackage = __package__", "single.py": "'module doc'\nimport sys\ncount = getattr(sys, 'count', 0) + 1\nsys.count = count\nif __name__ == '__main__': print('as main')", "bad.py": "x = 1\nraise ValueError('at import')", "syntax.py": "x = = 1", "circ1.py": "import circ2\nx = 1", "circ2.py": "from circ1 import x"}
    for name, text in files.items(): open(path.join(d, name), "w").write(text)
    sys.path.insert(0, d)
    import pkg; print(pkg.version, pkg.a.value, pkg.a.f(), pkg.sub.deep.v, pkg.sub.deep.name, pkg.sub.deep.package, path.basename(pkg.__file__), [path.basename(q) for q in pkg.__path__])
    import pkg.sub.deep as deep; from pkg.sub import deep as d2; print(deep is d2, pkg.b.back is pkg.a, pkg.__package__, pkg.__spec__.name, pkg.a.__spec__.parent)
    import single; print(single.__doc__, single.count); import single; print(single.count); importlib.reload(single); print(single.count)
    print(importlib.import_module("pkg.b").value, importlib.import_module(".a", "pkg").value, __import__("pkg.a").__name__, __import__("pkg.a", fromlist=["x"]).__name__)
    for bad in ("bad", "syntax", "circ1", "pkg.zzz", "single.x"):
        try: importlib.import_module(bad)
        except BaseException as e: print(bad, type(e).__name__, str(e).replace(d, "DIR").split(" (")[0])
    print("bad" in sys.modules, "pkg.b" in sys.modules, importlib.util.find_spec("single").name, importlib.util.find_spec("nope"))
    try: exec("from ...x import y", {"__package__": "pkg", "__name__": "pkg.q"})
    except ImportError as e: print(e)
    try: exec("from . import y", {"__name__": "top"})
    except ImportError as e: print(e)
    import runpy; print(runpy.run_path(path.join(d, "single.py"), run_name="__main__")["count"])
    os.makedirs(path.join(d, "nsp")); open(path.join(d, "nsp", "inner.py"), "w").write("q = 'ns'")
    importlib.invalidate_caches(); import nsp.inner; print(nsp.inner.q, nsp.__file__ if hasattr(nsp, "__file__") else None)
    sys.path.remove(d)
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.startswith("virtual_"): return importlib.util.spec_from_loader(name, Loader())
class Loader:
    def create_module(self, spec): return None
    def exec_module(self, module): module.value = module.__name__.upper()
sys.meta_path.append(Finder); import virtual_x; print(virtual_x.value, virtual_x.__loader__.__class__.__name__)
def local():
    import math as mm
    from math import floor
    return floor(mm.pi)
print(local(), "mm" in globals(), __builtins__ is sys.modules["builtins"], __doc__, __file__.endswith("30_imports.py"), __spec__)
