"""Statements whose instructions `taipan-benches instructions` counts: instructions.py NAME COUNT runs one COUNT times.

--list gives the names. The statement is the body of a loop in a function whose parameters are the variables below, so that they are local.
"""

import sys
import types
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("programs")))
import harness

SETUP = """
class Base:
    shared = 5
    def __init__(self, first=1):
        self.first = first
        self.second = 2
    def method(self):
        return self.first
    @property
    def read(self):
        return self.first
    @staticmethod
    def static():
        return 1
    @classmethod
    def made(cls):
        return 1
    def __getitem__(self, index):
        return index
    def __len__(self):
        return 3
    def __eq__(self, other):
        return True
    def __enter__(self):
        return self
    def __exit__(self, *details):
        return None
    def __getattr__(self, name):
        return name

class Sub(Base):
    def method(self):
        return super().method()

class Slots:
    __slots__ = ("first",)
    def __init__(self):
        self.first = 1

def one(value):
    return value

def two(value, other=1):
    return value

def keyword(value, *, other=1):
    return value

def many(*values):
    return values

def count(limit):
    for number in range(limit):
        yield number

def outer(value):
    def inner():
        return value
    return inner

async def waited():
    return 1

async def waits():
    return await waited()

module = types.ModuleType("module")
module.there = 1
closure = outer(1)
big = 3 ** 300
"""

STATEMENTS = {
    "pass": "pass",
    "integer add": "x + y",
    "integer compare": "if x < y: pass",
    "float multiply": "r * r",
    "big multiply": "big * big",
    "not": "not items",
    "attribute": "thing.first",
    "attribute set": "thing.first = x",
    "attribute of class": "thing.shared",
    "attribute of slot": "slots.first",
    "attribute by getattr": "thing.absent",
    "attribute of module": "module.there",
    "property": "thing.read",
    "hasattr hit": "hasattr(module, 'there')",
    "hasattr miss": "hasattr(module, 'absent')",
    "method": "thing.method()",
    "super method": "sub.method()",
    "static method": "thing.static()",
    "class method": "thing.made()",
    "call": "one(x)",
    "call default": "two(x)",
    "call keyword": "keyword(x, other=y)",
    "call packed": "many(*items)",
    "call many": "many(x, y)",
    "closure": "closure()",
    "lambda": "(lambda: x)()",
    "instance": "Base()",
    "instance of slots": "Slots()",
    "instance of object": "object()",
    "class": "type('X', (Base,), {})",
    "len": "len(items)",
    "len of instance": "len(thing)",
    "isinstance": "isinstance(thing, Base)",
    "abs": "abs(x)",
    "list": "[x, y]",
    "list append pop": "items.append(x); items.pop()",
    "list item": "items[1]",
    "list item set": "items[1] = x",
    "list slice": "items[1:3]",
    "list in": "3 in items",
    "list comprehension": "[item for item in items]",
    "list loop": "for item in items: pass",
    "sorted": "sorted(items)",
    "tuple": "(x, y)",
    "tuple unpack": "first, second, third = triple",
    "tuple loop": "for item in triple: pass",
    "enumerate": "for index, item in enumerate(items): pass",
    "zip": "for first, second in zip(items, items): pass",
    "range": "for number in range(5): pass",
    "dict": "{'a': x, 'b': y}",
    "dict item": "table['key']",
    "dict item set": "table['key'] = x",
    "dict get": "table.get('key')",
    "dict in": "'key' in table",
    "dict loop": "for key, value in table.items(): pass",
    "dict comprehension": "{item: x for item in items}",
    "set in": "x in numbers",
    "set add": "numbers.add(x)",
    "string add": "text + text",
    "string format": "f'{x} {text}'",
    "string equal": "text == 'abcdef'",
    "string item": "text[2]",
    "string startswith": "text.startswith('ab')",
    "string split": "'a b c'.split()",
    "string join": "', '.join(words)",
    "string to integer": "int('123')",
    "integer to string": "str(123)",
    "item of instance": "thing[x]",
    "equal of instances": "thing == sub",
    "generator": "for number in count(2): pass",
    "generator expression": "sum(item for item in items)",
    "coroutine": "run(waits())",
    "raise": "try:\n    raise ValueError\nexcept ValueError:\n    pass",
    "caught error": "try:\n    table['absent']\nexcept KeyError:\n    pass",
    "with": "with thing: pass",
    "match": "match triple:\n    case (1, 2, last): pass",
}

PARAMETERS = "items, triple, table, numbers, text, words, thing, sub, slots, x, y, r, run"


def run(coroutine):
    try:
        coroutine.send(None)
    except StopIteration:
        pass


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(STATEMENTS))
        return
    body = STATEMENTS[sys.argv[1]].replace("\n", "\n        ")
    space = {"types": types}
    exec(f"{SETUP}\ndef bench(count_, {PARAMETERS}):\n    for _ in range(count_):\n        {body}\n", space)
    space["bench"](
        int(sys.argv[2]), [1, 2, 3, 4, 5], (1, 2, 3), {"key": 2, 1: 3}, {1, 2}, "abcdef", ["a", "b", "c"],
        space["Base"](), space["Sub"](), space["Slots"](), 3, 4, 1.5, run,
    )


if __name__ == "__main__":
    main()
