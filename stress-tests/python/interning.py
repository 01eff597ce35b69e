"""Strings interned by all threads at once; hashes, lazily computed, must agree; imports that race."""

import importlib
import sys

from harness import run, slices


def same_object(context, running):
    while running():
        base, got = id(object()), [None] * context.threads

        def intern(index, rng):
            got[index] = [sys.intern(f"name{base}_{number}") for number in range(300)]

        context.spawn(*[intern] * context.threads)
        for strings in zip(*got):
            context.check(all(one is strings[0] for one in strings), "interned twice", strings[0])
        context.done(300 * context.threads)
        del got, strings


def hashes(context, running):
    while running():
        texts = ["é" * number + "\U0001F600" * (number % 3) + str(number) for number in range(200)]
        tuples = [(text, (number, text), frozenset((text,))) for number, text in enumerate(texts)]
        got = [None] * context.threads

        def compute(index, rng):
            got[index] = [hash(text) for text in texts] + [hash(one) for one in tuples]

        context.spawn(*[compute] * context.threads)
        context.check(all(one == got[0] for one in got), "hashes differ")
        context.done(400)


def building(context, running):
    """The same string extended by all threads: each has its own result."""
    common = "common" * 10

    def build(index, rng):
        while running():
            text = common
            for number in range(100):
                text += str(index)
            context.check(text == common + str(index) * 100 and len(common) == 60)
            shared_name = "attr" + str(rng.randrange(50))
            space = {shared_name: 1}
            context.check(space["attr" + shared_name[4:]] == 1)
            context.done(1)

    context.spawn(*[build] * context.threads)


def imports(context, running):
    names = ("colorsys", "stringprep", "sndhdr", "quopri", "chunk", "rlcompleter", "this_is_no_module", "netrc", "json.tool")

    def load(index, rng):
        for name in rng.sample(names, len(names)):
            try:
                module = importlib.import_module(name)
            except ImportError:
                continue
            context.check(module.__name__ == name and module.__spec__ is not None)
            context.check(sys.modules.get(name) in (module, None))
        context.done(len(names))

    for name in names:
        sys.modules.pop(name, None)
    context.spawn(*[load] * context.threads)


def namespaces(context, running):
    """Globals added, deleted and read through functions that cache them."""
    space = {"number": 1}
    exec("def read():\n    return number\ndef read_len():\n    return len([1, 2])\n", space)
    read, read_len = space["read"], space["read_len"]

    def change(index, rng):
        while running():
            space["number"] = rng.randrange(1000)
            space[f"more{rng.randrange(100)}"] = 1
            space.pop(f"more{rng.randrange(100)}", None)
            if rng.random() < 0.1:
                space["len"] = lambda items: 2
            if rng.random() < 0.1:
                space.pop("len", None)
            context.done(1)

    def use(index, rng):
        while running():
            context.check(type(read()) is int)
            context.check(read_len() == 2)

    context.spawn(*[change] * 2, *[use] * context.threads)


def body(context):
    programs = [same_object, hashes, building, imports, namespaces]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
