//! Encoders and decoders that are given text or bytes in pieces. Their classes are bases: a subclass says in `codec` which codec it is for.

use parking_lot::Mutex;
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};
use taipan_objects::{buffer, int};

use super::codec::{Codec, State};
use super::{PyMultibyteCodec, decode, encode};
use crate::native_class::class_argument;
use crate::{counted, native_class};

/// The codec that a class's `codec` is.
fn codec_of(class: &Obj) -> PyResult<Codec> {
    let codec = counted::getattr(class, "codec")?;
    match codec.downcast::<PyMultibyteCodec>() {
        Some(codec) => Ok(codec.codec),
        None => Err(type_error("codec is unexpected type")),
    }
}

/// What a constructor keeps of its class and arguments: the codec, the error handler's name.
pub fn settings_of(class: &Obj, errors: Option<&str>) -> PyResult<(Codec, Slot)> {
    Ok((codec_of(class)?, Slot::new(str_obj(errors.unwrap_or("strict")))))
}

/// The error handler's name, in a slot: it can be set.
pub fn errors_of(slot: &Slot) -> String {
    let name =
        slot.load().and_then(|name| name.downcast::<PyStr>().map(|n| n.to_string_lossy().into_owned()));
    name.unwrap_or_else(|| "strict".to_owned())
}

pub fn set_errors(slot: &Slot, value: Option<&Obj>) -> PyResult<()> {
    let Some(value) = value else { return Err(attribute_error("cannot delete attribute")) };
    if !value.is_layout::<PyStr>() {
        return Err(type_error("errors must be a string"));
    }
    drop(slot.replace(Some(value.clone())));
    Ok(())
}

/// A `MultibyteIncrementalEncoder`.
#[repr(C)]
pub struct PyIncrementalEncoder {
    header: Header,
    codec: Codec,
    errors: Slot,
    pending: Mutex<Vec<u32>>,
    state: Mutex<State>,
}
layout!(PyIncrementalEncoder, "_multibytecodec.MultibyteIncrementalEncoder", [errors]);

/// A `MultibyteIncrementalDecoder`.
#[repr(C)]
pub struct PyIncrementalDecoder {
    header: Header,
    codec: Codec,
    errors: Slot,
    pending: Mutex<Vec<u8>>,
    state: Mutex<State>,
}
layout!(PyIncrementalDecoder, "_multibytecodec.MultibyteIncrementalDecoder", [errors]);

/// `__init__`: there is nothing left to do, not even by a class that comes later in the order of resolution.
pub fn initialized(_slf: &Obj, _args: &Args<'_>) -> PyResult<()> {
    Ok(())
}

native_class!(
    pub fn encoder_class() =
        TypeBuilder::new("_multibytecodec.MultibyteIncrementalEncoder", PyIncrementalEncoder::ops())
            .flag(type_flags::BASE)
            .slots(TypeSlots { new: Some(new_encoder), init: Some(initialized), ..TypeSlots::EMPTY })
            .methods(PyIncrementalEncoder::methods())
            .getset(PyIncrementalEncoder::getset())
            .make()
);
native_class!(
    pub fn decoder_class() =
        TypeBuilder::new("_multibytecodec.MultibyteIncrementalDecoder", PyIncrementalDecoder::ops())
            .flag(type_flags::BASE)
            .slots(TypeSlots { new: Some(new_decoder), init: Some(initialized), ..TypeSlots::EMPTY })
            .methods(PyIncrementalDecoder::methods())
            .getset(PyIncrementalDecoder::getset())
            .make()
);

#[pyargs(name = "MultibyteIncrementalEncoder", sig = "(errors='strict')")]
fn new_encoder(class: &Obj, errors: Option<&str>) -> PyResult<Obj> {
    let (codec, errors) = settings_of(class, errors)?;
    let class = class_argument::<PyIncrementalEncoder>(class)?;
    Ok(new_instance(class, |header| PyIncrementalEncoder {
        header,
        codec,
        errors,
        pending: Mutex::default(),
        state: Mutex::new(codec.encoder_state()),
    })
    .into_obj())
}

#[pyargs(name = "MultibyteIncrementalDecoder", sig = "(errors='strict')")]
fn new_decoder(class: &Obj, errors: Option<&str>) -> PyResult<Obj> {
    let (codec, errors) = settings_of(class, errors)?;
    let class = class_argument::<PyIncrementalDecoder>(class)?;
    Ok(new_instance(class, |header| PyIncrementalDecoder {
        header,
        codec,
        errors,
        pending: Mutex::default(),
        state: Mutex::new(codec.decoder_state()),
    })
    .into_obj())
}

/// Encodes after what waits; what has to wait afterwards is put there.
pub fn encode_after(
    codec: Codec,
    (pending, state): (&Mutex<Vec<u32>>, &Mutex<State>),
    text: &PyStr,
    errors: &str,
    last: bool,
) -> PyResult<Vec<u8>> {
    let mut joined = taipan_text::TextBuf::new();
    pending.lock().iter().for_each(|c| joined.push(*c));
    joined.push_units(text.units());
    // Not under the lock: error handlers are Python functions.
    let mut now = *state.lock();
    let (bytes, used) = encode(codec, &mut now, joined.as_units(), errors, last)?;
    *state.lock() = now;
    *pending.lock() = joined.as_units().iter().skip(used).collect();
    Ok(bytes)
}

