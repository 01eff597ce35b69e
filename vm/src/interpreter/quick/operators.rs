//! Operators of classes that define them in Python: the frame of the method that the instruction knows is pushed at once. See [`crate::interpreter::ops::operators`].

use taipan_bytecode::{BranchFlags, Instr, Op, OperandKind};
use taipan_objects::code::{PyCode, Word};
use taipan_objects::error::{PyResult, Raised};
use taipan_objects::function::PyFunction;
use taipan_objects::protocol;
use taipan_objects::type_object::number_items::{self, NumberItems};
use taipan_objects::{Obj, Value};

use super::known;
use super::{Exit, Ip, State, branches, handlers, iteration, values};
use crate::frame::{Frame, Kind};
use crate::interpreter::call;
use crate::interpreter::ops::attribute;
use crate::interpreter::ops::operators::{self, Next, Outcome};
use crate::registers::Regs;
use crate::thread::VmThread;

/// Calls the method that the instruction knows for the first of the arguments, which stay in their registers, in a frame of the kind at the top of the stack.
#[inline(always)]
fn enter<const N: usize>(s: State, arguments: [Value; N], kind: Kind, ret: u16) -> Option<State> {
    if arguments.iter().any(|argument| argument.is_empty()) {
        return None;
    }
    let method = attribute::known_method(s.cache(), arguments[0])?;
    enter_method(s, method, arguments, kind, ret)
}

/// [`enter`] with the method, which is alive at this moment.
#[inline(always)]
fn enter_method<const N: usize>(
    s: State,
    method: Value,
    arguments: [Value; N],
    kind: Kind,
    ret: u16,
) -> Option<State> {
    if !known::is_function(method) {
        return None;
    }
    // SAFETY: the layout was checked; the class keeps the function alive, or limbo until the next safepoint, then the frame.
    let function: &PyFunction = unsafe { &*method.ptr().cast() };
    let code = call::function_code(function);
    if code.plain() != N as u32 || s.thread.threading.poll() != 0 {
        return None;
    }
    let callee = if function.is_deferred() {
        Value::EMPTY
    } else {
        // SAFETY: alive, as above.
        unsafe { Obj::from_borrowed_at_once(method) }?.into_value()
    };
    let window = s.thread.top.get();
    let size = code.nregs as usize;
    if !call::push_frame_at_once(s.thread, s.fp, function, code, window, N, size, ret, kind, callee) {
        // SAFETY: the reference just made, if there is one: not the last.
        let _ = unsafe { Obj::drop_at_once(callee) };
        return None;
    }
    let regs = Regs::new(window);
    for (at, argument) in arguments.into_iter().enumerate() {
        regs.put(at, argument.uncounted());
    }
    s.save();
    Some(State::of(code, 0, s.fp.wrapping_add(1), regs, s.thread))
}

/// [`enter`] for an operator that both operands may know.
#[inline(always)]
fn operate(s: State, first: Value, second: Value, ret: u16) -> Option<State> {
    if first.is_empty() || second.is_empty() || !operators::is_first(first, second) {
        return None;
    }
    enter(s, [first, second], Kind::Operator, ret)
}

/// Pushes the frame of the method that the instruction `op` at `ip`, whose operands are there, calls first, if it knows that, and gives its code.
///
/// That is an operator, or reads an attribute that may be a property.
#[inline(always)]
pub(crate) fn push<'a>(
    thread: &'static VmThread,
    fp: *mut Frame,
    ip: Ip,
    regs: Regs,
    op: Op,
) -> Option<&'a PyCode> {
    let s = State { ip, regs, fp, thread };
    let i = s.word(0);
    let number = |imm: i16| Value::from_int_wrapping(i64::from(imm));
    let [_, second, third] = op.info().operands;
    let state = match (second, third) {
        _ if op == Op::LoadAttr => {
            let subject = s.value(i.b());
            attribute::quick_property(s.cache(), s.regs.obj(i.b() as usize))
                .and_then(|getter| enter_method(s, getter.value(), [subject], Kind::Call, i.a()))
        }
        _ if op == Op::Subscr => enter(s, [s.value(i.b()), s.value(i.c())], Kind::Call, i.a()),
        _ if op == Op::SubscrImm => enter(s, [s.value(i.b()), number(i.c_imm())], Kind::Call, i.a()),
        _ if op == Op::StoreSubscr => {
            let (register, _) = Instr::split_take(i.c());
            enter(s, [s.value(i.a()), s.value(i.b()), s.value(register)], Kind::Operator, 0)
        }
        // Branches.
        (OperandKind::I, _) if i.c() & BranchFlags::MIRRORED != 0 => None,
        (OperandKind::I, _) => operate(s, s.value(i.a()), number(i.b_imm()), 0),
        (_, OperandKind::U) => operate(s, s.value(i.a()), s.value(i.b()), 0),
        (_, OperandKind::I) => operate(s, s.value(i.b()), number(i.c_imm()), i.a()),
        _ => operate(s, s.value(i.b()), s.value(i.c()), i.a()),
    };
    state.map(|state| state.code())
}

/// Whether what is in two registers is equal, if that is a matter of a few instructions.
#[inline(always)]
fn equal_by_identity(s: State, first: u16, second: u16) -> Option<bool> {
    if s.value(first).is_empty() || s.value(second).is_empty() {
        return None;
    }
    protocol::equal_by_identity(s.regs.obj(first as usize), s.regs.obj(second as usize))
}

