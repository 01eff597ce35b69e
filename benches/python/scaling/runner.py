"""Runs one scaling workload on k threads; the bench program starts it, once or in k processes.

    runner.py --list                    one line per row: name, kind
    runner.py NAME KIND --threads K --scale F

Protocol: prepare and warm up, print "ready"; read a line; work; print "done". The time between the line
and "done" is the time of the work: the bench program takes it for threads and processes alike.

A workload is a maker: it prepares its data and returns work(n). For the kind "private" every thread calls
the maker and works on its own data; for "shared" it is called once and all threads work on the same.
"""

import sys
import threading

PRIVATE, SHARED = "private", "shared"
WORKLOADS = {}


def workload(name, count, kinds=(PRIVATE, SHARED)):
    """Register a maker; count is n for about a quarter of a second on CPython 3.14."""
    def register(maker):
        WORKLOADS[name] = maker, count, kinds
        return maker
    return register


def load():
    # The modules import "workload" from here, so this file must be "runner" for them, not "__main__".
    sys.modules["runner"] = sys.modules[__name__]
    import arithmetic, attributes, calls, closures, containers, locking, objects, text  # noqa: F401, E401


def main(arguments):
    load()
    if arguments == ["--list"]:
        for name, (_, _, kinds) in WORKLOADS.items():
            for kind in kinds:
                print(f"{name}\t{kind}")
        return
    name, kind, _, threads, _, scale = arguments
    threads, scale = int(threads), float(scale)
    maker, count, _ = WORKLOADS[name]
    count = max(1, int(count * scale))
    shared = maker() if kind == SHARED else None
    prepared, go = threading.Barrier(threads + 1), threading.Barrier(threads + 1)
    failures = []

    def body():
        try:
            work = shared or maker()
            work(max(1, count // 20))
            prepared.wait()
            go.wait()
            work(count)
        except BaseException:
            failures.append(1)
            prepared.abort()
            go.abort()
            raise

    workers = [threading.Thread(target=body) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        prepared.wait()
        print("ready", flush=True)
        sys.stdin.readline()
        go.wait()
    except threading.BrokenBarrierError:
        pass
    for worker in workers:
        worker.join()
    if failures:
        sys.exit(1)
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
