//! First pass of the symbol table: expressions, with the scopes of lambdas and comprehensions.

use ruff_python_ast::{self as ast, Comprehension, Expr, ExprContext, InterpolatedStringElement};
use ruff_text_size::{Ranged, TextRange};

use super::build::Builder;
use super::{Role, ScopeKind, mention};
use crate::syntax_error::{Failure, Result};

impl Builder {
    pub(super) fn expr(&mut self, e: &Expr) -> Result<()> {
        match e {
            Expr::BoolOp(e) => e.values.iter().try_for_each(|v| self.expr(v)),
            Expr::Named(e) => self.named(e),
            Expr::BinOp(e) => {
                self.expr(&e.left)?;
                self.expr(&e.right)
            }
            Expr::UnaryOp(e) => self.expr(&e.operand),
            Expr::Lambda(e) => self.lambda(e),
            Expr::If(e) => {
                self.expr(&e.test)?;
                self.expr(&e.body)?;
                self.expr(&e.orelse)
            }
            Expr::Dict(e) => {
                for item in &e.items {
                    self.optional(item.key.as_ref())?;
                    self.expr(&item.value)?;
                }
                Ok(())
            }
            Expr::Set(e) => e.elts.iter().try_for_each(|v| self.expr(v)),
            Expr::ListComp(c) => self.comprehension(
                c,
                ScopeKind::Comprehension,
                "<listcomp>",
                "list comprehension",
                &c.elt,
                None,
                &c.generators,
                c.range,
            ),
            Expr::SetComp(c) => self.comprehension(
                c,
                ScopeKind::Comprehension,
                "<setcomp>",
                "set comprehension",
                &c.elt,
                None,
                &c.generators,
                c.range,
            ),
            Expr::DictComp(c) => {
                let Some(key) = &c.key else {
                    return Err(Failure::syntax(
                        "dict unpacking cannot be used in dict comprehension".into(),
                        c.value.range(),
                    ));
                };
                self.comprehension(
                    c,
                    ScopeKind::Comprehension,
                    "<dictcomp>",
                    "dict comprehension",
                    key,
                    Some(&c.value),
                    &c.generators,
                    c.range,
                )
            }
            Expr::Generator(c) => self.comprehension(
                c,
                ScopeKind::Generator,
                "<genexpr>",
                "generator expression",
                &c.elt,
                None,
                &c.generators,
                c.range,
            ),
            Expr::Await(e) => {
                self.forbid("await expression", e.range)?;
                self.check_await(e.range)?;
                if self.scope().is_comprehension_like() || self.scope().kind == ScopeKind::Module {
                    self.scope().is_coroutine = true;
                }
                self.expr(&e.value)
            }
            Expr::Yield(e) => {
                self.yielding(e.range, "'yield' outside function")?;
                self.optional(e.value.as_deref())
            }
            Expr::YieldFrom(e) => {
                self.yielding(e.range, "'yield from' outside function")?;
                self.expr(&e.value)
            }
            Expr::Compare(e) => {
                self.expr(&e.left)?;
                e.comparators.iter().try_for_each(|v| self.expr(v))
            }
            Expr::Call(e) => {
                self.expr(&e.func)?;
                self.arguments(&e.arguments)
            }
            Expr::FString(e) => e.value.elements().try_for_each(|el| self.interpolated(el)),
            Expr::TString(e) => e.value.elements().try_for_each(|el| self.interpolated(el)),
            Expr::Attribute(e) => {
                if e.attr.as_str() == "__debug__" && e.ctx != ExprContext::Load {
                    return Err(Failure::syntax("cannot assign to __debug__".into(), e.range));
                }
                if e.ctx == ExprContext::Store {
                    self.static_attribute(e);
                }
                self.expr(&e.value)
            }
            Expr::Subscript(e) => {
                self.expr(&e.value)?;
                self.expr(&e.slice)
            }
            Expr::Starred(e) => self.expr(&e.value),
            Expr::Name(e) => self.name(e),
            Expr::List(e) => e.elts.iter().try_for_each(|v| self.expr(v)),
            Expr::Tuple(e) => e.elts.iter().try_for_each(|v| self.expr(v)),
            Expr::Slice(e) => {
                self.optional(e.lower.as_deref())?;
                self.optional(e.upper.as_deref())?;
                self.optional(e.step.as_deref())
            }
            Expr::StringLiteral(_)
            | Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::IpyEscapeCommand(_) => Ok(()),
        }
    }

    fn name(&mut self, e: &ast::ExprName) -> Result<()> {
        match e.ctx {
            ExprContext::Load => {
                self.add(&e.id, mention::USE);
                if e.id.as_str() == "super" && self.scope().kind.is_function_like() {
                    self.add("__class__", mention::USE);
                }
            }
            ExprContext::Del => {
                let sym = self.bind(&e.id, mention::LOCAL, e.range)?;
                self.scope().deleted.insert(sym);
            }
            ExprContext::Store | ExprContext::Invalid => {
                self.bind(&e.id, mention::LOCAL, e.range)?;
            }
        }
        Ok(())
    }

