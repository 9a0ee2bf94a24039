//! The settings of DSM.

use askama::Template;

use super::section::{Html, Section};

pub(super) const SECTION: Section = Section {
    show: |_| Box::pin(async { Html::of(&Empty) }),
    forms: &[],
};

#[derive(Template)]
#[template(source = "", ext = "html")]
struct Empty;
