//! Decomposition, composition and the four normalization forms.
//!
//! Invariant: results are those of `unicodedata.normalize`; lone surrogates pass unchanged.

use super::tables::{COMPOSITIONS, DECOMPOSITION_POOL, DECOMPOSITION_TAGS, DECOMPOSITIONS};
use super::{combining, old};
use crate::units::{TextBuf, Units};

const S_BASE: u32 = 0xac00;
const L_BASE: u32 = 0x1100;
const V_BASE: u32 = 0x1161;
const T_BASE: u32 = 0x11a7;
const L_COUNT: u32 = 19;
const V_COUNT: u32 = 21;
const T_COUNT: u32 = 28;
const S_COUNT: u32 = L_COUNT * V_COUNT * T_COUNT;

/// A normalization form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Canonical composition.
    Nfc,
    /// Compatibility composition.
    Nfkc,
    /// Canonical decomposition.
    Nfd,
    /// Compatibility decomposition.
    Nfkd,
}

impl Form {
    /// By the name that `unicodedata.normalize` takes; the error of an unknown one is
    /// `ValueError("invalid normalization form")`.
    pub fn from_name(name: Units<'_>) -> Option<Form> {
        match name.as_ascii()? {
            "NFC" => Some(Form::Nfc),
            "NFKC" => Some(Form::Nfkc),
            "NFD" => Some(Form::Nfd),
            "NFKD" => Some(Form::Nfkd),
            _ => None,
        }
    }

    fn compatibility(self) -> bool {
        matches!(self, Form::Nfkc | Form::Nfkd)
    }

    fn composes(self) -> bool {
        matches!(self, Form::Nfc | Form::Nfkc)
    }
}

fn lookup(code: u32) -> Option<(&'static str, &'static [u32])> {
    let found = DECOMPOSITIONS.binary_search_by_key(&code, |row| row.0).ok()?;
    let (_, offset, len, tag) = DECOMPOSITIONS[found];
    let offset = offset as usize;
    Some((DECOMPOSITION_TAGS[tag as usize], &DECOMPOSITION_POOL[offset..offset + len as usize]))
}

/// `unicodedata.decomposition`: the tag and the code points in hexadecimal; empty if there is none.
pub fn decomposition(code: u32) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some(index) = hangul(code) {
        parts.push(format!("{:04X}", L_BASE + index / (V_COUNT * T_COUNT)));
        parts.push(format!("{:04X}", V_BASE + index % (V_COUNT * T_COUNT) / T_COUNT));
        if index % T_COUNT != 0 {
            parts.push(format!("{:04X}", T_BASE + index % T_COUNT));
        }
    } else if let Some((tag, codes)) = lookup(code) {
        if !tag.is_empty() {
            parts.push(tag.to_owned());
        }
        parts.extend(codes.iter().map(|c| format!("{c:04X}")));
    }
    parts.join(" ")
}

fn hangul(code: u32) -> Option<u32> {
    let index = code.wrapping_sub(S_BASE);
    (index < S_COUNT).then_some(index)
}

fn decompose(code: u32, compatibility: bool, old_version: bool, out: &mut Vec<u32>) {
    if code < 0xa0 {
        out.push(code);
        return;
    }
    if old_version {
        if old::category(code) == "Cn" {
            out.push(code);
            return;
        }
        if let Some(then) = old::corrected_decomposition(code) {
            out.push(then);
            return;
        }
    }
    if let Some(index) = hangul(code) {
        out.push(L_BASE + index / (V_COUNT * T_COUNT));
        out.push(V_BASE + index % (V_COUNT * T_COUNT) / T_COUNT);
        if index % T_COUNT != 0 {
            out.push(T_BASE + index % T_COUNT);
        }
        return;
    }
    match lookup(code) {
        Some((tag, codes)) if compatibility || tag.is_empty() => {
            for &part in codes {
                decompose(part, compatibility, old_version, out);
            }
        }
        _ => out.push(code),
    }
}

fn order_marks(codes: &mut [u32]) {
    let mut at = 0;
    while at < codes.len() {
        if combining(codes[at]) == 0 {
            at += 1;
            continue;
        }
        let start = at;
        while at < codes.len() && combining(codes[at]) != 0 {
            at += 1;
        }
        codes[start..at].sort_by_key(|&c| combining(c));
    }
}

