"""queue.Queue and its relatives, deque and concurrent.futures: everything that goes in comes out once."""

import collections
import concurrent.futures
import queue
import threading

from harness import run, slices


def through_queue(context, running):
    for kind in (queue.Queue, queue.LifoQueue, queue.PriorityQueue, queue.SimpleQueue):
        shared = kind() if kind is queue.SimpleQueue else kind(maxsize=16)
        got, items = [None] * context.threads, 300

        def put(index, rng):
            for number in range(items):
                shared.put((index, number))

        def take(index, rng):
            mine = []
            for _ in range(items):
                mine.append(shared.get(timeout=60))
                if kind is not queue.SimpleQueue:
                    shared.task_done()
            got[index - context.threads] = mine

        context.spawn(*[put] * context.threads, *[take] * context.threads)
        everything = sum(got, [])
        context.check(len(everything) == len(set(everything)) == items * context.threads, kind.__name__)
        context.check(shared.empty())
        if kind in (queue.Queue, queue.SimpleQueue):
            for mine in got:
                last = {}
                for producer, number in mine:
                    context.check(number > last.get(producer, -1), "out of order", kind.__name__)
                    last[producer] = number
        context.done(len(everything))


def shut_down(context, running):
    shared, got = queue.Queue(), []

    def take(index, rng):
        while True:
            try:
                got.append(shared.get())
            except queue.ShutDown:
                break

    def put(index, rng):
        for number in range(200):
            shared.put(number)
        shared.shutdown()

    context.spawn(put, *[take] * context.threads)
    context.check(sorted(got) == list(range(200)))
    context.done(200)


def deques(context, running):
    shared, got = collections.deque(), [None] * context.threads
    ring = collections.deque(maxlen=10)

    def work(index, rng):
        mine, put = [], 0
        for number in range(3000):
            if rng.random() < 0.5:
                rng.choice((shared.append, shared.appendleft))((index, number))
                put += 1
            else:
                try:
                    mine.append(rng.choice((shared.pop, shared.popleft))())
                except IndexError:
                    pass
            ring.append((index, number))
            context.check(len(ring) <= 10)
            if number % 100 == 0:
                shared.rotate(rng.randrange(-5, 5))
                try:
                    context.check(all(len(item) == 2 for item in shared))
                except RuntimeError as error:
                    context.check(str(error) == "deque mutated during iteration", error)
        got[index] = mine, put
        context.done(3000)

    context.spawn(*[work] * context.threads)
    taken = sum((mine for mine, _ in got), [])
    everything = taken + list(shared)
    context.check(len(everything) == len(set(everything)) == sum(put for _, put in got), "deque lost or doubled an item")


def futures(context, running):
    def job(number):
        if number % 10 == 9:
            raise KeyError(number)
        return number * 2

    with concurrent.futures.ThreadPoolExecutor(context.threads) as pool:
        jobs = [pool.submit(job, number) for number in range(200)]
        called = []
        for future in jobs:
            future.add_done_callback(called.append)
        for number, future in enumerate(jobs):
            error = future.exception()
            context.check((type(error) is KeyError and error.args == (number,)) if number % 10 == 9
                          else future.result() == number * 2)
        context.check(list(pool.map(lambda number: number + 1, range(100))) == list(range(1, 101)))
        concurrent.futures.wait(jobs)
    context.check(len(called) == 200 and set(called) == set(jobs))
    context.done(300)


def locals_of_threads(context, running):
    local, made = threading.local(), []

    class Kept:
        def __init__(self, index):
            self.index = index

        def __del__(self):
            made.append(self.index)

    def use(index, rng):
        local.kept = Kept(index)
        for number in range(300):
            local.value = number, index
            context.check(local.value == (number, index) and local.kept.index == index)
        context.done(300)

    context.spawn(*[use] * context.threads)
    context.check(not hasattr(local, "value"))


def body(context):
    programs = [through_queue, shut_down, deques, futures, locals_of_threads]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
