//! Programs that run: statements over a few variables, of whatever type they happen to have. Each is guarded, so that an error does not end
//! the program; what is looked for is what no guard catches.

use super::Random;

/// What variables begin with.
const VALUES: &[&str] = &[
    "0",
    "-1",
    "1",
    "2**70",
    "-2**63",
    "True",
    "None",
    "...",
    "1.5",
    "float('inf')",
    "float('nan')",
    "-0.0",
    "3j",
    "''",
    "'abc'",
    "'\\ud800x'",
    "'é€😀' * 3",
    "b''",
    "b'abc\\xff'",
    "bytearray(b'xyz')",
    "memoryview(b'abcdef')",
    "memoryview(bytearray(8)).cast('i')",
    "()",
    "(1, 2, 3)",
    "[]",
    "[3, 1, 2]",
    "[[1], [2]]",
    "{}",
    "{1: 2, 'a': []}",
    "set()",
    "{1, 2, 'x'}",
    "frozenset({1, 2})",
    "range(5)",
    "range(10, 0, -3)",
    "slice(1, None, 2)",
    "int",
    "str",
    "list",
    "type",
    "object()",
    "object",
    "len",
    "print",
    "Exception('e')",
    "ValueError",
    "(x for x in range(3))",
    "iter([1, 2])",
    "enumerate('ab')",
    "zip([1], [2])",
    "map(str, [1, 2])",
    "reversed([1, 2])",
    "lambda *a, **k: (a, k)",
    "C()",
    "C",
    "D()",
    "D",
    "gen()",
    "coro",
    "property(len)",
    "staticmethod(len)",
    "classmethod(len)",
    "super(D, D())",
    "f.__code__",
    "f",
    "type(f)(f.__code__, {})",
    "sys._getframe()",
    "{}.keys()",
    "{1: 2}.items()",
    "type('T', (list,), {})",
    "list[int]",
    "int | None",
    "iter(int, 0)",
    "collections.deque([1, 2], 3)",
    "collections.OrderedDict(a=1)",
    "collections.defaultdict(list)",
    "itertools.count(3).__next__",
    "itertools.islice([1, 2, 3], 2)",
    "functools.partial(len, 'a')",
    "io.StringIO('abc')",
    "io.BytesIO(b'abc')",
    "array.array('i', [1, 2])",
    "struct.Struct('<ihq')",
    "re.compile('(a)(b*)')",
    "re.match('a', 'ab')",
    "weakref.ref(C())",
    "types.SimpleNamespace(a=1)",
    "types.MappingProxyType({1: 2})",
    "decimal_or_none",
    "datetime.datetime(2020, 1, 2)",
    "datetime.timedelta(1)",
    "random.Random(1)",
    "ast.parse('x + 1')",
    "threading.Lock()",
    "contextvars.ContextVar('v')",
    "t'{1}'",
    "1 .__add__",
    "''.join",
    "str.upper",
    "dict.fromkeys",
];

const FUNCTIONS: &[&str] = &[
    "abs",
    "all",
    "any",
    "ascii",
    "bin",
    "bool",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "compile_",
    "complex",
    "delattr",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "eval_",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "hasattr",
    "hash",
    "hex",
    "id",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "memoryview",
    "min",
    "next",
    "object",
    "oct",
    "ord",
    "pow_",
    "property",
    "range",
    "repr",
    "reversed",
    "round",
    "set",
    "setattr",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "vars",
    "zip",
    "copy.copy",
    "copy.deepcopy",
    "pickle_",
    "marshal_",
    "operator.index",
    "operator.length_hint",
    "itertools.chain",
    "itertools.product_",
    "itertools.groupby",
    "itertools.zip_longest",
    "functools.reduce",
    "functools.lru_cache",
    "struct.pack",
    "struct.unpack",
    "re.sub",
    "re.split",
    "re.findall",
    "json.dumps",
    "json.loads",
    "array.array",
    "collections.deque",
    "collections.Counter",
    "weakref.ref",
    "weakref.proxy",
    "inspect_",
    "gc_",
    "f.__code__.replace",
    "types.FunctionType",
    "types.CodeType",
    "sys.getsizeof",
    "sys.intern",
    "ast.dump",
    "ast.unparse",
    "compile_tree",
    "io.StringIO",
    "io.BytesIO",
    "binascii.hexlify",
    "datetime.date",
    "datetime.timedelta",
    "unicodedata.normalize",
    "math.gcd",
    "math.factorial_",
    "math.comb_",
    "hashlib_",
    "zlib.compress",
    "zlib.decompress",
    "codecs.encode",
    "codecs.decode",
    "contextvars.copy_context",
    "types.GenericAlias",
    "types.new_class",
];

