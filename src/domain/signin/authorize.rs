//! Step 1: the parameters of an authorization request →
//! [`AuthorizationRequest`].
//!
//! Two functions: before the redirect URI is trusted, an error is a page; after
//! that, it is an OAuth error response (RFC 6749, section 4.1.2.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::ids::ClientId;
use crate::base::oauth::OAuthError;
use crate::base::parameters::{ParameterError, Parameters, encode, encode_bytes, shortened};
use crate::model::login::{AuthorizationRequest, CodeChallenge, Prompt, Scope};
use crate::model::relying_party::{RelyingParty, TrustedRedirect, listed, names};

/// State, nonce and redirect URI, percent-encoded, have to fit into a cookie.
const MAX_ECHOED_BYTES: usize = 1400;

/// An e-mail address is not longer.
const MAX_LOGIN_HINT_BYTES: usize = 256;

const ID_TOKEN_HINT: &str = "id_token_hint";

/// A registered client and its redirect URI.
#[derive(Debug)]
pub struct TrustedClient<'a> {
    /// The client in the config.
    pub party: &'a RelyingParty,
    /// The registered redirect URI that the request has.
    pub redirect: TrustedRedirect,
    /// The `state` to return; `None` also if it was given twice.
    pub state: Option<Vec<u8>>,
}

/// Why the user gets an error page, and the client no response.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum UntrustedRequest {
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    #[error("no client is called {asked:?}: clients.id in the config is {}", listed(.known))]
    UnknownClient { asked: String, known: Vec<String> },
    #[error(
        "the client {client} has not registered the redirect URI {asked:?}: \
         clients.redirect-uris must list it exactly as DSM sends it, and lists {}",
        listed(.registered)
    )]
    UnregisteredRedirect {
        client: ClientId,
        asked: String,
        registered: Vec<String>,
    },
    #[error("state, nonce and redirect URI have {0} bytes together; {MAX_ECHOED_BYTES} fit")]
    TooLong(usize),
}

/// Returns the registered client and redirect URI of the request.
pub fn trust<'a>(
    parameters: &Parameters,
    parties: &'a [RelyingParty],
) -> Result<TrustedClient<'a>, UntrustedRequest> {
    let client = parameters.required("client_id")?;
    let party = parties.iter().find(|party| party.id.as_str() == client);
    let Some(party) = party else {
        return Err(UntrustedRequest::UnknownClient {
            asked: shortened(client),
            known: names(parties),
        });
    };
    let asked = parameters.required("redirect_uri")?;
    let Some(redirect) = party.trust(asked) else {
        return Err(UntrustedRequest::UnregisteredRedirect {
            client: party.id.clone(),
            asked: shortened(asked),
            registered: party
                .redirect_uris
                .iter()
                .map(|uri| uri.as_str().to_owned())
                .collect(),
        });
    };
    let state = parameters.bytes("state").unwrap_or_default();
    let nonce = parameters.bytes("nonce").unwrap_or_default();
    let echoed = encode(asked).len()
        + encode_bytes(state.unwrap_or_default()).len()
        + encode_bytes(nonce.unwrap_or_default()).len();
    if echoed > MAX_ECHOED_BYTES {
        return Err(UntrustedRequest::TooLong(echoed));
    }
    Ok(TrustedClient {
        party,
        redirect,
        state: state.map(<[u8]>::to_vec),
    })
}

/// Validates all other parameters.
pub fn understand(
    parameters: &Parameters,
    client: &TrustedClient<'_>,
) -> Result<AuthorizationRequest, OAuthError> {
    parameters.bytes("state")?;
    refuse_unsupported(parameters)?;
    let prompt = prompt(parameters)?;
    let max_age = max_age(parameters)?;
    let challenge = challenge(parameters)?;
    if client.party.require_pkce && challenge.is_none() {
        return Err(OAuthError::invalid_request(
            "this client must send a PKCE code_challenge",
        ));
    }
    let login_hint = parameters.text("login_hint")?;
    parameters.text(ID_TOKEN_HINT)?;
    Ok(AuthorizationRequest {
        client: client.party.id.clone(),
        redirect: client.redirect.clone(),
        state: client.state.clone(),
        nonce: parameters.text("nonce")?.map(str::to_owned),
        scope: Scope::parse(parameters.text("scope")?.unwrap_or_default()),
        challenge,
        max_age,
        prompt,
        login_hint: login_hint
            .filter(|hint| hint.len() <= MAX_LOGIN_HINT_BYTES)
            .map(str::to_owned),
        hinted: None,
    })
}

