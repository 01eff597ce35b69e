//! Expressions.

use ruff_python_ast::{
    self as ast, BoolOp, CmpOp, ConversionFlag, Expr, ExprContext, FStringPart, InterpolatedElement,
    InterpolatedStringElement, InterpolatedStringElements, Number, Operator, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange, TextSize};
use taipan_objects::prelude::*;
use taipan_objects::types::types;

use super::Builder;

/// Which nodes the fields of a string become.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Interpolated {
    F,
    T,
}

/// The pieces of an f- or t-string: neighboring texts become one constant.
struct Pieces {
    nodes: Vec<Obj>,
    text: String,
    range: Option<TextRange>,
}

impl Pieces {
    fn push_text(&mut self, text: &str, range: TextRange) {
        self.text.push_str(text);
        self.range = Some(self.range.map_or(range, |r| r.cover(range)));
    }
}

impl Builder<'_> {
    pub(super) fn operator(&self, op: Operator) -> PyResult<Obj> {
        self.shared(match op {
            Operator::Add => "Add",
            Operator::Sub => "Sub",
            Operator::Mult => "Mult",
            Operator::MatMult => "MatMult",
            Operator::Div => "Div",
            Operator::Mod => "Mod",
            Operator::Pow => "Pow",
            Operator::LShift => "LShift",
            Operator::RShift => "RShift",
            Operator::BitOr => "BitOr",
            Operator::BitXor => "BitXor",
            Operator::BitAnd => "BitAnd",
            Operator::FloorDiv => "FloorDiv",
        })
    }

    fn comparison(&self, op: CmpOp) -> PyResult<Obj> {
        self.shared(match op {
            CmpOp::Eq => "Eq",
            CmpOp::NotEq => "NotEq",
            CmpOp::Lt => "Lt",
            CmpOp::LtE => "LtE",
            CmpOp::Gt => "Gt",
            CmpOp::GtE => "GtE",
            CmpOp::Is => "Is",
            CmpOp::IsNot => "IsNot",
            CmpOp::In => "In",
            CmpOp::NotIn => "NotIn",
        })
    }

    fn context(&self, context: ExprContext) -> PyResult<Obj> {
        self.shared(match context {
            ExprContext::Load | ExprContext::Invalid => "Load",
            ExprContext::Store => "Store",
            ExprContext::Del => "Del",
        })
    }

    fn constant(&self, range: TextRange, value: Obj, kind: Obj) -> PyResult<Obj> {
        self.node("Constant", range, &[("value", value), ("kind", kind)])
    }

    fn generators(&self, generators: &[ast::Comprehension]) -> PyResult<Obj> {
        self.list(generators, |g| {
            self.plain(
                "comprehension",
                &[
                    ("target", self.expression(&g.target)?),
                    ("iter", self.expression(&g.iter)?),
                    ("ifs", self.exprs(&g.ifs)?),
                    ("is_async", int_obj(i64::from(g.is_async))),
                ],
            )
        })
    }

    fn number_value(&self, number: &Number) -> PyResult<Obj> {
        Ok(match number {
            Number::Int(int) => match int.as_i64() {
                Some(i) => taipan_objects::int::from_i64(i),
                None => {
                    call(types().int.as_obj(), &[str_obj(&int.to_string().replace('_', "")), int_obj(0)])?
                }
            },
            Number::Float(f) => float_obj(*f),
            Number::Complex { real, imag } => taipan_objects::complex::from_parts(*real, *imag),
        })
    }

    fn number(&self, range: TextRange, number: &Number) -> PyResult<Obj> {
        self.constant(range, self.number_value(number)?, none())
    }

    /// A value or key in a pattern; a negative number is a constant in optimized trees.
    pub(super) fn pattern_value(&self, value: &Expr) -> PyResult<Obj> {
        if self.folds_patterns
            && let Expr::UnaryOp(negation) = value
            && negation.op == UnaryOp::USub
            && let Expr::NumberLiteral(literal) = &*negation.operand
        {
            let number = self.number_value(&literal.value)?;
            let negative = taipan_objects::protocol::negative(&number)?;
            return self.constant(negation.range, negative, none());
        }
        self.expression(value)
    }

    fn flush(&self, pieces: &mut Pieces) -> PyResult<()> {
        let text = std::mem::take(&mut pieces.text);
        if let Some(range) = pieces.range.take()
            && !text.is_empty()
        {
            pieces.nodes.push(self.constant(range, str_obj(&text), none())?);
        }
        Ok(())
    }

    fn interpolation(
        &self,
        element: &InterpolatedElement,
        kind: Interpolated,
        pieces: &mut Pieces,
    ) -> PyResult<()> {
        let mut conversion = element.conversion;
        if let Some(debug) = &element.debug_text {
            let text = format!("{}{}{}", debug.leading(), debug.expression(), debug.trailing());
            pieces.push_text(&text, element.range);
            if conversion == ConversionFlag::None && element.format_spec.is_none() {
                conversion = ConversionFlag::Repr;
            }
        }
        self.flush(pieces)?;
        let spec = match &element.format_spec {
            None => none(),
            Some(spec) => {
                let mut inner = Pieces { nodes: Vec::new(), text: String::new(), range: None };
                self.elements(&spec.elements, kind, &mut inner)?;
                self.flush(&mut inner)?;
                // Its colon is part of it.
                let colon = TextSize::from(u32::from(self.tree.is_none()));
                let start = spec.range.start().checked_sub(colon).unwrap_or_default();
                let range = TextRange::new(start, spec.range.end());
                self.node("JoinedStr", range, &[("values", list_obj(inner.nodes))])?
            }
        };
        let value = self.expression(&element.expression)?;
        let named = self.tree.as_ref().and_then(|tree| tree.named(&element.node_index));
        let written = match named {
            Some(text) => text.to_owned(),
            None => taipan_compiler::interpolation_text(self.source, element),
        };
        let conversion = int_obj(conversion as i64);
        let node = match kind {
            Interpolated::F => self.node(
                "FormattedValue",
                element.range,
                &[("value", value), ("conversion", conversion), ("format_spec", spec)],
            )?,
            Interpolated::T => self.node(
                "Interpolation",
                element.range,
                &[
                    ("value", value),
                    ("str", str_obj(&written)),
                    ("conversion", conversion),
                    ("format_spec", spec),
                ],
            )?,
        };
        pieces.nodes.push(node);
        Ok(())
    }

    fn elements(
        &self,
        elements: &InterpolatedStringElements,
        kind: Interpolated,
        pieces: &mut Pieces,
    ) -> PyResult<()> {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(literal) => {
                    pieces.push_text(&literal.value, literal.range)
                }
                InterpolatedStringElement::Interpolation(field) => self.interpolation(field, kind, pieces)?,
            }
        }
        Ok(())
    }

    fn string_value(&self, literal: &ast::ExprStringLiteral) -> Obj {
        let value = match &self.tree {
            Some(tree) => taipan_compiler::string_value_in_tree(tree, literal),
            None => taipan_compiler::string_value(self.source, literal),
        };
        taipan_objects::code::constant(&value)
    }

    pub(super) fn expression(&self, expression: &Expr) -> PyResult<Obj> {
        enter_native_while(" during ast construction")?;
        let range = expression.range();
        match expression {
            Expr::BoolOp(e) => {
                let op = self.shared(if e.op == BoolOp::And { "And" } else { "Or" })?;
                self.node("BoolOp", range, &[("op", op), ("values", self.exprs(&e.values)?)])
            }
            Expr::Named(e) => self.node(
                "NamedExpr",
                range,
                &[("target", self.expression(&e.target)?), ("value", self.expression(&e.value)?)],
            ),
            Expr::BinOp(e) => self.node(
                "BinOp",
                range,
                &[
                    ("left", self.expression(&e.left)?),
                    ("op", self.operator(e.op)?),
                    ("right", self.expression(&e.right)?),
                ],
            ),
            Expr::UnaryOp(e) => {
                let op = self.shared(match e.op {
                    UnaryOp::Invert => "Invert",
                    UnaryOp::Not => "Not",
                    UnaryOp::UAdd => "UAdd",
                    UnaryOp::USub => "USub",
                })?;
                self.node("UnaryOp", range, &[("op", op), ("operand", self.expression(&e.operand)?)])
            }
            Expr::Lambda(e) => self.node(
                "Lambda",
                range,
                &[("args", self.arguments(e.parameters.as_deref())?), ("body", self.expression(&e.body)?)],
            ),
            Expr::If(e) => self.node(
                "IfExp",
                range,
                &[
                    ("test", self.expression(&e.test)?),
                    ("body", self.expression(&e.body)?),
                    ("orelse", self.expression(&e.orelse)?),
                ],
            ),
            Expr::Dict(e) => self.node(
                "Dict",
                range,
                &[
                    ("keys", self.list(&e.items, |item| self.optional_expr(item.key.as_ref()))?),
                    ("values", self.list(&e.items, |item| self.expression(&item.value))?),
                ],
            ),
            Expr::Set(e) => self.node("Set", range, &[("elts", self.exprs(&e.elts)?)]),
            Expr::ListComp(e) => self.node(
                "ListComp",
                range,
                &[("elt", self.expression(&e.elt)?), ("generators", self.generators(&e.generators)?)],
            ),
            Expr::SetComp(e) => self.node(
                "SetComp",
                range,
                &[("elt", self.expression(&e.elt)?), ("generators", self.generators(&e.generators)?)],
            ),
            Expr::DictComp(e) => self.node(
                "DictComp",
                range,
                &[
                    ("key", self.optional_expr(e.key.as_deref())?),
                    ("value", self.expression(&e.value)?),
                    ("generators", self.generators(&e.generators)?),
                ],
            ),
            Expr::Generator(e) => self.generator(e, range),
            Expr::Await(e) => self.node("Await", range, &[("value", self.expression(&e.value)?)]),
            Expr::Yield(e) => {
                self.node("Yield", range, &[("value", self.optional_expr(e.value.as_deref())?)])
            }
            Expr::YieldFrom(e) => self.node("YieldFrom", range, &[("value", self.expression(&e.value)?)]),
            Expr::Compare(e) => self.node(
                "Compare",
                range,
                &[
                    ("left", self.expression(&e.left)?),
                    ("ops", self.list(e.ops.iter(), |op| self.comparison(*op))?),
                    ("comparators", self.exprs(&e.comparators)?),
                ],
            ),
            Expr::Call(e) => {
                let args = match &*e.arguments.args {
                    // A generator without parentheses of its own has the call's.
                    [Expr::Generator(only)] if !only.parenthesized => {
                        list_obj(vec![self.generator(only, e.arguments.range)?])
                    }
                    args => self.exprs(args)?,
                };
                self.node(
                    "Call",
                    range,
                    &[
                        ("func", self.expression(&e.func)?),
                        ("args", args),
                        ("keywords", self.list(&e.arguments.keywords, |k| self.keyword(k))?),
                    ],
                )
            }
            Expr::FString(e) => {
                let mut pieces = Pieces { nodes: Vec::new(), text: String::new(), range: None };
                for part in &e.value {
                    match part {
                        FStringPart::Literal(literal) => pieces.push_text(&literal.value, literal.range),
                        FStringPart::FString(f) => {
                            self.elements(&f.elements, Interpolated::F, &mut pieces)?
                        }
                    }
                }
                self.flush(&mut pieces)?;
                self.node("JoinedStr", range, &[("values", list_obj(pieces.nodes))])
            }
            Expr::TString(e) => {
                let mut pieces = Pieces { nodes: Vec::new(), text: String::new(), range: None };
                for part in &e.value {
                    self.elements(&part.elements, Interpolated::T, &mut pieces)?;
                }
                self.flush(&mut pieces)?;
                self.node("TemplateStr", range, &[("values", list_obj(pieces.nodes))])
            }
            Expr::StringLiteral(e) => {
                let kind = if e.value.is_unicode() { str_obj("u") } else { none() };
                self.constant(range, self.string_value(e), kind)
            }
            Expr::BytesLiteral(e) => {
                let bytes: Vec<u8> = e.value.iter().flat_map(|part| part.value.iter().copied()).collect();
                self.constant(range, bytes_obj(&bytes), none())
            }
            Expr::NumberLiteral(e) => self.number(range, &e.value),
            Expr::BooleanLiteral(e) => self.constant(range, bool_obj(e.value), none()),
            Expr::NoneLiteral(_) => self.constant(range, none(), none()),
            Expr::EllipsisLiteral(_) => self.constant(range, ellipsis(), none()),
            Expr::Attribute(e) => self.node(
                "Attribute",
                range,
                &[
                    ("value", self.expression(&e.value)?),
                    ("attr", self.identifier(&e.attr)),
                    ("ctx", self.context(e.ctx)?),
                ],
            ),
            Expr::Subscript(e) => self.node(
                "Subscript",
                range,
                &[
                    ("value", self.expression(&e.value)?),
                    ("slice", self.expression(&e.slice)?),
                    ("ctx", self.context(e.ctx)?),
                ],
            ),
            Expr::Starred(e) => self.node(
                "Starred",
                range,
                &[("value", self.expression(&e.value)?), ("ctx", self.context(e.ctx)?)],
            ),
            // Only other characters that are normalized to these make them a name.
            Expr::Name(e) if matches!(e.id.as_str(), "True" | "False" | "None") => {
                Err(value_error(format!("identifier field can't represent '{}' constant", e.id)))
            }
            Expr::Name(e) => self.node(
                "Name",
                range,
                &[("id", intern(e.id.as_str()).into_obj()), ("ctx", self.context(e.ctx)?)],
            ),
            Expr::List(e) => {
                self.node("List", range, &[("elts", self.exprs(&e.elts)?), ("ctx", self.context(e.ctx)?)])
            }
            Expr::Tuple(e) => {
                self.node("Tuple", range, &[("elts", self.exprs(&e.elts)?), ("ctx", self.context(e.ctx)?)])
            }
            Expr::Slice(e) => self.node(
                "Slice",
                range,
                &[
                    ("lower", self.optional_expr(e.lower.as_deref())?),
                    ("upper", self.optional_expr(e.upper.as_deref())?),
                    ("step", self.optional_expr(e.step.as_deref())?),
                ],
            ),
            Expr::IpyEscapeCommand(_) => Err(syntax_error("invalid syntax")),
        }
    }

    fn generator(&self, e: &ast::ExprGenerator, range: TextRange) -> PyResult<Obj> {
        self.node(
            "GeneratorExp",
            range,
            &[("elt", self.expression(&e.elt)?), ("generators", self.generators(&e.generators)?)],
        )
    }
}
