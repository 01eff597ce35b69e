//! String literals, f-strings, t-strings and docstrings.

use ruff_python_ast::{
    self as ast, ConversionFlag, Expr, ExprStringLiteral, FStringPart, InterpolatedElement,
    InterpolatedStringElement, Stmt, StringLiteral,
};
use ruff_text_size::{Ranged, TextRange};
use taipan_bytecode::{Const, Conversion, Op};

use super::{Compiler, Operand, Residue};
use crate::source::Source;
use crate::syntax_error::Result;

/// The value of a string literal. The parser puts U+FFFD in place of escaped lone surrogates; these are
/// read from the source again.
pub(crate) fn string_constant(source: &Source<'_>, e: &ExprStringLiteral) -> Const {
    let text = e.value.to_str();
    if !text.contains('\u{fffd}') {
        return Const::Str(text.to_owned());
    }
    let mut bytes = Vec::new();
    for part in &e.value {
        part_bytes(source, part, &mut bytes);
    }
    from_bytes(bytes)
}

fn part_bytes(source: &Source<'_>, part: &StringLiteral, bytes: &mut Vec<u8>) {
    restore_surrogates(&part.value, source.slice(part), part.flags.prefix().is_raw(), bytes);
}

fn from_bytes(bytes: Vec<u8>) -> Const {
    match String::from_utf8(bytes) {
        Ok(text) => Const::Str(text),
        Err(error) => Const::SurrogateStr(error.into_bytes()),
    }
}

/// Appends `value` in WTF-8, with the surrogates that `literal` escapes.
fn restore_surrogates(value: &str, literal: &str, raw: bool, bytes: &mut Vec<u8>) {
    if raw || !value.contains('\u{fffd}') {
        bytes.extend(value.as_bytes());
        return;
    }
    let mut originals = replacement_originals(literal).into_iter();
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        if c != '\u{fffd}' {
            bytes.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match originals.next().flatten() {
            Some(unit) => {
                let unit = unit as u32;
                bytes.extend([
                    0xe0 | (unit >> 12) as u8,
                    0x80 | (unit >> 6 & 0x3f) as u8,
                    0x80 | (unit & 0x3f) as u8,
                ]);
            }
            None => bytes.extend("\u{fffd}".as_bytes()),
        }
    }
}

/// For each U+FFFD that the parser makes of a literal: the surrogate it stands for, or None if it
/// is itself.
fn replacement_originals(literal: &str) -> Vec<Option<u16>> {
    let mut found = Vec::new();
    let mut rest = literal.chars();
    while let Some(c) = rest.next() {
        if c == '\u{fffd}' {
            found.push(None);
        }
        if c != '\\' {
            continue;
        }
        let digits = match rest.next() {
            Some('u') => 4,
            Some('U') => 8,
            Some('x') => 2,
            Some('N') => {
                let name: String = rest.clone().take_while(|c| *c != '}').collect();
                if name.eq_ignore_ascii_case("{REPLACEMENT CHARACTER") {
                    found.push(None);
                }
                continue;
            }
            _ => continue,
        };
        let text: String = rest.clone().take(digits).collect();
        match u32::from_str_radix(&text, 16) {
            Ok(0xfffd) => found.push(None),
            Ok(unit @ 0xd800..=0xdfff) => found.push(Some(unit as u16)),
            _ => {}
        }
    }
    found
}

/// Removes the common indentation of a docstring, as the compiler does since Python 3.13.
fn clean_docstring(doc: &str) -> String {
    let doc = expand_tabs(doc);
    let mut lines = doc.split('\n');
    let first = lines.next().unwrap_or("");
    let margin = lines
        .clone()
        .filter(|line| !line.trim_start_matches(' ').is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    let mut cleaned = first.trim_start_matches(' ').to_owned();
    for line in lines {
        cleaned.push('\n');
        let indent = line.len() - line.trim_start_matches(' ').len();
        cleaned.push_str(&line[indent.min(margin)..]);
    }
    cleaned
}

fn expand_tabs(text: &str) -> String {
    if !text.contains('\t') {
        return text.to_owned();
    }
    let mut expanded = String::with_capacity(text.len());
    let mut column = 0;
    for c in text.chars() {
        match c {
            '\t' => {
                let blanks = 8 - column % 8;
                expanded.extend(std::iter::repeat_n(' ', blanks));
                column += blanks;
            }
            '\n' | '\r' => {
                expanded.push(c);
                column = 0;
            }
            _ => {
                expanded.push(c);
                column += 1;
            }
        }
    }
    expanded
}

/// A piece of an f-string with neighbors that are literal joined.
enum Piece<'a> {
    Literal(Vec<u8>),
    Field(&'a InterpolatedElement),
}

fn push_literal<'a>(pieces: &mut Vec<Piece<'a>>, add: impl FnOnce(&mut Vec<u8>)) {
    if !matches!(pieces.last(), Some(Piece::Literal(_))) {
        pieces.push(Piece::Literal(Vec::new()));
    }
    if let Some(Piece::Literal(bytes)) = pieces.last_mut() {
        add(bytes);
    }
}

