//! From the parser's errors to CPython's messages.
//!
//! CPython reports the first place where no rule fits, as a plain "invalid syntax" unless a special rule knows better; an
//! error of the tokenizer anywhere in the source goes before that. The parser used here recovers and describes what it
//! expected; only its first error counts.

use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, Mod, Number};
use ruff_python_parser::{
    InterpolatedStringErrorType, LexicalErrorType, ParseErrorType, Parsed, UnsupportedSyntaxErrorKind,
};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::{Failure, SyntaxErrorKind, token_errors};
use crate::source::Source;

/// The error of a parse, if any.
pub(crate) fn from_parser(source: &Source<'_>, parsed: &Parsed<Mod>) -> Option<Box<Failure>> {
    let Some(error) = parsed.errors().first() else {
        let error = parsed.unsupported_syntax_errors().first()?;
        let message = match error.kind {
            UnsupportedSyntaxErrorKind::UnpackingInComprehension(_) => {
                if error.to_string().contains("dictionary") {
                    "dict unpacking cannot be used in dict comprehension".into()
                } else {
                    "iterable unpacking cannot be used in comprehension".into()
                }
            }
            UnsupportedSyntaxErrorKind::LazyImportStatement => "invalid syntax".into(),
            _ => error.to_string(),
        };
        return Some(Failure::syntax(message, error.range));
    };
    let mapper = Mapper { source, parsed };
    let mut failure = mapper.failure(&error.error, error.location);
    let open = match token_errors::scan(source) {
        Ok(open) => open,
        // Wrong indentation only counts where the parser gets to see it, and goes before what comes later.
        Err(later)
            if (later.kind != SyntaxErrorKind::SyntaxError || failure.message == "unexpected indent")
                && source.line(later.range.start()) > source.line(failure.range.start()) =>
        {
            return Some(failure);
        }
        Err(_) if failure.message == "unexpected indent" => return Some(failure),
        Err(failure) => return Some(failure),
    };
    if let Some(open) = open {
        let line = source.line(TextSize::from(open.offset as u32));
        let rest = &source.text[error.location.start().to_usize().min(source.text.len())..];
        let at_end = rest.trim().is_empty();
        if at_end || source.line(failure.range.start()) > line {
            let start = TextSize::from(open.offset as u32);
            failure =
                Failure::syntax(format!("'{}' was never closed", open.bracket), TextRange::empty(start));
        }
    }
    Some(failure)
}

struct Mapper<'a> {
    source: &'a Source<'a>,
    parsed: &'a Parsed<Mod>,
}

