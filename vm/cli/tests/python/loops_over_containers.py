# Loops over the built-in iterators, each of which has a way of its own through the interpreter.


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print('end of', self.name)

    def __repr__(self):
        return self.name


class Items(list):
    pass


class Word(str):
    pass


def walk(iterable, most=20):
    seen = []
    for item in iterable:
        seen.append(item)
        if len(seen) == most:
            break
    return seen


mixed = [1, 'a', 2.5, None, True, 10**30, (1, 2), [], -1, 1 << 47, float('inf')]
print(walk(mixed), walk(tuple(mixed)), walk(reversed(mixed)), walk(Items(mixed)), walk(reversed(Items(mixed))))
print(walk('aé\xff€\U0001f40d'), walk('latin'), walk(Word('sub')), walk(''), walk(reversed('abc')), walk(b'ab\xff'))
table = {1: 'one', 'two': 2, None: 3.0, (4,): [4]}
print(walk(table), walk(table.keys()), walk(table.values()), walk(table.items()), walk(reversed(table)), walk(reversed(table.values())))
print(walk({}.values()), walk({i: -i for i in range(5)}.values()))


def growing():
    items = [1, 2]
    for item in items:
        if len(items) < 6:
            items.append(str(item))
    return items


def shrinking():
    items, seen = list(range(8)), []
    for item in items:
        seen.append(item)
        items.pop()
    return seen, items


def turned():
    items, seen = [1, 2, 3, 4], []
    for at, item in enumerate(items):
        seen.append(item)
        if at + 1 < len(items):
            items[at + 1] = 'x' if at % 2 else 7.5
    return seen


def backward():
    items, seen = list('abcdef'), []
    for item in reversed(items):
        seen.append(item)
        if item == 'd':
            del items[1:]
    return seen, items


def again(iterator):
    return walk(iterator), walk(iterator)


print(growing(), shrinking(), turned(), backward())
print(again(iter([1, 2])), again(iter(('a', 'b'))), again(reversed([1, 2])), again(iter('ab')), again(iter({1: 2}.values())))


def changed(table, show):
    seen = []
    try:
        for item in show(table):
            seen.append(item)
            table[len(table)] = 'new'
    except RuntimeError as error:
        return seen, str(error)


def replaced(table):
    seen = []
    for key, value in zip(table, table.values()):
        table[key] = [value]
        seen.append(value)
    return seen, table


def emptied(table):
    seen = []
    try:
        for value in table.values():
            seen.append(value)
            table.clear()
    except RuntimeError as error:
        return seen, str(error)


def deleted(table):
    seen = []
    try:
        for value in table.values():
            seen.append(value)
            del table[value]
            table[value + 10] = 0
    except RuntimeError as error:
        return seen, str(error)


print(changed({1: 2}, dict.values), changed({1: 2}, dict.keys), changed({1: 2}, dict.items))
print(replaced({1: 'a', 2: 'b'}), emptied({1: 2, 3: 4}), deleted({1: 1, 2: 2, 3: 3}))


def last_references():
    for item in [Noisy('one'), Noisy('two')]:
        print('body', item)
    print('behind')
    for item in (Noisy('three'),):
        print('body', item)
    for item in {1: Noisy('four'), 2: Noisy('five')}.values():
        print('body', item)
        item = None
    items = [Noisy('six'), Noisy('seven')]
    for item in reversed(items):
        items.pop()
        print('left', items)
    print('last')


last_references()


def unbound(iterable):
    for item in iterable:
        pass
    return item


for empty in ([], (), '', {}.values(), reversed([])):
    try:
        unbound(empty)
    except UnboundLocalError as error:
        print(type(empty).__name__, error)
total = 0
for n in [1.5, 2, True]:
    for m in (n, 1):
        total += m * n
print(total, 3 * 0.5 + 2, 7 - 0.25, 0.1 * 3, 2 / 0.5, 1e308 * 10, -0.0 + 0)
for bad in ((1, 0.0), (1.0, 0), (0.0, 0.0)):
    try:
        bad[0] / bad[1]
    except ZeroDivisionError as error:
        print(error)


# Behind the loop's head stands no unpacking, but an instruction whose operand is a large number and no register.
constants = ''.join('        late(%d.5)\n' % n for n in range(40000))
source = 'def walk(table):\n    if not table:\n%s    yield 1\n    for pair in table.items():\n        return 9999.25\n' % constants
space = {}
exec(source, space)
ends = set()
for n in range(2000):
    generator = space['walk']({1: 2})
    next(generator)
    try:
        next(generator)
    except StopIteration as stop:
        ends.add(stop.value)
print(ends)
