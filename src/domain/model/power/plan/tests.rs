//! Weeks of several households, both changes of summer time, and any
//! schedule against an observer who looks at the clock every minute.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use jiff::civil::DateTime;
use proptest::prelude::*;

use super::super::tests::{days, schedules, task};
use super::super::{PowerSchedule, Task, Weekdays};
use super::*;

mod times_on;

fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").unwrap()
}

/// A time by the clocks of Paris; with the offset where two have that name.
fn at(text: &str) -> UnixTime {
    let instant = match text.parse::<DateTime>() {
        Ok(local) if !text.contains('+') => paris().to_timestamp(local).unwrap(),
        _ => text.parse().unwrap(),
    };
    UnixTime::from_seconds(instant.as_second())
}

fn told(time: UnixTime) -> String {
    let instant = Timestamp::from_second(time.seconds()).unwrap();
    instant
        .to_zoned(paris())
        .strftime("%FT%H:%M%:z")
        .to_string()
}

fn check(found: Option<UnixTime>, expected: &str) {
    let found = found.map(told).unwrap_or_default();
    let matches = found.starts_with(expected) && found.is_empty() == expected.is_empty();
    assert!(matches, "{found} is not {expected}");
}

fn off_at(hour: u8, minute: u8, weekdays: Weekdays) -> PowerSchedule {
    PowerSchedule::new(vec![], vec![task(hour, minute, weekdays)])
}

/// On at seven, off at eleven; at weekends an hour later.
fn household() -> PowerSchedule {
    let (week, weekend) = (days("1,2,3,4,5"), days("0,6"));
    PowerSchedule::new(
        vec![task(7, 0, week), task(8, 0, weekend)],
        // Friday's and Saturday's night end after midnight.
        vec![task(23, 0, days("0,1,2,3,4")), task(0, 30, days("0,6"))],
    )
}

#[test]
fn a_week_of_a_household() {
    let (schedule, zone) = (household(), paris());
    // 2026-11-27 is a Friday.
    let friday = at("2026-11-27T18:00");
    check(schedule.next_off(&zone, friday), "2026-11-28T00:30");
    check(schedule.next_on(&zone, friday), "2026-11-28T08:00");
    for (time, on) in [
        ("2026-11-27T06:59", false),
        ("2026-11-27T07:00", true),
        ("2026-11-27T23:30", true),
        ("2026-11-28T00:29", true),
        ("2026-11-28T00:30", false),
        ("2026-11-28T07:59", false),
        ("2026-11-28T08:00", true),
        ("2026-11-29T22:59", true),
        ("2026-11-29T23:00", false),
    ] {
        assert_eq!(schedule.is_on(&zone, at(time)), on, "{time}");
    }
}

#[test]
fn a_power_off_that_begins_now_is_not_the_next_one() {
    let daily = off_at(23, 0, Weekdays::ALL);
    let now = at("2026-11-27T23:00");
    check(daily.next_off(&paris(), now), "2026-11-28T23:00");
    let weekly = off_at(23, 0, days("5"));
    check(weekly.next_off(&paris(), now), "2026-12-04T23:00");
    let before = now.minus(Duration::from_secs(1));
    check(weekly.next_off(&paris(), before), "2026-11-27T23:00");
}

#[test]
fn what_is_planned_for_the_night_waits_for_the_morning() {
    let (schedule, zone) = (household(), paris());
    let check = |time, expected: &str| check(Some(schedule.when_on(&zone, at(time))), expected);
    check("2026-11-26T22:59", "2026-11-26T22:59");
    check("2026-11-26T23:00", "2026-11-27T07:00");
    check("2026-11-27T03:00", "2026-11-27T07:00");
    check("2026-11-27T07:00", "2026-11-27T07:00");
    check("2026-11-27T23:30", "2026-11-27T23:30");
    check("2026-11-28T02:00", "2026-11-28T08:00");
}