/// Decodes `new` after what waits; what has to wait afterwards is put there.
pub fn decode_after(
    codec: Codec,
    (pending, state): (&Mutex<Vec<u8>>, &Mutex<State>),
    new: &[u8],
    errors: &str,
    last: bool,
) -> PyResult<taipan_text::TextBuf> {
    let mut bytes = pending.lock().clone();
    bytes.extend_from_slice(new);
    let mut now = *state.lock();
    let (text, used) = decode(codec, &mut now, &bytes, errors, last)?;
    *state.lock() = now;
    *pending.lock() = bytes.get(used..).unwrap_or_default().to_vec();
    Ok(text)
}

#[pymethods(class = "MultibyteIncrementalEncoder")]
impl PyIncrementalEncoder {
    #[pymethod(sig = "(input, final=False)")]
    fn encode(&self, input: &Obj, r#final: bool) -> PyResult<Obj> {
        let Some(text) = input.downcast::<PyStr>() else {
            return Err(type_error("couldn't convert the object to str."));
        };
        let bytes =
            encode_after(self.codec, (&self.pending, &self.state), text, &errors_of(&self.errors), r#final)?;
        Ok(bytes_obj(&bytes))
    }
    #[pymethod]
    fn reset(&self) {
        self.pending.lock().clear();
        self.codec.reset(&mut self.state.lock());
    }
    #[pymethod]
    fn getstate(&self) -> PyResult<Obj> {
        let text: String = self.pending.lock().iter().filter_map(|c| char::from_u32(*c)).collect();
        let mut bytes = vec![text.len() as u8];
        bytes.extend_from_slice(text.as_bytes());
        bytes.extend_from_slice(&self.state.lock().0);
        let number = num_bigint::BigInt::from_bytes_le(num_bigint::Sign::Plus, &bytes);
        Ok(int::from_bigint(number))
    }
    #[pymethod(sig = "(state, /)")]
    fn setstate(&self, state: &Obj) -> PyResult<()> {
        let Some(number) = int::int_ref(state) else {
            return Err(type_error(format!("argument must be int, not {}", class_of(state).name())));
        };
        let (_, bytes) = number.to_bigint().to_bytes_le();
        let len = usize::from(bytes.first().copied().unwrap_or(0));
        if len > 8 {
            return Err(raise_message(&types().unicode_error, "pending buffer too large"));
        }
        let text = bytes_obj(bytes.get(1..1 + len).unwrap_or_default());
        let text = counted::call_method(&text, "decode", &[])?;
        let mut state = State::default();
        for (place, byte) in state.0.iter_mut().zip(bytes.iter().skip(1 + len)) {
            *place = *byte;
        }
        if let Some(text) = text.downcast::<PyStr>() {
            *self.pending.lock() = text.units().iter().collect();
        }
        *self.state.lock() = state;
        Ok(())
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

#[pymethods(class = "MultibyteIncrementalDecoder")]
impl PyIncrementalDecoder {
    #[pymethod(sig = "(input, final=False)")]
    fn decode(&self, input: &Obj, r#final: bool) -> PyResult<Obj> {
        let new = buffer::to_vec(input)?;
        let text =
            decode_after(self.codec, (&self.pending, &self.state), &new, &errors_of(&self.errors), r#final)?;
        Ok(PyStr::from_units(text).into_obj())
    }
    #[pymethod]
    fn reset(&self) {
        self.pending.lock().clear();
        *self.state.lock() = self.codec.decoder_state();
    }
    #[pymethod]
    fn getstate(&self) -> Obj {
        let pending = self.pending.lock().clone();
        let state = self.state.lock().number();
        tuple_obj(vec![bytes_obj(&pending), int::from_u64(state)])
    }
    #[pymethod(sig = "(state, /)")]
    fn setstate(&self, state: &Obj) -> PyResult<()> {
        let parts = state.downcast::<taipan_objects::tuple::PyTuple>().map(|t| t.to_vec());
        let Some([bytes, number]) = parts.as_deref() else {
            return Err(type_error("setstate() argument must be a tuple of bytes and int"));
        };
        if !bytes.is_layout::<taipan_objects::bytes::PyBytes>() {
            return Err(type_error(format!("argument 1 must be bytes, not {}", class_of(bytes).name())));
        }
        let bytes = buffer::to_vec(bytes)?;
        let number = u64::from_arg(number)?;
        if bytes.len() > 8 {
            let range = [0, bytes.len() as i64].map(int_obj);
            let [start, end] = range;
            let given = bytes_obj(&bytes);
            let args = vec![str_obj(self.codec.name), given, start, end, str_obj("pending buffer too large")];
            return Err(raise_args(&types().unicode_decode_error, args));
        }
        *self.pending.lock() = bytes;
        *self.state.lock() = State::of_number(number);
        Ok(())
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
