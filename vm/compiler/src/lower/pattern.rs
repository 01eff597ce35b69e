//! `match` statements.
//!
//! A pattern is tested against a subject register and jumps to a label on failure. Captures are only stored to their names
//! when the whole pattern has matched; until then they are remembered with the register that holds their value.

use ruff_python_ast::{self as ast, Expr, Pattern, Singleton, name::Name};
use ruff_text_size::{Ranged, TextRange, TextSize};
use taipan_bytecode::{BranchFlags, Const, Op};

use super::{Compiler, Operand, Residue};
use crate::optimize::fold;
use crate::syntax_error::Result;
use crate::unit::Label;

/// A captured name and the register that holds its value.
#[derive(Clone)]
struct Capture<'a> {
    name: &'a Name,
    register: u16,
    range: TextRange,
}

/// One pattern being matched.
struct Matching<'a> {
    captures: Vec<Capture<'a>>,
    fail: Label,
    /// Temporaries that hold objects, to be dropped in the end.
    objects: Vec<u16>,
}

impl<'a> Compiler<'a> {
    pub(crate) fn match_statement(&mut self, s: &'a ast::StmtMatch) -> Result<()> {
        let mark = self.unit.depth;
        let end = self.unit.label();
        let subject = self.expr_temp(&s.subject)?;
        for (i, case) in s.cases.iter().enumerate() {
            let last = i + 1 == s.cases.len();
            if case.guard.is_none()
                && !last
                && let Some(irrefutable) = case.pattern.irrefutable_pattern()
            {
                let message = match irrefutable.kind {
                    ast::IrrefutablePatternKind::Name(name) => {
                        format!("name capture '{name}' makes remaining patterns unreachable")
                    }
                    ast::IrrefutablePatternKind::Wildcard => {
                        "wildcard makes remaining patterns unreachable".into()
                    }
                };
                return self.error(message, irrefutable.range);
            }
            let next = self.unit.label();
            let temps = self.unit.depth;
            let mut matching =
                Matching { captures: Vec::new(), fail: self.unit.label(), objects: Vec::new() };
            self.at(case.pattern.range());
            self.pattern(&case.pattern, subject.reg, &mut matching)?;
            self.store_captures(&matching);
            if let Some(guard) = &case.guard {
                self.branch(guard, matching.fail, false)?;
            }
            // What is dropped after the match belongs to the body, which is where the branch leads then. A wildcard has nothing else.
            let wildcard =
                matches!(&case.pattern, Pattern::MatchAs(p) if p.pattern.is_none() && p.name.is_none());
            if let Some(first) = case.body.first().filter(|_| !wildcard) {
                self.at(first.range());
            }
            for object in matching.objects.iter().rev() {
                self.unit.emit(Op::Drop, *object as u32, 0, 0);
            }
            self.drop_operand(subject, None);
            self.unit.release(temps);
            self.body(&case.body)?;
            self.unit.position.line = 0;
            self.unit.jump(end);
            self.unit.place(matching.fail);
            self.at(case.pattern.range());
            for object in matching.objects.iter().rev() {
                self.unit.emit(Op::Drop, *object as u32, 0, 0);
            }
            self.unit.place(next);
        }
        self.drop_operand(subject, None);
        self.unit.release(mark);
        self.unit.place(end);
        Ok(())
    }

    fn store_captures(&mut self, matching: &Matching<'a>) {
        for (i, capture) in matching.captures.iter().enumerate() {
            self.at(capture.range);
            let again = matching.captures[i + 1..].iter().any(|c| c.register == capture.register);
            let owned = matching.objects.contains(&capture.register) && !again;
            let residue = if owned { Residue::Object } else { Residue::InPlace };
            self.store_name(capture.name, Operand { reg: capture.register, residue });
        }
    }

