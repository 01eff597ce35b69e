# A longer program: lexer, parser, compiler and stack machine of a small language.
import re, operator, sys
from collections import namedtuple, ChainMap
from dataclasses import dataclass, field
Token = namedtuple("Token", "kind text line")
SPEC = [("num", r"\d+(?:\.\d+)?"), ("str", r'"[^"]*"'), ("id", r"[A-Za-z_]\w*"), ("op", r"==|!=|<=|>=|->|[-+*/%<>=(){},;\[\]!]"), ("nl", r"\n"), ("ws", r"[ \t]+"), ("com", r"#[^\n]*"), ("bad", r".")]
RE = re.compile("|".join(f"(?P<{n}>{p})" for n, p in SPEC)); WORDS = {"fn", "let", "if", "else", "while", "return", "print", "true", "false", "nil", "and", "or"}
class LangError(Exception):
    def __init__(self, message, line): super().__init__(f"line {line}: {message}"); self.line = line
def lex(source):
    line = 1
    for m in RE.finditer(source):
        kind, text = m.lastgroup, m.group()
        if kind == "nl": line += 1
        elif kind == "bad": raise LangError(f"bad character {text!r}", line)
        elif kind not in ("ws", "com"): yield Token("word" if text in WORDS else kind, text, line)
    yield Token("end", "", line)
