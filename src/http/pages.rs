//! What a person sees, in English and French: plain words, what to do next,
//! whom to ask. No script, no request to anybody.

mod texts;

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use super::Reply;
use super::request::{Language, RequestId};
use crate::directory::Refusal;

const STYLE: &str = include_str!("pages/style.css");

/// The one style of the pages is allowed by its hash.
static CONTENT_SECURITY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'",
    ))
});

/// A page, and what it must name.
#[derive(Debug)]
pub(super) enum Page<'a> {
    /// What this is, and the way to the NAS.
    Landing {
        /// What people call it.
        name: &'a str,
        /// Where its login page is.
        nas: &'a str,
    },
    /// The NAS asked something that we do not answer.
    BadRequest,
    /// Google's way back came without what we need.
    BadCallback,
    /// The login is not of this browser, or too old.
    NoSuchLogin,
    /// The login was answered before.
    AlreadyUsed,
    /// Google did not do its part.
    GoogleFailed {
        /// Begins the same login anew.
        retry: String,
    },
    /// Google vouched for somebody who may not sign in, or not now.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The Google address.
        address: Option<&'a str>,
        /// Whether DSM was asked once more and did not answer in time.
        slow: bool,
        /// Begins the same login with the choice of another account.
        retry: String,
    },
    /// Too many logins from one place.
    TooMany,
    /// Something broke here.
    Broken,
    /// There is no such page.
    NotFound,
}

/// What a page says.
struct Text {
    title: String,
    paragraphs: Vec<String>,
    action: Option<Action>,
}

/// The one thing to do next.
struct Action {
    label: &'static str,
    href: String,
}

#[derive(Template)]
#[template(path = "page.html")]
struct Html<'a> {
    language: &'static str,
    refusal: Option<&'static str>,
    text: Text,
    style: &'a str,
    reference: Option<String>,
}

impl Page<'_> {
    /// The page as an answer.
    pub(super) fn reply(self, status: StatusCode, language: Language, id: &RequestId) -> Reply {
        let refusal = if let Self::Refused { refusal, .. } = self {
            Some(refusal.name())
        } else {
            None
        };
        let reference = match (&self, language) {
            (Self::Landing { .. }, _) => None,
            (_, Language::English) => {
                Some(format!("Reference for whoever looks after the NAS: {id}"))
            }
            (_, Language::French) => Some(format!(
                "Référence pour la personne qui s’occupe du NAS : {id}"
            )),
        };
        let html = Html {
            language: language.tag(),
            refusal,
            text: self.text(language),
            style: STYLE,
            reference,
        };
        let body = html.render().unwrap_or_else(|error| {
            tracing::error!(%error, "a page cannot be written");
            String::new()
        });
        let mut reply = Reply::new(body.into());
        *reply.status_mut() = status;
        let headers = reply.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(VARY, HeaderValue::from_static("Accept-Language"));
        headers.insert(CONTENT_SECURITY_POLICY, CONTENT_SECURITY.clone());
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        reply
    }
}
