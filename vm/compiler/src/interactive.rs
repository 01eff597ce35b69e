//! What an interactive reader is to do with the lines that it has read.
//!
//! A simple statement ends with its line, a compound one with an empty line; what is wrong is told at once.

use ruff_python_ast::{Mod, Stmt};

use crate::diagnosis;
use crate::syntax_error::{SyntaxErrorInfo, SyntaxErrorKind};
use crate::{Mode, Options, parse};

/// What the lines are so far.
#[derive(Debug)]
pub enum Input {
    /// A whole statement.
    Statement,
    /// The beginning of one.
    Unfinished,
    /// Nothing that more lines could mend.
    Wrong(Box<SyntaxErrorInfo>),
}

/// Judges the lines read so far; `ended`: the last one is empty.
pub fn interactive(text: &str, ended: bool, options: Options) -> Input {
    let asking = Options { allow_incomplete_input: true, ..options };
    match parse(text, Mode::Single, asking) {
        Ok((module, _)) if ended || !is_compound(&module) => Input::Statement,
        Ok(_) => Input::Unfinished,
        Err(info) if info.kind != SyntaxErrorKind::IncompleteInput => Input::Wrong(Box::new(info)),
        // Inside of brackets and strings an empty line ends nothing.
        Err(_) if !ended || diagnosis::is_open(text) => Input::Unfinished,
        Err(_) => match parse(text, Mode::Single, Options { allow_incomplete_input: false, ..options }) {
            Ok(_) => Input::Statement,
            Err(info) => Input::Wrong(Box::new(info)),
        },
    }
}

fn is_compound(module: &Mod) -> bool {
    let Mod::Module(module) = module else { return false };
    module.body.last().is_some_and(|statement| {
        matches!(
            statement,
            Stmt::FunctionDef(_)
                | Stmt::ClassDef(_)
                | Stmt::If(_)
                | Stmt::For(_)
                | Stmt::While(_)
                | Stmt::With(_)
                | Stmt::Try(_)
                | Stmt::Match(_)
        )
    })
}
