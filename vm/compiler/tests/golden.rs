//! Golden disassembly: every `golden/*.py` compiles to exactly the text in the `.txt` beside it. Set `UPDATE_GOLDEN=1`
//! to write the files anew, and review the difference.

use std::path::Path;

use taipan_compiler::{Mode, Options, compile};

#[test]
fn disassembly_is_as_recorded() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut different = Vec::new();
    for entry in std::fs::read_dir(&directory).expect("the golden directory exists") {
        let path = entry.expect("a readable directory").path();
        if path.extension().is_none_or(|e| e != "py") {
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("a readable source");
        let code = compile(&source, "golden.py", Mode::Exec, Options::default())
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let actual = taipan_bytecode::disassemble(&code);
        let expected_path = path.with_extension("txt");
        if update {
            std::fs::write(&expected_path, &actual).expect("a writable directory");
        } else if std::fs::read_to_string(&expected_path).unwrap_or_default() != actual {
            different.push(path.display().to_string());
        }
    }
    assert!(different.is_empty(), "disassembly differs for {different:?}; see UPDATE_GOLDEN");
}
