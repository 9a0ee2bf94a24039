//! The requests that the NAS itself sends to the provider.

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::base::secret::Secret;
use google_to_synology_sso::clients::http_client::{Answer, HttpClientError};
use hyper::Request;
use hyper::http::request;
use serde_json::Value;
use url::form_urlencoded;

use super::{Failure, Page, SsoSettings, Stored};

/// Larger than any response of a provider.
const MAX_BYTES: usize = 1 << 20;

/// Uses the provider in the settings of one login.
#[derive(Clone, Copy, Debug)]
pub(super) struct Provider<'a> {
    page: &'a Page,
    settings: &'a SsoSettings,
}

impl<'a> Provider<'a> {
    pub(super) fn new(page: &'a Page, settings: &'a SsoSettings) -> Self {
        Self { page, settings }
    }

    pub(super) async fn metadata(&self) -> Result<Value, Failure> {
        let url = &self.settings.well_known;
        let answer = self.page.http.get(asking(url), MAX_BYTES).await;
        let metadata = self.json("GET", url, answer);
        metadata.ok_or(Failure::NoMetadata)
    }

    /// Returns the stored endpoint, or that of the metadata after a set-up by
    /// the dialog.
    pub(super) fn authorization_endpoint(&self, metadata: &'a Value) -> Result<&'a str, Failure> {
        match &self.settings.stored {
            Stored::Endpoints { authorization, .. } => stored(authorization),
            Stored::ByTheDialog | Stored::NotOffered => url_in(metadata, "authorization_endpoint"),
        }
    }

    fn token_endpoint(&self, metadata: &'a Value) -> Result<&'a str, Failure> {
        match &self.settings.stored {
            Stored::Endpoints { token, .. } => stored(token),
            Stored::ByTheDialog | Stored::NotOffered => url_in(metadata, "token_endpoint"),
        }
    }

    /// Uses `client_secret_post` and repeats the redirect URI, which tsidp and
    /// Dex both require.
    pub(super) async fn redeem(&self, metadata: &'a Value, code: &str) -> Result<Value, Failure> {
        let url = self.token_endpoint(metadata)?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("client_secret", &self.settings.client_secret)
            .finish();
        let posted = &self.page.http;
        let posted = posted.post_form(asking(url), Secret::new(form), MAX_BYTES);
        let tokens = self.json("POST", url, posted.await);
        tokens.ok_or(Failure::BadProvider)
    }

    pub(super) async fn userinfo(
        &self,
        metadata: &Value,
        tokens: &Value,
    ) -> Result<Value, Failure> {
        let url = url_in(metadata, "userinfo_endpoint")?;
        let token = text_in(tokens, "access_token")?;
        let request = asking(url).header("authorization", format!("Bearer {token}"));
        let answer = self.page.http.get(request, MAX_BYTES).await;
        let userinfo = self.json("GET", url, answer);
        userinfo.ok_or(Failure::BadProvider)
    }

    /// Checks that the provider signed the ID token for this client. DSM does a
    /// similar check, since a provider without an RSA key fails; its extent is
    /// a guess. Times are not checked, because tests use their own clocks.
    pub(super) async fn verify(&self, metadata: &Value, tokens: &Value) -> Result<(), Failure> {
        let url = url_in(metadata, "jwks_uri")?;
        let answer = self.page.http.get(asking(url), MAX_BYTES).await;
        let keys = self.json("GET", url, answer);
        let keys = keys.ok_or(Failure::BadProvider)?;
        let token = text_in(tokens, "id_token")?;
        let client_id = &self.settings.client_id;
        let Some(problem) = problem_of(token, &keys, metadata, client_id) else {
            return Ok(());
        };
        self.page.note(format!("DSM: {problem}"));
        Err(Failure::BadProvider)
    }

    /// Returns the JSON of a 200 response; any other is logged. The log
    /// contains no query, which could contain a code.
    fn json(
        &self,
        method: &str,
        url: &str,
        answer: Result<Answer, HttpClientError>,
    ) -> Option<Value> {
        let place = url.split_once('?').map_or(url, |(place, _)| place);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.page.note(format!("NAS: {method} {place} -> {error}"));
                return None;
            }
        };
        let status = answer.status.as_u16();
        self.page.note(format!("NAS: {method} {place} -> {status}"));
        if status != 200 {
            return None;
        }
        serde_json::from_slice(&answer.body).ok()
    }
}

/// Builds a request with an empty User-Agent, as in pocket-id's log.
fn asking(url: &str) -> request::Builder {
    Request::builder().uri(url).header("user-agent", "")
}

/// Returns a text field of a document of the provider.
fn text_in<'a>(document: &'a Value, name: &str) -> Result<&'a str, Failure> {
    let text = document.get(name).and_then(Value::as_str);
    text.ok_or(Failure::BadProvider)
}

fn stored(endpoint: &str) -> Result<&str, Failure> {
    if endpoint.is_empty() {
        Err(Failure::BadProvider)
    } else {
        Ok(endpoint)
    }
}

/// Returns a URL in the metadata.
fn url_in<'a>(metadata: &'a Value, name: &str) -> Result<&'a str, Failure> {
    text_in(metadata, name).map_err(|_| Failure::NoMetadata)
}

fn problem_of(
    token: &str,
    keys: &Value,
    metadata: &Value,
    client_id: &str,
) -> Option<&'static str> {
    let keys = keys["keys"].as_array().map_or(&[][..], Vec::as_slice);
    let mut rsa = keys.iter().filter(|key| key["kty"] == "RSA").peekable();
    if rsa.peek().is_none() {
        return Some("the provider has no RSA key");
    }
    let Some((signed, signature)) = token.rsplit_once('.') else {
        return Some("the ID token has not three parts");
    };
    let Some((header, claims)) = signed.split_once('.') else {
        return Some("the ID token has not three parts");
    };
    let (Some(header), Some(claims)) = (decoded(header), decoded(claims)) else {
        return Some("the ID token holds no JSON");
    };
    if header["alg"] != "RS256" {
        return Some("the ID token is not signed with RS256");
    }
    let Some(key) = rsa.find(|key| key["kid"] == header["kid"]) else {
        return Some("the ID token is signed with a key that the provider does not list");
    };
    if !is_signed(signed, signature, key) {
        return Some("the ID token's signature is wrong");
    }
    if claims["iss"] != metadata["issuer"] {
        return Some("the ID token has another issuer than the metadata");
    }
    // tsidp sends a list, and works with DSM.
    let listed = claims["aud"].as_array().is_some_and(|audiences| {
        let mut audiences = audiences.iter();
        audiences.any(|audience| audience == client_id)
    });
    if !listed && claims["aud"] != client_id {
        return Some("the ID token is for another client");
    }
    None
}

fn decoded(part: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn is_signed(signed: &str, signature: &str, key: &Value) -> bool {
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok();
    let (Some(n), Some(e)) = (number("n"), number("e")) else {
        return false;
    };
    let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
        return false;
    };
    let key = RsaPublicKeyComponents { n, e };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &signature)
        .is_ok()
}
