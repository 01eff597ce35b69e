//! Sorting: a stable merge sort with the merge policy of powersort (Munro and Wild, "Nearly-Optimal Mergesorts", 2018) and
//! galloping merges (Peters), with a comparison that may fail. Sorting numbers and strings only does without Python comparisons.
//!
//! The list is empty while it is sorted; who puts something in meanwhile gets `ValueError`, and the list its sorted items.

use taipan_gc::{Obj, Value};

use super::PyList;
use crate::error::*;
use crate::protocol;
use crate::str::{PyStr, is_exact_str};
use crate::type_object::CompareOp;

impl PyList {
    /// `list.sort(key=key, reverse=reverse)`.
    pub fn sort(&self, key: Option<&Obj>, reverse: bool) -> PyResult<()> {
        let mut items = self.take_all();
        if items.is_empty() {
            // Nothing to put back either: what is in the list by now another thread put there, perhaps by a sort of its own.
            return Ok(());
        }
        let result = sort_items(&mut items, key, reverse);
        let section = self.section();
        let modified = !self.storage_is_empty();
        let len = self.len();
        self.splice_locked(0, len, &mut items);
        drop(section);
        drop(items);
        result?;
        if modified { Err(value_error("list modified during sort")) } else { Ok(()) }
    }
    fn storage_is_empty(&self) -> bool {
        self.storage().capacity() == 0
    }
}

/// Sorts items that no list holds: `sorted(items, key=key, reverse=reverse)`.
pub fn sort_items(items: &mut Vec<Obj>, key: Option<&Obj>, reverse: bool) -> PyResult<()> {
    match key {
        None => sort_values(items, reverse),
        Some(key) => sort_by_key(items, key, reverse),
    }
}

/// What all keys are, if they are all alike.
enum Kind {
    Ints,
    Floats,
    Strings,
    Other,
}

fn kind_of(keys: &[Obj]) -> Kind {
    let Some(first) = keys.first() else { return Kind::Ints };
    if first.value().is_int() && keys.iter().all(|k| k.value().is_int()) {
        Kind::Ints
    } else if first.value().is_float()
        && keys.iter().all(|k| k.value().is_float() && !k.value().as_float().is_nan())
    {
        Kind::Floats
    } else if is_exact_str(first) && keys.iter().all(is_exact_str) {
        Kind::Strings
    } else {
        Kind::Other
    }
}

fn text(obj: &Obj) -> taipan_text::Units<'_> {
    match obj.downcast::<PyStr>() {
        Some(text) => text.units(),
        None => taipan_text::Units::Latin1(&[]),
    }
}

/// A string to sort by, and the word of what is sorted.
struct Text<'a> {
    /// The first eight bytes of Latin-1 text, the first one highest: most comparisons need no more.
    prefix: u64,
    units: taipan_text::Units<'a>,
    word: Value,
}

impl Text<'_> {
    fn new(key: &Obj, word: Value) -> Text<'_> {
        let units = text(key);
        let mut prefix = [0; 8];
        if let taipan_text::Units::Latin1(bytes) = units {
            for (to, from) in prefix.iter_mut().zip(bytes) {
                *to = *from;
            }
        }
        Text { prefix: u64::from_be_bytes(prefix), units, word }
    }
}

fn sort_texts(texts: &mut [Text<'_>], reverse: bool) {
    let narrow = texts.iter().all(|text| matches!(text.units, taipan_text::Units::Latin1(_)));
    if narrow {
        // Prefixes that differ say what the whole texts would: where one text ends, zero is less than or equal to any byte of the other.
        texts.sort_by(|a, b| directed(a.prefix.cmp(&b.prefix).then_with(|| a.units.cmp(&b.units)), reverse));
    } else {
        texts.sort_by(|a, b| directed(a.units.cmp(&b.units), reverse));
    }
}

fn directed(ordering: std::cmp::Ordering, reverse: bool) -> std::cmp::Ordering {
    if reverse { ordering.reverse() } else { ordering }
}

/// An order of floats without NaN.
fn float_order(a: f64, b: f64) -> std::cmp::Ordering {
    a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal)
}

