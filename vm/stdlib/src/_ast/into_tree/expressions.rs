//! Expressions.

use ruff_python_ast::{
    self as ast, BoolOp, CmpOp, ConversionFlag, Expr, ExprContext, InterpolatedStringElement, Number,
    Operator, UnaryOp, name::Name,
};
use ruff_text_size::{Ranged, TextRange, TextSize};
use taipan_objects::bytes::bytes_value;
use taipan_objects::complex::PyComplex;
use taipan_objects::int::int_ref;
use taipan_objects::prelude::*;
use taipan_objects::tuple::PyTuple;

use super::{Begun, Walk, field, list, number, required, text, unnumbered};

impl Walk {
    pub(super) fn expression_field(&mut self, obj: &Obj, name: &str) -> PyResult<Box<Expr>> {
        self.expression_box(obj, name, 0)
    }

    pub(super) fn expressions<C: FromIterator<Expr>>(
        &mut self,
        obj: &Obj,
        name: &str,
        level: usize,
    ) -> PyResult<C> {
        list(obj, name)?.iter().map(|item| self.expression(item, level)).collect()
    }

    pub(super) fn expression(&mut self, obj: &Obj, level: usize) -> PyResult<Expr> {
        self.nested(level, |walk, level| walk.expression_inside(obj, level))
    }

    pub(super) fn operator(&mut self, obj: &Obj) -> PyResult<Operator> {
        Ok(match self.name(obj) {
            "Add" => Operator::Add,
            "Sub" => Operator::Sub,
            "Mult" => Operator::Mult,
            "MatMult" => Operator::MatMult,
            "Div" => Operator::Div,
            "Mod" => Operator::Mod,
            "Pow" => Operator::Pow,
            "LShift" => Operator::LShift,
            "RShift" => Operator::RShift,
            "BitOr" => Operator::BitOr,
            "BitXor" => Operator::BitXor,
            "BitAnd" => Operator::BitAnd,
            "FloorDiv" => Operator::FloorDiv,
            _ => {
                return Err(type_error(format!(
                    "expected some sort of operator, but got {}",
                    repr_string(obj)?
                )));
            }
        })
    }

    fn comparison(&mut self, obj: &Obj) -> PyResult<CmpOp> {
        Ok(match self.name(obj) {
            "Eq" => CmpOp::Eq,
            "NotEq" => CmpOp::NotEq,
            "Lt" => CmpOp::Lt,
            "LtE" => CmpOp::LtE,
            "Gt" => CmpOp::Gt,
            "GtE" => CmpOp::GtE,
            "Is" => CmpOp::Is,
            "IsNot" => CmpOp::IsNot,
            "In" => CmpOp::In,
            "NotIn" => CmpOp::NotIn,
            _ => {
                return Err(type_error(format!(
                    "expected some sort of cmpop, but got {}",
                    repr_string(obj)?
                )));
            }
        })
    }

    fn context(&mut self, obj: &Obj) -> PyResult<ExprContext> {
        Ok(match self.name(&required(obj, "ctx")?) {
            "Store" => ExprContext::Store,
            "Del" => ExprContext::Del,
            _ => ExprContext::Load,
        })
    }

    pub(super) fn arguments(
        &mut self,
        start: TextSize,
        args: Box<[Expr]>,
        obj: &Obj,
        level: usize,
    ) -> PyResult<ast::Arguments> {
        let mut keywords = Vec::new();
        for keyword in list(obj, "keywords")? {
            let begun = self.begin(&keyword)?;
            let arg = self.optional_identifier(&keyword, "arg", begun.start)?;
            let value = self.expression(&required(&keyword, "value")?, level)?;
            keywords.push(ast::Keyword { range: self.end(begun), node_index: unnumbered(), arg, value });
        }
        let range = TextRange::new(start, self.source.last());
        Ok(ast::Arguments { range, node_index: unnumbered(), args, keywords: keywords.into_iter().collect() })
    }

    fn parameter(&mut self, obj: &Obj, level: usize) -> PyResult<ast::Parameter> {
        let begun = self.begin(obj)?;
        let name = self.identifier_field(obj, "arg", begun.start)?;
        let annotation = self.optional_expression(obj, "annotation", level)?;
        Ok(ast::Parameter { range: self.end(begun), node_index: unnumbered(), name, annotation })
    }

