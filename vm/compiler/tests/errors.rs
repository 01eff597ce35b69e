//! Errors carry CPython's class, words and place.

use taipan_compiler::{Mode, Options, SyntaxErrorKind, compile};

/// Checks kind, message, line and offset of the error of a source.
fn check(source: &str, kind: SyntaxErrorKind, message: &str, line: u32, offset: i32) {
    let error = compile(source, "<test>", Mode::Exec, Options::default())
        .expect_err(&format!("{source:?} must not compile"));
    assert_eq!((error.kind, error.message.as_str()), (kind, message), "{source:?}");
    if line != 0 {
        assert_eq!((error.line, error.offset), (line, offset), "{source:?}");
    }
}

#[test]
fn compile_time_errors() {
    use SyntaxErrorKind::SyntaxError as S;
    check("return 1", S, "'return' outside function", 1, 1);
    check("x = 1\nbreak", S, "'break' outside loop", 2, 1);
    check("def f(a, a): pass", S, "duplicate argument 'a' in function definition", 1, 10);
    check("nonlocal x", S, "nonlocal declaration not allowed at module level", 1, 1);
    check("def f():\n nonlocal x", S, "no binding for nonlocal 'x' found", 2, 2);
    check("def f(x):\n global x", S, "name 'x' is parameter and global", 2, 2);
    check("def f():\n x = 1\n global x", S, "name 'x' is assigned to before global declaration", 3, 2);
    check("yield 1", S, "'yield' outside function", 1, 1);
    check("def f(): await x", S, "'await' outside async function", 1, 10);
    check("f(a=1, a=2)", S, "keyword argument repeated: a", 1, 8);
    check("a, *b, *c = x", S, "multiple starred expressions in assignment", 1, 1);
    check("__debug__ = 1", S, "cannot assign to __debug__", 1, 1);
}

#[test]
fn parser_errors() {
    use SyntaxErrorKind::{IndentationError as I, SyntaxError as S, TabError as T};
    check("a b", S, "invalid syntax", 1, 3);
    check("x = (1,\ny = 2", S, "'(' was never closed", 1, 5);
    check("if x\n  pass", S, "expected ':'", 1, 5);
    check("x = 'abc", S, "unterminated string literal (detected at line 1)", 1, 5);
    check("x = 1\n  y = 2", I, "unexpected indent", 2, 2);
    check("if x:\npass", I, "expected an indented block after 'if' statement on line 1", 2, 1);
    check("x = 1)", S, "unmatched ')'", 1, 6);
    check("x = 1a", S, "invalid decimal literal", 1, 5);
    check("f() = 1", S, "cannot assign to function call here. Maybe you meant '==' instead of '='?", 1, 1);
    check("None = 1", S, "cannot assign to None", 1, 1);
    check("f'{a b}'", S, "invalid syntax. Perhaps you forgot a comma?", 1, 4);
    check("f'{a b'", S, "f-string: expecting '}'", 1, 6);
    check("if 1:\n        a\n\tb", T, "inconsistent use of tabs and spaces in indentation", 0, 0);
    check("print 'x'", S, "Missing parentheses in call to 'print'. Did you mean print(...)?", 1, 1);
    check("[1, 2 3]", S, "invalid syntax. Perhaps you forgot a comma?", 1, 5);
}

#[test]
fn deep_nesting_is_an_error() {
    check(
        &format!("{}{}", "(".repeat(300), ")".repeat(300)),
        SyntaxErrorKind::SyntaxError,
        "too many nested parentheses",
        0,
        0,
    );
    let deep = format!("x = {}1", "-".repeat(100_000));
    let error = compile(&deep, "<test>", Mode::Exec, Options::default()).expect_err("too deep");
    assert_eq!(error.kind, SyntaxErrorKind::MemoryError);
    // Deep, but not too deep.
    let sum = format!("x = a{}", " + a".repeat(3000));
    compile(&sum, "<test>", Mode::Exec, Options::default()).expect("a long sum compiles");
    let nots = format!("x = {} a", "not ".repeat(3000));
    compile(&nots, "<test>", Mode::Exec, Options::default()).expect("many operators compile");
}

#[test]
fn interactive_input() {
    let options = Options { allow_incomplete_input: true, ..Options::default() };
    let kind = |source: &str| compile(source, "<stdin>", Mode::Single, options).err().map(|error| error.kind);
    assert_eq!(kind("x = 1\n"), None);
    assert_eq!(kind("x = (1,\n"), Some(SyntaxErrorKind::IncompleteInput));
    assert_eq!(kind("if x:\n"), Some(SyntaxErrorKind::IncompleteInput));
    // A block may go on, but the dedent at the end of the input is implied.
    assert_eq!(kind("if x:\n  y\n"), None);
    assert_eq!(kind("if x:\n  y\n\n"), None);
    assert_eq!(kind("x = \"\"\"a\n"), Some(SyntaxErrorKind::IncompleteInput));
    assert_eq!(kind("x = )\n"), Some(SyntaxErrorKind::SyntaxError));
    check("x = '\0'", SyntaxErrorKind::SyntaxError, "source code string cannot contain null bytes", 0, 0);
}
