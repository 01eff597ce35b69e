"""Locks, conditions, semaphores, events and barriers: no update lost, no wake-up lost, no lock left held."""

import threading
import time

from harness import run, slices


def counters(context, running):
    class Shared:
        plain = reentrant = guarded = 0

    lock, rlock, semaphore = threading.Lock(), threading.RLock(), threading.Semaphore(1)
    turns = 2000

    def add(index, rng):
        for _ in range(turns):
            with lock:
                Shared.plain += 1
            with rlock, rlock:
                Shared.reentrant += 1
            with semaphore:
                Shared.guarded += 1
            if lock.acquire(blocking=False):
                lock.release()
            if lock.acquire(timeout=0.001):
                lock.release()
        context.done(3 * turns)

    context.spawn(*[add] * context.threads)
    expected = turns * context.threads
    context.check(Shared.plain == Shared.reentrant == Shared.guarded == expected, vars(Shared), expected)
    context.check(not lock.locked())


def conditions(context, running):
    """A bounded buffer on a condition: everything put is taken once."""
    condition, buffer, taken = threading.Condition(), [], [[] for _ in range(context.threads)]
    producers, items = max(1, context.threads // 2), 500

    def put(index, rng):
        for number in range(items):
            with condition:
                context.check(condition.wait_for(lambda: len(buffer) < 5, timeout=60), "lost wake-up (put)")
                buffer.append((index, number))
                condition.notify_all()

    def take(index, rng):
        share = items * producers // consumers
        for _ in range(share + (items * producers - share * consumers if index == producers else 0)):
            with condition:
                context.check(condition.wait_for(lambda: buffer, timeout=60), "lost wake-up (take)")
                taken[index - producers].append(buffer.pop(0))
                condition.notify_all()

    consumers = context.threads
    context.spawn(*[put] * producers, *[take] * consumers)
    everything = sorted(sum(taken, []))
    context.check(everything == sorted((p, n) for p in range(producers) for n in range(items)))
    context.done(len(everything))


def barriers(context, running):
    barrier, phase, rounds = threading.Barrier(context.threads), [0] * context.threads, 50

    def step(index, rng):
        for number in range(rounds):
            phase[index] = number
            barrier.wait(60)
            context.check(phase == [number] * context.threads, phase)
            barrier.wait(60)
        context.done(rounds)

    context.spawn(*[step] * context.threads)


def events(context, running):
    ping, pong = threading.Event(), threading.Event()

    def left(index, rng):
        for _ in range(200):
            ping.set()
            context.check(pong.wait(60), "pong lost")
            pong.clear()

    def right(index, rng):
        for _ in range(200):
            context.check(ping.wait(60), "ping lost")
            ping.clear()
            pong.set()
        context.done(200)

    context.spawn(left, right)


def timeouts(context, running):
    lock = threading.Lock()

    def hold(index, rng):
        for _ in range(20):
            with lock:
                time.sleep(0.002)

    def patience(index, rng):
        for _ in range(20):
            begin = time.monotonic()
            if lock.acquire(timeout=0.003):
                lock.release()
            else:
                context.check(time.monotonic() - begin >= 0.002, "gave up too early")
        context.done(20)

    context.spawn(hold, *[patience] * context.threads)
    context.check(lock.acquire(timeout=10), "lock left held")
    for wrong in (threading.Lock().release, threading.RLock().release):
        try:
            wrong()
        except RuntimeError:
            continue
        context.check(False, "released what was not held")


def body(context):
    programs = [counters, conditions, barriers, events, timeouts]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
