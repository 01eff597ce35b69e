//! "Did you mean": the nearest of some names, by the weighted edit distance of CPython's `Python/suggestions.c`.

const MOVE: usize = 2;
const CASE: usize = 1;
const MAX_CANDIDATES: usize = 750;
const MAX_LENGTH: usize = 40;

/// The candidate most similar to `name`, if one is similar enough.
pub fn suggestion<'c>(name: &str, candidates: impl Iterator<Item = &'c str>) -> Option<&'c str> {
    let mut best: Option<(&'c str, usize)> = None;
    for (index, candidate) in candidates.enumerate() {
        if index >= MAX_CANDIDATES {
            return None;
        }
        if candidate == name {
            continue;
        }
        // A candidate may differ in a third of the letters, and must beat the best one so far.
        let mut limit = (name.len() + candidate.len() + 3) * MOVE / 6;
        if let Some((_, distance)) = best {
            limit = limit.min(distance.saturating_sub(1));
        }
        let distance = distance(name.as_bytes(), candidate.as_bytes(), limit);
        if distance <= limit && best.is_none_or(|(_, d)| distance < d) {
            best = Some((candidate, distance));
        }
    }
    best.map(|(candidate, _)| candidate)
}

fn substitution(a: u8, b: u8) -> usize {
    if a == b {
        0
    } else if a.eq_ignore_ascii_case(&b) {
        CASE
    } else {
        MOVE
    }
}

/// The edit distance of `a` and `b`; anything above `limit` if it is greater than that.
fn distance(a: &[u8], b: &[u8], limit: usize) -> usize {
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[prefix..], &b[prefix..]);
    let suffix = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[..a.len() - suffix], &b[..b.len() - suffix]);
    if a.is_empty() || b.is_empty() {
        return (a.len() + b.len()) * MOVE;
    }
    if a.len() > MAX_LENGTH || b.len() > MAX_LENGTH || a.len().abs_diff(b.len()) * MOVE > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (1..=a.len()).map(|i| i * MOVE).collect();
    for (at, &y) in b.iter().enumerate() {
        let mut diagonal = at * MOVE;
        let mut left = (at + 1) * MOVE;
        for (cell, &x) in row.iter_mut().zip(a) {
            let value = (diagonal + substitution(x, y)).min(left.min(*cell) + MOVE);
            diagonal = *cell;
            left = value;
            *cell = value;
        }
        if row.iter().min().is_some_and(|least| *least > limit) {
            return limit + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::suggestion;

    #[test]
    fn near_names_are_suggested() {
        let split = ["sep", "maxsplit"];
        assert_eq!(suggestion("max_split", split.into_iter()), Some("maxsplit"));
        assert_eq!(suggestion("seq", split.into_iter()), Some("sep"));
        assert_eq!(suggestion("foo", split.into_iter()), None);
        assert_eq!(suggestion("zzz", ["sep", "end", "file", "flush"].into_iter()), None);
        assert_eq!(suggestion("ends", ["sep", "end", "file", "flush"].into_iter()), Some("end"));
    }
}
