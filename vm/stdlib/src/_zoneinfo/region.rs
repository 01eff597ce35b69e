//! A time zone as a TZif file (RFC 8536) tells it: transitions, and a rule for what comes after.
//!
//! A region is constant.

use taipan_objects::layout::TraceField;
use taipan_objects::prelude::*;
use taipan_objects::singletons::is_none;
use taipan_objects::tuple::PyTuple;

use super::rule::{self, Rule};
use crate::_datetime::delta;

/// What holds between two transitions.
#[derive(Clone)]
pub struct Period {
    /// Seconds east of Greenwich.
    pub seconds: i64,
    /// `utcoffset()`, `dst()`, `tzname()`.
    pub offset: Obj,
    pub saving: Obj,
    pub name: Obj,
    /// `dst()` in seconds.
    saved: i64,
}

impl Period {
    fn new(seconds: i64, saved: i64, name: Obj) -> PyResult<Period> {
        let interval = |seconds: i64| delta::of_micros(i128::from(seconds) * 1_000_000);
        Ok(Period { seconds, offset: interval(seconds)?, saving: interval(saved)?, name, saved })
    }
}

/// What holds after the last transition.
enum After {
    Always(Period),
    Rule(Rule, Period, Period),
}

/// Where a zone object comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Source {
    NoCache,
    File,
}

/// The time zone.
pub struct Region {
    pub key: Obj,
    pub source: Source,
    /// Of a zone that was read from an open file: how the file shows itself.
    pub file: Obj,
    /// Transitions in UTC, and by the local clock for `fold=0` and `fold=1`.
    utc: Vec<i64>,
    local: [Vec<i64>; 2],
    /// What each transition leads to.
    periods: Vec<Period>,
    before: Option<Period>,
    after: After,
    /// Whether it is the same at all times.
    fixed: bool,
}

impl TraceField for Region {
    fn trace_field(&self, tracer: &mut Tracer<'_>) {
        let mut period = |period: &Period| {
            for part in [&period.offset, &period.saving, &period.name] {
                part.trace_field(tracer);
            }
        };
        self.periods.iter().chain(&self.before).for_each(&mut period);
        match &self.after {
            After::Always(always) => period(always),
            After::Rule(_, standard, summer) => [standard, summer].into_iter().for_each(period),
        }
        self.key.trace_field(tracer);
        self.file.trace_field(tracer);
    }
}

/// What a file tells of a kind of time.
struct Kind {
    seconds: i64,
    is_summer: bool,
    name: Obj,
}

fn numbers(obj: &Obj) -> PyResult<Vec<i64>> {
    collect(obj)?.iter().map(|item| Ok(index_word(item)? as i64)).collect()
}

/// How much of each kind's offset is daylight saving, which files do not tell: the difference to the standard time before or after.
fn savings(order: &[usize], kinds: &[Kind]) -> Vec<i64> {
    let mut saved = vec![0; kinds.len()];
    let wanted = kinds.iter().filter(|kind| kind.is_summer).count();
    let mut found = 0;
    for i in 1..order.len() {
        if found == wanted {
            break;
        }
        let at = order[i];
        if !kinds[at].is_summer || saved[at] != 0 {
            continue;
        }
        let mut difference = 0;
        let former = &kinds[order[i - 1]];
        if !former.is_summer {
            difference = kinds[at].seconds - former.seconds;
        }
        if difference == 0
            && let Some(&next) = order.get(i + 1)
        {
            if kinds[next].is_summer {
                continue;
            }
            difference = kinds[at].seconds - kinds[next].seconds;
        }
        if difference != 0 {
            found += 1;
            saved[at] = difference;
        }
    }
    if found < wanted {
        // An hour is a better guess than nothing.
        for (saved, kind) in saved.iter_mut().zip(kinds) {
            if kind.is_summer && *saved == 0 {
                *saved = 3600;
            }
        }
    }
    saved
}

/// The transitions by the local clock, for `fold=0` and `fold=1`.
fn local_times(order: &[usize], utc: &[i64], kinds: &[Kind]) -> [Vec<i64>; 2] {
    let mut local = [utc.to_vec(), utc.to_vec()];
    let mut former = kinds.first().map_or(0, |kind| kind.seconds);
    for (i, &at) in order.iter().enumerate() {
        let new = kinds[at].seconds;
        local[0][i] += former.max(new);
        local[1][i] += former.min(new);
        former = new;
    }
    local
}