fn compose_pair(first: u32, second: u32) -> Option<u32> {
    let (l, v) = (first.wrapping_sub(L_BASE), second.wrapping_sub(V_BASE));
    if l < L_COUNT && v < V_COUNT {
        return Some(S_BASE + (l * V_COUNT + v) * T_COUNT);
    }
    let (s, t) = (first.wrapping_sub(S_BASE), second.wrapping_sub(T_BASE));
    if s < S_COUNT && s.is_multiple_of(T_COUNT) && t > 0 && t < T_COUNT {
        return Some(first + t);
    }
    let found = COMPOSITIONS.binary_search_by_key(&(first, second), |&(a, b, _)| (a, b)).ok()?;
    Some(COMPOSITIONS[found].2)
}

fn compose(codes: &mut Vec<u32>) {
    let mut written = 0;
    let mut starter: Option<usize> = None;
    let mut last_class = 0;
    for at in 0..codes.len() {
        let code = codes[at];
        let class = combining(code);
        if let Some(base) = starter {
            // Blocked if something between has the same or a higher class, or is a starter itself.
            let adjacent = written == base + 1;
            if (adjacent || (last_class < class && last_class != 0))
                && let Some(composed) = compose_pair(codes[base], code)
            {
                codes[base] = composed;
                continue;
            }
        }
        if class == 0 {
            starter = Some(written);
        }
        last_class = class;
        codes[written] = code;
        written += 1;
    }
    codes.truncate(written);
}

/// `unicodedata.normalize`.
pub fn normalize(form: Form, text: Units<'_>) -> TextBuf {
    normalize_version(form, text, false)
}

/// `unicodedata.ucd_3_2_0.normalize`.
pub fn normalize_old(form: Form, text: Units<'_>) -> TextBuf {
    normalize_version(form, text, true)
}

fn normalize_version(form: Form, text: Units<'_>, old_version: bool) -> TextBuf {
    if is_trivial(form, text) {
        return text.to_buf();
    }
    let mut codes = Vec::with_capacity(text.len() + 8);
    for code in text.iter() {
        decompose(code, form.compatibility(), old_version, &mut codes);
    }
    order_marks(&mut codes);
    if form.composes() {
        compose(&mut codes);
    }
    codes.into_iter().collect()
}

/// ASCII is normalized in every form, Latin-1 in NFC.
fn is_trivial(form: Form, text: Units<'_>) -> bool {
    text.is_ascii() || (form == Form::Nfc && text.width() == 1)
}

/// `unicodedata.is_normalized`.
pub fn is_normalized(form: Form, text: Units<'_>) -> bool {
    is_trivial(form, text) || normalize(form, text).as_units() == text
}

/// NFKC for identifiers; `None` if the name is normalized already.
pub fn normalize_identifier(name: Units<'_>) -> Option<TextBuf> {
    if name.is_ascii() {
        return None;
    }
    let normalized = normalize(Form::Nfkc, name);
    (normalized.as_units() != name).then_some(normalized)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: Form, text: &str, expected: &str) {
        assert_eq!(
            normalize(form, TextBuf::from(text).as_units()),
            TextBuf::from(expected),
            "{form:?} {text:?}"
        );
    }

    #[test]
    fn forms() {
        check(Form::Nfd, "\u{e9}", "e\u{301}");
        check(Form::Nfc, "e\u{301}", "\u{e9}");
        check(Form::Nfkc, "\u{fb01}", "fi");
        check(Form::Nfd, "\u{ac01}", "\u{1100}\u{1161}\u{11a8}");
        check(Form::Nfc, "\u{1100}\u{1161}\u{11a8}", "\u{ac01}");
        check(Form::Nfc, "a\u{328}\u{301}\u{323}", "\u{105}\u{323}\u{301}");
        check(Form::Nfd, "a\u{301}\u{323}", "a\u{323}\u{301}");
        check(Form::Nfc, "\u{212b}", "\u{c5}");
        assert_eq!(decomposition(0xe9), "0065 0301");
        assert_eq!(decomposition(0xfb01), "<compat> 0066 0069");
        assert_eq!(decomposition(0xac01), "1100 1161 11A8");
    }
}
