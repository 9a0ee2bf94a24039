//! The settings of DSM: what to enter where, beside what DSM has; write them,
//! and undo that.

mod forms;
mod rows;

use askama::Template;

use super::context::Context;
use super::health::check_again;
use super::section::{Done, Form, Html, Needs, NotDone, Section};
use super::text::short;
use super::unreadable::Unreadable;
use crate::control::{
    Examined, Reason, Refused, Request, SettingsPlan, SettingsWritten, ValuesToEnter,
};
use crate::http::Language;
use domain::base::parameters::Parameters;
use forms::FormToFill;
use rows::{Dialog, Left};

const COMPARE: &str = "compare-settings";
const PLAN_APPLY: &str = "plan-settings";
const APPLY: &str = "write-settings";
const PLAN_UNDO: &str = "plan-undo";
const UNDO: &str = "undo-settings";
const SECRET: &str = "show-secret";

/// The value of the field `force` that consents to it.
const FORCE: &str = "replace";

pub(super) const SECTION: Section = Section {
    show: |context| Box::pin(show(context)),
    forms: &[
        Form {
            name: COMPARE,
            needs: Needs::Session,
            submit: |context, _| Box::pin(check_again(context)),
        },
        // What follows the preview is not lost to a sign-in.
        Form {
            name: PLAN_APPLY,
            needs: Needs::FreshSignIn,
            submit: |context, _| Box::pin(plan(context, Direction::Apply, Reading::First)),
        },
        Form {
            name: APPLY,
            needs: Needs::FreshSignIn,
            submit: |context, fields| Box::pin(write(context, Direction::Apply, fields)),
        },
        Form {
            name: PLAN_UNDO,
            needs: Needs::FreshSignIn,
            submit: |context, _| Box::pin(plan(context, Direction::Undo, Reading::First)),
        },
        Form {
            name: UNDO,
            needs: Needs::FreshSignIn,
            submit: |context, fields| Box::pin(write(context, Direction::Undo, fields)),
        },
        Form {
            name: SECRET,
            needs: Needs::FreshSignIn,
            submit: |context, fields| Box::pin(show_secret(context, fields)),
        },
    ],
};

/// What a form does with the settings of DSM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Apply,
    Undo,
}

/// Which preview this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    First,
    /// DSM or the config has changed since the first one was shown.
    Changed,
}

#[derive(Template)]
#[template(path = "setup.html")]
struct Setup {
    language: Language,
    dsm: Vec<FormToFill>,
    google: Vec<(&'static str, String)>,
    clients: Vec<FormToFill>,
    /// DSM's values beside ours; empty if they were not read.
    dialogs: Vec<Dialog>,
    differing: usize,
    /// When they were read.
    read: Option<String>,
    compare: Html,
    plan_apply: Html,
    plan_undo: Html,
    secret: Html,
}

#[derive(Template)]
#[template(path = "setup_plan.html")]
struct Preview<'a> {
    language: Language,
    direction: Direction,
    reading: Reading,
    /// What is written without another choice.
    dialogs: Vec<Dialog>,
    /// What is written only with it.
    left: Vec<Left>,
    seen: &'a str,
    form: Html,
}

#[derive(Template)]
#[template(path = "setup_partly.html")]
struct Partly<'a> {
    language: Language,
    written: &'a SettingsWritten,
}

#[derive(Template)]
#[template(path = "setup_secret.html")]
struct ShownSecret<'a> {
    language: Language,
    client: &'a str,
    secret: &'a str,
}

