//! Every error → page, OAuth error or Bearer challenge: one match each.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::StatusCode;
use hyper::header::WWW_AUTHENTICATE;

use super::limits::RetryAfter;
use super::pages::{Page, PageContext};
use super::request::{Language, RequestId};
use super::response::{
    Reply, challenge, description, oauth, see_other, with_header, with_retry_after,
};
use crate::app::AppState;
use crate::flow::{BearerError, FlowError, RefusedRequest, TokenError};
use domain::base::issuer::Issuer;
use domain::base::oauth::OAuthError;
use domain::base::parameters::{encode, encode_bytes, with_query};
use domain::model::login::{AuthorizationRequest, Prompt};
use domain::model::relying_party::TrustedRedirect;
use domain::signin::token::Unredeemable;

/// How long before a power-off the pages say so.
const WARNING: Duration = Duration::from_mins(15);

/// The directory of the DSM package.
const PACKAGE: &str = "/var/packages/google-to-synology-sso";

/// `Retry-After` of a temporary failure.
const TEMPORARY_SECONDS: u64 = 30;

/// Builds the responses to a browser, from what they need of the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Responder<'a> {
    pub(crate) app: &'a AppState,
    pub(crate) issuer: &'a Issuer,
    pub(crate) language: Language,
    pub(crate) id: &'a RequestId,
    /// The URL of the NAS.
    pub(super) nas: &'a str,
}

/// Returns the path of the package's log, which is public, or the config key
/// that has another path: anyone can read a page.
fn log_place(file: &Path) -> &str {
    let public = file.to_str().filter(|_| file.starts_with(PACKAGE));
    public.unwrap_or("log.file")
}

impl Responder<'_> {
    pub(crate) fn page(&self, status: StatusCode, page: &Page<'_>) -> Reply {
        let config = &self.app.config;
        let context = PageContext {
            language: self.language,
            id: self.id,
            nas: self.nas,
            nas_name: config.clients.first().map(|client| client.name.as_str()),
            log: config.log.file.as_deref().map(log_place),
            off_at: self.app.soon_off(WARNING),
        };
        page.reply(status, &context)
    }

    /// A redirect to the client (RFC 6749, sections 4.1.2 and 4.1.2.1), with
    /// its state and our `iss` (RFC 9207, section 2).
    pub(super) fn redirect_to_client(
        &self,
        redirect: &TrustedRedirect,
        state: Option<&[u8]>,
        mut pairs: Vec<(&'static str, String)>,
    ) -> Reply {
        pairs.extend(state.map(|state| ("state", encode_bytes(state))));
        pairs.push(("iss", encode(self.issuer.as_str())));
        see_other(&with_query(redirect.as_str(), pairs))
    }

    /// The response to a browser at `/auth` or `/callback`.
    pub(super) fn login(&self, error: &FlowError) -> Reply {
        match error {
            FlowError::Untrusted(error) => {
                let error = Some(error);
                self.page(StatusCode::BAD_REQUEST, &Page::BadRequest { error })
            }
            FlowError::Rejected(rejected) => {
                let state = rejected.state.as_deref();
                self.client_error(&rejected.redirect, state, &rejected.error)
            }
            FlowError::Denied { request, error } => self.request_error(request, error),
            FlowError::Callback(_) => self.page(StatusCode::BAD_REQUEST, &Page::BadCallback),
            FlowError::NoSuchLogin => self.page(StatusCode::BAD_REQUEST, &Page::NoSuchLogin),
            FlowError::AlreadyUsed(_) => self.page(StatusCode::BAD_REQUEST, &Page::AlreadyUsed),
            FlowError::GoogleFailed { request, source } => {
                if request.prompt == Prompt::Silent {
                    let error =
                        OAuthError::new("temporarily_unavailable", "Google cannot be reached");
                    return self.request_error(request, &error);
                }
                let retry = retry_url(self.issuer, request, prompt(request));
                let page = match source.client_fault() {
                    Some(fault) => Page::GoogleRejectsUs {
                        fault,
                        redirect_uri: self.issuer.endpoint("/callback"),
                        retry,
                    },
                    None => Page::GoogleFailed { retry },
                };
                self.page(StatusCode::BAD_GATEWAY, &page)
            }
            FlowError::Refused(refused) => self.refused(refused),
            FlowError::Store(_) | FlowError::Random(_) | FlowError::Seal(_) => {
                self.page(StatusCode::INTERNAL_SERVER_ERROR, &Page::Broken)
            }
        }
    }

    /// With `prompt=none`, a refusal is not a page (OpenID Connect Core,
    /// section 3.1.2.6).
    fn refused(&self, refused: &RefusedRequest) -> Reply {
        let request = &refused.request;
        let refusal = refused.refused.refusal;
        if request.prompt == Prompt::Silent {
            let code = if refusal.is_temporary() {
                "temporarily_unavailable"
            } else {
                "access_denied"
            };
            return self.request_error(request, &OAuthError::new(code, refusal.name()));
        }
        let page = Page::Refused {
            refusal,
            address: refused.address.as_deref(),
            detail: refused.refused.detail.as_ref(),
            slow: refused.slow,
            retry: retry_url(self.issuer, request, Some("select_account".to_owned())),
        };
        if !refusal.is_temporary() {
            return self.page(StatusCode::FORBIDDEN, &page);
        }
        temporary(self.page(StatusCode::SERVICE_UNAVAILABLE, &page))
    }

    fn request_error(&self, request: &AuthorizationRequest, error: &OAuthError) -> Reply {
        self.client_error(&request.redirect, request.state.as_deref(), error)
    }

    fn client_error(
        &self,
        redirect: &TrustedRedirect,
        state: Option<&[u8]>,
        error: &OAuthError,
    ) -> Reply {
        let pairs = vec![
            ("error", encode(error.code)),
            ("error_description", encode(&description(error))),
        ];
        self.redirect_to_client(redirect, state, pairs)
    }

    /// The page for a client address that is over its limit.
    pub(super) fn too_many(&self, wait: RetryAfter) -> Reply {
        let page = self.page(StatusCode::TOO_MANY_REQUESTS, &Page::TooMany);
        with_retry_after(page, wait.0)
    }
}