    /// `self.x = ...` in a method counts for the class's `__static_attributes__`.
    fn static_attribute(&mut self, e: &ast::ExprAttribute) {
        let Expr::Name(object) = &*e.value else { return };
        if object.id.as_str() != "self" {
            return;
        }
        let mut id = Some(self.current);
        while let Some(i) = id {
            let scope = &mut self.table.scopes[i];
            if scope.kind == ScopeKind::Class {
                if i != self.current && !scope.static_attributes.iter().any(|a| *a == *e.attr.as_str()) {
                    scope.static_attributes.push(e.attr.to_string());
                }
                return;
            }
            id = scope.parent;
        }
    }

    fn forbid(&self, what: &str, range: TextRange) -> Result<()> {
        // What is awaited or named within a comprehension is the comprehension's own fault.
        let own = matches!(what, "await expression" | "named expression")
            && self.table.scopes[self.current].is_comprehension_like();
        match self.forbidden.filter(|_| !own) {
            Some(place) => Err(Failure::syntax(format!("{what} cannot be used within {place}"), range)),
            None if self.table.scopes[self.current].kind == ScopeKind::TypeParams => Err(Failure::syntax(
                format!("{what} cannot be used within the definition of a generic"),
                range,
            )),
            None => Ok(()),
        }
    }

    fn yielding(&mut self, range: TextRange, outside: &str) -> Result<()> {
        self.forbid("yield expression", range)?;
        let scope = self.scope();
        if scope.is_comprehension_like() {
            let what = match scope.name.as_str() {
                "<listcomp>" => "list comprehension",
                "<setcomp>" => "set comprehension",
                "<dictcomp>" => "dict comprehension",
                _ => "generator expression",
            };
            return Err(Failure::syntax(format!("'yield' inside {what}"), range));
        }
        if scope.kind == ScopeKind::Module || scope.kind == ScopeKind::Class {
            return Err(Failure::syntax(outside.into(), range));
        }
        scope.is_generator = true;
        Ok(())
    }

    fn named(&mut self, e: &ast::ExprNamed) -> Result<()> {
        self.forbid("named expression", e.range)?;
        if self.iterable_depth > 0 {
            return Err(Failure::syntax(
                "assignment expression cannot be used in a comprehension iterable expression".into(),
                e.range,
            ));
        }
        if let Expr::Name(target) = &*e.target {
            if self.scope().is_comprehension_like() {
                self.walrus_in_comprehension(target, e.range)?;
            } else {
                let sym = self.bind(&target.id, mention::LOCAL, target.range)?;
                self.scope().walrus.insert(sym);
            }
        }
        self.expr(&e.value)
    }

    /// The target belongs to the nearest block that is not a comprehension.
    fn walrus_in_comprehension(&mut self, target: &ast::ExprName, range: TextRange) -> Result<()> {
        let name = target.id.as_str();
        if name == "__debug__" {
            return Err(Failure::syntax("cannot assign to __debug__".into(), target.range));
        }
        let sym = self.sym(name);
        let mut id = self.current;
        loop {
            let scope = &mut self.table.scopes[id];
            match scope.kind {
                ScopeKind::Comprehension | ScopeKind::Generator => {
                    if scope.mentions(sym) & mention::ITERATION != 0 {
                        return Err(Failure::syntax(
                            format!(
                                "assignment expression cannot rebind comprehension iteration variable '{name}'"
                            ),
                            target.range,
                        ));
                    }
                }
                ScopeKind::Module => {
                    scope.symbol_mut(sym).mentions |= mention::GLOBAL;
                    self.scope().symbol_mut(sym).mentions |= mention::GLOBAL;
                    return Ok(());
                }
                ScopeKind::Class => {
                    return Err(Failure::syntax(
                        "assignment expression within a comprehension cannot be used in a class body".into(),
                        target.range,
                    ));
                }
                // What an annotation names is a variable of the block around it.
                ScopeKind::Annotations => {}
                ScopeKind::TypeParams => {
                    return Err(Failure::syntax(
                        "assignment expression within a comprehension cannot be used within the definition of a generic"
                            .into(),
                        range,
                    ));
                }
                ScopeKind::TypeAlias => {
                    return Err(Failure::syntax(
                        "assignment expression within a comprehension cannot be used in a type alias".into(),
                        range,
                    ));
                }
                ScopeKind::TypeVariable => {
                    return Err(Failure::syntax(
                        "assignment expression within a comprehension cannot be used in a TypeVar bound"
                            .into(),
                        range,
                    ));
                }
                ScopeKind::Function | ScopeKind::Lambda => {
                    let outer = scope.mentions(sym);
                    scope.walrus.insert(sym);
                    if outer & mention::GLOBAL != 0 {
                        self.scope().symbol_mut(sym).mentions |= mention::GLOBAL;
                    } else {
                        if outer & mention::NONLOCAL == 0 {
                            scope.symbol_mut(sym).mentions |= mention::LOCAL;
                        }
                        let mine = self.scope().symbol_mut(sym);
                        mine.mentions |= mention::NONLOCAL;
                        mine.declared_at = range;
                    }
                    return Ok(());
                }
            }
            let Some(parent) = scope.parent else { return Ok(()) };
            id = parent;
        }
    }

