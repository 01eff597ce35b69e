"""Calls with a variable number of arguments, and of bound methods, over and over: what fits, what does not, and what is in the way."""

import sys


def rest(first, *more, **named):
    return first, more, named


def only_more(*more):
    return more


def only_named(**named):
    return named


def with_default(first, second=2, *more):
    return first, second, more


def with_keyword(*more, key=0):
    return more, key


def grows(*parts):
    yield from parts


class Bag:
    def __init__(self, content):
        self.content = content

    def holds(self, item):
        return item in self.content

    def pick(self, place=0, *more):
        return self.content[place], more

    def collect(self, *more, **named):
        return len(self.content) + len(more) + len(named)

    def __call__(self, *more):
        return sum(more)


def attempt(function, *arguments):
    try:
        return function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def many(turns):
    bag = Bag([1, 2, 3])
    holds, pick, collect = bag.holds, bag.pick, bag.collect
    result = 0
    for turn in range(turns):
        result += holds(turn % 5)
        result += pick()[0] + pick(1)[0] + pick(2, turn)[1][0]
        result += collect() + collect(turn) + collect(turn, turn, turn)
        result += len(only_more()) + len(only_more(turn)) + len(rest(turn)[1]) + len(rest(turn, 1, 2)[1])
        result += len(only_named()) + with_default(turn)[1] + with_default(turn, 3, 4)[2][0]
        result += with_keyword(turn)[1] + bag(turn, 1) + sum(grows(1, 2))
    return result


print(many(6000))


def wrong(turns):
    """Calls that do not fit, at places where others did."""
    bag, seen = Bag("abc"), set()
    calls = [
        (bag.holds, ("a",)),
        (bag.pick, (1,)),
        (bag.holds, ()),
        (bag.holds, ("a", "b")),
        (bag.pick, (7,)),
        (rest, ()),
        (rest, (1, 2)),
        (with_default, ()),
        (only_named, (1,)),
        (Bag.holds, (bag,)),
        (len, ()),
    ]
    for turn in range(turns):
        function, arguments = calls[turn % len(calls)]
        count = len(arguments)
        try:
            if count == 0:
                answer = function()
            elif count == 1:
                answer = function(arguments[0])
            else:
                answer = function(arguments[0], arguments[1])
        except (TypeError, IndexError) as error:
            answer = f"{type(error).__name__}: {error}"
        seen.add(f"{function.__name__} {count} {answer}")
    return sorted(seen)


print(*wrong(11000), sep="\n")


def deep(level, *more):
    return level if not more else deep(level + 1, *more[1:], *more[:1])


class Ladder:
    def climb(self, *steps):
        step = self.climb
        return step(*steps)


print(attempt(Ladder().climb, 1)[:14], attempt(deep, 0, 1)[:14])
limit = sys.getrecursionlimit()


def without_end(*more):
    return without_end(more)


print(attempt(without_end)[:14], sys.getrecursionlimit() == limit)


class Loud:
    """Says when it ends."""

    def __init__(self, name, log):
        self.name, self.log = name, log

    def __del__(self):
        self.log.append(self.name)


def ends(turns):
    log = []
    for turn in range(turns):
        # Temporaries that a call leaves lie where the next one wants its tuple.
        len([Loud(turn, log), Loud(-turn, log)])
        rest(only_more(Loud(turn, log)), turn)
    return len(log), log[-3:]


print(ends(3000))


def in_generator(turns):
    bag = Bag((1, 2))
    pick = bag.pick
    for turn in range(turns):
        yield pick(turn % 2)[0] + len(only_more(turn, turn)) + len(rest(turn)[2])


print(sum(in_generator(5000)))


def rebound(turns):
    """The method changes while its bound method is called."""
    bag, seen = Bag([1]), []
    collect = bag.collect
    for turn in range(turns):
        if turn == turns // 2:
            Bag.collect.__code__ = (lambda self, *more: "other").__code__
        value = collect(turn)
        if value not in seen:
            seen.append(value)
    return seen


print(rebound(8000))
