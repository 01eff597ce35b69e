//! A code unit under construction: instructions are appended in order, jumps go to labels, and code that
//! cannot be reached is not emitted at all (`bound` is `None` there).

use ruff_python_ast::Stmt;
use ruff_text_size::TextSize;
use rustc_hash::FxHashMap;
use taipan_bytecode::{Const, Instr, Op, OperandKind, Position};

use crate::optimize::fold::constant_key;
use crate::registers::{BoundLocals, VariableMap};
use crate::symbols::{ScopeId, Sym};

/// A jump target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label(pub(crate) usize);

#[derive(Clone, Debug, Default)]
pub(crate) struct LabelData {
    pub(crate) place: Option<u32>,
    /// What is bound on all paths that jump here; `None`: nobody does.
    pub(crate) bound: Option<BoundLocals>,
}

/// A range of instructions protected by a handler.
#[derive(Clone, Debug)]
pub(crate) struct Protected {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) handler: Label,
    pub(crate) depth: u16,
    pub(crate) lasti: bool,
    /// Nesting level: innermost first in the table.
    pub(crate) level: usize,
}

/// A handler in force while code is emitted.
#[derive(Clone, Debug)]
pub(crate) struct ActiveHandler {
    pub(crate) start: u32,
    pub(crate) handler: Label,
    pub(crate) depth: u16,
    pub(crate) lasti: bool,
}

/// What `return`, `break` and `continue` have to undo on their way out.
#[derive(Clone, Debug)]
pub(crate) enum Block<'a> {
    /// `iterator`: the register to drop when the loop is left early.
    Loop { exit: Label, again: Label, iterator: Option<u16> },
    /// Body of a `try` with `except` clauses.
    TryExcept,
    /// Body of a `try` with `finally`.
    TryFinally { body: &'a [Stmt] },
    /// An `except` clause: the handled exception is restored, the name unbound.
    Handler { saved: u16, exception: u16, name: Option<Sym> },
    /// `finally` body running because of an exception.
    FinallyHandler { saved: u16, exception: u16 },
    /// Body of a `with`: exit method and self are in `exit`, `exit + 1`.
    With { exit: u16, is_async: bool, position: Position },
    /// Body of an `except*` handler; `break`, `continue` and `return` are not allowed.
    ExceptStar,
}

/// A block together with whether a handler has been pushed for it.
#[derive(Clone, Debug)]
pub(crate) struct ActiveBlock<'a> {
    pub(crate) block: Block<'a>,
    /// Number of active handlers outside of the block.
    pub(crate) handlers: usize,
}

/// The handler of an inlined comprehension.
#[derive(Debug)]
pub(crate) struct Cleanup {
    pub(crate) handler: Label,
    /// The variables to empty.
    pub(crate) registers: Vec<u16>,
    /// Next free temporary at its entry.
    pub(crate) depth: u32,
    /// The handlers around the comprehension.
    pub(crate) around: Vec<ActiveHandler>,
}

/// A comprehension being inlined: where its variables live.
#[derive(Debug)]
pub(crate) struct InlinedComprehension {
    pub(crate) scope: ScopeId,
    pub(crate) locals: FxHashMap<Sym, u16>,
    pub(crate) cells: FxHashMap<Sym, u16>,
}

pub(crate) struct Unit<'a> {
    pub(crate) scope: ScopeId,
    pub(crate) name: String,
    pub(crate) qualname: String,
    pub(crate) first_line: u32,
    pub(crate) flags: u32,
    pub(crate) argcount: u32,
    pub(crate) posonlyargcount: u32,
    pub(crate) kwonlyargcount: u32,
    pub(crate) variables: VariableMap,
    pub(crate) instrs: Vec<Instr>,
    pub(crate) positions: Vec<Position>,
    pub(crate) consts: Vec<Const>,
    const_index: FxHashMap<Vec<u8>, u32>,
    pub(crate) names: Vec<String>,
    name_index: FxHashMap<String, u32>,
    pub(crate) labels: Vec<LabelData>,
    /// (instruction, label) pairs to patch.
    pub(crate) jumps: Vec<(u32, Label)>,
    pub(crate) handlers: Vec<ActiveHandler>,
    pub(crate) protected: Vec<Protected>,
    /// Where the instructions begin that end a class body, without a line of their own.
    pub(crate) tail: Option<usize>,
    pub(crate) blocks: Vec<ActiveBlock<'a>>,
    pub(crate) comprehensions: Vec<InlinedComprehension>,
    /// What is left to be emitted behind the code: it empties the variables of comprehensions when an exception leaves these.
    pub(crate) cleanups: Vec<Cleanup>,
    /// Handlers of loops that stand for generator expressions, and the depth at these.
    pub(crate) stop_handlers: Vec<(Label, u32)>,
    /// The depth where the last such loop tests its elements.
    pub(crate) tested_at: u32,
    pub(crate) bound: Option<BoundLocals>,
    /// Next free temporary and high-water mark (register numbers).
    pub(crate) depth: u32,
    pub(crate) max_depth: u32,
    pub(crate) position: Position,
    /// Numbers of the conditional annotations, by the start of their statement.
    pub(crate) annotation_numbers: FxHashMap<TextSize, u32>,
}

