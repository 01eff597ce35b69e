# Well-known algorithms: graphs, dynamic programming, matrices, text, games.
import heapq, math, itertools
from collections import deque, defaultdict, Counter
from functools import lru_cache, reduce
graph = {"a": {"b": 7, "c": 9, "f": 14}, "b": {"c": 10, "d": 15}, "c": {"d": 11, "f": 2}, "d": {"e": 6}, "f": {"e": 9}, "e": {}}
def dijkstra(start):
    dist, heap, prev = {start: 0}, [(0, start)], {}
    while heap:
        d, u = heapq.heappop(heap)
        if d > dist[u]: continue
        for v, w in graph[u].items():
            if (n := d + w) < dist.get(v, math.inf): dist[v], prev[v] = n, u; heapq.heappush(heap, (n, v))
    return dist, prev
print(*dijkstra("a"))
def bfs(grid):
    h, w = len(grid), len(grid[0]); q, seen = deque([(0, 0, 0)]), {(0, 0)}
    while q:
        y, x, d = q.popleft()
        if (y, x) == (h - 1, w - 1): return d
        for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            p = y + dy, x + dx
            if 0 <= p[0] < h and 0 <= p[1] < w and grid[p[0]][p[1]] != "#" and p not in seen: seen.add(p); q.append((*p, d + 1))
print(bfs(["..#....", ".##.##.", "....#..", ".##...#", "...#..."]))
def topo(deps):
    order, state = [], {}
    def visit(n):
        if state.get(n) == 1: raise ValueError(f"cycle at {n}")
        if n not in state:
            state[n] = 1
            for m in sorted(deps.get(n, ())): visit(m)
            state[n] = 2; order.append(n)
    for n in sorted(deps): visit(n)
    return order
print(topo({"app": {"lib", "ui"}, "ui": {"lib"}, "lib": {"core"}, "core": set()}))
try: topo({"a": {"b"}, "b": {"a"}})
except ValueError as e: print(e)
@lru_cache(None)
def edit(a, b): return len(a) + len(b) if not a or not b else min(edit(a[1:], b) + 1, edit(a, b[1:]) + 1, edit(a[1:], b[1:]) + (a[0] != b[0]))
print(edit("kitten", "sitting"), edit("", "abc"), edit("intention", "execution"))
def lcs(a, b):
    t = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a):
        for j, y in enumerate(b): t[i + 1][j + 1] = t[i][j] + 1 if x == y else max(t[i][j + 1], t[i + 1][j])
    out, i, j = [], len(a), len(b)
    while i and j:
        if a[i - 1] == b[j - 1]: out.append(a[i - 1]); i -= 1; j -= 1
        elif t[i - 1][j] >= t[i][j - 1]: i -= 1
        else: j -= 1
    return "".join(reversed(out))
print(lcs("AGGTAB", "GXTXAYB"), lcs("xmjyauz", "mzjawxu"))
def knapsack(items, cap):
    best = [0] * (cap + 1)
    for w, v in items:
        for c in range(cap, w - 1, -1): best[c] = max(best[c], best[c - w] + v)
    return best[cap]
print(knapsack([(12, 4), (2, 2), (1, 1), (1, 2), (4, 10)], 15))
def matmul(a, b): return [[sum(x * y for x, y in zip(r, c)) for c in zip(*b)] for r in a]
def power(m, n):
    r = [[int(i == j) for j in range(len(m))] for i in range(len(m))]
    while n:
        if n & 1: r = matmul(r, m)
        m, n = matmul(m, m), n >> 1
    return r
print(power([[1, 1], [1, 0]], 100)[0][1], matmul([[1, 2], [3, 4]], [[5, 6], [7, 8]]))
def det(m): return m[0][0] if len(m) == 1 else sum((-1) ** j * m[0][j] * det([r[:j] + r[j + 1:] for r in m[1:]]) for j in range(len(m)))
print(det([[2, -3, 1], [2, 0, -1], [1, 4, 5]]), det([[i * j + (i == j) for j in range(5)] for i in range(5)]))
def life(cells, steps):
    for _ in range(steps):
        n = Counter((x + dx, y + dy) for x, y in cells for dx in (-1, 0, 1) for dy in (-1, 0, 1) if dx or dy)
        cells = {c for c, k in n.items() if k == 3 or (k == 2 and c in cells)}
    return sorted(cells)
print(life({(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)}, 40))
def queens(n, cols=(), d1=frozenset(), d2=frozenset()):
    r = len(cols)
    if r == n: yield cols
    else:
        for c in range(n):
            if c not in cols and r + c not in d1 and r - c not in d2: yield from queens(n, cols + (c,), d1 | {r + c}, d2 | {r - c})