#[test]
fn one_kind_of_task_alone_makes_no_night() {
    let zone = paris();
    let noon = at("2026-11-27T12:00");
    let night = at("2026-11-28T03:00");
    let off = off_at(23, 0, Weekdays::ALL);
    let on = PowerSchedule::new(vec![task(7, 0, Weekdays::ALL)], vec![]);
    let never_on = PowerSchedule::new(
        vec![
            task(7, 0, Weekdays::default()),
            Task {
                enabled: false,
                ..task(7, 0, Weekdays::ALL)
            },
        ],
        vec![task(23, 0, Weekdays::ALL)],
    );
    for schedule in [&off, &on, &never_on, &PowerSchedule::default()] {
        for time in [noon, night] {
            assert!(schedule.is_on(&zone, time));
            assert_eq!(schedule.when_on(&zone, time), time);
        }
    }
    check(off.next_off(&zone, noon), "2026-11-27T23:00");
    check(off.next_on(&zone, noon), "");
    check(never_on.next_on(&zone, noon), "");
    check(on.next_off(&zone, noon), "");
    check(on.next_on(&zone, noon), "2026-11-28T07:00");
    check(PowerSchedule::default().next_off(&zone, noon), "");
}

#[test]
fn a_weekend_off_is_a_long_night() {
    let schedule = PowerSchedule::new(vec![task(7, 0, days("1"))], vec![task(20, 0, days("5"))]);
    for (time, on) in [
        ("2026-11-27T19:59", true),
        ("2026-11-27T20:00", false),
        ("2026-11-30T06:59", false),
        ("2026-11-30T07:00", true),
    ] {
        assert_eq!(schedule.is_on(&paris(), at(time)), on, "{time}");
    }
    let saturday = schedule.when_on(&paris(), at("2026-11-28T12:00"));
    check(Some(saturday), "2026-11-30T07:00");
}

#[test]
fn on_and_off_in_the_same_minute_is_on() {
    let noon = || vec![task(12, 0, Weekdays::ALL)];
    let schedule = PowerSchedule::new(noon(), noon());
    assert!(schedule.is_on(&paris(), at("2026-11-27T12:00")));
    let outlook = schedule.outlook(&paris(), at("2026-11-27T11:00"));
    assert_eq!(outlook.next_off, outlook.next_on);
    check(outlook.next_on, "2026-11-27T12:00");
}

/// Paris goes from 02:00 to 03:00 on 2026-03-29.
#[test]
fn a_task_in_the_hour_skipped_in_spring_runs_an_hour_later() {
    let zone = paris();
    let schedule = off_at(2, 30, Weekdays::ALL);
    let evening = at("2026-03-28T20:00");
    let off = schedule.next_off(&zone, evening);
    check(off, "2026-03-29T03:30+02:00");
    check(schedule.next_off(&zone, off.unwrap()), "2026-03-30T02:30");
    let schedule = PowerSchedule::new(
        vec![task(2, 15, days("0"))],
        vec![task(1, 0, Weekdays::ALL)],
    );
    assert!(!schedule.is_on(&zone, at("2026-03-29T03:14")));
    assert!(schedule.is_on(&zone, at("2026-03-29T03:15")));
}

/// Paris goes from 03:00 back to 02:00 on 2026-10-25.
#[test]
fn a_task_in_the_hour_that_autumn_has_twice_runs_once() {
    let zone = paris();
    let schedule = off_at(2, 30, Weekdays::ALL);
    let evening = at("2026-10-24T20:00");
    let off = schedule.next_off(&zone, evening);
    check(off, "2026-10-25T02:30+02:00");
    check(schedule.next_off(&zone, off.unwrap()), "2026-10-26T02:30");
    // The night in between is as long as the clock makes it.
    let schedule = PowerSchedule::new(
        vec![task(7, 0, Weekdays::ALL)],
        vec![task(2, 30, Weekdays::ALL)],
    );
    assert!(!schedule.is_on(&zone, at("2026-10-25T02:45+01:00")));
    assert!(!schedule.is_on(&zone, at("2026-10-25T02:30+02:00")));
    assert!(schedule.is_on(&zone, at("2026-10-25T02:29+02:00")));
}