    fn optional_parameter(
        &mut self,
        obj: &Obj,
        name: &str,
        level: usize,
    ) -> PyResult<Option<Box<ast::Parameter>>> {
        match field(obj, name)? {
            Some(parameter) => Ok(Some(Box::new(self.parameter(&parameter, level)?))),
            None => Ok(None),
        }
    }

    pub(super) fn parameters(&mut self, obj: &Obj, level: usize) -> PyResult<ast::Parameters> {
        let start = self.source.last();
        let mut positional = Vec::new();
        let first_plain = list(obj, "posonlyargs")?.len();
        for parameter in list(obj, "posonlyargs")?.iter().chain(&list(obj, "args")?) {
            positional.push(self.parameter(parameter, level)?);
        }
        let vararg = self.optional_parameter(obj, "vararg", level)?;
        let with_default = |parameter: ast::Parameter, default: Option<Box<Expr>>| {
            ast::ParameterWithDefault { range: parameter.range, node_index: unnumbered(), parameter, default }
        };
        let mut kwonlyargs = Vec::new();
        let kw_defaults = match field(obj, "kw_defaults")? {
            Some(defaults) => collect(&defaults)?,
            None => Vec::new(),
        };
        for (index, parameter) in list(obj, "kwonlyargs")?.iter().enumerate() {
            let parameter = self.parameter(parameter, level)?;
            let default = match kw_defaults.get(index) {
                Some(default) if !taipan_objects::singletons::is_none(default) => {
                    Some(Box::new(self.expression(default, level)?))
                }
                _ => None,
            };
            kwonlyargs.push(with_default(parameter, default));
        }
        let kwarg = self.optional_parameter(obj, "kwarg", level)?;
        let defaults: Vec<Expr> = self.expressions(obj, "defaults", level)?;
        let without = positional.len().checked_sub(defaults.len());
        let without =
            without.ok_or_else(|| value_error("more positional defaults than args on arguments"))?;
        let defaults = std::iter::repeat_with(|| None)
            .take(without)
            .chain(defaults.into_iter().map(|d| Some(Box::new(d))));
        let mut all: Vec<ast::ParameterWithDefault> = positional
            .into_iter()
            .zip(defaults)
            .map(|(parameter, default)| with_default(parameter, default))
            .collect();
        let args = all.split_off(first_plain.min(all.len()));
        Ok(ast::Parameters {
            range: TextRange::new(start, self.source.last()),
            node_index: unnumbered(),
            posonlyargs: all.into_iter().collect(),
            args: args.into_iter().collect(),
            vararg,
            kwonlyargs: kwonlyargs.into_iter().collect(),
            kwarg,
        })
    }

    fn generators(&mut self, obj: &Obj, level: usize) -> PyResult<Vec<ast::Comprehension>> {
        let mut generators = Vec::new();
        for generator in list(obj, "generators")? {
            let target = self.expression(&required(&generator, "target")?, level)?;
            let iter = self.expression(&required(&generator, "iter")?, level)?;
            let ifs = self.expressions(&generator, "ifs", level)?;
            let is_async = number(&generator, "is_async")? != 0;
            let range = TextRange::new(target.start(), self.source.last());
            generators.push(ast::Comprehension {
                range,
                node_index: unnumbered(),
                target,
                iter,
                ifs,
                is_async,
            });
        }
        Ok(generators)
    }

    fn expression_inside(&mut self, obj: &Obj, level: usize) -> PyResult<Expr> {
        let kind = self.name(obj);
        let begun = self.begin(obj)?;
        match kind {
            "ListComp" | "SetComp" | "DictComp" | "GeneratorExp" => {
                self.comprehension(obj, kind, begun, level)
            }
            "Attribute" | "Subscript" | "Starred" | "Name" | "List" | "Tuple" => {
                self.assignable(obj, kind, begun, level)
            }
            "JoinedStr" | "TemplateStr" | "FormattedValue" | "Interpolation" => {
                self.interpolated(obj, kind, begun, level)
            }
            "Constant" => {
                let value = getattr_opt(obj, &istr!("value"))?.unwrap_or_else(none);
                let unicode = text(obj, "kind")?.is_some_and(|kind| kind == "u");
                let range = self.end(begun);
                self.constant(&value, range, unicode)
            }
            _ => self.operation(obj, kind, begun, level),
        }
    }