async fn show(context: &Context<'_>) -> Html {
    let language = context.language;
    let shown = async {
        let values: ValuesToEnter = context.ask(Request::Values).await?;
        let examined: Examined = context.ask(Request::Findings).await?;
        let last = examined.last.filter(|last| !last.compared.is_empty());
        let compared = last.as_ref().map_or(&[][..], |last| &last.compared);
        Ok(Html::of(&Setup {
            language,
            dsm: values
                .dsm
                .iter()
                .map(|form| FormToFill::of_dsm(form, language))
                .collect(),
            google: forms::of_google(&values.google, language),
            clients: values.clients.iter().map(FormToFill::of_client).collect(),
            dialogs: rows::of(compared.iter(), language),
            differing: compared.iter().filter(|row| !row.same).count(),
            read: last.as_ref().map(|last| context.local(last.at)),
            compare: context.form(COMPARE),
            plan_apply: context.form(PLAN_APPLY),
            plan_undo: context.form(PLAN_UNDO),
            secret: context.form(SECRET),
        }))
    };
    shown.await.unwrap_or_else(|refused: Refused| {
        let heading = language.say("Settings of DSM", "Paramètres de DSM");
        Unreadable::html(heading, &refused)
    })
}

/// Shows what would change in DSM.
async fn plan(
    context: &Context<'_>,
    direction: Direction,
    reading: Reading,
) -> Result<Done, NotDone> {
    let plan: SettingsPlan = context.ask(direction.plan()).await?;
    let language = context.language;
    let differing = plan.rows.iter().filter(|row| !row.same);
    let is_left = |field: &String| plan.left.iter().any(|left| left.fields.contains(field));
    let rows = differing.filter(|row| !is_left(&row.field));
    Ok(Done::Shown(Html::of(&Preview {
        language,
        direction,
        reading,
        dialogs: rows::of(rows, language),
        left: rows::left(&plan, language),
        seen: &plan.seen,
        form: context.form(direction.form()),
    })))
}

/// Writes to DSM what the administrator has seen; shows a new preview if that
/// is not what would be written now.
async fn write(
    context: &Context<'_>,
    direction: Direction,
    fields: &Parameters,
) -> Result<Done, NotDone> {
    let language = context.language;
    let Ok(seen) = fields.required("seen") else {
        return plan(context, direction, Reading::Changed).await;
    };
    let force = fields.text("force") == Ok(Some(FORCE));
    let request = direction.request(seen.to_owned(), force);
    let written: SettingsWritten = match context.ask(request).await {
        Err(refused) if refused.reason == Reason::Changed => {
            return plan(context, direction, Reading::Changed).await;
        }
        answer => answer?,
    };
    if written.left.is_empty() && written.problems.is_empty() {
        let text = match direction {
            Direction::Apply => language.say(
                "The settings were written to DSM.",
                "Les paramètres ont été écrits dans DSM.",
            ),
            Direction::Undo => language.say(
                "DSM has its previous settings again.",
                "DSM a retrouvé ses paramètres précédents.",
            ),
        };
        return Ok(Done::Changed(text.to_owned()));
    }
    tracing::warn!(
        administrator = context.administrator,
        force,
        "an administrator changed settings of DSM, but not all that was needed"
    );
    Ok(Done::Shown(Html::of(&Partly {
        language,
        written: &written,
    })))
}

async fn show_secret(context: &Context<'_>, fields: &Parameters) -> Result<Done, NotDone> {
    let client = fields.text("client").ok().flatten().unwrap_or_default();
    let request = Request::ClientSecret {
        client: client.to_owned(),
    };
    let secret: String = context.ask(request).await?;
    tracing::warn!(
        administrator = context.administrator,
        client,
        "an administrator looked at the secret of a client"
    );
    Ok(Done::Shown(Html::of(&ShownSecret {
        language: context.language,
        client,
        secret: &secret,
    })))
}

impl Direction {
    fn plan(self) -> Request {
        match self {
            Self::Apply => Request::PlanApply,
            Self::Undo => Request::PlanUndo,
        }
    }

    fn request(self, seen: String, force: bool) -> Request {
        match self {
            Self::Apply => Request::Apply { seen, force },
            Self::Undo => Request::Undo { seen, force },
        }
    }

    /// The form that agrees to the preview.
    fn form(self) -> &'static str {
        match self {
            Self::Apply => APPLY,
            Self::Undo => UNDO,
        }
    }
}

#[cfg(test)]
mod tests;
