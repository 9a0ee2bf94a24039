//! The pages that a user sees, in English and French: what happened, what to do
//! next, and who can help. No script, and no requests to other hosts.

mod texts;

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use super::request::{Language, RequestId};
use super::response::{Reply, response};
use crate::app::Milestone;
use domain::signin::authorize::UntrustedRequest;
use domain::signin::directory::{Detail, Refusal};
use domain::signin::google::ClientFault;
use texts::{Labels, Step, Words};

/// Marks the page of a daemon without a valid config; `status` looks for it.
pub const SETUP_MODE_MARK: &str = r#"<meta name="waiting" content="config">"#;

pub(crate) const STYLE: &str = include_str!("pages/style.css");

/// The style of the picture of the week, which is inside the picture.
pub(crate) const STYLE_OF_WEEK: &str = include_str!("pages/week.css");

/// For pages without a form.
static CONTENT_SECURITY: LazyLock<HeaderValue> =
    LazyLock::new(|| content_security(&[STYLE], "'none'"));

/// For the administration page, whose forms are sent to itself.
static WITH_FORMS: LazyLock<HeaderValue> =
    LazyLock::new(|| content_security(&[STYLE, STYLE_OF_WEEK], "'self'"));

/// The package's icon, drawn on each page.
pub(crate) const ICON: &str = include_str!("../../packaging/icon.svg");

/// Allows the `styles` by their hashes.
fn content_security(styles: &[&str], form_action: &str) -> HeaderValue {
    let hashes = styles.iter().map(|style| {
        let hash = STANDARD.encode(digest::digest(&digest::SHA256, style.as_bytes()));
        format!(" 'sha256-{hash}'")
    });
    let hashes: String = hashes.collect();
    let policy = format!(
        "default-src 'none'; style-src{hashes}; base-uri 'none'; \
         form-action {form_action}; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'",
    ))
}

/// A page, with the values that it shows. A `retry` is the URL of `/auth` that
/// starts the same sign-in again.
#[derive(Debug)]
pub(crate) enum Page<'a> {
    Landing {
        /// The name of the client.
        name: &'a str,
        /// The names of the checks of `doctor` that failed.
        failed: &'a [String],
    },
    /// In place of the landing page, before the first sign-in.
    Checklist {
        /// What is left to do.
        open: &'a [Milestone],
        /// The result of entering the settings in DSM, if the installation
        /// chose that.
        entered: Option<&'a str>,
        /// The names of the checks of `doctor` that failed.
        failed: &'a [String],
    },
    BadRequest {
        /// The mismatch with the config, if that is the cause.
        error: Option<&'a UntrustedRequest>,
    },
    BadCallback,
    /// Begun in another browser, or too long ago.
    NoSuchLogin,
    AlreadyUsed,
    GoogleFailed {
        retry: String,
    },
    /// Trying again does not help until a setting is corrected.
    GoogleRejectsUs {
        fault: ClientFault,
        redirect_uri: String,
        retry: String,
    },
    Refused {
        refusal: Refusal,
        address: Option<&'a str>,
        /// Shown only to the administrator.
        detail: Option<&'a Detail>,
        /// Whether DSM did not return its users in time.
        slow: bool,
        /// Lets the user choose another account.
        retry: String,
    },
    TooMany,
    Broken,
    NotFound,
    NotSetUp,
    /// The config is invalid.
    SetUpWrongly {
        /// Names of our own keys only: anyone can read this page.
        places: &'a [String],
    },
}

/// What a page shows besides its own values.
#[derive(Debug)]
pub(super) struct PageContext<'a> {
    pub(super) language: Language,
    pub(super) id: &'a RequestId,
    /// The URL of the NAS, to which the link leads if the page has no `retry`.
    pub(super) nas: &'a str,
    /// The family's own name for the NAS, if there is a valid config.
    pub(super) nas_name: Option<&'a str>,
    /// Where the log is, or what says so.
    pub(super) log: Option<&'a str>,
    /// The local time at which the NAS soon switches itself off.
    pub(super) off_at: Option<String>,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Html<'a> {
    language: Language,
    labels: Labels,
    nas_name: Option<&'a str>,
    words: Words,
    /// [`Words::steps`] with their hints in pieces.
    steps: Vec<(Step, Vec<Piece>)>,
    /// [`Words::advice`] in pieces.
    advice: Vec<Piece>,
    refusal: Option<&'static str>,
    setup_mode: bool,
    /// Of the Google account that signed in.
    address: Option<&'a str>,
    href: &'a str,
    /// Shown to the administrator, below the advice.
    reference: Option<&'a RequestId>,
    log: Option<&'a str>,
    /// Whether the page is for the administrator: all of it is visible at once.
    open: bool,
}

