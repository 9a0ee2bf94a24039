//! When each job runs next: what was done and when, weighed against the config
//! and the power schedule of now. Nothing is planned for an hour in which the
//! NAS is meant to be off; what falls due while the daemon runs is done all
//! the same.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Jobs;
use domain::base::clock::UnixTime;
use domain::model::power::BeforeOff;

/// When a job runs next, for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedJob {
    /// Its public name.
    pub name: &'static str,
    /// `None`: nothing is planned.
    pub next: Option<UnixTime>,
}

/// What was done, and what is to be tried again.
#[derive(Debug, Default)]
pub(super) struct Plan(Mutex<Times>);

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Times {
    /// When the last refresh of the users began that went well.
    pub(super) users_refreshed: Option<UnixTime>,
    /// When it is tried again, after one that did not.
    pub(super) retry: Option<UnixTime>,
    /// When the last refresh before a power-off began.
    pub(super) made_ready: Option<UnixTime>,
}

impl Plan {
    pub(super) fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Jobs {
    /// What runs by itself, and when next.
    pub fn planned(&self) -> Vec<PlannedJob> {
        let before_off = self.before_power_off().map(|next| next.due);
        let job = |name, next| PlannedJob { name, next };
        vec![
            job("users", self.next_refresh()),
            job("before-power-off", before_off),
            job("key-rotation", self.next_rotation()),
        ]
    }

    /// A refresh that `begun` then has brought the users.
    pub(super) fn users_were_refreshed(&self, begun: UnixTime) {
        let mut times = self.plan.times();
        times.users_refreshed = Some(begun);
        times.retry = None;
    }

    /// When DSM is asked for the users next.
    pub(super) fn next_refresh(&self) -> Option<UnixTime> {
        let Times {
            users_refreshed,
            retry,
            ..
        } = *self.plan.times();
        let every = self.app().config.dsm.refresh;
        let next = retry.or_else(|| Some(users_refreshed?.plus(every)))?;
        Some(self.when_on(next))
    }

    /// When the signing keys are rotated next.
    fn next_rotation(&self) -> Option<UnixTime> {
        self.rotation_due().map(|due| self.when_on(due))
    }

    /// The refresh before the power-off that comes next.
    pub(super) fn before_power_off(&self) -> Option<BeforeOff> {
        let app = self.app();
        let known = app.power_schedule()?;
        let made = self.plan.times().made_ready;
        let lead = app.config.power.refresh_before_power_off;
        let now = app.clock.now();
        known
            .schedule
            .refresh_before_off(&app.time_zone, lead, made, now)
    }

    /// `time`, unless the NAS is meant to be off then, or it has passed.
    fn when_on(&self, time: UnixTime) -> UnixTime {
        let app = self.app();
        let Some(known) = app.power_schedule() else {
            return time;
        };
        // What is overdue is done now, if the NAS is meant to be on now.
        let time = time.max(app.clock.now());
        known.schedule.when_on(&app.time_zone, time)
    }
}
