"""One list: appends, pops, inserts, slices, sorts and readers that must see only what was put in."""

from harness import run, slices


class Item:
    def __init__(self, owner, number):
        self.owner, self.number = owner, number

    def __lt__(self, other):
        return (self.owner, self.number) < (other.owner, other.number)


def appends(context, running):
    """No append may be lost, each thread's items stay in its order."""
    shared, counts = [], [0] * context.threads

    def append(index, rng):
        number = 0
        while running() and number < 40_000:
            for _ in range(100):
                if number % 3:
                    shared.append((index, number))
                else:
                    shared.extend([(index, number)])
                number += 1
        counts[index] = number

    def read(index, rng):
        while running():
            length = len(shared)
            if length:
                owner, number = shared[rng.randrange(length)]
                context.check(0 <= owner < context.threads and number >= 0)
                context.check(len(shared[-10:]) == 10 or length < 10)
            for position, (owner, number) in enumerate(shared):
                if position > 300:
                    break
            context.check((0, -1) not in shared[:50])

    context.spawn(*[append] * context.threads, read)
    context.check(len(shared) == sum(counts), len(shared), counts)
    seen = [0] * context.threads
    for owner, number in shared:
        context.check(number == seen[owner], "order", owner, number)
        seen[owner] += 1
    context.done(len(shared))


def mixed(context, running):
    """Puts and takes of every kind: what was put less what was taken is what is there."""
    shared = [Item(-1, number) for number in range(50)]
    balance = [0] * context.threads

    def change(index, rng):
        number = change_by = 0
        while running():
            for _ in range(50):
                action = rng.randrange(12)
                number += 1
                item = Item(index, number)
                if action < 3 and len(shared) < 2000:
                    shared.append(item)
                    change_by += 1
                elif action < 5 and len(shared) < 2000:
                    shared.insert(rng.randrange(20), item)
                    change_by += 1
                elif action < 8:
                    try:
                        taken = shared.pop(rng.choice((0, -1)))
                    except IndexError:
                        continue
                    context.check(type(taken) is Item)
                    change_by -= 1
                elif action == 8:
                    try:
                        shared[rng.randrange(30)] = item
                    except IndexError:
                        pass
                elif action == 9:
                    part = shared[rng.randrange(10):rng.randrange(10, 40)]
                    context.check(all(type(one) is Item for one in part))
                elif action == 10:
                    shared.reverse()
                else:
                    total = sum(one.number >= 0 for one in shared)
                    context.check(total >= 0)
        balance[index] = change_by
        context.done(number)

    context.spawn(*[change] * context.threads)
    context.check(len(shared) == 50 + sum(balance), len(shared), balance)
    context.check(all(type(one) is Item for one in shared))


def sorts(context, running):
    """A list that is sorted while others look at it: CPython shows it empty, or raises ValueError."""
    shared = [Item(number % 7, number) for number in range(500)]

    def sort(index, rng):
        while running():
            try:
                shared.sort(key=rng.choice((None, lambda item: item.number, lambda item: -item.number)))
            except ValueError:
                continue
            context.done(1)

    def read(index, rng):
        while running():
            copy = list(shared)
            context.check(all(type(item) is Item for item in copy))
            try:
                context.check(type(shared[rng.randrange(500)]) is Item)
            except IndexError:
                pass
            shared.count(None)

    context.spawn(*[sort] * max(1, context.threads // 2), *[read] * context.threads)
    context.check(sorted(item.number for item in shared) == list(range(500)), "items lost in sort")


def clears(context, running):
    """clear(), slice assignment and deletion against iteration and indexing."""
    shared = []

    def fill(index, rng):
        while running():
            action = rng.randrange(5)
            if action == 0:
                shared.clear()
            elif action == 1:
                shared[:] = [str(number) for number in range(rng.randrange(100))]
            elif action == 2:
                del shared[rng.randrange(20):]
            elif action == 3:
                shared[2:5] = ["x", "y"] * rng.randrange(40)
            else:
                shared.extend(str(number) for number in range(rng.randrange(50)))
                if len(shared) > 5000:
                    shared.clear()
            context.done(1)

    def read(index, rng):
        while running():
            context.check(all(type(item) is str for item in shared))
            context.check(all(type(item) is str for item in shared[::-1] + shared[::2]))
            context.check(all(type(item) is str for item in reversed(shared)))
            "".join(shared)
            tuple(shared), shared * 2, shared == shared[:], "5" in shared

    context.spawn(*[fill] * 2, *[read] * context.threads)


def body(context):
    programs = [appends, mixed, sorts, clears]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
