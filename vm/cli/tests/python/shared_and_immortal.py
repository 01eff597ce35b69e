# What is immortal, what freezing keeps, and what passes between interpreters; each on many threads, too.
import gc
import sys
import threading
import weakref
from concurrent import interpreters


def in_threads(count, body):
    failures = []

    def run(number):
        try:
            body(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class Node:
    pass


def constants():
    always = (None, True, ..., NotImplemented, (), "", b"", "q", "\xe9", b"\x00", -5, 0, 256, int, dict, KeyError)
    assert all(map(sys._is_immortal, always))
    assert not any(map(sys._is_immortal, (-6, 10**30 + len(always), Node, Node(), constants, [], {})))
    before = sys.getrefcount(None)
    held = [None] * 100_000
    assert sys.getrefcount(held[0]) == before == 3 << 30
    thing = Node()
    assert sys.getrefcount(thing) == sys.getrefcount(thing)
    many = [thing] * 10
    assert sys.getrefcount(thing) - sys.getrefcount(Node()) >= 10 and len(many) == 10
    print("constants")


def freezing():
    def cycle():
        node = Node()
        node.me = node
        return weakref.ref(node)

    assert gc.get_freeze_count() == 0
    node = Node()
    node.me = node
    seen = weakref.ref(node)
    gc.freeze()
    assert gc.get_freeze_count() > 0
    del node
    gc.collect()
    assert seen() is not None
    # What is made after freezing is collected.
    later = cycle()
    gc.collect()
    assert later() is None
    gc.unfreeze()
    gc.collect()
    assert seen() is None and gc.get_freeze_count() == 0

    def toggle(number):
        for _ in range(5):
            gc.freeze()
            gone = cycle()
            gc.unfreeze()
        gc.collect()

    in_threads(4, toggle)
    gc.unfreeze()
    print("freezing")


def passing():
    queue = interpreters.create_queue()
    one = interpreters.create()
    one.prepare_main(queue=queue)
    one.exec("for thing in (None, False, 12, str, (), 'z'): queue.put(id(thing))")
    assert [queue.get() for _ in range(6)] == [id(thing) for thing in (None, False, 12, str, (), "z")]
    given = [1, 2]
    assert one.call(sorted, given) == [1, 2] and given == [1, 2]
    try:
        one.exec("{}['absent']")
    except interpreters.ExecutionFailed as failed:
        print("passing:", failed.excinfo.type.__name__, failed.excinfo.msg)
    try:
        one.prepare_main(bad=[])
    except interpreters.NotShareableError:
        one.close()

    def use(number):
        for turn in range(2):
            mine, box = interpreters.create(), interpreters.create_queue()
            mine.prepare_main(box=box, number=number)
            mine.exec("box.put((number, sum(range(100)), 'text' * 5, b'bytes', 1 << 100))")
            assert box.get() == (number, 4950, "text" * 5, b"bytes", 1 << 100)
            assert mine.call(divmod, 17, number + 1) == divmod(17, number + 1)
            mine.close()

    in_threads(4, use)
    assert interpreters.list_all() == [interpreters.get_main()]
    print("passing")


for test in (constants, freezing, passing):
    test()
