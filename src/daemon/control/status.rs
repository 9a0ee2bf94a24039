//! `status`: the state of the daemon.

use super::Control;
use crate::app::AppState;
use crate::config::ScheduleUse;
use crate::control::{
    Applied, Directory, Google, Job, Power, Problem, Refusal, SignIn, Status, Time,
};
use crate::logging::error_chain;
use crate::store;

impl Control {
    pub(super) async fn status(&self) -> Status {
        let app = self.current.load();
        let users = self.jobs.users.report();
        let refusals = app.store.refusals().latest();
        let problems = app.problems.latest();
        let jobs = self.jobs.planned().map(|job| Job {
            name: job.name.to_owned(),
            next: job.next.map(Time),
        });
        let refusals = refusals.into_iter().map(|it| Refusal {
            at: Time(it.at),
            name: it.refusal.name().to_owned(),
            address: it.address,
            user: it.user.map(|user| user.to_string()),
        });
        let problems = problems.into_iter().map(|it| Problem {
            at: Time(it.at),
            name: it.problem.name.to_owned(),
            message: it.problem.message,
        });
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started: Time(self.started),
            jobs: jobs.into(),
            directory: Directory {
                users: users.refreshed.map(|_| users.users),
                refreshed: users.refreshed.map(Time),
                next_refresh: users.next_refresh.map(Time),
                error: users.error.or(users.administrators_error),
            },
            power: power(&app),
            google: google(&app),
            sign_ins: sign_ins(&app).await,
            refusals: refusals.collect(),
            problems: problems.collect(),
            apply: applied(&app),
        }
    }
}

/// Returns the last sign-ins. A state that cannot be read must not hide the
/// rest of the report.
pub(super) async fn sign_ins(app: &AppState) -> Vec<SignIn> {
    let sign_ins = app.store.sign_ins().await.unwrap_or_else(|error| {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "cannot report the last sign-ins");
        Vec::new()
    });
    sign_ins.into_iter().map(SignIn::from).collect()
}

impl From<store::SignIn> for SignIn {
    fn from(sign_in: store::SignIn) -> Self {
        Self {
            at: Time(sign_in.at),
            user: sign_in.user.to_string(),
            address: sign_in.address,
            client: sign_in.client.to_string(),
        }
    }
}

fn applied(app: &AppState) -> Option<Applied> {
    let result = app.wizard_result.load_full()?;
    Some(Applied {
        at: Time(result.at),
        result: result.result.clone(),
        message: result.message.clone(),
    })
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
