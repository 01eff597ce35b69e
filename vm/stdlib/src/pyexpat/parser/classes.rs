//! Classes of ASCII characters, so that a scanner passes over plain ones with a look at a table each. All other bytes are in no class.

/// What an ASCII character may be, as bits.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut c = 0;
    while c < 128u8 {
        let letter = c.is_ascii_alphabetic() || c == b'_';
        let continues = letter || c.is_ascii_digit() || c == b'-' || c == b'.';
        let character = c >= 0x20 || matches!(c, b'\t' | b'\n' | b'\r');
        let mut bits = 0;
        if letter {
            bits |= STARTS;
        }
        if continues {
            bits |= CONTINUES;
        }
        if character && !continues && c != b':' {
            bits |= ENDS;
        }
        if c >= 0x20 && !matches!(c, b'<' | b'&' | b']') {
            bits |= TEXT;
        }
        if c >= 0x20 && !matches!(c, b'<' | b'&' | b'"' | b'\'') {
            bits |= PLAIN;
        }
        classes[c as usize] = bits;
        c += 1;
    }
    classes
};

/// Starts a name; colons are looked at apart.
pub const STARTS: u8 = 1;
/// Goes on with one.
pub const CONTINUES: u8 = 2;
/// Ends one.
pub const ENDS: u8 = 4;
/// Stands for itself in content.
pub const TEXT: u8 = 8;
/// Stands for itself in an attribute's value, whatever quotes it.
pub const PLAIN: u8 = 16;

/// Whether the byte at `at`, if there is one, is an ASCII character of the class.
#[inline]
pub fn has_class(s: &[u8], at: usize, class: u8) -> bool {
    s.get(at).is_some_and(|c| CLASSES[usize::from(*c)] & class != 0)
}

/// Whether an attribute's value has the character as it is written.
pub fn is_plain(c: u8) -> bool {
    CLASSES[usize::from(c)] & PLAIN != 0
}
