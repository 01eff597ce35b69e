# Structural pattern matching.
class Point:
    __match_args__ = ("x", "y")
    def __init__(self, x, y): self.x, self.y = x, y
class Circle:
    def __init__(self, r): self.r = r
class Color: RED = 1; GREEN = "g"
def describe(v):
    match v:
        case 0: return "zero"
        case -1: return "minus one"
        case 1.5: return "float"
        case "hi" | "hello": return "greeting"
        case b"x": return "bytes"
        case None: return "none"
        case True: return "true"
        case Color.GREEN: return "green"
        case Point(0, 0): return "origin"
        case Point(x=0, y=y): return f"on y axis {y}"
        case Point(x, y) if x == y: return f"diagonal {x}"
        case Point() as p: return f"point {p.x},{p.y}"
        case Circle(r=r): return f"circle {r}"
        case int(n) if n > 100: return f"big {n}"
        case int() | float() as n: return f"number {n}"
        case []: return "empty"
        case [x]: return f"one {x}"
        case [1, 2, *rest]: return f"starts 1,2 rest {rest}"
        case [first, *_, last]: return f"{first}..{last}"
        case {"type": "a", "value": v}: return f"a-dict {v}"
        case {"type": str(t), **rest}: return f"dict {t} {rest}"
        case {}: return "mapping"
        case str(s): return f"str {s}"
        case _: return "other"
for v in (0, -1, 1.5, "hi", "hello", b"x", None, True, "g", Point(0, 0), Point(0, 5), Point(3, 3), Point(1, 2), Circle(9), 500, 7, 2.5, [], [1], [1, 2], (1, 2, 3, 4), [5, 6, 7], range(3),
          {"type": "a", "value": 1}, {"type": "b", "z": 2}, {"type": 3}, {}, "text", {1, 2}, object, False):
    print(describe(v))
def command(line):
    match line.split():
        case ["go", ("north" | "south" | "east" | "west") as d]: return f"going {d}"
        case ["go", other]: return f"cannot go {other}"
        case ["take", *items] if items: return "taking " + ", ".join(items)
        case ["quit" | "exit"]: return "bye"
        case [] : return "nothing"
        case [verb, *_]: return f"unknown {verb}"
for line in ("go north", "go up", "take a b c", "take", "quit", "", "dance now"): print(command(line))
def nested(v):
    match v:
        case {"user": {"name": str(name), "tags": [first, *_]}}: return name, first
        case [[a, b], [c, d]]: return a * d - b * c
        case (Point(x=px), {"k": [_, Point(y=py)]}): return px, py
        case [_, [_, [_, deep]]]: return deep
    return None
print(nested({"user": {"name": "ann", "tags": ["x", "y"]}}), nested([[1, 2], [3, 4]]), nested((Point(1, 2), {"k": [0, Point(3, 4)]})), nested([1, [2, [3, "deep"]]]), nested("no"))
def bind(v):
    match v:
        case [x, y] | (x, y, _): return x, y
        case {"a": x, "b": y}: return x, y
        case x: return "captured", x
print(bind([1, 2]), bind([1, 2, 3]), bind({"a": 1, "b": 2, "c": 3}), bind(7))
match 5:
    case 1: print("one")
print("no match falls through")
match 1, 2:
    case 1, y: print("tuple subject", y)
match [1]:
    case [1] as whole: print(whole)
match "abc":
    case [*_]: print("str is not a sequence")
    case _: print("right")
match {"k": None}:
    case {"k": None}: print("none value")
match 3 + 4j:
    case 3 + 4j: print("complex")
match -0.0:
    case 0: print("zero float")
class Weird:
    __match_args__ = ("a",)
    a = 1
try:
    match Weird():
        case Weird(1, 2): pass
except TypeError as e: print(e)
try:
    match 1:
        case int(1, 2): pass
except TypeError as e: print(e)
try:
    match Circle(1):
        case Circle(1): pass
except TypeError as e: print(e)
def guards(n):
    log = []
    match n:
        case x if log.append("g1"): pass
        case x if log.append("g2") or x > 1: log.append("hit")
        case _: log.append("default")
    return log
print(guards(1), guards(5))
def simplify(e):
    match e:
        case ("+", 0, x) | ("+", x, 0): return simplify(x)
        case ("*", 1, x) | ("*", x, 1): return simplify(x)
        case ("*", 0, _) | ("*", _, 0): return 0
        case (op, l, r):
            s = (op, simplify(l), simplify(r))
            return s if s == e else simplify(s)
        case _: return e
print(simplify(("+", ("*", 1, "a"), ("*", 0, "b"))), simplify(("*", ("+", "x", 0), ("-", "y", ("*", "z", 1)))))
match = 1; case = 2; type = 3; print(match + case + type)
