//! `Week`: what the picture of the week shows.

use super::Control;
use super::status::sign_ins;
use crate::admin::week;
use crate::app::AppState;
use crate::config::ScheduleUse;
use crate::control::Time;
use crate::control::week::{JobRun, Planned, Run, Span, Week};
use crate::store;
use domain::base::clock::UnixTime;

/// A schedule has one power-off a day, seldom two.
const MOST_POWER_OFFS: usize = 50;

impl Control {
    pub(super) async fn week(&self) -> Week {
        let app = self.current.load();
        let now = app.clock.now();
        let days = week::around(&app.time_zone, now);
        let bounds = days.first().zip(days.last());
        let (from, until) = bounds.map_or((now, now), |(first, last)| {
            (first.span.from.0, last.span.until.0)
        });
        let is_shown = |at: &UnixTime| (from..until).contains(at);
        let jobs = app.store.history().job_runs().into_iter();
        let jobs = jobs.filter(|job| is_shown(&job.at)).map(|job| JobRun {
            at: Time(job.at),
            name: job.job.as_str().to_owned(),
            failed: job.failed,
        });
        let refusals = app.store.refusals().latest().into_iter();
        let refusals = refusals.map(|refused| refused.at);
        let sign_ins = sign_ins(&app).await.into_iter();
        Week {
            now: Time(now),
            schedule: schedule(&app),
            meant_on: meant_on(&app, from, until),
            runs: runs(&app.store.history().runs(), now),
            jobs: jobs.collect(),
            planned: self.planned(&app, until),
            sign_ins: sign_ins
                .map(|it| it.at)
                .filter(|at| is_shown(&at.0))
                .collect(),
            refusals: refusals.filter(is_shown).map(Time).collect(),
            days,
        }
    }

    /// The next run of each job, and the ones before all power-offs.
    fn planned(&self, app: &AppState, until: UnixTime) -> Vec<Planned> {
        let now = app.clock.now();
        let next = self.jobs.planned().into_iter();
        let next = next.filter_map(|job| Some((job.next?, job.name)));
        let name = store::JobName::BeforePowerOff.as_str();
        let others = next.filter(|(_, job)| *job != name);
        let before = before_power_offs(app, until).into_iter();
        let all = others.chain(before.map(|at| (at, name)));
        all.filter(|(at, _)| now < *at && *at < until)
            .map(|(at, name)| Planned {
                at: Time(at),
                name: name.to_owned(),
            })
            .collect()
    }
}

fn schedule(app: &AppState) -> Option<String> {
    if app.config.power.schedule == ScheduleUse::Off {
        return Some("off".to_owned());
    }
    let known = app.power_schedule()?;
    Some(known.source.name().to_owned())
}

fn meant_on(app: &AppState, from: UnixTime, until: UnixTime) -> Vec<Span> {
    let times = app.power_schedule().map_or_else(
        || vec![(from, until)],
        |known| known.schedule.times_on(&app.time_zone, from, until),
    );
    times
        .into_iter()
        .map(|(from, until)| span(from, until))
        .collect()
}

fn before_power_offs(app: &AppState, until: UnixTime) -> Vec<UnixTime> {
    let mut due = Vec::new();
    let Some(known) = app.power_schedule() else {
        return due;
    };
    let lead = app.config.power.refresh_before_power_off;
    let mut after = app.clock.now();
    for _ in 0..MOST_POWER_OFFS {
        let schedule = &known.schedule;
        let next = schedule.refresh_before_off(&app.time_zone, lead, Some(after), after);
        let Some(next) = next.filter(|next| next.due < until) else {
            break;
        };
        due.push(next.due);
        after = next.off;
    }
    due
}

fn runs(runs: &[store::Run], now: UnixTime) -> Vec<Run> {
    let next = runs.iter().skip(1).map(|run| Some(run.begun)).chain([None]);
    let runs = runs.iter().zip(next);
    runs.map(|(run, next)| {
        let is_present = next.is_none() && !run.stopped;
        let seen = if is_present {
            now.max(run.seen)
        } else {
            run.seen
        };
        let next = next.filter(|next| !run.stopped && run.seen < *next);
        Run {
            span: span(run.begun, seen),
            interrupted_before: next.map(Time),
        }
    })
    .collect()
}

fn span(from: UnixTime, until: UnixTime) -> Span {
    Span {
        from: Time(from),
        until: Time(until),
    }
}
