# Calls that are awaited at once: whatever is looked at, a coroutine is there.
import asyncio
import gc
import inspect
import sys
import threading
import traceback
import types


class Pause:
    """Suspends whoever awaits it, with a value for the driver."""

    def __init__(self, value):
        self.value = value

    def __await__(self):
        return (yield self.value)


def drive(coroutine, *sent):
    """All that the coroutine yields, and its result."""
    seen = []
    try:
        seen.append(coroutine.send(None))
        for value in sent:
            seen.append(coroutine.send(value))
    except StopIteration as stop:
        return seen, stop.value
    return seen, 'suspended'


async def add(a, b=10, *, c=100):
    return a + b + c


class Account:
    def __init__(self, balance):
        self.balance = balance

    async def deposit(self, amount, fee=0):
        self.balance += amount - fee
        return self.balance

    async def twice(self, amount):
        await self.deposit(amount)
        return await self.deposit(amount, fee=1)


async def fibonacci(n):
    if n < 2:
        return n
    return await fibonacci(n - 1) + await fibonacci(n - 2)


async def many(*values, **named):
    return values, sorted(named.items())


async def sums():
    account = Account(5)
    one = await add(1)
    two = await add(1, 2)
    three = await add(1, c=3)
    four = await add(b=1, a=2, c=3)
    return one, two, three, four, await account.twice(7), await fibonacci(12), await many(1, 2, k=3)


print(drive(sums()))


async def wait(depth, log):
    """Suspends at the bottom, twice."""
    local = [depth]
    if depth:
        result = await wait(depth - 1, log)
    else:
        result = [await Pause('first'), await Pause('second')]
    log.append((depth, local))
    return result + local


log = []
print(drive(wait(3, log), 'a', 'b'), log)


def chain(coroutine):
    """The names of what a suspended coroutine waits for."""
    names = []
    while coroutine is not None:
        names.append(getattr(coroutine, '__qualname__', type(coroutine).__name__))
        coroutine = getattr(coroutine, 'cr_await', None)
    return names


outer = wait(2, [])
print(outer.send(None), chain(outer))
inner = outer.cr_await
print(type(inner).__name__, inner.__name__, inner.cr_running, inspect.getcoroutinestate(inner), inner.cr_frame.f_locals['depth'])
outer.close()
print(inspect.getcoroutinestate(outer), inspect.getcoroutinestate(inner), inner.cr_frame)


async def look(found):
    frame = sys._getframe()
    while frame is not None and frame.f_code.co_name != 'drive':
        generator = frame.f_generator
        found.append((frame.f_code.co_name, type(generator).__name__, generator.__name__, generator.cr_running, generator.cr_frame is frame))
        frame = frame.f_back
    return await Pause('looked')


async def middle(found):
    return await look(found)


async def top(found):
    return await middle(found)


found = []
looking = top(found)
print(drive(looking, 'end'), found)


async def fail(error):
    raise error


async def passing(error):
    return await fail(error)


async def catching():
    results = []
    for error in (ValueError('no'), StopIteration(1), StopAsyncIteration(2), KeyError('k')):
        try:
            await passing(error)
        except Exception as e:
            frames = [(f.name, f.line) for f in traceback.extract_tb(e.__traceback__)]
            results.append((repr(e), repr(e.__cause__), frames, sys.exception() is e))
    return results


for line in drive(catching())[1]:
    print(line)


async def handled():
    return repr(sys.exception())


async def handling(log):
    try:
        raise LookupError('outside')
    except LookupError:
        log.append(await handled())
        try:
            await fail(ValueError('inside'))
        except ValueError as e:
            log.append(repr(e.__context__))
        log.append(repr(sys.exception()))
    log.append(await handled())


async def suspended_handling(log):
    try:
        raise LookupError('own')
    except LookupError:
        log.append(await Pause('in except'))
        log.append(repr(sys.exception()))


async def calls_handling(log):
    await suspended_handling(log)
    log.append(repr(sys.exception()))


log = []
print(drive(handling(log)), log)
log = []
print(drive(calls_handling(log), 'back'), log)


