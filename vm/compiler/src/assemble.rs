//! From a finished [`Unit`] to a [`CodeUnit`]: jumps get their targets, jumps to jumps are shortened, instructions
//! without effect disappear, and the exception table is put in order.

use taipan_bytecode::{CodeUnit, Const, ExceptionEntry, Instr, Op, OperandKind, flags};

use crate::optimize::peephole;
use crate::symbols::SymbolTable;
use crate::unit::Unit;

/// Finishes a unit.
pub(crate) fn assemble(mut unit: Unit<'_>, table: &SymbolTable, filename: &str) -> CodeUnit {
    unit.emit_cleanups();
    let target_of = |unit: &Unit<'_>, label: crate::unit::Label| unit.labels[label.0].place.unwrap_or(0);
    for i in 0..unit.jumps.len() {
        let (at, label) = unit.jumps[i];
        let target = target_of(&unit, label);
        let old = unit.instrs[at as usize];
        unit.instrs[at as usize] = old.with_target(target);
    }
    if unit.consts.is_empty() && unit.flags & flags::CO_OPTIMIZED != 0 {
        // The value of a function that ends without saying so.
        unit.constant(Const::None);
    }
    let mut regions = std::mem::take(&mut unit.protected);
    regions.sort_by_key(|r| (std::cmp::Reverse(r.level), r.start));
    let mut exceptions: Vec<ExceptionEntry> = regions
        .iter()
        .map(|r| ExceptionEntry {
            start: r.start,
            end: r.end,
            handler: target_of(&unit, r.handler),
            depth: r.depth,
            lasti: r.lasti,
        })
        .collect();
    let first_temp = unit.variables.first_temp as u16;
    peephole::run(&mut unit.instrs, &mut unit.positions, &mut exceptions, first_temp, unit.tail);
    // The parameter of `__annotate__` functions has a name that annotations cannot mean until they are compiled.
    let name = |sym: &u32| match table.name(*sym) {
        ".format" => "format".to_owned(),
        name => name.to_owned(),
    };
    let v = &unit.variables;
    CodeUnit {
        varnames: v.varnames.iter().map(name).collect(),
        cellvars: v.cellvars.iter().map(name).collect(),
        freevars: v.freevars.iter().map(name).collect(),
        cell_registers: v.cell_registers.clone(),
        free_registers: v.free_registers.clone(),
        nlocals: v.varnames.len() as u16,
        first_temp: v.first_temp as u16,
        nregs: unit.max_depth as u16,
        instrs: unit.instrs,
        positions: unit.positions.into(),
        consts: unit.consts,
        names: unit.names,
        argcount: unit.argcount,
        posonlyargcount: unit.posonlyargcount,
        kwonlyargcount: unit.kwonlyargcount,
        flags: unit.flags,
        name: unit.name,
        qualname: unit.qualname,
        filename: filename.to_owned(),
        first_line: unit.first_line,
        exception_table: exceptions,
    }
}

/// Whether an instruction's `b`, `c` are a jump target.
pub(crate) fn has_target(instr: Instr) -> bool {
    instr.op().is_some_and(|op| op.info().operands[1] == OperandKind::J || op == Op::Target)
}