print(len(list(queens(6))), next(queens(8)))
def hanoi(n, a="A", b="B", c="C"): return [] if n == 0 else hanoi(n - 1, a, c, b) + [a + c] + hanoi(n - 1, b, a, c)
print(len(hanoi(8)), hanoi(3))
def sieve(n):
    s = bytearray([1]) * (n + 1); s[:2] = b"\0\0"
    for i in range(2, math.isqrt(n) + 1):
        if s[i]: s[i * i::i] = bytes(len(range(i * i, n + 1, i)))
    return [i for i, v in enumerate(s) if v]
print(len(sieve(10000)), sieve(50), sum(sieve(1000)))
def factor(n): return [] if n < 2 else next(([d] + factor(n // d) for d in itertools.chain([2], range(3, math.isqrt(n) + 1, 2)) if n % d == 0), [n])
print(factor(600851475143), factor(2 ** 31 - 1), factor(360))
def roman(n): return "".join(s * (n // v) or "" for v, s in [(1000, "M")] if (n := n) >= 0) if n == 1000 else reduce(lambda acc, p: (acc[0] + p[1] * (acc[1] // p[0]), acc[1] % p[0]), [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")], ("", n))[0]
print([roman(n) for n in (1994, 2024, 49, 3999)])
def caesar(s, k): return "".join(chr((ord(c) - 97 + k) % 26 + 97) if c.islower() else chr((ord(c) - 65 + k) % 26 + 65) if c.isupper() else c for c in s)
print(caesar("Hello, World!", 3), caesar(caesar("abc XYZ", 5), -5))
def rle(s): return "".join(f"{len(list(g))}{k}" for k, g in itertools.groupby(s))
print(rle("aaabccdddd"), list(itertools.accumulate(range(5), lambda s, _: rle(s), initial="1")))
def huffman(text):
    heap = [(n, i, c) for i, (c, n) in enumerate(sorted(Counter(text).items()))]; heapq.heapify(heap); k = len(heap)
    while len(heap) > 1: a, b = heapq.heappop(heap), heapq.heappop(heap); heapq.heappush(heap, (a[0] + b[0], k, (a[2], b[2]))); k += 1
    codes = {}
    def walk(t, p): codes.update({t: p or "0"}) if isinstance(t, str) else (walk(t[0], p + "0"), walk(t[1], p + "1"))
    walk(heap[0][2], ""); return codes
c = huffman("abracadabra"); print(c, "".join(c[x] for x in "abracadabra"))
class Trie:
    def __init__(self): self.kids, self.end = {}, False
    def add(self, w):
        n = self
        for ch in w: n = n.kids.setdefault(ch, Trie())
        n.end = True
    def words(self, p=""):
        if self.end: yield p
        for ch in sorted(self.kids): yield from self.kids[ch].words(p + ch)
t = Trie(); [t.add(w) for w in "tea ten to inn in i A".split()]; print(list(t.words()))
class Union:
    def __init__(self, n): self.p = list(range(n))
    def find(self, x):
        while self.p[x] != x: self.p[x] = x = self.p[self.p[x]]
        return x
    def join(self, a, b): a, b = self.find(a), self.find(b); self.p[a] = b; return a != b
u = Union(6); edges = sorted([(7, 0, 1), (5, 1, 2), (8, 0, 2), (9, 1, 3), (7, 2, 4), (5, 3, 4), (15, 3, 5), (6, 4, 5)]); print(sum(w for w, a, b in edges if u.join(a, b)), len({u.find(i) for i in range(6)}))
def sudoku(b):
    try: i = b.index("0")
    except ValueError: return b
    r, c = divmod(i, 4); used = {b[r * 4 + k] for k in range(4)} | {b[k * 4 + c] for k in range(4)} | {b[(r // 2 * 2 + y) * 4 + c // 2 * 2 + x] for y in (0, 1) for x in (0, 1)}
    for v in "1234":
        if v not in used and (s := sudoku(b[:i] + v + b[i + 1:])): return s
print(sudoku("1000020000300004"))
def collatz(n, cache={1: 1}):
    if n not in cache: cache[n] = 1 + collatz(n // 2 if n % 2 == 0 else 3 * n + 1)
    return cache[n]
print(max(range(1, 3000), key=collatz), reduce(math.gcd, [48, 36, 120]), sum(d for n in range(1, 30) for d in [n] if str(n) == str(n)[::-1]), ["".join(p) for p in itertools.permutations("abc")], [list(x) for x in zip(*[iter(range(6))] * 2)], sorted(map(sorted, ["tea", "eat"])), {k: [*g] for k, g in itertools.groupby(sorted("apple ant bee bat".split()), key=lambda w: w[0])})
