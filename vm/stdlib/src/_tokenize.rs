//! `_tokenize`: the tokenizer behind the `tokenize` module.

mod lexer;

use std::sync::OnceLock;

use parking_lot::Mutex;
use taipan_objects::bytes::bytes_value;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance};

use lexer::{Lexer, Mistake, Token, kind};

/// `_tokenize.TokenizerIter`. The lexer is taken out while `readline` runs.
#[repr(C)]
pub struct PyTokenizerIter {
    header: Header,
    readline: Obj,
    encoding: Option<String>,
    extra_tokens: bool,
    lexer: Mutex<Option<Box<Lexer>>>,
}
layout!(PyTokenizerIter, "TokenizerIter", [readline]);

fn class() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        TypeBuilder::new("_tokenize.TokenizerIter", PyTokenizerIter::ops())
            .slots(TypeSlots {
                new: Some(new),
                iter: Some(|i| Ok(i.clone())),
                iternext: Some(next_token),
                ..TypeSlots::EMPTY
            })
            .make()
    })
}

#[pyargs(name = "tokenizeriter", sig = "(readline, /, *, extra_tokens, encoding=<unrepresentable>)")]
fn new(class: &Obj, readline: Obj, extra_tokens: bool, encoding: Option<String>) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    let lexer = Mutex::new(Some(Box::new(Lexer::new(extra_tokens))));
    Ok(new_instance(class, |header| PyTokenizerIter { header, readline, encoding, extra_tokens, lexer })
        .into_obj())
}

impl PyTokenizerIter {
    /// The next line; `None` at the end.
    fn line(&self) -> PyResult<Option<String>> {
        let Some(line) = absent_if(call0(&self.readline), &types().stop_iteration)? else { return Ok(None) };
        if let Some(text) = line.downcast::<PyStr>() {
            if self.encoding.is_some() {
                return Err(type_error("readline() returned a non-bytes object"));
            }
            return Ok(Some(text.to_string_lossy().into_owned()));
        }
        let Some(bytes) = bytes_value(&line) else {
            return Err(type_error("readline() returned a non-string object"));
        };
        if self.encoding.is_none() {
            return Err(type_error("readline() returned a non-string object"));
        }
        match self.encoding.as_deref() {
            None | Some("utf-8") => {
                Ok(Some(taipan_objects::str::codecs::decode_utf8(bytes)?.to_string_lossy().into_owned()))
            }
            Some(encoding) => {
                let text = taipan_objects::str::codecs::decode_object(&line, encoding, "strict")?;
                Ok(text.downcast::<PyStr>().map(|t| t.to_string_lossy().into_owned()))
            }
        }
    }

    fn token_obj(&self, token: &Token) -> Obj {
        let pair = |(row, column): (usize, i64)| tuple_obj(vec![int_obj(row as i64), int_obj(column)]);
        let (row, column) = (token.start.0, token.start.1 as i64);
        let (end_row, end_column) = (token.end.0, token.end.1 as i64);
        let (kind, text, start, end) = if self.extra_tokens {
            (token.kind, token.text.as_str(), (row, column), (end_row, end_column))
        } else {
            match token.kind {
                kind::NEWLINE => (token.kind, "", (row, column), (row, column)),
                kind::INDENT | kind::DEDENT | kind::ENDMARKER => (token.kind, "", (row, -1), (row, -1)),
                _ => (token.exact, token.text.as_str(), (row, column), (end_row, end_column)),
            }
        };
        tuple_obj(vec![int_obj(i64::from(kind)), str_obj(text), pair(start), pair(end), str_obj(&token.line)])
    }
}

fn raise_mistake(mistake: Mistake) -> Raised {
    let class = if mistake.tabs {
        &types().tab_error
    } else if mistake.indentation {
        &types().indentation_error
    } else {
        &types().syntax_error
    };
    let message = str_obj(&mistake.message);
    match mistake.place {
        None => raise_args(class, vec![message]),
        Some((row, column, text)) => {
            let end = if mistake.indentation {
                [none(), none()]
            } else {
                [int_obj(row as i64), int_obj(column as i64)]
            };
            let [end_row, end_column] = end;
            let details = tuple_obj(vec![
                str_obj("<string>"),
                int_obj(row as i64),
                int_obj(column as i64),
                str_obj(&text),
                end_row,
                end_column,
            ]);
            raise_args(class, vec![message, details])
        }
    }
}

fn next_token(obj: &Obj) -> PyResult<Option<Obj>> {
    let Some(this) = obj.downcast::<PyTokenizerIter>() else {
        return Err(type_error("expected a TokenizerIter"));
    };
    let Some(mut lexer) = this.lexer.lock().take() else {
        return Err(value_error("generator already executing"));
    };
    let result = loop {
        match lexer.next(&mut || this.line()) {
            Err(raised) => break Err(raised),
            Ok(Err(mistake)) => break Err(raise_mistake(mistake)),
            Ok(Ok(None)) => break Ok(None),
            Ok(Ok(Some(token))) if !this.extra_tokens && matches!(token.kind, kind::COMMENT | kind::NL) => {}
            Ok(Ok(Some(token))) => break Ok(Some(this.token_obj(&token))),
        }
    };
    *this.lexer.lock() = Some(lexer);
    result
}

#[pymodule(name = "_tokenize", doc = "")]
mod items {
    use super::*;

    #[pyattr(name = "TokenizerIter")]
    fn tokenizer_iter() -> Obj {
        class().as_obj().clone()
    }
}