/// Goes on at the instruction of `s` with what its method returned.
#[inline(always)]
pub(super) fn conclude(s: State, value: Value) -> Exit {
    let i = s.word(0);
    match operators::outcome(i.instr(), value) {
        Outcome::Value => return s.write(i.a(), value, 1),
        Outcome::Truth(truth) => {
            if let Some(state) = branches::branch_lightly(s, truth, i) {
                return state.go();
            }
        }
        Outcome::Stored => {
            let (register, take) = Instr::split_take(i.c());
            return if take { s.write(register, Value::EMPTY, 1) } else { s.next(1) };
        }
        Outcome::Other => {}
    }
    s.thread.result.set(value);
    judge(s.ip, s.regs, s.fp, s.thread)
}

/// The work of [`judge`], apart because its locals live in memory.
#[inline(never)]
fn judged(regs: Regs, i: &Word, behind: &Word, value: Value) -> PyResult<Next> {
    // SAFETY: moved out of the frame that returned it.
    let value = unsafe { Obj::from_value_unchecked(value) };
    operators::conclude(regs, i.instr(), behind.instr(), value)
}

/// Access to the items of a container of machine numbers, in a register.
#[inline(always)]
fn number_items(container: Value) -> Option<&'static NumberItems> {
    if container.is_empty() || !container.is_ptr() {
        return None;
    }
    // SAFETY: a register keeps its object alive.
    number_items::of(unsafe { &*container.ptr() })
}

/// The item of a container of machine numbers, if it is one and the index in range from the beginning.
#[inline(never)]
pub(crate) fn read_number(container: Value, index: i64) -> Option<Value> {
    let items = number_items(container)?;
    // SAFETY: a register keeps its object alive.
    (items.get)(unsafe { &*container.ptr() }, usize::try_from(index).ok()?)
}

/// Writes the item, likewise.
#[inline(never)]
pub(crate) fn write_number(container: Value, index: i64, value: Value) -> bool {
    let (Some(items), Ok(index)) = (number_items(container), usize::try_from(index)) else { return false };
    // SAFETY: a register keeps its object alive.
    value.is_number() && (items.set)(unsafe { &*container.ptr() }, index, value)
}

handlers! {
    #[inline(never)]
    judge(s, i) {
        match judged(s.regs, i, s.word(1), super::result(s.thread)) {
            Ok(Next::Behind(words)) => s.next(words),
            Ok(Next::At(target)) => s.jump_to(target),
            Err(Raised) => Exit::Raised,
        }
    }
    #[inline(never)]
    binary(s, i) {
        match operate(s, s.value(i.b()), s.value(i.c()), i.a()) {
            Some(state) => state.go(),
            None => values::binary_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    binary_imm(s, i) {
        match operate(s, s.value(i.b()), Value::from_int_wrapping(i.c_imm() as i64), i.a()) {
            Some(state) => state.go(),
            None => values::binary_imm_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    compare(s, i) {
        match operate(s, s.value(i.b()), s.value(i.c()), i.a()) {
            Some(state) => state.go(),
            None => values::compare_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    branch_equal(s, i) {
        let wanted = i.opcode() == Op::BranchEq as u16;
        let truth = equal_by_identity(s, i.a(), i.b()).map(|equal| equal == wanted);
        match truth.and_then(|truth| branches::branch_lightly(s, truth, i)) {
            Some(state) => state.go(),
            None => branch(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    branch(s, i) {
        match operate(s, s.value(i.a()), s.value(i.b()), 0) {
            Some(state) => state.go(),
            None => values::branch_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    branch_imm(s, i) {
        if i.c() & BranchFlags::MIRRORED == 0
            && let Some(state) = operate(s, s.value(i.a()), Value::from_int_wrapping(i.b_imm() as i64), 0)
        {
            return state.go();
        }
        values::branch_imm_any(s.ip, s.regs, s.fp, s.thread)
    }
    #[inline(never)]
    subscr(s, i) {
        if known::is_dict(s.value(i.b())) {
            return iteration::subscr_dict(s.ip, s.regs, s.fp, s.thread);
        }
        if s.value(i.c()).is_int() && number_items(s.value(i.b())).is_some() {
            return number_item(s.ip, s.regs, s.fp, s.thread);
        }
        subscr_python(s.ip, s.regs, s.fp, s.thread)
    }
    /// The item of a container of machine numbers.
    #[inline(never)]
    number_item(s, i) {
        let (container, key) = (s.value(i.b()), s.value(i.c()).as_int());
        match read_number(container, key) {
            Some(number) => s.write(i.a(), number, 1),
            None => iteration::subscr_class(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    subscr_python(s, i) {
        match enter(s, [s.value(i.b()), s.value(i.c())], Kind::Call, i.a()) {
            Some(state) => state.go(),
            None => iteration::subscr_class(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    subscr_imm(s, i) {
        let key = Value::from_int_wrapping(i.c_imm() as i64);
        match enter(s, [s.value(i.b()), key], Kind::Call, i.a()) {
            Some(state) => state.go(),
            None => iteration::subscr_imm_other(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    store_subscr(s, i) {
        let (register, _) = Instr::split_take(i.c());
        if s.value(i.b()).is_int() && number_items(s.value(i.a())).is_some() {
            return store_number_item(s.ip, s.regs, s.fp, s.thread);
        }
        match enter(s, [s.value(i.a()), s.value(i.b()), s.value(register)], Kind::Operator, 0) {
            Some(state) => state.go(),
            None => iteration::store_subscr_any(s.ip, s.regs, s.fp, s.thread),
        }
    }
    #[inline(never)]
    store_number_item(s, i) {
        let (register, take) = Instr::split_take(i.c());
        let (container, key, value) = (s.value(i.a()), s.value(i.b()).as_int(), s.value(register));
        if !write_number(container, key, value) {
            return iteration::store_subscr_any(s.ip, s.regs, s.fp, s.thread);
        }
        if take {
            s.regs.put(register as usize, Value::EMPTY);
        }
        s.next(1)
    }
}
