//! The exceptions: one layout for all classes of the hierarchy, and the behaviour of each class in `exceptions/`.
//!
//! What a class adds to `BaseException` (`errno`, `name`, `value`, …) is in numbered fields, each one [`Slot`]; a class's own file says
//! which is which. Fields may hold anything at any time: a Python class may derive from several classes that use the same number
//! differently, and other threads may store into them.

mod base;
pub mod group;
mod os_error;
mod simple;
mod syntax_error;
#[cfg(test)]
mod tests;
mod unicode_error;

use std::sync::OnceLock;

use taipan_gc::{Header, Obj, Py, Slot};
use taipan_threading::sync::atomic::{AtomicBool, Ordering};

use crate::argument::Args;
use crate::construct::*;
use crate::error::*;
use crate::istr;
use crate::layout;
use crate::native::{GetSetDef, suggestion};
use crate::protocol;
use crate::str::PyStr;
use crate::tuple::PyTuple;
use crate::type_object::slots::{CallFn, InitFn};
use crate::type_object::{PyType, TypeSlots, check_layout, class_of, new_instance, ready, type_flags};
use crate::types::{Types, types};

pub use os_error::{io_error, os_error_from_errno, strerror};
pub use unicode_error::{unicode_decode_error, unicode_encode_error, unicode_translate_error};

/// Number of fields for the attributes of subclasses.
pub const FIELDS: usize = 6;

/// An exception.
#[repr(C)]
pub struct PyBaseException {
    header: Header,
    /// A tuple.
    args: Slot,
    traceback: Slot,
    cause: Slot,
    context: Slot,
    fields: [Slot; FIELDS],
    suppress_context: AtomicBool,
}
layout!(PyBaseException, "BaseException", [args, traceback, cause, context, fields]);

