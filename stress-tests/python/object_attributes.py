"""Attributes of shared objects: added, overwritten, deleted, read through the instance and its __dict__."""

from harness import run, slices


class Plain:
    pass


class Slotted:
    __slots__ = ("a", "b", "c")


def add_and_delete(context, running):
    shared = Plain()
    shared.anchor = ("anchor", 0)

    def change(index, rng):
        while running():
            name = f"attribute{rng.randrange(40)}"
            if rng.random() < 0.6:
                setattr(shared, name, (name, index))
            else:
                try:
                    delattr(shared, name)
                except AttributeError:
                    pass
            context.done(1)

    def read(index, rng):
        while running():
            name = f"attribute{rng.randrange(40)}"
            value = getattr(shared, name, (name, 0))
            context.check(value[0] == name, name, value)
            context.check(shared.anchor == ("anchor", 0))
            if rng.random() < 0.05:
                try:
                    for key, value in vars(shared).items():
                        context.check(value[0] == key, key, value)
                except RuntimeError:
                    pass
                copy = dict(shared.__dict__)
                context.check(copy["anchor"] == ("anchor", 0))
                context.check(all(value[0] == key for key, value in copy.items()))

    context.spawn(*[change] * context.threads, *[read] * 2)


def own_attributes(context, running):
    """Each thread has its own attributes on the same object: none may vanish or be mixed up."""
    shared = Plain()

    def change(index, rng):
        mine = {}
        for step in range(1000):
            name = f"t{index}_{rng.randrange(20)}"
            if rng.random() < 0.7:
                mine[name] = step
                if rng.random() < 0.8:
                    setattr(shared, name, step)
                else:
                    shared.__dict__[name] = step
            elif name in mine:
                del mine[name]
                delattr(shared, name)
            context.check(getattr(shared, name, None) == mine.get(name), name)
        for name, value in mine.items():
            context.check(getattr(shared, name) == value, name)
        context.done(1000)

    context.spawn(*[change] * context.threads)


def overwrite(context, running):
    """Values that die as they are overwritten, while others read them."""
    shared, slotted = Plain(), Slotted()
    shared.value = slotted.a = [0, 0]

    def write(index, rng):
        number = 0
        while running():
            number += 1
            shared.value = slotted.a = [number, number]
            slotted.b = f"{number}"
            if number % 10 == 0:
                try:
                    del slotted.b
                except AttributeError as error:
                    # The other writer was faster.
                    context.check(str(error) == "b" or "attribute 'b'" in str(error), error)
            context.done(1)

    def read(index, rng):
        while running():
            first, second = shared.value
            context.check(first == second)
            first, second = slotted.a
            context.check(first == second)
            try:
                context.check(slotted.b.isdigit())
            except AttributeError:
                pass

    context.spawn(*[write] * 2, *[read] * context.threads)


def fresh_objects(context, running):
    """Objects of one class made by all threads with attributes in different orders."""
    def make(index, rng):
        names = [f"n{number}" for number in range(12)]
        while running():
            item = Plain()
            rng.shuffle(names)
            for name in names:
                setattr(item, name, name + "!")
            for name in names[:6]:
                delattr(item, name)
            context.check(sorted(item.__dict__) == sorted(names[6:]))
            context.check(all(getattr(item, name) == name + "!" for name in names[6:]))
            context.done(18)

    context.spawn(*[make] * context.threads)


def replace_dict(context, running):
    shared = Plain()

    def write(index, rng):
        while running():
            shared.__dict__ = {"x": index, "y": index}
            shared.x = shared.y = 1
            context.done(1)

    def read(index, rng):
        while running():
            context.check(shared.__dict__.keys() <= {"x", "y"})
            context.check(getattr(shared, "x", 0) in range(context.threads + 2))

    context.spawn(*[write] * 2, *[read] * 2)


def body(context):
    programs = [add_and_delete, own_attributes, overwrite, fresh_objects, replace_dict]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
