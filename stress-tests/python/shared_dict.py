"""Dictionaries: insertion, deletion, growth and iteration by several threads at once."""

from harness import run, slices

TOLERATED = ("dictionary changed size during iteration", "dictionary keys changed during iteration")


class Key:
    """A key whose hash collides and whose comparison runs Python code."""

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return self.number % 11

    def __eq__(self, other):
        return isinstance(other, Key) and self.number == other.number


def private_keys(context, running):
    """Threads insert and delete their own keys of a shared dict; none may be lost or come back."""
    for make in (lambda index, number: (index, number), lambda index, number: f"{index}:{number}",
                 lambda index, number: index * 1_000_000 + number, lambda index, number: Key(index * 1000 + number)):
        shared, kept = {}, [None] * context.threads

        def change(index, rng):
            mine = {}
            for step in range(400):
                number = rng.randrange(60)
                key = make(index, number)
                if rng.random() < 0.6:
                    shared[key] = mine[number] = (index, step)
                else:
                    context.check(shared.pop(key, None) == mine.pop(number, None), "pop", index, number)
                probe = rng.randrange(60)
                context.check(shared.get(make(index, probe)) == mine.get(probe), "get", index, probe)
                context.check((make(index, probe) in shared) == (probe in mine), "in", index, probe)
            kept[index] = mine
            context.done(400)

        context.spawn(*[change] * context.threads)
        context.check(len(shared) == sum(map(len, kept)), "length", len(shared))
        for index, mine in enumerate(kept):
            for number, value in mine.items():
                context.check(shared[make(index, number)] == value, "final", index, number)
        context.check(len(list(shared)) == len(shared) == len(set(map(id, shared))))


def lookups(context, running):
    """Keys that are never removed are always found, whatever happens to the others."""
    shared = {f"stay{number}": number for number in range(100)}

    def churn(index, rng):
        while running():
            keys = [f"go{index}-{rng.randrange(500)}" for _ in range(100)]
            for key in keys:
                shared[key] = key
            for key in keys:
                shared.pop(key, None)
            shared.setdefault(f"stay{rng.randrange(100)}", "wrong")
            shared.update({f"stay{number}": number for number in range(0, 100, 7)})
            context.done(200)

    def read(index, rng):
        while running():
            for number in range(100):
                context.check(shared[f"stay{number}"] == number)
                context.check(shared.get(f"go0-{number}", f"go0-{number}") == f"go0-{number}")
            context.check(len(shared) >= 100)

    context.spawn(*[churn] * max(1, context.threads // 2), *[read] * context.threads)
    context.check(sorted(value for value in shared.values() if type(value) is int) == list(range(100)))


def iteration(context, running):
    """Iteration sees pairs that were stored, or RuntimeError as CPython raises it."""
    shared = {number: number * 3 for number in range(50)}

    def churn(index, rng):
        while running():
            number = rng.randrange(200)
            action = rng.randrange(4)
            if action == 0:
                shared.pop(number, None)
            elif action == 1:
                try:
                    key, value = shared.popitem()
                    context.check(value == key * 3)
                except KeyError:
                    pass
            else:
                shared[number] = number * 3
            if rng.random() < 0.001:
                shared.clear()
            context.done(1)

    def read(index, rng):
        while running():
            for view in (shared.items, shared.copy().items, lambda: list(shared.items()), lambda: dict(shared).items()):
                try:
                    for key, value in view():
                        context.check(value == key * 3, key, value)
                except RuntimeError as error:
                    context.check(str(error) in TOLERATED, error)
            try:
                context.check(all(type(key) is int for key in shared))
                context.check(all(value % 3 == 0 for value in shared.values()))
                context.check(all(type(key) is int for key in reversed(shared)))
            except RuntimeError as error:
                context.check(str(error) in TOLERATED, error)

    context.spawn(*[churn] * max(1, context.threads // 2), *[read] * context.threads)
    context.check(all(value == key * 3 for key, value in shared.items()))


def setdefault_once(context, running):
    """setdefault is atomic: all threads get the same object for a key."""
    while running():
        shared, got = {}, [None] * context.threads

        def fill(index, rng):
            got[index] = [shared.setdefault(number, [index]) for number in range(200)]

        context.spawn(*[fill] * context.threads)
        for objects in zip(*got):
            context.check(len(set(map(id, objects))) == 1, "setdefault gave two objects")
        context.done(200 * context.threads)


def body(context):
    programs = [private_keys, lookups, iteration, setdefault_once]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