impl Region {
    /// Reads an open TZif file.
    pub fn read(file: &Obj, key: Obj, source: Source, shown: Obj) -> PyResult<Region> {
        let load = taipan_objects::hooks::module_attribute("zoneinfo._common", "load_data")?;
        let data = call1(&load, file)?;
        let Some([order, utc, offsets, summers, names, text]) =
            data.downcast::<PyTuple>().map(PyTuple::as_slice)
        else {
            return Err(type_error("load_data() must return a tuple of six"));
        };
        let (utc, order) = (numbers(utc)?, numbers(order)?);
        let order: Vec<usize> = order.into_iter().map(|at| at as usize).collect();
        let summers = collect(summers)?;
        let kinds = numbers(offsets)?
            .into_iter()
            .zip(&summers)
            .zip(collect(names)?)
            .map(|((seconds, is_summer), name)| Ok(Kind { seconds, is_summer: is_true(is_summer)?, name }))
            .collect::<PyResult<Vec<Kind>>>()?;
        if order.len() != utc.len() || order.iter().any(|&at| at >= kinds.len()) {
            return Err(value_error("Invalid transition index found while reading TZif"));
        }
        let all = kinds
            .iter()
            .zip(savings(&order, &kinds))
            .map(|(kind, saved)| Period::new(kind.seconds, saved, kind.name.clone()))
            .collect::<PyResult<Vec<Period>>>()?;
        let local = local_times(&order, &utc, &kinds);
        let periods: Vec<Period> = order.iter().map(|&at| all[at].clone()).collect();
        let before = kinds.iter().position(|kind| !kind.is_summer).map(|at| all[at].clone());
        let before = before.or_else(|| periods.first().cloned());
        let text = if is_none(text) { Vec::new() } else { taipan_objects::buffer::to_vec(text)? };
        let after = if text.is_empty() {
            match periods.last().or(all.last()) {
                Some(last) => After::Always(last.clone()),
                None => return Err(value_error("No time zone information found.")),
            }
        } else {
            let rule = rule::parse(&text)?;
            let (name, offset) = &rule.standard;
            let standard = Period::new(*offset, 0, str_obj(name))?;
            match &rule.summer {
                None => After::Always(standard),
                Some(summer) => {
                    let period = Period::new(summer.offset, summer.offset - offset, str_obj(&summer.name))?;
                    After::Rule(rule, standard, period)
                }
            }
        };
        let fixed = match (&after, all.as_slice()) {
            (After::Always(_), []) => true,
            (After::Always(always), [only]) => {
                always.seconds == only.seconds && always.saved == only.saved && eq(&always.name, &only.name)?
            }
            _ => false,
        };
        Ok(Region { key, source, file: shown, utc, local, periods, before, after, fixed })
    }
    /// What holds at all times, if that is so.
    pub fn always(&self) -> Option<&Period> {
        match &self.after {
            After::Always(always) if self.fixed => Some(always),
            _ => None,
        }
    }
    /// What holds at a time of the local clock.
    pub fn at_local(&self, local: i64, year: i64, fold: bool) -> &Period {
        let times = &self.local[usize::from(fold)];
        let past = times.partition_point(|&time| time <= local);
        if past == 0
            && !times.is_empty()
            && let Some(before) = &self.before
        {
            return before;
        }
        if past < times.len() || times.last() == Some(&local) {
            if let Some(period) = past.checked_sub(1).and_then(|at| self.periods.get(at)) {
                return period;
            }
        }
        match &self.after {
            After::Always(always) => always,
            After::Rule(rule, standard, summer) => {
                if rule.is_summer(local, year, fold) {
                    summer
                } else {
                    standard
                }
            }
        }
    }
    /// What holds at a time in UTC, and whether the local clock shows that time for the second time.
    pub fn at_utc(&self, utc: i64, year: i64) -> (&Period, bool) {
        let past = self.utc.partition_point(|&time| time <= utc);
        if past == 0
            && !self.utc.is_empty()
            && let Some(before) = &self.before
        {
            return (before, false);
        }
        let former = || match past.checked_sub(2) {
            Some(at) => self.periods.get(at),
            None => self.before.as_ref(),
        };
        let since = past.checked_sub(1).and_then(|at| self.utc.get(at));
        let is_last = self.utc.last().is_none_or(|&last| utc > last);
        let (period, mut twice) = match (&self.after, past.checked_sub(1).and_then(|at| self.periods.get(at)))
        {
            (_, Some(period)) if !is_last => (period, false),
            (After::Always(always), _) => (always, false),
            (After::Rule(rule, standard, summer), _) => {
                let (is_summer, twice) = rule.is_summer_utc(utc, year);
                (if is_summer { summer } else { standard }, twice)
            }
        };
        if let (Some(former), Some(since)) = (former(), since) {
            twice |= former.seconds - period.seconds > utc - since;
        }
        (period, twice)
    }
}
