//! `PyCF_TYPE_COMMENTS`: comments of the form `# type: ...` at the places that have a meaning for them.
//!
//! Invariant: each comment is given out once; what is left at the end stands where none may.

use std::cell::RefCell;

use ruff_text_size::{TextRange, TextSize};

/// The type comments of a source that are not given out yet, in order.
#[derive(Default)]
pub(super) struct TypeComments {
    comments: RefCell<Vec<(TextRange, String)>>,
    /// Offset and tag of each `# type: ignore`.
    pub(super) ignored: Vec<(u32, String)>,
}

/// What follows `# type: ` in a comment.
fn text_of(comment: &str) -> Option<&str> {
    let rest = comment.strip_prefix('#')?.trim_start_matches([' ', '\t']);
    Some(rest.strip_prefix("type:")?.trim_start_matches([' ', '\t']))
}

impl TypeComments {
    /// Those among the comments of a source.
    pub(super) fn of(source: &str, comments: &[TextRange]) -> TypeComments {
        let mut found = TypeComments::default();
        for range in comments {
            let Some(text) = source.get(range.to_std_range()).and_then(text_of) else { continue };
            match text.strip_prefix("ignore") {
                Some(tag) if !tag.starts_with(|c: char| c.is_ascii_alphanumeric() || !c.is_ascii()) => {
                    found.ignored.push((range.start().to_u32(), tag.to_owned()));
                }
                _ => found.comments.get_mut().push((*range, text.to_owned())),
            }
        }
        found
    }

    /// The comment behind `end`, if what is between passes `between`.
    pub(super) fn take(
        &self,
        source: &str,
        end: TextSize,
        between: impl Fn(&str) -> bool,
    ) -> Option<(TextRange, String)> {
        let mut comments = self.comments.borrow_mut();
        let at = comments.iter().position(|(range, _)| range.start() >= end)?;
        let text = source.get(TextRange::new(end, comments[at].0.start()).to_std_range())?;
        between(text).then(|| comments.remove(at))
    }

    /// Where a comment is left over.
    pub(super) fn left(&self) -> Option<TextRange> {
        self.comments.borrow().first().map(|(range, _)| *range)
    }
}

/// Behind a simple statement, on its line.
pub(super) fn on_line(between: &str) -> bool {
    between.chars().all(|c| matches!(c, ' ' | '\t'))
}

/// Behind a parameter: its comma and the end of what may be in parentheses.
pub(super) fn behind_parameter(between: &str) -> bool {
    between.chars().all(|c| matches!(c, ' ' | '\t' | ',' | ')'))
}

/// Whether a comment is behind a `*` that only sets keyword parameters apart.
pub(super) fn is_behind_bare_star(source: &str, comment: TextRange) -> bool {
    let before = source.get(..comment.start().to_usize()).unwrap_or_default();
    let star = before.trim_end_matches([' ', '\t']).strip_suffix(',').map(str::trim_end);
    let parameters = star.and_then(|text| text.strip_suffix('*')).map(str::trim_end);
    parameters.is_some_and(|text| text.ends_with(['(', ',']))
}

/// Behind the colon of a compound statement's first line.
pub(super) fn behind_colon(between: &str) -> bool {
    let Some((before, after)) = between.rsplit_once(':') else { return false };
    before.chars().all(|c| c.is_whitespace() || matches!(c, ')' | ',')) && on_line(after)
}

/// There, or alone on the line below.
pub(super) fn behind_colon_or_below(between: &str) -> bool {
    let Some((before, after)) = between.rsplit_once(':') else { return false };
    before.chars().all(|c| c.is_whitespace() || matches!(c, ')' | ','))
        && after.chars().all(char::is_whitespace)
        && after.matches('\n').count() <= 1
}