/// Returns the `id_token_hint`, not yet verified. Only for `prompt=none`: any
/// other request lets the user choose the account.
pub fn id_token_hint<'a>(
    parameters: &'a Parameters,
    request: &AuthorizationRequest,
) -> Option<&'a str> {
    if request.prompt != Prompt::Silent {
        return None;
    }
    parameters.text(ID_TOKEN_HINT).ok().flatten()
}

/// Values above [`u32::MAX`] seconds, 136 years, are reduced to it.
fn max_age(parameters: &Parameters) -> Result<Option<u32>, OAuthError> {
    let Some(text) = parameters.text("max_age")? else {
        return Ok(None);
    };
    let seconds: u64 = text
        .parse()
        .map_err(|_| OAuthError::invalid_request("max_age is not a whole number of seconds"))?;
    Ok(Some(u32::try_from(seconds).unwrap_or(u32::MAX)))
}

/// OpenID Connect Core, sections 3.1.2.2 and 6; RFC 6749, section 4.1.1.
fn refuse_unsupported(parameters: &Parameters) -> Result<(), OAuthError> {
    let unsupported = [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ];
    for (name, code) in unsupported {
        if parameters.bytes(name)?.is_some() {
            let description = format!("the parameter {name} is not supported");
            return Err(OAuthError::new(code, description));
        }
    }
    if parameters.required("response_type")? != "code" {
        return Err(OAuthError::new(
            "unsupported_response_type",
            "the only response_type is code",
        ));
    }
    if !matches!(parameters.text("response_mode")?, None | Some("query")) {
        return Err(OAuthError::invalid_request(
            "the only response_mode is query",
        ));
    }
    Ok(())
}

/// OpenID Connect Core, section 3.1.2.1: a space-separated list, or `none`.
/// Unknown words are ignored.
fn prompt(parameters: &Parameters) -> Result<Prompt, OAuthError> {
    let text = parameters.text("prompt")?.unwrap_or_default();
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    if words.contains(&"none") {
        if words.len() > 1 {
            return Err(OAuthError::invalid_request(
                "prompt=none goes with no other value",
            ));
        }
        return Ok(Prompt::Silent);
    }
    let login = words.contains(&"login");
    let select_account = words.contains(&"select_account");
    let consent = words.contains(&"consent");
    if !login && !select_account && !consent {
        return Ok(Prompt::Unspecified);
    }
    Ok(Prompt::Ask {
        login,
        select_account,
        consent,
    })
}

/// RFC 7636, section 4.3. Only S256 (RFC 9700, section 2.1.1); a challenge
/// without a method would be `plain`.
fn challenge(parameters: &Parameters) -> Result<Option<CodeChallenge>, OAuthError> {
    let challenge = parameters.text("code_challenge")?;
    let method = parameters.text("code_challenge_method")?;
    let challenge = match (challenge, method) {
        (None, None) => return Ok(None),
        (Some(challenge), Some("S256")) => challenge,
        (Some(_), _) => {
            return Err(OAuthError::invalid_request(
                "the only code_challenge_method is S256",
            ));
        }
        (None, Some(_)) => {
            return Err(OAuthError::invalid_request(
                "a code_challenge_method without a code_challenge",
            ));
        }
    };
    let decoded = URL_SAFE_NO_PAD.decode(challenge).ok();
    let hash = decoded.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let Some(hash) = hash else {
        return Err(OAuthError::invalid_request(
            "a code_challenge is 43 base64url characters",
        ));
    };
    Ok(Some(CodeChallenge(hash)))
}
