//! Keys out of passwords: PBKDF2 and scrypt. The work is done detached.

use taipan_objects::bytes::PyBytes;
use taipan_objects::native::is_none;
use taipan_objects::prelude::*;

use super::algorithms::Algorithm;
use super::unsupported;

/// The largest number of C's `int`.
const INT_MAX: i64 = i32::MAX as i64;
/// What scrypt may use unless the caller says more.
const USUAL_MEMORY: u64 = 32 << 20;

pub fn pbkdf2(
    algorithm: &Algorithm,
    password: &[u8],
    salt: &[u8],
    iterations: i64,
    dklen: Option<&Obj>,
) -> PyResult<Obj> {
    if iterations < 1 {
        return Err(value_error("iteration value must be greater than 0."));
    }
    if iterations > INT_MAX {
        return Err(overflow_error("iteration value is too great."));
    }
    let length = match dklen.filter(|dklen| !is_none(dklen)) {
        Some(dklen) => index_word_or(dklen, &types().overflow_error)? as i64,
        None => algorithm.facts.digest_size as i64,
    };
    if length < 1 {
        return Err(value_error("key length must be greater than 0."));
    }
    if length > INT_MAX {
        return Err(overflow_error("key length is too great."));
    }
    let Some(derive) = algorithm.derive else { return Err(unsupported()) };
    let mut key = vec![0; length as usize];
    taipan_threading::detached(|| derive(password, salt, iterations as u32, &mut key));
    Ok(PyBytes::from_vec(key).into_obj())
}

pub fn scrypt(
    password: &[u8],
    salt: &[u8],
    (n, r, p): (u64, u64, u64),
    maxmem: i64,
    dklen: i64,
) -> PyResult<Obj> {
    if n < 2 || !n.is_power_of_two() {
        return Err(value_error("n must be a power of 2."));
    }
    if !(0..=INT_MAX).contains(&maxmem) {
        return Err(value_error(format!("maxmem must be positive and smaller than {INT_MAX}")));
    }
    if !(1..=INT_MAX).contains(&dklen) {
        return Err(value_error(format!("dklen must be greater than 0 and smaller than {INT_MAX}")));
    }
    let bad = || value_error("Invalid parameter combination for n, r, p, maxmem.");
    if r == 0 || p == 0 || p.checked_mul(r).is_none_or(|product| product >= 1 << 30) {
        return Err(bad());
    }
    let (wide_n, wide_r, wide_p) = (u128::from(n), u128::from(r), u128::from(p));
    let needed = wide_p * 128 * wide_r + 128 * wide_r * (wide_n + 2);
    let allowed = if maxmem == 0 { USUAL_MEMORY } else { maxmem as u64 };
    if needed > u128::from(allowed) {
        return Err(value_error("[digital envelope routines] memory limit exceeded"));
    }
    // The length in the parameters is that of a stored password, not the key's.
    let parameters = scrypt::Params::new(n.trailing_zeros() as u8, r as u32, p as u32, 32);
    let parameters = parameters.map_err(|_| bad())?;
    let mut key = vec![0; dklen as usize];
    let done = taipan_threading::detached(|| scrypt::scrypt(password, salt, &parameters, &mut key));
    done.map_err(|_| bad())?;
    Ok(PyBytes::from_vec(key).into_obj())
}
