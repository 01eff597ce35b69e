"""A pipeline of producers, workers and one collector, joined by bounded queues.

Producers make lines of a log, N workers parse and digest them, the collector adds up what they found.
The result does not depend on the number of threads or on who was faster.
"""

import argparse
import hashlib
import queue
import threading
import time

BATCH = 100
USERS = ("ann", "bob", "cho", "dee", "eve", "fay", "gus")
ACTIONS = ("login", "logout", "read", "write", "delete")
DONE = object()


def producer(first, last, lines):
    """Put the lines numbered first..last-1 into the queue, in batches."""
    for start in range(first, last, BATCH):
        batch = []
        for number in range(start, min(start + BATCH, last)):
            scrambled = (number * 2654435761) % 2**32
            user = USERS[scrambled % len(USERS)]
            action = ACTIONS[scrambled // 7 % len(ACTIONS)]
            batch.append(f"{number:08d} user={user} action={action} bytes={scrambled % 5000}")
        lines.put(batch)


def worker(lines, results):
    """Parse lines until the queue is shut down; report the sums of every batch."""
    while True:
        try:
            batch = lines.get()
        except queue.ShutDown:
            break
        traffic, digest = {}, 0
        for line in batch:
            number, *fields = line.split()
            record = dict(field.split("=") for field in fields)
            key = record["user"], record["action"]
            traffic[key] = traffic.get(key, 0) + int(record["bytes"])
            digest ^= int.from_bytes(hashlib.blake2b(line.encode(), digest_size=8).digest(), "big")
        results.put((len(batch), traffic, digest))
        lines.task_done()


def collector(results, summary):
    count, total, digest = 0, {}, 0
    while (item := results.get()) is not DONE:
        lines, traffic, part = item
        count += lines
        digest ^= part
        for key, size in traffic.items():
            total[key] = total.get(key, 0) + size
    summary.update(count=count, total=total, digest=digest)


def start(target, *arguments):
    thread = threading.Thread(target=target, args=arguments)
    thread.start()
    return thread


def main():
    parser = argparse.ArgumentParser(description="Run a pipeline of threads joined by queues.")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="number of workers (default: 1)")
    parser.add_argument("--lines", type=int, default=300_000, metavar="N", help="lines to process (default: 300000)")
    args = parser.parse_args()
    if args.threads < 1 or args.lines < 0:
        parser.error("at least 1 thread is needed, and a positive number of lines")

    begin = time.perf_counter()
    lines, results, summary = queue.Queue(maxsize=64), queue.SimpleQueue(), {}
    gather = start(collector, results, summary)
    workers = [start(worker, lines, results) for _ in range(args.threads)]
    half = args.lines // 2
    producers = [start(producer, 0, half, lines), start(producer, half, args.lines, lines)]
    for thread in producers:
        thread.join()
    lines.join()
    lines.shutdown()
    for thread in workers:
        thread.join()
    results.put(DONE)
    gather.join()
    elapsed = time.perf_counter() - begin

    print(f"{summary['count']} lines, digest {summary['digest']:016x}")
    for user in USERS:
        sizes = "  ".join(f"{action} {summary['total'].get((user, action), 0)}" for action in ACTIONS)
        print(f"{user}: {sizes}")
    print(f"time: {elapsed:.3f} s with {args.threads} thread(s)")


if __name__ == "__main__":
    main()
