# Coroutines, first without and then with asyncio.
import asyncio, sys, types
class Awaitable:
    def __init__(self, v): self.v = v
    def __await__(self): got = yield self.v; return got
async def simple(): return 5
async def chain(): a = await Awaitable("first"); b = await Awaitable("second"); return a, b, await simple()
c = chain(); print(c.send(None), c.send(1))
try: c.send(2)
except StopIteration as e: print(e.value)
print(type(c).__name__, c.cr_running, c.cr_await)
def run(coro):
    try:
        while True: coro.send(None)
    except StopIteration as e: return e.value
class Ctx:
    async def __aenter__(self): print("aenter"); return "v"
    async def __aexit__(self, *a): print("aexit", a[0] and a[0].__name__); return a[0] is KeyError
class AIter:
    def __init__(self, n): self.n = n
    def __aiter__(self): return self
    async def __anext__(self):
        if self.n == 0: raise StopAsyncIteration
        self.n -= 1; return self.n
async def agen(n):
    for i in range(n):
        got = yield i
        if got: print("agen got", got)
async def body():
    async with Ctx() as v: print(v)
    async with Ctx(): raise KeyError("swallowed")
    async for x in AIter(3): print(x, end=" ")
    else: print("else")
    print([x async for x in AIter(3)], {x: 1 async for x in agen(2)}, [x async for x in agen(5) if x % 2], [await simple() for _ in range(2)])
    g = agen(3); print(await g.__anext__(), await g.asend("hello")); await g.aclose()
    return sum([x async for x in agen(4)])
print(run(body()))
try: simple().send(1)
except TypeError as e: print(e)
async def bad(): await 5
try: run(bad())
except TypeError as e: print(e)
def notasync():
    async def inner(): raise ValueError("async error")
    return inner()
try: run(notasync())
except ValueError as e: print(e)
c = simple(); c.close(); print("closed")
@types.coroutine
def old(): x = yield "old"; return x
async def use_old(): return await old()
o = use_old(); print(o.send(None))
try: o.send("back")
except StopIteration as e: print(e.value)
# asyncio
order = []
async def worker(name, n):
    for i in range(n): order.append(f"{name}{i}"); await asyncio.sleep(0)
    return name
async def main():
    print(await asyncio.gather(worker("a", 2), worker("b", 3))); print(order)
    t = asyncio.create_task(worker("t", 1)); print(t.done(), await t, t.done(), t.result())
    async def fail(): raise ValueError("task failed")
    print(await asyncio.gather(fail(), simple(), return_exceptions=True))
    try: await asyncio.wait_for(asyncio.sleep(10), 0.01)
    except TimeoutError: print("timeout")
    try:
        async with asyncio.timeout(0.01): await asyncio.sleep(10)
    except TimeoutError: print("timeout 2")
    t = asyncio.create_task(asyncio.sleep(10)); await asyncio.sleep(0); t.cancel()
    try: await t
    except asyncio.CancelledError: print("cancelled", t.cancelled())
    try:
        async with asyncio.TaskGroup() as tg: tg.create_task(fail()); tg.create_task(asyncio.sleep(5))
    except* ValueError as eg: print("group", eg.exceptions)
    async with asyncio.TaskGroup() as tg: ts = [tg.create_task(worker(n, 1)) for n in "xyz"]
    print([t.result() for t in ts])
    q = asyncio.Queue(2); out = []
    async def produce():
        for i in range(5): await q.put(i)
        await q.put(None)
    async def consume():
        while (v := await q.get()) is not None: out.append(v)
    await asyncio.gather(produce(), consume()); print(out)
    lock, ev, sem = asyncio.Lock(), asyncio.Event(), asyncio.Semaphore(2)
    async with lock: print(lock.locked())
    async def wait(): await ev.wait(); return "event"
    w = asyncio.create_task(wait()); await asyncio.sleep(0); ev.set(); print(await w)
    loop = asyncio.get_running_loop(); f = loop.create_future(); loop.call_soon(f.set_result, "fut"); print(await f)
    print(await asyncio.to_thread(lambda: "thread"), await loop.run_in_executor(None, sum, [1, 2]))
    done, pending = await asyncio.wait([asyncio.create_task(simple()), asyncio.create_task(asyncio.sleep(9))], return_when=asyncio.FIRST_COMPLETED); print(len(done), len(pending)); [p.cancel() for p in pending]
    print([await c for c in asyncio.as_completed([simple()])], asyncio.current_task().get_name(), len(asyncio.all_tasks()) >= 1)
    async def cleanup():
        try: await asyncio.sleep(10)
        finally: print("cleanup")
    t = asyncio.create_task(cleanup()); await asyncio.sleep(0); t.cancel(); await asyncio.gather(t, return_exceptions=True)
    r, w = await asyncio.open_connection("127.0.0.1", (await serve()).sockets[0].getsockname()[1]); w.write(b"ping\n"); print(await r.readline()); w.close()
async def serve():
    async def handle(r, w): w.write(b"echo " + await r.readline()); await w.drain(); w.close()
    return await asyncio.start_server(handle, "127.0.0.1", 0)
asyncio.run(main())
try: asyncio.run(5)
except TypeError as e: print(type(e).__name__)
with asyncio.Runner() as runner: print(runner.run(simple()))


# What an asynchronous generator yields is the argument of the `StopIteration` that ends its awaitable, `None` as well.
async def values(*them):
    for one in them:
        yield one


for value in (None, (), (1, 2), StopIteration(3), KeyError):
    try:
        values(value).asend(None).send(None)
    except StopIteration as stop:
        print(stop.args, repr(stop.value))