    fn pattern(&mut self, p: &'a Pattern, subject: u16, m: &mut Matching<'a>) -> Result<()> {
        match p {
            Pattern::MatchValue(p) => {
                let mark = self.unit.depth;
                let value = self.pattern_value(&p.value)?;
                self.at(p.range);
                let drop = if value.residue == Residue::Object { BranchFlags::DROP_B } else { 0 };
                self.unit.emit(Op::BranchEq, subject as u32, value.reg as u32, drop as u32);
                self.unit.jump_op(Op::Target, 0, m.fail);
                self.unit.release(mark);
                Ok(())
            }
            Pattern::MatchSingleton(p) => {
                self.at(p.range);
                let value = match p.value {
                    Singleton::None => {
                        self.unit.jump_op(Op::JumpIfNotNone, subject, m.fail);
                        return Ok(());
                    }
                    Singleton::True => Const::True,
                    Singleton::False => Const::False,
                };
                let value = self.load_const(value, None);
                self.unit.emit(Op::BranchIs, subject as u32, value.reg as u32, 0);
                self.unit.jump_op(Op::Target, 0, m.fail);
                self.unit.release(value.reg as u32);
                Ok(())
            }
            Pattern::MatchAs(p) => {
                if let Some(inner) = &p.pattern {
                    self.pattern(inner, subject, m)?;
                }
                self.capture(p.name.as_ref(), subject, m)
            }
            Pattern::MatchOr(p) => self.or_pattern(p, subject, m),
            Pattern::MatchSequence(p) => self.sequence_pattern(p, subject, m),
            Pattern::MatchMapping(p) => self.mapping_pattern(p, subject, m),
            Pattern::MatchClass(p) => self.class_pattern(p, subject, m),
            Pattern::MatchStar(p) => self.error("can't use starred pattern here", p.range),
        }
    }

    fn pattern_value(&mut self, e: &'a Expr) -> Result<Operand> {
        let valid = matches!(
            e,
            Expr::NumberLiteral(_)
                | Expr::StringLiteral(_)
                | Expr::BytesLiteral(_)
                | Expr::Attribute(_)
                | Expr::UnaryOp(_)
                | Expr::BinOp(_)
                | Expr::NoneLiteral(_)
                | Expr::BooleanLiteral(_)
        );
        let wrong_operator = match e {
            Expr::BinOp(b) => !matches!(b.op, ast::Operator::Add | ast::Operator::Sub),
            // `-1 ** 2` is a power under a sign.
            Expr::UnaryOp(u) => !matches!(*u.operand, Expr::NumberLiteral(_)),
            _ => false,
        };
        if !valid || wrong_operator {
            if let Expr::UnaryOp(u) = e
                && let Expr::BinOp(b) = &*u.operand
                && let Some(operator) = self.operator_range(b)
            {
                return self.error("invalid syntax", operator);
            }
            return self.error("patterns may only match literals and attribute lookups", e.range());
        }
        self.expr(e, None)
    }

    /// Where the operator stands in the source, if there is one.
    fn operator_range(&self, b: &ast::ExprBinOp) -> Option<TextRange> {
        let start = b.left.range().end();
        let between = self.source.text.get(start.to_usize()..b.right.range().start().to_usize())?;
        let at = between.find(b.op.as_str())?;
        Some(TextRange::at(start + TextSize::new(at as u32), TextSize::of(b.op.as_str())))
    }

    fn capture(
        &mut self,
        name: Option<&'a ast::Identifier>,
        register: u16,
        m: &mut Matching<'a>,
    ) -> Result<()> {
        let Some(name) = name else { return Ok(()) };
        if m.captures.iter().any(|c| *c.name == name.id) {
            return self.error(format!("multiple assignments to name '{name}' in pattern"), name.range);
        }
        m.captures.push(Capture { name: &name.id, register, range: name.range });
        Ok(())
    }