    fn comprehension(&mut self, obj: &Obj, kind: &str, begun: Begun, level: usize) -> PyResult<Expr> {
        let node_index = unnumbered();
        if kind == "DictComp" {
            let key = Some(self.expression_box(obj, "key", level)?);
            let value = self.expression_box(obj, "value", level)?;
            let generators = self.generators(obj, level)?;
            let range = self.end(begun);
            return Ok(Expr::DictComp(ast::ExprDictComp { node_index, range, key, value, generators }));
        }
        let elt = self.expression_box(obj, "elt", level)?;
        let generators = self.generators(obj, level)?;
        let range = self.end(begun);
        Ok(match kind {
            "ListComp" => Expr::ListComp(ast::ExprListComp { node_index, range, elt, generators }),
            "SetComp" => Expr::SetComp(ast::ExprSetComp { node_index, range, elt, generators }),
            _ => Expr::Generator(ast::ExprGenerator {
                node_index,
                range,
                elt,
                generators,
                parenthesized: true,
            }),
        })
    }

    fn assignable(&mut self, obj: &Obj, kind: &str, begun: Begun, level: usize) -> PyResult<Expr> {
        let node_index = unnumbered();
        let ctx = self.context(obj)?;
        Ok(match kind {
            "Attribute" => {
                let value = self.expression_box(obj, "value", level)?;
                let name = text(obj, "attr")?.unwrap_or_default();
                // The name is what the expression ends with.
                let (line, column) = begun.end;
                let at = self.source.place(line, column.saturating_sub(name.len() as u32));
                let attr = self.identifier(&name, at);
                Expr::Attribute(ast::ExprAttribute { node_index, range: self.end(begun), value, attr, ctx })
            }
            "Subscript" => {
                let value = self.expression_box(obj, "value", level)?;
                let slice = self.expression_box(obj, "slice", level)?;
                Expr::Subscript(ast::ExprSubscript { node_index, range: self.end(begun), value, slice, ctx })
            }
            "Starred" => {
                let value = self.expression_box(obj, "value", level)?;
                Expr::Starred(ast::ExprStarred { node_index, range: self.end(begun), value, ctx })
            }
            "Name" => {
                let id = Name::new(text(obj, "id")?.unwrap_or_default());
                Expr::Name(ast::ExprName { node_index, range: self.end(begun), id, ctx })
            }
            "List" => {
                let elts = self.expressions(obj, "elts", level)?;
                Expr::List(ast::ExprList { node_index, range: self.end(begun), elts, ctx })
            }
            _ => {
                let elts = self.expressions(obj, "elts", level)?;
                let range = self.end(begun);
                Expr::Tuple(ast::ExprTuple { node_index, range, elts, ctx, parenthesized: true })
            }
        })
    }

