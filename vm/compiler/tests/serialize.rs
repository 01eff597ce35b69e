//! Compiled units survive being written and read.

use taipan_bytecode::serialize::{Malformed, deserialize, serialize};
use taipan_compiler::{Mode, Options, compile};

const SOURCE: &str = r#"
"""A module."""
import os as system
X = (1, -2.5, 3j, 10 ** 30, b"bytes", "text\ud800", ..., None, True)
def f(a, /, b=1, *args, c, **kw):
    try:
        return [a for a in args if a in {1, 2}]
    finally:
        (lambda: b)()
class C[T]:
    x: int = 1
    async def g(self):
        async with self as s:
            yield s[1:2]
"#;

#[test]
fn a_unit_reads_back_as_written() {
    let unit = compile(SOURCE, "module.py", Mode::Exec, Options::default()).expect("valid source");
    let bytes = serialize(&unit);
    let back = deserialize(&bytes).expect("what was just written");
    assert_eq!(format!("{unit:?}"), format!("{back:?}"));
}

#[test]
fn cut_or_changed_bytes_are_refused_or_read_without_panic() {
    let unit = compile(SOURCE, "module.py", Mode::Exec, Options::default()).expect("valid source");
    let bytes = serialize(&unit);
    assert_eq!(deserialize(&[]).err(), Some(Malformed));
    for cut in 0..bytes.len() {
        let _ = deserialize(&bytes[..cut]);
        let mut changed = bytes.clone();
        changed[cut] ^= 0x55;
        let _ = deserialize(&changed);
    }
}

#[test]
fn compiled_units_are_valid() {
    let unit = compile(SOURCE, "module.py", Mode::Exec, Options::default()).expect("valid source");
    assert_eq!(taipan_bytecode::verify::verify(&unit), Ok(()));
}