impl Mapper<'_> {
    fn failure(&self, error: &ParseErrorType, range: TextRange) -> Box<Failure> {
        let syntax = |message: &str| Failure::syntax(message.to_owned(), range);
        match error {
            ParseErrorType::UnexpectedIndentation => {
                let line = self.source.line(range.end());
                let start = self.source.line_start(line);
                let text = self.source.line_text(line);
                let column = text.len() - text.trim_start().len();
                // CPython points at the last blank.
                let at = start + TextSize::from(column.saturating_sub(1) as u32);
                Failure::indentation("unexpected indent".into(), TextRange::empty(at))
            }
            ParseErrorType::Lexical(LexicalErrorType::IndentationError) => {
                Failure::indentation("unindent does not match any outer indentation level".into(), range)
            }
            ParseErrorType::Lexical(error) => self.lexical(error, range),
            ParseErrorType::OtherError(message) => self.other(message, range),
            ParseErrorType::InvalidAssignmentTarget => self.assignment_target(range),
            ParseErrorType::InvalidNamedAssignmentTarget => {
                let name = self.expression_name(range);
                syntax(&format!("cannot use assignment expressions with {name}"))
            }
            ParseErrorType::InvalidAnnotatedAssignmentTarget => syntax("illegal target for annotation"),
            ParseErrorType::InvalidAugmentedAssignmentTarget => {
                let name = self.expression_name(range);
                syntax(&format!("'{name}' is an illegal expression for augmented assignment"))
            }
            ParseErrorType::InvalidDeleteTarget => {
                syntax(&format!("cannot delete {}", self.expression_name(range)))
            }
            ParseErrorType::ExpectedToken { expected, found } => {
                self.expected_token(*expected, *found, range)
            }
            ParseErrorType::ExpectedExpression => self.invalid_syntax(range.start()),
            ParseErrorType::SimpleStatementsOnSameLine
            | ParseErrorType::SimpleAndCompoundStatementOnSameLine => self.same_line(range),
            ParseErrorType::NonDefaultParamAfterDefaultParam => {
                syntax("parameter without a default follows parameter with a default")
            }
            ParseErrorType::ParamAfterVarKeywordParam => {
                syntax("arguments cannot follow var-keyword argument")
            }
            ParseErrorType::VarParameterWithDefault => {
                let double = self.source.text[..range.start().to_usize()].trim_end().ends_with("**");
                syntax(if double || self.source.text[range].starts_with("**") {
                    "var-keyword argument cannot have default value"
                } else {
                    "var-positional argument cannot have default value"
                })
            }
            ParseErrorType::ExpectedKeywordParam => syntax("named arguments must follow bare *"),
            ParseErrorType::UnparenthesizedTupleExpression => {
                let comma = self
                    .parsed
                    .tokens()
                    .iter()
                    .find(|t| t.kind() == TokenKind::Comma && t.range().start() >= range.start());
                self.invalid_syntax(comma.map_or(range.start(), |t| t.range().start()))
            }
            ParseErrorType::UnparenthesizedGeneratorExpression => {
                syntax("Generator expression must be parenthesized")
            }
            ParseErrorType::PositionalAfterKeywordArgument => {
                Failure::syntax("positional argument follows keyword argument".into(), self.behind(range))
            }
            ParseErrorType::PositionalAfterKeywordUnpacking => Failure::syntax(
                "positional argument follows keyword argument unpacking".into(),
                self.behind(range),
            ),
            ParseErrorType::InvalidArgumentUnpackingOrder => {
                syntax("iterable argument unpacking follows keyword argument unpacking")
            }
            ParseErrorType::IterableUnpackingInComprehension => {
                syntax("iterable unpacking cannot be used in comprehension")
            }
            ParseErrorType::InvalidStarredExpressionUsage => {
                let text = &self.source.text[range];
                let before = self.source.text[..range.start().to_usize()].trim_end();
                if before.ends_with('(') && !text.contains(',') {
                    syntax("cannot use starred expression here")
                } else if before.is_empty() || before.ends_with(['\n', '=', ';']) {
                    syntax("can't use starred expression here")
                } else {
                    self.invalid_syntax(range.start())
                }
            }
            ParseErrorType::EmptyImportNames => match self.token_at(range.start()).map(|t| t.kind()) {
                None | Some(TokenKind::Newline | TokenKind::EndOfFile | TokenKind::Rpar) => {
                    syntax("Expected one or more names after 'import'")
                }
                Some(_) => self.invalid_syntax(range.start()),
            },
            ParseErrorType::EmptyTypeParams => syntax("Type parameter list cannot be empty"),
            ParseErrorType::InvalidMatchPatternTarget => syntax("cannot use '_' as a target"),
            ParseErrorType::FStringError(error) => self.interpolation("f-string", error, range),
            ParseErrorType::TStringError(error) => self.interpolation("t-string", error, range),
            _ => self.invalid_syntax(range.start()),
        }
    }

    /// A plain error at the token that begins at or behind `at`.
    fn invalid_syntax(&self, at: TextSize) -> Box<Failure> {
        let token = self.token_at(at);
        let range = token.map_or(TextRange::empty(at), Ranged::range);
        if let Some(token) = token
            && token.kind() == TokenKind::Indent
        {
            return Failure::indentation("unexpected indent".into(), range);
        }
        if self.in_field(at) {
            return self.field_error(at, range);
        }
        let (before, found) = (self.token_before(at).map(|t| t.kind()), token.map(|t| t.kind()));
        if let Some(message) = self.special(before, found, at) {
            let from_before = matches!(before, Some(TokenKind::Equal | TokenKind::Colon));
            let start =
                self.token_before(at).filter(|_| from_before).map_or(range.start(), |t| t.range().start());
            return Failure::syntax(message.into(), TextRange::new(start, range.end()));
        }
        Failure::syntax("invalid syntax".into(), range)
    }

    /// The token behind a range.
    fn behind(&self, range: TextRange) -> TextRange {
        self.token_at(range.end()).map_or(range, Ranged::range)
    }

    /// Mistakes that CPython has rules for, told by the two tokens.
    fn special(
        &self,
        before: Option<TokenKind>,
        found: Option<TokenKind>,
        at: TextSize,
    ) -> Option<&'static str> {
        let (before, found) = (before?, found?);
        let operator = matches!(
            before,
            TokenKind::Plus
                | TokenKind::Minus
                | TokenKind::Star
                | TokenKind::Slash
                | TokenKind::DoubleSlash
                | TokenKind::Percent
                | TokenKind::At
                | TokenKind::Vbar
                | TokenKind::Amper
                | TokenKind::CircumFlex
                | TokenKind::LeftShift
                | TokenKind::RightShift
                | TokenKind::Tilde
                | TokenKind::DoubleStar
        );
        let statement = matches!(
            found,
            TokenKind::Pass
                | TokenKind::Break
                | TokenKind::Continue
                | TokenKind::Return
                | TokenKind::Raise
                | TokenKind::Global
                | TokenKind::Nonlocal
                | TokenKind::Del
                | TokenKind::Assert
                | TokenKind::Import
                | TokenKind::From
        );
        match (before, found) {
            (_, TokenKind::Not) if operator => Some("'not' after an operator must be parenthesized"),
            (TokenKind::Else, _) if statement => {
                Some("expected expression after 'else', but statement is given")
            }
            (TokenKind::Equal, TokenKind::Rpar | TokenKind::Comma)
                if matches!(self.statement_word(at), "def" | "async") =>
            {
                Some("expected default value expression")
            }
            (TokenKind::Equal, TokenKind::Rpar | TokenKind::Comma) if self.in_bracket(at) => {
                Some("expected argument value expression")
            }
            (TokenKind::Colon, TokenKind::Rbrace | TokenKind::Comma) if self.in_bracket(at) => {
                Some("expression expected after dictionary key and ':'")
            }
            (_, TokenKind::Equal) if self.in_bracket(at) => {
                Some("invalid syntax. Maybe you meant '==' or ':=' instead of '='?")
            }
            (TokenKind::Name, TokenKind::Newline) if matches!(self.statement_word(at), "def") => {
                Some("expected '('")
            }
            _ => None,
        }
    }

    fn token_at(&self, at: TextSize) -> Option<&Token> {
        self.parsed.tokens().iter().find(|t| {
            t.range().end() > at && !matches!(t.kind(), TokenKind::Comment | TokenKind::NonLogicalNewline)
        })
    }

    fn token_before(&self, at: TextSize) -> Option<&Token> {
        self.parsed
            .tokens()
            .iter()
            .filter(|t| !matches!(t.kind(), TokenKind::Comment | TokenKind::NonLogicalNewline))
            .take_while(|t| t.range().end() <= at && t.range().start() < at)
            .last()
    }

    /// Whether an offset is in the replacement field of an f-string.
    fn in_field(&self, at: TextSize) -> bool {
        let mut depth = 0usize;
        let mut braces = Vec::new();
        for token in self.parsed.tokens().iter().take_while(|t| t.range().start() < at) {
            match token.kind() {
                TokenKind::FStringStart | TokenKind::TStringStart => depth += 1,
                TokenKind::FStringEnd | TokenKind::TStringEnd => depth = depth.saturating_sub(1),
                TokenKind::Lbrace if depth > 0 => braces.push(depth),
                TokenKind::Rbrace if depth > 0 => {
                    braces.pop();
                }
                _ => {}
            }
        }
        depth > 0 && braces.last() == Some(&depth)
    }

    fn field_error(&self, at: TextSize, range: TextRange) -> Box<Failure> {
        let kind = if self
            .parsed
            .tokens()
            .iter()
            .take_while(|t| t.range().start() < at)
            .any(|t| t.kind() == TokenKind::TStringStart)
        {
            "t-string"
        } else {
            "f-string"
        };
        let before = self.token_before(at).map(|t| t.kind());
        let found = self.source.text[at.to_usize()..].trim_start().chars().next();
        let message = match (before, found) {
            (Some(TokenKind::Lbrace), Some(c @ ('}' | '!' | ':' | '='))) => {
                format!("{kind}: valid expression required before '{c}'")
            }
            (Some(TokenKind::Lbrace), _) => format!("{kind}: expecting a valid expression after '{{'"),
            _ => format!("{kind}: invalid syntax"),
        };
        Failure::syntax(message, range)
    }

    fn lexical(&self, error: &LexicalErrorType, range: TextRange) -> Box<Failure> {
        match error {
            LexicalErrorType::FStringError(error) => self.interpolation("f-string", error, range),
            LexicalErrorType::TStringError(error) => self.interpolation("t-string", error, range),
            LexicalErrorType::UnicodeError
            | LexicalErrorType::MissingUnicodeLbrace
            | LexicalErrorType::MissingUnicodeRbrace
            | LexicalErrorType::StringError => self.unicode_error(range),
            LexicalErrorType::UnrecognizedToken { .. } => Failure::syntax("invalid syntax".into(), range),
            LexicalErrorType::Eof => Failure::syntax("unexpected EOF while parsing".into(), range),
            LexicalErrorType::InvalidByteLiteral => {
                if self.source.text[range].is_ascii() {
                    let position = range.start();
                    let start = self.token_at(position).map_or(position, |t| t.range().start());
                    let body = start.to_usize() + 2;
                    let offset = range.start().to_usize().saturating_sub(body);
                    return Failure::syntax(
                        format!("(value error) invalid \\x escape at position {offset}"),
                        TextRange::empty(start),
                    );
                }
                Failure::syntax("bytes can only contain ASCII literal characters".into(), range)
            }
            other => Failure::syntax(other.to_string(), range),
        }
    }

    /// A bad escape in a string, in the words of the codec.
    fn unicode_error(&self, range: TextRange) -> Box<Failure> {
        let literal = self.token_at(range.start());
        let token = literal.map_or(range, Ranged::range);
        let text = &self.source.text[token];
        let quote = text.find(['"', '\'']).unwrap_or(0);
        let width =
            if text[quote..].starts_with("\"\"\"") || text[quote..].starts_with("'''") { 3 } else { 1 };
        let body = token.start().to_usize() + quote + width;
        // Where the backslash is.
        let end = range.start().to_usize().max(body).min(self.source.text.len());
        let region = &self.source.text[body.min(end)..(end + 1).min(self.source.text.len())];
        let escape = region.rfind('\\').unwrap_or(0);
        let from = body + escape;
        let rest = &self.source.text[from..token.end().to_usize()];
        let (what, most) = match rest.as_bytes().get(1) {
            Some(b'x') => ("truncated \\xXX escape", 4),
            Some(b'u') => ("truncated \\uXXXX escape", 6),
            Some(b'U') => ("truncated \\UXXXXXXXX escape", 10),
            _ => ("malformed \\N character escape", usize::MAX),
        };
        let digits = rest.bytes().skip(2).take_while(u8::is_ascii_hexdigit).count();
        let (what, length) = if most == usize::MAX {
            match rest.find('}') {
                Some(close) if rest.as_bytes().get(2) == Some(&b'{') && close > 3 => {
                    ("unknown Unicode character name", close + 1)
                }
                _ => (what, rest.trim_end_matches(['"', '\'']).len().max(2)),
            }
        } else if 2 + digits >= most {
            ("illegal Unicode character", most)
        } else {
            (what, 2 + digits)
        };
        let characters = |s: &str| s.chars().count();
        let position = characters(&self.source.text[body..from]);
        Failure::syntax(
            format!(
                "(unicode error) 'unicodeescape' codec can't decode bytes in position {position}-{}: {what}",
                position + length - 1
            ),
            TextRange::empty(token.start()),
        )
    }

    fn interpolation(
        &self,
        kind: &str,
        error: &InterpolatedStringErrorType,
        range: TextRange,
    ) -> Box<Failure> {
        let message = match error {
            InterpolatedStringErrorType::UnclosedLbrace => {
                let before = self.token_before(range.start()).map(|t| t.kind());
                if before == Some(TokenKind::Lbrace) {
                    format!("{kind}: expecting a valid expression after '{{'")
                } else {
                    format!("{kind}: expecting '!', or ':', or '}}'")
                }
            }
            InterpolatedStringErrorType::InvalidConversionFlag => {
                let text = self.source.text[range.start().to_usize()..]
                    .trim_start_matches('!')
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect::<String>();
                if text.is_empty() {
                    format!("{kind}: missing conversion character")
                } else if text.starts_with(|c: char| c.is_ascii_digit()) {
                    format!("{kind}: invalid conversion character")
                } else {
                    format!("{kind}: invalid conversion character '{text}': expected 's', 'r', or 'a'")
                }
            }
            InterpolatedStringErrorType::SingleRbrace => format!("{kind}: single '}}' is not allowed"),
            InterpolatedStringErrorType::LambdaWithoutParentheses => {
                format!("{kind}: lambda expressions are not allowed without parentheses")
            }
            InterpolatedStringErrorType::ConversionFlagNotImmediatelyAfterExclamation => {
                format!("{kind}: conversion type must come right after the exclamation mark")
            }
            InterpolatedStringErrorType::NewlineInFormatSpec => {
                format!("{kind}: newlines are not allowed in format specifiers for single quoted {kind}s")
            }
            InterpolatedStringErrorType::UnterminatedString => {
                let line = self.source.line(range.end());
                format!("unterminated {kind} literal (detected at line {line})")
            }
            InterpolatedStringErrorType::UnterminatedTripleQuotedString => {
                let line = self.source.line(range.end());
                format!("unterminated triple-quoted {kind} literal (detected at line {line})")
            }
        };
        Failure::syntax(message, range)
    }

    fn expected_token(&self, expected: TokenKind, found: TokenKind, range: TextRange) -> Box<Failure> {
        let at = range.start();
        match (expected, found) {
            (TokenKind::Colon, TokenKind::Equal) => {
                let message = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
                Failure::syntax(message.into(), range)
            }
            (TokenKind::Colon, TokenKind::Newline | TokenKind::EndOfFile) => {
                Failure::syntax("expected ':'".into(), range)
            }
            (TokenKind::Colon, _) if !self.in_bracket(at) => {
                let statement = self.statement_word(at);
                let forced = matches!(
                    statement,
                    "def" | "class" | "try" | "else" | "finally" | "for" | "with" | "async" | "except"
                );
                if forced && statement != "with" && statement != "except" {
                    Failure::syntax("expected ':'".into(), range)
                } else {
                    self.invalid_syntax(at)
                }
            }
            (TokenKind::In, _) | (TokenKind::Lpar, _) if expected == TokenKind::Lpar => {
                if self.statement_word(at) == "def" || self.statement_word(at) == "async" {
                    Failure::syntax("expected '('".into(), range)
                } else {
                    self.invalid_syntax(at)
                }
            }
            (TokenKind::Else, _) => Failure::syntax("expected 'else' after 'if' expression".into(), range),
            (TokenKind::Rbrace, _) if self.in_field(at) => {
                let kind =
                    if self.source.text[..at.to_usize()].contains("t'") { "t-string" } else { "f-string" };
                let _ = found;
                Failure::syntax(format!("{kind}: expecting '!', or ':', or '}}'"), range)
            }
            _ if self.in_bracket(at) && self.starts_expression(found) && self.ends_expression(at) => {
                let start = self.token_before(at).map_or(at, |t| t.range().start());
                Failure::syntax(
                    "invalid syntax. Perhaps you forgot a comma?".into(),
                    TextRange::new(start, range.end().max(start)),
                )
            }
            _ => self.invalid_syntax(at),
        }
    }

    fn in_bracket(&self, at: TextSize) -> bool {
        let mut depth = 0i32;
        for token in self.parsed.tokens().iter().take_while(|t| t.range().start() < at) {
            match token.kind() {
                TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => depth += 1,
                TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => depth -= 1,
                TokenKind::Newline => depth = 0,
                _ => {}
            }
        }
        depth > 0
    }

    fn starts_expression(&self, kind: TokenKind) -> bool {
        matches!(
            kind,
            TokenKind::Name
                | TokenKind::Int
                | TokenKind::Float
                | TokenKind::Complex
                | TokenKind::String
                | TokenKind::FStringStart
                | TokenKind::TStringStart
                | TokenKind::Lbrace
                | TokenKind::True
                | TokenKind::False
                | TokenKind::None
                | TokenKind::Ellipsis
        )
    }

    fn ends_expression(&self, at: TextSize) -> bool {
        self.token_before(at).is_some_and(|t| {
            matches!(
                t.kind(),
                TokenKind::Name
                    | TokenKind::Int
                    | TokenKind::Float
                    | TokenKind::Complex
                    | TokenKind::String
                    | TokenKind::FStringEnd
                    | TokenKind::TStringEnd
                    | TokenKind::Rpar
                    | TokenKind::Rsqb
                    | TokenKind::Rbrace
                    | TokenKind::True
                    | TokenKind::False
                    | TokenKind::None
                    | TokenKind::Ellipsis
            )
        })
    }

    /// First word of the logical line.
    fn statement_word(&self, at: TextSize) -> &str {
        self.first_token(at).map_or("", |range| &self.source.text[range])
    }

    /// Start of the logical line.
    fn statement_start(&self, at: TextSize) -> TextSize {
        self.first_token(at).map_or(at, |range| range.start())
    }

    fn first_token(&self, at: TextSize) -> Option<TextRange> {
        let mut start = None;
        for token in self.parsed.tokens().iter().take_while(|t| t.range().start() <= at) {
            match token.kind() {
                TokenKind::Newline | TokenKind::Indent | TokenKind::Dedent | TokenKind::Semi => start = None,
                TokenKind::Comment | TokenKind::NonLogicalNewline => {}
                _ => {
                    start.get_or_insert(token.range());
                }
            }
        }
        start
    }

    /// Two statements on a line: mostly something that is no Python.
    fn same_line(&self, range: TextRange) -> Box<Failure> {
        let at = range.start();
        let word = self.statement_word(at);
        let second = self.token_at(at);
        let previous = self.token_before(at);
        if matches!(word, "print" | "exec") && previous.is_some_and(|p| &self.source.text[p.range()] == word)
        {
            let start = previous.map_or(at, |p| p.range().start());
            return Failure::syntax(
                format!("Missing parentheses in call to '{word}'. Did you mean {word}(...)?"),
                TextRange::new(start, range.end().max(start)),
            );
        }
        if word == "import" && second.is_some_and(|t| t.kind() == TokenKind::From) {
            let start = self.statement_start(at);
            return Failure::syntax(
                "Did you mean to use 'from ... import ...' instead?".into(),
                TextRange::new(start.min(at), at),
            );
        }
        if let (Some(previous), Some(second)) = (previous, second)
            && previous.kind() == TokenKind::String
            && second.kind() == TokenKind::Name
            && previous.range().end() == second.range().start()
        {
            return Failure::syntax(
                "invalid syntax. Is this intended to be part of the string?".into(),
                second.range(),
            );
        }
        self.invalid_syntax(at)
    }

    fn other(&self, message: &str, range: TextRange) -> Box<Failure> {
        let syntax = |message: &str| Failure::syntax(message.to_owned(), range);
        if let Some(clause) = message.strip_prefix("Expected an indented block after ") {
            return self.missing_block(clause, range);
        }
        if message.ends_with("expression cannot be used here") || message.starts_with("Unary '") {
            return self.invalid_syntax(range.start());
        }
        match message {
            "Only one '/' separator allowed" => syntax("/ may appear only once"),
            "'/' parameter must appear before '*' parameter" => syntax("/ must be ahead of *"),
            "Only one '*' parameter allowed" | "Only one '*' separator allowed" => {
                syntax("* argument may appear only once")
            }
            "Only one '**' parameter allowed" => syntax("arguments cannot follow var-keyword argument"),
            "Position-only parameter separator not allowed as first parameter" => {
                syntax("at least one argument must precede /")
            }
            "Cannot have both 'except' and 'except*' on the same 'try'" => {
                syntax("cannot have both 'except' and 'except*' on the same 'try'")
            }
            "Expected `except` or `finally` after `try` block" => {
                syntax("expected 'except' or 'finally' block")
            }
            "Expected one or more exception types" => syntax("expected one or more exception types"),
            "Multiple exception types must be parenthesized when using `as`" => {
                syntax("multiple exception types must be parenthesized when using 'as'")
            }
            "Only single target (not list) can be annotated" => {
                syntax("only single target (not list) can be annotated")
            }
            "Only single target (not tuple) can be annotated" => {
                syntax("only single target (not tuple) can be annotated")
            }
            "Trailing comma not allowed" => Failure::syntax(
                "trailing comma not allowed without surrounding parentheses".into(),
                self.behind(range),
            ),
            "Expected a parameter name" => self.keyword_target(range),
            "Cannot mix t-string literals with string or bytes literals" => {
                syntax("cannot mix t-string literals with string or bytes literals")
            }
            m if m.contains("ytes literal cannot be mixed") || m.contains("mix bytes and nonbytes") => {
                syntax("cannot mix bytes and nonbytes literals")
            }
            "Positional patterns cannot follow keyword patterns" => {
                syntax("positional patterns follow keyword patterns")
            }
            _ => self.invalid_syntax(range.start()),
        }
    }

    /// `f(expression = value)`.
    fn keyword_target(&self, range: TextRange) -> Box<Failure> {
        let text = &self.source.text[range];
        if matches!(text, "True" | "False" | "None") {
            return Failure::syntax(format!("cannot assign to {text}"), range);
        }
        Failure::syntax("expression cannot contain assignment, perhaps you meant \"==\"?".into(), range)
    }

    fn missing_block(&self, clause: &str, range: TextRange) -> Box<Failure> {
        let clause = clause.replace('`', "'");
        let clause = match clause.as_str() {
            "'class' definition" => "class definition".to_owned(),
            other => other.replace("' clause", "' statement").replace("' block", "' statement"),
        };
        // The line of the clause: its first word is the first of the last logical line.
        let mut line = self.source.line(range.start());
        let mut first = None;
        for token in self.parsed.tokens().iter().take_while(|t| t.range().start() < range.start()) {
            match token.kind() {
                TokenKind::Newline => {
                    if let Some(start) = first.take() {
                        line = self.source.line(start);
                    }
                }
                TokenKind::Comment | TokenKind::NonLogicalNewline | TokenKind::Indent | TokenKind::Dedent => {
                }
                _ => {
                    first.get_or_insert(token.range().start());
                }
            }
        }
        let token = self.token_at(range.start()).map_or(range, Ranged::range);
        let clause = if clause.starts_with("'except'") && self.line_has_star(line) {
            "'except*' statement".to_owned()
        } else {
            clause
        };
        Box::new(Failure {
            kind: SyntaxErrorKind::IndentationError,
            message: format!("expected an indented block after {clause} on line {line}"),
            range: token,
        })
    }

    fn line_has_star(&self, line: u32) -> bool {
        let text = self.source.line_text(line);
        text.trim_start().trim_start_matches("except").trim_start().starts_with('*')
    }

    // --- targets ---

    fn assignment_target(&self, range: TextRange) -> Box<Failure> {
        let name = self.expression_name(range);
        let text = self.source.text;
        let after = text[range.end().to_usize()..].trim_start_matches([' ', '\t', ')']);
        let assigned = after.starts_with('=') && !after.starts_with("==");
        let before = text[..range.start().to_usize()].trim_end_matches([' ', '\t', '(']);
        let starts = before.is_empty() || before.ends_with(['\n', ';', ':']);
        let chain = after
            .get(1..)
            .and_then(|rest| rest.split(['\n', '#']).next())
            .is_some_and(|rest| has_assignment(rest));
        let plain = matches!(
            name,
            "True"
                | "False"
                | "None"
                | "comparison"
                | "conditional expression"
                | "lambda"
                | "yield expression"
                | "generator expression"
                | "named expression"
                | "list"
                | "tuple"
                | "starred"
                | "ellipsis_"
        ) || (name == "expression" && self.is_boolean(range));
        let message = if assigned && starts && !chain && !plain {
            format!("cannot assign to {name} here. Maybe you meant '==' instead of '='?")
        } else {
            format!("cannot assign to {name}")
        };
        Failure::syntax(message, range)
    }

    fn find(&self, range: TextRange) -> Option<&Expr> {
        let mut finder = Finder { range, found: None };
        match self.parsed.syntax() {
            Mod::Module(m) => finder.visit_body(&m.body),
            Mod::Expression(e) => finder.visit_expr(&e.body),
        }
        finder.found
    }

    fn is_boolean(&self, range: TextRange) -> bool {
        match self.find(range) {
            Some(Expr::BoolOp(_)) => true,
            Some(Expr::UnaryOp(u)) => u.op == ruff_python_ast::UnaryOp::Not,
            _ => false,
        }
    }

    fn expression_name(&self, range: TextRange) -> &'static str {
        self.find(range).map_or("expression", expression_name)
    }
}