impl PyBaseException {
    /// `class(*args)` for a built-in class other than the groups: no Python code is called.
    pub fn create(class: &Py<PyType>, args: Vec<Obj>) -> Obj {
        Self::create_with(class, PyTuple::new(args))
    }
    /// [`Self::create`] with a tuple that is made already: without a vector in between.
    pub fn create_with(class: &Py<PyType>, args: Py<PyTuple>) -> Obj {
        let exception = allocate(class, args.clone().into_obj());
        let plain: InitFn = base::init;
        if is_plain(class) {
            return exception;
        }
        let arguments = Args::new(args.as_slice());
        let done = if class.is_subtype(&types().os_error) {
            os_error::initialize(&exception, &arguments)
        } else {
            match class.slots.init() {
                Some(init) if !class.has_flag(type_flags::HEAP) && init as usize != plain as usize => {
                    init(&exception, &arguments)
                }
                _ => Ok(()),
            }
        };
        if let Err(Raised) = done {
            drop(try_take_raised());
        }
        exception
    }
    /// What `type.__call__` makes of a class that makes of its arguments what `BaseException` does; `None` for others. No Python code is called.
    pub fn create_plain(class: &PyType, args: &[Obj]) -> Option<Obj> {
        is_plain(class).then(|| allocate(class, PyTuple::from_slice(args).into_obj()))
    }
    /// `AttributeError(message, name=name, obj=obj)`.
    pub fn create_attribute_error(message: Obj, obj: &Obj, name: &Obj) -> Obj {
        let mut fields = [const { Slot::empty() }; FIELDS];
        fields[0] = Slot::new(name.clone());
        fields[1] = Slot::new(obj.clone());
        allocate_with(&types().attribute_error, PyTuple::from_array([message]).into_obj(), fields)
    }
    /// `args`.
    pub fn args(&self) -> Py<PyTuple> {
        self.args
            .load()
            .and_then(|args| args.into_py::<PyTuple>().ok())
            .unwrap_or_else(|| PyTuple::new(vec![]))
    }
    /// Replaces `args`.
    pub fn set_args(&self, args: Vec<Obj>) {
        self.args.store(PyTuple::new(args).into_obj());
    }
    /// A field of the exception's class; its file says which.
    pub fn field(&self, index: usize) -> Option<Obj> {
        self.fields[index].load()
    }
    /// Stores or empties a field.
    pub fn set_field(&self, index: usize, value: Option<Obj>) {
        drop(self.fields[index].replace(value));
    }
    /// `__traceback__`, unless `None`.
    pub fn traceback(&self) -> Option<Obj> {
        self.traceback.load()
    }
    /// Sets `__traceback__`; it must be a traceback.
    pub fn set_traceback(&self, traceback: Option<Obj>) {
        drop(self.traceback.replace(traceback));
    }
    /// `__cause__`, unless `None`.
    pub fn cause(&self) -> Option<Obj> {
        self.cause.load()
    }
    /// `raise ... from cause`: the context is no longer shown.
    pub fn set_cause(&self, cause: Option<Obj>) {
        drop(self.cause.replace(cause));
        self.set_suppress_context(true);
    }
    /// `__context__`, unless `None`.
    pub fn context(&self) -> Option<Obj> {
        self.context.load()
    }
    /// Sets `__context__`.
    pub fn set_context(&self, context: Option<Obj>) {
        drop(self.context.replace(context));
    }
    /// `__suppress_context__`.
    pub fn suppress_context(&self) -> bool {
        // Relaxed: a flag on its own.
        self.suppress_context.load(Ordering::Relaxed)
    }
    pub fn set_suppress_context(&self, on: bool) {
        self.suppress_context.store(on, Ordering::Relaxed);
    }
    /// Makes `context` the context of this exception. If this exception is in `context`'s own chain, the chain is cut there.
    pub fn set_context_avoiding_cycle(&self, context: Obj) {
        let is_self = |obj: &Obj| {
            obj.header().is_some_and(|h| std::ptr::eq(std::ptr::from_ref(h).cast::<PyBaseException>(), self))
        };
        if is_self(&context) {
            return;
        }
        // Floyd: a chain that is a cycle already, not through this exception, ends the walk when the slow walker is met.
        let (mut at, mut slow, mut advance) = (context.clone(), context.clone(), false);
        while let Some(next) = context_of(&at) {
            if is_self(&next) {
                if let Some(e) = at.downcast::<PyBaseException>() {
                    e.set_context(None);
                }
                break;
            }
            at = next;
            if at.is(&slow) {
                break;
            }
            if advance && let Some(next) = context_of(&slow) {
                slow = next;
            }
            advance = !advance;
        }
        self.set_context(Some(context));
    }
    /// `exception.add_note(note)`; `exception` is this object.
    pub fn add_note(&self, exception: &Obj, note: &str) -> PyResult<()> {
        add_note(exception, &str_obj(note))
    }
}

fn context_of(exception: &Obj) -> Option<Obj> {
    exception.downcast::<PyBaseException>()?.context()
}

/// Appends to `__notes__`, making it if necessary.
pub fn add_note(exception: &Obj, note: &Obj) -> PyResult<()> {
    let name = istr!("__notes__");
    let notes = match protocol::getattr_opt(exception, &name)? {
        Some(notes) => notes,
        None => {
            let notes = list_obj(vec![]);
            protocol::setattr(exception, &name, &notes)?;
            notes
        }
    };
    if !notes.is_layout::<crate::list::PyList>() {
        return Err(type_error("Cannot add note: __notes__ is not a list"));
    }
    protocol::call_method(&notes, &istr!("append"), std::slice::from_ref(note))?;
    Ok(())
}

/// Whether a class makes of its arguments what `BaseException` does.
fn is_plain(class: &PyType) -> bool {
    let (new, init): (CallFn, InitFn) = (base::new, base::init);
    class.slots.new().is_some_and(|f| f as usize == new as usize)
        && class.slots.init().is_some_and(|f| f as usize == init as usize)
}

