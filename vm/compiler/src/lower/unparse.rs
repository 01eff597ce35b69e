//! Expressions back to text, in the form that `from __future__ import annotations` stores (CPython's
//! `Python/ast_unparse.c`).

use ruff_python_ast::{
    BoolOp, CmpOp, Comprehension, ConversionFlag, Expr, ExprFString, FStringPart, InterpolatedStringElement,
    Number, Operator, Parameters, UnaryOp,
};

use crate::source::Source;

/// Binding strength, weakest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Tuple,
    Test,
    Or,
    And,
    Not,
    Compare,
    BitOr,
    BitXor,
    BitAnd,
    Shift,
    Sum,
    Term,
    Factor,
    Power,
    Await,
    Atom,
}

/// The canonical text of an expression.
pub(crate) fn unparse(source: &Source<'_>, e: &Expr) -> String {
    let mut writer = Writer { source, out: String::new() };
    writer.expr(e, Level::Test);
    writer.out
}

struct Writer<'a> {
    source: &'a Source<'a>,
    out: String,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn grouped(&mut self, open: bool, write: impl FnOnce(&mut Self)) {
        if open {
            self.out.push('(');
        }
        write(self);
        if open {
            self.out.push(')');
        }
    }

    fn list(&mut self, elts: &[Expr], level: Level) {
        for (i, e) in elts.iter().enumerate() {
            if i > 0 {
                self.text(", ");
            }
            self.expr(e, level);
        }
    }

    fn expr(&mut self, e: &Expr, level: Level) {
        match e {
            Expr::BoolOp(b) => {
                let (own, word) = match b.op {
                    BoolOp::And => (Level::And, " and "),
                    BoolOp::Or => (Level::Or, " or "),
                };
                self.grouped(level > own, |w| {
                    for (i, value) in b.values.iter().enumerate() {
                        if i > 0 {
                            w.text(word);
                        }
                        w.expr(value, next(own));
                    }
                });
            }
            Expr::Named(n) => self.grouped(level > Level::Tuple, |w| {
                w.expr(&n.target, Level::Atom);
                w.text(" := ");
                w.expr(&n.value, Level::Atom);
            }),
            Expr::BinOp(b) => {
                let (own, word, right_assoc) = operator(b.op);
                self.grouped(level > own, |w| {
                    w.expr(&b.left, if right_assoc { next(own) } else { own });
                    w.text(word);
                    w.expr(&b.right, if right_assoc { own } else { next(own) });
                });
            }
            Expr::UnaryOp(u) => {
                let (own, word) = match u.op {
                    UnaryOp::Invert => (Level::Factor, "~"),
                    UnaryOp::Not => (Level::Not, "not "),
                    UnaryOp::UAdd => (Level::Factor, "+"),
                    UnaryOp::USub => (Level::Factor, "-"),
                };
                self.grouped(level > own, |w| {
                    w.text(word);
                    w.expr(&u.operand, own);
                });
            }
            Expr::Lambda(l) => self.grouped(level > Level::Test, |w| {
                w.text("lambda");
                if let Some(parameters) = &l.parameters
                    && !parameters.is_empty()
                {
                    w.text(" ");
                    w.parameters(parameters);
                }
                w.text(": ");
                w.expr(&l.body, Level::Test);
            }),
            Expr::If(i) => self.grouped(level > Level::Test, |w| {
                w.expr(&i.body, next(Level::Test));
                w.text(" if ");
                w.expr(&i.test, next(Level::Test));
                w.text(" else ");
                w.expr(&i.orelse, Level::Test);
            }),
            Expr::Dict(d) => {
                self.text("{");
                for (i, item) in d.items.iter().enumerate() {
                    if i > 0 {
                        self.text(", ");
                    }
                    match &item.key {
                        Some(key) => {
                            self.expr(key, Level::Test);
                            self.text(": ");
                            self.expr(&item.value, Level::Test);
                        }
                        None => {
                            self.text("**");
                            self.expr(&item.value, Level::BitOr);
                        }
                    }
                }
                self.text("}");
            }
            Expr::Set(s) => {
                self.text("{");
                self.list(&s.elts, Level::Test);
                self.text("}");
            }
            Expr::ListComp(c) => self.comprehension("[", &c.elt, None, &c.generators, "]"),
            Expr::SetComp(c) => self.comprehension("{", &c.elt, None, &c.generators, "}"),
            Expr::DictComp(c) => {
                let key = c.key.as_deref().unwrap_or(&c.value);
                self.comprehension("{", key, Some(&c.value), &c.generators, "}");
            }
            Expr::Generator(c) => self.comprehension("(", &c.elt, None, &c.generators, ")"),
            Expr::Await(a) => self.grouped(level > Level::Await, |w| {
                w.text("await ");
                w.expr(&a.value, Level::Atom);
            }),
            Expr::Yield(y) => {
                self.text("(yield");
                if let Some(value) = &y.value {
                    self.text(" ");
                    self.expr(value, Level::Test);
                }
                self.text(")");
            }
            Expr::YieldFrom(y) => {
                self.text("(yield from ");
                self.expr(&y.value, Level::Test);
                self.text(")");
            }
            Expr::Compare(c) => self.grouped(level > Level::Compare, |w| {
                w.expr(&c.left, next(Level::Compare));
                for (op, right) in c.ops.iter().zip(&c.comparators[..]) {
                    w.text(comparison(*op));
                    w.expr(right, next(Level::Compare));
                }
            }),
            Expr::Call(c) => {
                self.expr(&c.func, Level::Atom);
                self.text("(");
                if let ([Expr::Generator(g)], true) = (&c.arguments.args[..], c.arguments.keywords.is_empty())
                {
                    self.comprehension("", &g.elt, None, &g.generators, "");
                } else {
                    self.list(&c.arguments.args, Level::Test);
                    for (i, keyword) in c.arguments.keywords.iter().enumerate() {
                        if i > 0 || !c.arguments.args.is_empty() {
                            self.text(", ");
                        }
                        match &keyword.arg {
                            Some(name) => {
                                self.text(name);
                                self.text("=");
                            }
                            None => self.text("**"),
                        }
                        self.expr(&keyword.value, Level::Test);
                    }
                }
                self.text(")");
            }
            Expr::Attribute(a) => {
                self.expr(&a.value, Level::Atom);
                // `1 .real`
                if matches!(&*a.value, Expr::NumberLiteral(n) if n.value.is_int()) {
                    self.text(" ");
                }
                self.text(".");
                self.text(&a.attr);
            }
            Expr::Subscript(s) => {
                self.expr(&s.value, Level::Atom);
                self.text("[");
                self.expr(&s.slice, Level::Tuple);
                self.text("]");
            }
            Expr::Starred(s) => {
                self.text("*");
                self.expr(&s.value, Level::BitOr);
            }
            Expr::Name(n) => self.text(&n.id),
            Expr::List(l) => {
                self.text("[");
                self.list(&l.elts, Level::Test);
                self.text("]");
            }
            Expr::Tuple(t) if t.elts.is_empty() => self.text("()"),
            Expr::Tuple(t) => self.grouped(level > Level::Tuple, |w| {
                w.list(&t.elts, Level::Test);
                if t.elts.len() == 1 {
                    w.text(",");
                }
            }),
            Expr::Slice(s) => {
                if let Some(lower) = &s.lower {
                    self.expr(lower, Level::Test);
                }
                self.text(":");
                if let Some(upper) = &s.upper {
                    self.expr(upper, Level::Test);
                }
                if let Some(step) = &s.step {
                    self.text(":");
                    self.expr(step, Level::Test);
                }
            }
            Expr::StringLiteral(s) => {
                if s.value.is_unicode() {
                    self.out.push('u');
                }
                self.string(s.value.to_str());
            }
            Expr::BytesLiteral(b) => self.bytes(&b.value.bytes().collect::<Vec<u8>>()),
            Expr::NumberLiteral(n) => self.number(&n.value),
            Expr::BooleanLiteral(b) => self.text(if b.value { "True" } else { "False" }),
            Expr::NoneLiteral(_) => self.text("None"),
            Expr::EllipsisLiteral(_) => self.text("..."),
            Expr::FString(f) => match self.source.named(&f.node_index) {
                Some(text) => self.text(text),
                None => {
                    let body = self.f_string(f);
                    self.out.push('f');
                    self.string(&body);
                }
            },
            Expr::TString(_) | Expr::IpyEscapeCommand(_) => {
                let text = self.source.slice(e);
                self.text(text);
            }
        }
    }

    /// What is between the quotes of an f-string, before its own escapes.
    fn f_string(&self, f: &ExprFString) -> String {
        let mut body = String::new();
        for part in &f.value {
            match part {
                FStringPart::Literal(text) => double_braces(&text.value, &mut body),
                FStringPart::FString(part) => self.f_string_elements(&part.elements, &mut body),
            }
        }
        body
    }

    fn f_string_elements(&self, elements: &[InterpolatedStringElement], body: &mut String) {
        for element in elements {
            let field = match element {
                InterpolatedStringElement::Literal(text) => {
                    double_braces(&text.value, body);
                    continue;
                }
                InterpolatedStringElement::Interpolation(field) => field,
            };
            if let Some(text) = &field.debug_text {
                double_braces(text.as_str(), body);
            }
            let mut inner = Writer { source: self.source, out: String::new() };
            inner.expr(&field.expression, next(Level::Test));
            body.push('{');
            if inner.out.starts_with('{') {
                body.push(' ');
            }
            body.push_str(&inner.out);
            body.push_str(match field.conversion {
                ConversionFlag::Str => "!s",
                ConversionFlag::Repr => "!r",
                ConversionFlag::Ascii => "!a",
                ConversionFlag::None if field.debug_text.is_some() && field.format_spec.is_none() => "!r",
                ConversionFlag::None => "",
            });
            if let Some(spec) = &field.format_spec {
                body.push(':');
                self.f_string_elements(&spec.elements, body);
            }
            body.push('}');
        }
    }

    fn parameters(&mut self, p: &Parameters) {
        let mut first = true;
        let mut separate = |w: &mut Self| {
            if !first {
                w.text(", ");
            }
            first = false;
        };
        for (i, parameter) in p.posonlyargs.iter().chain(&p.args).enumerate() {
            separate(self);
            self.text(&parameter.parameter.name);
            if let Some(default) = &parameter.default {
                self.text("=");
                self.expr(default, Level::Test);
            }
            if i + 1 == p.posonlyargs.len() {
                self.text(", /");
            }
        }
        if p.vararg.is_some() || !p.kwonlyargs.is_empty() {
            separate(self);
            self.text("*");
            if let Some(vararg) = &p.vararg {
                self.text(&vararg.name);
            }
        }
        for parameter in &p.kwonlyargs {
            separate(self);
            self.text(&parameter.parameter.name);
            if let Some(default) = &parameter.default {
                self.text("=");
                self.expr(default, Level::Test);
            }
        }
        if let Some(kwarg) = &p.kwarg {
            separate(self);
            self.text("**");
            self.text(&kwarg.name);
        }
    }

    fn comprehension(
        &mut self,
        open: &str,
        element: &Expr,
        value: Option<&Expr>,
        generators: &[Comprehension],
        close: &str,
    ) {
        self.text(open);
        self.expr(element, Level::Test);
        if let Some(value) = value {
            self.text(": ");
            self.expr(value, Level::Test);
        }
        for generator in generators {
            self.text(if generator.is_async { " async for " } else { " for " });
            self.expr(&generator.target, Level::Tuple);
            self.text(" in ");
            self.expr(&generator.iter, next(Level::Test));
            for condition in &generator.ifs {
                self.text(" if ");
                self.expr(condition, next(Level::Test));
            }
        }
        self.text(close);
    }

    fn number(&mut self, value: &Number) {
        match value {
            Number::Int(i) => {
                let digits = i.to_string();
                let text = num_bigint_text(&digits).unwrap_or(digits);
                self.text(&text);
            }
            Number::Float(f) => {
                let text = float_text(*f);
                self.text(&text);
            }
            Number::Complex { imag, .. } => {
                let text = float_text(*imag);
                self.text(text.strip_suffix(".0").unwrap_or(&text));
                self.text("j");
            }
        }
    }

    fn string(&mut self, text: &str) {
        let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
        self.out.push(quote);
        for c in text.chars() {
            match c {
                '\n' => self.text("\\n"),
                '\r' => self.text("\\r"),
                '\t' => self.text("\\t"),
                '\\' => self.text("\\\\"),
                c if c == quote => {
                    self.out.push('\\');
                    self.out.push(c);
                }
                c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                    let escape = format!("\\x{:02x}", c as u32);
                    self.text(&escape);
                }
                c => self.out.push(c),
            }
        }
        self.out.push(quote);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
        self.out.push('b');
        self.out.push(quote);
        for b in bytes {
            match *b {
                b'\n' => self.text("\\n"),
                b'\r' => self.text("\\r"),
                b'\t' => self.text("\\t"),
                b'\\' => self.text("\\\\"),
                b if b as char == quote => {
                    self.out.push('\\');
                    self.out.push(quote);
                }
                b @ 0x20..=0x7e => self.out.push(b as char),
                b => {
                    let escape = format!("\\x{b:02x}");
                    self.text(&escape);
                }
            }
        }
        self.out.push(quote);
    }
}

