"""Sets: insertion and removal by several threads, iteration and the operators meanwhile."""

from harness import run, slices


def private_items(context, running):
    shared, kept = set(), [None] * context.threads

    def change(index, rng):
        mine = set()
        for _ in range(2000):
            item = (index, rng.randrange(100)) if index % 2 else index * 1000 + rng.randrange(100)
            if rng.random() < 0.55:
                shared.add(item)
                mine.add(item)
            else:
                shared.discard(item)
                mine.discard(item)
            context.check((item in shared) == (item in mine), item)
        kept[index] = mine
        context.done(2000)

    context.spawn(*[change] * context.threads)
    context.check(shared == set().union(*kept), len(shared))


def operators(context, running):
    always = frozenset(range(50))
    shared, other = set(always), set(range(25, 200))

    def churn(index, rng):
        while running():
            numbers = [rng.randrange(50, 400) for _ in range(50)]
            rng.choice((shared, other)).update(numbers)
            shared.difference_update(numbers)
            for number in numbers:
                other.discard(number)
            context.done(50)

    def read(index, rng):
        while running():
            context.check(always <= shared)
            context.check(always <= (shared | other))
            context.check(always & shared == always)
            context.check(not (always - shared))
            context.check(all(type(item) is int for item in list(shared)))
            try:
                context.check(sum(item in always for item in shared) == 50)
            except RuntimeError as error:
                context.check(str(error) == "Set changed size during iteration", error)
            shared ^ other, shared.copy(), sorted(other), frozenset(shared), len(shared), shared == other

    context.spawn(*[churn] * 2, *[read] * context.threads)
    context.check(always <= shared)


def takers(context, running):
    """pop() hands every item to one thread only."""
    shared, got = set(range(5000)), [None] * context.threads

    def take(index, rng):
        mine = []
        while True:
            try:
                mine.append(shared.pop())
            except KeyError:
                break
        got[index] = mine

    context.spawn(*[take] * context.threads)
    context.check(sorted(sum(got, [])) == list(range(5000)), "an item was popped twice or lost")
    context.done(5000)


def body(context):
    programs = [private_items, operators, takers]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
