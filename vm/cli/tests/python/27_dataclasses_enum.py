# dataclasses, enum, typing odds and ends.
from dataclasses import dataclass, field, asdict, astuple, replace, fields, FrozenInstanceError, KW_ONLY, is_dataclass, InitVar, make_dataclass
from enum import Enum, IntEnum, Flag, IntFlag, StrEnum, auto, unique
import typing as t
@dataclass
class Item:
    name: str
    price: float = 1.5
    tags: list = field(default_factory=list)
    hidden: int = field(default=0, repr=False, compare=False)
    kind: t.ClassVar[str] = "item"
    def total(self, n): return self.price * n
a, b = Item("a"), Item("a", hidden=5); print(a, a == b, a.total(2), asdict(a), astuple(b), replace(a, name="z"), [f.name for f in fields(Item)], is_dataclass(a), Item.__match_args__)
a.tags.append(1); print(a.tags, b.tags)
@dataclass(frozen=True, order=True, slots=True)
class Version:
    major: int
    minor: int = 0
v = Version(1, 2); print(v < Version(1, 3), sorted([Version(2), Version(1, 5)]), hash(v) == hash(Version(1, 2)), {v: 1}[Version(1, 2)], hasattr(v, "__dict__"))
try: v.major = 5
except FrozenInstanceError as e: print(type(e).__name__, e)
@dataclass
class Child(Item):
    _: KW_ONLY
    extra: int
    double: InitVar[int] = 0
    computed: int = field(init=False)
    def __post_init__(self, double): self.computed = self.extra + double
print(Child("c", extra=5, double=2))
for bad in (lambda: Child("c"), lambda: Item(), lambda: make_dataclass("M", [("x", int, 1), ("y", int)]), lambda: make_dataclass("M", [("x", list, [])])):
    try: print(bad())
    except (TypeError, ValueError) as e: print(type(e).__name__, e)
M = make_dataclass("M", ["x", ("y", int, 5)]); print(M(1), M(1) == M(1, 5), M(1) != 5)
class Color(Enum):
    RED = 1
    GREEN = 2
    CRIMSON = 1
    @property
    def nice(self): return self.name.title()
    @classmethod
    def default(cls): return cls.GREEN
print(Color.RED, repr(Color.RED), Color(2), Color["GREEN"], Color.RED.value, Color.CRIMSON is Color.RED, list(Color), len(Color), Color.RED in Color, Color.RED.nice, Color.default(), list(Color.__members__), Color.RED == 1, {Color.RED: "r"}[Color.RED], isinstance(Color.RED, Color), Color.RED is Color.RED)
for bad in (lambda: Color(9), lambda: Color["X"], lambda: Color.BLUE, lambda: setattr(Color, "RED", 5), lambda: Color.RED < Color.GREEN, lambda: type("E", (Color,), {})):
    try: print(bad())
    except Exception as e: print(type(e).__name__, e)
class Num(IntEnum):
    ONE = 1
    TWO = auto()
print(Num.TWO + 1, Num.ONE < Num.TWO, sorted([Num.TWO, Num.ONE]), f"{Num.ONE}", [10, 20][Num.ONE], repr(Num.TWO), Num.ONE == 1)
class Perm(Flag):
    R = auto(); W = auto(); X = auto()
    RW = R | W
print(Perm.R | Perm.X, Perm.RW, Perm.R in Perm.RW, Perm.RW & Perm.W, ~Perm.R, bool(Perm.R & Perm.W), list(Perm.RW), Perm(3), Perm.R ^ Perm.RW, repr(Perm.R | Perm.X), Perm(0))
class S(StrEnum):
    A = auto(); B = "bee"
print(S.A, S.B + "!", S("a") is S.A, S.B.upper(), f"{S.A}")
class Planet(Enum):
    EARTH = (5.97, 6.37); MARS = (0.642, 3.39)
    def __init__(self, mass, radius): self.mass, self.radius = mass, radius
    @property
    def density(self): return round(self.mass / self.radius ** 3, 4)
print(Planet.EARTH.mass, Planet.MARS.density, Planet((5.97, 6.37)))
try:
    @unique
    class Dup(Enum): A = 1; B = 1
except ValueError as e: print(e)
F = Enum("F", "X Y"); print(list(F), F.X.value, Enum("G", {"P": 10}).P.value)
class Mixed(str, Enum): A = "a"
print(Mixed.A == "a", Mixed.A.upper(), IntFlag("IF", "A B")(3))
class NT(t.NamedTuple):
    x: int
    y: str = "d"
print(NT(1), NT(1).y, NT._field_defaults, t.get_type_hints(NT) == {"x": int, "y": str})
T = t.TypeVar("T")
class Box(t.Generic[T]):
    def __init__(self, v: T): self.v = v
print(Box[int](5).v, list[int], dict[str, int], t.Optional[int], int | None, t.Union[int, str], tuple[int, ...], t.get_args(dict[str, int]), t.get_origin(list[int]), t.Literal["a"], t.Callable[[int], str])
class TD(t.TypedDict, total=False): a: int
print(TD(a=1), TD.__annotations__ == {"a": int}, isinstance(5, int | str), t.cast(int, "x"), t.Any)
@t.runtime_checkable
class HasF(t.Protocol):
    def f(self): ...
class WithF:
    def f(self): pass
print(isinstance(WithF(), HasF), isinstance(5, HasF))
def generic[X: int](x: X) -> X: return x
type Alias[K] = dict[K, int]
class Gen[Y]:
    def m(self, y: Y) -> list[Y]: return [y]
print(generic(5), Alias.__name__, Gen[int]().m(1), generic.__type_params__, Gen.__type_params__)
def ann(a: undefined_later, b: "str" = 1) -> None: pass
undefined_later = int
print(ann.__annotations__)
