//! What a relying party sends to the token endpoint.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use crate::oauth::OAuthError;
use crate::parameters::Parameters;
use crate::relying_party::RelyingParty;
use crate::secret::Secret;

/// A relying party's id and secret, not yet compared.
#[derive(Debug)]
pub struct Credentials {
    id: String,
    secret: Secret<String>,
}

impl Credentials {
    /// Takes `client_secret_basic` from the Authorization header or
    /// `client_secret_post` from the form; both at once are an error (RFC 6749,
    /// section 2.3). `None`: there are none.
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
                let other = found
                    .as_ref()
                    .is_some_and(|basic| id.is_some_and(|id| id != basic.id));
                if other {
                    return Err(OAuthError::invalid_request(
                        "client_id is not that of the Authorization header",
                    ));
                }
                Ok(found)
            }
            (None, Some(id), Some(secret)) => Ok(Some(Self {
                id: id.to_owned(),
                secret: Secret::new(secret.to_owned()),
            })),
            (None, _, _) => Ok(None),
        }
    }

    /// The relying party whose secret this is.
    pub fn authenticate<'a>(&self, parties: &'a [RelyingParty]) -> Option<&'a RelyingParty> {
        let party = parties.iter().find(|party| party.id.as_str() == self.id)?;
        let guess = self.secret.expose().as_bytes();
        party.secret.matches(guess).then_some(party)
    }
}

/// RFC 6749, section 2.3.1: both halves are form-encoded before they are put
/// together.
fn basic(header: &str) -> Option<Credentials> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = Secret::new(STANDARD.decode(encoded.trim()).ok()?);
    let text = std::str::from_utf8(decoded.expose()).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some(Credentials {
        id: form_decode(id)?,
        secret: Secret::new(form_decode(secret)?),
    })
}

fn form_decode(text: &str) -> Option<String> {
    let spaced = Secret::new(text.replace('+', " "));
    let decoded = percent_decode_str(spaced.expose()).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// A request for tokens, of good form, from an authenticated relying party.
#[derive(Debug)]
pub struct TokenRequest {
    /// The authorization code.
    pub code: Secret<String>,
    /// The redirect URI, which must be that of the authorization request.
    pub redirect_uri: String,
    /// The PKCE verifier.
    pub verifier: Option<Secret<String>>,
}

impl TokenRequest {
    /// RFC 6749, section 4.1.3.
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
