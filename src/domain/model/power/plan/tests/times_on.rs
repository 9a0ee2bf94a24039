//! The times in which the NAS is meant to be on, for the picture of the week.

use super::*;

/// Compares the times that the picture of the week shows with an observer who
/// looks at the clock every minute.
fn check_times_on(schedule: &PowerSchedule, from: UnixTime, until: UnixTime) {
    let times = schedule.times_on(&paris(), from, until);
    let mut minute = from;
    while minute < until {
        let is_on = times
            .iter()
            .any(|(begin, end)| (*begin..*end).contains(&minute));
        let expected = schedule.is_on(&paris(), minute);
        assert_eq!(is_on, expected, "{}: {times:?}", told(minute));
        minute = minute.plus(Duration::from_mins(1));
    }
    let edges: Vec<UnixTime> = times.iter().flat_map(|time| [time.0, time.1]).collect();
    assert!(edges.is_sorted_by(|one, next| one < next), "{times:?}");
    let is_within = |at: &UnixTime| (from..=until).contains(at);
    assert!(edges.iter().all(is_within), "{times:?}");
}

#[test]
fn the_times_on_of_a_weekend() {
    let (from, until) = (at("2026-11-27T00:00"), at("2026-11-29T12:00"));
    let times = household().times_on(&paris(), from, until);
    let told: Vec<String> = times
        .iter()
        .flat_map(|time| [told(time.0), told(time.1)])
        .collect();
    let expected = [
        "2026-11-27T07:00+01:00",
        "2026-11-28T00:30+01:00",
        "2026-11-28T08:00+01:00",
        "2026-11-29T00:30+01:00",
        "2026-11-29T08:00+01:00",
        "2026-11-29T12:00+01:00",
    ];
    assert_eq!(told, expected);
    let always = PowerSchedule::default().times_on(&paris(), from, until);
    assert_eq!(always, [(from, until)]);
    let never_off = PowerSchedule::new(vec![task(7, 0, Weekdays::ALL)], vec![]);
    assert_eq!(never_off.times_on(&paris(), from, until), [(from, until)]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
    #[test]
    fn the_times_on_are_those_of_every_minute(schedule in schedules(), day in 0_u64..365) {
        let from = at("2026-01-01T00:00").plus(Duration::from_hours(24 * day));
        check_times_on(&schedule, from, from.plus(Duration::from_hours(3 * 24)));
    }
}
