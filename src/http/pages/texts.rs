//! The sentences of the pages: for each language, a match over all pages.

mod english;
mod french;

use super::Page;
use crate::http::request::Language;
use domain::base::address::quoted;
use domain::signin::authorize::UntrustedRequest;
use domain::signin::directory::{Detail, Refusal};

/// The sentences of one page. A name in braces is a placeholder for one of its
/// [`values`].
#[derive(Debug)]
pub(super) struct Words {
    pub(super) title: &'static str,
    /// The reason, what to do next, and who can help.
    pub(super) paragraphs: &'static [&'static str],
    /// The text of the page's only link.
    pub(super) action: &'static str,
    /// What the administrator can do, or nothing. Code is between backticks.
    pub(super) advice: &'static str,
}

/// The parts that several pages have.
#[derive(Debug)]
pub(super) struct Labels {
    /// Before the Google address.
    pub(super) signed_in_as: &'static str,
    /// The heading of the administrator's section.
    pub(super) administrator: &'static str,
    /// Before the reference of the request.
    pub(super) reference: &'static str,
    /// Added to a refusal when DSM did not return its users in time.
    pub(super) slow: &'static str,
    pub(super) slow_action: &'static str,
    /// After the difference of a clock that is fast.
    clock_fast: &'static str,
    clock_slow: &'static str,
    days: &'static str,
    years: &'static str,
}

pub(super) fn words(page: &Page<'_>, language: Language) -> Words {
    match language {
        Language::English => english::words(page),
        Language::French => french::words(page),
    }
}

pub(super) fn labels(language: Language) -> &'static Labels {
    match language {
        Language::English => &english::LABELS,
        Language::French => &french::LABELS,
    }
}

/// The values of the placeholders on `page`. Those that a request contains come
/// last: a placeholder in them is not replaced.
pub(super) fn values(page: &Page<'_>, labels: &Labels) -> Vec<(&'static str, String)> {
    match page {
        Page::Landing { name } => vec![("{name}", isolated(name))],
        Page::Refused {
            refusal: Refusal::ClockWrong { ahead },
            ..
        } => vec![("{difference}", difference(*ahead, labels))],
        Page::Refused {
            detail: Some(Detail::HostedDomain(Some(domain))),
            ..
        } => vec![("{domain}", code(domain))],
        Page::Refused {
            detail: Some(Detail::AliasWithoutUser { google, dsm }),
            ..
        } => vec![(
            "{alias}",
            format!("{} → {}", code(google.as_str()), code(dsm)),
        )],
        Page::Refused {
            detail: Some(Detail::Reserved(user)),
            ..
        } => vec![("{user}", code(user.as_str()))],
        Page::SetUpWrongly { places } => vec![("{places}", codes(places))],
        Page::BadRequest {
            error: Some(UntrustedRequest::UnknownClient { asked, known }),
        } => vec![("{known}", codes(known)), ("{asked}", code(asked.as_str()))],
        Page::BadRequest {
            error:
                Some(UntrustedRequest::UnregisteredRedirect {
                    asked, registered, ..
                }),
        } => vec![
            ("{known}", codes(registered)),
            ("{asked}", code(asked.as_str())),
        ],
        Page::GoogleRejectsUs {
            fault,
            redirect_uri,
            ..
        } => vec![
            ("{redirect_uri}", code(redirect_uri)),
            ("{code}", code(fault.code())),
        ],
        Page::Refused { .. }
        | Page::BadRequest { .. }
        | Page::BadCallback
        | Page::NoSuchLogin
        | Page::AlreadyUsed
        | Page::GoogleFailed { .. }
        | Page::TooMany
        | Page::Broken
        | Page::NotFound
        | Page::NotSetUp => Vec::new(),
    }
}

pub(super) fn filled(text: &str, values: &[(&'static str, String)]) -> String {
    let fill = |text: String, (name, value): &(&str, String)| text.replace(name, value);
    values.iter().fold(text.to_owned(), fill)
}

fn codes(values: &[String]) -> String {
    const MOST: usize = 20;
    let values = values.iter().take(MOST).map(|value| code(value));
    values.collect::<Vec<_>>().join(", ")
}

/// `text` from outside between backticks: shortened, without backticks, control
/// and invisible characters.
fn code(text: &str) -> String {
    const MOST: usize = 100;
    let text: String = text.chars().take(MOST).collect();
    let quoted = quoted(&text).replace('`', "'");
    let inside = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    format!("`{}`", inside.unwrap_or(&quoted))
}

/// `name` between Unicode's isolates: one that is written from right to left
/// does not reverse the rest of the line.
fn isolated(name: &str) -> String {
    format!("\u{2068}{name}\u{2069}")
}

/// `2 h 5 min`, `3 min` or `61 s` in both languages; days and years in words.
fn difference(ahead: i64, labels: &Labels) -> String {
    let direction = if ahead > 0 {
        labels.clock_fast
    } else {
        labels.clock_slow
    };
    let seconds = ahead.unsigned_abs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0..=1) => format!("{seconds} s {direction}"),
        (0, minutes) => format!("{minutes} min {direction}"),
        (hours @ 1..=47, minutes) => format!("{hours} h {minutes} min {direction}"),
        (hours, _) if hours < 24 * 730 => format!("{} {} {direction}", hours / 24, labels.days),
        (hours, _) => format!("{} {} {direction}", hours / 24 / 365, labels.years),
    }
}
