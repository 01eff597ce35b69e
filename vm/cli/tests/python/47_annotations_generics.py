# Deferred annotations (PEP 649), type parameters (PEP 695), annotationlib.
import annotationlib, typing
from annotationlib import Format
def f(a: Later, b: "text", *c: int, d: list[Unknown] = None) -> Node: pass
class Node:
    value: int
    next: Node | None = None
    missing: Undefined
    def m(self) -> Node: return self
Later = str
try: print(f.__annotations__)
except NameError as e: print(e)
print(annotationlib.get_annotations(f, format=Format.STRING)); fr = annotationlib.get_annotations(f, format=Format.FORWARDREF); print(sorted(fr), fr["a"], fr["b"], fr["return"] is Node, type(fr["d"]).__name__)
try: Node.__annotations__
except NameError as e: print(e)
Undefined = float; print(Node.__annotations__, Node().m.__annotations__, typing.get_type_hints(Node.m)); 
x: int = 5; y: Nope1234
try: print(__annotations__)
except NameError as e: print(type(e).__name__)
print(annotationlib.get_annotations(Node, format=Format.VALUE) == Node.__annotations__, callable(Node.__annotate__), f.__annotate__ is not None, (lambda: 0).__annotate__, (lambda: 0).__annotations__)
class Local:
    n = 3
    a: n
    def __init__(self): self.b: int = 5; self.c: broken_name = 6; z: also_broken = 7; print(z, self.c)
Local(); print(Local.__annotations__)
def gen[T, U: int, V: (str, bytes), *Ts, **P](a: T, *b: *Ts) -> U: return a
print(gen(5), gen.__type_params__, [type(p).__name__ for p in gen.__type_params__], gen.__type_params__[1].__bound__, gen.__type_params__[2].__constraints__, gen.__annotations__["a"] is gen.__type_params__[0])
class Stack[T]:
    def __init__(self) -> None: self.items: list[T] = []
    def push(self, item: T) -> "Stack[T]": self.items.append(item); return self
    def map[R](self, f: typing.Callable[[T], R]) -> list[R]: return [f(i) for i in self.items]
s = Stack[int]().push(1).push(2); print(s.items, s.map(str), Stack.__type_params__, Stack[int], Stack.__parameters__, Stack.__orig_bases__, issubclass(Stack, typing.Generic), s.__orig_class__)
type Pair[A, B = int] = tuple[A, B]
type Rec = list[Rec] | int
print(Pair, Pair.__value__, Pair[str, int], Pair.__type_params__, Pair.__type_params__[1].__default__, Rec.__value__, Pair[str].__args__, type(Pair).__name__, Rec.__name__)
class Child[K, V](dict[K, V]): pass
c = Child[str, int](a=1); print(c, Child.__bases__, Child[str, int].__args__)
T = typing.TypeVar("T"); class_like = typing.List[T]; print(class_like[int], typing.Dict[str, T][int], list[T][str], (list[T] | None)[int], typing.Union[int, str, int], int | str == str | int, typing.Optional[None], hash(int | str) == hash(str | int), (int | str).__args__, isinstance(1, typing.Union[int, str]), type(int | str).__name__)
for bad in (lambda: list[int][str], lambda: Stack[int, str], lambda: typing.Optional[1, 2], lambda: typing.Generic[int], lambda: int[str], lambda: int | 5, lambda: isinstance(1, list[int]), lambda: typing.Any()):
    try: print(bad())
    except TypeError as e: print(e)
def outer[T]():
    class Inner: x: T
    def inner(y: T) -> T: return y
    return Inner.__annotations__, inner.__annotations__
a, b = outer(); print(a["x"] is b["y"], a)
@typing.overload
def ov(a: int) -> int: ...
@typing.overload
def ov(a: str) -> str: ...
def ov(a): return a
print(len(typing.get_overloads(ov)), ov(5), typing.get_type_hints(ov), typing.get_args(typing.Annotated[int, "meta"]), typing.get_type_hints(type("Z", (), {"__annotations__": {"a": typing.Annotated[int, 1]}}), include_extras=True), typing.reveal_type.__name__, typing.NewType("UserId", int)(5), typing.TYPE_CHECKING, typing.assert_type(1, int), typing.no_type_check.__name__, typing.override(f).__override__)
