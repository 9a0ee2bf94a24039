//! The events of each day: fixed ones of an almanac, and random ones from a
//! seed. Every year has the same number of each.

use std::collections::BTreeMap;

use fakes::dsm::Instead;
use jiff::SignedDuration;
use jiff::civil::Date;

use super::chance::Chance;
use super::household::{Change, HEIR, JEANNE, PAUL};
use super::timetable::{ORDINARY, PARTIES, SCHOOL, SUMMER, Timetable, day};

/// The first morning, and the last.
pub(crate) const FIRST: &str = "2026-03-03";
pub(crate) const LAST: &str = "2027-03-02";

/// The NAS is unplugged from the night before the first of these days on.
pub(crate) const AWAY: (&str, &str) = ("2026-07-12", "2026-08-01");
pub(crate) const DAYS_AWAY: usize = 21;

pub(crate) const POWER_CUTS: usize = 24;
pub(crate) const BRIEF_POWER_CUTS: usize = 24;
pub(crate) const WRONG_CLOCKS: usize = 20;
pub(crate) const GOOGLES_ROTATIONS: usize = 12;
pub(crate) const BUSY_EVENINGS: usize = 16;

/// The timetables that are set in DSM, and where each can be read.
const TIMETABLES: [(&str, Timetable, Told); 7] = [
    ("2026-03-27", PARTIES, Told::ByFile),
    ("2026-04-13", ORDINARY, Told::ByFile),
    ("2026-06-02", SUMMER, Told::ByFile),
    ("2026-09-01", SCHOOL, Told::ByFile),
    ("2026-10-19", PARTIES, Told::ByApi),
    ("2026-11-09", SCHOOL, Told::ByApi),
    ("2027-01-05", ORDINARY, Told::ByFile),
];

/// Changes in the family.
const LIVES: [(&str, Hour, Change); 12] = [
    ("2026-04-07", Hour::LastMinute, Change::Disabled("lea")),
    ("2026-04-29", Hour::Midday, Change::Enabled("lea")),
    (
        "2026-05-20",
        Hour::Midday,
        Change::Joins("hugo", "hugo@example.org"),
    ),
    // A typing error.
    (
        "2026-06-10",
        Hour::Midday,
        Change::Email("Paul", "paul@exmaple.com"),
    ),
    (
        "2026-06-17",
        Hour::Midday,
        Change::Email("Paul", "paul@example.com"),
    ),
    // She is known by her link from now on; another account gets her address.
    (
        "2026-09-09",
        Hour::Midday,
        Change::Google(JEANNE, "jeanne@durand.example"),
    ),
    (
        "2026-09-15",
        Hour::Midday,
        Change::Google(HEIR, "jeanne.martin@gmail.com"),
    ),
    // The address has changed, and DSM has the new one.
    (
        "2026-11-03",
        Hour::Midday,
        Change::Google(PAUL, "paul@martin.example"),
    ),
    (
        "2026-11-03",
        Hour::Midday,
        Change::Email("Paul", "paul@martin.example"),
    ),
    ("2026-12-01", Hour::LastMinute, Change::Disabled("hugo")),
    ("2027-01-15", Hour::Midday, Change::Enabled("hugo")),
    ("2027-02-02", Hour::LastMinute, Change::Disabled("lea")),
];

/// The state is damaged in these nights.
const DAMAGES: [(&str, End); 2] = [
    ("2026-04-22", End::Damage),
    ("2026-11-18", End::PowerCutAndDamage),
];

/// Saturdays with a power-off at this time, in the hour that a clock change
/// leaves out or repeats.
pub(crate) const CLOCK_CHANGES: [(&str, &str); 2] = [
    ("2026-03-28", "2026-03-29T01:30:00Z"),
    ("2026-10-24", "2026-10-25T00:30:00Z"),
];

/// Where a timetable can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    ByFile,
    /// The package cannot read the file.
    ByApi,
}

/// The time of day of a change in the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hour {
    Midday,
    /// After the last refresh before the night.
    LastMinute,
}

/// The events from a power-on to the next power-off.
pub(crate) struct Day {
    pub(crate) boot: Boot,
    /// The error of the clock in the morning.
    pub(crate) clock: WrongClock,
    /// Google has rotated its keys since last night.
    pub(crate) google_rotates: bool,
    pub(crate) timetable: Option<(Timetable, Told)>,
    pub(crate) midday: Vec<Change>,
    /// DSM is busy before the power-off.
    pub(crate) busy_evening: bool,
    pub(crate) last_minute: Vec<Change>,
    pub(crate) brief_power_cut: Option<BriefPowerCut>,
    pub(crate) end: End,
}