/// A new exception whose fields are empty.
fn allocate(class: &PyType, args: Obj) -> Obj {
    allocate_with(class, args, [const { Slot::empty() }; FIELDS])
}

fn allocate_with(class: &PyType, args: Obj, fields: [Slot; FIELDS]) -> Obj {
    new_instance(class, |header| PyBaseException {
        header,
        args: Slot::new(args),
        traceback: Slot::empty(),
        cause: Slot::empty(),
        context: Slot::empty(),
        fields,
        suppress_context: AtomicBool::new(false),
    })
    .into_obj()
}

/// As [`allocate`] for a class that Python code gave.
fn allocate_checked(class: &Obj, args: &[Obj]) -> PyResult<Obj> {
    let Some(class) = class.downcast::<PyType>() else { return Err(type_error("expected a type")) };
    check_layout::<PyBaseException>(class)?;
    Ok(allocate(class, PyTuple::from_slice(args).into_obj()))
}

fn this(obj: &Obj) -> PyResult<&PyBaseException> {
    obj.downcast::<PyBaseException>().ok_or_else(|| system_error("not an exception"))
}

/// Whether `obj` is an exception.
pub fn is_exception(obj: &Obj) -> bool {
    obj.is_layout::<PyBaseException>()
}

/// Whether `obj` is a class of exceptions.
pub fn is_exception_class(obj: &Obj) -> bool {
    obj.downcast::<PyType>().is_some_and(|c| c.is_subtype(&types().base_exception))
}

/// Whether an `except classes` clause takes `exception` (`classes`: a class or a tuple of classes; anything else does not match).
pub fn matches(exception: &Obj, classes: &Obj) -> bool {
    if let Some(tuple) = classes.downcast::<PyTuple>() {
        return tuple.as_slice().iter().any(|class| matches(exception, class));
    }
    match classes.downcast::<PyType>() {
        Some(class) => class_of(exception).is_subtype(class),
        None => exception.is(classes),
    }
}

fn no_keywords(name: &str, args: &Args<'_>) -> PyResult<()> {
    if args.has_keywords() { Err(type_error(format!("{name}() takes no keyword arguments"))) } else { Ok(()) }
}

/// The keyword-only arguments of a constructor.
fn keyword_fields<const N: usize>(
    function: &str,
    args: &Args<'_>,
    names: [&'static str; N],
) -> PyResult<[Option<Obj>; N]> {
    let mut found = [const { None }; N];
    let given = args.keyword_names.len();
    if given == 0 {
        return Ok(found);
    }
    if given > N {
        let plural = if N == 1 { "" } else { "s" };
        return Err(type_error(format!(
            "{function}() takes at most {N} keyword argument{plural} ({given} given)"
        )));
    }
    for (name, value) in args.keywords() {
        let text = name.downcast::<PyStr>().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(at) = names.iter().position(|n| *n == text) else {
            let hint = suggestion(&text, names.into_iter())
                .map(|n| format!(". Did you mean '{n}'?"))
                .unwrap_or_default();
            return Err(type_error(format!(
                "{function}() got an unexpected keyword argument '{text}'{hint}"
            )));
        };
        found[at] = Some(value.clone());
    }
    Ok(found)
}

fn get_member<const I: usize>(obj: &Obj) -> PyResult<Obj> {
    Ok(this(obj)?.field(I).unwrap_or_else(none))
}

fn set_member<const I: usize>(obj: &Obj, value: Option<&Obj>) -> PyResult<()> {
    this(obj)?.set_field(I, value.cloned());
    Ok(())
}

fn readonly(_obj: &Obj, _value: Option<&Obj>) -> PyResult<()> {
    Err(attribute_error("readonly attribute"))
}

/// An attribute that shows field `I`.
const fn member<const I: usize>(name: &'static str) -> GetSetDef {
    GetSetDef { name, get: get_member::<I>, set: Some(set_member::<I>), doc: "" }
}

/// An attribute that shows field `I` and cannot be set.
const fn readonly_member<const I: usize>(name: &'static str) -> GetSetDef {
    GetSetDef { name, get: get_member::<I>, set: Some(readonly), doc: "" }
}

/// The instance attributes as a dict, if there are any.
fn attributes(obj: &Obj) -> PyResult<Option<Py<crate::dict::PyDict>>> {
    if crate::shape::attributes(obj)?.is_empty() { Ok(None) } else { crate::shape::dict_of(obj).map(Some) }
}

/// `ExceptionGroup`, the one class with two native bases: made when first asked for.
pub fn exception_group() -> &'static Py<PyType> {
    static CLASS: OnceLock<Py<PyType>> = OnceLock::new();
    CLASS.get_or_init(|| {
        let class = crate::type_object::TypeBuilder::new(
            "ExceptionGroup",
            <PyBaseException as taipan_gc::Object>::ops(),
        )
        .base(&types().base_exception_group)
        .also_base(&types().exception)
        .dict()
        .doc("A group of exceptions, none of which derives from BaseException alone.")
        .make();
        // Of the built-in exceptions only this class has it, as a statement made it.
        crate::type_object::ready::set_attr(&class, "__module__", crate::str::intern("builtins").into_obj());
        class
    })
}

