"""Globals that functions have read many times, and which then change in every way that there is."""
import sys
import threading
import time

COUNT, FLAG, NAME, NOTHING, RATIO, GREAT = 5, False, "x", None, 3.5, 10**30


def all_of_them():
    return COUNT, FLAG, NAME, NOTHING, RATIO, GREAT


for turn in range(5):
    for _ in range(3000):
        all_of_them()
    print(all_of_them())
    COUNT += 1
    print(all_of_them())
    FLAG = not FLAG
    print(all_of_them())
    NAME = NAME + "y"
    print(all_of_them())
    NOTHING = [] if NOTHING is None else None
    print(all_of_them())
    RATIO = 2 * RATIO
    GREAT += 1
    print(all_of_them())

for COUNT in range(100):
    assert all_of_them()[0] == COUNT
globals()["COUNT"] = "q"
print(all_of_them())
globals().update(COUNT=3.5)
print(all_of_them())
exec("COUNT = 7")
print(all_of_them())
del COUNT
try:
    all_of_them()
except NameError as error:
    print(error)
COUNT = 1
print(all_of_them())
sys.modules[__name__].COUNT = 12
print(all_of_them())
print(all_of_them.__globals__.pop("FLAG"))
try:
    all_of_them()
except NameError as error:
    print(error)


def setting(value):
    global LEVEL
    LEVEL = value


def reading():
    return LEVEL


# More changes than are worth remembering.
for value in [1, 2, 3.0, None, True, (), "text", 7, 8, 9]:
    setting(value)
    for _ in range(500):
        reading()
    print(reading(), end=" ")
print()


# The namespace of code that is executed in it.
space = {"LIMIT": 3, "__builtins__": __builtins__}
exec("def below():\n    return [n for n in range(10) if n < LIMIT]", space)
for limit in [3, 5, None and 0 or 7, 2]:
    space["LIMIT"] = limit
    print([space["below"]() for _ in range(200)][-1])


# Another thread sees the change, too.
stop = False
turns = []


def spinning():
    count = 0
    while not stop:
        count += 1
    turns.append(count)


threads = [threading.Thread(target=spinning) for _ in range(3)]
for thread in threads:
    thread.start()
time.sleep(0.05)
stop = True
for thread in threads:
    thread.join()
print(len(turns), all(turns))