/// Samoa had no 2011-12-30.
#[test]
fn a_day_that_a_zone_leaves_out_loses_no_task() {
    let apia = TimeZone::get("Pacific/Apia").unwrap();
    let schedule = off_at(22, 0, days("5"));
    let date = jiff::civil::date(2011, 12, 29).at(12, 0, 0, 0);
    let thursday = apia.to_timestamp(date).unwrap();
    let mut now = UnixTime::from_seconds(thursday.as_second());
    let mut found = Vec::new();
    for _ in 0..2 {
        now = schedule.next_off(&apia, now).unwrap();
        let instant = Timestamp::from_second(now.seconds()).unwrap();
        found.push(apia.to_datetime(instant).to_string());
    }
    assert_eq!(found, ["2011-12-31T22:00:00", "2012-01-06T22:00:00"]);
}

/// St. John's went from 00:01 back to 23:01 of the day before on 2010-11-07.
#[test]
fn a_task_at_a_repeated_midnight_is_next_due_in_eight_days() {
    let zone = TimeZone::get("America/St_Johns").unwrap();
    let schedule = off_at(0, 0, days("0"));
    let instant = "2010-11-06T23:30-03:30".parse::<Timestamp>().unwrap();
    let saturday = UnixTime::from_seconds(instant.as_second());
    let next = schedule.next_off(&zone, saturday).unwrap();
    let next = Timestamp::from_second(next.seconds()).unwrap();
    assert_eq!(zone.to_datetime(next).to_string(), "2010-11-14T00:00:00");
}

#[test]
fn the_outlook_is_off_and_on_again_or_on_and_off() {
    let (schedule, zone) = (household(), paris());
    let check = |time, off: &str, on: &str| {
        let outlook = schedule.outlook(&zone, at(time));
        check(outlook.next_off, off);
        check(outlook.next_on, on);
    };
    check("2026-11-26T12:00", "2026-11-26T23:00", "2026-11-27T07:00");
    check("2026-11-26T23:00", "2026-11-28T00:30", "2026-11-27T07:00");
    check("2026-11-27T06:00", "2026-11-28T00:30", "2026-11-27T07:00");
    check("2026-11-27T07:00", "2026-11-28T00:30", "2026-11-28T08:00");
    // A power-off at night changes nothing for a NAS that is off.
    let schedule = PowerSchedule::new(
        vec![task(7, 0, Weekdays::ALL)],
        vec![task(23, 0, Weekdays::ALL), task(1, 0, Weekdays::ALL)],
    );
    let outlook = schedule.outlook(&zone, at("2026-11-26T23:30"));
    assert_eq!(outlook.next_on, Some(at("2026-11-27T07:00")));
    assert_eq!(outlook.next_off, Some(at("2026-11-27T23:00")));
    // A power-on by day changes nothing for a NAS that is on.
    let schedule = PowerSchedule::new(
        vec![task(7, 0, Weekdays::ALL), task(13, 0, Weekdays::ALL)],
        vec![task(23, 0, Weekdays::ALL)],
    );
    let outlook = schedule.outlook(&zone, at("2026-11-26T12:00"));
    assert_eq!(outlook.next_on, Some(at("2026-11-27T07:00")));
}

const LEAD: Duration = Duration::from_mins(10);

fn before_off(schedule: &PowerSchedule, made: Option<&str>, now: &str) -> String {
    let made = made.map(at);
    let found = schedule.refresh_before_off(&paris(), LEAD, made, at(now));
    let clock = |time| told(time).get(8..16).unwrap().to_owned();
    found.map_or_else(String::new, |found| {
        format!("{} before {}", clock(found.due), clock(found.off))
    })
}

#[test]
fn a_refresh_is_due_before_each_power_off_and_once() {
    let schedule = household();
    let check = |made, now, expected| {
        assert_eq!(before_off(&schedule, made, now), expected, "{made:?} {now}");
    };
    check(None, "2026-11-26T12:00", "26T22:50 before 26T23:00");
    let noon = Some("2026-11-26T12:00");
    check(noon, "2026-11-26T12:00", "26T22:50 before 26T23:00");
    // Overdue until it is made.
    check(noon, "2026-11-26T22:55", "26T22:50 before 26T23:00");
    let made = Some("2026-11-26T22:50");
    check(made, "2026-11-26T22:55", "28T00:20 before 28T00:30");
    let made = Some("2026-11-26T22:55");
    check(made, "2026-11-26T22:55", "28T00:20 before 28T00:30");
    // Too late now: the power-off is here.
    check(noon, "2026-11-26T23:00", "28T00:20 before 28T00:30");
    // Made by a clock that was wrong.
    let wrong = Some("2027-01-01T00:00");
    check(wrong, "2026-11-26T22:55", "26T22:50 before 26T23:00");
}

