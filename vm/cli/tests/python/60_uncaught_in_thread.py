# stderr: compare
# Exceptions that reach the end of a thread or a finalizer are reported; the program goes on and exits with 0.
import threading, sys, gc, asyncio, time
def boom(n):
    values = [1, 2, 3]
    return values[n]
t = threading.Thread(target=boom, args=(7,), name="worker-A"); t.start(); t.join(); print("first joined", t.is_alive())
def chained():
    try: boom(9)
    except IndexError as e: raise RuntimeError("wrapped") from e
t = threading.Thread(target=chained, name="worker-B"); t.start(); t.join(); print("second joined")
t = threading.Thread(target=lambda: sys.exit(5), name="quiet"); t.start(); t.join(); print("SystemExit in a thread is silent")
class Bad(threading.Thread):
    def run(self): {}["missing"]
b = Bad(name="worker-C"); b.start(); b.join(); print("third joined")
seen = []; threading.excepthook = lambda a: seen.append((a.exc_type.__name__, a.thread.name)); t = threading.Thread(target=boom, args=(5,), name="hooked"); t.start(); t.join(); print(seen); threading.excepthook = threading.__excepthook__
def log(n): sys.stderr.write(f"stderr line {n}\n"); sys.stderr.flush()
log(1); print("to stdout"); log(2); t = threading.Thread(target=log, args=(3,)); t.start(); t.join()
print("done", flush=True)
