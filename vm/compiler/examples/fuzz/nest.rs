//! Nested statements of every kind: functions, classes, generators and coroutines in one another, with loops, handlers and patterns in them.
//! What a block may hold depends on where it stands, so most of what comes out compiles; the rest is a `SyntaxError`, which is caught.

use super::Random;
use super::generate::{expression, operand, pick, variable};

/// Where a block stands.
#[derive(Clone, Copy, Default)]
struct Place {
    function: bool,
    coroutine: bool,
    repeated: bool,
    class: bool,
    depth: usize,
}

/// A function with anything in it, and calls of it; compiled on its own, so that an error of syntax does not end the whole program.
pub fn nested(random: &mut Random) -> String {
    let mut lines = Vec::new();
    function(random, Place::default(), 0, "n0", &mut lines);
    let (a, b) = (operand(random), operand(random));
    lines.push(format!("v{} = drive(n0, {a}, {b})\n", random.below(6)));
    let source = lines.join("\n").replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n");
    format!("attempt(lambda: exec('{source}', globals()))\n")
}

fn block(random: &mut Random, place: Place, indent: usize, lines: &mut Vec<String>) {
    let place = Place { depth: place.depth + 1, ..place };
    for _ in 0..1 + random.below(if place.depth > 3 { 2 } else { 3 }) {
        statement(random, place, indent, lines);
    }
}

fn function(random: &mut Random, place: Place, indent: usize, name: &str, lines: &mut Vec<String>) {
    let pad = "    ".repeat(indent);
    let coroutine = random.below(4) == 0;
    if random.below(8) == 0 {
        let decorators =
            ["attempt_call", "functools.lru_cache", "staticmethod", "contextlib.contextmanager", "property"];
        lines.push(format!("{pad}@{}", pick(random, &decorators)));
    }
    let kind = if coroutine { "async def" } else { "def" };
    let types = if random.below(8) == 0 { "[T: int, *Ts, **P]" } else { "" };
    let parameters =
        ["*a, **k", "a=1, /, b=2, *c, d=3, **e", "x=None, *y", "a: v1 = 0, *, b: T = 2", "a=v0, b=v1"];
    let result = if random.below(6) == 0 { " -> v2" } else { "" };
    lines.push(format!("{pad}{kind} {name}{types}({}){result}:", pick(random, &parameters)));
    if random.below(5) == 0 {
        let scope = if place.function && random.below(2) == 0 { "nonlocal w" } else { "global w" };
        lines.push(format!("{pad}    {scope}"));
    }
    lines.push(format!("{pad}    w = {}", value(random, place)));
    let inside = Place { function: true, coroutine, repeated: false, class: false, depth: place.depth };
    block(random, inside, indent + 1, lines);
}

/// An expression that may suspend, assign or hold a scope of its own.
fn value(random: &mut Random, place: Place) -> String {
    let (a, b) = (operand(random), operand(random));
    match random.below(17) {
        0 if place.function && !place.class => format!("(yield {a})"),
        1 if place.function && !place.class && !place.coroutine => {
            format!("(yield from itertools.islice({a}, 3))")
        }
        2 if place.coroutine && !place.class => format!("await {a}"),
        3 if place.coroutine && !place.class => format!("[i async for i in {a} if {b}]"),
        4 => format!("(w := {a})"),
        5 => format!("[(i, w) for i in itertools.islice({a}, 4) for j in ({b},) if i is not j]"),
        6 => format!("{{i: (lambda: (i, {b})) for i in range(3)}}"),
        7 => format!("{{*itertools.islice({a}, 3), {b}}}"),
        8 => format!("tuple(i for i in itertools.islice({a}, 3))"),
        9 => format!("(lambda x, *y, z={a}, **k: [x, y, z, w, k])({b}, *[1, 2], q=3)"),
        10 => format!("(sys._getframe().f_locals, locals(), {a})"),
        11 => format!("f'{{w!r:.20}}{{{a}=!s:>{{small(3)}}}}', t'{{{b}:x}}'"),
        12 => format!("{a} < {b} <= {a} is not None"),
        13 => format!(
            "(sys._getframe().f_lineno, sys.exception(), sys._getframe({}).f_locals)",
            random.below(3)
        ),
        14 => format!("[*itertools.islice({a}, 2), *{b}][-1:]"),
        _ => expression(random),
    }
}

fn target(random: &mut Random) -> &'static str {
    const TARGETS: &[&str] =
        &["w", "w, *u", "[w, (u, *t)]", "C.x", "values[0:1]", "(w)", "*w, u", "w.a", "globals()['v4']"];
    TARGETS[random.below(TARGETS.len())]
}

fn pattern(random: &mut Random) -> String {
    const PATTERNS: &[&str] = &[
        "[w, *u]",
        "[]",
        "{}",
        "{'a': w, **u}",
        "C(x=w)",
        "int() | str() as w",
        "(1 | 2.5 | 'a' | None | True) as w",
        "-1 + 2j",
        "[_, [w, *_], *_]",
        "str(w)",
        "dict(w)",
        "types.SimpleNamespace(a=w)",
        "D() if (u := w)",
        "C(a=[w, *_]) if values",
        "b'abc\\xff'",
        "tuple((w, u))",
    ];
    pick(random, PATTERNS).to_owned()
}

