# Defining and calling functions with every parameter kind.
def f(): pass
print(f())
def add(a, b): return a + b
print(add(1, 2), add(a=1, b=2), add(1, b=5))
def defaults(a, b=2, c="three"): return a, b, c
print(defaults(1), defaults(1, 5), defaults(1, c=9), defaults(b=7, a=0))
def star(*args, **kwargs): return args, kwargs
print(star(), star(1, 2), star(x=1), star(1, *[2, 3], y=4, **{"z": 5}))
def kwonly(a, *, b, c=3): return a, b, c
print(kwonly(1, b=2), kwonly(1, c=5, b=4))
def posonly(a, b, /, c, d=4): return a, b, c, d
print(posonly(1, 2, 3), posonly(1, 2, c=3, d=5))
def everything(a, b=1, /, c=2, *args, d, e=5, **kw): return a, b, c, args, d, e, kw
print(everything(0, d=4), everything(0, 1, 2, 3, 4, d=9, e=8, f=7, a=6))
print((lambda x, y=2: x * y)(5), (lambda *a: a)(1, 2), (lambda: None)())

def fact(n): return 1 if n < 2 else n * fact(n - 1)
print(fact(10), fact(20))
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(15))
def even(n): return True if n == 0 else odd(n - 1)
def odd(n): return False if n == 0 else even(n - 1)
print(even(10), odd(7), even(7))

def mutable(x, acc=[]):
    acc.append(x)
    return acc
print(mutable(1), mutable(2))
def swap(a, b): return b, a
x, y = swap(1, 2)
print(x, y)

def outer():
    """Doc of outer."""
    def inner(n): return n + 1
    return inner(1) + inner(2)
print(outer(), outer.__name__, outer.__doc__, outer.__defaults__, defaults.__defaults__, kwonly.__kwdefaults__)
print(outer.__qualname__, f.__module__, add.__code__.co_argcount, add.__code__.co_varnames)

def annotated(a: int, b: str = "x") -> float: return 1.0
print(annotated.__annotations__ == {"a": int, "b": str, "return": float})

counter = 0
def bump():
    global counter
    counter += 1
    return counter
bump(); bump()
print(counter)
f.attribute = 5
print(f.attribute, f.__dict__)
apply = lambda g, *a, **k: g(*a, **k)
print(apply(max, 3, 9, 4), apply(sorted, [3, 1, 2], reverse=True))
functions = [abs, len, str, lambda v: v]
print([g([]) if g is len else g(-1) for g in functions])

def decorator(prefix):
    def wrap(fn):
        def inner(*a, **k):
            return prefix + str(fn(*a, **k))
        return inner
    return wrap
@decorator("<")
@decorator("+")
def decorated(n): return n * 2
print(decorated(21))
def deep(n): return 0 if n == 0 else 1 + deep(n - 1)
print(deep(500))
def many(a, b, c, d, e, f, g, h, i, j, k, l): return a + b + c + d + e + f + g + h + i + j + k + l
print(many(*range(12)), many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, k=11, l=12))
print(callable(f), callable(3), callable(print), callable(int))
