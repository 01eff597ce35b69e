//! `_uuid`: UUIDs of time and node (RFC 9562, version 1), as the C library's generator makes them.

use std::time::{SystemTime, UNIX_EPOCH};

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_threading::sync::atomic::{AtomicU64, Ordering};

/// 100 ns intervals from 1582-10-15 to 1970-01-01.
const EPOCH: u64 = 0x01b2_1dd2_1381_4000;
/// What the generator says of uniqueness: other processes are not asked.
const UNSAFE: i64 = -1;

/// A time stamp that no other call of the process gets.
fn time_stamp() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = (since.as_nanos() / 100) as u64 + EPOCH;
    let next = |last: u64| Some(now.max(last + 1));
    // Relaxed: the stamps alone matter, and changes of one word have an order.
    match LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) {
        Ok(last) | Err(last) => now.max(last + 1),
    }
}

fn random() -> PyResult<[u8; 8]> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|_| runtime_error("no random numbers"))?;
    Ok(bytes)
}

/// The hardware address of a network interface, or a random one with the multicast bit set.
fn node() -> PyResult<[u8; 6]> {
    static NODE: std::sync::OnceLock<[u8; 6]> = std::sync::OnceLock::new();
    if let Some(node) = NODE.get() {
        return Ok(*node);
    }
    let interfaces = std::fs::read_dir("/sys/class/net").into_iter().flatten().flatten();
    let addresses = interfaces.filter_map(|entry| {
        let text = std::fs::read_to_string(entry.path().join("address")).ok()?;
        let bytes: Option<Vec<u8>> =
            text.trim().split(':').map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
        <[u8; 6]>::try_from(bytes?).ok().filter(|address| *address != [0; 6])
    });
    let found = match addresses.min() {
        Some(address) => address,
        None => {
            let [a, b, c, d, e, f, ..] = random()?;
            [a | 1, b, c, d, e, f]
        }
    };
    Ok(*NODE.get_or_init(|| found))
}

/// The clock sequence of this process.
fn clock_sequence() -> PyResult<u16> {
    static SEQUENCE: std::sync::OnceLock<u16> = std::sync::OnceLock::new();
    if let Some(sequence) = SEQUENCE.get() {
        return Ok(*sequence);
    }
    let [a, b, ..] = random()?;
    Ok(*SEQUENCE.get_or_init(|| u16::from_be_bytes([a, b]) & 0x3fff | 0x8000))
}

/// DCE compatible Universally Unique Identifier library.
#[pymodule(name = "_uuid")]
mod items {
    use super::*;

    #[pyattr]
    const has_uuid_generate_time_safe: i64 = 1;
    #[pyattr]
    const has_stable_extractable_node: i64 = 0;

    /// Returns the bytes of a UUID, and whether it is safely unique.
    #[pyfunction]
    fn generate_time_safe() -> PyResult<(Obj, i64)> {
        let (stamp, node, sequence) = (time_stamp(), node()?, clock_sequence()?);
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&(stamp as u32).to_be_bytes());
        bytes[4..6].copy_from_slice(&((stamp >> 32) as u16).to_be_bytes());
        bytes[6..8].copy_from_slice(&((stamp >> 48) as u16 & 0x0fff | 0x1000).to_be_bytes());
        bytes[8..10].copy_from_slice(&sequence.to_be_bytes());
        bytes[10..].copy_from_slice(&node);
        Ok((bytes_obj(&bytes), UNSAFE))
    }
}