fn sort_values(items: &mut Vec<Obj>, reverse: bool) -> PyResult<()> {
    match kind_of(items) {
        Kind::Ints => items.sort_by(|a, b| directed(a.value().as_int().cmp(&b.value().as_int()), reverse)),
        Kind::Floats => {
            items.sort_by(|a, b| directed(float_order(a.value().as_float(), b.value().as_float()), reverse))
        }
        Kind::Strings => {
            let words: Vec<Value> = {
                let mut order = items.iter().map(|item| Text::new(item, item.value())).collect::<Vec<_>>();
                sort_texts(&mut order, reverse);
                order.iter().map(|text| text.word).collect()
            };
            reorder(items, &words);
        }
        Kind::Other => {
            let mut order: Vec<&Obj> = items.iter().collect();
            let result = sort_directed(&mut order, reverse, &mut |a, b| less(a, b));
            let words: Vec<Value> = order.iter().map(|item| item.value()).collect();
            drop(order);
            reorder(items, &words);
            return result;
        }
    }
    Ok(())
}

fn sort_by_key(items: &mut Vec<Obj>, key: &Obj, reverse: bool) -> PyResult<()> {
    let mut keys = Vec::with_capacity(items.len());
    for item in items.iter() {
        keys.push(protocol::IntoStrong::into_strong(protocol::call1(key, item)?));
    }
    let kind = kind_of(&keys);
    if matches!(kind, Kind::Strings) {
        let mut order: Vec<Text<'_>> =
            keys.iter().zip(items.iter()).map(|(key, item)| Text::new(key, item.value())).collect();
        sort_texts(&mut order, reverse);
        let words: Vec<Value> = order.iter().map(|text| text.word).collect();
        drop(order);
        reorder(items, &words);
        return Ok(());
    }
    let mut order: Vec<(&Obj, Value)> =
        keys.iter().zip(items.iter()).map(|(key, item)| (key, item.value())).collect();
    let mut result = Ok(());
    match kind {
        Kind::Ints => {
            order.sort_by(|a, b| directed(a.0.value().as_int().cmp(&b.0.value().as_int()), reverse))
        }
        Kind::Floats => {
            order.sort_by(|a, b| {
                directed(float_order(a.0.value().as_float(), b.0.value().as_float()), reverse)
            });
        }
        Kind::Strings | Kind::Other => {
            result = sort_directed(&mut order, reverse, &mut |a, b| less(a.0, b.0))
        }
    }
    let words: Vec<Value> = order.iter().map(|(_, item)| *item).collect();
    drop(order);
    reorder(items, &words);
    result
}

/// Puts the items in the order of `words`, a permutation of their words.
fn reorder(items: &mut Vec<Obj>, words: &[Value]) {
    debug_assert_eq!(items.len(), words.len());
    let former = std::mem::take(items);
    let count = former.len();
    for item in former {
        let _ = item.into_value();
    }
    items.reserve_exact(count);
    // SAFETY: each word stands for one of the references just given up, as `words` is a permutation.
    items.extend(words.iter().map(|&word| unsafe { Obj::from_value_unchecked(word) }));
}

fn less(a: &Obj, b: &Obj) -> PyResult<bool> {
    let (x, y) = (a.value(), b.value());
    if x.both_int(y) {
        return Ok(x.as_int() < y.as_int());
    }
    if let Some(less) = protocol::less_quickly(a, b) {
        return Ok(less);
    }
    protocol::is_true(&protocol::rich_compare(a, b, CompareOp::Lt)?)
}

fn sort_directed<T: Copy>(
    items: &mut [T],
    reverse: bool,
    less: &mut impl FnMut(T, T) -> PyResult<bool>,
) -> PyResult<()> {
    // Reversing before and after keeps equal items in their order.
    if reverse {
        items.reverse();
    }
    let result = powersort(items, less);
    if reverse {
        items.reverse();
    }
    result
}

/// A run on the stack, and the power of the boundary before the next one.
struct Run {
    start: usize,
    end: usize,
    power: u32,
}

/// Sorts; after an error, `items` is some permutation.
fn powersort<T: Copy>(items: &mut [T], less: &mut impl FnMut(T, T) -> PyResult<bool>) -> PyResult<()> {
    let n = items.len();
    if n < 2 {
        return Ok(());
    }
    let min_run = min_run(n);
    let mut buffer = Vec::new();
    let mut stack: Vec<Run> = Vec::new();
    let mut start = 0;
    let mut end = next_run(items, 0, min_run, less)?;
    while end < n {
        let next_end = next_run(items, end, min_run, less)?;
        let power = node_power(n, start, end, next_end);
        while let Some(top) = stack.pop_if(|top| top.power > power) {
            merge(items, top.start, top.end, end, &mut buffer, less)?;
            start = top.start;
        }
        stack.push(Run { start, end, power });
        (start, end) = (end, next_end);
    }
    while let Some(top) = stack.pop() {
        merge(items, top.start, top.end, end, &mut buffer, less)?;
    }
    Ok(())
}

