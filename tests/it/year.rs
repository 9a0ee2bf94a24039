//! A year of a NAS that is switched off every night, with failures: DSM and
//! Google come up late, the power is cut, the clock is wrong, the family is
//! away for three weeks, users are added and removed, keys are rotated.
//!
//! [`calendar`] decides what happens when, and [`judge`] what must hold. A day
//! takes less than a tenth of a second: the daemon runs in this process with a
//! simulated clock.

mod calendar;
mod chance;
mod household;
mod judge;
mod nas;
mod session;
mod timetable;

use jiff::civil::Date;

use calendar::{AWAY, Calendar, Day, FIRST, LAST};
use chance::{Chance, seed};
use household::Household;
use judge::{Judge, Tally};
use nas::Nas;
use timetable::{at, day, local};

#[tokio::test]
async fn on_every_morning_of_a_year_the_family_signs_in() {
    let seed = seed();
    let mut year = Year::begin(seed).await;
    let mut calendar = Calendar::of(seed);
    let mut off = at(day(FIRST).at(0, 0, 0, 0));
    loop {
        let on = year.nas.timetable.next_on(off);
        let date = local(on).date();
        if date > day(LAST) {
            break;
        }
        year.diary.today = Some(date);
        let tally = &mut year.judge.tally;
        let today = if let Some(morning) = calendar.take(date) {
            tally.mornings += 1;
            morning
        } else {
            tally.afternoons += 1;
            Day::plain(&mut year.chance)
        };
        off = year.session(on, &today).await;
        if date == day(AWAY.0).yesterday().unwrap() {
            off = at(day(AWAY.1).at(23, 0, 0, 0));
        }
    }
    year.ends();
}

/// The parts of the simulation.
struct Year {
    nas: Nas,
    household: Household,
    judge: Judge,
    chance: Chance,
    diary: Diary,
}

/// The last events, which are printed if the test fails.
struct Diary {
    seed: u64,
    today: Option<Date>,
}

impl Drop for Diary {
    #[expect(clippy::print_stderr, reason = "the test has failed: here is where")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { seed, today } = self;
            eprintln!("on {today:?}; the same year again: YEAR_SEED={seed}");
        }
    }
}

impl Year {
    async fn begin(seed: u64) -> Self {
        let household = Household::new();
        let nas = Nas::set_up(&household).await;
        let mut judge = Judge::default();
        judge.remembers(&nas);
        Self {
            nas,
            household,
            judge,
            chance: Chance::of(!seed),
            diary: Diary { seed, today: None },
        }
    }

    /// Otherwise the year proves nothing.
    fn ends(self) {
        let tally = self.judge.tally;
        let seldom = Tally {
            sign_ins: 0,
            before_dsm: 0,
            refusals: 0,
            afternoons: 0,
            evenings: 0,
            plans: 0,
            ..tally
        };
        let expected = Tally {
            mornings: 365 - calendar::DAYS_AWAY,
            wrong_clocks: calendar::WRONG_CLOCKS,
            stale: 1,
            power_cuts: calendar::POWER_CUTS + 1,
            brief_power_cuts: calendar::BRIEF_POWER_CUTS,
            damages: 2,
            googles_rotations: calendar::GOOGLES_ROTATIONS,
            busy_evenings: calendar::BUSY_EVENINGS,
            clock_changes: 2,
            timetables: 7,
            changes: 12,
            ..Tally::default()
        };
        assert_eq!(seldom, expected);
        assert!(tally.sign_ins > 600, "{tally:?}");
        assert!(tally.before_dsm > 200, "{tally:?}");
        assert!(tally.refusals > 100, "{tally:?}");
        assert!(tally.afternoons > 50, "{tally:?}");
        assert!(tally.evenings > 350, "{tally:?}");
        assert!(tally.plans > 3000, "{tally:?}");
        assert_eq!(self.judge.keys(), 5, "the first one, and four more");
    }
}
