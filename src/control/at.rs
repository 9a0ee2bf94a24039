//! The time of `explain --at`.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::Time;
use domain::base::clock::UnixTime;

/// A point in time, or a local time, which the daemon reads in the time zone of
/// the NAS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) enum At {
    Instant(Time),
    Local(DateTime),
}

/// Why a text is not an [`At`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a time such as 2026-12-01T23:10:00+01:00, or \"2026-12-01 23:10\" in local time")]
pub(crate) struct NotATime;

impl FromStr for At {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        if is_rfc_3339(text) {
            let time: Timestamp = text.parse().map_err(|_| NotATime)?;
            return Ok(Self::Instant(Time(UnixTime::from_seconds(
                time.as_second(),
            ))));
        }
        if !has_shape(text, "0000-00-00 00:00") {
            return Err(NotATime);
        }
        let local = text.parse().map_err(|_| NotATime)?;
        Ok(Self::Local(local))
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant(time) => time.fmt(f),
            Self::Local(local) => write!(f, "{}", local.strftime("%Y-%m-%d %H:%M")),
        }
    }
}

impl From<At> for String {
    fn from(at: At) -> Self {
        at.to_string()
    }
}

impl TryFrom<String> for At {
    type Error = NotATime;

    fn try_from(text: String) -> Result<Self, NotATime> {
        text.parse()
    }
}

/// Returns whether `text` has the form of RFC 3339, section 5.6. jiff also
/// parses other forms.
fn is_rfc_3339(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else {
        return false;
    };
    let Some(zone) = time.find(['Z', 'z', '+', '-']) else {
        return false;
    };
    let (time, zone) = time.split_at(zone);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    has_shape(date, "0000-00-00")
        && has_shape(time, "00:00:00")
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && ["Z", "z", "+00:00", "-00:00"]
            .iter()
            .any(|shape| has_shape(zone, shape))
}

/// Returns whether `text` is `shape` with other digits in place of each `0`.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text
            .bytes()
            .zip(shape.bytes())
            .all(|(byte, expected)| match expected {
                b'0' => byte.is_ascii_digit(),
                other => byte == other,
            })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Option<&str>) {
        let at: Result<At, NotATime> = text.parse();
        let shown = at.map(|at| at.to_string()).ok();
        assert_eq!(shown.as_deref(), expected, "{text:?}");
    }

    #[test]
    fn a_time_is_rfc_3339_or_local_to_the_minute() {
        check("2026-12-01 23:10", Some("2026-12-01 23:10"));
        check("2026-12-01T23:10:00Z", Some("2026-12-01T23:10:00Z"));
        check("2026-12-01t23:10:00z", Some("2026-12-01T23:10:00Z"));
        check("2026-12-01T23:10:00+01:00", Some("2026-12-01T22:10:00Z"));
        check("2026-12-01T23:10:00.75-00:30", Some("2026-12-01T23:40:00Z"));
    }

    #[test]
    fn anything_else_is_not_a_time() {
        for text in [
            "",
            "now",
            "tomorrow",
            "1795371487",
            "23:10",
            "2026-12-01",
            "2026-12-01 23:10:00",
            "2026-12-01T23:10",
            "2026-12-01T23:10:00",
            "2026-12-01T23:10Z",
            "2026-12-01 23:10Z",
            "2026-12-01T23:10:00+01",
            "2026-12-01T23:10:00+0100",
            "2026-12-01T23:10:00.Z",
            "2026-12-01T23:10:00Z[Europe/Paris]",
            "2026-12-01T23:10:00+01:00[Europe/Paris]",
            "20261201T231000Z",
            "+002026-12-01T23:10:00Z",
            "2026-12-1 23:10",
            "1/12/2026 23:10",
            "2026-13-01 23:10",
            "2026-02-29 23:10",
            "2026-12-01 24:00",
            "2026-12-01 23:60",
            "2026-12-01T25:10:00Z",
            " 2026-12-01 23:10",
            "2026-12-01 23:10 ",
            "2026-12-01  23:10",
        ] {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn what_is_understood_is_sent_unchanged(text in "[0-9TtZz:+. -]{0,30}") {
            if let Ok(at) = text.parse::<At>() {
                prop_assert_eq!(at.to_string().parse(), Ok(at));
            }
        }
    }
}
