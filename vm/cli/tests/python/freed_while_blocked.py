# What other threads have looked at is freed while all threads wait; weak references tell of it.

import threading
import time
import weakref


class Thing:
    ended = 0

    def __del__(self):
        Thing.ended += 1


def look(things, looked, leave):
    for thing in things:
        id(thing)
    thing = None
    looked.set()
    leave.wait()


things = [Thing() for _ in range(500)]
looked, leave = threading.Event(), threading.Event()
thread = threading.Thread(target=look, args=(things, looked, leave))
thread.start()
looked.wait()
last = weakref.ref(things[-1])
things.clear()
for _ in range(200):
    time.sleep(0.02)
    if Thing.ended == 500 and last() is None:
        break
print(Thing.ended, last())
leave.set()
thread.join()


class Node:
    def __init__(self, next):
        self.next = next


def walk(node):
    while node is not None:
        node = node.next


chain = None
for _ in range(50):
    chain = Node(chain)
end = chain
while end.next is not None:
    end = end.next
end = weakref.ref(end)
thread = threading.Thread(target=walk, args=(chain,))
thread.start()
thread.join()
del chain, thread
for _ in range(200):
    if end() is None:
        break
    time.sleep(0.02)
print(end())