/// How the NAS and its network come up.
#[derive(Clone)]
pub(crate) struct Boot {
    /// From the power-on to the start of the daemon.
    pub(crate) minutes: u64,
    /// DSM's response until it is up, and for how long.
    pub(crate) dsm_is: Instead,
    pub(crate) dsm_minutes: u64,
    /// For how much longer Google cannot be reached.
    pub(crate) google_minutes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WrongClock {
    Right,
    /// The battery is empty, and the network is not up yet.
    Shows(&'static str),
    /// Daylight saving time set by hand.
    HoursFast(i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BriefPowerCut {
    /// The daemon is killed.
    Crash,
    Minutes(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    PowerOff,
    /// Until the next power-on.
    PowerCut,
    Damage,
    PowerCutAndDamage,
}

/// The days to come.
pub(crate) struct Calendar {
    days: BTreeMap<Date, Day>,
}

impl Calendar {
    pub(crate) fn of(seed: u64) -> Self {
        let mut chance = Chance::of(seed);
        let (first, last) = (day(FIRST), day(LAST));
        let dates = first.series(jiff::Span::new().days(1));
        let dates: Vec<Date> = dates.take_while(|date| *date <= last).collect();
        let mut days = BTreeMap::new();
        for date in dates {
            days.insert(date, Day::plain(&mut chance));
        }
        let mut calendar = Self { days };
        calendar.follow_the_almanac();
        calendar.deal(&mut chance);
        calendar
    }

    /// Removes and returns the events of `date`, for the first session of the
    /// NAS.
    pub(crate) fn take(&mut self, date: Date) -> Option<Day> {
        self.days.remove(&date)
    }

    fn follow_the_almanac(&mut self) {
        for (date, timetable, told) in TIMETABLES {
            self.on(date).timetable = Some((timetable, told));
        }
        for (date, hour, change) in LIVES {
            let day = self.on(date);
            match hour {
                Hour::Midday => day.midday.push(change),
                Hour::LastMinute => day.last_minute.push(change),
            }
        }
        for (date, end) in DAMAGES {
            self.on(date).end = end;
        }
        let back = day(AWAY.1).tomorrow().unwrap().to_string();
        let back = &mut self.on(&back).boot;
        (back.dsm_minutes, back.google_minutes) = (3, 0);
    }

    fn on(&mut self, date: &str) -> &mut Day {
        self.days.get_mut(&day(date)).unwrap()
    }

    /// At most one of these a day, and none on a day of the almanac or on the
    /// mornings around the journey.
    fn deal(&mut self, chance: &mut Chance) {
        let (leave, back) = (day(AWAY.0), day(AWAY.1));
        let night = SignedDuration::from_hours(24);
        let is_free = |date: Date, day: &Day| {
            let at_home = date + night < leave || date > back + night;
            let sleeps_well = CLOCK_CHANGES.iter().all(|(it, _)| *it != date.to_string());
            at_home && sleeps_well && day.is_plain()
        };
        let days = self.days.iter_mut();
        let mut free: Vec<&mut Day> = days
            .filter_map(|(date, day)| is_free(*date, day).then_some(day))
            .collect();
        chance.shuffle(&mut free);
        let mut free = free.into_iter();
        for number in 0..WRONG_CLOCKS {
            let day = free.next().unwrap();
            day.clock = WRONG[number % WRONG.len()];
            day.boot.google_minutes = 0;
            day.boot.dsm_minutes *= u64::from(number % 3 > 0);
        }
        for number in 0..BRIEF_POWER_CUTS {
            let cut = match number % 2 {
                0 => BriefPowerCut::Crash,
                _ => BriefPowerCut::Minutes(1 + chance.below(8)),
            };
            free.next().unwrap().brief_power_cut = Some(cut);
        }
        let mut deal = |times, what: fn(&mut Day)| free.by_ref().take(times).for_each(what);
        deal(POWER_CUTS, |day| day.end = End::PowerCut);
        deal(GOOGLES_ROTATIONS, |day| {
            day.google_rotates = true;
            day.boot.google_minutes = 0;
        });
        deal(BUSY_EVENINGS, |day| day.busy_evening = true);
    }
}

const WRONG: [WrongClock; 4] = [
    WrongClock::Shows("1970-01-01"),
    WrongClock::Shows("2015-01-01"),
    WrongClock::Shows("2028-01-01"),
    WrongClock::HoursFast(2),
];

impl Day {
    /// A day on which only the network is late.
    pub(crate) fn plain(chance: &mut Chance) -> Self {
        Self {
            boot: Boot::by(chance),
            clock: WrongClock::Right,
            google_rotates: false,
            timetable: None,
            midday: Vec::new(),
            busy_evening: false,
            last_minute: Vec::new(),
            brief_power_cut: None,
            end: End::PowerOff,
        }
    }

    fn is_plain(&self) -> bool {
        self.midday.is_empty()
            && self.last_minute.is_empty()
            && self.timetable.is_none()
            && self.end == End::PowerOff
    }
}

impl Boot {
    pub(crate) fn by(chance: &mut Chance) -> Self {
        let dsm_is = [
            Instead::Status(503),
            Instead::Html,
            Instead::Code(100),
            Instead::Code(109),
            Instead::Hang,
        ];
        Self {
            minutes: 2 + chance.below(4),
            dsm_is: chance.one_of(&dsm_is).clone(),
            dsm_minutes: chance.below(7),
            google_minutes: chance.below(4),
        }
    }
}
