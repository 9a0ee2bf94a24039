//! The frame around the sections: title, navigation, notice.

use askama::Template;

use super::context::Context;
use super::pages::PAGES;
use super::request::SIGN_OUT;
use super::section::{Html, Page};
use super::session::Notice;
use super::text::short;
use crate::http::Language;

#[derive(Template)]
#[template(path = "frame.html")]
struct Frame<'a> {
    language: Language,
    page: &'a Page,
    nas_name: &'a str,
    administrator: String,
    /// What the last form did.
    notice: Option<&'a Notice>,
    parts: &'a [Html],
    sign_out: Html,
    /// The path of `/admin`.
    base: &'a str,
}

#[derive(Template)]
#[template(path = "hidden.html")]
struct Hidden<'a> {
    name: &'a str,
    token: &'a str,
}

/// Returns the hidden fields of a form.
pub(super) fn hidden(name: &str, token: &str) -> Html {
    Html::of(&Hidden { name, token })
}

/// Returns `page` with its sections.
pub(super) async fn whole(
    context: &Context<'_>,
    page: &Page,
    base: &str,
    notice: Option<&Notice>,
) -> askama::Result<String> {
    let mut parts = Vec::new();
    for section in page.sections {
        parts.push((section.show)(context).await);
    }
    framed(context, page, base, notice, &parts)
}

/// Returns `parts` in the frame of `page`.
pub(super) fn framed(
    context: &Context<'_>,
    page: &Page,
    base: &str,
    notice: Option<&Notice>,
    parts: &[Html],
) -> askama::Result<String> {
    let frame = Frame {
        language: context.language,
        page,
        nas_name: context.nas_name,
        administrator: short(context.administrator),
        notice,
        parts,
        sign_out: context.form(SIGN_OUT),
        base,
    };
    frame.render()
}

impl Page {
    fn name(&self, language: Language) -> &'static str {
        let [english, french] = self.name;
        language.say(english, french)
    }
}