class Parser:
    LEVELS = [("or",), ("and",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%")]
    def __init__(self, source): self.tokens = list(lex(source)); self.at = 0
    @property
    def token(self): return self.tokens[self.at]
    def take(self, *texts):
        if self.token.text in texts and self.token.kind != "str": self.at += 1; return self.tokens[self.at - 1]
    def need(self, text):
        return self.take(text) or self.fail(f"expected {text!r}, found {self.token.text!r}")
    def fail(self, message): raise LangError(message, self.token.line)
    def name(self):
        if self.token.kind != "id": self.fail(f"expected a name, found {self.token.text!r}")
        self.at += 1; return self.tokens[self.at - 1].text
    def program(self):
        out = []
        while self.token.kind != "end": out.append(self.statement())
        return out
    def block(self):
        self.need("{"); out = []
        while not self.take("}"): out.append(self.statement())
        return out
    def statement(self):
        line = self.token.line
        if self.take("let"): n = self.name(); self.need("="); e = self.expr(); self.need(";"); return ("let", n, e)
        if self.take("print"): e = self.expr(); self.need(";"); return ("print", e)
        if self.take("return"): e = ("const", None) if self.token.text == ";" else self.expr(); self.need(";"); return ("return", e)
        if self.take("if"):
            c, t = self.expr(), self.block(); e = []
            if self.take("else"): e = [self.statement()] if self.token.text == "if" else self.block()
            return ("if", c, t, e)
        if self.take("while"): return ("while", self.expr(), self.block())
        if self.take("fn"): n = self.name(); return ("let", n, self.function(n))
        e = self.expr()
        if self.take("="):
            v = self.expr(); self.need(";")
            if e[0] == "var": return ("set", e[1], v, line)
            if e[0] == "index": return ("setindex", e[1], e[2], v)
            raise LangError("cannot assign to this", line)
        self.need(";"); return ("expr", e)
    def function(self, name):
        self.need("("); params = []
        while not self.take(")"):
            params.append(self.name())
            if not self.take(","): self.need(")"); break
        return ("fn", name, params, self.block())
    def expr(self, level=0):
        if level == len(self.LEVELS): return self.unary()
        left = self.expr(level + 1)
        while t := self.take(*self.LEVELS[level]): left = ("logic" if t.text in ("and", "or") else "bin", t.text, left, self.expr(level + 1), t.line)
        return left
    def unary(self):
        if t := self.take("-", "!"): return ("un", t.text, self.unary(), t.line)
        e = self.atom()
        while t := self.take("(", "["):
            if t.text == "[": i = self.expr(); self.need("]"); e = ("index", e, i, t.line)
            else:
                args = []
                while not self.take(")"):
                    args.append(self.expr())
                    if not self.take(","): self.need(")"); break
                e = ("call", e, args, t.line)
        return e
    def atom(self):
        t = self.token; self.at += 1
        match t:
            case Token("num", text): return ("const", float(text) if "." in text else int(text))
            case Token("str", text): return ("const", text[1:-1])
            case Token("word", "true" | "false" | "nil" as w): return ("const", {"true": True, "false": False, "nil": None}[w])
            case Token("word", "fn"): return self.function("anonymous")
            case Token("id", text): return ("var", text, t.line)
            case Token(_, "("): e = self.expr(); self.need(")"); return e
            case Token(_, "["):
                items = []
                while not self.take("]"):
                    items.append(self.expr())
                    if not self.take(","): self.need("]"); break
                return ("list", items)
        self.at -= 1; self.fail(f"unexpected {t.text or 'end'!r}")
OPS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "%": operator.mod, "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge, "/": lambda a, b: a // b if isinstance(a, int) and isinstance(b, int) else a / b}
@dataclass
class Code:
    name: str
    params: list
    ops: list = field(default_factory=list)
    def emit(self, *op): self.ops.append(op); return len(self.ops) - 1
    def patch(self, at): self.ops[at] = (self.ops[at][0], len(self.ops))
class Compiler:
    def compile(self, name, params, body): c = Code(name, params); self.c, old = c, getattr(self, "c", None); [self.visit(s) for s in body]; c.emit("const", None); c.emit("return"); self.c = old; return c
    def visit(self, n): getattr(self, "do_" + n[0])(*n[1:])
    def do_const(self, v): self.c.emit("const", v)
    def do_var(self, n, line): self.c.emit("load", n, line)
    def do_let(self, n, e): self.visit(e); self.c.emit("let", n)
    def do_set(self, n, e, line): self.visit(e); self.c.emit("store", n, line)
    def do_print(self, e): self.visit(e); self.c.emit("print")
    def do_return(self, e): self.visit(e); self.c.emit("return")
    def do_expr(self, e): self.visit(e); self.c.emit("pop")
    def do_bin(self, op, a, b, line): self.visit(a); self.visit(b); self.c.emit("bin", op, line)
    def do_un(self, op, a, line): self.visit(a); self.c.emit("un", op, line)
    def do_logic(self, op, a, b, line): self.visit(a); j = self.c.emit("jor" if op == "or" else "jand", 0); self.c.emit("pop"); self.visit(b); self.c.patch(j)
    def do_list(self, items): [self.visit(i) for i in items]; self.c.emit("list", len(items))
    def do_index(self, a, i, line): self.visit(a); self.visit(i); self.c.emit("index", line)
    def do_setindex(self, a, i, v): [self.visit(x) for x in (a, i, v)]; self.c.emit("setindex")
    def do_call(self, f, args, line): self.visit(f); [self.visit(a) for a in args]; self.c.emit("call", len(args), line)
    def do_fn(self, name, params, body): self.c.emit("fn", Compiler().compile(name, params, body))
    def do_if(self, c, t, e):
        self.visit(c); j = self.c.emit("jfalse", 0); [self.visit(s) for s in t]; k = self.c.emit("jump", 0); self.c.patch(j); [self.visit(s) for s in e]; self.c.patch(k)
    def do_while(self, c, body):
        top = len(self.c.ops); self.visit(c); j = self.c.emit("jfalse", 0); [self.visit(s) for s in body]; self.c.emit("jump", top); self.c.patch(j)
class Closure:
    def __init__(self, code, env): self.code, self.env = code, env
    def __repr__(self): return f"<fn {self.code.name}/{len(self.code.params)}>"
class Machine:
    def __init__(self): self.globals = ChainMap({"len": len, "push": lambda l, v: l.append(v), "str": str, "range": lambda n: list(range(n))}); self.steps = 0
    def run(self, source):
        code = Compiler().compile("main", [], Parser(source).program()); frames, stack = [[code, 0, self.globals]], []
        while True:
            frame = frames[-1]; op = frame[0].ops[frame[1]]; frame[1] += 1; self.steps += 1
            match op:
                case ("const", v): stack.append(v)
                case ("load", n, line):
                    try: stack.append(frame[2][n])
                    except KeyError: raise LangError(f"{n} is not defined", line) from None
                case ("let", n): frame[2].maps[0][n] = stack.pop()
                case ("store", n, line):
                    for m in frame[2].maps:
                        if n in m: m[n] = stack.pop(); break
                    else: raise LangError(f"{n} is not defined", line)
                case ("bin", o, line):
                    b, a = stack.pop(), stack.pop()
                    try: stack.append(OPS[o](a, b))
                    except (TypeError, ZeroDivisionError) as e: raise LangError(f"{o}: {e}", line) from e
                case ("un", o, _): v = stack.pop(); stack.append(-v if o == "-" else not v)
                case ("jump", t): frame[1] = t
                case ("jfalse", t): frame[1] = frame[1] if stack.pop() else t
                case ("jand", t): frame[1] = frame[1] if stack[-1] else t
                case ("jor", t): frame[1] = t if stack[-1] else frame[1]
                case ("pop",): stack.pop()
                case ("print",): print("  ", stack.pop())
                case ("list", n): items = stack[len(stack) - n:]; del stack[len(stack) - n:]; stack.append(items)
                case ("index", line):
                    i, a = stack.pop(), stack.pop()
                    try: stack.append(a[i])
                    except (IndexError, TypeError) as e: raise LangError(str(e), line) from None
                case ("setindex",): v, i, a = stack.pop(), stack.pop(), stack.pop(); a[i] = v
                case ("fn", c): stack.append(Closure(c, frame[2]))
                case ("call", n, line):
                    args = stack[len(stack) - n:]; del stack[len(stack) - n:]; f = stack.pop()
                    if isinstance(f, Closure):
                        if len(args) != len(f.code.params): raise LangError(f"{f} takes {len(f.code.params)} arguments, got {n}", line)
                        if len(frames) > 5000: raise LangError("stack overflow", line)
                        frames.append([f.code, 0, f.env.new_child(dict(zip(f.code.params, args)))])
                    elif callable(f): stack.append(f(*args))
                    else: raise LangError(f"{f!r} is not a function", line)
                case ("return",):
                    frames.pop()
                    if not frames: return stack.pop()
PROGRAMS = ["""
fn fib(n) { if n < 2 { return n; } return fib(n - 1) + fib(n - 2); }
print fib(12); let i = 0; while i < 3 { print "i = " + str(i); i = i + 1; }""", """
fn counter() { let n = 0; return fn() { n = n + 1; return n; }; }
let a = counter(); let b = counter(); a(); a(); print [a(), b()]; print counter;""", """
fn sort(l) { let i = 0; while i < len(l) { let j = 0; while j < len(l) - 1 { if l[j] > l[j + 1] { let t = l[j]; l[j] = l[j + 1]; l[j + 1] = t; } j = j + 1; } i = i + 1; } return l; }
print sort([5, 2, 9, 1, 7]); print 7 / 2; print 7.0 / 2; print -3 % 5; print 1 < 2 and 2 < 1 or "yes"; print !true; if false { print 1; } else if nil { print 2; } else { print 3; }""",
"""fn map(f, l) { let out = []; let i = 0; while i < len(l) { push(out, f(l[i])); i = i + 1; } return out; }
print map(fn(x) { return x * x; }, range(8)); print map(str, [1, nil, true]);""",
"print 1 +;", "let x = ;", "print y;", "print 1 / 0;", "fn f(a) { return a; } f(1, 2);", "print [1][5];", "5 = 3;", "let s = \"a\" + 1;", "print @;", "fn r() { return r(); } r();", "x = 5;", "print 3(4);", "while true {"]
total = 0
for source in PROGRAMS:
    m = Machine(); print("program", source.strip().splitlines()[0][:40])
    try: m.run(source)
    except LangError as e: print("  error", e, "| cause", repr(e.__cause__))
    total += m.steps
print(total)
