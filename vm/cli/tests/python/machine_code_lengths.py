"""`len` of what is expected, of something else, of what ends by it, and a `len` of our own."""

import builtins


class Sized:
    def __init__(self, size):
        self.size = size

    def __len__(self):
        return self.size


class Held:
    ended = 0

    def __init__(self, items):
        self.items = items

    def __del__(self):
        Held.ended += 1


def of(container, turns):
    total = 0
    for _ in range(turns):
        total += len(container)
    return total


def of_new(turns):
    total = 0
    for turn in range(turns):
        total += len([turn, Held(turn)]) + len((turn, Held(turn), 3)) + len("ab" * turn)
        size = len(Held([1, 2, 3]).items)
        total += size
        size = None
        if len([]) or len(()) or not len("ab"):
            total += 10000
    return total


def grown(turns):
    items = []
    while len(items) < turns:
        items.append(len(items))
    held = [Held(items)]
    last = len(held[0].items)
    held = len(held)
    return sum(items), last, held


print(of([1, 2], 2000), of((1, 2, 3), 2000), of("añ€😀", 2000), of({1: 2}, 2000), of([], 10))
for container in [1] * 5, "text", (1,), Sized(7), {1, 2}, b"bytes", range(4), Sized(0):
    print(of(container, 500))
for container in 5, None, Sized(-1), Sized("a"):
    try:
        print(of(container, 3))
    except (TypeError, ValueError) as error:
        print(error)
print(of_new(400), Held.ended)
print(grown(3000), Held.ended)
len = lambda container: 100
print(of([1], 2000), grown(50))
del len
print(of([1], 2000))
own = builtins.len
builtins.len = lambda container: own(container) + 1
print(of([1], 2000))
builtins.len = own
print(of([1], 2000))


def characters(text, turns):
    found = []
    for turn in range(turns):
        found.append(text[turn % 5] + text[-1 - turn % 3])
    return "".join(found[-6:]), found[0] is found[5]


def beyond(text, at):
    try:
        return text[at]
    except IndexError as error:
        return str(error)


for text in "abcdef", "añé€😀x", "ÀÉÎÕÜß", "x" * 300 + "y", "\x00\xff\x80ab":
    print(ascii(characters(text, 1000)), [ascii(beyond(text, at)) for at in (0, 2, 299, 300, 301, -1, -400, 2**62)])
print([beyond("abc", at) for at in [1] * 500 + [5, -3, -4]][-4:])
