//! Every error → page, OAuth error or Bearer challenge: one match each.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::StatusCode;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION,
    REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use serde_json::json;

use super::Reply;
use super::limits::RetryAfter;
use super::pages::Page;
use super::request::{Language, RequestId};
use crate::flow::{BearerError, ClientError, FlowError, TokenError};
use domain::base::issuer::Issuer;
use domain::base::oauth::OAuthError;
use domain::base::parameters::{encode, encode_bytes, with_query};
use domain::model::login::{AuthorizationRequest, Prompt};

/// How soon a browser may try again what failed for a passing reason.
const TEMPORARY_SECONDS: u64 = 30;

/// What an error's answer depends on, beside the error.
#[derive(Clone, Copy, Debug)]
pub(super) struct RefreshOutcome<'a> {
    pub(super) issuer: &'a Issuer,
    pub(super) language: Language,
    pub(super) id: &'a RequestId,
    /// Where the NAS is.
    pub(super) nas: &'a str,
}

impl RefreshOutcome<'_> {
    /// The page with its status.
    pub(super) fn page(&self, status: StatusCode, page: Page<'_>) -> Reply {
        page.reply(status, self.language, self.id, self.nas)
    }

    /// The answer to a browser at `/auth` or `/callback`.
    pub(super) fn flow(&self, error: FlowError) -> Reply {
        let chain = &error as &dyn std::error::Error;
        match &error {
            // These are logged where they arise, with whom they concern.
            FlowError::Refused { .. } | FlowError::GoogleFailed { .. } | FlowError::Silent(_) => {}
            FlowError::Client(error) | FlowError::Denied(error) => {
                tracing::info!(error = %error.error, "answered the client with an error");
            }
            FlowError::NoSuchLogin | FlowError::AlreadyUsed(_) | FlowError::Callback(_) => {
                tracing::info!(error = chain, "a login cannot go on");
            }
            FlowError::Untrusted(_) => {
                tracing::warn!(error = chain, "a login cannot go on");
            }
            FlowError::Store(_) | FlowError::Random(_) | FlowError::Seal(_) => {
                tracing::error!(error = chain, "a login failed here");
            }
        }
        match error {
            FlowError::Client(error) | FlowError::Denied(error) | FlowError::Silent(error) => {
                self.client(&error)
            }
            FlowError::Untrusted(error) => {
                let error = Some(&error);
                self.page(StatusCode::BAD_REQUEST, Page::BadRequest { error })
            }
            FlowError::Callback(_) => self.page(StatusCode::BAD_REQUEST, Page::BadCallback),
            FlowError::NoSuchLogin => self.page(StatusCode::BAD_REQUEST, Page::NoSuchLogin),
            FlowError::AlreadyUsed(_) => self.page(StatusCode::BAD_REQUEST, Page::AlreadyUsed),
            FlowError::GoogleFailed { retry, source } => {
                let retry = retry_url(self.issuer, &retry, asked_prompt(&retry));
                let page = match source.client_fault() {
                    Some(fault) => Page::GoogleRejectsUs {
                        fault,
                        redirect_uri: self.issuer.endpoint("/callback"),
                        retry,
                    },
                    None => Page::GoogleFailed { retry },
                };
                self.page(StatusCode::BAD_GATEWAY, page)
            }
            FlowError::Refused {
                refusal,
                address,
                detail,
                slow,
                retry,
            } => {
                let temporary = refusal.is_temporary();
                let page = Page::Refused {
                    refusal,
                    address: address.as_deref(),
                    detail: detail.as_ref(),
                    slow,
                    retry: retry_url(self.issuer, &retry, Some("select_account".to_owned())),
                };
                if !temporary {
                    return self.page(StatusCode::FORBIDDEN, page);
                }
                soon_different(self.page(StatusCode::SERVICE_UNAVAILABLE, page))
            }
            FlowError::Store(_) | FlowError::Random(_) | FlowError::Seal(_) => {
                self.page(StatusCode::INTERNAL_SERVER_ERROR, Page::Broken)
            }
        }
    }

    /// An OAuth error response, through the browser (RFC 6749,
    /// section 4.1.2.1), with our `iss` (RFC 9207, section 2).
    fn client(&self, error: &ClientError) -> Reply {
        let mut pairs = vec![
            ("error", encode(error.error.code)),
            (
                "error_description",
                encode(&ascii(&error.error.description)),
            ),
        ];
        pairs.extend(
            error
                .state
                .as_deref()
                .map(|state| ("state", encode_bytes(state))),
        );
        pairs.push(("iss", encode(self.issuer.as_str())));
        see_other(&with_query(error.redirect.as_str(), pairs))
    }

    /// The page for who asks too often.
    pub(super) fn too_many(&self, wait: RetryAfter) -> Reply {
        let mut reply = self.page(StatusCode::TOO_MANY_REQUESTS, Page::TooMany);
        let seconds = HeaderValue::from(wait.seconds());
        reply.headers_mut().insert(RETRY_AFTER, seconds);
        reply
    }
}

/// What is answered with `reply` may be different soon.
pub(super) fn soon_different(mut reply: Reply) -> Reply {
    let seconds = HeaderValue::from(TEMPORARY_SECONDS);
    reply.headers_mut().insert(RETRY_AFTER, seconds);
    reply
}

/// RFC 6749 allows neither quotes, backslashes nor anything beyond ASCII in an
/// `error_description`.
fn ascii(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' => '\'',
            '\\' => '/',
            ' '..='~' => c,
            _ => '?',
        })
        .collect()
}

