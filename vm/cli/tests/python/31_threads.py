# Threads, locks, events, queues, executors, thread-local data.
import threading, queue, time
from concurrent.futures import ThreadPoolExecutor, as_completed, wait, FIRST_COMPLETED, Future
results = [None] * 4
def work(i): results[i] = sum(range(i * 1000))
threads = [threading.Thread(target=work, args=(i,), name=f"w{i}") for i in range(4)]
print([t.name for t in threads], [t.is_alive() for t in threads], [t.ident for t in threads])
for t in threads: t.start()
for t in threads: t.join()
print(results, [t.is_alive() for t in threads], threading.active_count(), threading.current_thread().name, threading.main_thread() is threading.current_thread())
for bad in (threads[0].start, lambda: threading.Thread(target=work).join(), lambda: threading.current_thread().join()):
    try: bad()
    except RuntimeError as e: print(e)
count, lock = 0, threading.Lock()
def add():
    global count
    for _ in range(1000):
        with lock: count += 1
ts = [threading.Thread(target=add) for _ in range(4)]; [t.start() for t in ts]; [t.join() for t in ts]; print(count, lock.locked(), lock.acquire(False), lock.acquire(False), lock.acquire(timeout=0.01), lock.release())
try: lock.release()
except RuntimeError as e: print(e)
r = threading.RLock(); r.acquire(); r.acquire(); r.release(); r.release()
try: r.release()
except RuntimeError as e: print(e)
ev, order = threading.Event(), []
def waiter(): ev.wait(); order.append("woken")
t = threading.Thread(target=waiter); t.start(); order.append("set"); ev.set(); t.join(); print(order, ev.is_set(), ev.wait(0)); ev.clear(); print(ev.wait(0.01))
q = queue.Queue(maxsize=2)
def producer():
    for i in range(10): q.put(i)
    q.put(None)
got = []
t = threading.Thread(target=producer); t.start()
while (v := q.get()) is not None: got.append(v)
t.join(); print(got, q.empty(), q.qsize())
for bad in (lambda: q.get_nowait(), lambda: q.get(timeout=0.01), lambda: [q.put_nowait(i) for i in range(5)]):
    try: bad()
    except (queue.Empty, queue.Full) as e: print(type(e).__name__)
pq = queue.PriorityQueue(); [pq.put(x) for x in (3, 1, 2)]; lq = queue.LifoQueue(); [lq.put(x) for x in (1, 2)]; print(pq.get(), pq.get(), lq.get())
with ThreadPoolExecutor(3) as ex:
    print(list(ex.map(lambda x: x * x, range(6))), ex.submit(pow, 2, 5).result(), sorted(f.result() for f in as_completed([ex.submit(int, s) for s in "312"])))
    bad = ex.submit(lambda: 1 / 0); print(repr(bad.exception()), bad.done())
    try: bad.result()
    except ZeroDivisionError as e: print("raised", e)
    done, rest = wait([ex.submit(abs, -1)]); print(len(done), len(rest))
try: ex.submit(print)
except RuntimeError as e: print(e)
local = threading.local(); local.x = 1; seen = []
def use():
    seen.append(hasattr(local, "x")); local.x = 2; seen.append(local.x)
t = threading.Thread(target=use); t.start(); t.join(); print(seen, local.x)
cond, items = threading.Condition(), []
def consumer():
    with cond:
        cond.wait_for(lambda: len(items) == 3); items.append("consumed")
t = threading.Thread(target=consumer); t.start()
for i in range(3):
    with cond: items.append(i); cond.notify()
t.join(); print(items)
try: cond.notify()
except RuntimeError as e: print(e)
b, passed = threading.Barrier(3), []
def meet(): passed.append(b.wait() >= 0)
ts = [threading.Thread(target=meet) for _ in range(3)]; [t.start() for t in ts]; [t.join() for t in ts]; print(passed, b.n_waiting, b.parties)
s = threading.BoundedSemaphore(2); print(s.acquire(), s.acquire(), s.acquire(blocking=False)); s.release(); s.release()
try: s.release()
except ValueError as e: print(e)
caught = []
threading.excepthook = lambda a: caught.append((a.exc_type.__name__, str(a.exc_value), a.thread.name))
t = threading.Thread(target=lambda: 1 / 0, name="failing"); t.start(); t.join(); print(caught)
class Sub(threading.Thread):
    def run(self): self.result = "from run"
t = Sub(daemon=True); t.start(); t.join(); print(t.result, t.daemon)
tm = threading.Timer(0.01, lambda: order.append("timer")); tm.start(); tm.join(); tc = threading.Timer(5, print); tc.start(); tc.cancel(); tc.join(); print(order)
f = Future(); f.add_done_callback(lambda g: print("callback", g.result())); f.set_result(9); print(f.done(), f.result(), f.cancelled())
stop = threading.Event(); progress = []
def background():
    while not stop.wait(0.001): progress.append(1)
t = threading.Thread(target=background); t.start(); time.sleep(0.05); stop.set(); t.join(); print(len(progress) > 0)
d = {}; ts = [threading.Thread(target=lambda i=i: [d.setdefault((i, j), j) for j in range(100)]) for i in range(4)]; [t.start() for t in ts]; [t.join() for t in ts]; print(len(d), sum(d.values()))
l = []; ts = [threading.Thread(target=lambda: [l.append(1) for _ in range(500)]) for _ in range(4)]; [t.start() for t in ts]; [t.join() for t in ts]; print(len(l))
import contextvars
var = contextvars.ContextVar("var", default="d"); tok = var.set("main"); out = []
t = threading.Thread(target=lambda: out.append(var.get())); t.start(); t.join(); ctx = contextvars.copy_context(); print(var.get(), ctx.run(lambda: (var.set("in"), var.get())[1]), var.get()); var.reset(tok); print(var.get())
