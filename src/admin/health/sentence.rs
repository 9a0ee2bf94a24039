//! The sentence above everything else: whether anything needs attention, who
//! can sign in, and when the NAS switches off.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::control::{Examination, Power, Status, Time};
use crate::doctor::Outcome;
use crate::http::Language;
use domain::base::clock::UnixTime;

/// After this many hours, the last checks no longer say how things are.
const CURRENT_FOR_HOURS: i64 = 24;

/// What the sentence is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) status: &'a Status,
    /// The number of users who can sign in.
    pub(super) can_sign_in: usize,
    /// `None`: the checks have not run since the start.
    pub(super) last: Option<&'a Examination>,
}

/// Whether anything needs attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Well,
    /// The checks have not run, or not lately.
    Unknown,
    /// A number of things that do not prevent a sign-in.
    Remarks(usize),
    /// A number of things that prevent a sign-in, now or within seven days.
    Faults(usize),
}

/// For a reader of `language`, at `now` in `zone`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    pub(super) language: Language,
    pub(super) now: UnixTime,
    pub(super) zone: &'a TimeZone,
}

impl Facts<'_> {
    /// Returns whether anything needs attention. What the daemon has noticed
    /// since the last checks counts, too.
    pub(super) fn verdict(self, now: UnixTime) -> Verdict {
        let findings = self.last.map_or(&[][..], |last| &last.findings);
        let has_failed = |part: &str| {
            findings
                .iter()
                .any(|finding| finding.result == Outcome::Fail && finding.name.starts_with(part))
        };
        let Status {
            directory, google, ..
        } = self.status;
        let is_dsm_wrong =
            directory.error.is_some() || directory.users.is_none() || self.can_sign_in == 0;
        let since = [
            is_dsm_wrong && !has_failed("dsm."),
            google.error.is_some() && !has_failed("google."),
        ];
        let failed = findings
            .iter()
            .filter(|finding| finding.result == Outcome::Fail);
        let faults = failed.count() + since.into_iter().filter(|it| *it).count();
        if faults > 0 {
            return Verdict::Faults(faults);
        }
        let warned = findings
            .iter()
            .filter(|finding| finding.result == Outcome::Warn);
        let (untested, remarks): (Vec<_>, Vec<_>) =
            warned.partition(|finding| finding.is_untested());
        let remarks = remarks.len() + usize::from(!untested.is_empty());
        match self.last {
            _ if remarks > 0 => Verdict::Remarks(remarks),
            Some(last) if hours(last.at, now) < CURRENT_FOR_HOURS => Verdict::Well,
            Some(_) | None => Verdict::Unknown,
        }
    }

    /// Returns the sentence, such as "All is well. Five people can sign in; the
    /// NAS switches off at 23:00."
    pub(super) fn sentence(self, reader: Reader<'_>) -> String {
        let people = people(
            self.status.directory.users,
            self.can_sign_in,
            reader.language,
        );
        let power = power(&self.status.power, reader);
        let semicolon = reader.language.say("; ", "\u{a0}; ");
        let rest = match power {
            Some(power) => format!("{people}{semicolon}{power}."),
            None => format!("{people}."),
        };
        format!("{} {rest}", self.verdict_in_words(reader))
    }

    fn verdict_in_words(self, reader: Reader<'_>) -> String {
        let Reader { language, now, .. } = reader;
        match (self.verdict(now), language) {
            (Verdict::Well, _) => language.say("All is well.", "Tout va bien.").to_owned(),
            (Verdict::Unknown, _) => self.unknown(reader),
            (Verdict::Remarks(1), _) => language
                .say(
                    "Sign-ins work; one thing is worth a look.",
                    "Les connexions fonctionnent\u{a0}; un point est à vérifier.",
                )
                .to_owned(),
            (Verdict::Remarks(many), Language::English) => {
                format!(
                    "Sign-ins work; {} things are worth a look.",
                    number(many, language)
                )
            }
            (Verdict::Remarks(many), Language::French) => format!(
                "Les connexions fonctionnent\u{a0}; {} points sont à vérifier.",
                number(many, language)
            ),
            (Verdict::Faults(1), _) => language
                .say(
                    "One thing needs attention.",
                    "Un point demande votre attention.",
                )
                .to_owned(),
            (Verdict::Faults(many), Language::English) => {
                format!("{} things need attention.", capital(number(many, language)))
            }
            (Verdict::Faults(many), Language::French) => format!(
                "{} points demandent votre attention.",
                capital(number(many, language))
            ),
        }
    }

    fn unknown(self, reader: Reader<'_>) -> String {
        let Reader { language, now, .. } = reader;
        let Some(last) = self.last else {
            let text = language.say(
                "Nothing has been checked since the start.",
                "Rien n’a été vérifié depuis le démarrage.",
            );
            return text.to_owned();
        };
        let days = hours(last.at, now) / 24;
        match (days, language) {
            (1, Language::English) => "All was well at the last check, yesterday.".to_owned(),
            (1, Language::French) => {
                "Tout allait bien à la dernière vérification, hier.".to_owned()
            }
            (days, Language::English) => {
                format!("All was well at the last check, {days} days ago.")
            }
            (days, Language::French) => {
                format!("Tout allait bien à la dernière vérification, il y a {days} jours.")
            }
        }
    }
}

