//! Tokens as CPython's tokenizer makes them, and how it fails.

/// Kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Name,
    Number,
    String,
    Newline,
    Indent,
    Dedent,
    EndMarker,
    FStringStart,
    FStringMiddle,
    FStringEnd,
    TStringStart,
    TStringMiddle,
    TStringEnd,
    /// An operator or any other printable character.
    Op,
}

/// A token. Lines are one-based, columns are zero-based bytes in their line and -1 where CPython has none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) line: u32,
    pub(crate) column: i32,
    pub(crate) end_line: u32,
    pub(crate) end_column: i32,
    /// How many brackets are open after it.
    pub(crate) level: usize,
}

/// Why there are no more tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// There are more.
    Ok,
    /// The source has ended; also: ended in a string, at a line's end or in a triple-quoted one.
    Eof,
    EofInString,
    EolInString,
    /// A mistake with a message of its own.
    Error,
    Dedent,
    Tabs,
    TooDeep,
    Continuation,
}

/// A mistake that the tokenizer words itself. Columns count characters.
#[derive(Clone, Debug)]
pub(crate) struct Mistake {
    pub(crate) message: String,
    pub(crate) line: u32,
    pub(crate) offset: i32,
    pub(crate) end_offset: i32,
}

/// An open bracket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bracket {
    pub(crate) byte: u8,
    pub(crate) line: u32,
    pub(crate) column: i32,
}
