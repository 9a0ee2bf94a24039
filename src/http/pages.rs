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

use self::texts::{Book, filled};
use super::Reply;
use super::request::{Language, RequestId};
use domain::signin::authorize::UntrustedRequest;
use domain::signin::directory::{Detail, Refusal};
use domain::signin::google::ClientFault;

/// Is on the page of a daemon that waits for a config: `status` looks for it.
pub const WAITING_MARK: &str = r#"<meta name="waiting" content="config">"#;

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
    },
    /// The NAS asked something that we do not answer.
    BadRequest {
        /// What does not match the config, if that is why.
        error: Option<&'a UntrustedRequest>,
    },
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
    /// Google does not accept our client: no retry helps until a setting is
    /// corrected.
    GoogleRejectsUs {
        /// Which setting.
        fault: ClientFault,
        /// Our redirect URI, which Google has to know.
        redirect_uri: String,
        /// Begins the same login anew.
        retry: String,
    },
    /// Google vouched for somebody who may not sign in, or not now.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The Google address.
        address: Option<&'a str>,
        /// What the rule examined; for the administrator's section.
        detail: Option<&'a Detail>,
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
    /// There is no config yet.
    NotSetUp,
    /// There is a config, and it is not good.
    SetUpWrongly {
        /// Where, in our own names alone: anybody may read it.
        places: &'a [String],
    },
}

#[derive(Template)]
#[template(path = "page.html")]
struct Html<'a> {
    language: &'static str,
    refusal: Option<&'static str>,
    waiting: bool,
    style: &'a str,
    title: String,
    account: Option<Account<'a>>,
    paragraphs: Vec<String>,
    action: &'static str,
    href: &'a str,
    footer: Option<Footer<'a>>,
}

/// For whom Google vouched.
struct Account<'a> {
    label: &'static str,
    address: &'a str,
}

/// What is not for everybody.
struct Footer<'a> {
    heading: &'static str,
    mend: Vec<Piece>,
    reference: &'static str,
    id: &'a RequestId,
}

/// A part of the footer's sentence.
enum Piece {
    Text(String),
    /// What is to be typed, or found, and the punctuation behind it: a full
    /// stop must not stand alone on the next line.
    Code(String, String),
}

/// `text`, in which code stands between backticks, in pieces.
fn pieces(text: &str) -> Vec<Piece> {
    let is_punctuation = |character: char| "\u{a0}.,;:)”»!?".contains(character);
    let mut pieces = Vec::new();
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

impl Page<'_> {
    /// The page as an answer. `nas` is where it leads when there is nothing
    /// else to do next.
    pub(super) fn reply(
        self,
        status: StatusCode,
        language: Language,
        id: &RequestId,
        nas: &str,
    ) -> Reply {
        let html = self.html(language, id, nas);
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
    fn html<'a>(&'a self, language: Language, id: &'a RequestId, nas: &'a str) -> Html<'a> {
        let book = Book::of(language);
        let words = book.words(self);
        let varying = book.varying(self);
        let filled = |text: &str| filled(text, &varying);
        let paragraphs = words.paragraphs.iter();
        let mut html = Html {
            language: language.tag(),
            refusal: None,
            waiting: false,
            style: STYLE,
            title: filled(words.title),
            account: None,
            paragraphs: paragraphs.map(|text| filled(text)).collect(),
            action: words.action,
            href: nas,
            footer: Some(Footer {
                heading: book.caretaker,
                mend: book
                    .mend(self)
                    .map_or_else(Vec::new, |text| pieces(&filled(text))),
                reference: book.reference,
                id,
            }),
        };
        match self {
            Self::Landing { .. } => html.footer = None,
            Self::GoogleFailed { retry } | Self::GoogleRejectsUs { retry, .. } => html.href = retry,
            Self::Refused {
                refusal,
                address,
                slow,
                retry,
                detail: _,
            } => {
                html.refusal = Some(refusal.name());
                html.href = retry;
                html.account = address.map(|address| Account {
                    label: book.signed_in_as,
                    address,
                });
                if *slow {
                    html.paragraphs.push(book.slow.to_owned());
                    html.action = book.slow_action;
                }
            }
            Self::BadRequest { .. }
            | Self::BadCallback
            | Self::NoSuchLogin
            | Self::AlreadyUsed
            | Self::TooMany
            | Self::Broken
            | Self::NotFound => {}
            Self::NotSetUp | Self::SetUpWrongly { .. } => html.waiting = true,
        }
        html
    }
}

#[cfg(test)]
mod tests;
