//! `timedelta`: an interval in microseconds, kept as days, seconds and microseconds.

use num_bigint::BigInt;
use num_traits::ToPrimitive;
use taipan_objects::float::float_value;
use taipan_objects::int::{IntRef, int_ref};
use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{TypeBuilder, new_instance, type_flags};

use super::delta_arithmetic as arithmetic;
use crate::native_class;
use crate::native_class::{class_argument, receiver};

pub const SECOND: i128 = 1_000_000;
pub const MINUTE: i128 = 60 * SECOND;
pub const HOUR: i128 = 60 * MINUTE;
pub const DAY: i128 = 24 * HOUR;
const MAX_DAYS: i128 = 999_999_999;

/// A `timedelta` object. `seconds` and `micros` are not negative and less than a day and a second.
#[repr(C)]
pub struct PyDelta {
    header: Header,
    days: i32,
    seconds: i32,
    micros: i32,
}
layout!(PyDelta, "datetime.timedelta");

native_class!(
    /// `timedelta`.
    pub fn class() = {
        let class = TypeBuilder::new("datetime.timedelta", PyDelta::ops())
            .flag(type_flags::BASE)
            .slots(TypeSlots {
                new: Some(new),
                repr: Some(repr),
                str_: Some(str_),
                hash: Some(|obj| receiver::<PyDelta>(obj)?.hash()),
                bool_: Some(|obj| Ok(receiver::<PyDelta>(obj)?.total() != 0)),
                richcompare: Some(arithmetic::compare),
                add: Some(arithmetic::add),
                sub: Some(arithmetic::subtract),
                mul: Some(arithmetic::multiply),
                truediv: Some(arithmetic::true_divide),
                floordiv: Some(arithmetic::floor_divide),
                mod_: Some(arithmetic::remainder),
                divmod: Some(arithmetic::divmod),
                neg: Some(|obj| of_micros(-receiver::<PyDelta>(obj)?.total())),
                pos: Some(|obj| of_micros(receiver::<PyDelta>(obj)?.total())),
                abs: Some(|obj| of_micros(receiver::<PyDelta>(obj)?.total().abs())),
                ..TypeSlots::EMPTY
            })
            .methods(PyDelta::methods())
            .getset(PyDelta::getset())
            .doc("Difference between two datetime values.\n\ntimedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0)\n\nAll arguments are optional and default to 0.\nArguments may be integers or floats, and may be positive or negative.")
            .make();
        for (name, micros) in [("min", -MAX_DAYS * DAY), ("max", MAX_DAYS * DAY + DAY - 1), ("resolution", 1)] {
            taipan_objects::type_object::ready::set_attr(&class, name, unchecked(&class, micros));
        }
        class
    }
);

fn unchecked(class: &PyType, micros: i128) -> Obj {
    // Division of words is a fraction of the time.
    if let Ok(micros) = i64::try_from(micros) {
        let (day, second) = (DAY as i64, SECOND as i64);
        let rest = micros.rem_euclid(day);
        let (days, seconds, micros) =
            (micros.div_euclid(day) as i32, (rest / second) as i32, (rest % second) as i32);
        return new_instance(class, |header| PyDelta { header, days, seconds, micros }).into_obj();
    }
    let days = micros.div_euclid(DAY) as i32;
    let rest = micros.rem_euclid(DAY);
    let (seconds, micros) = ((rest / SECOND) as i32, (rest % SECOND) as i32);
    new_instance(class, |header| PyDelta { header, days, seconds, micros }).into_obj()
}

fn make(class: &PyType, micros: i128) -> PyResult<Obj> {
    if micros.abs() <= i128::from(i32::MAX) * SECOND {
        return Ok(unchecked(class, micros));
    }
    let days = micros.div_euclid(DAY);
    if i32::try_from(days).is_err() {
        return Err(too_large());
    }
    if days.abs() > MAX_DAYS {
        return Err(overflow_error(format!("days={days}; must have magnitude <= {MAX_DAYS}")));
    }
    Ok(unchecked(class, micros))
}

#[cold]
fn too_large() -> Raised {
    overflow_error("Python int too large to convert to C int")
}

/// The interval of so many microseconds.
pub fn of_micros(micros: i128) -> PyResult<Obj> {
    make(class(), micros)
}

/// The interval of so many microseconds, any number of them.
pub fn of_big(micros: &BigInt) -> PyResult<Obj> {
    match micros.to_i128() {
        Some(micros) => of_micros(micros),
        None => Err(too_large()),
    }
}

impl PyDelta {
    /// All of it in microseconds.
    pub fn total(&self) -> i128 {
        i128::from(self.days) * DAY + i128::from(self.seconds) * SECOND + i128::from(self.micros)
    }
    pub fn parts(&self) -> (i64, i64, i64) {
        (self.days.into(), self.seconds.into(), self.micros.into())
    }
    pub fn hash(&self) -> PyResult<i64> {
        let (days, seconds, micros) = self.parts();
        hash(&tuple_obj(vec![int_obj(days), int_obj(seconds), int_obj(micros)]))
    }
}

