"""What concerns the whole process: fork in a threaded program, signals in blocked threads, deep recursion, tracebacks of other threads."""

import gc
import os
import queue
import signal
import sys
import threading
import time
import traceback
import warnings

from harness import run, slices


def forks(context, running):
    """The child of a fork has one thread, and everything in it works: locks, allocation, collections, new threads."""
    shared, lock = {}, threading.Lock()

    def work(index, rng):
        while running():
            shared[rng.randrange(100)] = [index] * rng.randrange(20)
            with lock:
                shared.pop(rng.randrange(100), None)
            cycle = []
            cycle.append(cycle)
            context.done(1)

    def fork(index, rng):
        for _ in range(5):
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    gc.collect()
                    numbers = [[number] for number in range(1000)]
                    shared.clear()
                    results = []
                    threads = [threading.Thread(target=results.append, args=(number,)) for number in range(3)]
                    for thread in threads:
                        thread.start()
                    for thread in threads:
                        thread.join()
                    if sorted(results) == [0, 1, 2] and sum(map(len, numbers)) == 1000 and threading.active_count() == 1:
                        status = 0
                    else:
                        print("child:", results, threading.active_count(), file=sys.stderr, flush=True)
                except BaseException:
                    traceback.print_exc()
                finally:
                    os._exit(status)
            deadline = time.monotonic() + 60
            while True:
                done, code = os.waitpid(child, os.WNOHANG)
                if done:
                    break
                if time.monotonic() > deadline:
                    os.kill(child, signal.SIGKILL)
                    os.waitpid(child, 0)
                    context.check(False, "the child of a fork hangs")
                time.sleep(0.005)
            context.check(code == 0, "child ended with", code)

    context.spawn(*[work] * context.threads, fork)


class Interrupted(Exception):
    pass


def signals(context, running):
    """A signal ends the main thread's wait for a lock, a queue, an event, a condition, a thread, a sleep."""
    armed = False

    def handler(number, frame):
        nonlocal armed
        if armed:
            armed = False
            raise Interrupted

    def condition():
        with (own := threading.Condition()):
            own.wait()

    held = threading.Lock()
    held.acquire()
    release = threading.Event()
    sleeper = threading.Thread(target=release.wait)
    sleeper.start()
    old = signal.signal(signal.SIGUSR1, handler)
    try:
        waits = [held.acquire, queue.Queue().get, queue.SimpleQueue().get, threading.Event().wait, sleeper.join,
                 lambda: time.sleep(60), condition, lambda: held.acquire(timeout=60)]
        for wait in waits:
            done = threading.Event()

            def send():
                while not done.wait(0.01):
                    os.kill(os.getpid(), signal.SIGUSR1)

            sender = threading.Thread(target=send)
            sender.start()
            begin = time.monotonic()
            try:
                armed = True
                wait()
                context.check(False, "not interrupted", wait)
            except Interrupted:
                pass
            except RuntimeError as error:
                # It came when a condition's lock was released but not yet waited for.
                context.check("release un" in str(error), error)
            context.check(time.monotonic() - begin < 30, "interrupted late", wait)
            done.set()
            sender.join()
            context.done(1)
    finally:
        release.set()
        sleeper.join()
        signal.signal(signal.SIGUSR1, old)


def recursion(context, running):
    """Every thread has its own depth, and RecursionError leaves it usable."""
    def down(depth):
        return 0 if depth == 0 else 1 + down(depth - 1)

    class Deep:
        def __init__(self, inner):
            self.inner = inner

        def __repr__(self):
            return f"({self.inner!r})"

        def __eq__(self, other):
            return self.inner == other.inner

    def work(index, rng):
        for _ in range(5):
            context.check(down(500) == 500)
            try:
                down(10**6)
                context.check(False, "no limit")
            except RecursionError:
                pass
            deep = None
            for _ in range(20000):
                deep = Deep(deep)
            try:
                repr(deep)
                context.check(False, "no limit in repr")
            except RecursionError:
                pass
            nested = []
            for _ in range(50000):
                nested = [nested]
            del deep, nested
            context.done(1)

    context.spawn(*[work] * context.threads)


def tracebacks(context, running):
    """Exceptions raised in one thread, formatted, raised again and dropped in others."""
    shared = [None] * 8

    def level(depth, value):
        local = [depth, value]
        if depth == 0:
            raise ValueError(value)
        try:
            level(depth - 1, value)
        except ValueError as error:
            if depth % 3 == 0:
                raise KeyError(value) from error
            raise
        finally:
            local.append("done")

    def throw(index, rng):
        while running():
            try:
                level(rng.randrange(8), index)
            except (ValueError, KeyError) as error:
                shared[rng.randrange(8)] = error
            context.done(1)

    def look(index, rng):
        while running():
            error = shared[rng.randrange(8)]
            if error is None:
                continue
            text = "".join(traceback.format_exception(error))
            context.check(any(line.startswith(("ValueError", "KeyError")) for line in text.splitlines()), text)
            frame = error.__traceback__
            while frame is not None:
                frame.tb_frame.f_locals, frame.tb_lineno
                frame = frame.tb_next
            try:
                raise error
            except (ValueError, KeyError) as again:
                context.check(again is error)
                again.add_note("seen") if rng.random() < 0.01 else None
            if rng.random() < 0.05:
                error.__traceback__ = None
                error.__context__ = None
            for other in list(sys._current_frames().values()):
                while other is not None:
                    other.f_lineno, other.f_code.co_name
                    other = other.f_back

    context.spawn(*[throw] * context.threads, look, look)


def body(context):
    # That the process has threads is the point.
    warnings.simplefilter("ignore", DeprecationWarning)
    programs = [forks, signals, recursion, tracebacks]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