#[test]
fn a_nas_that_is_on_for_a_moment_refreshes_when_it_comes_on() {
    let schedule = PowerSchedule::new(
        vec![task(3, 0, Weekdays::ALL)],
        vec![task(3, 5, Weekdays::ALL)],
    );
    let found = before_off(&schedule, None, "2026-11-26T12:00");
    assert_eq!(found, "27T03:00 before 27T03:05");
}

#[test]
fn a_second_power_off_in_the_night_needs_no_refresh() {
    let schedule = PowerSchedule::new(
        vec![task(7, 0, Weekdays::ALL)],
        vec![task(23, 0, Weekdays::ALL), task(1, 0, Weekdays::ALL)],
    );
    let found = before_off(&schedule, Some("2026-11-26T22:50"), "2026-11-26T22:51");
    assert_eq!(found, "27T22:50 before 27T23:00");
    assert_eq!(
        before_off(&PowerSchedule::default(), None, "2026-11-26T22:51"),
        ""
    );
}

#[test]
fn a_year_has_all_its_nights() {
    let (schedule, zone) = (household(), paris());
    let (mut now, end) = (at("2026-01-01T00:00"), at("2027-01-01T00:00"));
    let mut nights = 0;
    while let Some(off) = schedule.next_off(&zone, now).filter(|off| *off < end) {
        let outlook = schedule.outlook(&zone, off.minus(Duration::from_mins(1)));
        assert_eq!(outlook.next_off, Some(off));
        let length = outlook.next_on.unwrap().since(off).as_secs() / 60;
        // From 23:00 to 7:00 or 8:00, from 0:30 to 8:00; summer time comes in
        // a night from 0:30 to 8:00, and goes in one.
        assert!([390, 450, 480, 510, 540].contains(&length), "{length}");
        nights += 1;
        assert!(off > now);
        now = off;
    }
    // Two Saturdays or Sundays more than 52 weeks would have.
    assert_eq!(nights, 365);
}

/// When the tasks run, by an observer who looks at the clock on the wall each
/// minute from `start` on: each name of a minute counts once.
fn watched(tasks: &[Task], zone: &TimeZone, start: UnixTime, minutes: u64) -> BTreeSet<i64> {
    let due = |name: DateTime| {
        tasks.iter().any(|task| {
            let today = task.weekdays.contains(name.weekday());
            task.enabled && today && task.time == name.time()
        })
    };
    let mut seen = HashSet::new();
    let mut found = BTreeSet::new();
    for minute in 0..minutes {
        for (name, runs) in names(zone, start.plus(Duration::from_mins(minute))) {
            if seen.insert(name) && due(name) {
                found.insert(runs);
            }
        }
    }
    found
}

/// What the clock on the wall says at `time`, and what it has left out when
/// it was set forward just now, each with when a task of that name runs.
fn names(zone: &TimeZone, time: UnixTime) -> Vec<(DateTime, i64)> {
    let wall = |time: i64| zone.to_datetime(Timestamp::from_second(time).unwrap());
    let (now, before) = (wall(time.seconds()), wall(time.seconds() - 60));
    let left_out = now.duration_since(before).as_mins() - 1;
    let left_out = (1..=left_out).map(|late| {
        let name = before + jiff::SignedDuration::from_mins(late);
        (name, time.seconds() + (late - 1) * 60)
    });
    let mut names = vec![(now, time.seconds())];
    names.extend(left_out);
    names
}

/// Nine days around a change of summer time, or without one.
fn weeks() -> impl Strategy<Value = (TimeZone, UnixTime)> {
    let zones = [
        "Europe/Paris",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Asia/Beirut",
        "UTC",
    ];
    let days = prop_oneof![
        Just("2026-03-26"),
        Just("2026-10-22"),
        Just("2026-03-05"),
        Just("2026-10-29"),
        Just("2026-04-02"),
        Just("2026-10-01"),
        Just("2026-07-01")
    ];
    (prop::sample::select(zones.to_vec()), days).prop_map(|(zone, day)| {
        let zone = TimeZone::get(zone).unwrap();
        let day: Date = day.parse().unwrap();
        let start = zone.to_timestamp(day.to_datetime(jiff::civil::Time::midnight()));
        (zone, UnixTime::from_seconds(start.unwrap().as_second()))
    })
}