impl<'a> Unit<'a> {
    /// In a `NOP`: it is not removed.
    pub(crate) const KEPT: u32 = 1;

    pub(crate) fn new(scope: ScopeId, variables: VariableMap) -> Self {
        let depth = variables.first_temp;
        Self {
            scope,
            name: String::new(),
            qualname: String::new(),
            first_line: 1,
            flags: 0,
            argcount: 0,
            posonlyargcount: 0,
            kwonlyargcount: 0,
            variables,
            instrs: Vec::new(),
            positions: Vec::new(),
            consts: Vec::new(),
            const_index: FxHashMap::default(),
            names: Vec::new(),
            name_index: FxHashMap::default(),
            labels: Vec::new(),
            jumps: Vec::new(),
            handlers: Vec::new(),
            protected: Vec::new(),
            tail: None,
            blocks: Vec::new(),
            comprehensions: Vec::new(),
            cleanups: Vec::new(),
            stop_handlers: Vec::new(),
            tested_at: 0,
            bound: Some(BoundLocals::default()),
            depth,
            max_depth: depth,
            position: Position::NONE,
            annotation_numbers: FxHashMap::default(),
        }
    }

    // --- temporaries ---

    /// Takes the next temporary.
    pub(crate) fn temp(&mut self) -> u16 {
        self.temps(1)
    }

    /// Takes consecutive temporaries; returns the first.
    pub(crate) fn temps(&mut self, count: u32) -> u16 {
        let first = self.depth;
        self.depth = self.depth.saturating_add(count);
        self.max_depth = self.max_depth.max(self.depth);
        first.min(u16::MAX as u32) as u16
    }

    /// Gives back all temporaries from `mark` up.
    pub(crate) fn release(&mut self, mark: u32) {
        self.depth = mark;
    }

    // --- constants and names ---

    pub(crate) fn constant(&mut self, value: Const) -> u32 {
        let key = constant_key(&value);
        if let Some(i) = key.as_ref().and_then(|key| self.const_index.get(key)) {
            return *i;
        }
        let i = self.consts.len() as u32;
        self.consts.push(value);
        if let Some(key) = key {
            self.const_index.insert(key, i);
        }
        i
    }

    pub(crate) fn name(&mut self, name: &str) -> u32 {
        if let Some(i) = self.name_index.get(name) {
            return *i;
        }
        let i = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.name_index.insert(name.to_owned(), i);
        i
    }

    // --- instructions ---

    pub(crate) fn is_reachable(&self) -> bool {
        self.bound.is_some()
    }

    pub(crate) fn here(&self) -> u32 {
        self.instrs.len() as u32
    }

    fn push(&mut self, instr: Instr) {
        self.instrs.push(instr);
        self.positions.push(self.position);
    }

    /// Appends an instruction; wide indices get an `EXTENDED_ARG` in front.
    pub(crate) fn emit(&mut self, op: Op, a: u32, b: u32, c: u32) {
        if !self.is_reachable() {
            return;
        }
        if self.consts.is_empty()
            && let Some(place) = op.info().operands.iter().position(|kind| *kind == OperandKind::I)
        {
            self.constant(Const::Int(([a, b, c][place] as u16 as i16).into()));
        }
        if (a | b | c) > 0xffff {
            self.push(Instr::new(Op::ExtendedArg, (a >> 16) as u16, (b >> 16) as u16, (c >> 16) as u16));
        }
        self.push(Instr::new(op, a as u16, b as u16, c as u16));
    }

    /// Appends an instruction with a 32-bit operand in `b`, `c`.
    pub(crate) fn emit_wide(&mut self, op: Op, a: u16, arg: u32) {
        if self.is_reachable() {
            if self.consts.is_empty() && op == Op::LoadInt {
                self.constant(Const::Int((arg as i32).into()));
            }
            self.push(Instr::with_arg32(op, a, arg));
        }
    }

    /// Appends an instruction after which the next one is not reached.
    pub(crate) fn emit_final(&mut self, op: Op, a: u32, b: u32, c: u32) {
        self.emit(op, a, b, c);
        self.bound = None;
    }

