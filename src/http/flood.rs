//! Detects the end of a flood of connections, to return its memory to the
//! system.

use std::sync::atomic::{AtomicBool, Ordering};

/// This number of open connections is a flood. A family has a dozen.
const MANY: usize = 64;

/// With this number of open connections, a flood has ended.
const FEW: usize = 8;

/// Whether many connections were open since the previous flood ended.
#[derive(Debug, Default)]
pub(super) struct Flood(AtomicBool);

impl Flood {
    /// Notes that a connection was opened, and that `open` are open now.
    pub(super) fn opened(&self, open: usize) {
        if open >= MANY {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Returns whether the connection that was just closed has ended a flood;
    /// `open` are left. Each flood ends once.
    pub(super) fn has_ended(&self, open: usize) -> bool {
        open <= FEW && self.0.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_many_connections_are_a_flood_and_it_ends_once() {
        let flood = Flood::default();
        let opens = |count: usize| (1..=count).for_each(|open| flood.opened(open));
        let ends = |count: usize| (0..count).rev().filter(|open| flood.has_ended(*open));
        opens(MANY - 1);
        assert_eq!(ends(MANY - 1).count(), 0);
        for many in [MANY, 512] {
            opens(many);
            assert_eq!(ends(many).collect::<Vec<_>>(), [FEW]);
        }
    }
}
