//! Numbers as bytes of seven bits, the lowest first; signed ones with the sign in the lowest bit (zigzag).

/// Appends a number.
pub fn write(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// Appends a signed number.
pub fn write_signed(out: &mut Vec<u8>, n: i64) {
    write(out, (n << 1 ^ n >> 63) as u64);
}

/// Takes a number off the front, if there is one.
#[inline]
pub fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut n = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        n |= ((first & 0x7f) as u64) << shift;
        if first & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

/// Takes a signed number off the front.
#[inline]
pub fn read_signed(bytes: &mut &[u8]) -> Option<i64> {
    let n = read(bytes)?;
    Some((n >> 1) as i64 ^ -((n & 1) as i64))
}
