# Threaded programs with a result that does not depend on timing.
import threading, queue, time, random, itertools
from concurrent.futures import ThreadPoolExecutor
from collections import Counter, defaultdict, deque
def parallel(n, f):
    out = [None] * n; errors = []
    def run(i):
        try: out[i] = f(i)
        except BaseException as e: errors.append(repr(e))
    ts = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for t in ts: t.start()
    for t in ts: t.join()
    if errors: print("errors", errors[:3])
    return out
def is_prime(n): return n > 1 and all(n % d for d in range(2, int(n ** .5) + 1))
print(sum(parallel(4, lambda i: sum(is_prime(n) for n in range(i, 4000, 4)))))
shared = []; parallel(4, lambda i: [shared.append((i, j)) for j in range(1000)]); print(len(shared), sorted(shared) == [(i, j) for i in range(4) for j in range(1000)], all([j for i, j in shared if i == k] == list(range(1000)) for k in range(4)))
d = {}; parallel(4, lambda i: [d.update({(i, j): j}) for j in range(500)]); print(len(d), sum(d.values())); parallel(4, lambda i: [d.pop((i, j)) for j in range(0, 500, 2)]); print(len(d), all(j % 2 for _, j in d))
lock, total = threading.Lock(), Counter()
def count(i):
    local = Counter(f"w{(i * 7 + j) % 13}" for j in range(2000))
    with lock: total.update(local)
parallel(4, count); print(sorted(total.items()))
class Account:
    def __init__(self, n): self.n, self.balance, self.lock = n, 100, threading.Lock()
accounts = [Account(i) for i in range(6)]
def transfers(seed):
    r = random.Random(seed)
    for _ in range(500):
        a, b = sorted(r.sample(accounts, 2), key=lambda x: x.n); amount = r.randrange(-20, 20)
        with a.lock, b.lock: a.balance -= amount; b.balance += amount
parallel(4, transfers); print(sum(a.balance for a in accounts))
q, results = queue.Queue(5), queue.Queue()
def worker():
    while (n := q.get()) is not None: results.put((n, n * n)); q.task_done()
    q.task_done()
ws = [threading.Thread(target=worker) for _ in range(3)]; [w.start() for w in ws]
for n in range(50): q.put(n)
for _ in ws: q.put(None)
q.join(); [w.join() for w in ws]; print(sorted(results.get() for _ in range(50)) == [(n, n * n) for n in range(50)], results.empty())
with ThreadPoolExecutor(4) as pool: print(list(pool.map(lambda s: "".join(sorted(s)), ["cab", "zyx", "hello"])), sum(pool.map(lambda n: sum(range(n)), range(100)))); nested = pool.submit(lambda: pool.submit(lambda: "inner").result()); print(nested.result())
class Philosopher(threading.Thread):
    def __init__(self, i, forks): super().__init__(); self.forks, self.meals = sorted([forks[i], forks[(i + 1) % len(forks)]], key=id), 0
    def run(self):
        for _ in range(100):
            with self.forks[0], self.forks[1]: self.meals += 1
forks = [threading.Lock() for _ in range(5)]; ps = [Philosopher(i, forks) for i in range(5)]; [p.start() for p in ps]; [p.join() for p in ps]; print([p.meals for p in ps])
class RW:
    def __init__(self): self.cond, self.readers, self.writing = threading.Condition(), 0, False
    def read(self, f):
        with self.cond: self.cond.wait_for(lambda: not self.writing); self.readers += 1
        try: return f()
        finally:
            with self.cond: self.readers -= 1; self.cond.notify_all()
    def write(self, f):
        with self.cond: self.cond.wait_for(lambda: not self.writing and not self.readers); self.writing = True
        try: return f()
        finally:
            with self.cond: self.writing = False; self.cond.notify_all()
rw, pair = RW(), [0, 0]
def bump(): a, b = pair; pair[0] = a + 1; time.sleep(0); pair[1] = b + 1
print(parallel(4, lambda i: all(rw.read(lambda: pair[0] == pair[1]) for _ in range(100)) if i else [rw.write(bump) for _ in range(100)] and True), pair)
barrier, phases = threading.Barrier(3), defaultdict(list)
def phase(i):
    for p in range(4): phases[p].append(i); barrier.wait(); assert len(phases[p]) == 3; barrier.wait()
parallel(3, phase); print({k: sorted(v) for k, v in phases.items()})
counter = itertools.count(); nums = sum(parallel(4, lambda i: [next(counter) for _ in range(500)]), []); print(sorted(nums) == list(range(2000)))
dq = deque(range(1000)); taken = parallel(4, lambda i: [dq.popleft() if i % 2 else dq.pop() for _ in range(250)]); print(sorted(sum(taken, [])) == list(range(1000)), len(dq))
gens = parallel(3, lambda i: sum(x for x in (y * i for y in range(1000)))); print(gens); excs = []
def failing(i):
    try: raise ValueError(i)
    except ValueError as e: excs.append((i, e.args[0], e.__traceback__.tb_lineno > 0)); return e.args
print(parallel(4, failing), sorted(excs)); strs = parallel(4, lambda i: "".join(str(j % 10) for j in range(i, 2000 + i))); print([len(s) for s in strs], [hash(s) == hash(str(s)) for s in strs])
ev = threading.Event(); order = []
def first(): order.append(1); ev.set()
def second(): ev.wait(); order.append(2)
t2, t1 = threading.Thread(target=second), threading.Thread(target=first); t2.start(); t1.start(); t1.join(); t2.join(); print(order)
def matrix(n): return [[(i * j) % 7 for j in range(n)] for i in range(n)]
m = matrix(20); rows = [None] * 20
def mul(k):
    for i in range(k, 20, 4): rows[i] = [sum(a * b for a, b in zip(m[i], c)) for c in zip(*m)]
parallel(4, mul); print(sum(map(sum, rows)), rows[3][:5]); stop = threading.Event(); ticks = []
def ticker():
    while not stop.wait(0.001): ticks.append(1)
t = threading.Thread(target=ticker, daemon=True); t.start(); s = sum(i * i for i in range(200000)); stop.set(); t.join(); print(s, t.is_alive())
class Cell:
    pass
c = Cell(); c.n = 0; parallel(4, lambda i: [setattr(c, f"a{i}_{j}", j) for j in range(200)]); print(len(vars(c)), all(getattr(c, f"a{i}_{j}") == j for i in range(4) for j in range(200))); parallel(4, lambda i: [delattr(c, f"a{i}_{j}") for j in range(200)]); print(vars(c))
