"""Lists that are repeated where they are, ranges that are only iterated over, functions that are made in loops, and long texts by `%`."""


def repeated(turns):
    found = []
    for turn in range(turns):
        holes = [None] * (turn % 7 - 1)
        items = [turn] * (turn % 5)
        same = items
        items = items * 2
        nested = [same]
        nested = nested * 3
        nested[0].append(1)
        found.append((len(holes), same, items, len(nested), nested[2] is same))
    return found[-3:]


def iterated(turns):
    total = 0
    for turn in range(turns):
        for item in range(1, turn, 3):
            total += item
        for item in range(turn, 0, -2):
            total += item
        for item in range(True, 3):
            total += item
        for item in range(2**70, 2**70 + 2):
            total += item % 10
    return total, [item for item in range(3)], list(range(0)), type(range(turns)).__name__


def failing():
    for arguments in (1, 2, 0), (1.5,), ("a", 2), ():
        try:
            for _ in range(*arguments):
                pass
            print("no error")
        except (TypeError, ValueError) as error:
            print(error)
    try:
        for _ in range(1, 2, 0):
            pass
    except ValueError as error:
        print(error)
    try:
        for _ in range(1.5):
            pass
    except TypeError as error:
        print(error)


def made():
    def function():
        pass

    return function


def modules(turns):
    return {made().__module__ for _ in range(turns)}


print(repeated(3000))
print(iterated(300))
failing()
first = made()
print(modules(2000))
__name__ = "other"
print(modules(2000), first.__module__, made.__module__)
__name__ = 5
print(modules(500))
del __name__
print(modules(500))


def filled(template, value):
    arguments = tuple(7 if kind == "d" else value for kind in template.replace("%%", "")[1:] if kind in "srd")
    text = template % arguments
    return len(text), hash(text) == hash("".join(text)), ascii(text[:6]), ascii(text[-6:])


for template in "[%s]", "%s%s", "%r: %s", "%s:%d:%s", "%s%%":
    for value in "x" * 5000, "é€" * 700, "😀" * 300, "ab":
        print(filled(template, value))
print(("%s" % ("x" * 5000)) == "x" * 5000, len(("%s, " * 100) % (("y" * 50,) * 100)))
