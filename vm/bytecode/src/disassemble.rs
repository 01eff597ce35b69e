//! Text form of code units, for golden tests and debugging. The format is one instruction a line; jump
//! targets are `-> index`, registers print as their variable's name, or `tN` for temporaries.

use std::fmt::Write;

use crate::code_unit::{CodeUnit, Const};
use crate::instr::{Instr, TAKE};
use crate::ops::{Op, OperandKind};

/// Disassembles a code unit and the code units among its constants.
pub fn disassemble(code: &CodeUnit) -> String {
    let mut out = String::new();
    write_unit(&mut out, code);
    out
}

fn write_unit(out: &mut String, code: &CodeUnit) {
    let _ = writeln!(
        out,
        "code {} (line {}, {} params, {} locals, {} registers, flags {:#x})",
        code.qualname,
        code.first_line,
        code.nparams(),
        code.nlocals,
        code.nregs,
        code.flags
    );
    let mut last_line = 0;
    for (pc, _) in code.instrs.iter().enumerate() {
        let line = code.positions.get(pc).map_or(0, |p| p.line);
        if line != 0 && line != last_line {
            let _ = write!(out, "{line:>5} ");
            last_line = line;
        } else {
            out.push_str("      ");
        }
        let _ = writeln!(out, "{pc:>4} {}", disassemble_one(code, pc));
    }
    for e in &code.exception_table {
        let _ = writeln!(
            out,
            "      [{}, {}) -> {} depth {}{}",
            e.start,
            e.end,
            e.handler,
            register_name(code, e.depth),
            if e.lasti { " lasti" } else { "" }
        );
    }
    for constant in &code.consts {
        if let Const::Code(inner) = constant {
            out.push('\n');
            write_unit(out, inner);
        }
    }
}

/// Disassembles the instruction at an index.
pub fn disassemble_one(code: &CodeUnit, pc: usize) -> String {
    let instr = code.instrs[pc];
    let Some(op) = instr.op() else {
        return format!("{instr:?}");
    };
    let high = match pc.checked_sub(1).map(|p| code.instrs[p]) {
        Some(prefix) if prefix.op() == Some(Op::ExtendedArg) => {
            [prefix.a() as u32, prefix.b() as u32, prefix.c() as u32]
        }
        _ => [0; 3],
    };
    let mut text = String::from(op.name());
    let mut first = true;
    let operands = [instr.a(), instr.b(), instr.c()];
    for (i, kind) in op.info().operands.iter().enumerate() {
        let raw = operands[i];
        let wide = raw as u32 | high[i] << 16;
        let operand = match kind {
            OperandKind::O => continue,
            OperandKind::W | OperandKind::R | OperandKind::M | OperandKind::X => register_name(code, raw),
            OperandKind::T if raw & TAKE != 0 => format!("{}!", register_name(code, raw & !TAKE)),
            OperandKind::T => register_name(code, raw),
            OperandKind::N => match code.names.get(wide as usize) {
                Some(name) => format!("'{name}'"),
                None => format!("name {wide}"),
            },
            OperandKind::K => constant_text(code, wide),
            OperandKind::U => format!("{wide}"),
            OperandKind::I => format!("#{}", raw as i16),
            OperandKind::J => format!("-> {}", instr.arg32()),
            OperandKind::V if op == Op::KwNames => constant_text(code, instr.arg32()),
            OperandKind::V => format!("#{}", instr.arg32() as i32),
        };
        text.push_str(if first { " " } else { ", " });
        text.push_str(&operand);
        first = false;
    }
    text
}

fn register_name(code: &CodeUnit, register: u16) -> String {
    if let Some((name, _)) = code.cell_name(register) {
        return format!("<{name}>");
    }
    match code.varnames.get(register as usize) {
        Some(name) => name.clone(),
        None => format!("t{}", register as i32 - code.first_temp as i32),
    }
}

fn constant_text(code: &CodeUnit, index: u32) -> String {
    match code.consts.get(index as usize) {
        Some(constant) => display_const(constant),
        None => format!("const {index}"),
    }
}

fn display_const(constant: &Const) -> String {
    let list = |items: &[Const]| items.iter().map(display_const).collect::<Vec<_>>().join(", ");
    match constant {
        Const::None => "None".into(),
        Const::True => "True".into(),
        Const::False => "False".into(),
        Const::Ellipsis => "...".into(),
        Const::Int(i) => i.to_string(),
        Const::BigInt(digits) => format!("0x{digits}"),
        Const::Float(f) => format!("{f:?}"),
        Const::Complex(re, im) => format!("({re:?}+{im:?}j)"),
        Const::Str(s) => format!("{s:?}"),
        Const::SurrogateStr(bytes) => format!("wtf8{bytes:?}"),
        Const::Bytes(bytes) => format!("b{:?}", String::from_utf8_lossy(bytes)),
        Const::Tuple(items) if items.len() == 1 => format!("({},)", list(items)),
        Const::Tuple(items) => format!("({})", list(items)),
        Const::FrozenSet(items) => format!("frozenset({})", list(items)),
        Const::Slice(parts) => format!("slice({})", list(&parts[..])),
        Const::Code(code) => format!("<code {}>", code.qualname),
        Const::Written(bytes) => {
            format!("<code {}>", crate::serialize::head(bytes).map_or("?", |head| head.qualname))
        }
    }
}

impl std::fmt::Display for Instr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}
