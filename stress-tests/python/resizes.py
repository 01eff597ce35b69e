"""Containers that are resized, sorted or exported while other threads are in the middle of them."""

from harness import run, slices


class Key:
    """A key whose comparison is Python code, so that the table may change in the middle of a lookup."""

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return self.number % 7

    def __eq__(self, other):
        return isinstance(other, Key) and self.number == other.number


def dict_iteration(context, running):
    shared = {Key(number): number for number in range(20)}

    def change(index, rng):
        while running():
            key = Key(rng.randrange(60))
            if rng.random() < 0.5:
                shared[key] = key.number
            else:
                shared.pop(key, None)
            if rng.random() < 0.01:
                shared.update((Key(number), number) for number in range(60))
            elif rng.random() < 0.01:
                shared.clear()
            context.done(1)

    def read(index, rng):
        while running():
            try:
                for key, value in shared.items():
                    context.check(key.number == value)
                context.check(all(key.number == value for key, value in dict(shared).items()))
            except RuntimeError as error:
                context.check("changed" in str(error) or "mutated" in str(error), error)
            value = shared.get(Key(5))
            context.check(value is None or value == 5)
            context.check(all(key.number == value for key, value in list(shared.items())))

    context.spawn(*[change] * context.threads, *[read] * 2)


def sorted_lists(context, running):
    """sort() with a Python key while others append: nothing comes out that was not put in."""
    shared = []

    def append(index, rng):
        while running():
            shared.append(rng.randrange(1000))
            if len(shared) > 2000:
                del shared[100:]
            context.done(1)

    def sort(index, rng):
        while running():
            try:
                shared.sort(key=rng.choice((None, lambda number: -number, lambda number: number % 10)))
            except ValueError as error:
                context.check("modified during sort" in str(error), error)
            context.check(all(type(number) is int for number in shared.copy()))
            context.check(sorted(shared, reverse=True) is not shared)
            shared.reverse()

    context.spawn(*[append] * context.threads, *[sort] * 2)


def exported_buffers(context, running):
    """A bytearray that is resized, or not because a memoryview of it is alive."""
    shared = bytearray(100)

    def resize(index, rng):
        while running():
            try:
                if rng.random() < 0.5:
                    shared.extend(b"\0" * rng.randrange(1000))
                else:
                    del shared[rng.randrange(50, 200):]
                if len(shared) > 20000:
                    shared[:] = bytes(100)
            except BufferError:
                pass
            context.done(1)

    def view(index, rng):
        while running():
            view = memoryview(shared)
            length = len(view)
            part = view[10:40:3]
            context.check(set(part.tolist()) <= {0})
            context.check(len(part) <= 10 and len(view) == length == len(shared))
            view.release()
            try:
                len(view)
                context.check(False, "a released view answers")
            except ValueError:
                pass
            part.release()

    def release(index, rng):
        views = [None]
        while running():
            views[0] = memoryview(shared)
            copies = [views[0][:10] for _ in range(3)]
            for one in copies:
                context.check(bytes(one) == bytes(len(one)))
            del copies
            views[0] = None

    context.spawn(*[resize] * context.threads, view, release)


def shared_view(context, running):
    """A memoryview that one thread releases while others read it."""
    cell = [memoryview(bytearray(b"abc" * 100))]

    def read(index, rng):
        while running():
            view = cell[0]
            try:
                context.check(view[:3].tobytes() == b"abc")
                context.check(view[0] == 97 and len(view) == 300)
            except ValueError as error:
                context.check("released" in str(error), error)
            context.done(1)

    def release(index, rng):
        while running():
            old = cell[0]
            cell[0] = memoryview(bytearray(b"abc" * 100))
            old.release()

    context.spawn(*[read] * context.threads, release)


def body(context):
    programs = [dict_iteration, sorted_lists, exported_buffers, shared_view]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
