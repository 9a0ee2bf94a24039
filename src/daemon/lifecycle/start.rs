//! Finds out why the daemon was started, for the log.

use std::time::Duration;

use crate::store::{LastRun, Loss, ShutdownMarker};
use domain::base::clock::UnixTime;

/// The longest time from power-on to the start of a package. DSM takes some
/// minutes, and longer when it checks its disks.
pub const SLOWEST_BOOT: Duration = Duration::from_mins(30);

/// A clock that was set back by less, by NTP or by hand, is not wrong.
const CLOCK_SET: Duration = Duration::from_mins(1);

/// What the kind of start depends on.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// The time of this start.
    pub now: UnixTime,
    /// How the previous run was last seen.
    pub last_run: Option<LastRun>,
    /// Which part of its state is lost.
    pub loss: Loss,
    /// How long the machine has been on; `None`: not known.
    pub machine_on_for: Option<Duration>,
    /// The first power-on of the schedule since [`SLOWEST_BOOT`] ago, past or
    /// future; `None`: there is none, or no schedule is known.
    pub scheduled_power_on: Option<UnixTime>,
}

/// The kind of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The first start with this state.
    First,
    /// The schedule switched the NAS on.
    ScheduledPowerOn,
    /// The machine was switched on at another time.
    PowerOn,
    /// The daemon was restarted; the machine stayed on.
    Restart,
    /// The previous run ended without a stop; the machine stayed on.
    AfterCrash,
    /// The previous run ended without a stop, and so did the machine.
    AfterPowerCut,
    /// One of the two: the machine does not tell how long it has been on.
    AfterCrashOrPowerCut,
    /// A part of the state was lost, and with it how the previous run ended.
    StateRestored,
    /// The whole state was lost; this is a new one.
    StateLost,
    /// The previous run was seen at a later time than now.
    ClockWrong,
}

impl Start {
    /// Returns the kind of start under `circumstances`.
    pub fn under(circumstances: &Circumstances) -> Self {
        let now = circumstances.now;
        let Some(last) = circumstances.last_run else {
            return match circumstances.loss {
                Loss::Nothing => Self::First,
                Loss::Some => Self::StateRestored,
                Loss::Everything => Self::StateLost,
            };
        };
        if now.plus(CLOCK_SET) < last.seen {
            return Self::ClockWrong;
        }
        if circumstances.loss != Loss::Nothing {
            return Self::StateRestored;
        }
        let switched_on = circumstances.machine_on_for.map(|on| now.minus(on));
        let is_new_machine_run = switched_on.map(|on| on > last.seen);
        let by_schedule = circumstances
            .scheduled_power_on
            .is_some_and(|on| last.seen < on && on <= now && now.since(on) <= SLOWEST_BOOT);
        match (last.presence, is_new_machine_run) {
            (ShutdownMarker::Running, Some(true)) => Self::AfterPowerCut,
            (ShutdownMarker::Running, Some(false)) => Self::AfterCrash,
            (ShutdownMarker::Running, None) => Self::AfterCrashOrPowerCut,
            (ShutdownMarker::Stopped, Some(true) | None) if by_schedule => Self::ScheduledPowerOn,
            (ShutdownMarker::Stopped, Some(true)) => Self::PowerOn,
            (ShutdownMarker::Stopped, Some(false) | None) => Self::Restart,
        }
    }

