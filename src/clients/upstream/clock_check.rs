//! Compares our clock with Google's: if they differ, Google's ID tokens seem
//! expired or not yet valid, and every sign-in fails.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::base::clock::UnixTime;

/// In seconds, the leeway for ID tokens.
const AGREE: u64 = 60;

/// By how many seconds our clock was ahead when it was last logged.
#[derive(Debug, Default)]
pub(super) struct ClockCheck(Mutex<Option<i64>>);

impl ClockCheck {
    /// Logs a difference once, and again only if it changes: documents are
    /// fetched every hour.
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
        tracing::warn!(
            ahead = (ahead > 0).then(|| tracing::field::display(&off)),
            behind = (ahead < 0).then(|| tracing::field::display(&off)),
            "this machine's clock disagrees with Google's, and sign-ins may fail: set it, or \
             have it set by NTP, in Control Panel > Regional Options > Time"
        );
    }
}
