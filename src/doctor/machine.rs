//! The checks of this machine: clock, disk and port.

mod disk;
mod port;

use std::time::Duration;

use super::Finding;
use domain::base::clock::{UnixTime, span_in_words};

pub(super) use disk::check as disk;
pub use disk::is_read_only;
pub(super) use port::{PortOwner, check as port, origin};

/// In seconds, the leeway for Google's ID tokens.
const LEEWAY: u64 = 60;

/// Compares this machine's time with Google's.
pub(super) fn clock(ours: UnixTime, googles: UnixTime) -> Finding {
    let ahead = ours.seconds_after(googles);
    if ahead.unsigned_abs() <= LEEWAY {
        return Finding::ok("machine.clock", "this machine's time agrees with Google's");
    }
    let off = span_in_words(Duration::from_secs(ahead.unsigned_abs()));
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    Finding::fail(
        "machine.clock",
        format!(
            "this machine's clock is {off} {side} Google's, so Google's ID tokens seem invalid: \
             set it, or have it set by NTP, in Control Panel > Regional Options > Time"
        ),
    )
}
