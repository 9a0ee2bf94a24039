//! Whether our clock and Google's agree: if not, Google's ID tokens seem to be
//! of yesterday or tomorrow, and nobody gets in.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::base::clock::UnixTime;

/// ID tokens have so much leeway, and an answer may be on its way for long.
const AGREE: u64 = 60;

/// What was said last of our clock: by how many seconds it is ahead.
#[derive(Debug, Default)]
pub(super) struct ClockCheck(Mutex<Option<i64>>);

impl ClockCheck {
    /// Compares the two. What is said once is said again only when it has
    /// changed: documents are fetched every hour.
    pub(super) fn compare(&self, ours: UnixTime, googles: UnixTime) {
        let ahead = ours.seconds_after(googles);
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let agree = ahead.unsigned_abs() <= AGREE;
        match *said {
            None if agree => return,
            Some(before) if !agree && before.abs_diff(ahead) <= AGREE => return,
            Some(_) if agree => {
                *said = None;
                tracing::info!("this machine's clock agrees with Google's again");
                return;
            }
            None | Some(_) => *said = Some(ahead),
        }
        let off = humantime::format_duration(Duration::from_secs(ahead.unsigned_abs()));
        let (fast, slow) = if ahead > 0 {
            (Some(off), None)
        } else {
            (None, Some(off))
        };
        tracing::warn!(
            ahead = fast.map(tracing::field::display),
            behind = slow.map(tracing::field::display),
            "this machine's clock disagrees with Google's, and sign-ins may fail: set it, or \
             have it set by NTP, in Control Panel > Regional Options > Time"
        );
    }
}