    /// Returns the name, as the log has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first start",
            Self::ScheduledPowerOn => "scheduled power-on",
            Self::PowerOn => "power-on",
            Self::Restart => "restart",
            Self::AfterCrash => "after a crash",
            Self::AfterPowerCut => "after a power cut",
            Self::AfterCrashOrPowerCut => "after a crash or power cut",
            Self::StateRestored => "state restored",
            Self::StateLost => "state lost",
            Self::ClockWrong => "clock wrong",
        }
    }

    /// Logs the start, and how long the daemon was away.
    pub fn log(self, circumstances: &Circumstances) {
        let start = self.name();
        let away = circumstances.last_run.map(|last| {
            let away = circumstances.now.since(last.seen);
            humantime::format_duration(away).to_string()
        });
        let away = away.as_deref();
        match self {
            Self::First => tracing::info!(start, "starting"),
            Self::ScheduledPowerOn | Self::PowerOn | Self::Restart => {
                tracing::info!(start, away, "starting");
            }
            // The time of the cut is not known.
            Self::AfterCrash | Self::AfterPowerCut | Self::AfterCrashOrPowerCut => tracing::warn!(
                start,
                away_at_most = away,
                "starting; nothing that was confirmed before is lost"
            ),
            // The copy has only a time at which the previous run was running.
            Self::StateRestored => tracing::warn!(
                start,
                away_at_most = away,
                "starting; the last changes are lost"
            ),
            Self::StateLost => tracing::warn!(start, "starting with a new state"),
            Self::ClockWrong => {
                let seconds = circumstances
                    .last_run
                    .map_or(0, |last| last.seen.seconds_after(circumstances.now).max(0));
                let behind = Duration::from_secs(seconds.unsigned_abs());
                let behind = humantime::format_duration(behind);
                tracing::warn!(
                    start,
                    %behind,
                    "starting; the clock shows an earlier time than when the daemon last ran: \
                     unless it was wrong then, set it (Control Panel > Regional Options > Time)"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;

    /// Seven o'clock, at which the schedule switches the NAS on.
    const SEVEN: i64 = 1_000 * 24 * HOUR;

    /// It is `now`; the previous run was last seen at `seen`; the machine was
    /// switched on at `on`.
    fn start(now: i64, seen: i64, presence: ShutdownMarker, on: Option<i64>) -> Start {
        let time = UnixTime::from_seconds;
        Start::under(&Circumstances {
            now: time(now),
            last_run: Some(LastRun {
                seen: time(seen),
                presence,
            }),
            loss: Loss::Nothing,
            machine_on_for: on.map(|on| time(now).since(time(on))),
            scheduled_power_on: Some(time(SEVEN)),
        })
    }

    #[test]
    fn every_start_has_its_name() {
        use ShutdownMarker::{Running, Stopped};
        let evening = SEVEN - 8 * HOUR;
        let booted = SEVEN + MINUTE;
        let up = SEVEN + 3 * MINUTE;
        let check = |expected, now, seen, presence, on| {
            let found = start(now, seen, presence, on);
            assert_eq!(found, expected, "{now} {seen} {presence:?} {on:?}");
        };
        let morning = Start::ScheduledPowerOn;
        check(morning, up, evening, Stopped, Some(booted));
        check(morning, up, evening, Stopped, None);
        // The power button is pressed at nine, or long before seven.
        let nine = SEVEN + 2 * HOUR;
        check(Start::PowerOn, nine, evening, Stopped, Some(nine - 60));
        let five = SEVEN - 2 * HOUR;
        check(Start::PowerOn, five, evening, Stopped, Some(five - 60));
        // An update at a quarter past seven: the power-on was before.
        let before = SEVEN + 14 * MINUTE;
        let after = before + MINUTE;
        check(Start::Restart, after, before, Stopped, Some(booted));
        check(Start::Restart, after, before, Stopped, None);
        // Stopped by hand in the evening; the NAS stayed on.
        check(Start::Restart, up, evening, Stopped, Some(evening - HOUR));

        check(Start::AfterCrash, after, before, Running, Some(booted));
        check(Start::AfterPowerCut, up, evening, Running, Some(booted));
        let either = Start::AfterCrashOrPowerCut;
        check(either, up, evening, Running, None);

        // A dead battery: 1970, when it was last seen in the evening.
        check(Start::ClockWrong, MINUTE, evening, Stopped, Some(0));
        check(Start::ClockWrong, MINUTE, evening, Running, None);
        // NTP sets a clock back by a few seconds.
        check(Start::Restart, before - 5, before, Stopped, Some(booted));
    }

    #[test]
    fn the_first_start_is_no_restart() {
        let start = Start::under(&Circumstances {
            now: UnixTime::from_seconds(SEVEN),
            last_run: None,
            loss: Loss::Nothing,
            machine_on_for: Some(Duration::from_mins(1)),
            scheduled_power_on: None,
        });
        assert_eq!(start, Start::First);
    }
}
