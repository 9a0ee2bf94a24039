//! The pause after DSM rejected a sign-in of the daemon.
//!
//! DSM's Auto Block counts rejected sign-ins, and then blocks this machine, for
//! hours or permanently (docs/development/dsm-facts.md, section 2.3).

use std::time::Duration;

use crate::base::clock::UnixTime;

const FIRST: Duration = Duration::from_mins(15);
const LONGEST: Duration = Duration::from_hours(6);

/// A pause of sign-ins to DSM. It survives a restart, and is remembered after
/// its end until a sign-in succeeds: the next one is twice as long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigninPause {
    /// When the pause ends.
    pub until: UnixTime,
    /// The whole length of the pause.
    pub length: Duration,
    /// The keyed hash of the settings and secrets that DSM refused.
    pub fingerprint: Vec<u8>,
    /// DSM's error, as the administrator reads it.
    pub reason: String,
}

impl SigninPause {
    /// Returns the pause after a refusal at `now`; 15 minutes if there was no
    /// `previous` one.
    pub fn after(
        previous: Option<&Self>,
        now: UnixTime,
        fingerprint: Vec<u8>,
        reason: String,
    ) -> Self {
        let length = previous.map_or(FIRST, |previous| {
            (previous.length * 2).clamp(FIRST, LONGEST)
        });
        Self {
            until: now.plus(length),
            length,
            fingerprint,
            reason,
        }
    }

    /// Returns when the pause ends; `None` if it has ended. That is not later
    /// than a pause that begins `now` would end: a clock that was wrong at its
    /// beginning must not make it last for years.
    pub fn end(&self, now: UnixTime) -> Option<UnixTime> {
        (self.until > now).then(|| self.until.min(now.plus(self.length)))
    }
}
