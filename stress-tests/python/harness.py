"""What the stress programs share: arguments, threads that end on time, invariants, forced collections.

A program defines a function of (context) and calls run() with it. The context gives each thread a random
generator of its own, seeded from --seed and the thread's number, so that the work (not the timing) can be
repeated. A broken invariant or an exception that CPython would not allow either ends the program with
status 1 and a line that begins "BROKEN". The closing line begins "ok" and counts the operations.
"""

import argparse
import gc
import random
import sys
import threading
import time
import traceback


class Broken(Exception):
    """An invariant does not hold."""


class Context:
    def __init__(self, args):
        self.seconds = args.seconds
        self.seed = args.seed
        self.threads = args.threads
        self.deadline = time.monotonic() + args.seconds
        self.failures = []
        self.operations = 0
        self._lock = threading.Lock()

    def running(self):
        return time.monotonic() < self.deadline and not self.failures

    def random(self, index):
        return random.Random(self.seed * 1_000_003 + index)

    def check(self, condition, *what):
        if not condition:
            raise Broken(*what)

    def done(self, operations):
        with self._lock:
            self.operations += operations

    def fail(self):
        self.failures.append(traceback.format_exc())

    def spawn(self, *targets):
        """Run each target(index, rng) in a thread; return when all have ended, raise if one failed."""
        barrier = threading.Barrier(len(targets))

        def body(index, target):
            try:
                barrier.wait()
                target(index, self.random(index))
            except BaseException:
                self.fail()

        threads = [threading.Thread(target=body, args=(index, target)) for index, target in enumerate(targets)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failures:
            raise Broken("a thread failed")

    def rounds(self, one_round):
        """Call one_round(number, rng) until the time is over, at least once."""
        number = 0
        while number == 0 or self.running():
            one_round(number, self.random(1_000 + number))
            number += 1
        return number


def collector(context):
    """A thread target that forces collections until the time is over."""
    def collect(index, rng):
        while context.running():
            gc.collect()
            time.sleep(rng.random() * 0.02)
    return collect


def slices(context, least=1):
    """Short spans of time, each a round of its own: yields functions that say whether it still runs."""
    first = True
    while first or context.running():
        end = min(time.monotonic() + 0.5, max(context.deadline, time.monotonic() + 0.05))
        yield lambda: time.monotonic() < end and not context.failures
        first = False


def run(body):
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=4)
    args = parser.parse_args()
    context = Context(args)
    try:
        body(context)
    except BaseException:
        for failure in context.failures or [traceback.format_exc()]:
            print("BROKEN", failure, flush=True)
        sys.exit(1)
    print(f"ok {context.operations} operations, seed {args.seed}, {args.threads} threads", flush=True)
