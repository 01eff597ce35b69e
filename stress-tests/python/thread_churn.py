"""Threads that come and go: what they made outlives them, what they dropped is freed, daemons do not matter."""

import gc
import threading
import weakref

from harness import collector, run


class Item:
    def __init__(self, number):
        self.number = number
        self.text = f"item {number}"


def body(context):
    inherited, references = [], []

    def leaf(number):
        """Makes objects that others will own, and drops some that others made."""
        made = [Item(number * 100 + step) for step in range(20)]
        inherited.extend(made[:5])
        references.append(weakref.ref(made[19]))
        for item in list(inherited[-30:]):
            context.check(item.text == f"item {item.number}")
        if len(inherited) > 500:
            del inherited[:250]

    def parent(index, rng):
        while context.running():
            children = [threading.Thread(target=leaf, args=(rng.randrange(1000),), daemon=rng.random() < 0.3)
                        for _ in range(rng.randrange(1, 6))]
            for child in children:
                child.start()
            context.check(threading.active_count() >= 2)
            context.check(all(thread.name for thread in threading.enumerate()))
            for child in children:
                child.join()
                context.check(not child.is_alive() and child.ident is not None)
            context.done(len(children))

    context.spawn(*[parent] * context.threads, collector(context))
    for item in inherited:
        context.check(item.text == f"item {item.number}")
    inherited.clear()
    gc.collect()
    context.check(all(reference() is None for reference in references), "objects of ended threads stay alive")

    # Thread identifiers are unique among the living.
    barrier, identifiers = threading.Barrier(10), []

    def name_yourself():
        identifiers.append(threading.get_ident())
        barrier.wait()

    threads = [threading.Thread(target=name_yourself) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    context.check(len(set(identifiers)) == 10)

    # A daemon that is still busy when the program ends.
    stop = []

    def busy():
        data = {}
        while not stop:
            data[len(data) % 100] = [Item(1)]

    for _ in range(2):
        threading.Thread(target=busy, daemon=True).start()


run(body)
