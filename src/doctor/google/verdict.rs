//! What Google's responses tell about our client, its redirect URI and its
//! secret.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use url::Url;

use crate::clients::http_client::{Answer, HttpClientError};
use crate::config::Config;
use crate::doctor::Finding;
use crate::logging::error_chain;
use domain::base::parameters::shortened;
use domain::signin::google::{GoogleClient, GoogleMetadata, GoogleTokens, TokenAnswerError};

const CONSOLE: &str = "Google Cloud console > APIs & Services > Credentials";

/// Google writes it with padding, without it if a program encoded it again.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Google's codes for a client that cannot be used, in its "Using OAuth 2.0 for
/// Web Server Applications" or in reports.
const CODES: [&str; 8] = [
    "redirect_uri_mismatch",
    "invalid_client",
    "deleted_client",
    "disabled_client",
    "unauthorized_client",
    "org_internal",
    "invalid_request",
    "invalid_scope",
];

/// What a response shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Google knows the client and its redirect URI.
    Known,
    /// Google rejects the client, by one of [`CODES`].
    Fault(&'static str),
    /// Google rejects the client's secret, or the client itself.
    WrongSecret,
    /// Neither: what came instead.
    Unclear(String),
}

/// Judges the response of the authorization endpoint to a request with
/// `prompt=none` that belongs to no session.
///
/// Google checks client and redirect URI first. It shows an error in them on
/// its own page, and redirects to us for any other.
pub(super) fn of_authorization(
    answer: &Result<Answer, HttpClientError>,
    client: &GoogleClient,
    metadata: &GoogleMetadata,
) -> Verdict {
    match answer {
        Err(HttpClientError::Redirect { location }) => of_redirect(location, client, metadata),
        Err(error) => Verdict::Unclear(shortened(&error_chain(error))),
        // As Google did until 2020 or so, and other providers do.
        Ok(answer) if answer.status.is_client_error() => {
            let page = String::from_utf8_lossy(&answer.body);
            let code = CODES.iter().find(|code| page.contains(**code));
            code.map_or_else(|| unclear(answer), |code| Verdict::Fault(code))
        }
        Ok(answer) => unclear(answer),
    }
}

fn unclear(answer: &Answer) -> Verdict {
    Verdict::Unclear(format!("HTTP status {}", answer.status.as_u16()))
}

fn of_redirect(location: &str, client: &GoogleClient, metadata: &GoogleMetadata) -> Verdict {
    let Ok(to) = metadata.authorization_endpoint.join(location) else {
        return Verdict::Unclear(shortened(location));
    };
    if is_callback(&to, &client.redirect_uri) {
        return Verdict::Known;
    }
    let mut pairs = to.query_pairs();
    let error = pairs.find_map(|(name, value)| (name == "authError").then_some(value));
    if let Some(error) = error {
        let code = code_in(&error).unwrap_or_default();
        let known = CODES.iter().find(|known| **known == code);
        return known.map_or_else(
            || Verdict::Unclear(format!("the error {:?}", shortened(&code))),
            |code| Verdict::Fault(code),
        );
    }
    // The page that asks for an account. It was seen for other prompts.
    if to.origin() == metadata.authorization_endpoint.origin() && to.path().contains("/signin/") {
        return Verdict::Known;
    }
    Verdict::Unclear(format!("a redirect to {}", shortened(location)))
}

fn is_callback(to: &Url, redirect_uri: &str) -> bool {
    let mut bare = to.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    let ours = Url::parse(redirect_uri);
    ours.is_ok_and(|ours| ours == bare) && to.query_pairs().any(|(name, _)| name == "error")
}

/// Returns the code in Google's `authError`: base64 of a protobuf whose first
/// field is the code.
fn code_in(error: &str) -> Option<String> {
    // A form decodes `+` as a space.
    let text = error.replace(['+', ' '], "-").replace('/', "_");
    let message = BASE64.decode(text).ok()?;
    let (&[0x0A, length], rest) = message.split_first_chunk::<2>()? else {
        return None;
    };
    let code = rest.get(..usize::from(length))?;
    String::from_utf8(code.to_vec()).ok()
}

/// Judges the response of the token endpoint to an impossible code. Any other
/// error proves nothing.
pub(super) fn of_token(answer: &Result<Answer, HttpClientError>) -> Option<Verdict> {
    let answer = answer.as_ref().ok()?;
    match GoogleTokens::parse(&answer.body) {
        Err(TokenAnswerError::Refused(code)) if code == "invalid_client" => {
            Some(Verdict::WrongSecret)
        }
        Ok(_) | Err(_) => None,
    }
}

impl Verdict {
    pub(super) fn finding(self, name: &str, config: &Config) -> Finding {
        let uri = config.issuer.endpoint("/callback");
        let id = &config.google.client_id;
        let why = match self {
            Self::Known => {
                let message = format!("Google knows the client {id} and the redirect URI {uri}");
                return Finding::ok(name, message);
            }
            Self::Unclear(what) => {
                let message = format!(
                    "whether Google knows the client and the redirect URI {uri} cannot be \
                     determined without a sign-in: Google returned {what}"
                );
                return Finding::warn(name, message);
            }
            Self::Fault("org_internal") => {
                let message = format!(
                    "Google admits only accounts of your organisation to the client {id}: choose \
                     External in Google Cloud console > Google Auth Platform > Audience, unless \
                     you want this"
                );
                return Finding::warn(name, message);
            }
            Self::WrongSecret => format!(
                "Google rejects the client secret of {id} (invalid_client): copy it from {CONSOLE} \
                 to the file of google.client-secret-file, then run sudo -u \
                 google-to-synology-sso google-to-synology-sso reload"
            ),
            Self::Fault("redirect_uri_mismatch") => format!(
                "the redirect URI is not registered at Google (redirect_uri_mismatch): add {uri}, \
                 character by character, in {CONSOLE} > {id} > Authorized redirect URIs"
            ),
            Self::Fault("invalid_client") => format!(
                "Google does not know the client ID {id} (invalid_client): copy it from {CONSOLE} \
                 to google.client-id"
            ),
            Self::Fault("deleted_client") => format!(
                "the client {id} was deleted at Google (deleted_client): restore it in {CONSOLE}, \
                 or create another one and set google.client-id and its secret"
            ),
            Self::Fault("disabled_client") => format!(
                "the client {id} is disabled at Google (disabled_client): enable it in {CONSOLE}"
            ),
            Self::Fault(code) => format!(
                "Google rejects the client {id} with the redirect URI {uri} ({code}): check both \
                 in {CONSOLE}; the type must be Web application"
            ),
        };
        Finding::fail(name, why)
    }
}

#[cfg(test)]
mod tests;
