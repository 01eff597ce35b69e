//! First pass of the symbol table: statements. Records scopes and mentions, and reports the errors that need no
//! resolution. Visits in CPython's order, so that the same error comes first and locals are numbered alike.

use ruff_python_ast::{self as ast, ExceptHandler, Expr, Mod, Pattern, Stmt, TypeParam};
use ruff_text_size::{Ranged, TextRange, TextSize};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Private, Role, Scope, ScopeId, ScopeKind, Sym, SymbolTable, address, mangle, mention};
use crate::syntax_error::{Failure, Result};

/// Builds the scopes of a module, expression or interactive statement.
///
/// `top_level_await`: whether a module may await as a coroutine does.
pub(crate) fn build(module: &Mod, future_annotations: bool, top_level_await: bool) -> Result<SymbolTable> {
    let mut table = SymbolTable { future_annotations, ..SymbolTable::default() };
    table.scopes.push(new_scope(ScopeKind::Module, "<module>", None, false));
    let mut builder = Builder {
        table,
        current: 0,
        private: None,
        place: TextSize::default(),
        conditional: 0,
        iterable_depth: 0,
        forbidden: None,
        top_level_await,
    };
    match module {
        Mod::Module(m) => builder.suite(&m.body)?,
        Mod::Expression(e) => builder.expr(&e.body)?,
    }
    Ok(builder.table)
}

pub(super) struct Builder {
    pub(super) table: SymbolTable,
    pub(super) current: ScopeId,
    /// How private names are mangled.
    pub(super) private: Option<Private>,
    /// Begin of the statement or expression being visited.
    pub(super) place: TextSize,
    /// Depth of conditional statements in the current class or module.
    conditional: u32,
    /// Inside the iterable of a comprehension, where `:=` is not allowed.
    pub(super) iterable_depth: u32,
    /// What kind of lazily evaluated place we are in, where `yield`, `await` and `:=` are not allowed.
    pub(super) forbidden: Option<&'static str>,
    /// Whether a module may await.
    pub(super) top_level_await: bool,
}

fn new_scope(kind: ScopeKind, name: &str, parent: Option<ScopeId>, nested: bool) -> Scope {
    Scope {
        kind,
        name: name.to_owned(),
        start: TextSize::default(),
        parent,
        children: Vec::new(),
        symbols: Vec::new(),
        index: FxHashMap::default(),
        params: Vec::new(),
        nested,
        is_generator: false,
        is_coroutine: false,
        is_method: false,
        can_see_class_scope: false,
        needs_class_closure: false,
        needs_class_dict: false,
        has_conditional_annotations: false,
        annotations: None,
        inlined: false,
        has_free: false,
        child_has_free: false,
        private: None,
        walrus: FxHashSet::default(),
        deleted: FxHashSet::default(),
        static_attributes: Vec::new(),
    }
}

/// State to return to when a scope is left.
pub(super) struct Outer {
    current: ScopeId,
    conditional: u32,
    iterable_depth: u32,
    forbidden: Option<&'static str>,
}

impl Builder {
    pub(super) fn scope(&mut self) -> &mut Scope {
        &mut self.table.scopes[self.current]
    }

    pub(super) fn enter<T>(&mut self, kind: ScopeKind, name: &str, node: &T, role: Role) -> Outer {
        let parent = &self.table.scopes[self.current];
        let nested = parent.nested || parent.kind.is_function_like();
        let in_class = parent.kind == ScopeKind::Class;
        let sees_class = in_class || parent.can_see_class_scope;
        let mut scope = new_scope(kind, name, Some(self.current), nested);
        scope.start = self.place;
        scope.private = self.private.clone();
        scope.is_method = in_class
            || (parent.kind == ScopeKind::TypeParams
                && parent.can_see_class_scope
                && kind == ScopeKind::Function);
        scope.can_see_class_scope = sees_class
            && matches!(
                kind,
                ScopeKind::Annotations
                    | ScopeKind::TypeParams
                    | ScopeKind::TypeAlias
                    | ScopeKind::TypeVariable
            );
        let id = self.table.scopes.len();
        let sees = scope.can_see_class_scope;
        self.table.scopes.push(scope);
        self.table.scopes[self.current].children.push(id);
        self.table.by_node.insert((address(node), role), id);
        let outer = self.switch(id);
        if sees {
            self.add("__classdict__", mention::USE);
        }
        outer
    }

