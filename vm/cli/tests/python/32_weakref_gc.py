# Object lifetime: __del__, weak references, the collector, resurrection.
import gc, weakref, sys
log = []
class T:
    def __init__(self, n): self.n = n
    def __del__(self): log.append(self.n)
    def __repr__(self): return f"T{self.n}"
t = T(1); del t; print(log)
t = T(2); t = T(3); print(log)
def scope(): x = T(4)
scope(); print(log)
l = [T(5), T(6)]; l.pop(); print(log); l.clear(); print(log)
d = {"k": T(7)}; d["k"] = None; print(log)
T(8); print(log)
def gen():
    x = T(9)
    yield 1
g = gen(); next(g); del g; print(log)
class Holder: pass
h = Holder(); h.t = T(10); del h.t; h.t = T(11); del h; print(log)
try:
    x = T(12); raise ValueError
except ValueError as e: pass
del x; print(log)
log.clear()
a, b = T("a"), T("b"); a.other, b.other = b, a; del a, b; print(log); n = gc.collect(); print(sorted(log), n >= 2)
log.clear(); l = [T("c")]; l.append(l); del l; gc.collect(); print(log)
def cyc():
    t = T("d")
    def inner(): return inner, t
cyc(); gc.collect(); print(log)
t = T(20); r = weakref.ref(t); print(r() is t, r().n, weakref.getweakrefcount(t), weakref.ref(t) is r); del t; print(r())
calls = []
t = T(21); r = weakref.ref(t, lambda ref: calls.append(ref() is None)); del t; print(calls)
t = T(22); p = weakref.proxy(t); print(p.n, p); del t
t = T(23); r = weakref.ref(t); q = weakref.proxy(t); print(t.__weakref__ is r); del t
try: p.n
except ReferenceError as e: print(e)
for bad in (5, "s", None, (1,), [1]):
    try: weakref.ref(bad)
    except TypeError as e: print(e)
print(weakref.ref(len) is not None, weakref.ref(T)() is T, weakref.ref({1})() is None)
class Key:
    def __init__(self, k): self.k = k
    def __hash__(self): return hash(self.k)
    def __eq__(self, o): return self.k == o.k
wv = weakref.WeakValueDictionary(); v = Key(1); wv["x"] = v; print(len(wv), wv["x"] is v, "x" in wv); del v; print(len(wv), wv.get("x"))
wk = weakref.WeakKeyDictionary(); k = Key(2); wk[k] = "v"; print(wk[Key(2)], len(wk)); del k; print(len(wk))
ws = weakref.WeakSet(); k = Key(3); ws.add(k); print(len(ws), k in ws); del k; print(len(ws), list(ws))
k = Key(4); m = weakref.WeakMethod(k.__hash__); print(m()() == hash(4)); del k; print(m())
class Fin: pass
f = Fin(); fin = weakref.finalize(f, lambda *a: log.append(a), 1, 2); print(fin.alive); del f; print(log[-1], fin.alive, fin())
saved = []
class Phoenix:
    count = 0
    def __del__(self): Phoenix.count += 1; saved.append(self)
p = Phoenix(); del p; print(Phoenix.count, len(saved)); saved.clear(); gc.collect(); print(Phoenix.count)
class Slotted:
    __slots__ = ("a", "__weakref__")
s = Slotted(); print(weakref.ref(s)() is s)
class NoWeak: __slots__ = ("a",)
try: weakref.ref(NoWeak())
except TypeError as e: print(e)
print(gc.isenabled()); gc.disable(); print(gc.isenabled()); gc.enable(); print(type(gc.get_threshold()), gc.get_count() is not None, gc.is_tracked([]), gc.is_tracked(5), gc.is_tracked("s"), any(o is saved for o in gc.get_objects()), gc.garbage)
x = []; y = [x]; print(any(r is y for r in gc.get_referrers(x)), x in gc.get_referents(y), sys.getrefcount(x) > 0)
def callback(phase, info): log.append(phase)
log.clear(); gc.callbacks.append(callback); gc.collect(); gc.callbacks.remove(callback); print(log)
class Bad:
    def __del__(self): raise ValueError("in del")
hooked = []; sys.unraisablehook = lambda u: hooked.append((u.exc_type.__name__, str(u.exc_value))); Bad(); print(hooked); sys.unraisablehook = sys.__unraisablehook__
big = [T(i) for i in range(1000)]; log.clear(); del big; print(len(log), log[0] in (0, 999))
deep = None
for _ in range(100000): deep = [deep]
del deep; print("deep freed")
class Node: pass
n = None
for _ in range(50000): m = Node(); m.next = n; n = m
del n, m; print("chain freed")


# Tuples of what can be in no cycle need not be known to the collector; those that may lead back to themselves must be.
class Leaf(tuple):
    pass


class Owner:
    pass


numbers = [(i, str(i)) for i in range(3)]
gc.collect()
print([gc.is_tracked(pair) for pair in numbers], gc.is_tracked((1, [2])), gc.is_tracked(Leaf((1,))))
owner = Owner()
owner.data = (1, "two", owner)
seen = weakref.ref(owner)
del owner
gc.collect()
print(seen() is None)


# A class has one reference without callback, for as long as that lives.
class Referred:
    pass


first = weakref.ref(Referred)
print(weakref.ref(Referred) is first, weakref.getweakrefs(Referred) == [first], first() is Referred)
del first
for _ in range(1000):
    one, other = weakref.ref(Referred), weakref.ref(Referred)
    assert one is other and one() is Referred
    del one, other
kept = weakref.ref(Referred)
with_callback = weakref.ref(Referred, lambda dead: print("gone", dead is with_callback))
print(kept is with_callback, weakref.getweakrefcount(Referred))
del Referred
gc.collect()
print(kept(), with_callback())

mro = type.__dict__["__mro__"].__get__
print(mro(int), mro(int, type) == mro(int))
for wrong in [(None,), (1,), (int, int, int), ()]:
    try:
        print(mro(*wrong))
    except TypeError as error:
        print(error)
