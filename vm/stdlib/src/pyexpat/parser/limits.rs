//! Limits on how much a small document may grow into: by its entities, and in memory. All parsers of a document share them.

use super::{Code, Outcome};

/// Counts and limits.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes that were fed.
    pub direct: u64,
    indirect: u64,
    allocated: u64,
    pub factor: f32,
    pub threshold: u64,
    pub memory_factor: f32,
    pub memory_threshold: u64,
}

impl Limits {
    pub fn new() -> Limits {
        Limits {
            direct: 0,
            indirect: 0,
            allocated: 0,
            factor: 100.0,
            threshold: 8 << 20,
            memory_factor: 100.0,
            memory_threshold: 64 << 20,
        }
    }
    /// Counts text that was read out of the document or, `indirect`, out of an entity.
    pub fn account(&mut self, bytes: u64, indirect: bool) -> Outcome {
        if indirect {
            self.indirect += bytes;
        }
        let total = self.direct + self.indirect;
        if total >= self.threshold {
            let factor = total as f64 / self.direct.max(1) as f64;
            if factor > f64::from(self.factor) {
                return Err(Code::AmplificationLimitBreach.into());
            }
        }
        Ok(())
    }
    /// Counts memory that is kept.
    pub fn allocate(&mut self, bytes: u64) -> Outcome {
        self.allocated += bytes;
        let factor = self.allocated as f64 / self.direct.max(1) as f64;
        if self.allocated >= self.memory_threshold && factor > f64::from(self.memory_factor) {
            return Err(Code::NoMemory.into());
        }
        Ok(())
    }
}
