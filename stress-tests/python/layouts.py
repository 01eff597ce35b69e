"""__class__ and __dict__ assigned, classes and their bases changed, while other threads use the instances."""

from harness import run, slices


class Left:
    def name(self):
        return "left"


class Right:
    def name(self):
        return "right"


def classes_of_instances(context, running):
    """An instance moves between two classes; its attributes stay."""
    shared = [Left() for _ in range(4)]
    for number, item in enumerate(shared):
        item.number = number

    def move(index, rng):
        while running():
            item = shared[rng.randrange(4)]
            item.__class__ = rng.choice((Left, Right))
            setattr(item, f"extra{rng.randrange(8)}", index)
            context.done(1)

    def read(index, rng):
        while running():
            number = rng.randrange(4)
            item = shared[number]
            context.check(item.number == number)
            context.check(item.name() in ("left", "right"))
            context.check(type(item) in (Left, Right))
            context.check(item.__dict__["number"] == number)

    context.spawn(*[move] * context.threads, *[read] * 2)


def dicts_of_instances(context, running):
    """__dict__ is replaced and deleted while attributes are read, set and deleted."""
    class Item:
        pass

    shared = [Item() for _ in range(4)]

    def change(index, rng):
        while running():
            item = shared[rng.randrange(4)]
            action = rng.randrange(6)
            try:
                if action == 0:
                    item.__dict__ = {"a": ("a", index), "b": ("b", index)}
                elif action == 1:
                    del item.__dict__
                elif action == 2:
                    item.__dict__["a"] = ("a", index)
                elif action == 3:
                    del item.b
                elif action == 4:
                    shared[rng.randrange(4)] = Item()
                else:
                    item.a, item.b = ("a", index), ("b", index)
            except AttributeError:
                pass
            context.done(1)

    def read(index, rng):
        while running():
            item = shared[rng.randrange(4)]
            for name in "ab":
                value = getattr(item, name, None)
                context.check(value is None or value[0] == name, name, value)
                value = item.__dict__.get(name)
                context.check(value is None or value[0] == name, name, value)
            context.check(set(vars(item)) <= {"a", "b"})

    context.spawn(*[change] * context.threads, *[read] * 2)


def changing_classes(context, running):
    """Methods, class attributes, descriptors and bases are replaced while instances are used."""
    class First:
        def shown(self):
            return "first"

    class Second:
        def shown(self):
            return "second"

    class Item(First):
        level = 0

        def __init__(self):
            self.own = "own"

        def method(self):
            return 0

    shared = Item()
    descriptors = [property(lambda self: 1), property(lambda self: 2), 3]

    def change(index, rng):
        while running():
            action = rng.randrange(7)
            if action == 0:
                Item.method = lambda self, value=rng.randrange(100): value
            elif action == 1:
                Item.level = rng.randrange(100)
            elif action == 2:
                Item.value = rng.choice(descriptors)
            elif action == 3:
                Item.__bases__ = (rng.choice((First, Second)),)
            elif action == 4:
                Item.__getattr__ = lambda self, name: name
            elif action == 5:
                try:
                    del Item.__getattr__
                except AttributeError:
                    pass
            else:
                setattr(Item, f"attribute{rng.randrange(30)}", index)
            context.done(1)

    def use(index, rng):
        mine = [Item() for _ in range(5)]
        while running():
            for item in (shared, *mine):
                context.check(0 <= item.method() < 100)
                context.check(0 <= item.level < 100)
                context.check(item.shown() in ("first", "second"))
                context.check(getattr(item, "value", 1) in (1, 2, 3, "value"))
                context.check(item.own == "own")
            mine[rng.randrange(5)] = Item()
            context.check(isinstance(shared, Item) and len(Item.__mro__) == 3)
            context.check(Item.__mro__[-1] is object and Item.__base__ in (First, Second))

    context.spawn(*[change] * max(2, context.threads // 2), *[use] * context.threads)


def short_lived_classes(context, running):
    """Classes made, used and dropped by all threads; their instances outlive the names."""
    kept = [None] * 16

    def make(index, rng):
        while running():
            number = rng.randrange(1000)
            new = type(f"Class{number}", (rng.choice((Left, Right)),), {"number": number, "get": lambda self: self.number})
            item = new()
            item.number2 = number * 2
            kept[rng.randrange(16)] = item
            other = kept[rng.randrange(16)]
            if other is not None:
                context.check(other.get() * 2 == other.number2)
                context.check(type(other).__name__ == f"Class{other.get()}")
            context.done(1)

    context.spawn(*[make] * context.threads, collector_while(running))
    context.check(len(Left.__subclasses__()) >= 0)


def collector_while(running):
    import gc
    import time

    def collect(index, rng):
        while running():
            gc.collect()
            time.sleep(rng.random() * 0.02)
    return collect


def body(context):
    programs = [classes_of_instances, dicts_of_instances, changing_classes, short_lived_classes]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
