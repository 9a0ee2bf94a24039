//! What a section shows if its reports are refused.

use askama::Template;

use super::section::Html;
use super::text::short;
use crate::control::Refused;

#[derive(Template)]
#[template(path = "unreadable.html")]
pub(super) struct Unreadable<'a> {
    heading: &'a str,
    /// The English text of the daemon.
    message: String,
}

impl Unreadable<'_> {
    /// Returns a section with the reason under `heading`.
    pub(super) fn html(heading: &str, refused: &Refused) -> Html {
        Html::of(&Unreadable {
            heading,
            message: short(&refused.message),
        })
    }
}