const OPERATORS: &[&str] = &[
    "+", "-", "*_", "/", "//", "%", "@", "&", "|", "^", "<", "<=", "==", "!=", ">", ">=", "is", "is not",
    "in", "not in", "and", "or",
];

/// What every program begins with.
const PROLOGUE: &str = "\
import sys, copy, operator, itertools, functools, collections, struct, re, json, array, weakref, types, io, binascii, datetime
import contextlib, unicodedata, math, zlib, codecs, contextvars, random, ast, threading, gc, marshal, pickle, hashlib, inspect
sys.setrecursionlimit(200)
decimal_or_none = None
def small(x):
    return x if not isinstance(x, int) or abs(x) < 1000 else 7
def compile_(s, *a): return compile(s, 'x', 'exec')
def compile_tree(t, *a): return compile(t, 'x', 'exec')
def eval_(s, *a): return eval(s, {})
def pow_(a, b, *c): return pow(small(a), small(b), *c)
def pickle_(x, *a): return pickle.loads(pickle.dumps(x))
def marshal_(x, *a): return marshal.loads(marshal.dumps(x))
def inspect_(x, *a): return inspect.signature(x)
def gc_(*a): return gc.collect()
def hashlib_(x, *a): return hashlib.md5(x).digest()
itertools.product_ = lambda *a: itertools.islice(itertools.product(*a), 50)
math.factorial_ = lambda x: math.factorial(small(x))
math.comb_ = lambda a, b: math.comb(small(a), small(b))
class C:
    x = 1
    def __init__(self, *a, **k): self.a = a
    def __getitem__(self, k): return values[k] if isinstance(k, int) else k
    def __len__(self): return small(len(values))
    def __iter__(self): return iter(values[:3])
    def __call__(self, *a, **k): return a
class D(C):
    __slots__ = ('s', 'v')
    def __eq__(self, other): del values[2:]; return NotImplemented
    def __hash__(self): return 1
    def __lt__(self, other): values.append(self); return True
    def __index__(self): values.clear(); return 1
    def __del__(self): values.append(None)
def gen():
    x = yield 1
    try: yield x
    finally: yield 2
async def coro(): return 1
def f(a=1, *b, c=2, **d): return a, b, c, d
class M:
    def __enter__(self): return values
    def __exit__(self, *e): return len(values) % 2
    async def __aenter__(self): return self
    async def __aexit__(self, *e): return True
class Meta(type):
    def __prepare__(*a, **k): return collections.OrderedDict()
    def mro(cls): return super().mro()
    def __call__(cls, *a): return super().__call__()
turns = [0]
def once(x):
    turns[0] += 1
    return turns[0] % 4
def attempt_call(function):
    return lambda *a, **k: attempt(lambda: function(*a, **k))
def drive(function, *a):
    turns[0] += 1
    if turns[0] > 3000: raise SystemExit
    result = function(*a) if callable(function) else function
    for step in range(4):
        if hasattr(result, 'send'): values.append(result.send(None if step < 1 else a))
        elif hasattr(result, 'asend'):
            try: result.asend(None).send(None)
            except StopIteration as e: values.append(e.value)
        else: break
        if turns[0] % 5 == 0: result.throw(ValueError, 'thrown') if turns[0] % 2 else result.close()
    return result
