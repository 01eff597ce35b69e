//! Readers and writers of streams of bytes.

use parking_lot::Mutex;
use taipan_objects::bytes::bytes_value;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};

use super::codec::{Codec, State};
use super::incremental::{decode_after, encode_after, errors_of, initialized, set_errors, settings_of};
use crate::native_class::class_argument;
use crate::{counted, native_class};

/// A `MultibyteStreamReader`.
#[repr(C)]
pub struct PyStreamReader {
    header: Header,
    codec: Codec,
    errors: Slot,
    stream: Obj,
    pending: Mutex<Vec<u8>>,
    state: Mutex<State>,
}
layout!(PyStreamReader, "_multibytecodec.MultibyteStreamReader", [errors, stream]);

/// A `MultibyteStreamWriter`.
#[repr(C)]
pub struct PyStreamWriter {
    header: Header,
    codec: Codec,
    errors: Slot,
    stream: Obj,
    pending: Mutex<Vec<u32>>,
    state: Mutex<State>,
}
layout!(PyStreamWriter, "_multibytecodec.MultibyteStreamWriter", [errors, stream]);

native_class!(
    pub fn reader_class() = TypeBuilder::new("_multibytecodec.MultibyteStreamReader", PyStreamReader::ops())
        .flag(type_flags::BASE)
        .slots(TypeSlots { new: Some(new_reader), init: Some(initialized), ..TypeSlots::EMPTY })
        .methods(PyStreamReader::methods())
        .getset(PyStreamReader::getset())
        .make()
);
native_class!(
    pub fn writer_class() = TypeBuilder::new("_multibytecodec.MultibyteStreamWriter", PyStreamWriter::ops())
        .flag(type_flags::BASE)
        .slots(TypeSlots { new: Some(new_writer), init: Some(initialized), ..TypeSlots::EMPTY })
        .methods(PyStreamWriter::methods())
        .getset(PyStreamWriter::getset())
        .make()
);

#[pyargs(name = "MultibyteStreamReader", sig = "(stream, errors='strict')")]
fn new_reader(class: &Obj, stream: &Obj, errors: Option<&str>) -> PyResult<Obj> {
    let (codec, errors) = settings_of(class, errors)?;
    let class = class_argument::<PyStreamReader>(class)?;
    let stream = stream.clone();
    Ok(new_instance(class, |header| PyStreamReader {
        header,
        codec,
        errors,
        stream,
        pending: Mutex::default(),
        state: Mutex::new(codec.decoder_state()),
    })
    .into_obj())
}

#[pyargs(name = "MultibyteStreamWriter", sig = "(stream, errors='strict')")]
fn new_writer(class: &Obj, stream: &Obj, errors: Option<&str>) -> PyResult<Obj> {
    let (codec, errors) = settings_of(class, errors)?;
    let class = class_argument::<PyStreamWriter>(class)?;
    let stream = stream.clone();
    Ok(new_instance(class, |header| PyStreamWriter {
        header,
        codec,
        errors,
        stream,
        pending: Mutex::default(),
        state: Mutex::new(codec.encoder_state()),
    })
    .into_obj())
}

/// A size that may be left out; negative: everything.
fn wanted_size(size: Option<&Obj>) -> PyResult<i64> {
    match size.filter(|s| !is_none(s)) {
        None => Ok(-1),
        Some(size) if taipan_objects::int::int_ref(size).is_some() => i64::from_arg(size),
        Some(_) => Err(type_error("arg 1 must be an integer")),
    }
}

impl PyStreamReader {
    fn take(&self, method: &str, size: i64) -> PyResult<Obj> {
        if size == 0 {
            return Ok(str_obj(""));
        }
        let mut wanted = size;
        loop {
            let args: Vec<Obj> = if wanted < 0 { vec![] } else { vec![int_obj(wanted)] };
            let data = counted::call_method(&self.stream, method, &args)?;
            let Some(new) = bytes_value(&data) else {
                return Err(type_error(format!(
                    "stream function returned a non-bytes object ({})",
                    class_of(&data).name()
                )));
            };
            let ended = wanted < 0 || new.is_empty();
            let text =
                decode_after(self.codec, (&self.pending, &self.state), new, &errors_of(&self.errors), ended)?;
            if !text.is_empty() || ended {
                return Ok(PyStr::from_units(text).into_obj());
            }
            // Not a character yet.
            wanted = 1;
        }
    }
}

#[pymethods(class = "MultibyteStreamReader")]
impl PyStreamReader {
    #[pymethod(sig = "(sizeobj=None, /)")]
    fn read(&self, sizeobj: Option<&Obj>) -> PyResult<Obj> {
        self.take("read", wanted_size(sizeobj)?)
    }
    #[pymethod(sig = "(sizeobj=None, /)")]
    fn readline(&self, sizeobj: Option<&Obj>) -> PyResult<Obj> {
        self.take("readline", wanted_size(sizeobj)?)
    }
    #[pymethod(sig = "(sizehintobj=None, /)")]
    fn readlines(&self, sizehintobj: Option<&Obj>) -> PyResult<Obj> {
        let text = self.take("read", wanted_size(sizehintobj)?)?;
        counted::call_method(&text, "splitlines", &[bool_obj(true)])
    }
    #[pymethod]
    fn reset(&self) {
        self.pending.lock().clear();
        *self.state.lock() = self.codec.decoder_state();
    }
    #[pygetset]
    fn stream(&self) -> Obj {
        self.stream.clone()
    }
    #[pygetset]
    fn errors(&self) -> String {
        errors_of(&self.errors)
    }
    #[pygetset(setter = "errors")]
    fn change_errors(&self, value: Option<&Obj>) -> PyResult<()> {
        set_errors(&self.errors, value)
    }
}

impl PyStreamWriter {
    fn put(&self, text: &Obj) -> PyResult<()> {
        let Some(text) = text.downcast::<PyStr>() else {
            return Err(type_error("couldn't convert the object to str."));
        };
        let bytes =
            encode_after(self.codec, (&self.pending, &self.state), text, &errors_of(&self.errors), false)?;
        counted::call_method(&self.stream, "write", &[bytes_obj(&bytes)])?;
        Ok(())
    }
}

#[pymethods(class = "MultibyteStreamWriter")]
impl PyStreamWriter {
    #[pymethod(sig = "(strobj, /)")]
    fn write(&self, strobj: &Obj) -> PyResult<()> {
        self.put(strobj)
    }
    #[pymethod(sig = "(lines, /)")]
    fn writelines(&self, lines: &Obj) -> PyResult<()> {
        if !is_sequence(lines) {
            return Err(type_error("arg must be a sequence object"));
        }
        let mut at = 0;
        while at < len(lines)? {
            self.put(&counted::getitem(lines, &int_obj(at as i64))?)?;
            at += 1;
        }
        Ok(())
    }
    #[pymethod]
    fn reset(&self) -> PyResult<()> {
        let nothing = PyStr::new("");
        let bytes =
            encode_after(self.codec, (&self.pending, &self.state), &nothing, &errors_of(&self.errors), true)?;
        if !bytes.is_empty() {
            counted::call_method(&self.stream, "write", &[bytes_obj(&bytes)])?;
        }
        Ok(())
    }
    #[pygetset]
    fn stream(&self) -> Obj {
        self.stream.clone()
    }
    #[pygetset]
    fn errors(&self) -> String {
        errors_of(&self.errors)
    }
    #[pygetset(setter = "errors")]
    fn change_errors(&self, value: Option<&Obj>) -> PyResult<()> {
        set_errors(&self.errors, value)
    }
}
