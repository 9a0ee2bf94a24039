//! What is drawn in the row of each day.

use super::words::Labels;
use super::{Number, ROW, TOP};
use crate::control::Time;
use crate::control::week::{Day, Span, Week};

/// The columns of the rows, in percent of the picture's width. Days are named
/// to their left.
const LEFT: f64 = 21.0;
const WIDTH: f64 = 78.5;

/// A narrower bar would not be visible.
const NARROWEST: f64 = 0.35;

/// Marks that are nearer to each other than this share of a day become one: a
/// thousand refusals are as many marks as a row has room for.
const NEAR: f64 = 1.0 / 48.0;

/// What is drawn for one day.
pub(super) struct Row {
    pub(super) y: Number,
    /// Such as `Mon 2`.
    pub(super) name: String,
    pub(super) is_today: bool,
    pub(super) meant_on: Vec<Bar>,
    pub(super) on: Vec<Bar>,
    /// After a run that was interrupted: it may have been on.
    pub(super) unknown: Vec<Bar>,
    /// The hour that does not exist, or occurs twice.
    pub(super) change: Option<Bar>,
    pub(super) jobs: Vec<Mark>,
    pub(super) failed: Vec<Mark>,
    pub(super) planned: Vec<Mark>,
    pub(super) sign_ins: Vec<Mark>,
    pub(super) refusals: Vec<Mark>,
    pub(super) now: Option<Number>,
}

/// A stretch of time.
pub(super) struct Bar {
    pub(super) x: Number,
    pub(super) width: Number,
    /// Its times on the clock, such as `07:00–23:00`.
    pub(super) text: String,
}

/// One event or several.
pub(super) struct Mark {
    pub(super) x: Number,
    pub(super) count: usize,
    /// Its times on the clock, such as `09:12` or `09:12–09:30`.
    pub(super) text: String,
}

/// Returns where a share of a day is in the picture, in percent.
pub(super) fn x(share: f64) -> Number {
    Number(LEFT + WIDTH * share)
}

/// Returns the rows of all days.
pub(super) fn all(week: &Week, labels: &Labels) -> Vec<Row> {
    let mut top = TOP - ROW;
    let rows = week.days.iter().map(|day| {
        top += ROW;
        row(week, day, labels, Number(top))
    });
    rows.collect()
}

fn row(week: &Week, day: &Day, labels: &Labels, y: Number) -> Row {
    let bars = |spans: &mut dyn Iterator<Item = Span>| {
        let mut parts: Vec<Span> = spans.filter_map(|span| day.part(span)).collect();
        parts.sort_unstable_by_key(|part| part.from.0);
        parts.iter().map(|part| bar(day, *part)).collect::<Vec<_>>()
    };
    // A clock that was wrong may have noted times that are not over yet.
    let past = |span: Span| Span {
        until: if span.until.0 < week.now.0 {
            span.until
        } else {
            week.now
        },
        ..span
    };
    let is_past = |at: &Time| at.0 <= week.now.0;
    let marks = |times: &mut dyn Iterator<Item = Time>| marks(day, times);
    let jobs = |failed| {
        let jobs = week.jobs.iter().filter(move |job| job.failed == failed);
        jobs.map(|job| job.at).filter(is_past)
    };
    let unknown = week.runs.iter().filter_map(|run| {
        Some(Span {
            from: run.span.until,
            until: run.interrupted_before?,
        })
    });
    Row {
        y,
        name: labels.day(day),
        is_today: day.has(week.now),
        meant_on: bars(&mut week.meant_on.iter().copied()),
        on: bars(&mut week.runs.iter().map(|run| past(run.span))),
        unknown: bars(&mut unknown.map(past)),
        change: changed_hour(day),
        jobs: marks(&mut jobs(false)),
        failed: marks(&mut jobs(true)),
        planned: marks(&mut week.planned.iter().map(|job| job.at)),
        sign_ins: marks(&mut week.sign_ins.iter().copied().filter(is_past)),
        refusals: marks(&mut week.refusals.iter().copied().filter(is_past)),
        now: day.has(week.now).then(|| x(day.share(week.now))),
    }
}

fn bar(day: &Day, part: Span) -> Bar {
    let text = period(day, part.from, part.until);
    bar_between(day.share(part.from), day.share(part.until), text)
}

fn bar_between(begin: f64, end: f64, text: String) -> Bar {
    let (begin, Number(end)) = (x(begin), x(end));
    Bar {
        x: begin,
        width: Number((end - begin.0).max(NARROWEST)),
        text,
    }
}

fn changed_hour(day: &Day) -> Option<Bar> {
    let (begin, end) = day.changed_hour(day.change?);
    let share = |seconds: i64| i32::try_from(seconds).map_or(0.0, f64::from) / 86_400.0;
    let clock = |seconds: i64| format!("{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    let text = format!("{}–{}", clock(begin), clock(end));
    Some(bar_between(
        share(begin).max(0.0),
        share(end).min(1.0),
        text,
    ))
}

fn period(day: &Day, from: Time, until: Time) -> String {
    let (from, until) = (day.clock(from), day.clock(until));
    if from == until {
        return from;
    }
    format!("{from}–{until}")
}

/// Groups the times of a day that are near each other.
fn marks(day: &Day, times: &mut dyn Iterator<Item = Time>) -> Vec<Mark> {
    let mut times: Vec<Time> = times.filter(|at| day.has(*at)).collect();
    times.sort_unstable_by_key(|at| at.0);
    let mut groups: Vec<Vec<Time>> = Vec::new();
    for at in times {
        let place = day.share(at);
        let is_near = |group: &Vec<Time>| {
            let first = group.first();
            first.is_some_and(|first| place - day.share(*first) < NEAR)
        };
        match groups.last_mut().filter(|group| is_near(group)) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    let groups = groups.iter().filter_map(|group| {
        let (first, last) = (group.first()?, group.last()?);
        Some(Mark {
            x: x(day.share(*first)),
            count: group.len(),
            text: period(day, *first, *last),
        })
    });
    groups.collect()
}
