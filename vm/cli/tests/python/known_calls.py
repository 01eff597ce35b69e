# Built-in functions and operators that the interpreter does itself for ordinary arguments mean the same for all others, under threads, too.
import gc
import threading
import weakref


class Key:
    def __init__(self, name): self.name = name
    def __hash__(self): return hash(self.name)
    def __eq__(self, other): return other == self.name
    def __repr__(self): return f'Key({self.name!r})'


class Meta(type):
    def __eq__(cls, other): return True
    def __hash__(cls): return 7


class Odd(metaclass=Meta): pass
class Plain: pass
class Dict(dict):
    def get(self, *args): return ('own', args)
class Missing(dict):
    def __missing__(self, key): return f'missing {key}'
class List(list): pass


table = {1: 'one', 'a': 'A', int: 'int', Plain: 'plain', -1: 'minus', 2**60: 'big', True: 'true', (1, 2): 'pair', Key('k'): 'key', None: 'none', Odd: 'odd'}
keys = [1, 1.0, True, 'a', ''.join(['', 'a']), 'k', Key('a'), Key('k'), int, Plain, Odd, str, -1, -2, 2**60, 2**60 + 1, (1, 2), None, 0, float('nan')]
for key in keys:
    found = table.get(key), table.get(key, 'default'), key in table, key not in table
    try: item = table[key]
    except KeyError as error: item = error
    branch = 'yes' if key in table else 'no'
    print(key, found, repr(item), branch, key in set(table), key in frozenset(table), 'in' if key not in set(table) else 'out')
for bad in ([], {}, {1: []}):
    for use in (lambda d: d.get(bad), lambda d: bad in d, lambda d: d[bad], lambda d: bad in {1}, lambda d: d.get(1, bad)):
        try: print(use({1: 2}))
        except TypeError as error: print(error)
print({1, 2} in {frozenset({1, 2})}, Dict(a=1).get('a'), Missing().get('x'), Missing()['x'], Dict.get(Dict(), 1), dict.get(Dict(a=1), 'a'))
for wrong in (lambda: {}.get(), lambda: {}.get(1, 2, 3), lambda: [].append(), lambda: [].append(1, 2), lambda: dict.get([], 1), lambda: list.append((), 1), lambda: list.append({}, 1), lambda: len(), lambda: len(3)):
    try: wrong()
    except TypeError as error: print(error)


# Lists that hold what is appended, subclasses, methods that are kept, results that are used.
own = []
own.append(own)
own.append(own.append)
print(len(own), own[0] is own, own[1].__self__ is own, [].append(1), List([1]).append(2))
kept = List()
put = kept.append
for i in range(50): put(i)
print(kept[-1], len(kept), put.__self__ is kept, put(1) is None)
short = [].append
for i in range(3): short([i])
print(short.__self__)
died = []
class Mortal:
    def __del__(self): died.append('gone')
[].append(Mortal()); print(died)
{}.get(Mortal()); print(died)
{}.get(1, Mortal()); print(died)
{1: Mortal()}.get(1); print(died)
(lambda l: l.append(l))([Mortal()]); gc.collect(); print(died)
print(type(Mortal()), died, type(type), type(3), type(Plain()), type(Odd), type(Odd()), type(None))
class Changing: pass
thing = Changing(); first = type(thing); thing.__class__ = Plain
print(first.__name__, type(thing).__name__)
def fresh():
    class Local: pass
    return type(Local()).__name__, weakref.ref(Local)
name, ref = fresh(); gc.collect(); print(name, ref())


# Lists are taken apart like tuples.
a = b = c = None
items = [1, [2], 'three']
a, b, c = items
print(a, b, c)
a, a, a = items
print(a)
[items, b, c] = items
print(items, b, c)
for many in ([], [1], [1, 2, 3], List([1, 2]), List([1])):
    try:
        x, y = many
        print(x, y)
    except ValueError as error: print(error)
