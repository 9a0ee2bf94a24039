//! Whether everything works: one sentence, the checks of `doctor` with what to
//! do, and what clients did wrong lately.

mod labels;
mod sentence;

use askama::Template;

use super::context::Context;
use super::section::{Done, Form, Html, Needs, NotDone, Section};
use super::text::short;
use super::unreadable::Unreadable;
use crate::control::{
    Examination, Examined, Freshness, ReadAgain, ReadOutcome, Refused, Request, Status, User,
};
use crate::doctor::{Finding, GROUPS, Outcome};
use crate::http::Language;
pub(super) use labels::field;
use sentence::{Facts, Reader, Verdict};

const CHECK: &str = "check-again";
const READ: &str = "read-dsm";

pub(super) const SECTION: Section = Section {
    show: |context| Box::pin(show(context)),
    forms: &[
        Form {
            name: CHECK,
            needs: Needs::Session,
            submit: |context, _| Box::pin(check_again(context)),
        },
        Form {
            name: READ,
            needs: Needs::Session,
            submit: |context, _| Box::pin(read_dsm(context)),
        },
    ],
};

#[derive(Template)]
#[template(path = "health.html")]
struct Health<'a> {
    language: Language,
    tone: &'static str,
    sentence: String,
    status: &'a Status,
    off: Option<String>,
    on: Option<String>,
    /// When the users were last read.
    refreshed: Option<String>,
    /// The checks whose result is not "in order", by the label of the group.
    open: Vec<Line<'a>>,
    groups: Vec<(&'static str, Vec<Line<'a>>)>,
    /// When the checks ran.
    checked: Option<String>,
    is_running: bool,
    problems: Vec<(String, String)>,
    check: Html,
    read: Html,
}

/// One finding of the checks, as it is shown.
#[derive(Clone)]
struct Line<'a> {
    tone: &'static str,
    mark: &'static str,
    result: &'static str,
    group: &'static str,
    label: &'a str,
    name: &'a str,
    /// The English text of the daemon.
    message: String,
}

async fn show(context: &Context<'_>) -> Html {
    let language = context.language;
    let shown = async {
        let status: Status = context.ask(Request::Status).await?;
        let users: Vec<User> = context.ask(Request::Users).await?;
        let examined: Examined = context.ask(Request::Findings).await?;
        Ok(render(context, &status, &users, &examined))
    };
    shown.await.unwrap_or_else(|refused: Refused| {
        Unreadable::html(language.say("Health", "État"), &refused)
    })
}

fn render(context: &Context<'_>, status: &Status, users: &[User], examined: &Examined) -> Html {
    let language = context.language;
    let last = examined.last.as_ref();
    let facts = Facts {
        status,
        can_sign_in: users.iter().filter(|user| user.verdict == "ok").count(),
        last,
    };
    let reader = Reader {
        language,
        now: context.now,
        zone: context.time_zone,
    };
    let groups = last.map_or_else(Vec::new, |last| in_groups(last, language));
    let lines = groups.iter().flat_map(|(_, lines)| lines);
    let problems = status.problems.iter();
    Html::of(&Health {
        language,
        tone: match facts.verdict(context.now) {
            Verdict::Well => "good",
            Verdict::Unknown => "",
            Verdict::Remarks(_) => "warn",
            Verdict::Faults(_) => "bad",
        },
        sentence: facts.sentence(reader),
        status,
        off: status.power.next_off.map(|time| reader.when(time)),
        on: status.power.next_on.map(|time| reader.when(time)),
        refreshed: status.directory.refreshed.map(|time| context.local(time)),
        open: lines.filter(|line| line.tone != "good").cloned().collect(),
        groups,
        checked: last.map(|last| context.local(last.at)),
        is_running: examined.freshness == Freshness::Running,
        problems: problems
            .map(|it| (context.local(it.at), short(&it.message)))
            .collect(),
        check: context.form(CHECK),
        read: context.form(READ),
    })
}

