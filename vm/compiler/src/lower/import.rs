//! Import statements and `__future__`.

use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;
use taipan_bytecode::{Const, Op, flags};

use super::{Compiler, Operand, Residue};
use crate::syntax_error::{Failure, Result};

/// The `CO_FUTURE_*` bits of the future imports at the top of a module.
pub(crate) fn future_features(body: &[Stmt]) -> Result<u32> {
    let mut bits = 0;
    for s in leading_future_imports(body) {
        for alias in &s.names {
            bits |= match alias.name.as_str() {
                "annotations" => flags::CO_FUTURE_ANNOTATIONS,
                "barry_as_FLUFL" => flags::CO_FUTURE_BARRY_AS_BDFL,
                "generator_stop" | "nested_scopes" | "generators" | "division" | "absolute_import"
                | "with_statement" | "print_function" | "unicode_literals" => 0,
                "braces" => return Err(Failure::syntax("not a chance".into(), alias.range)),
                other => {
                    return Err(Failure::syntax(
                        format!("future feature {other} is not defined"),
                        alias.range,
                    ));
                }
            };
        }
    }
    Ok(bits)
}

fn leading_future_imports(body: &[Stmt]) -> impl Iterator<Item = &ast::StmtImportFrom> {
    let docstring = matches!(body.first(), Some(Stmt::Expr(e)) if matches!(*e.value, Expr::StringLiteral(_)));
    body.iter().skip(docstring as usize).map_while(|s| match s {
        Stmt::ImportFrom(s) if is_future(s) => Some(s),
        _ => None,
    })
}

fn is_future(s: &ast::StmtImportFrom) -> bool {
    s.level == 0 && s.module.as_ref().is_some_and(|m| m.as_str() == "__future__")
}

impl<'a> Compiler<'a> {
    pub(crate) fn import(&mut self, s: &'a ast::StmtImport) -> Result<()> {
        for alias in &s.names {
            let mark = self.unit.depth;
            let module = self.import_name(&alias.name, 0, Const::None);
            match &alias.asname {
                None => {
                    let first = alias.name.split('.').next().unwrap_or(&alias.name);
                    self.store_name(first, module);
                }
                Some(name) => {
                    // `import a.b.c as d` binds the innermost module.
                    for part in alias.name.split('.').skip(1) {
                        let n = self.unit.name(part);
                        let t = self.unit.temp();
                        self.unit.emit(Op::ImportFrom, t as u32, module.reg as u32, n);
                        self.unit.emit(Op::Move, module.reg as u32, t as u32, 0);
                        self.unit.release(t as u32);
                    }
                    self.store_name(name, module);
                }
            }
            self.unit.release(mark);
        }
        Ok(())
    }

    fn import_name(&mut self, name: &str, level: u32, fromlist: Const) -> Operand {
        let t = self.unit.temp();
        let n = self.unit.name(name);
        let k = self.unit.constant(match (level, fromlist) {
            (0, Const::None) => Const::None,
            (level, fromlist) => Const::Tuple(vec![Const::Int(level as i64), fromlist]),
        });
        self.unit.emit(Op::ImportName, t as u32, n, k);
        Operand { reg: t, residue: Residue::Object }
    }

    pub(crate) fn import_from(&mut self, s: &'a ast::StmtImportFrom) -> Result<()> {
        if is_future(s) && s.range.start() > self.last_future {
            return self.error("from __future__ imports must occur at the beginning of the file", s.range);
        }
        let mark = self.unit.depth;
        let module_name = s.module.as_ref().map_or("", |m| m.as_str());
        let names = s.names.iter().map(|a| Const::Str(a.name.to_string())).collect();
        let module = self.import_name(module_name, s.level, Const::Tuple(names));
        for alias in &s.names {
            if alias.name.as_str() == "*" {
                self.unit.emit(Op::ImportStar, module.reg as u32, 0, 0);
                continue;
            }
            let name = alias.asname.as_ref().unwrap_or(&alias.name);
            let n = self.unit.name(&alias.name);
            if let Some(register) = self.local_register(name) {
                self.unit.emit(Op::ImportFrom, register as u32, module.reg as u32, n);
                self.mark_bound(register);
                continue;
            }
            let t = self.unit.temp();
            self.unit.emit(Op::ImportFrom, t as u32, module.reg as u32, n);
            self.store_name(name, Operand { reg: t, residue: Residue::Object });
            self.unit.release(t as u32);
        }
        self.drop_operand(module, None);
        self.unit.release(mark);
        Ok(())
    }
}

/// Where the last allowed future import begins.
pub(crate) fn last_future(body: &[Stmt]) -> ruff_text_size::TextSize {
    leading_future_imports(body).last().map_or_else(Default::default, |s| s.range().start())
}