values = []
def attempt(work, otherwise=None):
    try:
        result = work()
        if len(values) > 50: del values[10:]
        if isinstance(result, (str, bytes, list, tuple)) and len(result) > 10000: return None
        return result
    except RecursionError: return otherwise
    except BaseException as error: return error if len(values) == 7 else otherwise
";

/// A program of about `statements` statements.
pub fn program(random: &mut Random, statements: usize) -> String {
    let mut text = PROLOGUE.to_owned();
    for name in 0..6 {
        text.push_str(&format!("v{name} = attempt(lambda: {})\n", pick(random, VALUES)));
    }
    text.push_str("values.extend([v0, v1, v2])\n");
    for _ in 0..statements {
        let line = if random.below(5) == 0 { super::nest::nested(random) } else { statement(random) };
        text.push_str(&line);
    }
    text
}

pub fn pick<'a>(random: &mut Random, list: &[&'a str]) -> &'a str {
    list[random.below(list.len())]
}

pub fn variable(random: &mut Random) -> String {
    format!("v{}", random.below(6))
}

pub fn operand(random: &mut Random) -> String {
    if random.below(3) == 0 { pick(random, VALUES).to_owned() } else { variable(random) }
}

fn arguments(random: &mut Random) -> String {
    let count = random.below(4);
    let mut list: Vec<String> = (0..count).map(|_| operand(random)).collect();
    if random.below(12) == 0 {
        list.push(format!("*{}", operand(random)));
    }
    if random.below(12) == 0 {
        list.push(format!("**{}", operand(random)));
    }
    list.join(", ")
}

pub fn expression(random: &mut Random) -> String {
    let (a, b) = (operand(random), operand(random));
    match random.below(13) {
        0..3 => format!("{}({})", pick(random, FUNCTIONS), arguments(random)),
        3 => match pick(random, OPERATORS) {
            "*_" => format!("small({a}) * small({b})"),
            operator => format!("{a} {operator} {b}"),
        },
        4 => format!("{a}[{b}]"),
        5 => format!("{a}[{b}:{}:{}]", operand(random), operand(random)),
        6 => format!("[x for x in itertools.islice({a}, 20) if x is not {b}]"),
        7 => format!("f'{{{a}!r:>{}}}{{{b}}}'", random.below(40)),
        8 => format!("({a} if {b} else {})", operand(random)),
        // Any method, by its number among the names that the type has.
        _ => {
            let number = random.below(90);
            format!("getattr({a}, sorted(dir({a}))[{number} % len(dir({a}))])({})", arguments(random))
        }
    }
}

fn statement(random: &mut Random) -> String {
    let target = variable(random);
    let value = expression(random);
    match random.below(9) {
        0 => {
            let (object, index) = (variable(random), operand(random));
            format!("try: {object}[{index}] = {value}\nexcept BaseException as e: pass\n")
        }
        1 => {
            let (object, index) = (variable(random), operand(random));
            format!("try: del {object}[{index}]\nexcept BaseException as e: pass\n")
        }
        2 => {
            let (object, other) = (variable(random), operand(random));
            format!("try:\n    {object} += {other}\nexcept BaseException as e: pass\n")
        }
        3 => {
            let object = variable(random);
            format!(
                "try:\n    for i, v in enumerate({object}):\n        {target} = v\n        if i > 9: break\nexcept BaseException as e: pass\n"
            )
        }
        4 => {
            let object = variable(random);
            format!(
                "try:\n    match {object}:\n        case [x, *y] | {{'a': x, **y}}: {target} = y\n        case C(x=z): {target} = z\n        case str() | int(): {target} = {value}\nexcept BaseException as e: pass\n"
            )
        }
        5 => {
            let object = variable(random);
            format!("try:\n    with {object} as {target}: {value}\nexcept BaseException as e: pass\n")
        }
        _ => format!("{target} = attempt(lambda: {value}, {target})\n"),
    }
}