/// A part of the advice.
enum Piece {
    Text(String),
    /// Code and the punctuation after it, which must not be wrapped to the next
    /// line alone.
    Code(String, String),
}

/// Splits `text`, in which code is between backticks.
fn pieces(text: &str) -> Vec<Piece> {
    let is_punctuation = |character: char| "\u{a0}.,;:)”»!?".contains(character);
    let mut pieces = Vec::new();
    if text.is_empty() {
        return pieces;
    }
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            pieces.push(Piece::Code(part.to_owned(), String::new()));
            continue;
        }
        let rest = part.trim_start_matches(is_punctuation);
        let mut text = part;
        if let Some(Piece::Code(_, behind)) = pieces.last_mut() {
            behind.push_str(part.strip_suffix(rest).unwrap_or_default());
            text = rest;
        }
        pieces.push(Piece::Text(text.to_owned()));
    }
    pieces
}

/// Returns a rendered page as a response.
fn html_reply(status: StatusCode, html: askama::Result<String>) -> Reply {
    let body = html.unwrap_or_else(|error| {
        tracing::error!(%error, "cannot render a page");
        String::new()
    });
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (VARY, "Accept-Language"),
        (X_FRAME_OPTIONS, "DENY"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    let mut reply = response(status, body, headers);
    let policy = CONTENT_SECURITY.clone();
    reply.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    reply
}

/// Returns a page of the administrator, which may have forms, as a response.
///
/// With the policy `no-referrer`, browsers send `Origin: null` with a form
/// (Fetch, section 3.2), which cannot be told from a form of another site.
pub(crate) fn reply_with_forms(status: StatusCode, html: askama::Result<String>) -> Reply {
    let mut reply = html_reply(status, html);
    let headers = reply.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, WITH_FORMS.clone());
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    reply
}

impl Page<'_> {
    /// The page as a response.
    pub(super) fn reply(&self, status: StatusCode, context: &PageContext<'_>) -> Reply {
        let PageContext {
            language, id, nas, ..
        } = *context;
        let html = self.html(language, id, nas).map(|mut html| {
            html.nas_name = context.nas_name;
            html.log = context.log;
            let off_at = context.off_at.as_deref();
            let warning = off_at.map(|time| html.labels.switches_off(time));
            html.words.paragraphs.extend(warning);
            html
        });
        html_reply(status, html.and_then(|html| html.render()))
    }

    fn html<'a>(
        &'a self,
        language: Language,
        id: &'a RequestId,
        nas: &'a str,
    ) -> askama::Result<Html<'a>> {
        let mut words = texts::words(self, language)?;
        let steps = std::mem::take(&mut words.steps).into_iter().map(|step| {
            let hint = pieces(&step.hint);
            (step, hint)
        });
        let setup_mode = matches!(self, Self::NotSetUp | Self::SetUpWrongly { .. });
        let mut html = Html {
            language,
            labels: texts::labels(language),
            refusal: None,
            nas_name: None,
            log: None,
            setup_mode,
            open: setup_mode || matches!(self, Self::Checklist { .. }),
            steps: steps.collect(),
            advice: pieces(&words.advice),
            words,
            address: None,
            href: nas,
            reference: Some(id),
        };
        match self {
            Self::Landing { .. } | Self::Checklist { .. } => html.reference = None,
            Self::GoogleFailed { retry } | Self::GoogleRejectsUs { retry, .. } => html.href = retry,
            Self::Refused {
                refusal,
                address,
                retry,
                ..
            } => {
                html.refusal = Some(refusal.name());
                html.href = retry;
                html.address = *address;
            }
            Self::BadRequest { .. }
            | Self::BadCallback
            | Self::NoSuchLogin
            | Self::AlreadyUsed
            | Self::TooMany
            | Self::Broken
            | Self::NotFound
            | Self::NotSetUp
            | Self::SetUpWrongly { .. } => {}
        }
        Ok(html)
    }
}

#[cfg(test)]
mod tests;
