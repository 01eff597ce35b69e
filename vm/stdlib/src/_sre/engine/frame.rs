//! What the matcher comes back to: see [`super::run`].

#[derive(Clone, Copy, Debug)]
pub(super) enum Frame {
    /// The alternatives from `next` up to `end` are left.
    Alternative {
        next: u32,
        end: u32,
        at: usize,
    },
    /// The run may end anywhere from `low` to `at`.
    Greedy {
        run: u32,
        at: usize,
        low: usize,
    },
    /// The run, of `count` characters up to `at`, may be longer.
    Lazy {
        run: u32,
        at: usize,
        count: usize,
    },
    /// The repetition may end here.
    MaxTail {
        repetition: u32,
        at: usize,
    },
    /// The repetition may go on.
    MinBody {
        repetition: u32,
        at: usize,
    },
    Mark {
        mark: u32,
        last_index: i32,
        old: usize,
    },
    Counts {
        repetition: u32,
        count: usize,
        last: usize,
    },
    /// A repetition was begun within this one.
    Enter {
        outer: usize,
    },
    Current {
        old: usize,
    },
    Assert {
        next: u32,
        outer: usize,
        at: usize,
    },
    AssertNot {
        next: u32,
        outer: usize,
        at: usize,
    },
    Atomic {
        next: u32,
        outer: usize,
    },
    /// Under it is a `Counts` of no repetition for number and beginning of the round.
    Possessive {
        repeat: u32,
        outer: usize,
    },
}

impl Frame {
    pub(super) fn is_choice(&self) -> bool {
        matches!(
            self,
            Frame::Alternative { .. }
                | Frame::Greedy { .. }
                | Frame::Lazy { .. }
                | Frame::MaxTail { .. }
                | Frame::MinBody { .. }
        )
    }
}