async def thrown(log):
    try:
        await Pause('waiting')
    except ValueError as e:
        log.append(repr(e))
        raise KeyError('instead')
    finally:
        log.append('cleaned')


async def throws(log):
    return await thrown(log)


log = []
coroutine = throws(log)
coroutine.send(None)
try:
    coroutine.throw(ValueError('thrown'))
except KeyError as e:
    print(repr(e), repr(e.__context__), log, [f.name for f in traceback.extract_tb(e.__traceback__)])


async def deep(n):
    return 0 if n == 0 else 1 + await deep(n - 1)


print(drive(deep(300)))
try:
    drive(deep(10 ** 5))
except RecursionError as e:
    print('RecursionError')
try:
    drive(add())
except TypeError as e:
    print(e)


async def wrong():
    await add()


try:
    drive(wrong())
except TypeError as e:
    print(e, [f.name for f in traceback.extract_tb(e.__traceback__)][1:])


class Ending:
    def __init__(self, log):
        self.log = log

    def __del__(self):
        self.log.append(sys._getframe(1).f_code.co_name)


async def dropping(log):
    thing = Ending(log)
    return 1


async def drops(log):
    await dropping(log)
    return log


print(drive(drops([])))


async def traced(events):
    def trace(frame, event, argument):
        events.append((frame.f_code.co_name, event))
        return trace
    sys.settrace(trace)
    result = await add(1)
    sys.settrace(None)
    return result


async def begins_trace(events):
    result = await traced(events)
    return result


events = []
print(drive(begins_trace(events)), [e for e in events if e[1] != 'line'])


async def nested():
    def inner():
        async def innermost():
            return await add(1)
        return innermost
    value = 3
    async def closure(x):
        return value + x
    return await closure(4), await inner()(), [await add(i) for i in range(3)]


print(drive(nested()))


async def numbers(n):
    for i in range(n):
        await Pause(i)
        yield await add(i)


async def loops():
    return [x async for x in numbers(3)]


print(drive(loops(), None, None, None, None))


async def replaced():
    return 'old'


async def calls_replaced():
    results = [await replaced()]
    async def other():
        return 'new'
    globals()['replaced'] = other
    results.append(await replaced())
    globals()['replaced'] = lambda: Pause('plain')
    results.append(await replaced())
    return results


print(drive(calls_replaced(), 'sent'))

sys.set_coroutine_origin_tracking_depth(1)


async def origin():
    return sys._getframe().f_generator.cr_origin[0][2]


async def wants_origin():
    return await origin()


print(drive(wants_origin()))
sys.set_coroutine_origin_tracking_depth(0)


@types.coroutine
def old_style(value):
    return (yield value)


async def mixes():
    return await old_style('old')


print(drive(mixes(), 'style'))


async def work(n):
    total = 0
    for i in range(n):
        total += await add(i, c=await fibonacci(5))
        if i % 10 == 0:
            await asyncio.sleep(0)
            total += sum(await wait_briefly(3))
    return total


async def wait_briefly(depth):
    if depth:
        return [depth] + await wait_briefly(depth - 1)
    await asyncio.sleep(0)
    return [0]


async def cancelled():
    task = asyncio.create_task(wait_long(3))
    await asyncio.sleep(0)
    print([f.f_code.co_name for f in task.get_stack()], chain(task.get_coro()))
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return task.cancelled()


async def wait_long(depth):
    if depth:
        return await wait_long(depth - 1)
    await asyncio.sleep(1000)


print(asyncio.run(cancelled()))
results = []


def thread():
    async def main():
        return sum(await asyncio.gather(*(work(30) for _ in range(5))))
    results.append(asyncio.run(main()))


threads = [threading.Thread(target=thread) for _ in range(8)]
for one in threads:
    one.start()
for one in threads:
    one.join()
print(results)
gc.collect()
print([g for g in gc.get_objects() if isinstance(g, types.CoroutineType) and inspect.getcoroutinestate(g) == 'CORO_RUNNING'])