fn in_groups(last: &Examination, language: Language) -> Vec<(&'static str, Vec<Line<'_>>)> {
    let groups = GROUPS.iter().map(|(group, names)| {
        let group = labels::group(group, language);
        let of_group = |finding: &&Finding| names.contains(&finding.name.as_str());
        let findings = last.findings.iter().filter(of_group);
        let lines = findings.map(|finding| Line::of(finding, group, language));
        (group, lines.collect())
    });
    groups.collect()
}

impl<'a> Line<'a> {
    fn of(finding: &'a Finding, group: &'static str, language: Language) -> Self {
        let is_untested = finding.is_untested();
        let (tone, mark) = match finding.result {
            Outcome::Ok => ("good", "✓"),
            Outcome::Warn if is_untested => ("", "–"),
            Outcome::Warn => ("warn", "!"),
            Outcome::Fail => ("bad", "✗"),
        };
        Self {
            tone,
            mark,
            result: labels::result(finding.result, is_untested, language),
            group,
            label: labels::check(&finding.name, language),
            name: &finding.name,
            message: short(&finding.message),
        }
    }
}

/// Runs the checks of `doctor`, which read DSM's settings, too.
pub(super) async fn check_again(context: &Context<'_>) -> Result<Done, NotDone> {
    let examined: Examined = context.ask(Request::Examine).await?;
    let text = match examined.freshness {
        Freshness::New | Freshness::Kept => context
            .language
            .say("Everything was checked.", "Tout a été vérifié."),
        Freshness::TooSoon => context.language.say(
            "Nothing was checked: the last checks began less than 30 seconds ago. Their results \
             are below.",
            "Rien n’a été vérifié\u{a0}: les dernières vérifications datent de moins de \
             30\u{a0}secondes. Leurs résultats figurent ci-dessous.",
        ),
        Freshness::Running => context.language.say(
            "The checks take longer than 30 seconds. Load this page again in a minute.",
            "Les vérifications durent plus de 30\u{a0}secondes. Actualisez cette page dans une \
             minute.",
        ),
    };
    Ok(Done::Read(text.to_owned()))
}

async fn read_dsm(context: &Context<'_>) -> Result<Done, NotDone> {
    let language = context.language;
    let read: ReadAgain = context.ask(Request::Refresh).await?;
    let text = match (read.outcome, read.error, read.users) {
        (ReadOutcome::Ended, None, Some(users)) if language == Language::English => {
            format!("DSM was read again: {users} users.")
        }
        (ReadOutcome::Ended, None, Some(users)) => {
            format!("DSM a été relu\u{a0}: {users}\u{a0}utilisateurs.")
        }
        (ReadOutcome::Ended, ..) => language
            .say(
                "DSM could not be read; the previous users stay in use. The reason is below.",
                "DSM n’a pas pu être relu\u{a0}; les utilisateurs précédents restent en vigueur. La \
                 raison figure ci-dessous.",
            )
            .to_owned(),
        (ReadOutcome::TooOften, ..) => language
            .say(
                "DSM was not read: it was read a moment ago, or very often in the last hour.",
                "DSM n’a pas été relu\u{a0}: il vient de l’être, ou l’a été très souvent depuis \
                 une heure.",
            )
            .to_owned(),
        (ReadOutcome::Paused, ..) => language
            .say(
                "DSM was not read: sign-ins to DSM are paused, because it refused the last one. \
                 Correct the account first. A reload of the config ends the pause.",
                "DSM n’a pas été relu\u{a0}: les connexions à DSM sont suspendues, car il a refusé \
                 la dernière. Corrigez d’abord le compte. Recharger la configuration met fin à la \
                 suspension.",
            )
            .to_owned(),
        (ReadOutcome::TakesLonger, ..) => language
            .say(
                "DSM takes longer than 15 seconds. It is read in the background; load this page \
                 again in a minute.",
                "DSM met plus de 15\u{a0}secondes à répondre. La lecture continue en \
                 arrière-plan\u{a0}; actualisez cette page dans une minute.",
            )
            .to_owned(),
    };
    Ok(Done::Read(text))
}

#[cfg(test)]
mod tests;
