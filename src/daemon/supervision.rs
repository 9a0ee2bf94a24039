//! Notifies systemd while the daemon serves: readiness, status, watchdog.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::app::AppState;
use crate::daemon::jobs::{UsersJob, UsersReport};
use crate::daemon::lifecycle::supervisor;
use crate::http::Server;
use crate::store::RefusedLogin;
use domain::base::clock::UnixTime;

/// How often the status is compared with the last one that was sent.
const STATUS_EVERY: Duration = Duration::from_secs(5);

/// Notifies systemd when `server` serves, then sends the `status` until `stop`,
/// and resets the watchdog while `is_well`. Does nothing if systemd did not
/// start us.
pub(super) async fn supervise(
    server: &Server,
    stop: &CancellationToken,
    is_well: impl AsyncFn() -> bool,
    status: impl Fn() -> String,
) -> Infallible {
    server.answers().await;
    let mut sent = status();
    if !supervisor::ready(&sent) {
        return pending().await;
    }
    let statuses = async {
        while !stop.is_cancelled() {
            let status = status();
            if status != sent {
                supervisor::status(&status);
                sent = status;
            }
            sleep(STATUS_EVERY).await;
        }
    };
    let watchdog = run_watchdog_loop(async || {
        server.answers().await;
        is_well().await
    });
    let (never, ()) = tokio::join!(watchdog, statuses);
    never
}

/// Returns the status of a daemon that serves sign-ins.
pub(super) fn status_of(app: &AppState, users: &UsersJob) -> String {
    let refused = app.store.refusals().latest().into_iter().next();
    let time = |time: UnixTime| short_time(app, time);
    let off = app.power_outlook().and_then(|outlook| outlook.next_off);
    status(&users.report(), off, refused.as_ref(), time)
}

/// Notifies systemd's watchdog, except while `is_well` returns false or not at
/// all: then systemd restarts us.
async fn run_watchdog_loop(is_well: impl AsyncFn() -> bool) -> Infallible {
    let Some(often) = supervisor::watchdog_interval() else {
        return pending().await;
    };
    let mut ticks = interval(often);
    // After the machine slept, once is enough.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if is_well().await {
            supervisor::alive();
        }
    }
}

/// Returns the status for `systemctl status`. It has points in time, since they
/// stay true while they are shown, and no addresses, since every user of the
/// machine can read it.
fn status(
    users: &UsersReport,
    off: Option<UnixTime>,
    refused: Option<&RefusedLogin>,
    time: impl Fn(UnixTime) -> String,
) -> String {
    let known = match users.refreshed {
        None => "no users yet, so sign-in is not possible".to_owned(),
        Some(refreshed) => format!("{} users, read {}", users.users, time(refreshed)),
    };
    let failed = users.error.as_ref();
    let failed = failed.map(|_| "the last refresh failed".to_owned());
    let next = match (users.paused_until, users.next_refresh) {
        (Some(until), _) => Some(format!("sign-ins to DSM are paused until {}", time(until))),
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

/// Returns `time` to the minute, with the date unless it is today.
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

    fn shown(users: &UsersReport, refused: Option<&RefusedLogin>) -> String {
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
            paused_until: None,
            error: None,
            administrators_error: None,
        };
        assert_eq!(shown(&users, None), "6 users, read 100; next 200");
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
            account: None,
        };
        users.error = Some("HTTP status 502".to_owned());
        assert_eq!(
            shown(&users, Some(&refused)),
            "6 users, read 100; the last refresh failed; next 200; last refused 150: \
             address-unknown"
        );

        users.refreshed = None;
        users.paused_until = Some(UnixTime::from_seconds(1000));
        assert_eq!(
            shown(&users, None),
            "no users yet, so sign-in is not possible; the last refresh failed; sign-ins to DSM \
             are paused until 1000"
        );
    }
}