fn statement(random: &mut Random, place: Place, indent: usize, lines: &mut Vec<String>) {
    let pad = "    ".repeat(indent);
    let deep = place.depth > 4;
    match random.below(if deep { 14 } else { 26 }) {
        0 if place.function && !place.class => {
            lines.push(format!("{pad}return {}", if place.coroutine { "" } else { "w" }))
        }
        1 if place.repeated => lines.push(format!("{pad}{}", pick(random, &["break", "continue"]))),
        2 => {
            let raised = [
                "ValueError(w)",
                "w from w",
                "ExceptionGroup('g', [ValueError(1), TypeError(w)])",
                "KeyError",
                "",
            ];
            lines.push(format!("{pad}raise {}", pick(random, &raised)));
        }
        3 => lines.push(format!("{pad}del {}", pick(random, &["w", "w.a", "values[:1]", "w[0]", "C.x"]))),
        4 => lines.push(format!("{pad}assert {}, {}", value(random, place), operand(random))),
        5 => {
            let imports = [
                "import os.path as u, json",
                "from collections import deque as w",
                "from sys import nothing",
            ];
            lines.push(format!("{pad}{}", pick(random, &imports)));
        }
        6 => lines.push(format!("{pad}w: {} = {}", operand(random), value(random, place))),
        7 => {
            let operator = pick(random, &["+", "-", "|", "&", "^", "%", "//", "@"]);
            lines.push(format!("{pad}w {operator}= {}", value(random, place)));
        }
        8 => lines.push(format!("{pad}type u[T] = {}", operand(random))),
        9..14 => lines.push(format!("{pad}{} = {}", target(random), value(random, place))),
        14 | 15 => {
            let group = random.below(4) == 0;
            lines.push(format!("{pad}try:"));
            block(random, place, indent + 1, lines);
            let inside =
                Place { repeated: place.repeated && !group, function: place.function && !group, ..place };
            if random.below(5) > 0 {
                let star = if group { "*" } else { "" };
                let kinds = ["Exception", "ValueError, KeyError", "(TypeError, *[OSError])", "w"];
                let kind = pick(random, &kinds);
                let named = if kind.contains(", ") && !kind.starts_with('(') { "" } else { " as e" };
                lines.push(format!("{pad}except{star} {kind}{named}:"));
                block(random, inside, indent + 1, lines);
                if random.below(3) == 0 {
                    lines.push(format!("{pad}else:"));
                    block(random, place, indent + 1, lines);
                }
                if random.below(2) == 0 {
                    return;
                }
            }
            lines.push(format!("{pad}finally:"));
            block(random, place, indent + 1, lines);
        }
        16 => {
            let kind = if place.coroutine && random.below(2) == 0 { "async with" } else { "with" };
            let managers = [
                "contextlib.suppress(Exception)",
                "contextlib.nullcontext(w)",
                "M()",
                "w",
                "memoryview(b'a')",
            ];
            let (first, second) = (pick(random, &managers), pick(random, &managers));
            lines.push(format!("{pad}{kind} {first} as w, {second} as {}:", target(random)));
            block(random, place, indent + 1, lines);
        }
        17 | 18 => {
            let kind = if place.coroutine && random.below(2) == 0 { "async for" } else { "for" };
            lines.push(format!(
                "{pad}{kind} {} in itertools.islice({}, 5):",
                target(random),
                value(random, place)
            ));
            block(random, Place { repeated: true, ..place }, indent + 1, lines);
            if random.below(3) == 0 {
                lines.push(format!("{pad}else:"));
                block(random, place, indent + 1, lines);
            }
        }
        19 => {
            lines.push(format!("{pad}while once({}):", value(random, place)));
            block(random, Place { repeated: true, ..place }, indent + 1, lines);
        }
        20 | 21 => {
            lines.push(format!("{pad}match {}:", value(random, place)));
            for _ in 0..1 + random.below(3) {
                lines.push(format!("{pad}    case {}:", pattern(random)));
                block(random, place, indent + 2, lines);
            }
        }
        22 => {
            lines.push(format!("{pad}if {}:", value(random, place)));
            block(random, place, indent + 1, lines);
            lines.push(format!("{pad}elif {}:", variable(random)));
            block(random, place, indent + 1, lines);
        }
        23 => {
            let bases = [
                "",
                "(C)",
                "[T](list)",
                "(D, metaclass=Meta)",
                "(Exception)",
                "(int)",
                "(*[C], **{})",
                "(w)",
            ];
            lines.push(format!("{pad}class K{}:", pick(random, &bases)));
            if random.below(3) == 0 {
                let slots =
                    ["__slots__ = ('p', '__dict__')", "__slots__ = w", "__match_args__ = ('x',)", "x: w"];
                lines.push(format!("{pad}    {}", pick(random, &slots)));
            }
            block(random, Place { class: true, repeated: false, ..place }, indent + 1, lines);
            const METHODS: &[&str] = &[
                "__getattr__",
                "__call__",
                "__iter__",
                "__next__",
                "__enter__",
                "__exit__",
                "__del__",
                "__eq__",
                "__hash__",
                "__repr__",
                "__bool__",
                "__len__",
                "__index__",
                "__set_name__",
                "__init_subclass__",
                "__new__",
                "__init__",
                "__get__",
                "__set__",
                "__await__",
                "__aiter__",
                "__anext__",
                "__lt__",
                "__add__",
                "__radd__",
                "__format__",
                "__getattribute__",
                "__setattr__",
                "__instancecheck__",
                "__class_getitem__",
                "__buffer__",
                "__reduce__",
                "__missing__",
                "__contains__",
                "__length_hint__",
                "__mro_entries__",
                "__float__",
                "__iadd__",
                "__reversed__",
            ];
            let inside = Place { class: false, depth: place.depth + 1, ..place };
            for _ in 0..random.below(3) {
                let name = pick(random, METHODS);
                function(random, inside, indent + 1, name, lines);
            }
            lines.push(format!("{pad}w = K({})", operand(random)));
        }
        _ => {
            let name = format!("n{}", place.depth);
            function(random, place, indent, &name, lines);
            lines.push(format!("{pad}w = drive({name}, {})", value(random, place)));
        }
    }
}
