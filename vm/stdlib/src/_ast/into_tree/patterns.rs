//! Patterns of `match` statements.

use ruff_python_ast::{self as ast, Pattern, Singleton};
use ruff_text_size::TextRange;
use taipan_objects::prelude::*;

use super::{Walk, field, list, required, unnumbered};

impl Walk {
    fn patterns<C: FromIterator<Pattern>>(&mut self, obj: &Obj, name: &str, level: usize) -> PyResult<C> {
        list(obj, name)?.iter().map(|item| self.pattern(item, level)).collect()
    }

    pub(super) fn pattern(&mut self, obj: &Obj, level: usize) -> PyResult<Pattern> {
        self.nested(level, |walk, level| walk.pattern_inside(obj, level))
    }

    fn pattern_inside(&mut self, obj: &Obj, level: usize) -> PyResult<Pattern> {
        let begun = self.begin(obj)?;
        let at = begun.start;
        let node_index = unnumbered();
        Ok(match self.name(obj) {
            "MatchValue" => {
                let value = Box::new(self.expression(&required(obj, "value")?, level)?);
                Pattern::MatchValue(ast::PatternMatchValue { node_index, range: self.end(begun), value })
            }
            "MatchSingleton" => {
                let value = match field(obj, "value")? {
                    None => Singleton::None,
                    Some(value) if is_true(&value)? => Singleton::True,
                    Some(_) => Singleton::False,
                };
                Pattern::MatchSingleton(ast::PatternMatchSingleton {
                    node_index,
                    range: self.end(begun),
                    value,
                })
            }
            "MatchSequence" => {
                let patterns = self.patterns(obj, "patterns", level)?;
                Pattern::MatchSequence(ast::PatternMatchSequence {
                    node_index,
                    range: self.end(begun),
                    patterns,
                })
            }
            "MatchMapping" => {
                let keys = self.expressions(obj, "keys", level)?;
                let patterns = self.patterns(obj, "patterns", level)?;
                let range = self.end(begun);
                let rest = self.captured(obj, "rest", range)?;
                Pattern::MatchMapping(ast::PatternMatchMapping { node_index, range, keys, patterns, rest })
            }
            "MatchClass" => {
                let cls = Box::new(self.expression(&required(obj, "cls")?, level)?);
                let patterns = self.patterns(obj, "patterns", level)?;
                let mut keywords = Vec::new();
                let names = self.identifiers(obj, "kwd_attrs", at)?;
                for (attr, pattern) in names.into_iter().zip(list(obj, "kwd_patterns")?) {
                    let pattern = self.pattern(&pattern, level)?;
                    let range = ruff_text_size::Ranged::range(&pattern);
                    keywords.push(ast::PatternKeyword { range, node_index: unnumbered(), attr, pattern });
                }
                let range = self.end(begun);
                let arguments = ast::PatternArguments { range, node_index: unnumbered(), patterns, keywords };
                Pattern::MatchClass(ast::PatternMatchClass { node_index, range, cls, arguments })
            }
            "MatchStar" => {
                let range = self.end(begun);
                let name = self.captured(obj, "name", range)?;
                Pattern::MatchStar(ast::PatternMatchStar { node_index, range, name })
            }
            "MatchAs" => {
                let pattern = match field(obj, "pattern")? {
                    Some(pattern) => Some(Box::new(self.pattern(&pattern, level)?)),
                    None => None,
                };
                let range = self.end(begun);
                let name = self.captured(obj, "name", range)?;
                Pattern::MatchAs(ast::PatternMatchAs { node_index, range, pattern, name })
            }
            "MatchOr" => {
                let patterns = self.patterns(obj, "patterns", level)?;
                Pattern::MatchOr(ast::PatternMatchOr { node_index, range: self.end(begun), patterns })
            }
            _ => {
                return Err(type_error(format!(
                    "expected some sort of pattern, but got {}",
                    repr_string(obj)?
                )));
            }
        })
    }

    /// A name that a pattern binds: it has the place of the pattern.
    fn captured(&self, obj: &Obj, name: &str, range: TextRange) -> PyResult<Option<ast::Identifier>> {
        let name = self.optional_identifier(obj, name, range.start())?;
        Ok(name.map(|name| ast::Identifier { range, ..name }))
    }

    pub(super) fn match_case(&mut self, obj: &Obj, level: usize) -> PyResult<ast::MatchCase> {
        let pattern = self.pattern(&required(obj, "pattern")?, level)?;
        let guard = self.optional_expression(obj, "guard", level)?;
        let body = self.statements(obj, "body", level)?;
        let start = ruff_text_size::Ranged::start(&pattern);
        let range = TextRange::new(start, self.source.last());
        Ok(ast::MatchCase { range, node_index: unnumbered(), pattern, guard, body })
    }
}
