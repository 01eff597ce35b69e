"""Ratios of times within one run, for `taipan-benches meta312`: a line `NAME VALUE` for each that this interpreter can give.

Numbers in the same line of a table come from alternating measurements in one process, so that what the machine does meanwhile
touches both sides. Arguments: how many times the usual work.
"""

import asyncio
import gc
import os
import resource
import sys
import threading
import time
import types
from asyncio import tasks
from typing import override
from unittest.mock import AsyncMock, Mock

try:
    import taipan
except ImportError:
    taipan = None

SCALE = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
ROUNDS = 7


def timed(function, count):
    start = time.perf_counter()
    for _ in range(count):
        function()
    return time.perf_counter() - start


def ratio(name, one, other, count):
    """Says how many times as long `one` takes as `other`: the best of each, measured in turn."""
    count = max(1, int(count * SCALE))
    timed(one, count // 4), timed(other, count // 4)
    ones, others = [], []
    for _ in range(ROUNDS):
        ones.append(timed(one, count))
        others.append(timed(other, count))
    print(name, min(ones) / min(others))


class Empty:
    pass


def nothing(*arguments):
    return arguments


def dirtied(prepare):
    """The part of a graph of objects that a forked child makes its own by reading and collecting it."""
    private = "/proc/self/smaps_rollup"
    if not os.path.exists(private):
        return None

    def dirty():
        with open(private) as file:
            return sum(int(line.split()[1]) << 10 for line in file if line.startswith("Private_Dirty"))

    def used():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    before = used()
    graph = [({"key": [number, str(number)]}, (number, [number])) for number in range(int(300_000 * SCALE) + 1000)]
    size = used() - before
    prepare()
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        dirty()
        base = dirty()
        total = 0
        for mapping, pair in graph:
            for value in mapping["key"]:
                total += value is not None
            total += len(pair[1])
        gc.collect()
        os.write(writable, str(dirty() - base).encode())
        os._exit(0)
    os.waitpid(child, 0)
    return int(os.read(readable, 32)) / size


def immortal():
    part = dirtied(taipan.immortalize_heap if taipan else lambda: (gc.collect(), gc.freeze()))
    if part is not None:
        print("1.dirtied", part)


def interpreters():
    from concurrent import interpreters

    def thread():
        thread = threading.Thread(target=nothing)
        thread.start()
        thread.join()

    ratio("1.interpreter/thread", lambda: interpreters.create().close(), thread, 5)
    interpreter, queue = interpreters.create(), interpreters.create_queue()

    def pass_on():
        queue.put(7)
        queue.get()

    ratio("1.queue/call", pass_on, lambda: nothing(7), 2000)
    ratio("1.call/thread", lambda: interpreter.call(nothing), thread, 50)
    interpreter.close()


def marks():
    def mark(function):
        return function

    ratio("2.override/empty", lambda: override(nothing), lambda: mark(nothing), 50_000)


def comprehensions():
    numbers = [1]

    def inlined():
        return [x for x in numbers]

    def nested():
        def listcomp(iterable):
            result = []
            for x in iterable:
                result.append(x)
            return result
        return listcomp(numbers)

    ratio("3.function/comprehension", nested, inlined, 50_000)
    ratio("3.genexpr/comprehension", lambda: list(x for x in numbers), inlined, 50_000)


async def leaf():
    pass


async def tree(depth):
    if depth:
        await asyncio.gather(*[tree(depth - 1) for _ in range(6)])


async def group_tree(depth):
    if depth:
        async with asyncio.TaskGroup() as group:
            for _ in range(6):
                group.create_task(group_tree(depth - 1))


def eager():
    def run(body, eager):
        async def main():
            if eager:
                asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
            await body(4)
        asyncio.run(main())

    ratio("4.gather default/eager", lambda: run(tree, False), lambda: run(tree, True), 1)
    ratio("4.group default/eager", lambda: run(group_tree, False), lambda: run(group_tree, True), 1)


def current():
    async def main():
        ratio("5.python/native current", tasks._py_current_task, asyncio.current_task, 50_000)
        ratio("5.current/call", asyncio.current_task, lambda: None, 50_000)
    asyncio.run(main())


def loops():
    spent = {}

    def throughput(threads):
        barrier = threading.Barrier(threads + 1)
        processor = []

        def body():
            async def work():
                for _ in range(int(20 * SCALE) + 1):
                    await asyncio.gather(*[leaf() for _ in range(300)])
            barrier.wait()
            before = time.thread_time()
            asyncio.run(work())
            processor.append(time.thread_time() - before)

        running = [threading.Thread(target=body) for _ in range(threads)]
        for thread in running:
            thread.start()
        barrier.wait()
        start = time.perf_counter()
        for thread in running:
            thread.join()
        elapsed = time.perf_counter() - start
        # The least of several measurements: what else the machine does costs processor time, too.
        spent[threads] = min(spent.get(threads, sys.float_info.max), sum(processor) / threads)
        return threads / elapsed

    k = min(4, os.cpu_count() or 1)
    print("5.throughput per loop", max(throughput(k) for _ in range(3)) / max(throughput(1) for _ in range(3)) / k)
    # Where other programs use the processors as well, only this tells whether loops are in each other's way.
    print("5.processor time per loop", spent[k] / spent[1])


def supers():
    class Base:
        def method(self):
            pass

    class Sub(Base):
        def by_super(self):
            super().method()

        def by_name(self):
            Base.method(self)

    sub = Sub()
    ratio("6.super/direct", sub.by_super, sub.by_name, 50_000)


def misses():
    module = types.ModuleType("module")
    module.there = 1
    ratio("7.module miss/hit", lambda: hasattr(module, "absent"), lambda: hasattr(module, "there"), 50_000)
    ratio("7.type miss/hit", lambda: hasattr(Empty, "absent"), lambda: hasattr(Empty, "__doc__"), 50_000)


def mocks():
    ratio("8.Mock/type", Mock, lambda: type("X", (Empty,), {}), 300)
    ratio("8.AsyncMock/Mock", AsyncMock, Mock, 100)
    mock = Mock()
    threads = [threading.Thread(target=lambda: [mock() for _ in range(500)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("8.calls counted", mock.call_count / 2000)


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def hooks():
    space = {}

    def store():
        for number in range(1000):
            space["key"] = number

    if taipan:
        def watched():
            with taipan.watch_dicts(nothing, {}):
                store()

        ratio("10.store watchers/none", watched, store, 300)
    on, off = [], []
    try:
        for _ in range(ROUNDS):
            sys.activate_stack_trampoline("perf")
            on.append(timed(lambda: fib(18), 3))
            sys.deactivate_stack_trampoline()
            off.append(timed(lambda: fib(18), 3))
        print("10.trampoline on/off", min(on) / min(off))
    except (ValueError, SystemError):
        sys.deactivate_stack_trampoline()
    if os.path.exists(f"/tmp/perf-{os.getpid()}.map"):
        os.unlink(f"/tmp/perf-{os.getpid()}.map")


# The last one makes the heap immortal.
for section in (interpreters, marks, comprehensions, eager, current, loops, supers, misses, mocks, hooks, immortal):
    try:
        section()
    except Exception as error:
        print(f"{section.__name__} failed: {type(error).__name__}: {error}", file=sys.stderr)