def swap(l):
    l[0], l[1] = l
    return l
print(swap([1, 2]), [p + q for p, q in [[1, 2], [3, 4]]])


# Shared by threads, with other threads' keys and changes.
shared, numbers, names = [], {}, {str(i): i for i in range(200)}
ready = threading.Barrier(4)
wrong = []
def work(which):
    ready.wait()
    append = shared.append
    mine = []
    for i in range(3000):
        append((which, i))
        shared.append((which, i))
        mine.append(i)
        if names.get(str(i % 300), -1) not in (i % 300, -1) or (str(i % 200) in names) is False: wrong.append(i)
        numbers[i % 50] = which
        if i % 50 not in numbers or numbers.get(i % 50) not in (0, 1, 2, 3) or numbers.get(-5, which) != which: wrong.append(i)
        x, y, z = [which, i, mine]
        if (x, y, z) != (which, i, mine) or type(z) is not list: wrong.append(i)
        if i % 500 == 0:
            names.pop(str(1000 + which), None)
            names[str(1000 + which)] = i
    if mine != list(range(3000)): wrong.append(which)
threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(len(shared), len(set(shared)), all(shared.count((w, 7)) == 2 for w in range(4)), wrong)


# What is called is an attribute of an instance, a module, a class; a bound method, with defaults, too few and too many arguments.
import math
class Holder:
    def plain(self, x, y=2, *, z=3): return self.tag, x, y, z
    def rest(self, *args, **kwargs): return self.tag, args, kwargs
    def produce(self, n):
        for i in range(n): yield self.kept(i)
    tag = 'class'
    maths = math
holder = Holder(); holder.tag = 'instance'
holder.kept = holder.plain; holder.free = lambda *a: a; holder.rested = holder.rest; holder.native = [5].append; holder.built = len; holder.made = Holder
other = Holder(); other.kept = Holder().plain; other.free = print; other.rested = holder.rested; other.native = set().add; other.built = sum; other.made = dict
def use(h):
    return h.kept(1), h.kept(1, 5), h.kept(1, z=4), h.free(), h.rested(1, 2, k=3), h.rested(), h.native(6), h.built([1, 2]), type(h.made()).__name__, list(h.produce(2)), h.maths.floor(2.5), math.floor(1.5), math.pi > 3
for _ in range(3): print(use(holder)); print(use(other))
for wrong in (lambda: holder.kept(), lambda: holder.kept(1, 2, 3), lambda: holder.kept(1, w=1), lambda: holder.plain(), lambda: math.floor(), lambda: math.nothing, lambda: holder.free.nothing, lambda: holder.native()):
    try: wrong()
    except (TypeError, AttributeError) as error: print(type(error).__name__, error)
def module_changes():
    out = []
    for turn in range(4):
        out.append(math.floor(1.5))
        if turn == 1: math.floor = lambda x: 'replaced'
        if turn == 2: math.floor = saved
    return out
saved = math.floor; print(module_changes(), math.floor(3.5))
temporary = [Holder().plain, Holder().plain]
def pop_and_call(l): return (l.pop())(9)
print(pop_and_call(temporary), Holder().plain(8))
def bound_in_generator(m):
    yield m(1)
    yield m(2)
print(list(bound_in_generator(holder.kept)))
def deep(n):
    class Self:
        def go(self, n): return n if n == 0 else self.again(n - 1)
    s = Self(); s.again = s.go
    return s.go(n)
print(deep(200))
try: deep(10**6)
except RecursionError as error: print('RecursionError')


# Truth.
class Length:
    def __init__(self, n): self.n = n
    def __len__(self): return self.n
class Bool:
    def __init__(self, b): self.b = b
    def __bool__(self): return self.b
