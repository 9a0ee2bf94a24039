//! `status`: the state of the daemon.

use super::Control;
use super::wire::{Directory, Google, Job, Power, Problem, Refusal, Status, Time};
use crate::app::{AppState, NotedProblem, RefusedLogin};
use crate::config::ScheduleUse;
use crate::daemon::jobs::{PlannedJob, UsersReport};
use crate::logging::error_chain;

impl Control {
    pub(super) fn status(&self) -> Status {
        let app = self.current.load();
        let users = self.jobs.users.report();
        let refusals = app.refusals.latest();
        let problems = app.problems.latest();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: Time(self.started),
            jobs: self.jobs.planned().into_iter().map(Job::from).collect(),
            directory: Directory::from(users),
            power: power(&app),
            google: google(&app),
            refusals: refusals.into_iter().map(Refusal::from).collect(),
            problems: problems.into_iter().map(Problem::from).collect(),
        }
    }
}

fn power(app: &AppState) -> Power {
    if app.config.power.schedule == ScheduleUse::Off {
        return Power {
            source: Some("off".to_owned()),
            ..Power::default()
        };
    }
    let known = app.power_schedule();
    let outlook = app.power_outlook();
    Power {
        source: known.map(|known| known.source.name().to_owned()),
        next_off: outlook.and_then(|it| it.next_off).map(Time),
        next_on: outlook.and_then(|it| it.next_on).map(Time),
    }
}

fn google(app: &AppState) -> Google {
    let error = app.upstream.last_error();
    Google {
        keys_refreshed: app.upstream.keys_fetched().map(Time),
        error: error.map(|error| error_chain(&error)),
    }
}

impl From<PlannedJob> for Job {
    fn from(planned: PlannedJob) -> Self {
        Self {
            name: planned.name.to_owned(),
            next: planned.next.map(Time),
        }
    }
}

impl From<UsersReport> for Directory {
    fn from(report: UsersReport) -> Self {
        Self {
            users: report.refreshed.map(|_| report.users),
            refreshed: report.refreshed.map(Time),
            next_refresh: report.next_refresh.map(Time),
            error: report.error.or(report.administrators_error),
        }
    }
}

impl From<RefusedLogin> for Refusal {
    fn from(refused: RefusedLogin) -> Self {
        Self {
            at: Time(refused.at),
            name: refused.refusal.name().to_owned(),
            address: refused.address,
            user: refused.user.map(|user| user.to_string()),
        }
    }
}

impl From<NotedProblem> for Problem {
    fn from(noted: NotedProblem) -> Self {
        Self {
            at: Time(noted.at),
            name: noted.problem.name.to_owned(),
            message: noted.problem.message,
        }
    }
}
