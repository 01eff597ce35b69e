"""bytearray, memoryview, array, BytesIO and StringIO that several threads change and read."""

import array
import io

from harness import run, slices


def bytearrays(context, running):
    shared = bytearray(b"x" * 100)

    def change(index, rng):
        while running():
            action = rng.randrange(7)
            try:
                if action == 0:
                    shared.extend(b"xy" * rng.randrange(50))
                elif action == 1:
                    del shared[rng.randrange(200):]
                elif action == 2:
                    shared.append(121)
                elif action == 3:
                    shared.pop()
                elif action == 4:
                    shared[10:20] = b"yyy" * rng.randrange(8)
                elif action == 5:
                    shared.clear()
                else:
                    shared[5] = 120
            except (IndexError, BufferError):
                pass
            context.done(1)

    def read(index, rng):
        while running():
            context.check(set(bytes(shared)) <= {120, 121})
            context.check(set(shared[::3]) <= {120, 121})
            context.check(all(byte in (120, 121) for byte in shared))
            shared.find(b"xyx"), shared.count(b"y"), shared.replace(b"x", b"y"), shared.decode(), shared == b"x"
            with memoryview(shared) as view:
                length = len(view)
                context.check(bytes(view).strip(b"xy") == b"")
                context.check(len(view) == length, "resized while exported")
                if length:
                    view[length // 2] = 120

    context.spawn(*[change] * context.threads, *[read] * 2)


def own_parts(context, running):
    """Each thread writes its own bytes of a shared buffer."""
    shared = bytearray(256 * context.threads)

    def write(index, rng):
        view = memoryview(shared)[index::context.threads]
        for number in range(256):
            view[number] = number
            context.check(view[number] == number)
        for number in range(256):
            shared[index + number * context.threads] ^= 0xFF
        context.done(512)

    context.spawn(*[write] * context.threads)
    for index in range(context.threads):
        context.check(shared[index::context.threads] == bytes(255 - number for number in range(256)))


def arrays(context, running):
    shared = array.array("q", range(100))

    def change(index, rng):
        while running():
            action = rng.randrange(5)
            try:
                if action == 0:
                    shared.extend(array.array("q", range(20)))
                elif action == 1:
                    del shared[100:]
                elif action == 2:
                    shared.append(5)
                elif action == 3:
                    shared.pop()
                else:
                    shared[rng.randrange(50)] = 7
            except (IndexError, BufferError):
                pass
            context.done(1)

    def read(index, rng):
        while running():
            context.check(all(0 <= number < 100 for number in shared))
            context.check(all(0 <= number < 100 for number in shared.tolist()))
            shared.count(7), shared[10:30], shared == shared[:]

    context.spawn(*[change] * 2, *[read] * context.threads)


def files(context, running):
    binary, text = io.BytesIO(), io.StringIO()

    def write(index, rng):
        for number in range(500):
            binary.write(b"line\n")
            text.write("zeile\n")
            context.check(set(binary.getvalue()) <= set(b"line\n\0"))
            if number % 50 == 0:
                context.check(len(text.getvalue()) % 6 == 0)
        context.done(1000)

    context.spawn(*[write] * context.threads)
    context.check(len(binary.getvalue()) == 5 * 500 * context.threads, "BytesIO lost a write")
    context.check(len(text.getvalue()) == 6 * 500 * context.threads, "StringIO lost a write")


def body(context):
    programs = [bytearrays, own_parts, arrays, files]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
