# What comprehensions add to sets and dicts: keys that are told by their word, keys that have to be compared, duplicates, growth, several threads.
import threading


class Key:
    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return self.number

    def __eq__(self, other):
        return isinstance(other, Key) and self.number == other.number

    def __repr__(self):
        return f"Key{self.number}"


class Ends:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("end of", self.name)


print(sorted({x % 3 for x in range(20)}))
print({x: y for x, y in zip("abcabc", range(6))})
print({x + y for x in "ab" for y in "cd"} == {"ac", "ad", "bc", "bd"})
print({key: [key] for key in map(str, range(12))})
print(sorted({Key(i % 4) for i in range(9)}, key=hash))
print({Key(i % 4): i for i in range(9)})
print({x for x in (1, True, 1.0)}, {x: x for x in (1, True, 1.0, -1, -2)})
print({type(x): x for x in (1, "a", 2, "b", None)})
print(len({i * i for i in range(-50, 50)}), sorted(set(x for x in (-1, -2, -1))))
for make in (lambda: {x for x in ([],)}, lambda: {x: 1 for x in ([],)}):
    try:
        make()
    except TypeError as error:
        print(error)
table = {key: Ends(key) for key in ("x", "y", "x")}
print("made")
del table
print({Ends("a value").name for _ in range(2)})
big = {i: str(i) for i in range(1000)}
print(len(big), big[999], list(big)[:4])


def work(results):
    total = 0
    for _ in range(200):
        total += len({x % 7 for x in range(20)}) + len({str(x): x for x in range(20)})
    results.append(total)


results = []
threads = [threading.Thread(target=work, args=(results,)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(results)