    fn or_pattern(&mut self, p: &'a ast::PatternMatchOr, subject: u16, m: &mut Matching<'a>) -> Result<()> {
        let matched = self.unit.label();
        let mut names: Option<Vec<Capture<'a>>> = None;
        for (i, alternative) in p.patterns.iter().enumerate() {
            let last = i + 1 == p.patterns.len();
            if !last && let Some(irrefutable) = alternative.irrefutable_pattern() {
                let message = match irrefutable.kind {
                    ast::IrrefutablePatternKind::Name(name) => {
                        format!("name capture '{name}' makes remaining patterns unreachable")
                    }
                    ast::IrrefutablePatternKind::Wildcard => {
                        "wildcard makes remaining patterns unreachable".into()
                    }
                };
                return self.error(message, irrefutable.range);
            }
            if names.is_none() {
                // Registers for the captures: the same for all alternatives.
                let mut found = Vec::new();
                captured_names(alternative, &mut found);
                let mut captures: Vec<Capture<'a>> = Vec::new();
                for (name, range) in found {
                    if captures.iter().any(|c| c.name == name) {
                        continue;
                    }
                    let register = self.unit.temp();
                    m.objects.push(register);
                    self.unit.emit(Op::Drop, register as u32, 0, 0);
                    captures.push(Capture { name, register, range });
                }
                names = Some(captures);
            }
            let mark = self.unit.depth;
            let mut inner = Matching { captures: Vec::new(), fail: self.unit.label(), objects: Vec::new() };
            self.pattern(alternative, subject, &mut inner)?;
            let expected = names.as_deref().unwrap_or(&[]);
            let same = expected.len() == inner.captures.len()
                && expected.iter().all(|c| inner.captures.iter().any(|i| i.name == c.name));
            if !same {
                return self.error("alternative patterns bind different names", p.range);
            }
            for capture in &inner.captures {
                if let Some(target) = expected.iter().find(|c| c.name == capture.name) {
                    self.unit.emit(Op::Copy, target.register as u32, capture.register as u32, 0);
                }
            }
            for object in inner.objects.iter().rev() {
                self.unit.emit(Op::Drop, *object as u32, 0, 0);
            }
            self.unit.jump(matched);
            self.unit.place(inner.fail);
            for object in inner.objects.iter().rev() {
                self.unit.emit(Op::Drop, *object as u32, 0, 0);
            }
            self.unit.release(mark);
        }
        self.unit.jump(m.fail);
        self.unit.place(matched);
        for capture in names.unwrap_or_default() {
            if m.captures.iter().any(|c| c.name == capture.name) {
                return self.error(
                    format!("multiple assignments to name '{}' in pattern", capture.name),
                    capture.range,
                );
            }
            m.captures.push(capture);
        }
        Ok(())
    }

