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