    fn operation(&mut self, obj: &Obj, kind: &str, begun: Begun, level: usize) -> PyResult<Expr> {
        let node_index = unnumbered();
        Ok(match kind {
            "BoolOp" => {
                let op = if self.name(&required(obj, "op")?) == "And" { BoolOp::And } else { BoolOp::Or };
                let values = self.expressions(obj, "values", level)?;
                Expr::BoolOp(ast::ExprBoolOp { node_index, range: self.end(begun), op, values })
            }
            "NamedExpr" => {
                let target = self.expression_box(obj, "target", level)?;
                let value = self.expression_box(obj, "value", level)?;
                Expr::Named(ast::ExprNamed { node_index, range: self.end(begun), target, value })
            }
            "BinOp" => {
                let left = self.expression_box(obj, "left", level)?;
                let op = self.operator(&required(obj, "op")?)?;
                let right = self.expression_box(obj, "right", level)?;
                Expr::BinOp(ast::ExprBinOp { node_index, range: self.end(begun), left, op, right })
            }
            "UnaryOp" => {
                let op = match self.name(&required(obj, "op")?) {
                    "Invert" => UnaryOp::Invert,
                    "Not" => UnaryOp::Not,
                    "UAdd" => UnaryOp::UAdd,
                    _ => UnaryOp::USub,
                };
                let operand = self.expression_box(obj, "operand", level)?;
                Expr::UnaryOp(ast::ExprUnaryOp { node_index, range: self.end(begun), op, operand })
            }
            "Lambda" => {
                let parameters = self.parameters(&required(obj, "args")?, level)?;
                let body = self.expression_box(obj, "body", level)?;
                let some = parameters.iter().next().is_some();
                let parameters = some.then(|| Box::new(parameters));
                Expr::Lambda(ast::ExprLambda { node_index, range: self.end(begun), parameters, body })
            }
            "IfExp" => {
                let test = self.expression_box(obj, "test", level)?;
                let body = self.expression_box(obj, "body", level)?;
                let orelse = self.expression_box(obj, "orelse", level)?;
                Expr::If(ast::ExprIf { node_index, range: self.end(begun), test, body, orelse })
            }
            "Dict" => {
                let keys = match field(obj, "keys")? {
                    Some(keys) => collect(&keys)?,
                    None => Vec::new(),
                };
                let mut items = Vec::new();
                for (key, value) in keys.iter().zip(list(obj, "values")?) {
                    let key = if taipan_objects::singletons::is_none(key) {
                        None
                    } else {
                        Some(self.expression(key, level)?)
                    };
                    items.push(ast::DictItem { key, value: self.expression(&value, level)? });
                }
                Expr::Dict(ast::ExprDict { node_index, range: self.end(begun), items })
            }
            "Set" => {
                let elts = self.expressions(obj, "elts", level)?;
                Expr::Set(ast::ExprSet { node_index, range: self.end(begun), elts })
            }
            "Await" => {
                let value = self.expression_box(obj, "value", level)?;
                Expr::Await(ast::ExprAwait { node_index, range: self.end(begun), value })
            }
            "Yield" => {
                let value = self.optional_expression(obj, "value", level)?;
                Expr::Yield(ast::ExprYield { node_index, range: self.end(begun), value })
            }
            "YieldFrom" => {
                let value = self.expression_box(obj, "value", level)?;
                Expr::YieldFrom(ast::ExprYieldFrom { node_index, range: self.end(begun), value })
            }
            "Compare" => {
                let left = self.expression_box(obj, "left", level)?;
                let ops = list(obj, "ops")?.iter().map(|op| self.comparison(op)).collect::<PyResult<_>>()?;
                let comparators = self.expressions(obj, "comparators", level)?;
                Expr::Compare(ast::ExprCompare { node_index, range: self.end(begun), left, ops, comparators })
            }
            "Call" => {
                let func = self.expression_box(obj, "func", level)?;
                let start = self.source.last();
                let args = self.expressions(obj, "args", level)?;
                let mut arguments = self.arguments(start, args, obj, level)?;
                arguments.range = TextRange::new(start, self.end(begun).end());
                Expr::Call(ast::ExprCall { node_index, range_start: begun.start, func, arguments })
            }
            "Slice" => {
                let lower = self.optional_expression(obj, "lower", level)?;
                let upper = self.optional_expression(obj, "upper", level)?;
                let step = self.optional_expression(obj, "step", level)?;
                Expr::Slice(ast::ExprSlice { node_index, range: self.end(begun), lower, upper, step })
            }
            _ => {
                return Err(type_error(format!("expected some sort of expr, but got {}", repr_string(obj)?)));
            }
        })
    }

    /// A string literal; what it says is in `source` if it has lone surrogates.
    fn string(&mut self, text: &PyStr, range: TextRange, unicode: bool) -> PyResult<Expr> {
        let (value, place) = self.characters(text)?;
        let mut flags = ast::StringLiteralFlags::empty();
        if unicode {
            flags = flags.with_prefix(ast::str_prefix::StringLiteralPrefix::Unicode);
        }
        let literal = ast::StringLiteral {
            range: place.unwrap_or(range),
            node_index: unnumbered(),
            value: value.into(),
            flags,
        };
        let value = ast::StringLiteralValue::single(literal);
        Ok(Expr::StringLiteral(ast::ExprStringLiteral { node_index: unnumbered(), range, value }))
    }

