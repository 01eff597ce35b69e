# list: construction, methods, slices, comparison, errors.
a = [3, 1, 4, 1, 5, 9, 2, 6]
print(a, len(a), a[0], a[-1], a[2:5], a[:3], a[5:], a[::2], a[::-1], a[10:], a[-3:])
a.append(5); a.extend([3, 5]); a.insert(0, 100); a.insert(-1, 200); a.insert(99, 300)
print(a, a.count(5), a.index(5), a.index(5, 6))
print(a.pop(), a.pop(0), a.pop(-2), a); a.remove(1); print(a)
a.sort(); print(a); a.sort(reverse=True); print(a); a.reverse(); print(a)
b = a.copy(); b.clear(); print(a == b, b, a[:] == a, a is a[:])
print([1] + [2, 3], [0] * 5, 3 * [1, 2], [1, 2] == [1, 2], [1, 2] < [1, 3], [1] < [1, 0], [] < [0], [2] > [1, 9])
c = list(range(10))
c[2:5] = ["a", "b"]; print(c)
c[1:1] = [None]; print(c)
c[::2] = range(5); print(c)
del c[0]; del c[-1]; del c[1:3]; print(c)
del c[::2]; print(c)
c[:] = [1]; print(c); c += (2, 3); c *= 2; print(c)
c[len(c):] = [7, 8]; c[:0] = [0]; print(c)
d = [[0] * 3 for _ in range(2)]; d[0][1] = 5; print(d)
shared = [[]] * 3; shared[0].append(1); print(shared)
print(3 in [1, 2, 3], 4 not in [1], [1] in [[1]], None in [None], float("nan") in [1.0])
words = "the quick brown fox jumps over the lazy dog".split()
print(sorted(words), sorted(words, key=len), sorted(words, key=lambda w: (-len(w), w)), sorted(words, key=str.upper, reverse=True))
print(max(words, key=len), min(words, key=len), sorted({3, 1, 2}), sorted("cab"), sorted([True, False, 2]), sorted([2.5, 1, -3]))
print([x * x for x in range(5)], [x for x in range(10) if x % 3 == 0], [(i, j) for i in range(2) for j in "ab"], [[j for j in range(i)] for i in range(3)])
print(list("abc"), list((1, 2)), list({"k": 1}), list(range(3)), list(x + 1 for x in [1, 2]), list())
print(all([]), any([]), all([1, 0]), any([0, 1]), sum([[1], [2]], []), list(map(str, [1, 2])), list(filter(None, [0, 1, "", "x"])), list(reversed([1, 2, 3])), list(zip([1, 2], [3, 4], [5, 6])), list(enumerate(["x", "y"], 1)))
first, *rest = [1, 2, 3]; *init, last = [1, 2, 3]; h, *m, t = range(5)
print(first, rest, init, last, h, m, t)
e = [1]; e.append(e); print(e, e[1] is e)
for bad in (lambda: [][0], lambda: [1].remove(5), lambda: [1].index(9), lambda: [1]["a"], lambda: [1][1:2:0], lambda: [1] + (2,), lambda: [3, "a"].sort(), lambda: [1].pop(5), lambda: [1, 2] * "a", lambda: hash([]), lambda: [1].foo):
    try:
        print(bad())
    except Exception as ex:
        print(type(ex).__name__ + ":", ex)
try:
    c[0:4:2] = [1]
except ValueError as ex:
    print(ex)
try:
    c[99] = 1
except IndexError as ex:
    print(ex)
try:
    del c[99]
except IndexError as ex:
    print(ex)
try:
    p, q = [1, 2, 3]
except ValueError as ex:
    print(ex)
try:
    p, q, r = [1]
except ValueError as ex:
    print(ex)
grown = []
for i in range(1000): grown.append(i)
print(len(grown), grown[999], sum(grown))
it = [1, 2, 3]
for v in it:
    if v < 3 and len(it) < 6: it.append(v + 10)
print(it)
stable = sorted([(1, "b"), (0, "x"), (1, "a"), (0, "a")], key=lambda p: p[0]); print(stable)
big = [(i * 7919) % 1009 for i in range(500)]; print(sorted(big) == list(sorted(big, key=lambda v: v)), sorted(big)[:5], sorted(big, reverse=True)[:5])
print([1, 2, 3].__len__(), [1, 2].__contains__(2), [1].__add__([2]), list.append, type([].append).__name__)
twice = []
twice.extend([twice, twice, {1: twice, 2: twice}])
print(twice)

# A list that is repeated where it is made.
def repeated(item, n):
    words = [item] * n
    first = [item] * 3
    first.append(item)
    twice = [item] * 5 * 2
    return len(words), first, len(twice), [words] * 2 == [words, words], [item] * 0, [item] * -1, [item] * True


for n in (0, 1, 2, 9):
    print(repeated("x", n), repeated([], n)[:2])
shared = [[]] * 4
shared[0].append(1)
print(shared, [shared] * 2 is shared)
for bad in (1 << 62, "a", 1.5, None):
    try:
        print(len([1] * bad))
    except (MemoryError, TypeError, OverflowError) as error:
        print(type(error).__name__, error)