fn next(level: Level) -> Level {
    match level {
        Level::Tuple => Level::Test,
        Level::Test => Level::Or,
        Level::Or => Level::And,
        Level::And => Level::Not,
        Level::Not => Level::Compare,
        Level::Compare => Level::BitOr,
        Level::BitOr => Level::BitXor,
        Level::BitXor => Level::BitAnd,
        Level::BitAnd => Level::Shift,
        Level::Shift => Level::Sum,
        Level::Sum => Level::Term,
        Level::Term => Level::Factor,
        Level::Factor => Level::Power,
        Level::Power => Level::Await,
        Level::Await | Level::Atom => Level::Atom,
    }
}

fn operator(op: Operator) -> (Level, &'static str, bool) {
    match op {
        Operator::Add => (Level::Sum, " + ", false),
        Operator::Sub => (Level::Sum, " - ", false),
        Operator::Mult => (Level::Term, " * ", false),
        Operator::MatMult => (Level::Term, " @ ", false),
        Operator::Div => (Level::Term, " / ", false),
        Operator::Mod => (Level::Term, " % ", false),
        Operator::FloorDiv => (Level::Term, " // ", false),
        Operator::LShift => (Level::Shift, " << ", false),
        Operator::RShift => (Level::Shift, " >> ", false),
        Operator::BitOr => (Level::BitOr, " | ", false),
        Operator::BitXor => (Level::BitXor, " ^ ", false),
        Operator::BitAnd => (Level::BitAnd, " & ", false),
        Operator::Pow => (Level::Power, " ** ", true),
    }
}

