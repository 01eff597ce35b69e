//! Signature texts: `(x, /, base=None, *args, key=None, **kwargs)` parsed into parameters, and written back as the
//! `__text_signature__` that `inspect` understands.

/// How a parameter can be filled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    PositionalOnly,
    Positional,
    VarArgs,
    KeywordOnly,
    VarKeywords,
}

#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: String,
    pub kind: Kind,
    /// The default's source text.
    pub default: Option<String>,
}

/// Parses a signature text. A first parameter starting with `$` is skipped.
pub fn parse(text: &str) -> Result<Vec<Parameter>, String> {
    let inner = text
        .trim()
        .strip_prefix('(')
        .and_then(|t| t.strip_suffix(')'))
        .ok_or("a signature is written in parentheses")?;
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut keyword_only = false;
    let mut slash_allowed = true;
    for (index, piece) in split(inner).into_iter().enumerate() {
        let piece = piece.trim();
        if piece.is_empty() {
            continue;
        }
        if piece.starts_with('$') {
            if index != 0 {
                return Err("only the first parameter can be hidden with `$`".into());
            }
            continue;
        }
        if piece == "/" {
            if !slash_allowed || keyword_only {
                return Err("misplaced `/`".into());
            }
            slash_allowed = false;
            for parameter in &mut parameters {
                parameter.kind = Kind::PositionalOnly;
            }
            continue;
        }
        if piece == "*" {
            keyword_only = true;
            continue;
        }
        let (piece, kind) = if let Some(rest) = piece.strip_prefix("**") {
            (rest, Kind::VarKeywords)
        } else if let Some(rest) = piece.strip_prefix('*') {
            keyword_only = true;
            (rest, Kind::VarArgs)
        } else if keyword_only {
            (piece, Kind::KeywordOnly)
        } else {
            (piece, Kind::Positional)
        };
        if parameters.last().is_some_and(|p| p.kind == Kind::VarKeywords) {
            return Err("nothing can follow the `**` parameter".into());
        }
        let (name, default) = match piece.split_once('=') {
            Some((name, default)) => (name.trim(), Some(default.trim().to_string())),
            None => (piece.trim(), None),
        };
        if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(format!("`{name}` is no parameter name"));
        }
        if kind == Kind::Positional && default.is_none() && parameters.iter().any(|p| p.default.is_some()) {
            return Err(format!("`{name}` without a default follows one with a default"));
        }
        parameters.push(Parameter { name: name.to_string(), kind, default });
    }
    Ok(parameters)
}

/// Splits at the commas that are outside of quotes and brackets.
fn split(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut depth, mut quote) = (0, 0usize, None);
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None => match c {
                '\'' | '"' => quote = Some(c),
                '(' | '[' | '{' | '<' => depth += 1,
                ')' | ']' | '}' | '>' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    pieces.push(&text[start..at]);
                    start = at + 1;
                }
                _ => {}
            },
        }
    }
    pieces.push(&text[start..]);
    pieces
}

/// The `__text_signature__`; `receiver` is the hidden first parameter (`$self`, `$type`, `$module`).
pub fn text(parameters: &[Parameter], receiver: Option<&str>) -> String {
    let mut pieces: Vec<String> = receiver.map(str::to_string).into_iter().collect();
    let mut slash_due = receiver.is_some() || parameters.iter().any(|p| p.kind == Kind::PositionalOnly);
    let mut star_seen = false;
    for parameter in parameters {
        if parameter.kind != Kind::PositionalOnly && slash_due {
            pieces.push("/".into());
            slash_due = false;
        }
        if parameter.kind == Kind::KeywordOnly && !star_seen {
            pieces.push("*".into());
            star_seen = true;
        }
        let prefix = match parameter.kind {
            Kind::VarArgs => {
                star_seen = true;
                "*"
            }
            Kind::VarKeywords => "**",
            _ => "",
        };
        let default = parameter.default.as_ref().map_or(String::new(), |d| format!("={d}"));
        pieces.push(format!("{prefix}{}{default}", parameter.name));
    }
    if slash_due {
        pieces.push("/".into());
    }
    format!("({})", pieces.join(", "))
}

/// The content of a Python string literal without exotic escapes, or `None`.
pub fn string_literal(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut content = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        content.push(match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                c @ ('\\' | '\'' | '"') => c,
                _ => return None,
            },
            c => c,
        });
    }
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, receiver: Option<&str>, expected: &str) {
        assert_eq!(text(&parse(source).unwrap(), receiver), expected);
    }

    #[test]
    fn text_signatures_are_written_as_cpython_does() {
        check("(object, /)", Some("$self"), "($self, object, /)");
        check("($self, sep=None, maxsplit=-1)", Some("$self"), "($self, /, sep=None, maxsplit=-1)");
        check(
            "(a, b, *, rel_tol=1e-09, abs_tol=0.0)",
            Some("$module"),
            "($module, /, a, b, *, rel_tol=1e-09, abs_tol=0.0)",
        );
        check(
            "(*args, sep=' ', end='\\n', file=None)",
            Some("$module"),
            "($module, /, *args, sep=' ', end='\\n', file=None)",
        );
        check(
            "(x, y=<unrepresentable>, z=<unrepresentable>, /)",
            None,
            "(x, y=<unrepresentable>, z=<unrepresentable>, /)",
        );
        check("()", Some("$self"), "($self, /)");
        check("(sep=', ', **kw)", None, "(sep=', ', **kw)");
    }

    #[test]
    fn wrong_signatures_are_refused() {
        for wrong in ["x", "(x, /, y, /)", "(**k, x)", "(x=1, y)", "(x, $self)", "(a-b)"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
