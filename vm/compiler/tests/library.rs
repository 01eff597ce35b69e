//! Compiles every module of the standard library, or of the directory in `TAIPAN_COMPILE_TREE`: none may fail,
//! and the code must be well formed.

mod verify;

use std::path::Path;

use taipan_bytecode::{CodeUnit, Const, Op, OperandKind};
use taipan_compiler::{Mode, Options, compile};

#[test]
fn library_compiles() {
    let mut failures = Vec::new();
    let mut files = 0;
    let tree = std::env::var("TAIPAN_COMPILE_TREE").unwrap_or(rustpython_pylib::LIB_PATH.into());
    visit(Path::new(&tree), &mut |path| {
        let Ok(source) = std::fs::read_to_string(path) else { return };
        files += 1;
        match compile(&source, &path.to_string_lossy(), Mode::Exec, Options::default()) {
            Ok(code) => check(&code, &mut failures),
            Err(error) => failures.push(format!("{}: {error}", path.display())),
        }
    });
    assert!(files > 500, "only {files} files found");
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

fn visit(directory: &Path, work: &mut dyn FnMut(&Path)) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            // Sources that are wrong on purpose.
            if !path.ends_with("lib2to3/tests/data") && !path.ends_with("bad_coding") {
                visit(&path, work);
            }
        } else if path.extension().is_some_and(|e| e == "py")
            && !path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("bad"))
        {
            work(&path);
        }
    }
}

/// Operands in range, targets at instructions, tables in step.
fn check(code: &CodeUnit, failures: &mut Vec<String>) {
    let mut fail = |pc: usize, what: &str| {
        failures.push(format!("{} in {}: {what} at {pc}", code.qualname, code.filename));
    };
    let len = code.instrs.len();
    if code.positions.len() != len {
        fail(0, "positions out of step");
    }
    for (pc, instr) in code.instrs.iter().enumerate() {
        let Some(op) = instr.op() else {
            fail(pc, "unknown opcode");
            continue;
        };
        let after_pseudo = pc > 0 && code.instrs[pc - 1].op().is_some_and(Op::has_pseudo_word);
        let is_pseudo = matches!(op, Op::Target | Op::ForTarget | Op::KwNames);
        if after_pseudo != is_pseudo {
            fail(pc, "pseudo word out of place");
        }
        let extended = pc > 0 && code.instrs[pc - 1].op() == Some(Op::ExtendedArg);
        for (kind, operand) in op.info().operands.iter().zip([instr.a(), instr.b(), instr.c()]) {
            let ok = match kind {
                OperandKind::W | OperandKind::R | OperandKind::M | OperandKind::X => operand <= code.nregs,
                OperandKind::T => operand & 0x7fff < code.nregs,
                OperandKind::N => extended || (operand as usize) < code.names.len(),
                OperandKind::K => extended || (operand as usize) < code.consts.len(),
                OperandKind::J => {
                    let target = instr.arg32() as usize;
                    let backward = op == Op::JumpBackward;
                    target < len && (target <= pc) == backward
                }
                _ => true,
            };
            if !ok {
                fail(pc, &format!("operand {kind:?} of {} out of range", op.name()));
            }
        }
        let last = matches!(
            op,
            Op::ReturnValue
                | Op::ReturnConst
                | Op::Jump
                | Op::JumpBackward
                | Op::Raise
                | Op::RaiseFrom
                | Op::RaiseCurrent
                | Op::Reraise
        );
        if pc + 1 == len && !last {
            fail(pc, "code runs off its end");
        }
    }
    for e in &code.exception_table {
        if e.start >= e.end || e.end as usize > len || e.handler as usize >= len {
            fail(e.start as usize, "exception entry out of range");
        } else if !matches!(code.instrs[e.handler as usize].op(), Some(Op::PushExcInfo | Op::EndAsyncFor)) {
            fail(e.handler as usize, "handler without prologue");
        }
    }
    verify::verify(code, &mut |pc, what| fail(pc, &what));
    for constant in &code.consts {
        if let Const::Code(inner) = constant {
            check(inner, failures);
        }
    }
}
