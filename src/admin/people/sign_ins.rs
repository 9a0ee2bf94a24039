//! The section with the last sign-ins of all users.

use askama::Template;

use crate::admin::context::Context;
use crate::admin::section::{Html, Section};
use crate::admin::text::shown;
use crate::admin::unreadable::Unreadable;
use crate::control::{Request, Status};
use crate::http::Language;

pub(in crate::admin) const SECTION: Section = Section {
    show: |context| Box::pin(show(context)),
    forms: &[],
};

/// The others are behind a click.
const FIRST: usize = 20;

#[derive(Template)]
#[template(path = "sign-ins.html")]
struct SignIns {
    language: Language,
    first: Vec<Row>,
    others: Vec<Row>,
}

struct Row {
    at: String,
    user: String,
    address: String,
    client: String,
}

async fn show(context: &Context<'_>) -> Html {
    let language = context.language;
    let status: Status = match context.ask(Request::Status).await {
        Ok(status) => status,
        Err(refused) => return Unreadable::html(heading(language), &refused),
    };
    let rows = status.sign_ins.iter().map(|sign_in| Row {
        at: context.local(sign_in.at),
        user: shown(&sign_in.user),
        address: shown(&sign_in.address),
        client: shown(&sign_in.client),
    });
    let mut first: Vec<Row> = rows.collect();
    let others = first.split_off(first.len().min(FIRST));
    Html::of(&SignIns {
        language,
        first,
        others,
    })
}

fn heading(language: Language) -> &'static str {
    language.say("Recent sign-ins", "Connexions récentes")
}

#[cfg(test)]
mod tests;