/// 303, so that no browser repeats a POST (RFC 9700, section 4.12).
pub(super) fn see_other(location: &str) -> Reply {
    let mut reply = Reply::default();
    let Ok(location) = HeaderValue::from_str(location) else {
        *reply.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return reply;
    };
    *reply.status_mut() = StatusCode::SEE_OTHER;
    let headers = reply.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    reply
}

/// An answer in JSON that is not to be stored.
pub(super) fn json(status: StatusCode, body: Vec<u8>) -> Reply {
    let mut reply = Reply::new(body.into());
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

/// The answer to a relying party at `/token` (RFC 6749, section 5.2).
pub(super) fn token(error: &TokenError, id: &RequestId) -> Reply {
    let chain = error as &dyn std::error::Error;
    match error {
        TokenError::OAuth(error) => {
            tracing::warn!(%error, "a client gets no tokens");
            oauth(StatusCode::BAD_REQUEST, error)
        }
        TokenError::Refused(error) => oauth(StatusCode::BAD_REQUEST, error),
        TokenError::Store(_)
        | TokenError::Random(_)
        | TokenError::Key(_)
        | TokenError::Claims(_) => {
            tracing::error!(error = chain, "tokens cannot be given");
            let description = format!("see the log for request {id}");
            let error = OAuthError::new("server_error", description);
            oauth(StatusCode::INTERNAL_SERVER_ERROR, &error)
        }
    }
}

/// An OAuth error in JSON.
pub(super) fn oauth(status: StatusCode, error: &OAuthError) -> Reply {
    let body = json!({"error": error.code, "error_description": ascii(&error.description)});
    json(status, body.to_string().into_bytes())
}

/// RFC 6749, section 5.2: a client that failed to authenticate is told how.
pub(super) fn invalid_client() -> Reply {
    let error = OAuthError::new("invalid_client", "the client id and secret do not fit");
    let mut reply = oauth(StatusCode::UNAUTHORIZED, &error);
    let challenge = HeaderValue::from_static("Basic realm=\"google-to-synology-sso\"");
    reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    reply
}

/// Too many wrong client secrets from one place.
pub(super) fn too_many_guesses(wait: RetryAfter) -> Reply {
    let error = OAuthError::new("invalid_client", "too many wrong secrets; wait a little");
    let mut reply = oauth(StatusCode::TOO_MANY_REQUESTS, &error);
    let seconds = HeaderValue::from(wait.seconds());
    reply.headers_mut().insert(RETRY_AFTER, seconds);
    reply
}

/// RFC 6750, section 3: without a token nothing but the scheme is said.
pub(super) fn bearer_missing() -> Reply {
    challenge(StatusCode::UNAUTHORIZED, "Bearer")
}

/// RFC 6750, section 3.1: the token is given in two ways, or twice.
pub(super) fn bearer_doubled() -> Reply {
    challenge(StatusCode::BAD_REQUEST, "Bearer error=\"invalid_request\"")
}

/// The answer to a relying party at `/userinfo`.
pub(super) fn bearer(error: &BearerError) -> Reply {
    match error {
        BearerError::InvalidToken => {
            challenge(StatusCode::UNAUTHORIZED, "Bearer error=\"invalid_token\"")
        }
        BearerError::Store(error) => {
            let chain = error as &dyn std::error::Error;
            tracing::error!(error = chain, "userinfo cannot be given");
            let error = OAuthError::new("server_error", "see the log");
            oauth(StatusCode::INTERNAL_SERVER_ERROR, &error)
        }
    }
}

fn challenge(status: StatusCode, challenge: &'static str) -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}

/// Lets scripts of any page read the response: for discovery, keys and userinfo
/// only (docs/reference/http.md).
pub(super) fn readable_by_scripts(mut reply: Reply) -> Reply {
    let anybody = HeaderValue::from_static("*");
    let headers = reply.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, anybody);
    reply
}

fn asked_prompt(request: &AuthorizationRequest) -> Option<String> {
    match request.prompt {
        Prompt::Unspecified => None,
        Prompt::Silent => Some("none".to_owned()),
        Prompt::Ask {
            login,
            select_account,
            consent,
        } => {
            let words = [
                (login, "login"),
                (select_account, "select_account"),
                (consent, "consent"),
            ];
            let asked = words.iter().filter(|(asked, _)| *asked);
            let words: Vec<&str> = asked.map(|(_, word)| *word).collect();
            Some(words.join(" "))
        }
    }
}

/// Our own `/auth` with the same request.
fn retry_url(issuer: &Issuer, request: &AuthorizationRequest, prompt: Option<String>) -> String {
    let mut pairs = vec![
        ("response_type", "code".to_owned()),
        ("client_id", encode(request.client.as_str())),
        ("redirect_uri", encode(request.redirect.as_str())),
    ];
    let scope = request.scope.to_string();
    pairs.extend((!scope.is_empty()).then(|| ("scope", encode(&scope))));
    pairs.extend(
        request
            .state
            .as_deref()
            .map(|state| ("state", encode_bytes(state))),
    );
    pairs.extend(
        request
            .nonce
            .as_deref()
            .map(|nonce| ("nonce", encode(nonce))),
    );
    if let Some(challenge) = request.challenge {
        pairs.push(("code_challenge", URL_SAFE_NO_PAD.encode(challenge.0)));
        pairs.push(("code_challenge_method", "S256".to_owned()));
    }
    pairs.extend(
        request
            .max_age
            .map(|seconds| ("max_age", seconds.to_string())),
    );
    pairs.extend(prompt.map(|prompt| ("prompt", encode(&prompt))));
    with_query(&issuer.endpoint("/auth"), pairs)
}
