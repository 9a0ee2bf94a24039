//! How long DSM is left alone after a failure.

use std::time::Duration;

use crate::backoff::Backoff;
use crate::dsm::Reaction;

/// After a refused sign-in DSM is left alone for so long, or it blocks this
/// address (reference: DSM 2.3).
const FIRST_HOLD: Duration = Duration::from_mins(15);

/// Each further refusal doubles the hold up to this.
const LONGEST_HOLD: Duration = Duration::from_hours(6);

/// The waits since DSM last answered well.
#[derive(Debug)]
pub(super) struct Waits {
    backoff: Backoff,
    hold: Duration,
}

impl Waits {
    /// All went well so far.
    pub(super) fn new() -> Self {
        Self {
            backoff: Backoff::new(),
            hold: FIRST_HOLD,
        }
    }

    /// How long to wait after one more failure, which calls for `reaction`.
    /// What only a person can mend is looked at as often as what passes: the
    /// person waits for it.
    pub(super) fn after(&mut self, reaction: Reaction) -> Duration {
        match reaction {
            Reaction::HoldSignIns => {
                let hold = self.hold;
                self.hold = (hold * 2).min(LONGEST_HOLD);
                hold
            }
            Reaction::Retry | Reaction::Report => self.backoff.next_wait(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn what_passes_or_a_person_mends_is_tried_again_within_a_minute() {
        for reaction in [Reaction::Retry, Reaction::Report] {
            let mut waits = Waits::new();
            let tried: Vec<Duration> = (0..100).map(|_| waits.after(reaction)).collect();
            assert!(tried[0] < Duration::from_secs(2), "{:?}", tried[0]);
            assert!(tried.iter().all(|wait| *wait <= MINUTE), "{tried:?}");
        }
    }

    #[test]
    fn two_houses_do_not_knock_in_step() {
        let row = || {
            let mut waits = Waits::new();
            let waits: Vec<Duration> = (0..20).map(|_| waits.after(Reaction::Retry)).collect();
            waits
        };
        assert_ne!(row(), row());
    }

    #[test]
    fn a_refused_sign_in_rests_a_quarter_of_an_hour_then_twice_as_long() {
        let mut waits = Waits::new();
        let holds: Vec<u64> = (0..7)
            .map(|_| waits.after(Reaction::HoldSignIns).as_secs() / 60)
            .collect();
        assert_eq!(holds, [15, 30, 60, 120, 240, 360, 360]);
    }

    #[test]
    fn a_dsm_that_restarts_does_not_make_a_hold_short_again() {
        let mut waits = Waits::new();
        waits.after(Reaction::HoldSignIns);
        assert!(waits.after(Reaction::Retry) <= MINUTE);
        assert_eq!(waits.after(Reaction::HoldSignIns), 2 * FIRST_HOLD);
    }
}