/// Whether a text has an assignment outside of brackets.
fn has_assignment(text: &str) -> bool {
    let mut depth = 0i32;
    let bytes = text.as_bytes();
    for (i, b) in bytes.iter().enumerate() {
        match b {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            b'=' if depth == 0 => {
                let next = bytes.get(i + 1) == Some(&b'=');
                let previous = i > 0 && matches!(bytes[i - 1], b'=' | b'!' | b'<' | b'>' | b':');
                if !next && !previous {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

struct Finder<'a> {
    range: TextRange,
    found: Option<&'a Expr>,
}

impl<'a> Visitor<'a> for Finder<'a> {
    fn visit_expr(&mut self, e: &'a Expr) {
        if self.found.is_none() {
            if e.range() == self.range {
                self.found = Some(e);
            } else {
                walk_expr(self, e);
            }
        }
    }
}

/// CPython's word for a kind of expression.
fn expression_name(e: &Expr) -> &'static str {
    match e {
        Expr::Attribute(_) => "attribute",
        Expr::Subscript(_) => "subscript",
        Expr::Starred(_) => "starred",
        Expr::Name(_) => "name",
        Expr::List(_) => "list",
        Expr::Tuple(_) => "tuple",
        Expr::Lambda(_) => "lambda",
        Expr::Call(_) => "function call",
        Expr::BoolOp(_) | Expr::BinOp(_) | Expr::UnaryOp(_) => "expression",
        Expr::Generator(_) => "generator expression",
        Expr::Yield(_) | Expr::YieldFrom(_) => "yield expression",
        Expr::Await(_) => "await expression",
        Expr::ListComp(_) => "list comprehension",
        Expr::SetComp(_) => "set comprehension",
        Expr::DictComp(_) => "dict comprehension",
        Expr::Dict(_) => "dict literal",
        Expr::Set(_) => "set display",
        Expr::FString(_) => "f-string expression",
        Expr::TString(_) => "t-string expression",
        Expr::NoneLiteral(_) => "None",
        Expr::BooleanLiteral(b) => {
            if b.value {
                "True"
            } else {
                "False"
            }
        }
        Expr::EllipsisLiteral(_) => "ellipsis",
        Expr::NumberLiteral(n) => match n.value {
            Number::Int(_) | Number::Float(_) | Number::Complex { .. } => "literal",
        },
        Expr::StringLiteral(_) | Expr::BytesLiteral(_) => "literal",
        Expr::Compare(_) => "comparison",
        Expr::If(_) => "conditional expression",
        Expr::Named(_) => "named expression",
        Expr::Slice(_) | Expr::IpyEscapeCommand(_) => "expression",
    }
}
