//! The requests that clients send to the token endpoint.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use crate::base::ids::ClientId;
use crate::base::oauth::OAuthError;
use crate::base::parameters::{Parameters, shortened};
use crate::base::secret::Secret;
use crate::model::relying_party::{RelyingParty, listed, names};

/// A client's ID and secret, not yet compared.
///
/// In the header both are form-encoded (RFC 6749, section 2.3.1), but many
/// clients do not encode them. So a header has two readings; either may match.
#[derive(Debug)]
pub struct Credentials {
    ids: Vec<String>,
    secrets: Vec<Secret<String>>,
}

/// Why a client's ID and secret are rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum AuthenticationError {
    #[error("the request has no client ID and secret")]
    Missing,
    #[error("no client is called {asked:?}: clients.id in the config is {}", listed(.known))]
    UnknownClient { asked: String, known: Vec<String> },
    #[error(
        "the secret of the client {client} is wrong: it has {received} characters, and \
         clients.secret-file has {expected}"
    )]
    WrongSecret {
        client: ClientId,
        received: usize,
        expected: usize,
    },
}

impl Credentials {
    /// Reads `client_secret_basic` from the Authorization header or
    /// `client_secret_post` from the form; both at once are an error (RFC 6749,
    /// section 2.3).
    pub fn find(
        authorization: Option<&str>,
        form: &Parameters,
    ) -> Result<Option<Self>, OAuthError> {
        let id = form.text("client_id")?;
        let secret = form.text("client_secret")?;
        match (authorization, id, secret) {
            (Some(_), _, Some(_)) => Err(OAuthError::invalid_request(
                "the client authenticates twice, in the header and in the form",
            )),
            (Some(header), id, None) => {
                let found = basic(header);
                let is_another = |basic: &Self, id| basic.ids.iter().all(|found| found != id);
                let another = found
                    .as_ref()
                    .is_some_and(|basic| id.is_some_and(|id| is_another(basic, id)));
                if another {
                    return Err(OAuthError::invalid_request(
                        "client_id is not that of the Authorization header",
                    ));
                }
                Ok(found)
            }
            (None, Some(id), Some(secret)) => Ok(Some(Self {
                ids: vec![id.to_owned()],
                secrets: vec![Secret::new(secret.to_owned())],
            })),
            (None, _, _) => Ok(None),
        }
    }

    /// Returns the client whose ID and secret these are. Each form of the
    /// secret is compared, whether or not another one matches: the time taken
    /// must not tell which. The administration page has no secret.
    pub fn authenticate<'a>(
        &self,
        parties: &'a [RelyingParty],
    ) -> Result<&'a RelyingParty, AuthenticationError> {
        let is_one = |party: &&RelyingParty| self.ids.iter().any(|id| party.id.as_str() == id);
        let mut with_secret = parties.iter().filter(|party| !party.is_administration());
        let Some(party) = with_secret.find(is_one) else {
            let id = self.ids.first().map_or("", String::as_str);
            return Err(AuthenticationError::UnknownClient {
                asked: shortened(id),
                known: names(parties),
            });
        };
        let matches = |guess: &Secret<String>| party.secret.matches(guess.expose().as_bytes());
        let right = self
            .secrets
            .iter()
            .fold(false, |right, guess| right | matches(guess));
        if !right {
            let length = |secret: &Secret<String>| secret.expose().chars().count();
            return Err(AuthenticationError::WrongSecret {
                client: party.id.clone(),
                received: self.secrets.first().map_or(0, length),
                expected: length(&party.secret),
            });
        }
        Ok(party)
    }
}

fn basic(header: &str) -> Option<Credentials> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Secret::new(STANDARD.decode(encoded.trim()).ok()?);
    let text = std::str::from_utf8(decoded.expose()).ok()?;
    let (id, secret) = text.split_once(':')?;
    let forms = |half: &str| form_decode(half).into_iter().chain([half.to_owned()]);
    Some(Credentials {
        ids: forms(id).collect(),
        secrets: forms(secret).map(Secret::new).collect(),
    })
}

fn form_decode(text: &str) -> Option<String> {
    let spaced = Secret::new(text.replace('+', " "));
    let decoded = percent_decode_str(spaced.expose()).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// A valid token request of an authenticated client.
#[derive(Debug)]
pub struct TokenRequest {
    /// The authorization code to redeem.
    pub code: Secret<String>,
    /// The redirect URI, which must be that of the authorization request.
    pub redirect_uri: String,
    /// The PKCE `code_verifier`, if the client sent one.
    pub verifier: Option<Secret<String>>,
}

impl TokenRequest {
    /// Parses the form (RFC 6749, section 4.1.3).
    pub fn parse(form: &Parameters) -> Result<Self, OAuthError> {
        if form.required("grant_type")? != "authorization_code" {
            return Err(OAuthError::new(
                "unsupported_grant_type",
                "the only grant_type is authorization_code",
            ));
        }
        let verifier = form.text("code_verifier")?;
        Ok(Self {
            code: Secret::new(form.required("code")?.to_owned()),
            redirect_uri: form.required("redirect_uri")?.to_owned(),
            verifier: verifier.map(|verifier| Secret::new(verifier.to_owned())),
        })
    }
}