/// What can only be made once all other classes are complete.
pub fn init_late() {
    let _ = exception_group();
}

/// `name: class` for everything of the hierarchy that the `builtins` module shows.
pub fn builtin_names() -> Vec<(&'static str, Obj)> {
    let t = types();
    let mut names: Vec<(&'static str, Obj)> =
        CLASSES.iter().map(|(name, pick, _)| (*name, pick(t).as_obj().clone())).collect();
    names.push(("ExceptionGroup", exception_group().as_obj().clone()));
    names.push(("EnvironmentError", t.os_error.as_obj().clone()));
    names.push(("IOError", t.os_error.as_obj().clone()));
    names
}

type Pick = fn(&Types) -> &Py<PyType>;

macro_rules! classes {
    ($($name:literal $field:ident $doc:literal;)*) => {
        /// All classes that exist from the start: name, field of [`Types`], docstring.
        static CLASSES: &[(&str, Pick, &str)] = &[ $( ($name, |t| &t.$field, $doc), )* ];
    };
}

classes! {
    "BaseException" base_exception "Root of the exception hierarchy.";
    "BaseExceptionGroup" base_exception_group "A group of unrelated exceptions.";
    "GeneratorExit" generator_exit "Thrown into a generator that is being closed.";
    "KeyboardInterrupt" keyboard_interrupt "The user interrupted the program.";
    "SystemExit" system_exit "A request to leave the interpreter.";
    "Exception" exception "Base class of all exceptions that programs usually handle.";
    "ArithmeticError" arithmetic_error "Base class of arithmetic errors.";
    "AssertionError" assertion_error "An assertion failed.";
    "AttributeError" attribute_error "An attribute is missing.";
    "BufferError" buffer_error "A buffer operation is impossible.";
    "EOFError" eof_error "Input ended too early.";
    "ImportError" import_error "A module, or a name in it, cannot be imported.";
    "LookupError" lookup_error "Base class of failed lookups.";
    "MemoryError" memory_error "There is not enough memory.";
    "NameError" name_error "A name is not defined.";
    "OSError" os_error "Base class of errors of the operating system.";
    "ReferenceError" reference_error "A weakly referenced object was used after its end.";
    "RuntimeError" runtime_error "An error without a class of its own.";
    "StopAsyncIteration" stop_async_iteration "An asynchronous iterator is exhausted.";
    "StopIteration" stop_iteration "An iterator is exhausted.";
    "SyntaxError" syntax_error "The source is not valid Python.";
    "SystemError" system_error "An internal error of the interpreter.";
    "TypeError" type_error "An argument has the wrong type.";
    "ValueError" value_error "An argument has the right type and a wrong value.";
    "Warning" warning "Base class of warning categories.";
    "FloatingPointError" floating_point_error "A floating point operation failed.";
    "OverflowError" overflow_error "A result is too large to be represented.";
    "ZeroDivisionError" zero_division_error "Division or modulo by zero.";
    "ModuleNotFoundError" module_not_found_error "A module does not exist.";
    "IndexError" index_error "A sequence index is out of range.";
    "KeyError" key_error "A mapping lacks the key.";
    "UnboundLocalError" unbound_local_error "A local variable is used before it has a value.";
    "BlockingIOError" blocking_io_error "An operation would block.";
    "ChildProcessError" child_process_error "An operation on a child process failed.";
    "ConnectionError" connection_error "Base class of connection errors.";
    "BrokenPipeError" broken_pipe_error "The other end of a pipe or connection is closed.";
    "ConnectionAbortedError" connection_aborted_error "The peer aborted the connection attempt.";
    "ConnectionRefusedError" connection_refused_error "The peer refused the connection.";
    "ConnectionResetError" connection_reset_error "The peer reset the connection.";
    "FileExistsError" file_exists_error "The file exists already.";
    "FileNotFoundError" file_not_found_error "The file does not exist.";
    "InterruptedError" interrupted_error "A signal interrupted the operation.";
    "IsADirectoryError" is_a_directory_error "The operation does not work on directories.";
    "NotADirectoryError" not_a_directory_error "The operation only works on directories.";
    "PermissionError" permission_error "Access is denied.";
    "ProcessLookupError" process_lookup_error "There is no such process.";
    "TimeoutError" timeout_error "The operation took too long.";
    "NotImplementedError" not_implemented_error "A method is left to subclasses.";
    "RecursionError" recursion_error "The recursion is too deep.";
    "PythonFinalizationError" python_finalization_error "The interpreter is shutting down.";
    "IndentationError" indentation_error "The indentation is wrong.";
    "_IncompleteInputError" incomplete_input_error "The source ends too early.";
    "TabError" tab_error "Tabs and spaces are mixed inconsistently.";
    "UnicodeError" unicode_error "Base class of text coding errors.";
    "UnicodeDecodeError" unicode_decode_error "Bytes cannot be decoded.";
    "UnicodeEncodeError" unicode_encode_error "Text cannot be encoded.";
    "UnicodeTranslateError" unicode_translate_error "Text cannot be translated.";
    "BytesWarning" bytes_warning "About questionable uses of bytes.";
    "DeprecationWarning" deprecation_warning "About deprecated features, for developers.";
    "EncodingWarning" encoding_warning "About reliance on the locale's encoding.";
    "FutureWarning" future_warning "About deprecated features, for users.";
    "ImportWarning" import_warning "About probable mistakes in imports.";
    "PendingDeprecationWarning" pending_deprecation_warning "About features that will be deprecated.";
    "ResourceWarning" resource_warning "About resources that were not released.";
    "RuntimeWarning" runtime_warning "About dubious behaviour at run time.";
    "SyntaxWarning" syntax_warning "About dubious syntax.";
    "UnicodeWarning" unicode_warning "About problems with text.";
    "UserWarning" user_warning "About anything the program says.";
}

pub(crate) fn fill(types: &Types) {
    for (_, pick, doc) in CLASSES {
        ready::set_doc(pick(types), doc);
    }
    base::fill(types);
    simple::fill(types);
    os_error::fill(types);
    syntax_error::fill(types);
    unicode_error::fill(types);
    group::fill(types);
}

/// Slots of a class that only has its own constructor half and text.
const fn own_slots(init: InitFn) -> TypeSlots {
    TypeSlots { init: Some(init), ..TypeSlots::EMPTY }
}
