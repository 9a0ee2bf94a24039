//! Step 2: builds the redirect to Google, reads the code that the browser
//! brings back, and verifies the ID token that the code is exchanged for. The
//! result is a [`GoogleIdentity`](crate::model::login::GoogleIdentity).
//!
//! The daemon's `clients::upstream` sends the requests.

pub mod callback;
pub mod documents;
pub mod exchange;
pub mod id_token;
mod wire;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

pub use self::callback::{CallbackAnswer, CallbackError, CallbackOutcome};
pub use self::documents::{
    GoogleKeys, GoogleMetadata, KeysError, MetadataError, TokenAuthentication,
};
pub use self::exchange::{ClientFault, GoogleTokens, TokenAnswerError, TokenRequest};
pub use self::id_token::{Expected, IdTokenError, UnverifiedIdToken};

use crate::base::ids::GoogleIssuer;
use crate::base::secret::Secret;
use crate::model::login::{PendingLogin, Prompt};

/// The directory needs the address, pages and tokens the name.
const SCOPE: &str = "openid email profile";

/// Our client at Google, from the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoogleClient {
    /// The issuer identifier of Google, as configured.
    pub issuer: GoogleIssuer,
    /// Our `client_id` at Google.
    pub client_id: String,
    /// Our `client_secret` at Google.
    pub client_secret: Secret<String>,
    /// Our issuer and `/callback`, to which Google redirects the browser.
    pub redirect_uri: String,
    /// The config's `google.prompt`; `None` sends no `prompt`.
    pub prompt: Option<String>,
}

/// Returns the URL of the authorization request to Google (OpenID Connect Core,
/// section 3.1.2.1; PKCE: RFC 7636, section 4.3). A query in the endpoint's own
/// URL is retained (RFC 6749, section 3.1).
pub fn authorization_url(
    metadata: &GoogleMetadata,
    client: &GoogleClient,
    pending: &PendingLogin,
    login_hint: Option<&str>,
) -> String {
    let verifier = pending.google_verifier();
    let values = RequestValues {
        state: &pending.google_state(),
        nonce: &pending.google_nonce(),
        verifier: verifier.expose(),
    };
    let mut url = request_url(metadata, client, &values);
    let mut query = url.query_pairs_mut();
    if let Some(prompt) = prompt(client.prompt.as_deref(), pending) {
        query.append_pair("prompt", &prompt);
    }
    if let Some(seconds) = max_age(pending) {
        query.append_pair("max_age", &seconds.to_string());
    }
    if let Some(hint) = login_hint {
        query.append_pair("login_hint", hint);
    }
    drop(query);
    url.into()
}

/// Returns the URL of a request that asks Google for nothing but an error, and
/// that belongs to no login: whether Google redirects to us or shows an error
/// page tells whether it knows the client and its redirect URI. `random` is
/// sent as state, nonce and PKCE challenge.
pub fn silent_url(metadata: &GoogleMetadata, client: &GoogleClient, random: &str) -> String {
    let values = RequestValues {
        state: random,
        nonce: random,
        verifier: random,
    };
    let mut url = request_url(metadata, client, &values);
    url.query_pairs_mut().append_pair("prompt", "none");
    url.into()
}

/// What is different in each authorization request.
struct RequestValues<'a> {
    state: &'a str,
    nonce: &'a str,
    verifier: &'a str,
}

fn request_url(
    metadata: &GoogleMetadata,
    client: &GoogleClient,
    values: &RequestValues<'_>,
) -> Url {
    let challenge = digest(&SHA256, values.verifier.as_bytes());
    let mut url = metadata.authorization_endpoint.clone();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.client_id)
        .append_pair("redirect_uri", &client.redirect_uri)
        .append_pair("scope", SCOPE)
        .append_pair("state", values.state)
        .append_pair("nonce", values.nonce)
        .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(challenge))
        .append_pair("code_challenge_method", "S256");
    url
}

/// How old the user's sign-in at Google may be (OpenID Connect Core, section
/// 3.1.2.1). Google ignores it; other providers ask for the password again.
/// Google has no `prompt=login` either, and the same section gives
/// `max_age=0` that meaning.
fn max_age(pending: &PendingLogin) -> Option<u32> {
    match pending.request.prompt {
        Prompt::Ask { login: true, .. } => Some(0),
        Prompt::Ask { .. } | Prompt::Silent | Prompt::Unspecified => pending.request.max_age,
    }
}

/// The client's prompt takes precedence over the config's. A client that sends
/// `max_age` or `prompt=login` wants the user to be asked now; at Google, only
/// the choice of the account does that.
fn prompt(configured: Option<&str>, pending: &PendingLogin) -> Option<String> {
    let fresh = pending.request.max_age.is_some();
    let (select_account, consent) = match pending.request.prompt {
        Prompt::Silent => return Some("none".to_owned()),
        Prompt::Unspecified if !fresh => {
            return configured
                .filter(|prompt| !prompt.is_empty())
                .map(str::to_owned);
        }
        Prompt::Unspecified => {
            let words = configured.unwrap_or_default();
            (true, words.split(' ').any(|word| word == "consent"))
        }
        Prompt::Ask {
            login,
            select_account,
            consent,
        } => (login || select_account || fresh, consent),
    };
    match (select_account, consent) {
        (true, true) => Some("select_account consent".to_owned()),
        (true, false) => Some("select_account".to_owned()),
        (false, true) => Some("consent".to_owned()),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests;
