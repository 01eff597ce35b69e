# Code objects made anew from their attributes, through marshal, and from trees: they do what the first ones do.
import ast
import dis
import marshal
import types


def sample(a, b=2, *rest, c: int = 3, **more):
    total = 0
    try:
        for item in (a, b, *rest):
            total += item if item is not None else 1 / 0
    except ZeroDivisionError as error:
        return type(error).__name__
    cells = [lambda: total + n for n in range(3)]
    text = f"{total:>{b + 4}}|{a!r}"
    return text, [cell() for cell in cells], t"{a}-{b:>5}{a}".strings, more


def generator(n):
    seen = yield n
    while seen:
        seen = yield (n, seen)


def anew(code):
    return types.CodeType(
        code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_nlocals, code.co_stacksize,
        code.co_flags, code.co_code, code.co_consts, code.co_names, code.co_varnames, code.co_filename,
        code.co_name, code.co_qualname, code.co_firstlineno, code.co_linetable, code.co_exceptiontable,
        code.co_freevars, code.co_cellvars)


def call(code, function, *args, **kwargs):
    copy = types.FunctionType(code, globals(), function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy(*args, **kwargs)


print("--- anew and through marshal")
for function in (sample, generator, anew, call):
    code = function.__code__
    for other in (anew(code), code.replace(), marshal.loads(marshal.dumps(code))):
        print(function.__name__, other == code, hash(other) == hash(code), list(other.co_lines()) == list(code.co_lines()),
              list(other.co_positions()) == list(code.co_positions()))
for code in (sample.__code__, anew(sample.__code__), marshal.loads(marshal.dumps(sample.__code__))):
    print(call(code, sample, 1, 4, 5, z=6), call(code, sample, None))

print("--- replace")
code = sample.__code__.replace(co_name="other", co_qualname="a.other", co_filename="x.py", co_firstlineno=100)
print(code.co_name, code.co_qualname, code.co_filename, code.co_firstlineno, code == sample.__code__)
constants = tuple("<changed>" if c == "|" else c for c in sample.__code__.co_consts)
print(call(sample.__code__.replace(co_consts=constants), sample, 1)[0])
print(list(sample.__code__.replace(co_linetable=b"").co_lines()))
for wrong in ({"co_nlocals": 1}, {"co_name": 1}, {"no_such": 1}, {"co_argcount": -1}):
    try:
        sample.__code__.replace(**wrong)
    except (TypeError, ValueError) as error:
        print(type(error).__name__, *wrong)

print("--- loops in marshal")
loop = ([],)
loop[0].append(loop)
copy = marshal.loads(marshal.dumps(loop))
print(copy[0][0] is copy)
held = []
held.append(sample.__code__.replace(co_consts=sample.__code__.co_consts + (held,)))
try:
    marshal.dumps(held[0])
except ValueError as error:
    print(type(error).__name__)

print("--- trees")
source = '''
@(lambda g: g)
def f(x: int, /, *, y=(1, 2)):
    """Doc."""
    match x:
        case [1, *rest] | {"k": rest}:
            return f"{rest!r:>10}" + "\\ud800"
        case str() as text if text:
            raise ValueError(
                text
            )
    return lambda: (yield x.a.b(y))
'''
tree = ast.parse(source)
for node in ast.walk(tree):
    if hasattr(node, "lineno"):
        node.lineno += 10
        node.end_lineno += 10
space = {}
exec(compile(tree, "tree.py", "exec"), space)
f = space["f"]
print(f.__doc__, f.__code__.co_firstlineno, ascii(f([1, 2, 3])), f.__annotations__)
try:
    f("boom")
except ValueError as error:
    place = error.__traceback__.tb_next
    print(error, place.tb_lineno)
print(eval(compile(ast.Expression(ast.BinOp(
    ast.Constant((1, -2), lineno=1, col_offset=0), ast.Add(), ast.Constant((2**70,), lineno=1, col_offset=0),
    lineno=1, col_offset=0)), "<tree>", "eval")))

print("--- instructions")
instructions = list(dis.get_instructions(sample))
print({"RESUME"} <= {i.opname for i in instructions}, any(i.argval == "total" for i in instructions),
      all(i.opname in dis.opmap for i in instructions))
print([line - sample.__code__.co_firstlineno for _, line in dis.findlinestarts(generator.__code__) if line][:2] != [])
entries = [line for _, line in dis.findlinestarts(generator.__code__)]
print(entries[0] == generator.__code__.co_firstlineno)