fn min_run(mut n: usize) -> usize {
    let mut rest = 0;
    while n >= 64 {
        rest |= n & 1;
        n >>= 1;
    }
    n + rest
}

/// Depth of the boundary at `middle` in the ideal merge tree: the first bit in which the runs' midpoints, as fractions of `n`, differ.
fn node_power(n: usize, start: usize, middle: usize, end: usize) -> u32 {
    let fraction = |sum: usize| (((sum as u128) << 63) / n as u128) as u64;
    (fraction(start + middle) ^ fraction(middle + end)).leading_zeros() + 1
}

/// Finds the run that begins at `start`, makes it ascending and at least `min_run` long if possible; returns its end.
fn next_run<T: Copy>(
    items: &mut [T],
    start: usize,
    min_run: usize,
    less: &mut impl FnMut(T, T) -> PyResult<bool>,
) -> PyResult<usize> {
    let n = items.len();
    let mut end = start + 1;
    while end < n && !less(items[end], items[end - 1])? {
        end += 1;
    }
    // A descent follows: if everything so far is equal, a descending run, whose equal items keep their order.
    if end < n && (end == start + 1 || !less(items[start], items[end - 1])?) {
        let mut equal = start;
        loop {
            // The items from `equal` on are equal; the one at `end` is smaller.
            items[equal..end].reverse();
            equal = end;
            end += 1;
            let descends = loop {
                if end == n {
                    break false;
                }
                if less(items[end], items[end - 1])? {
                    break true;
                }
                if less(items[end - 1], items[end])? {
                    break false;
                }
                end += 1;
            };
            if !descends {
                break;
            }
        }
        items[equal..end].reverse();
        items[start..end].reverse();
        while end < n && !less(items[end], items[end - 1])? {
            end += 1;
        }
    }
    let wanted = n.min(start + min_run);
    while end < wanted {
        let pivot = items[end];
        let (mut low, mut high) = (start, end);
        while low < high {
            let middle = low + (high - low) / 2;
            if less(pivot, items[middle])? {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        items.copy_within(low..end, low + 1);
        items[low] = pivot;
        end += 1;
    }
    Ok(end)
}

/// Number of items at the start of `run` for which `before` holds, found by doubling steps and then halving them.
fn gallop<T: Copy>(run: &[T], mut before: impl FnMut(T) -> PyResult<bool>) -> PyResult<usize> {
    let mut low = 0;
    let mut step = 1;
    while low + step <= run.len() && before(run[low + step - 1])? {
        low += step;
        step *= 2;
    }
    let mut high = run.len().min(low + step - 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(run[middle])? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// Number of items at the end of `run` for which `after` holds.
fn gallop_back<T: Copy>(run: &[T], mut after: impl FnMut(T) -> PyResult<bool>) -> PyResult<usize> {
    let n = run.len();
    let mut low = 0;
    let mut step = 1;
    while low + step <= n && after(run[n - low - step])? {
        low += step;
        step *= 2;
    }
    let mut high = n.min(low + step - 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if after(run[n - 1 - middle])? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

/// Wins in a row of one side after which whole stretches are looked for.
const MIN_GALLOP: usize = 7;

/// Merges the neighboring runs `start..middle` and `middle..end`.
fn merge<T: Copy>(
    items: &mut [T],
    start: usize,
    middle: usize,
    end: usize,
    buffer: &mut Vec<T>,
    less: &mut impl FnMut(T, T) -> PyResult<bool>,
) -> PyResult<()> {
    // What is in place already: the start of the first run, the end of the second.
    let (first_b, last_a) = (items[middle], items[middle - 1]);
    let start = start + gallop(&items[start..middle], |a| Ok(!less(first_b, a)?))?;
    if start == middle {
        return Ok(());
    }
    let end = end - gallop_back(&items[middle..end], |b| Ok(!less(b, last_a)?))?;
    if end == middle {
        return Ok(());
    }
    buffer.clear();
    if middle - start <= end - middle {
        buffer.extend_from_slice(&items[start..middle]);
        merge_low(items, start, middle, end, buffer, less)
    } else {
        buffer.extend_from_slice(&items[middle..end]);
        merge_high(items, start, middle, end, buffer, less)
    }
}

/// From the left; `left` is a copy of the first run.
fn merge_low<T: Copy>(
    items: &mut [T],
    start: usize,
    middle: usize,
    end: usize,
    left: &[T],
    less: &mut impl FnMut(T, T) -> PyResult<bool>,
) -> PyResult<()> {
    let (mut a, mut b, mut out) = (0, middle, start);
    let mut run = || -> PyResult<()> {
        let (mut a_wins, mut b_wins) = (0, 0);
        while a < left.len() && b < end {
            if less(items[b], left[a])? {
                items[out] = items[b];
                (out, b) = (out + 1, b + 1);
                (a_wins, b_wins) = (0, b_wins + 1);
            } else {
                items[out] = left[a];
                (out, a) = (out + 1, a + 1);
                (a_wins, b_wins) = (a_wins + 1, 0);
            }
            if b_wins >= MIN_GALLOP && a < left.len() {
                let pivot = left[a];
                let count = gallop(&items[b..end], |x| less(x, pivot))?;
                items.copy_within(b..b + count, out);
                (out, b, b_wins) = (out + count, b + count, 0);
            } else if a_wins >= MIN_GALLOP && b < end {
                let pivot = items[b];
                let count = gallop(&left[a..], |x| Ok(!less(pivot, x)?))?;
                items[out..out + count].copy_from_slice(&left[a..a + count]);
                (out, a, a_wins) = (out + count, a + count, 0);
            }
        }
        Ok(())
    };
    let result = run();
    // The hole `out..b` is as large as the rest of the copy, after errors too.
    items[out..b].copy_from_slice(&left[a..]);
    result
}

/// From the right; `right` is a copy of the second run.
fn merge_high<T: Copy>(
    items: &mut [T],
    start: usize,
    middle: usize,
    end: usize,
    right: &[T],
    less: &mut impl FnMut(T, T) -> PyResult<bool>,
) -> PyResult<()> {
    let (mut a, mut b, mut out) = (middle, right.len(), end);
    let mut run = || -> PyResult<()> {
        let (mut a_wins, mut b_wins) = (0, 0);
        while a > start && b > 0 {
            if less(right[b - 1], items[a - 1])? {
                items[out - 1] = items[a - 1];
                (out, a) = (out - 1, a - 1);
                (a_wins, b_wins) = (a_wins + 1, 0);
            } else {
                items[out - 1] = right[b - 1];
                (out, b) = (out - 1, b - 1);
                (a_wins, b_wins) = (0, b_wins + 1);
            }
            if a_wins >= MIN_GALLOP && b > 0 {
                let pivot = right[b - 1];
                let count = gallop_back(&items[start..a], |x| less(pivot, x))?;
                items.copy_within(a - count..a, out - count);
                (out, a, a_wins) = (out - count, a - count, 0);
            } else if b_wins >= MIN_GALLOP && a > start {
                let pivot = items[a - 1];
                let count = gallop_back(&right[..b], |x| Ok(!less(x, pivot)?))?;
                items[out - count..out].copy_from_slice(&right[b - count..b]);
                (out, b, b_wins) = (out - count, b - count, 0);
            }
        }
        Ok(())
    };
    let result = run();
    items[a..out].copy_from_slice(&right[..b]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_stably() {
        let mut state = 12345u64;
        for n in [0usize, 1, 2, 3, 10, 63, 64, 65, 200, 1000, 5000] {
            for range in [2u64, 10, 100_000] {
                let mut items: Vec<(u64, usize)> = (0..n)
                    .map(|index| {
                        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                        ((state >> 33) % range, index)
                    })
                    .collect();
                if n > 100 {
                    items[n / 2..].sort();
                    items[..n / 3].sort_by(|a, b| b.cmp(a));
                }
                for (index, item) in items.iter_mut().enumerate() {
                    item.1 = index;
                }
                let mut expected = items.clone();
                expected.sort();
                let sorted = powersort(&mut items, &mut |a, b| Ok(a.0 < b.0));
                assert!(sorted.is_ok());
                assert_eq!(items, expected);
            }
        }
    }

    #[test]
    fn keeps_all_items_after_an_error() {
        for limit in [1, 100, 1000, 4000] {
            let mut items: Vec<usize> = (0..1000).map(|i| i * 7919 % 1000).collect();
            let mut calls = 0;
            let _ = powersort(&mut items, &mut |a, b| {
                calls += 1;
                if calls > limit { Err(Raised) } else { Ok(a < b) }
            });
            items.sort();
            assert_eq!(items, (0..1000).collect::<Vec<_>>());
        }
    }
}