fn comparison(op: CmpOp) -> &'static str {
    match op {
        CmpOp::Eq => " == ",
        CmpOp::NotEq => " != ",
        CmpOp::Lt => " < ",
        CmpOp::LtE => " <= ",
        CmpOp::Gt => " > ",
        CmpOp::GtE => " >= ",
        CmpOp::Is => " is ",
        CmpOp::IsNot => " is not ",
        CmpOp::In => " in ",
        CmpOp::NotIn => " not in ",
    }
}

/// Decimal text of an integer literal.
/// Appends the text of an f-string outside of its fields.
fn double_braces(text: &str, to: &mut String) {
    to.push_str(&text.replace('{', "{{").replace('}', "}}"));
}

fn num_bigint_text(literal: &str) -> Option<String> {
    let digits: String = literal.chars().filter(|c| *c != '_').collect();
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        _ => return Some(digits),
    };
    num_bigint::BigUint::parse_bytes(digits.as_bytes(), radix).map(|n| n.to_string())
}

/// `repr` of a float, with infinity as a literal.
fn float_text(value: f64) -> String {
    if value.is_infinite() {
        return "1e309".into();
    }
    let text = format!("{value:?}");
    match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let mantissa = mantissa.strip_suffix(".0").unwrap_or(mantissa);
            match exponent.strip_prefix('-') {
                Some(digits) => format!("{mantissa}e-{digits:0>2}"),
                None => format!("{mantissa}e+{exponent:0>2}"),
            }
        }
        None => text,
    }
}