    fn switch(&mut self, id: ScopeId) -> Outer {
        let outer = Outer {
            current: self.current,
            conditional: self.conditional,
            iterable_depth: self.iterable_depth,
            forbidden: self.forbidden,
        };
        self.current = id;
        self.conditional = 0;
        self.forbidden = None;
        outer
    }

    pub(super) fn leave(&mut self, outer: Outer) {
        self.current = outer.current;
        self.conditional = outer.conditional;
        self.iterable_depth = outer.iterable_depth;
        self.forbidden = outer.forbidden;
    }

    pub(super) fn sym(&mut self, name: &str) -> Sym {
        let mangled = mangle(self.private.as_ref(), name);
        self.table.intern(&mangled)
    }

    pub(super) fn add(&mut self, name: &str, flag: u32) -> Sym {
        let sym = self.sym(name);
        self.scope().symbol_mut(sym).mentions |= flag;
        sym
    }

    /// Binds a name, which must not be `__debug__`.
    pub(super) fn bind(&mut self, name: &str, flag: u32, range: TextRange) -> Result<Sym> {
        if name == "__debug__" {
            return Err(Failure::syntax("cannot assign to __debug__".into(), range));
        }
        Ok(self.add(name, flag))
    }

    pub(super) fn suite(&mut self, body: &[Stmt]) -> Result<()> {
        body.iter().try_for_each(|s| self.stmt(s))
    }

    /// Asynchronous statements at the top level make the module a coroutine, if the options allow it.
    fn asynchronous(&mut self, is_async: bool) {
        if is_async && self.scope().kind == ScopeKind::Module {
            self.scope().is_coroutine = true;
        }
    }

    fn conditionally(&mut self, body: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.conditional += 1;
        let result = body(self);
        // An error may have left an inner scope open.
        self.conditional = self.conditional.saturating_sub(1);
        result
    }