class Neither: pass
class Late: pass
def truths(things): return [1 if t else 0 for t in things], [not t for t in things], [t and 1 for t in things if not t] == [t for t in things if not t]
things = ['', 'a', b'', b'a', [], [0], (), (0,), {}, {0: 0}, set(), {0}, frozenset(), frozenset({1}), 0, 1, 0.0, -0.0, 0.1, float('nan'), 0j, 1j, None, len, Neither, Neither(), Length(0), Length(1), Bool(True), Bool(False), 10**30, bytearray(), bytearray(b'x'), range(0), range(1), truths, math, Ellipsis]
print(truths(things))
late = Late()
def ask(x): return 'yes' if x else 'no'
answers = [ask(late)]; Late.__bool__ = lambda self: False; answers.append(ask(late)); del Late.__bool__; answers.append(ask(late)); Late.__len__ = lambda self: 0; answers.append(ask(late)); print(answers)
for bad in (Bool(3), Length(-1), Length('x')):
    try: print(ask(bad))
    except (TypeError, ValueError) as error: print(type(error).__name__, error)


# Slices and items.
class Index:
    def __index__(self): return 1
for thing in ('abcdef', b'abcdef', 'aé€𐍈', [1, 2, 3, 4], (1, 2, 3, 4), bytearray(b'abcd'), range(6), type('S', (str,), {})('abcdef'), type('B', (bytes,), {})(b'abcdef')):
    print(thing[1:3], thing[:2], thing[-2:], thing[:], thing[5:1], thing[::2], thing[10:], thing[-100:100], thing[Index():], thing[0], thing[-1], type(thing[:]).__name__)
    for bad in (100, -100, 'x', None, 1.5):
        try: thing[bad]
        except (IndexError, TypeError) as error: print(error)
    try: thing[100]
    except IndexError as error: print(error)
    try: thing[1:'x']
    except TypeError as error: print(error)
print({1: 'a', 2: 'b'}[1], {True: 't'}[1], type('D', (dict,), {'__missing__': lambda s, k: ('missing', k)})()[3])
try: {1: 2}[3]
except KeyError as error: print(repr(error))


# Text in text, assignment to what is there, native attributes.
for needle in ('', 'a', 'é', '€', 'ab', 'x' * 20, 'aé', '\x00'):
    print([needle in hay for hay in ('', 'a', 'é', 'xxa', 'a' * 40, 'é' * 20 + '€', '\x00', 'x' * 19 + 'a', type('T', (str,), {})('ab'))], 'y' if needle in 'banane' else 'n', needle not in 'ab')
for bad in (1, None, b'a'):
    try: bad in 'abc'
    except TypeError as error: print(error)
    try: print('yes' if bad in 'abc' else 'no')
    except TypeError as error: print(error)
class Watched(dict):
    def __setitem__(self, key, value): dict.__setitem__(self, key, ('set', value))
d, w, order = {1: 1, 'a': 2, int: 3}, Watched(), []
class Last:
    def __init__(self, name): self.name = name
    def __del__(self): order.append(self.name)
for key in (1, True, 1.0, 'a', int, 2, -1):
    d[key] = key; w[key] = key
    d[key] = Last(repr(key)); w[key] = 0
d.clear(); print(order, w, list(w))
def function(): pass
globals()['function'] = 5; print(function); globals()['function'] = len; print(function('abc'))
try: {}[[]] = 1
except TypeError as error: print(error)
class Sub(complex): pass
try: complex.real.__get__('a')
except TypeError as error: print(error)
class Thief: real = complex.__dict__['real']
def real_of(x): return x.real
for x in (1j, Sub(2), 3, True, 1.5): print(real_of(x))
for _ in range(3):
    try: real_of(Thief())
    except TypeError as error: print(error)


# A default that comes back outlives the variable that it was lent from.
class Kept: pass
def outlive(table, key):
    default = Kept()
    found = table.get(key, default)
    ref = weakref.ref(default)
    default = None
    gc.collect()
    return found is ref(), type(found).__name__
for _ in range(3): print(outlive({}, 1), outlive({}, 'a'), outlive({2: 3}, 5))
