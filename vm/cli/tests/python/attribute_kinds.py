"""Threads that read an attribute, an item and a global while another one writes a number there and then an object, again and again."""
import threading
import time


class Box:
    def __init__(self):
        self.content = []


box = Box()
row = [[], 1]
shared = []
stop = False
seen = []


def reading(which):
    kinds = set()
    count = 0
    while not stop:
        for _ in range(200):
            if which == 0:
                found = box.content
            elif which == 1:
                found = row[0]
            else:
                found = shared
            count += found is None
        kinds.add(type(found).__name__)
    seen.append(kinds <= {"list", "int", "float"} and not count)


def writing():
    global shared
    number = 0
    while not stop:
        for _ in range(200):
            number += 1
            box.content = number
            box.content = []
            row[0] = number / 2
            row[0] = [number]
            shared = number
            shared = []


threads = [threading.Thread(target=reading, args=(which % 3,)) for which in range(3)]
threads.append(threading.Thread(target=writing))
for thread in threads:
    thread.start()
time.sleep(1)
stop = True
for thread in threads:
    thread.join()
print(seen)
