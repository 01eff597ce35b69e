# Cells, nonlocal, late binding, class scopes.
def counter(start=0):
    n = start
    def bump(by=1):
        nonlocal n
        n += by
        return n
    def read(): return n
    return bump, read
b1, r1 = counter(); b2, r2 = counter(100)
b1(); b1(5); b2()
print(r1(), r2(), b1.__closure__[0].cell_contents, b1.__code__.co_freevars, len(r1.__closure__))
late = [lambda: i for i in range(3)]; print([f() for f in late])
early = [lambda i=i: i for i in range(3)]; print([f() for f in early])
def make(): 
    fs = []
    for i in range(3):
        def f(): return i
        fs.append(f)
    return fs
print([f() for f in make()])
def three():
    a = 1
    def two():
        b = 2
        def one():
            nonlocal a, b
            a += 10; b += 20
            return a, b
        return one
    return two()
one = three(); print(one(), one())
def adder(x): return lambda y: lambda z: x + y + z
print(adder(1)(2)(3))
def unbound():
    def get(): return value
    try: get()
    except NameError as e: print(type(e).__name__, e)
    value = 5
    print(get())
    del value
    try: get()
    except NameError as e: print(type(e).__name__, e)
unbound()
def local_unbound():
    try: print(x)
    except UnboundLocalError as e: print(e)
    x = 1
    del x
    try: print(x)
    except UnboundLocalError as e: print(e)
local_unbound()
x = "global"
class Scope:
    x = "class"
    y = x + "!"
    def method(self): return x
    z = [x for _ in range(1)]
    w = (lambda: x)()
print(Scope.y, Scope().method(), Scope.z, Scope.w)
def shadow():
    x = "local"
    class Inner:
        y = x
        x = "inner"
        def get(self): return x
    return Inner.y, Inner.x, Inner().get()
print(shadow())
def g():
    global created
    created = 7
g(); print(created)
def comp(n): return [[i * j + n for j in range(2)] for i in range(2)]
print(comp(5), (lambda: [k for k in range(3) if k != x])(), {k: (lambda: k)() for k in "ab"})
def accumulate():
    total = 0
    def add(v):
        nonlocal total
        total += v
        return total
    return [add(v) for v in range(5)]
print(accumulate())
def memo(f):
    cache = {}
    def wrapper(n):
        if n not in cache: cache[n] = f(n)
        return cache[n]
    wrapper.cache = cache
    return wrapper
@memo
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(80), len(fib.cache))
def arg_cell(a, *args, b=2, **kw):
    def inner(): return a, args, b, kw
    a = a + 1
    return inner
print(arg_cell(1, 2, 3, b=4, c=5)())
def delete_loop():
    for v in range(3):
        def f(): return v
    del v
    try: return f()
    except NameError: return "gone"
print(delete_loop())
def nested_comp():
    fs = [[lambda: (i, j) for j in range(2)] for i in range(2)]
    return [[f() for f in row] for row in fs]
print(nested_comp())
def locals_view():
    a, b = 1, 2
    def f(): return b
    return sorted(locals().items(), key=lambda kv: kv[0])[:2]
print(locals_view(), (lambda q: sorted(locals()))(1), eval("x + y", {"x": 1}, {"y": 2}))