fn hours(at: Time, now: UnixTime) -> i64 {
    now.seconds().saturating_sub(at.0.seconds()) / 3600
}

fn people(users: Option<usize>, can_sign_in: usize, language: Language) -> String {
    let text = match (users, can_sign_in, language) {
        (None, _, _) => language.say(
            "The users have not been read from DSM yet",
            "Les utilisateurs n’ont pas encore été lus dans DSM",
        ),
        (Some(_), 0, _) => language.say(
            "No user can sign in",
            "Aucun utilisateur ne peut se connecter",
        ),
        (Some(_), 1, _) => language.say("One person can sign in", "Une personne peut se connecter"),
        (Some(_), many, Language::English) => {
            return format!("{} people can sign in", capital(number(many, language)));
        }
        (Some(_), many, Language::French) => {
            return format!(
                "{} personnes peuvent se connecter",
                capital(number(many, language))
            );
        }
    };
    text.to_owned()
}

/// Returns what the power schedule says; `None` if nothing is planned.
fn power(power: &Power, reader: Reader<'_>) -> Option<String> {
    let language = reader.language;
    match (power.next_off, power.next_on) {
        (off, Some(on)) if off.is_none_or(|off| on.0 < off.0) => {
            let on = reader.when(on);
            let text = language.say(
                "the NAS is meant to be off; it comes on",
                "le NAS devrait être éteint\u{a0}; il s’allume",
            );
            off.map(|_| format!("{text} {on}"))
        }
        (Some(off), _) => {
            let text = language.say("the NAS switches off", "le NAS s’éteint");
            Some(format!("{text} {}", reader.when(off)))
        }
        (None, _) => None,
    }
}

impl Reader<'_> {
    /// Returns a time in the near future, such as "at 23:00", "tomorrow at
    /// 07:00", "on Friday at 16:30" or "on 2026-12-07 at 07:00".
    pub(super) fn when(self, time: Time) -> String {
        let (today, then) = (self.local(self.now).date(), self.local(time.0));
        let clock = then.strftime("%H:%M");
        let day = self.day(today, then);
        match self.language {
            Language::English => format!("{day}at {clock}"),
            Language::French => format!("{day}à {clock}"),
        }
    }

    fn day(self, today: Date, then: DateTime) -> String {
        let days = then.date().duration_since(today).as_hours() / 24;
        match (days, self.language) {
            (0, _) => String::new(),
            (1, language) => language.say("tomorrow ", "demain ").to_owned(),
            // In a week the weekday is the same again, and would be ambiguous.
            (2..=6, Language::English) => then.strftime("on %A ").to_string(),
            (2..=6, Language::French) => {
                let weekday = usize::try_from(then.weekday().to_monday_zero_offset());
                let name = weekday.ok().and_then(|day| WEEKDAYS.get(day));
                format!("{} ", name.copied().unwrap_or_default())
            }
            (_, Language::English) => format!("on {} ", then.date()),
            (_, Language::French) => format!("le {} ", then.date()),
        }
    }

    fn local(self, time: UnixTime) -> DateTime {
        let instant = Timestamp::from_second(time.seconds()).unwrap_or_default();
        self.zone.to_datetime(instant)
    }
}

const WEEKDAYS: [&str; 7] = [
    "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche",
];

/// The numbers that a text has in words, from two on.
const NUMBERS: [[&str; 11]; 2] = [
    [
        "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ],
    [
        "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze", "douze",
    ],
];

/// Returns a number of at least two, in words up to twelve.
fn number(many: usize, language: Language) -> String {
    let [english, french] = &NUMBERS;
    let words = match language {
        Language::English => english,
        Language::French => french,
    };
    let word = many.checked_sub(2).and_then(|index| words.get(index));
    word.map_or_else(|| many.to_string(), |word| (*word).to_owned())
}

/// Returns `text` with a capital letter. All first letters are ASCII.
fn capital(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests;