impl<'a> Compiler<'a> {
    /// The docstring of a body, cleaned, and the rest of the body.
    pub(crate) fn docstring(&self, body: &'a [Stmt]) -> Option<(Const, &'a [Stmt])> {
        let (first, rest) = body.split_first()?;
        let Stmt::Expr(e) = first else { return None };
        let Expr::StringLiteral(s) = &*e.value else { return None };
        let doc = match string_constant(self.source, s) {
            Const::Str(text) => Const::Str(clean_docstring(&text)),
            other => other,
        };
        Some((doc, rest))
    }

    pub(crate) fn module_docstring(&mut self, body: &'a [Stmt]) -> &'a [Stmt] {
        let Some((doc, rest)) = self.docstring(body) else { return body };
        if self.options.optimize < 2 {
            self.at(body[0].range());
            let t = self.load_const_temp(doc);
            self.store_class_name("__doc__", t);
            self.unit.release(t as u32);
        }
        rest
    }

    pub(crate) fn f_string(&mut self, f: &'a ast::ExprFString, dst: Option<u16>) -> Result<Operand> {
        let mut pieces = Vec::new();
        for part in &f.value {
            match part {
                FStringPart::Literal(literal) => {
                    let source = self.source;
                    push_literal(&mut pieces, |bytes| part_bytes(source, literal, bytes));
                }
                FStringPart::FString(f) => {
                    self.pieces(&f.elements, f.flags.prefix().is_raw(), &mut pieces);
                }
            }
        }
        self.build_string(pieces, f.range, dst)
    }

    fn pieces(&self, elements: &'a [InterpolatedStringElement], raw: bool, pieces: &mut Vec<Piece<'a>>) {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(literal) => {
                    let source = self.source.slice(literal);
                    push_literal(pieces, |bytes| {
                        restore_surrogates(&literal.value, source, raw, bytes);
                    });
                }
                InterpolatedStringElement::Interpolation(field) => {
                    if let Some(text) = &field.debug_text {
                        let text = without_comments(text.as_str());
                        push_literal(pieces, |bytes| bytes.extend(text.as_bytes()));
                    }
                    pieces.push(Piece::Field(field));
                }
            }
        }
    }

    fn build_string(
        &mut self,
        pieces: Vec<Piece<'a>>,
        range: TextRange,
        dst: Option<u16>,
    ) -> Result<Operand> {
        let pieces: Vec<Piece<'a>> =
            pieces.into_iter().filter(|p| !matches!(p, Piece::Literal(bytes) if bytes.is_empty())).collect();
        let mut pieces = pieces.into_iter();
        match (pieces.len(), pieces.as_slice().first()) {
            (0, _) => {
                self.at(range);
                return Ok(self.load_const(Const::Str(String::new()), dst));
            }
            (1, Some(Piece::Field(field))) => return self.format_field(field, dst),
            (1, _) => {
                self.at(range);
                let Some(Piece::Literal(bytes)) = pieces.next() else {
                    return self.error("invalid f-string", range);
                };
                return Ok(self.load_const(from_bytes(bytes), dst));
            }
            _ => {}
        }
        let mark = self.unit.depth;
        let mut count = 0;
        for piece in pieces {
            match piece {
                Piece::Literal(bytes) => {
                    self.at(range);
                    self.load_const(from_bytes(bytes), None);
                }
                Piece::Field(field) => {
                    self.format_field(field, None)?;
                }
            }
            count += 1;
            if count == 60 {
                // Long ones are joined in steps.
                self.unit.emit(Op::BuildString, mark, mark, count);
                self.unit.release(mark + 1);
                count = 1;
            }
        }
        self.unit.release(mark);
        let d = self.dest(dst);
        self.at(range);
        self.unit.emit(Op::BuildString, d as u32, mark, count);
        Ok(self.result(d, dst, Residue::Plain))
    }

    fn conversion(field: &InterpolatedElement) -> Conversion {
        match field.conversion {
            ConversionFlag::Str => Conversion::Str,
            ConversionFlag::Repr => Conversion::Repr,
            ConversionFlag::Ascii => Conversion::Ascii,
            ConversionFlag::None if field.debug_text.is_some() && field.format_spec.is_none() => {
                Conversion::Repr
            }
            ConversionFlag::None => Conversion::None,
        }
    }

    fn format_field(&mut self, field: &'a InterpolatedElement, dst: Option<u16>) -> Result<Operand> {
        let mark = self.unit.depth;
        let conversion = Self::conversion(field);
        let Some(spec) = &field.format_spec else {
            let value = self.expr(&field.expression, None)?;
            self.unit.release(mark);
            let d = self.dest(dst);
            self.at(field.range);
            self.unit.emit(Op::FormatSimple, d as u32, value.reg as u32, conversion as u32);
            self.drop_operand(value, Some(d));
            return Ok(self.result(d, dst, Residue::Plain));
        };
        let mut value = self.expr_stable(&field.expression)?;
        if conversion != Conversion::None {
            let old = value;
            self.unit.release(mark);
            let t = self.unit.temp();
            self.at(field.range);
            self.unit.emit(Op::ConvertValue, t as u32, old.reg as u32, conversion as u32);
            value = Operand { reg: t, residue: Residue::Plain };
        }
        let mut pieces = Vec::new();
        self.pieces(&spec.elements, false, &mut pieces);
        let spec = self.build_string(pieces, spec.range, None)?;
        self.unit.release(mark);
        let d = self.dest(dst);
        self.at(field.range);
        self.unit.emit(Op::FormatWithSpec, d as u32, value.reg as u32, spec.reg as u32);
        self.drop_operand(value, Some(d));
        Ok(self.result(d, dst, Residue::Plain))
    }

    pub(crate) fn t_string(&mut self, t: &'a ast::ExprTString, dst: Option<u16>) -> Result<Operand> {
        let mark = self.unit.depth;
        let mut pieces = Vec::new();
        for part in &t.value {
            self.pieces(&part.elements, part.flags.prefix().is_raw(), &mut pieces);
        }
        let mut strings = Vec::new();
        let mut fields = Vec::new();
        let mut text = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(bytes) => text = bytes,
                Piece::Field(field) => {
                    strings.push(from_bytes(std::mem::take(&mut text)));
                    fields.push(field);
                }
            }
        }
        strings.push(from_bytes(text));
        let first = self.unit.temps(2);
        self.at(t.range);
        self.load_const(Const::Tuple(strings), Some(first));
        self.unit.release(first as u32 + 1);
        if fields.len() <= 60 {
            for field in &fields {
                self.interpolation(field)?;
            }
            self.at(t.range);
            self.unit.emit(Op::BuildTuple, first as u32 + 1, first as u32 + 1, fields.len() as u32);
        } else {
            let list = self.unit.temp();
            self.unit.emit(Op::BuildList, list as u32, list as u32, 0);
            for field in &fields {
                let item = self.interpolation(field)?;
                self.unit.emit(Op::ListAppend, list as u32, super::take(item), 0);
                self.unit.release(item as u32);
            }
            self.at(t.range);
            self.unit.emit(Op::ListToTuple, list as u32, list as u32, 0);
        }
        self.unit.release(mark);
        let d = self.dest(dst);
        self.unit.emit(Op::BuildTemplate, d as u32, first as u32, first as u32 + 1);
        self.unit.emit(Op::Drop, first as u32 + 1, 0, 0);
        Ok(self.result(d, dst, Residue::Object))
    }

    fn interpolation(&mut self, field: &'a InterpolatedElement) -> Result<u16> {
        let value = self.expr_temp(&field.expression)?;
        let text = self.field_text(field);
        self.load_const_temp(Const::Str(text));
        let mut flags = Self::conversion(field) as u32;
        if let Some(spec) = &field.format_spec {
            let mut pieces = Vec::new();
            self.pieces(&spec.elements, false, &mut pieces);
            self.build_string(pieces, spec.range, None)?;
            flags |= 4;
        }
        self.at(field.range);
        self.unit.emit(Op::BuildInterpolation, value.reg as u32, value.reg as u32, flags);
        self.unit.release(value.reg as u32 + 1);
        Ok(value.reg)
    }

    /// The expression of a field as written, blanks around it included, up to what ends it.
    fn field_text(&self, field: &InterpolatedElement) -> String {
        if let Some(text) = self.source.named(&field.node_index) {
            return text.to_owned();
        }
        interpolation_text(self.source.text, field)
    }
}

/// The expression of a t-string's field as `source` has it, blanks around it included, up to what ends it.
pub fn interpolation_text(source: &str, field: &InterpolatedElement) -> String {
    let start = field.range.start().to_usize() + 1;
    let mut end = field.expression.range().end().to_usize();
    let mut comment = false;
    for (i, c) in source.get(end..field.range.end().to_usize()).unwrap_or_default().char_indices() {
        match c {
            '\n' => comment = false,
            _ if comment => {}
            '#' => comment = true,
            ')' => {}
            c if c.is_whitespace() => {}
            _ => {
                end += i;
                break;
            }
        }
    }
    without_comments(source.get(start..end).unwrap_or_default())
}

/// An expression's text without its comments; line ends stay.
fn without_comments(text: &str) -> String {
    if !text.contains('#') {
        return text.to_owned();
    }
    let mut kept = String::with_capacity(text.len());
    let (mut quote, mut comment) = (None::<char>, false);
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if comment && c != '\n' {
            continue;
        }
        comment = false;
        match (quote, c) {
            (None, '#') => {
                comment = true;
                continue;
            }
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some(_), '\\') => {
                kept.push(c);
                kept.extend(characters.next());
                continue;
            }
            _ => {}
        }
        kept.push(c);
    }
    kept
}