    /// A text, U+FFFD in place of lone surrogates, and then where `source` has an escape for each of either.
    fn characters(&mut self, text: &PyStr) -> PyResult<(String, Option<TextRange>)> {
        let lossy = text.to_string_lossy().into_owned();
        if !lossy.contains('\u{fffd}') {
            return Ok((lossy, None));
        }
        let bytes = taipan_objects::str::codecs::encode(text, "utf-8", "surrogatepass")?;
        let mut rest = bytes_value(&bytes).unwrap_or_default();
        let mut escapes = String::new();
        let mut value = String::new();
        while !rest.is_empty() {
            let valid = match std::str::from_utf8(rest) {
                Ok(text) => text,
                Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(),
            };
            value.push_str(valid);
            valid.matches('\u{fffd}').for_each(|_| escapes.push_str("\\ufffd"));
            rest = &rest[valid.len()..];
            if let [_, second, third, ..] = rest {
                let unit = 0xd000 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f);
                escapes.push_str(&format!("\\u{unit:04x}"));
                value.push('\u{fffd}');
                rest = &rest[3..];
            }
        }
        Ok((value, Some(self.source.text(&escapes))))
    }

    fn constant(&mut self, value: &Obj, range: TextRange, unicode: bool) -> PyResult<Expr> {
        enter_native_while(" during compilation")?;
        let node_index = unnumbered();
        let t = types();
        let class = class_of(value);
        let numeral = |value: Number| {
            Expr::NumberLiteral(ast::ExprNumberLiteral { node_index: unnumbered(), range, value })
        };
        if taipan_objects::singletons::is_none(value) {
            return Ok(Expr::NoneLiteral(ast::ExprNoneLiteral { node_index, range }));
        }
        if value.is(&ellipsis()) {
            return Ok(Expr::EllipsisLiteral(ast::ExprEllipsisLiteral { node_index, range }));
        }
        if class.is(&t.bool_) {
            let value = is_true(value)?;
            return Ok(Expr::BooleanLiteral(ast::ExprBooleanLiteral { node_index, range, value }));
        }
        if let Some(text) = value.downcast::<PyStr>() {
            return self.string(text, range, unicode);
        }
        if let Some(bytes) = bytes_value(value) {
            let flags = ast::BytesLiteralFlags::empty();
            let literal = ast::BytesLiteral { range, node_index: unnumbered(), value: bytes.into(), flags };
            let value = ast::BytesLiteralValue::single(literal);
            return Ok(Expr::BytesLiteral(ast::ExprBytesLiteral { node_index, range, value }));
        }
        if let Some(int) = int_ref(value) {
            let big = int.to_bigint();
            let digits = big.magnitude().to_str_radix(16);
            let int = ast::Int::from_str_radix(&digits, 16, &format!("0x{digits}"))
                .map_err(|_| value_error("invalid integer value"))?;
            let literal = numeral(Number::Int(int));
            if big.sign() != num_bigint::Sign::Minus {
                return Ok(literal);
            }
            let operand = Box::new(literal);
            return Ok(Expr::UnaryOp(ast::ExprUnaryOp { node_index, range, op: UnaryOp::USub, operand }));
        }
        if class.is(&t.float) {
            return Ok(numeral(Number::Float(as_f64(value)?)));
        }
        if let Some(complex) = value.downcast::<PyComplex>() {
            return Ok(numeral(Number::Complex { real: complex.real, imag: complex.imag }));
        }
        if let Some(tuple) = value.downcast::<PyTuple>() {
            let items = tuple.to_vec();
            let elts = items.iter().map(|item| self.constant(item, range, false)).collect::<PyResult<_>>()?;
            let ctx = ExprContext::Load;
            return Ok(Expr::Tuple(ast::ExprTuple { node_index, range, elts, ctx, parenthesized: true }));
        }
        if class.is(&t.frozenset) {
            let items = collect(value)?;
            let elts = items.iter().map(|item| self.constant(item, range, false)).collect::<PyResult<_>>()?;
            self.source.name_text(&node_index, taipan_compiler::FROZEN_SET.to_owned());
            return Ok(Expr::Set(ast::ExprSet { node_index, range, elts }));
        }
        Err(type_error(format!("got an invalid type in Constant: {}", class.name())))
    }

    /// f-strings and t-strings, and fields that stand alone.
    fn interpolated(&mut self, obj: &Obj, kind: &str, begun: Begun, level: usize) -> PyResult<Expr> {
        let elements = match kind {
            "JoinedStr" | "TemplateStr" => self.elements(obj, level)?,
            _ => vec![InterpolatedStringElement::Interpolation(self.interpolation(obj, level)?)],
        };
        let node_index = unnumbered();
        let range = self.end(begun);
        if matches!(kind, "TemplateStr" | "Interpolation") {
            let flags = ast::TStringFlags::empty();
            let part = ast::TString { range, node_index: unnumbered(), elements: elements.into(), flags };
            let value = ast::TStringValue::single(part);
            return Ok(Expr::TString(ast::ExprTString { node_index, range, value }));
        }
        if self.stringize {
            let unparse = taipan_objects::hooks::module_attribute("ast", "unparse")?;
            // Only in an annotation the text matters; what has none may stand elsewhere.
            let text = call1(&unparse, obj).and_then(|text| str_string(&text));
            if let Some(text) = absent_if(text, &types().value_error)? {
                self.source.name_text(&node_index, text);
            }
        }
        let flags = ast::FStringFlags::empty();
        let part = ast::FString { range, node_index: unnumbered(), elements: elements.into(), flags };
        let value = ast::FStringValue::single(part);
        Ok(Expr::FString(ast::ExprFString { node_index, range, value }))
    }

    fn elements(&mut self, obj: &Obj, level: usize) -> PyResult<Vec<InterpolatedStringElement>> {
        let mut elements = Vec::new();
        for item in list(obj, "values")? {
            match self.name(&item) {
                "Constant" => {
                    let begun = self.begin(&item)?;
                    let value = required(&item, "value")?;
                    let Some(text) = value.downcast::<PyStr>() else {
                        return Err(type_error("a Constant in a JoinedStr must be a str"));
                    };
                    let (value, place) = self.characters(text)?;
                    let range = self.end(begun);
                    elements.push(InterpolatedStringElement::Literal(
                        ast::InterpolatedStringLiteralElement {
                            range: place.unwrap_or(range),
                            node_index: unnumbered(),
                            value: value.into(),
                        },
                    ));
                }
                "JoinedStr" | "TemplateStr" => elements.extend(self.elements(&item, level + 1)?),
                "FormattedValue" | "Interpolation" => {
                    elements
                        .push(InterpolatedStringElement::Interpolation(self.interpolation(&item, level)?));
                }
                _ => {
                    // Any expression is formatted as it is.
                    let expression = Box::new(self.expression(&item, level)?);
                    elements.push(InterpolatedStringElement::Interpolation(ast::InterpolatedElement {
                        range: expression.range(),
                        node_index: unnumbered(),
                        expression,
                        debug_text: None,
                        conversion: ConversionFlag::None,
                        format_spec: None,
                    }));
                }
            }
        }
        Ok(elements)
    }

    fn interpolation(&mut self, obj: &Obj, level: usize) -> PyResult<ast::InterpolatedElement> {
        enter_native_while(" during compilation")?;
        let begun = self.begin(obj)?;
        let node_index = unnumbered();
        if let Some(text) = field(obj, "str")? {
            self.source.name_text(&node_index, str_string(&text)?);
        }
        let expression = self.expression_box(obj, "value", level)?;
        let conversion = match number(obj, "conversion")? {
            115 => ConversionFlag::Str,
            114 => ConversionFlag::Repr,
            97 => ConversionFlag::Ascii,
            -1 => ConversionFlag::None,
            other => return Err(system_error(format!("Unrecognized conversion character {other}"))),
        };
        let format_spec = match field(obj, "format_spec")? {
            Some(spec) => {
                let begun = self.begin(&spec)?;
                let elements = match self.name(&spec) {
                    "JoinedStr" | "TemplateStr" => self.elements(&spec, level + 1)?,
                    _ => {
                        let expression = Box::new(self.expression(&spec, level)?);
                        vec![InterpolatedStringElement::Interpolation(ast::InterpolatedElement {
                            range: expression.range(),
                            node_index: unnumbered(),
                            expression,
                            debug_text: None,
                            conversion: ConversionFlag::None,
                            format_spec: None,
                        })]
                    }
                };
                let range = self.end(begun);
                let elements = elements.into();
                Some(Box::new(ast::InterpolatedStringFormatSpec {
                    range,
                    node_index: unnumbered(),
                    elements,
                }))
            }
            None => None,
        };
        let range = self.end(begun);
        Ok(ast::InterpolatedElement {
            range,
            node_index,
            expression,
            debug_text: None,
            conversion,
            format_spec,
        })
    }
}
