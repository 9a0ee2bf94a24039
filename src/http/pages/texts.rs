//! The sentences of the pages, from a template for each language: a paragraph
//! is a line, which continues in lines that are indented. `# ` begins the
//! title, `[x] ` or `[ ] ` a step of the setup, `! ` what to do for that step,
//! `=> ` the text of the page's only link, and `> ` what the administrator can
//! do; the last two kinds of advice have code between backticks.

use askama::Template;

use super::Page;
use crate::app::Milestone;
use crate::http::request::Language;
use domain::base::address::quoted;
use domain::signin::authorize::UntrustedRequest;
use domain::signin::directory::{Detail, Refusal};
use domain::signin::google::ClientFault;

/// The sentences of one page.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) title: String,
    /// The reason, what to do next, and who can help.
    pub(super) paragraphs: Vec<String>,
    /// The steps of the setup, done or not.
    pub(super) steps: Vec<Step>,
    /// The text of the page's only link.
    pub(super) action: String,
    /// What the administrator can do, or nothing. Code is between backticks.
    pub(super) advice: String,
}

/// A step of the setup.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) is_done: bool,
    pub(super) text: String,
    /// What to do, if it is not done. Code is between backticks.
    pub(super) hint: String,
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
    /// Before the path of the log.
    pub(super) log: &'static str,
    /// Read out in place of the mark of a step.
    pub(super) done: &'static str,
    pub(super) to_do: &'static str,
    /// Before the time at which the NAS soon switches itself off.
    switches_off_at: &'static str,
}

impl Labels {
    /// Returns the warning before a power-off at the local `time`.
    pub(super) fn switches_off(&self, time: &str) -> String {
        format!("{} {time}.", self.switches_off_at)
    }
}

pub(super) fn labels(language: Language) -> Labels {
    match language {
        Language::English => Labels {
            signed_in_as: "You signed in to Google as",
            administrator: "For the person who looks after the NAS",
            reference: "Reference:",
            log: "Log:",
            done: "Done:",
            to_do: "To do:",
            switches_off_at: "The NAS switches itself off at",
        },
        Language::French => Labels {
            signed_in_as: "Vous avez choisi le compte Google",
            administrator: "Pour la personne qui s’occupe du NAS",
            reference: "Référence\u{a0}:",
            log: "Journal\u{a0}:",
            done: "Fait\u{a0}:",
            to_do: "À faire\u{a0}:",
            switches_off_at: "Le NAS s’éteint à",
        },
    }
}

#[derive(Template)]
#[template(path = "texts/english.txt")]
struct English<'a> {
    page: &'a Page<'a>,
}

#[derive(Template)]
#[template(path = "texts/french.txt")]
struct French<'a> {
    page: &'a Page<'a>,
}

pub(super) fn words(page: &Page<'_>, language: Language) -> askama::Result<Words> {
    let text = match language {
        Language::English => English { page }.render(),
        Language::French => French { page }.render(),
    };
    let mut words = Words::default();
    // No value begins a line, and none contains a line break.
    for line in text?.replace("\n  ", " ").lines() {
        if let Some(title) = line.strip_prefix("# ") {
            title.clone_into(&mut words.title);
        } else if let Some(action) = line.strip_prefix("=> ") {
            action.clone_into(&mut words.action);
        } else if let Some(advice) = line.strip_prefix("> ") {
            advice.clone_into(&mut words.advice);
        } else if let Some(text) = line.strip_prefix("[x] ") {
            words.steps.push(Step::new(true, text));
        } else if let Some(text) = line.strip_prefix("[ ] ") {
            words.steps.push(Step::new(false, text));
        } else if let Some(hint) = line.strip_prefix("! ") {
            if let Some(step) = words.steps.last_mut().filter(|step| !step.is_done) {
                hint.clone_into(&mut step.hint);
            }
        } else if !line.is_empty() {
            words.paragraphs.push(line.to_owned());
        }
    }
    Ok(words)
}

impl Step {
    fn new(is_done: bool, text: &str) -> Self {
        Self {
            is_done,
            text: text.to_owned(),
            hint: String::new(),
        }
    }
}

/// The beginning of the line of a step.
fn mark(open: &[Milestone], milestone: Milestone) -> &'static str {
    if open.contains(&milestone) {
        return "[ ]";
    }
    "[x]"
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
    format!("\u{2068}{}\u{2069}", name.replace('\n', " "))
}

/// `2 h 5 min`, `3 min` or `61 s`; more in `days` or `years`.
fn duration(seconds: u64, days: &str, years: &str) -> String {
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0..=1) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours @ 1..=47, minutes) => format!("{hours} h {minutes} min"),
        (hours, _) if hours < 24 * 730 => format!("{} {days}", hours / 24),
        (hours, _) => format!("{} {years}", hours / 24 / 365),
    }
}
