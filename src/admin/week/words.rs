//! The texts of the picture in English and French. The description says in
//! words what the picture shows, for a screen reader.

use jiff::civil::{Date, Weekday};

use super::rows::{Bar, Mark, Row};
use crate::control::week::{Day, Week};
use crate::http::Language;

/// The times of one kind that are listed for a day.
const MOST_TIMES: usize = 8;

/// All texts in one language.
pub(super) struct Labels {
    pub(super) tag: &'static str,
    pub(super) meant_on: &'static str,
    pub(super) was_on: &'static str,
    pub(super) sign_in: &'static str,
    pub(super) refusal: &'static str,
    pub(super) job: &'static str,
    pub(super) planned: &'static str,
    pub(super) failed: &'static str,
    pub(super) unknown: &'static str,
    pub(super) clock_change: &'static str,
    pub(super) now: &'static str,
    title: &'static str,
    no_schedule: &'static str,
    today: &'static str,
    all_day: &'static str,
    meant_off: &'static str,
    not_on: &'static str,
    interrupted: &'static str,
    first: &'static str,
    colon: &'static str,
    semicolon: &'static str,
    set_forward: &'static str,
    set_back: &'static str,
    /// Each for one and for several.
    sign_ins: [&'static str; 2],
    refusals: [&'static str; 2],
    jobs: [&'static str; 2],
    failures: [&'static str; 2],
    plans: [&'static str; 2],
    weekdays: [&'static str; 7],
    months: [&'static str; 12],
}

const ENGLISH: Labels = Labels {
    tag: "en",
    meant_on: "meant to be on",
    was_on: "was on",
    sign_in: "sign-in",
    refusal: "refusal",
    job: "job",
    planned: "planned job",
    failed: "failed job",
    unknown: "not known",
    clock_change: "clock change",
    now: "now",
    title: "The week of the NAS, {} to {}",
    no_schedule: "No power schedule is in use: the NAS is always on.",
    today: "today",
    all_day: "all day",
    meant_off: "meant to be off",
    not_on: "not on, as far as is known",
    interrupted: "interrupted at an unknown time",
    first: "1",
    colon: ": ",
    semicolon: "; ",
    set_forward: "the clocks are set forward",
    set_back: "the clocks are set back, so this time occurs twice",
    sign_ins: ["sign-in", "sign-ins"],
    refusals: ["refused sign-in", "refused sign-ins"],
    jobs: ["job", "jobs"],
    failures: ["failed job", "failed jobs"],
    plans: ["planned job", "planned jobs"],
    weekdays: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
};

const FRENCH: Labels = Labels {
    tag: "fr",
    meant_on: "allumage prévu",
    was_on: "allumé",
    sign_in: "connexion",
    refusal: "refus",
    job: "tâche",
    planned: "tâche prévue",
    failed: "tâche échouée",
    unknown: "inconnu",
    clock_change: "heure changée",
    now: "maintenant",
    title: "La semaine du NAS, du {} au {}",
    no_schedule: "Aucune programmation de l’alimentation n’est utilisée\u{a0}: le NAS est toujours allumé.",
    today: "aujourd’hui",
    all_day: "toute la journée",
    meant_off: "extinction prévue",
    not_on: "éteint, pour autant qu’on le sache",
    interrupted: "interrompu à une heure inconnue",
    first: "1er",
    colon: "\u{a0}: ",
    semicolon: "\u{a0}; ",
    set_forward: "les horloges sont avancées",
    set_back: "les horloges sont reculées, cette période a donc lieu deux fois",
    sign_ins: ["connexion", "connexions"],
    refusals: ["connexion refusée", "connexions refusées"],
    jobs: ["tâche", "tâches"],
    failures: ["tâche échouée", "tâches échouées"],
    plans: ["tâche prévue", "tâches prévues"],
    weekdays: ["lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."],
    months: [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
};

pub(super) fn labels(language: Language) -> &'static Labels {
    match language {
        Language::English => &ENGLISH,
        Language::French => &FRENCH,
    }
}

impl Labels {
    /// Returns the title of the picture, with its first and last day.
    pub(super) fn title(&self, week: &Week) -> String {
        let date = |day: Option<&Day>| {
            let date: Option<Date> = day.and_then(|day| day.date.parse().ok());
            date.map_or_else(String::new, |date| {
                format!("{} {}", self.day_and_month(date), date.year())
            })
        };
        let dates = [date(week.days.first()), date(week.days.last())];
        let mut title = self.title.to_owned();
        for date in dates {
            title = title.replacen("{}", &date, 1);
        }
        title
    }

    /// Returns the name of a day, such as `Mon 2`.
    pub(super) fn day(&self, day: &Day) -> String {
        let date: Option<Date> = day.date.parse().ok();
        date.map_or_else(String::new, |date| {
            format!("{} {}", self.weekday(date.weekday()), date.day())
        })
    }

    fn weekday(&self, day: Weekday) -> &'static str {
        let index = usize::try_from(day.to_monday_zero_offset()).ok();
        let name = index.and_then(|index| self.weekdays.get(index));
        name.copied().unwrap_or_default()
    }

    fn day_and_month(&self, date: Date) -> String {
        let month = self.month(date);
        match date.day() {
            1 => format!("{} {month}", self.first),
            day => format!("{day} {month}"),
        }
    }

    fn month(&self, date: Date) -> &'static str {
        let index = usize::try_from(date.month() - 1).ok();
        let name = index.and_then(|index| self.months.get(index));
        name.copied().unwrap_or_default()
    }

    /// Returns what the picture shows, in words: a line for each day.
    pub(super) fn description(&self, week: &Week, rows: &[Row]) -> String {
        let mut text = String::new();
        if matches!(week.schedule.as_deref(), None | Some("off")) {
            text.push_str(self.no_schedule);
            text.push('\n');
        }
        for (day, row) in week.days.iter().zip(rows) {
            let facts = self.facts(week, day, row).join(self.semicolon);
            text.push_str(&self.heading(week, day, row));
            text.push_str(self.colon);
            text.push_str(&facts);
            text.push_str(".\n");
        }
        text
    }

    fn heading(&self, week: &Week, day: &Day, row: &Row) -> String {
        let date: Option<Date> = day.date.parse().ok();
        let name = date.map_or_else(String::new, |date| {
            let weekday = self.weekday(date.weekday());
            format!("{weekday} {}", self.day_and_month(date))
        });
        if !row.is_today {
            return name;
        }
        let (today, now) = (self.today, self.now);
        format!("{name} ({today}, {now} {})", day.clock(week.now))
    }

    fn facts(&self, week: &Week, day: &Day, row: &Row) -> Vec<String> {
        let mut facts = Vec::new();
        if let (Some(change), Some(hour)) = (day.change, &row.change) {
            let what = match change.by {
                ..0 => self.set_back,
                _ => self.set_forward,
            };
            facts.push(format!("{what} ({})", hour.text));
        }
        facts.push(self.bars(self.meant_on, &row.meant_on, self.meant_off));
        let is_future = week.now.0 < day.span.from.0;
        if !is_future {
            facts.push(self.bars(self.was_on, &row.on, self.not_on));
        }
        if !row.unknown.is_empty() {
            facts.push(self.bars(self.interrupted, &row.unknown, ""));
        }
        let marks = [
            (&row.sign_ins, self.sign_ins),
            (&row.refusals, self.refusals),
            (&row.failed, self.failures),
            (&row.planned, self.plans),
        ];
        let marks = marks.iter().filter(|(marks, _)| !marks.is_empty());
        facts.extend(marks.map(|(marks, names)| counted_with_times(marks, *names)));
        if !row.jobs.is_empty() {
            facts.push(counted(&row.jobs, self.jobs));
        }
        facts
    }

    fn bars(&self, what: &str, bars: &[Bar], none: &str) -> String {
        if bars.is_empty() {
            return none.to_owned();
        }
        let texts = bars.iter().map(|bar| match bar.text.as_str() {
            "00:00–24:00" => self.all_day,
            text => text,
        });
        format!("{what} {}", texts.collect::<Vec<_>>().join(", "))
    }

    pub(super) fn sign_ins_of(&self, mark: &Mark) -> String {
        of_mark(mark, self.sign_ins)
    }

    pub(super) fn refusals_of(&self, mark: &Mark) -> String {
        of_mark(mark, self.refusals)
    }

    pub(super) fn jobs_of(&self, mark: &Mark) -> String {
        of_mark(mark, self.jobs)
    }

    pub(super) fn failures_of(&self, mark: &Mark) -> String {
        of_mark(mark, self.failures)
    }

    pub(super) fn plans_of(&self, mark: &Mark) -> String {
        of_mark(mark, self.plans)
    }
}

/// Returns what a mark stands for, shown at the pointer.
fn of_mark(mark: &Mark, names: [&str; 2]) -> String {
    format!("{}, {}", number(mark.count, names), mark.text)
}

fn number(count: usize, [one, several]: [&str; 2]) -> String {
    let what = if count == 1 { one } else { several };
    format!("{count} {what}")
}

fn counted(marks: &[Mark], names: [&str; 2]) -> String {
    number(marks.iter().map(|mark| mark.count).sum(), names)
}

fn counted_with_times(marks: &[Mark], names: [&str; 2]) -> String {
    let times = marks.iter().map(|mark| mark.text.as_str());
    let more = (marks.len() > MOST_TIMES).then_some("…");
    let times: Vec<&str> = times.take(MOST_TIMES).chain(more).collect();
    format!("{} ({})", counted(marks, names), times.join(", "))
}
