//! What systemd is told while the daemon serves.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::app::{AppState, CurrentState, RefusedLogin};
use crate::daemon::jobs::{Jobs, UsersReport};
use crate::daemon::lifecycle::supervisor;
use crate::http::Server;
use domain::base::clock::UnixTime;

/// Whoever looks at `systemctl status` types it again after so long. It is
/// told only what has changed.
const STATUS_EVERY: Duration = Duration::from_secs(5);

/// Whose health it is.
#[derive(Clone, Debug)]
pub(super) struct Supervision {
    pub(super) current: Arc<CurrentState>,
    pub(super) jobs: Arc<Jobs>,
    pub(super) server: Arc<Server>,
    pub(super) stop: CancellationToken,
}

impl Supervision {
    /// Says that the daemon serves as soon as it does, and from then on how
    /// it is. Does nothing where systemd does not listen.
    pub(super) async fn keep(self) -> Infallible {
        self.server.answers().await;
        let status = self.status();
        if !supervisor::ready(&status) {
            return pending().await;
        }
        let watchdog = run_watchdog_loop(async || {
            self.server.answers().await;
            self.current.load().store.answers().await.is_ok()
        });
        let (never, _) = tokio::join!(watchdog, self.run_status_loop(status));
        never
    }

    async fn run_status_loop(&self, mut said: String) -> Infallible {
        loop {
            sleep(STATUS_EVERY).await;
            if self.stop.is_cancelled() {
                return pending().await;
            }
            let status = self.status();
            if status != said {
                supervisor::status(&status);
                said = status;
            }
        }
    }

    fn status(&self) -> String {
        let app = self.current.load();
        let users = self.jobs.users_report();
        let refused = app.refusals.latest().into_iter().next();
        let time = |time: UnixTime| short_time(&app, time);
        let off = app.power_outlook().and_then(|outlook| outlook.next_off);
        status(&users, off, refused.as_ref(), time)
    }
}

/// Silent while we are not well, or not sure in time: then systemd starts us
/// anew.
pub(super) async fn run_watchdog_loop(is_well: impl AsyncFn() -> bool) -> Infallible {
    let Some(often) = supervisor::watchdog_interval() else {
        return pending().await;
    };
    let mut ticks = interval(often);
    // A machine that slept is no reason to say it twice.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if is_well().await {
            supervisor::alive();
        }
    }
}

/// What a person wants to know: points in time, since they stay true while
/// they are shown. No addresses: anybody on the machine may read it.
fn status(
    users: &UsersReport,
    off: Option<UnixTime>,
    refused: Option<&RefusedLogin>,
    time: impl Fn(UnixTime) -> String,
) -> String {
    let known = match users.refreshed {
        None => "no users yet, so nobody can sign in".to_owned(),
        Some(refreshed) => format!("{} users, read {}", users.users, time(refreshed)),
    };
    let failed = users.error.as_ref();
    let failed = failed.map(|_| "DSM did not give newer ones".to_owned());
    let next = match (users.on_hold_until, users.next_refresh) {
        (Some(until), _) => Some(format!("DSM is left alone until {}", time(until))),
        (None, next) => next.map(|next| format!("next {}", time(next))),
    };
    let off = off.map(|off| format!("the NAS switches off {}", time(off)));
    let refused = refused.map(|refused| {
        let name = refused.refusal.name();
        format!("last refused {}: {name}", time(refused.at))
    });
    let parts = [Some(known), failed, next, off, refused];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// To the minute, with the day unless it is today.
fn short_time(app: &AppState, time: UnixTime) -> String {
    let shown = app.local_time(time);
    let today = app.local_time(app.clock.now());
    let (Some((day, clock)), Some((today, _))) = (shown.split_once('T'), today.split_once('T'))
    else {
        return shown;
    };
    let clock = clock.get(..5).unwrap_or(clock);
    if day == today {
        return clock.to_owned();
    }
    format!("{day} {clock}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::signin::directory::Refusal;

    fn said(users: &UsersReport, refused: Option<&RefusedLogin>) -> String {
        status(users, None, refused, in_seconds)
    }

    fn in_seconds(time: UnixTime) -> String {
        time.seconds().to_string()
    }

    #[test]
    fn a_status_is_short_and_says_what_is_the_matter() {
        let mut users = UsersReport {
            users: 6,
            refreshed: Some(UnixTime::from_seconds(100)),
            next_refresh: Some(UnixTime::from_seconds(200)),
            on_hold_until: None,
            error: None,
            administrators_error: None,
        };
        assert_eq!(said(&users, None), "6 users, read 100; next 200");
        let tonight = Some(UnixTime::from_seconds(900));
        assert_eq!(
            status(&users, tonight, None, in_seconds),
            "6 users, read 100; next 200; the NAS switches off 900"
        );

        let refused = RefusedLogin {
            at: UnixTime::from_seconds(150),
            refusal: Refusal::AddressUnknown,
            address: Some("inconnu@gmail.com".to_owned()),
            user: None,
        };
        users.error = Some("HTTP status 502".to_owned());
        assert_eq!(
            said(&users, Some(&refused)),
            "6 users, read 100; DSM did not give newer ones; next 200; last refused 150: \
             address-unknown"
        );

        users.refreshed = None;
        users.on_hold_until = Some(UnixTime::from_seconds(1000));
        assert_eq!(
            said(&users, None),
            "no users yet, so nobody can sign in; DSM did not give newer ones; DSM is left \
             alone until 1000"
        );
    }
}
