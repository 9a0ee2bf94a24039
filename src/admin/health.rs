//! Whether everything works.

use askama::Template;

use super::context::Context;
use super::section::{Html, Section};
use crate::control::{Refused, Request, Status};
use crate::http::Language;

pub(super) const SECTION: Section = Section {
    show: |context| Box::pin(show(context)),
    forms: &[],
};

#[derive(Template)]
#[template(path = "health.html")]
struct Health {
    language: Language,
    status: Result<Status, Refused>,
    started: String,
}

async fn show(context: &Context<'_>) -> Html {
    let status: Result<Status, Refused> = context.ask(Request::Status).await;
    Html::of(&Health {
        language: context.language,
        started: status
            .as_ref()
            .map_or(String::new(), |status| context.local(status.started)),
        status,
    })
}
