"""Files and in-memory streams that several threads share."""

import io
import os
import tempfile

from harness import run, slices


def lines(context, running):
    """Lines written by several threads to one text file arrive whole."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "log")
        with open(path, "w", encoding="utf-8") as file:
            def write(index, rng):
                for number in range(200):
                    file.write(f"thread {index} line {number}\n")
                    if number % 50 == 0:
                        file.flush()
                context.done(200)

            context.spawn(*[write] * context.threads)
        with open(path, encoding="utf-8") as file:
            found = sorted(file)
        context.check(found == sorted(f"thread {index} line {number}\n" for index in range(context.threads)
                                      for number in range(200)), len(found))


def records(context, running):
    """One buffered reader: every record is read by one thread, whole."""
    with tempfile.TemporaryFile() as file:
        total = 2000
        file.write(b"".join(b"%07d\n" % number for number in range(total)))
        file.seek(0)
        got = [None] * context.threads

        def read(index, rng):
            mine = []
            while record := file.read(8):
                context.check(len(record) == 8 and record.endswith(b"\n"), record)
                mine.append(int(record))
            got[index] = mine
            context.done(len(mine))

        context.spawn(*[read] * context.threads)
        context.check(sorted(sum(got, [])) == list(range(total)))


def memory(context, running):
    binary, text = io.BytesIO(b"x" * 100), io.StringIO("x" * 100)

    def use(index, rng):
        while running():
            for stream, piece in ((binary, b"x" * 10), (text, "x" * 10)):
                action = rng.randrange(6)
                if action == 0:
                    stream.write(piece)
                elif action == 1:
                    context.check(set(stream.read(20)) <= set(piece))
                elif action == 2:
                    stream.seek(rng.randrange(50))
                elif action == 3:
                    context.check(set(stream.getvalue()) <= set(piece) | {0, "\0"})
                elif action == 4:
                    stream.readline()
                elif len(stream.getvalue()) > 5000:
                    stream.seek(0)
                    stream.truncate(100)
            context.done(1)

    def export(index, rng):
        while running():
            with binary.getbuffer() as view:
                context.check(len(view) >= 0)

    def use_binary(index, rng):
        while running():
            try:
                binary.seek(0)
                binary.write(b"x" * rng.randrange(300))
                binary.truncate(200)
            except BufferError:
                pass

    context.spawn(*[use] * context.threads)
    binary = io.BytesIO(b"x" * 100)
    context.spawn(*[use_binary] * context.threads, export)


def closing(context, running):
    """A stream closed under its readers: ValueError, nothing else."""
    cell = [io.BytesIO(b"line\n" * 100)]

    def read(index, rng):
        while running():
            stream = cell[0]
            try:
                context.check(set(stream.read(7)) <= set(b"line\n"))
                stream.seek(0)
                for line in stream:
                    context.check(b"line\n".endswith(line) or line == b"line\n", line)
                    if rng.random() < 0.2:
                        break
            except ValueError as error:
                context.check("closed" in str(error), error)
            context.done(1)

    def close(index, rng):
        while running():
            old = cell[0]
            cell[0] = io.BytesIO(b"line\n" * 100)
            old.close()

    context.spawn(*[read] * context.threads, close)


def body(context):
    programs = [lines, records, memory, closing]
    for number, running in enumerate(slices(context)):
        programs[number % len(programs)](context, running)


run(body)
