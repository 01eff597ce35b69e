//! Patterns of `match` statements.

use ruff_python_ast::{Pattern, Singleton};
use ruff_text_size::Ranged;
use taipan_objects::prelude::*;

use super::Builder;

impl Builder<'_> {
    pub(super) fn pattern(&self, pattern: &Pattern) -> PyResult<Obj> {
        let range = pattern.range();
        let patterns = |list: &[Pattern]| self.list(list, |p| self.pattern(p));
        match pattern {
            Pattern::MatchValue(p) => {
                self.node("MatchValue", range, &[("value", self.pattern_value(&p.value)?)])
            }
            Pattern::MatchSingleton(p) => {
                let value = match p.value {
                    Singleton::None => none(),
                    Singleton::True => bool_obj(true),
                    Singleton::False => bool_obj(false),
                };
                self.node("MatchSingleton", range, &[("value", value)])
            }
            Pattern::MatchSequence(p) => {
                self.node("MatchSequence", range, &[("patterns", patterns(&p.patterns)?)])
            }
            Pattern::MatchMapping(p) => self.node(
                "MatchMapping",
                range,
                &[
                    ("keys", self.list(&p.keys, |key| self.pattern_value(key))?),
                    ("patterns", patterns(&p.patterns)?),
                    ("rest", self.optional_identifier(p.rest.as_ref())),
                ],
            ),
            Pattern::MatchClass(p) => self.node(
                "MatchClass",
                range,
                &[
                    ("cls", self.expression(&p.cls)?),
                    ("patterns", patterns(&p.arguments.patterns)?),
                    (
                        "kwd_attrs",
                        list_obj(p.arguments.keywords.iter().map(|k| self.identifier(&k.attr)).collect()),
                    ),
                    ("kwd_patterns", self.list(&p.arguments.keywords, |k| self.pattern(&k.pattern))?),
                ],
            ),
            Pattern::MatchStar(p) => {
                self.node("MatchStar", range, &[("name", self.optional_identifier(p.name.as_ref()))])
            }
            Pattern::MatchAs(p) => self.node(
                "MatchAs",
                range,
                &[
                    ("pattern", self.optional(p.pattern.as_deref(), |p| self.pattern(p))?),
                    ("name", self.optional_identifier(p.name.as_ref())),
                ],
            ),
            Pattern::MatchOr(p) => self.node("MatchOr", range, &[("patterns", patterns(&p.patterns)?)]),
        }
    }
}
