//! The next two times of a schedule, in words.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::Outlook;
use crate::base::clock::{UnixTime, span_in_words};

/// From this hour on, "tonight" replaces "today".
const EVENING: i8 = 18;

impl Outlook {
    /// Returns, for a reader at `now`, text such as "switches off tonight at
    /// 23:00, in 3 h 12 min; on again tomorrow at 07:00".
    pub fn in_words(self, zone: &TimeZone, now: UnixTime) -> String {
        let wall = |time| Wall { zone, now, time };
        match (self.next_off, self.next_on) {
            (None, None) => "nothing planned: always on".to_owned(),
            (None, Some(on)) => {
                let on = wall(on).day_and_time();
                format!("never switches off by itself; would come on {on}")
            }
            (Some(off), None) => {
                let off = wall(off).with_span();
                format!("switches off {off}; does not come on again by itself")
            }
            (Some(off), Some(on)) if on < off => {
                let (on, off) = (wall(on).with_span(), wall(off).day_and_time());
                format!("meant to be off; comes on {on}; off again {off}")
            }
            (Some(off), Some(on)) => {
                let (off, on) = (wall(off).with_span(), wall(on).day_and_time());
                format!("switches off {off}; on again {on}")
            }
        }
    }
}

/// A future time, relative to `now`.
#[derive(Clone, Copy)]
struct Wall<'a> {
    zone: &'a TimeZone,
    now: UnixTime,
    time: UnixTime,
}

impl Wall<'_> {
    /// "tonight at 23:00, in 3 h 12 min".
    fn with_span(self) -> String {
        let span = span_in_words(self.time.since(self.now));
        format!("{}, in {span}", self.day_and_time())
    }

    /// "tonight at 23:00".
    fn day_and_time(self) -> String {
        let (today, then) = (self.local(self.now).date(), self.local(self.time));
        format!("{} at {}", day(today, then), then.strftime("%H:%M"))
    }

    fn local(self, time: UnixTime) -> DateTime {
        let instant = Timestamp::from_second(time.seconds()).unwrap_or_default();
        self.zone.to_datetime(instant)
    }
}

fn day(today: Date, then: DateTime) -> String {
    let days = then.date().duration_since(today).as_hours() / 24;
    match days {
        0 if then.hour() >= EVENING => "tonight".to_owned(),
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        // In a week the weekday is the same again, and would be ambiguous.
        2..=6 => then.strftime("on %A").to_string(),
        _ => format!("on {}", then.date()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::DateTime;
    use proptest::prelude::*;

    use super::super::tests::{days, schedules, task};
    use super::super::{PowerSchedule, Weekdays};
    use super::*;

    fn paris() -> TimeZone {
        TimeZone::get("Europe/Paris").unwrap()
    }

    fn at(text: &str) -> UnixTime {
        let local: DateTime = text.parse().unwrap();
        let instant = paris().to_timestamp(local).unwrap();
        UnixTime::from_seconds(instant.as_second())
    }

    fn check(schedule: &PowerSchedule, now: &str, expected: &str) {
        let now = at(now);
        let words = schedule.outlook(&paris(), now).in_words(&paris(), now);
        assert_eq!(words, expected);
    }

    #[test]
    fn an_evening_and_a_morning() {
        let daily = PowerSchedule::new(
            vec![task(7, 0, Weekdays::ALL)],
            vec![task(23, 0, Weekdays::ALL)],
        );
        let check = |now, expected| check(&daily, now, expected);
        check(
            "2026-11-27T19:48",
            "switches off tonight at 23:00, in 3 h 12 min; on again tomorrow at 07:00",
        );
        check(
            "2026-11-27T22:59:30",
            "switches off tonight at 23:00, in 30 s; on again tomorrow at 07:00",
        );
        check(
            "2026-11-27T23:30",
            "meant to be off; comes on tomorrow at 07:00, in 7 h 30 min; off again tomorrow at 23:00",
        );
        check(
            "2026-11-28T06:40",
            "meant to be off; comes on today at 07:00, in 20 min; off again tonight at 23:00",
        );
        check(
            "2026-11-28T07:00",
            "switches off tonight at 23:00, in 16 h 0 min; on again tomorrow at 07:00",
        );
    }

    #[test]
    fn the_evening_begins_at_six() {
        let now = "2026-11-27T12:00";
        let off =
            |hour, minute| PowerSchedule::new(vec![], vec![task(hour, minute, Weekdays::ALL)]);
        let alone = "does not come on again by itself";
        check(
            &off(17, 59),
            now,
            &format!("switches off today at 17:59, in 5 h 59 min; {alone}"),
        );
        check(
            &off(18, 0),
            now,
            &format!("switches off tonight at 18:00, in 6 h 0 min; {alone}"),
        );
    }

    #[test]
    fn days_have_unambiguous_names() {
        let weekly = PowerSchedule::new(
            vec![task(7, 0, days("1"))],
            // A Friday.
            vec![task(16, 30, days("5"))],
        );
        let check = |now, expected| check(&weekly, now, expected);
        check(
            "2026-11-27T12:00",
            "switches off today at 16:30, in 4 h 30 min; on again on Monday at 07:00",
        );
        check(
            "2026-11-26T12:00",
            "switches off tomorrow at 16:30, in 1 d 4 h; on again on Monday at 07:00",
        );
        check(
            "2026-11-30T07:00",
            "switches off on Friday at 16:30, in 4 d 9 h; on again on 2026-12-07 at 07:00",
        );
    }

    #[test]
    fn a_night_of_a_change_of_summer_time_is_as_long_as_it_is() {
        let daily = PowerSchedule::new(
            vec![task(7, 0, Weekdays::ALL)],
            vec![task(1, 0, Weekdays::ALL)],
        );
        check(
            &daily,
            "2026-03-29T01:00",
            "meant to be off; comes on today at 07:00, in 5 h 0 min; off again tomorrow at 01:00",
        );
        check(
            &daily,
            "2026-10-25T01:00",
            "meant to be off; comes on today at 07:00, in 7 h 0 min; off again tomorrow at 01:00",
        );
    }

    #[test]
    fn half_a_schedule_says_what_is_missing() {
        let night = || vec![task(23, 0, Weekdays::ALL)];
        let now = "2026-11-27T19:48";
        check(
            &PowerSchedule::new(vec![], night()),
            now,
            "switches off tonight at 23:00, in 3 h 12 min; does not come on again by itself",
        );
        check(
            &PowerSchedule::new(night(), vec![]),
            now,
            "never switches off by itself; would come on tonight at 23:00",
        );
        check(&PowerSchedule::default(), now, "nothing planned: always on");
    }

    proptest! {
        #[test]
        fn no_outlook_makes_it_panic(schedule in schedules(), now: i64, off: Option<i64>, on: Option<i64>) {
            let now = UnixTime::from_seconds(now);
            schedule.outlook(&paris(), now).in_words(&paris(), now);
            let time = |time: Option<i64>| time.map(UnixTime::from_seconds);
            let outlook = Outlook { next_off: time(off), next_on: time(on) };
            outlook.in_words(&paris(), now);
        }
    }
}