    fn lambda(&mut self, e: &ast::ExprLambda) -> Result<()> {
        if let Some(parameters) = &e.parameters {
            self.defaults(parameters)?;
        }
        let forbidden = self.forbidden;
        self.place = e.start();
        let outer = self.enter(ScopeKind::Lambda, "<lambda>", e, Role::Body);
        let _ = forbidden;
        if let Some(parameters) = &e.parameters {
            self.parameters(parameters)?;
        }
        self.expr(&e.body)?;
        self.leave(outer);
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn comprehension<T>(
        &mut self,
        node: &T,
        kind: ScopeKind,
        name: &str,
        _what: &str,
        element: &Expr,
        value: Option<&Expr>,
        generators: &[Comprehension],
        range: TextRange,
    ) -> Result<()> {
        let Some(first) = generators.first() else {
            return Err(Failure::syntax("invalid syntax".into(), range));
        };
        if element.is_starred_expr() {
            return Err(Failure::syntax(
                "iterable unpacking cannot be used in comprehension".into(),
                element.range(),
            ));
        }
        self.iterable(&first.iter)?;
        let forbidden = self.forbidden;
        let iterable_depth = self.iterable_depth;
        self.place = range.start();
        let outer = self.enter(kind, name, node, Role::Body);
        self.forbidden = forbidden;
        self.iterable_depth = iterable_depth;
        self.add_parameter(".0");
        if generators.iter().any(|g| g.is_async) {
            self.scope().is_coroutine = true;
        }
        for (i, generator) in generators.iter().enumerate() {
            self.iteration_target(&generator.target)?;
            if i > 0 {
                self.iterable(&generator.iter)?;
            }
            generator.ifs.iter().try_for_each(|c| self.expr(c))?;
        }
        self.expr(element)?;
        self.optional(value)?;
        let asynchronous = self.scope().is_coroutine;
        self.leave(outer);
        let parent = self.scope();
        if asynchronous
            && kind == ScopeKind::Comprehension
            && (parent.is_comprehension_like() || parent.kind == ScopeKind::Module)
        {
            self.scope().is_coroutine = true;
        }
        let top_level_await = self.top_level_await;
        let parent = self.scope();
        let allowed = parent.is_coroutine && (parent.kind != ScopeKind::Module || top_level_await);
        if asynchronous && kind == ScopeKind::Comprehension && !allowed {
            let message = "asynchronous comprehension outside of an asynchronous function";
            return Err(Failure::syntax(message.into(), range));
        }
        Ok(())
    }

    /// Code that is never executed is checked here only: assertions without their code, annotations that are not kept.
    fn check_await(&mut self, range: TextRange) -> Result<()> {
        let top_level_await = self.top_level_await;
        let scope = self.scope();
        let message = match scope.kind {
            ScopeKind::Module if !top_level_await => "'await' outside function",
            ScopeKind::Class => "'await' outside function",
            ScopeKind::Function | ScopeKind::Lambda if !scope.is_coroutine => {
                "'await' outside async function"
            }
            _ => return Ok(()),
        };
        Err(Failure::syntax(message.into(), range))
    }

    fn iterable(&mut self, e: &Expr) -> Result<()> {
        self.iterable_depth += 1;
        let result = self.expr(e);
        self.iterable_depth -= 1;
        result
    }

    fn iteration_target(&mut self, target: &Expr) -> Result<()> {
        match target {
            Expr::Name(n) => {
                let sym = self.sym(&n.id);
                if self.scope().mentions(sym) & (mention::NONLOCAL | mention::GLOBAL) != 0 {
                    return Err(Failure::syntax(
                        format!(
                            "comprehension inner loop cannot rebind assignment expression target '{}'",
                            n.id
                        ),
                        n.range,
                    ));
                }
                self.bind(&n.id, mention::LOCAL | mention::ITERATION, n.range)?;
                Ok(())
            }
            Expr::Tuple(t) => t.elts.iter().try_for_each(|e| self.iteration_target(e)),
            Expr::List(t) => t.elts.iter().try_for_each(|e| self.iteration_target(e)),
            Expr::Starred(s) => self.iteration_target(&s.value),
            other => self.expr(other),
        }
    }

    fn interpolated(&mut self, element: &InterpolatedStringElement) -> Result<()> {
        if let InterpolatedStringElement::Interpolation(e) = element {
            self.expr(&e.expression)?;
            if let Some(spec) = &e.format_spec {
                spec.elements.iter().try_for_each(|el| self.interpolated(el))?;
            }
        }
        Ok(())
    }
}