#[test]
fn a_week_off_skips_the_power_offs_in_between() {
    let every_minute = (0..200).map(|minute| task(4 + minute / 60, minute % 60, Weekdays::ALL));
    let monday = vec![task(0, 0, days("1"))];
    let schedule = PowerSchedule::new(monday, every_minute.collect());

    let lead = Duration::from_mins(1);
    let next = schedule.refresh_before_off(&paris(), lead, None, at("2026-11-23T05:00"));

    check(next.map(|next| next.off), "2026-11-30T04:00");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_task_is_missed_and_none_is_made_up(schedule in schedules(), (zone, start) in weeks()) {
        const DAYS: u64 = 9;
        let end = start.plus(Duration::from_hours(24 * DAYS));
        for (tasks, on) in [(&schedule.off, false), (&schedule.on, true)] {
            let mut walked = BTreeSet::new();
            let mut now = start.minus(Duration::from_secs(1));
            loop {
                let next = if on { schedule.next_on(&zone, now) } else { schedule.next_off(&zone, now) };
                let Some(next) = next.filter(|next| *next < end) else { break };
                prop_assert!(next > now);
                walked.insert(next.seconds());
                now = next;
            }
            prop_assert_eq!(walked, watched(tasks, &zone, start, DAYS * 24 * 60));
        }
    }

    #[test]
    fn it_is_what_the_last_task_made_of_it(
        schedule in schedules(),
        (zone, start) in weeks(),
        minutes in 0_u64..9 * 24 * 60,
    ) {
        let now = start.plus(Duration::from_mins(minutes));
        let is_on = schedule.is_on(&zone, now);
        let (off, on) = (schedule.next_off(&zone, now), schedule.next_on(&zone, now));
        // Nothing changes before the next task.
        let next = [off, on].into_iter().flatten().min();
        if let Some(next) = next {
            let before = next.minus(Duration::from_secs(1));
            prop_assert_eq!(schedule.is_on(&zone, before), is_on);
            let both = off.is_some() && on.is_some();
            prop_assert_eq!(schedule.is_on(&zone, next), !both || Some(next) == on);
        }
        let planned = schedule.when_on(&zone, now);
        prop_assert!(schedule.is_on(&zone, planned));
        prop_assert_eq!(planned == now, is_on);
        let outlook = schedule.outlook(&zone, now);
        if is_on {
            prop_assert_eq!(outlook.next_off, off);
        }
        if let (Some(off), Some(on)) = (outlook.next_off, outlook.next_on) {
            prop_assert_eq!(on >= off, is_on);
        }
    }

    #[test]
    fn a_refresh_before_power_off_is_made_while_the_nas_is_on(
        schedule in schedules(),
        (zone, start) in weeks(),
        lead in 1_u64..600,
        ago in 0_u64..10_000,
    ) {
        let lead = Duration::from_mins(lead);
        let made = Some(start.minus(Duration::from_mins(ago)));
        let Some(found) = schedule.refresh_before_off(&zone, lead, made, start) else {
            return Ok(());
        };
        prop_assert!(found.due < found.off && found.off > start);
        prop_assert!(made.is_none_or(|made| made < found.due));
        prop_assert!(found.due >= found.off.minus(lead));
        prop_assert!(schedule.is_on(&zone, found.due));
        // Made when it was due, it is not asked for again.
        let now = found.due.max(start);
        let again = schedule.refresh_before_off(&zone, lead, Some(now), now);
        prop_assert!(again.is_none_or(|again| again.off > found.off));
    }

    #[test]
    fn no_time_makes_it_panic(schedule in schedules(), now: i64) {
        let (now, zone) = (UnixTime::from_seconds(now), paris());
        schedule.outlook(&zone, now);
        schedule.when_on(&zone, now);
        schedule.refresh_before_off(&zone, LEAD, None, now);
    }
}