    /// Returns constant `k`.
    pub(crate) fn emit_return_const(&mut self, k: u32) {
        if k <= u16::MAX.into() {
            return self.emit_final(Op::ReturnConst, k, 0, 0);
        }
        let depth = self.depth;
        let t = self.temp();
        self.emit(Op::LoadConst, t as u32, k, 0);
        self.emit_final(Op::ReturnValue, t as u32, 0, 0);
        self.release(depth);
    }

    // --- labels and jumps ---

    pub(crate) fn label(&mut self) -> Label {
        self.labels.push(LabelData::default());
        Label(self.labels.len() - 1)
    }

    fn join(&mut self, label: Label) {
        let Some(state) = &self.bound else { return };
        match &mut self.labels[label.0].bound {
            Some(bound) => bound.intersect(state),
            none => *none = Some(state.clone()),
        }
    }

    /// Appends an instruction with a jump target.
    pub(crate) fn jump_op(&mut self, op: Op, a: u16, label: Label) {
        if !self.is_reachable() {
            return;
        }
        debug_assert!(op.info().operands[1] == OperandKind::J);
        self.join(label);
        self.jumps.push((self.here(), label));
        self.push(Instr::with_arg32(op, a, 0));
        if matches!(op, Op::Jump | Op::JumpBackward) {
            self.bound = None;
        }
    }

    pub(crate) fn jump(&mut self, label: Label) {
        self.jump_op(Op::Jump, 0, label);
    }

    /// Puts a label here.
    pub(crate) fn place(&mut self, label: Label) {
        self.labels[label.0].place = Some(self.here());
        match (&mut self.bound, &self.labels[label.0].bound) {
            (Some(here), Some(there)) => here.intersect(there),
            (here @ None, Some(there)) => *here = Some(there.clone()),
            _ => {}
        }
    }

    /// Puts the label of a loop head here: code further down will jump back to it.
    pub(crate) fn place_loop_head(&mut self, label: Label, unbound: &[u16]) {
        if let Some(bound) = &mut self.bound {
            for register in unbound {
                bound.remove(*register);
            }
        }
        self.labels[label.0].place = Some(self.here());
    }

    pub(crate) fn is_jumped_to(&self, label: Label) -> bool {
        self.labels[label.0].bound.is_some()
    }

    // --- handlers ---

    /// Instructions from here on are protected. `unbound`: locals that the body may unbind.
    pub(crate) fn push_handler(&mut self, handler: Label, lasti: bool, unbound: &[u16]) {
        if let Some(bound) = &self.bound {
            let mut state = bound.clone();
            for register in unbound {
                state.remove(*register);
            }
            match &mut self.labels[handler.0].bound {
                Some(bound) => bound.intersect(&state),
                none => *none = Some(state),
            }
        }
        let active = ActiveHandler { start: self.here(), handler, depth: self.depth as u16, lasti };
        self.handlers.push(active);
    }

    fn close(&mut self, level: usize) {
        let active = self.handlers[level].clone();
        let end = self.here();
        if active.start < end {
            self.protected.push(Protected {
                start: active.start,
                end,
                handler: active.handler,
                depth: active.depth,
                lasti: active.lasti,
                level,
            });
        }
    }

    pub(crate) fn pop_handler(&mut self) {
        self.close(self.handlers.len() - 1);
        self.handlers.pop();
    }

    /// Emits the handlers that were left for the end.
    pub(crate) fn emit_cleanups(&mut self) {
        for cleanup in std::mem::take(&mut self.cleanups) {
            self.bound = None;
            self.place(cleanup.handler);
            let start = self.here();
            self.depth = cleanup.depth;
            self.position.line = 0;
            let (saved, exception) = (self.temp(), self.temp());
            self.emit(Op::PushExcInfo, saved.into(), exception.into(), 0);
            for register in cleanup.registers {
                self.emit(Op::Drop, register.into(), 0, 0);
            }
            self.emit(Op::PopExcept, saved.into(), 0, 0);
            self.emit_final(Op::Reraise, exception.into(), 0, 0);
            let end = self.here();
            for (level, active) in cleanup.around.into_iter().enumerate().filter(|_| start < end) {
                let ActiveHandler { handler, depth, lasti, .. } = active;
                self.protected.push(Protected { start, end, handler, depth, lasti, level });
            }
        }
    }

    /// Takes the handlers above `level` out of force, to be restored by [`Self::resume_handlers`].
    pub(crate) fn suspend_handlers(&mut self, level: usize) -> Vec<ActiveHandler> {
        for i in level..self.handlers.len() {
            self.close(i);
        }
        self.handlers.split_off(level)
    }

    pub(crate) fn resume_handlers(&mut self, handlers: Vec<ActiveHandler>) {
        let here = self.here();
        for mut handler in handlers {
            handler.start = here;
            self.handlers.push(handler);
        }
    }
}