    fn stmt(&mut self, stmt: &Stmt) -> Result<()> {
        self.place = match stmt {
            // Not at the decorators.
            Stmt::FunctionDef(s) => s.name.start(),
            Stmt::ClassDef(s) => s.name.start(),
            other => other.start(),
        };
        match stmt {
            Stmt::FunctionDef(s) => self.function(s),
            Stmt::ClassDef(s) => self.class(s),
            Stmt::TypeAlias(s) => self.type_alias(s),
            Stmt::Return(s) => self.optional(s.value.as_deref()),
            Stmt::Delete(s) => s.targets.iter().try_for_each(|t| self.delete_target(t)),
            Stmt::Assign(s) => {
                s.targets.iter().try_for_each(|t| self.expr(t))?;
                self.expr(&s.value)
            }
            Stmt::AugAssign(s) => {
                self.expr(&s.target)?;
                self.expr(&s.value)
            }
            Stmt::AnnAssign(s) => self.annotated_assignment(s),
            Stmt::For(s) => {
                self.asynchronous(s.is_async);
                self.expr(&s.target)?;
                self.expr(&s.iter)?;
                self.conditionally(|b| {
                    b.suite(&s.body)?;
                    b.suite(&s.orelse)
                })
            }
            Stmt::While(s) => {
                self.expr(&s.test)?;
                self.conditionally(|b| {
                    b.suite(&s.body)?;
                    b.suite(&s.orelse)
                })
            }
            Stmt::If(s) => {
                self.expr(&s.test)?;
                self.conditionally(|b| {
                    b.suite(&s.body)?;
                    for clause in &s.elif_else_clauses {
                        b.optional(clause.test.as_ref())?;
                        b.suite(&clause.body)?;
                    }
                    Ok(())
                })
            }
            Stmt::With(s) => self.conditionally(|b| {
                b.asynchronous(s.is_async);
                for item in &s.items {
                    b.expr(&item.context_expr)?;
                    b.optional(item.optional_vars.as_deref())?;
                }
                b.suite(&s.body)
            }),
            Stmt::Match(s) => {
                self.expr(&s.subject)?;
                self.conditionally(|b| {
                    for case in &s.cases {
                        b.pattern(&case.pattern)?;
                        b.optional(case.guard.as_deref())?;
                        b.suite(&case.body)?;
                    }
                    Ok(())
                })
            }
            Stmt::Raise(s) => {
                self.optional(s.exc.as_deref())?;
                self.optional(s.cause.as_deref())
            }
            Stmt::Try(s) => self.conditionally(|b| {
                b.suite(&s.body)?;
                for ExceptHandler::ExceptHandler(handler) in &s.handlers {
                    b.optional(handler.type_.as_deref())?;
                    if let Some(name) = &handler.name {
                        let sym = b.bind(name, mention::LOCAL, handler.range)?;
                        b.scope().deleted.insert(sym);
                    }
                    b.suite(&handler.body)?;
                }
                b.suite(&s.orelse)?;
                b.suite(&s.finalbody)
            }),
            Stmt::Assert(s) => {
                self.expr(&s.test)?;
                self.optional(s.msg.as_deref())
            }
            Stmt::Import(s) => s.names.iter().try_for_each(|a| self.alias(a, false)),
            Stmt::ImportFrom(s) => s.names.iter().try_for_each(|a| self.alias(a, true)),
            Stmt::Global(s) => {
                s.names.iter().try_for_each(|n| self.declare(n, mention::GLOBAL, "global", s.range))?;
                // The module's own code means the same variable then, whatever namespace it runs in.
                for name in &s.names {
                    self.mention_in_module(name);
                }
                Ok(())
            }
            Stmt::Nonlocal(s) => {
                s.names.iter().try_for_each(|n| self.declare(n, mention::NONLOCAL, "nonlocal", s.range))
            }
            Stmt::Expr(s) => self.expr(&s.value),
            Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) | Stmt::IpyEscapeCommand(_) => Ok(()),
        }
    }

    pub(super) fn optional(&mut self, e: Option<&Expr>) -> Result<()> {
        e.map_or(Ok(()), |e| self.expr(e))
    }

    fn delete_target(&mut self, target: &Expr) -> Result<()> {
        match target {
            Expr::Name(n) => {
                if n.id.as_str() == "__debug__" {
                    return Err(Failure::syntax("cannot delete __debug__".into(), n.range));
                }
                let sym = self.add(&n.id, mention::LOCAL);
                self.scope().deleted.insert(sym);
                Ok(())
            }
            Expr::Tuple(t) => t.elts.iter().try_for_each(|e| self.delete_target(e)),
            Expr::List(t) => t.elts.iter().try_for_each(|e| self.delete_target(e)),
            other => self.expr(other),
        }
    }

    fn alias(&mut self, alias: &ast::Alias, from: bool) -> Result<()> {
        let full = alias.name.as_str();
        if full == "*" {
            if self.scope().kind != ScopeKind::Module {
                return Err(Failure::syntax("import * only allowed at module level".into(), alias.range));
            }
            return Ok(());
        }
        let name = match &alias.asname {
            Some(name) => name.as_str(),
            None if from => full,
            None => full.split('.').next().unwrap_or(full),
        };
        self.bind(name, mention::IMPORT, alias.range)?;
        Ok(())
    }

    fn declare(&mut self, name: &ast::Identifier, flag: u32, what: &str, range: TextRange) -> Result<()> {
        let sym = self.sym(name);
        let mentions = self.scope().mentions(sym);
        let error = if mentions & mention::PARAM != 0 {
            Some(format!("name '{name}' is parameter and {what}"))
        } else if mentions & mention::ANNOTATED != 0 {
            Some(format!("annotated name '{name}' can't be {what}"))
        } else if mentions & mention::LOCAL != 0 {
            Some(format!("name '{name}' is assigned to before {what} declaration"))
        } else if mentions & mention::USE != 0 {
            Some(format!("name '{name}' is used prior to {what} declaration"))
        } else {
            // As in CPython an import may come before.
            None
        };
        if let Some(message) = error {
            return Err(Failure::syntax(message, range));
        }
        if flag == mention::NONLOCAL && self.scope().kind == ScopeKind::Module {
            return Err(Failure::syntax("nonlocal declaration not allowed at module level".into(), range));
        }
        let symbol = self.scope().symbol_mut(sym);
        if symbol.mentions & (mention::GLOBAL | mention::NONLOCAL) == 0 {
            symbol.declared_at = range;
        }
        symbol.mentions |= flag;
        Ok(())
    }

    /// Notes a name that a block inside the module declares global.
    fn mention_in_module(&mut self, name: &str) {
        let sym = self.sym(name);
        self.table.scopes[0].symbol_mut(sym).mentions |= mention::GLOBAL;
    }

    fn annotated_assignment(&mut self, s: &ast::StmtAnnAssign) -> Result<()> {
        if let Expr::Name(n) = &*s.target {
            let sym = self.sym(&n.id);
            let mentions = self.scope().mentions(sym);
            if mentions & (mention::GLOBAL | mention::NONLOCAL) != 0
                && self.scope().kind != ScopeKind::Module
                && s.simple
            {
                let what = if mentions & mention::GLOBAL != 0 { "global" } else { "nonlocal" };
                return Err(Failure::syntax(format!("annotated name '{}' can't be {what}", n.id), s.range));
            }
            if s.simple {
                self.bind(&n.id, mention::ANNOTATED | mention::LOCAL, n.range)?;
            } else if s.value.is_some() {
                self.bind(&n.id, mention::LOCAL, n.range)?;
            }
        } else {
            self.expr(&s.target)?;
        }
        self.annotation_of_variable(&s.annotation, s.simple && s.target.is_name_expr())?;
        self.optional(s.value.as_deref())
    }

    fn annotation_of_variable(&mut self, annotation: &Expr, simple: bool) -> Result<()> {
        let kind = self.scope().kind;
        let class_or_module = !kind.is_function_like();
        if class_or_module && simple && !self.table.future_annotations {
            if kind == ScopeKind::Module || self.conditional > 0 {
                self.scope().has_conditional_annotations = true;
                if kind == ScopeKind::Module {
                    self.add("__conditional_annotations__", mention::USE | mention::LOCAL);
                }
            }
            let outer = match self.scope().annotations {
                Some(id) => self.switch(id),
                None => {
                    // The scope is found through the parent, the node is only some unique key.
                    let outer =
                        self.enter(ScopeKind::Annotations, "__annotate__", annotation, Role::Annotations);
                    self.add_parameter(".format");
                    let id = self.current;
                    self.table.scopes[outer.current].annotations = Some(id);
                    outer
                }
            };
            if self.table.scopes[outer.current].has_conditional_annotations {
                self.add("__conditional_annotations__", mention::USE);
            }
            self.forbidden = Some("an annotation");
            self.expr(annotation)?;
            self.leave(outer);
            return Ok(());
        }
        let outer = self.forbidden.replace("an annotation");
        let result = self.discard(|b| b.expr(annotation));
        self.forbidden = outer;
        result
    }

    /// Visits for the errors only: the mentions go to a scope that is thrown away.
    fn discard(&mut self, visit: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let scopes = self.table.scopes.len();
        let children = self.scope().children.len();
        let forbidden = self.forbidden;
        let marker = 0u8;
        let outer = self.enter(ScopeKind::Annotations, "__annotate__", &marker, Role::Default);
        self.forbidden = forbidden;
        let result = visit(self);
        self.leave(outer);
        self.table.scopes.truncate(scopes);
        self.scope().children.truncate(children);
        result
    }

    pub(super) fn add_parameter(&mut self, name: &str) {
        let sym = self.add(name, mention::PARAM);
        self.scope().params.push(sym);
    }

    pub(super) fn parameters(&mut self, parameters: &ast::Parameters) -> Result<()> {
        let plain = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
        let all = plain
            .map(|p| &p.parameter)
            .chain(parameters.vararg.as_deref())
            .chain(parameters.kwarg.as_deref());
        for parameter in all {
            let name = &parameter.name;
            let sym = self.sym(name);
            if self.scope().mentions(sym) & mention::PARAM != 0 {
                return Err(Failure::syntax(
                    format!("duplicate argument '{name}' in function definition"),
                    name.range,
                ));
            }
            self.bind(name, mention::PARAM, name.range)?;
            self.scope().params.push(sym);
        }
        Ok(())
    }

    pub(super) fn defaults(&mut self, parameters: &ast::Parameters) -> Result<()> {
        let all = parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs);
        for parameter in all {
            self.optional(parameter.default.as_deref())?;
        }
        Ok(())
    }

    fn function(&mut self, s: &ast::StmtFunctionDef) -> Result<()> {
        let place = if s.decorator_list.is_empty() { s.range } else { s.name.range };
        self.bind(&s.name, mention::LOCAL, place)?;
        self.defaults(&s.parameters)?;
        s.decorator_list.iter().try_for_each(|d| self.expr(&d.expression))?;
        let type_params = match &s.type_params {
            Some(params) => {
                let name = format!("<generic parameters of {}>", s.name);
                let outer = self.enter(ScopeKind::TypeParams, &name, s, Role::TypeParams);
                let has = |p: &ast::ParameterWithDefault| p.default.is_some();
                if s.parameters.posonlyargs.iter().chain(&s.parameters.args).any(has) {
                    self.add_parameter(".defaults");
                }
                if s.parameters.kwonlyargs.iter().any(has) {
                    self.add_parameter(".kwdefaults");
                }
                self.type_params(params)?;
                Some(outer)
            }
            None => None,
        };
        self.function_annotations(s)?;
        let outer = self.enter(ScopeKind::Function, &s.name, s, Role::Body);
        self.scope().is_coroutine = s.is_async;
        self.parameters(&s.parameters)?;
        self.suite(&s.body)?;
        self.leave(outer);
        if let Some(outer) = type_params {
            self.leave(outer);
        }
        Ok(())
    }

    fn function_annotations(&mut self, s: &ast::StmtFunctionDef) -> Result<()> {
        let annotations: Vec<&Expr> =
            s.parameters.iter().filter_map(|p| p.annotation()).chain(s.returns.as_deref()).collect();
        if annotations.is_empty() {
            return Ok(());
        }
        if self.table.future_annotations {
            self.forbidden = Some("an annotation");
            let result = self.discard(|b| annotations.iter().try_for_each(|a| b.expr(a)));
            self.forbidden = None;
            result?;
        }
        let outer = self.enter(ScopeKind::Annotations, "__annotate__", s, Role::Annotations);
        self.add_parameter(".format");
        if self.table.future_annotations {
            // Texts are all that it gives.
            self.leave(outer);
            return Ok(());
        }
        self.forbidden = Some("an annotation");
        annotations.iter().try_for_each(|a| self.expr(a))?;
        self.leave(outer);
        Ok(())
    }

    fn class(&mut self, s: &ast::StmtClassDef) -> Result<()> {
        let place = if s.decorator_list.is_empty() { s.range } else { s.name.range };
        self.bind(&s.name, mention::LOCAL, place)?;
        s.decorator_list.iter().try_for_each(|d| self.expr(&d.expression))?;
        let type_params = match &s.type_params {
            Some(params) => {
                let name = format!("<generic parameters of {}>", s.name);
                let outer = self.enter(ScopeKind::TypeParams, &name, s, Role::TypeParams);
                let only = params.type_params.iter().map(|param| param.name().to_string()).collect();
                let private = Private { class: s.name.to_string(), only: Some(only) };
                self.scope().private = Some(private.clone());
                let saved = self.private.replace(private);
                self.add(".type_params", mention::LOCAL);
                self.type_params(params)?;
                self.add(".generic_base", mention::LOCAL);
                Some((outer, saved))
            }
            None => None,
        };
        if let Some(arguments) = &s.arguments {
            if type_params.is_some() {
                self.forbidden = Some("the definition of a generic");
            }
            self.arguments(arguments)?;
            if type_params.is_some() {
                self.forbidden = None;
            }
        }
        let outer = self.enter(ScopeKind::Class, &s.name, s, Role::Body);
        let private = Private { class: s.name.to_string(), only: None };
        self.scope().private = Some(private.clone());
        let saved = self.private.replace(private);
        if type_params.is_some() {
            self.add("__type_params__", mention::LOCAL);
            self.add(".type_params", mention::USE);
        }
        self.suite(&s.body)?;
        self.private = saved;
        self.leave(outer);
        if let Some((outer, saved)) = type_params {
            self.private = saved;
            self.leave(outer);
        }
        Ok(())
    }

    fn type_alias(&mut self, s: &ast::StmtTypeAlias) -> Result<()> {
        let Expr::Name(name) = &*s.name else {
            return Err(Failure::syntax("invalid syntax".into(), s.name.range()));
        };
        self.bind(&name.id, mention::LOCAL, name.range)?;
        let type_params = match &s.type_params {
            Some(params) => {
                let scope_name = format!("<generic parameters of {}>", name.id);
                let outer = self.enter(ScopeKind::TypeParams, &scope_name, s, Role::TypeParams);
                self.type_params(params)?;
                Some(outer)
            }
            None => None,
        };
        let outer = self.enter(ScopeKind::TypeAlias, &name.id, s, Role::Body);
        self.add_parameter(".format");
        self.forbidden = Some("a type alias");
        self.expr(&s.value)?;
        self.leave(outer);
        if let Some(outer) = type_params {
            self.leave(outer);
        }
        Ok(())
    }

    fn type_params(&mut self, params: &ast::TypeParams) -> Result<()> {
        let mut seen_default = false;
        for param in &params.type_params {
            let (name, default, word) = match param {
                TypeParam::TypeVar(p) => (&p.name, &p.default, "a TypeVar default"),
                TypeParam::TypeVarTuple(p) => (&p.name, &p.default, "a TypeVarTuple default"),
                TypeParam::ParamSpec(p) => (&p.name, &p.default, "a ParamSpec default"),
            };
            let sym = self.sym(name);
            if self.scope().mentions(sym) & mention::TYPE_PARAM != 0 {
                return Err(Failure::syntax(format!("duplicate type parameter '{name}'"), param.range()));
            }
            if name.as_str() == "__classdict__" {
                return Err(Failure::syntax(
                    "reserved name '__classdict__' cannot be used for type parameter".into(),
                    param.range(),
                ));
            }
            self.bind(name, mention::TYPE_PARAM | mention::LOCAL, name.range)?;
            if let TypeParam::TypeVar(p) = param
                && let Some(bound) = &p.bound
            {
                let word = if bound.is_tuple_expr() { "a TypeVar constraint" } else { "a TypeVar bound" };
                self.type_variable(name, bound, p, Role::Body, word)?;
            }
            match default {
                Some(default) => {
                    seen_default = true;
                    match param {
                        TypeParam::TypeVar(p) => self.type_variable(name, default, p, Role::Default, word)?,
                        TypeParam::TypeVarTuple(p) => {
                            self.type_variable(name, default, p, Role::Default, word)?;
                        }
                        TypeParam::ParamSpec(p) => {
                            self.type_variable(name, default, p, Role::Default, word)?;
                        }
                    }
                }
                None if seen_default => {
                    return Err(Failure::syntax(
                        format!("non-default type parameter '{name}' follows default type parameter"),
                        param.range(),
                    ));
                }
                None => {}
            }
        }
        Ok(())
    }

    fn type_variable<T>(
        &mut self,
        name: &str,
        value: &Expr,
        node: &T,
        role: Role,
        word: &'static str,
    ) -> Result<()> {
        let outer = self.enter(ScopeKind::TypeVariable, name, node, role);
        self.add_parameter(".format");
        self.forbidden = Some(word);
        self.expr(value)?;
        self.leave(outer);
        Ok(())
    }

    pub(super) fn arguments(&mut self, arguments: &ast::Arguments) -> Result<()> {
        arguments.args.iter().try_for_each(|a| self.expr(a))?;
        arguments.keywords.iter().try_for_each(|k| self.expr(&k.value))
    }

    fn pattern(&mut self, pattern: &Pattern) -> Result<()> {
        match pattern {
            Pattern::MatchValue(p) => self.expr(&p.value),
            Pattern::MatchSingleton(_) => Ok(()),
            Pattern::MatchSequence(p) => p.patterns.iter().try_for_each(|p| self.pattern(p)),
            Pattern::MatchMapping(p) => {
                p.keys.iter().try_for_each(|k| self.expr(k))?;
                p.patterns.iter().try_for_each(|p| self.pattern(p))?;
                self.capture(p.rest.as_ref(), p.range)
            }
            Pattern::MatchClass(p) => {
                self.expr(&p.cls)?;
                p.arguments.patterns.iter().try_for_each(|p| self.pattern(p))?;
                if let Some(k) = p.arguments.keywords.iter().find(|k| k.attr.as_str() == "__debug__") {
                    return Err(Failure::syntax("cannot assign to __debug__".into(), k.pattern.range()));
                }
                p.arguments.keywords.iter().try_for_each(|k| self.pattern(&k.pattern))
            }
            Pattern::MatchStar(p) => self.capture(p.name.as_ref(), p.range),
            Pattern::MatchAs(p) => {
                if let Some(inner) = &p.pattern {
                    self.pattern(inner)?;
                }
                self.capture(p.name.as_ref(), p.range)
            }
            Pattern::MatchOr(p) => p.patterns.iter().try_for_each(|p| self.pattern(p)),
        }
    }

    fn capture(&mut self, name: Option<&ast::Identifier>, range: TextRange) -> Result<()> {
        if let Some(name) = name {
            self.bind(name, mention::LOCAL, range)?;
        }
        Ok(())
    }
}
