"""Locks and queues: what threads wait for by design."""

import queue
import threading

from runner import PRIVATE, SHARED, workload


@workload("lock", 3_400_000, [PRIVATE])
def lock_private():
    lock = threading.Lock()

    def work(n):
        for _ in range(n):
            with lock:
                pass
    return work


@workload("shared counter with a lock", 2_500_000, [SHARED])
def lock_shared():
    lock, count = threading.Lock(), [0]

    def work(n):
        for _ in range(n):
            with lock:
                count[0] += 1
    return work


@workload("queue", 310_000, [PRIVATE])
def queue_private():
    shared = queue.Queue()

    def work(n):
        for i in range(n):
            shared.put(i)
            shared.get()
    return work