pub(super) fn temporary(reply: Reply) -> Reply {
    with_retry_after(reply, TEMPORARY_SECONDS)
}

/// The response to a client at `/token` (RFC 6749, section 5.2).
pub(super) fn token(error: &TokenError, id: &RequestId) -> Reply {
    match error {
        TokenError::OAuth(error) => oauth(StatusCode::BAD_REQUEST, error),
        TokenError::Revoked(_) => oauth(StatusCode::BAD_REQUEST, &Unredeemable::Refused.into()),
        TokenError::Store(_)
        | TokenError::Random(_)
        | TokenError::Key(_)
        | TokenError::Claims(_) => {
            let description = format!("see the log for request {id}");
            let error = OAuthError::new("server_error", description);
            oauth(StatusCode::INTERNAL_SERVER_ERROR, &error)
        }
    }
}

/// RFC 6749, section 5.2: the response names the authentication scheme.
pub(super) fn invalid_client() -> Reply {
    let error = OAuthError::new("invalid_client", "the client ID or the secret is wrong");
    let reply = oauth(StatusCode::UNAUTHORIZED, &error);
    with_header(
        reply,
        WWW_AUTHENTICATE,
        "Basic realm=\"google-to-synology-sso\"",
    )
}

/// The response to a client address that sent too many wrong secrets.
pub(super) fn too_many_guesses(wait: RetryAfter) -> Reply {
    let error = OAuthError::new("invalid_client", "too many wrong secrets; try again later");
    let reply = oauth(StatusCode::TOO_MANY_REQUESTS, &error);
    with_retry_after(reply, wait.0)
}

/// RFC 6750, section 3: without a token, the response has no error code.
pub(super) fn bearer_missing() -> Reply {
    challenge(StatusCode::UNAUTHORIZED, "Bearer")
}

/// RFC 6750, section 3.1: the request has two tokens.
pub(super) fn bearer_doubled() -> Reply {
    challenge(StatusCode::BAD_REQUEST, "Bearer error=\"invalid_request\"")
}

/// The response to a client at `/userinfo`.
pub(super) fn bearer(error: &BearerError) -> Reply {
    match error {
        BearerError::InvalidToken | BearerError::Revoked(_) => {
            challenge(StatusCode::UNAUTHORIZED, "Bearer error=\"invalid_token\"")
        }
        BearerError::Store(_) => {
            let error = OAuthError::new("server_error", "see the log");
            oauth(StatusCode::INTERNAL_SERVER_ERROR, &error)
        }
    }
}

/// The `prompt` of a request as the client sent it.
fn prompt(request: &AuthorizationRequest) -> Option<String> {
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
    let scope = request.scope.to_string();
    let challenge = request.challenge.map(|it| URL_SAFE_NO_PAD.encode(it.0));
    let method = challenge.is_some().then(|| "S256".to_owned());
    let pairs = [
        ("response_type", Some("code".to_owned())),
        ("client_id", Some(encode(request.client.as_str()))),
        ("redirect_uri", Some(encode(request.redirect.as_str()))),
        ("scope", (!scope.is_empty()).then(|| encode(&scope))),
        ("state", request.state.as_deref().map(encode_bytes)),
        ("nonce", request.nonce.as_deref().map(encode)),
        ("code_challenge", challenge),
        ("code_challenge_method", method),
        (
            "max_age",
            request.max_age.map(|seconds| seconds.to_string()),
        ),
        ("prompt", prompt.map(|prompt| encode(&prompt))),
    ];
    let pairs = pairs.into_iter();
    let sent = pairs.filter_map(|(name, value)| Some((name, value?)));
    with_query(&issuer.endpoint("/auth"), sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_no_path_of_the_machine_but_the_package_s() {
        let package = "/var/packages/google-to-synology-sso/var/google-to-synology-sso.log";
        assert_eq!(log_place(Path::new(package)), package);
        for other in ["/home/jeanne/sso.log", "/var/packages/other/log", "sso.log"] {
            assert_eq!(log_place(Path::new(other)), "log.file");
        }
    }
}