    /// Tests the items of consecutive registers.
    fn item_patterns(&mut self, patterns: &[&'a Pattern], first: u16, m: &mut Matching<'a>) -> Result<()> {
        for (i, pattern) in patterns.iter().enumerate() {
            let register = first + i as u16;
            match pattern {
                Pattern::MatchStar(star) => self.capture(star.name.as_ref(), register, m)?,
                pattern => self.pattern(pattern, register, m)?,
            }
        }
        Ok(())
    }

    fn object_temps(&mut self, count: usize, m: &mut Matching<'a>) -> u16 {
        let first = self.unit.temps(count as u32);
        m.objects.extend((0..count as u16).map(|i| first + i));
        first
    }

    fn sequence_pattern(
        &mut self,
        p: &'a ast::PatternMatchSequence,
        subject: u16,
        m: &mut Matching<'a>,
    ) -> Result<()> {
        let mut star = None;
        for (i, pattern) in p.patterns.iter().enumerate() {
            if matches!(pattern, Pattern::MatchStar(_)) {
                if star.is_some() {
                    return self.error("multiple starred names in sequence pattern", p.range);
                }
                star = Some(i);
            }
        }
        let count = p.patterns.len();
        let required = count - star.is_some() as usize;
        self.at(p.range);
        let t = self.unit.temp();
        self.unit.emit(Op::MatchSequence, t as u32, subject as u32, 0);
        self.unit.jump_op(Op::JumpIfFalse, t, m.fail);
        if star.is_none() || required > 0 {
            self.unit.emit(Op::GetLen, t as u32, subject as u32, 0);
            let op = if star.is_some() { Op::BranchGeImm } else { Op::BranchEqImm };
            self.unit.emit(op, t as u32, required as u32 & 0x7fff, 0);
            self.unit.jump_op(Op::Target, 0, m.fail);
        }
        self.unit.release(t as u32);
        let ignored = |p: &Pattern| match p {
            Pattern::MatchStar(star) => star.name.is_none(),
            Pattern::MatchAs(p) => p.pattern.is_none() && p.name.is_none(),
            _ => false,
        };
        if p.patterns.iter().all(ignored) {
            return Ok(());
        }
        let patterns: Vec<&'a Pattern> = p.patterns.iter().collect();
        match star {
            Some(at) if ignored(&p.patterns[at]) => {
                for (i, pattern) in patterns.iter().enumerate() {
                    if i == at || ignored(pattern) {
                        continue;
                    }
                    let item = self.object_temps(1, m);
                    self.at(pattern.range());
                    if i < at {
                        self.unit.emit(Op::SubscrImm, item as u32, subject as u32, i as u32);
                    } else {
                        self.unit.emit(Op::GetLen, item as u32, subject as u32, 0);
                        self.unit.emit(Op::SubImm, item as u32, item as u32, (count - i) as u32);
                        self.unit.emit(Op::Subscr, item as u32, subject as u32, item as u32);
                    }
                    self.item_patterns(&[pattern], item, m)?;
                }
                Ok(())
            }
            Some(at) => {
                let after = count - at - 1;
                if at > 255 || after > 255 {
                    return self.error("too many expressions in star-unpacking sequence pattern", p.range);
                }
                let first = self.object_temps(count, m);
                let arg = at as u32 | (after as u32) << 8;
                self.unit.emit(Op::UnpackEx, first as u32, subject as u32, arg);
                self.item_patterns(&patterns, first, m)
            }
            None => {
                let first = self.object_temps(count, m);
                self.unit.emit(Op::UnpackSequence, first as u32, subject as u32, count as u32);
                self.item_patterns(&patterns, first, m)
            }
        }
    }

    fn mapping_pattern(
        &mut self,
        p: &'a ast::PatternMatchMapping,
        subject: u16,
        m: &mut Matching<'a>,
    ) -> Result<()> {
        let count = p.keys.len();
        self.at(p.range);
        let t = self.unit.temp();
        self.unit.emit(Op::MatchMapping, t as u32, subject as u32, 0);
        self.unit.jump_op(Op::JumpIfFalse, t, m.fail);
        if count > 0 {
            self.unit.emit(Op::GetLen, t as u32, subject as u32, 0);
            self.unit.emit(Op::BranchGeImm, t as u32, count as u32 & 0x7fff, 0);
            self.unit.jump_op(Op::Target, 0, m.fail);
        }
        self.unit.release(t as u32);
        let mut seen: Vec<Vec<u8>> = Vec::new();
        for key in &p.keys {
            if let Some(key_constant) = self.fold(key).and_then(|c| fold::equality_key(&c)) {
                if seen.contains(&key_constant) {
                    let text = self.source.slice(key);
                    return self.error(format!("mapping pattern checks duplicate key ({text})"), p.range);
                }
                seen.push(key_constant);
            }
        }
        let mut keys = None;
        if count > 0 {
            let first = self.object_temps(1, m);
            self.unit.release(first as u32);
            for key in &p.keys {
                let mark = self.unit.depth;
                let value = self.pattern_value(key)?;
                self.unit.release(mark);
                if value.is_temp() {
                    self.unit.temp();
                } else {
                    self.into_temp(value);
                }
            }
            self.at(p.range);
            self.unit.emit(Op::BuildTuple, first as u32, first as u32, count as u32);
            self.unit.release(first as u32 + 1);
            let values = self.object_temps(1, m);
            self.unit.emit(Op::MatchKeys, values as u32, subject as u32, first as u32);
            self.unit.jump_op(Op::JumpIfNone, values, m.fail);
            let items = self.object_temps(count, m);
            self.unit.emit(Op::UnpackSequence, items as u32, super::take(values), count as u32);
            let patterns: Vec<&'a Pattern> = p.patterns.iter().collect();
            self.item_patterns(&patterns, items, m)?;
            keys = Some(first);
        }
        if let Some(rest) = &p.rest {
            let dict = self.object_temps(1, m);
            self.at(rest.range);
            self.unit.emit(Op::BuildMap, dict as u32, dict as u32, 0);
            self.unit.emit(Op::DictUpdate, dict as u32, subject as u32, 0);
            if let Some(keys) = keys {
                let mark = self.unit.depth;
                let first = self.unit.temps(count as u32);
                self.unit.emit(Op::UnpackSequence, first as u32, keys as u32, count as u32);
                for i in 0..count as u32 {
                    self.unit.emit(Op::DeleteSubscr, dict as u32, first as u32 + i, 0);
                    self.unit.emit(Op::Drop, first as u32 + i, 0, 0);
                }
                self.unit.release(mark);
            }
            self.capture(Some(rest), dict, m)?;
        }
        Ok(())
    }

    fn class_pattern(
        &mut self,
        p: &'a ast::PatternMatchClass,
        subject: u16,
        m: &mut Matching<'a>,
    ) -> Result<()> {
        let positional = p.arguments.patterns.len();
        let keywords = &p.arguments.keywords;
        for (i, keyword) in keywords.iter().enumerate() {
            if keywords[..i].iter().any(|k| k.attr.id == keyword.attr.id) {
                return self.error(
                    format!("attribute name repeated in class pattern: {}", keyword.attr),
                    keyword.pattern.range(),
                );
            }
        }
        let values = self.object_temps(1, m);
        self.unit.release(values as u32);
        let class = self.expr(&p.cls, None)?;
        self.unit.release(values as u32 + 1);
        self.at(p.range);
        let names = keywords.iter().map(|k| Const::Str(k.attr.to_string())).collect();
        let names = self.unit.constant(Const::Tuple(names));
        self.unit.emit(Op::MatchClass, values as u32, subject as u32, class.reg as u32);
        self.unit.emit_wide(Op::KwNames, positional as u16, names);
        self.drop_operand(class, Some(values));
        self.unit.jump_op(Op::JumpIfNone, values, m.fail);
        let count = positional + keywords.len();
        if count == 0 {
            return Ok(());
        }
        let items = self.object_temps(count, m);
        self.unit.emit(Op::UnpackSequence, items as u32, super::take(values), count as u32);
        let patterns: Vec<&'a Pattern> =
            p.arguments.patterns.iter().chain(keywords.iter().map(|k| &k.pattern)).collect();
        self.item_patterns(&patterns, items, m)
    }
}

/// The names that a pattern captures.
fn captured_names<'a>(p: &'a Pattern, names: &mut Vec<(&'a Name, TextRange)>) {
    let mut add = |name: &'a Option<ast::Identifier>| {
        if let Some(name) = name {
            names.push((&name.id, name.range));
        }
    };
    match p {
        Pattern::MatchValue(_) | Pattern::MatchSingleton(_) => {}
        Pattern::MatchStar(p) => add(&p.name),
        Pattern::MatchAs(p) => {
            add(&p.name);
            if let Some(inner) = &p.pattern {
                captured_names(inner, names);
            }
        }
        Pattern::MatchMapping(p) => {
            add(&p.rest);
            p.patterns.iter().for_each(|p| captured_names(p, names));
        }
        Pattern::MatchSequence(p) => p.patterns.iter().for_each(|p| captured_names(p, names)),
        Pattern::MatchClass(p) => {
            p.arguments.patterns.iter().for_each(|p| captured_names(p, names));
            p.arguments.keywords.iter().for_each(|k| captured_names(&k.pattern, names));
        }
        Pattern::MatchOr(p) => {
            if let Some(first) = p.patterns.first() {
                captured_names(first, names);
            }
        }
    }
}