/// The sum of the constructor's arguments: whole microseconds, and what floats leave over.
struct Sum {
    whole: i128,
    rest: f64,
}

impl Sum {
    fn add_whole(&mut self, number: i128, unit: i128) -> PyResult<()> {
        let sum = number.checked_mul(unit).and_then(|product| self.whole.checked_add(product));
        self.whole = sum.ok_or_else(too_large)?;
        Ok(())
    }
    fn add(&mut self, name: &str, value: Option<&Obj>, unit: i128) -> PyResult<()> {
        let Some(value) = value else { return Ok(()) };
        match int_ref(value) {
            Some(IntRef::Small(number)) => return self.add_whole(number.into(), unit),
            Some(IntRef::Big(number)) => {
                return self.add_whole(number.to_i128().ok_or_else(too_large)?, unit);
            }
            None => {}
        }
        let Some(number) = float_value(value) else {
            return Err(type_error(format!(
                "unsupported type for timedelta {name} component: {}",
                class_of(value).name()
            )));
        };
        let whole = number.trunc();
        let as_int = taipan_objects::int::from_f64(whole)?;
        let as_int = int_ref(&as_int).and_then(|int| int.to_bigint().to_i128()).ok_or_else(too_large)?;
        self.add_whole(as_int, unit)?;
        let fraction = if number == whole { 0.0 } else { number - whole };
        if fraction != 0.0 {
            let micros = unit as f64 * fraction;
            self.rest += micros.fract();
            self.add_whole(micros.trunc() as i128, 1)?;
        }
        Ok(())
    }
    /// All of it, rounded half to even.
    fn total(self) -> PyResult<i128> {
        let mut rounded = self.rest.round();
        if (rounded - self.rest).abs() == 0.5 {
            let odd = (self.whole & 1) as f64;
            rounded = 2.0 * ((self.rest + odd) * 0.5).round() - odd;
        }
        self.whole.checked_add(rounded as i128).ok_or_else(too_large)
    }
}

#[pyargs(
    name = "timedelta",
    sig = "(days=<unrepresentable>, seconds=<unrepresentable>, microseconds=<unrepresentable>, milliseconds=<unrepresentable>, minutes=<unrepresentable>, hours=<unrepresentable>, weeks=<unrepresentable>)"
)]
#[allow(clippy::too_many_arguments)]
fn new(
    class: &Obj,
    days: Option<&Obj>,
    seconds: Option<&Obj>,
    microseconds: Option<&Obj>,
    milliseconds: Option<&Obj>,
    minutes: Option<&Obj>,
    hours: Option<&Obj>,
    weeks: Option<&Obj>,
) -> PyResult<Obj> {
    let class = class_argument::<PyDelta>(class)?;
    let mut sum = Sum { whole: 0, rest: 0.0 };
    sum.add("microseconds", microseconds, 1)?;
    sum.add("milliseconds", milliseconds, 1000)?;
    sum.add("seconds", seconds, SECOND)?;
    sum.add("minutes", minutes, MINUTE)?;
    sum.add("hours", hours, HOUR)?;
    sum.add("days", days, DAY)?;
    sum.add("weeks", weeks, 7 * DAY)?;
    make(class, sum.total()?)
}

fn repr(obj: &Obj) -> PyResult<Obj> {
    let (days, seconds, micros) = receiver::<PyDelta>(obj)?.parts();
    let parts: Vec<String> = [("days", days), ("seconds", seconds), ("microseconds", micros)]
        .iter()
        .filter(|(_, value)| *value != 0)
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let parts = if parts.is_empty() { "0".to_owned() } else { parts.join(", ") };
    Ok(str_obj(&format!("{}({parts})", class_of(obj).name())))
}

fn str_(obj: &Obj) -> PyResult<Obj> {
    let (days, seconds, micros) = receiver::<PyDelta>(obj)?.parts();
    let mut text = String::new();
    if days != 0 {
        text = format!("{days} day{}, ", if days.abs() == 1 { "" } else { "s" });
    }
    text += &format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if micros != 0 {
        text += &format!(".{micros:06}");
    }
    Ok(str_obj(&text))
}

#[pymethods(class = "datetime.timedelta")]
impl PyDelta {
    /// Number of days.
    #[pygetset]
    fn days(&self) -> i64 {
        self.days.into()
    }
    /// Number of seconds (>= 0 and less than 1 day).
    #[pygetset]
    fn seconds(&self) -> i64 {
        self.seconds.into()
    }
    /// Number of microseconds (>= 0 and less than 1 second).
    #[pygetset]
    fn microseconds(&self) -> i64 {
        self.micros.into()
    }
    /// Total seconds in the duration.
    #[pymethod]
    fn total_seconds(&self) -> PyResult<f64> {
        Ok(taipan_text::math::true_divide(&BigInt::from(self.total()), &BigInt::from(SECOND))?)
    }
    #[pymethod]
    fn __reduce__(slf: &Obj) -> PyResult<(Obj, (i64, i64, i64))> {
        Ok((class_of(slf).to_obj(), receiver::<PyDelta>(slf)?.parts()))
    }
}
