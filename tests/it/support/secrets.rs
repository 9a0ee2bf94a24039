//! Collects the secrets of sign-ins, to search for them where none may be.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use fakes::browser::Shown;
use fakes::house::{House, encode};
use url::Url;
use url::form_urlencoded::parse;

/// Parameters, cookies and headers with secret values; the first are those of a
/// login, the rest Google's and DSM's.
const SECRET_NAMES: [&str; 15] = [
    "state",
    "nonce",
    "code",
    "code_challenge",
    "code_verifier",
    "client_secret",
    "access_token",
    "id_token",
    "authorization",
    "cookie",
    "passwd",
    "_sid",
    "SynoToken",
    "x-syno-token",
    "set-cookie",
];

/// All secrets that the test has seen.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<BTreeSet<String>>>);

impl Secrets {
    pub(crate) fn add(&self, secret: &str) {
        self.0.lock().unwrap().insert(secret.to_owned());
    }

    fn pairs(&self, pairs: impl Iterator<Item = (String, String)>) {
        for (name, value) in pairs {
            if !SECRET_NAMES.contains(&name.as_str()) {
                continue;
            }
            self.add(&value);
            // The first half of Google's state names the login, as the cookie's
            // name does, and is not secret. Also: `id=…`, `Basic …`.
            let inner = match name.as_str() {
                "state" => value.rsplit('.').next(),
                "cookie" => value.rsplit('=').next(),
                "authorization" => value.rsplit(' ').next(),
                _ => None,
            };
            if let Some(inner) = inner {
                self.add(inner);
            }
        }
    }

    pub(crate) fn url(&self, url: &str) {
        if let Ok(url) = Url::parse(url) {
            self.pairs(url.query_pairs().into_owned());
        }
    }

    /// Adds the secrets in a response to a browser or to DSM.
    pub(crate) fn shown(&self, shown: &Shown) {
        self.url(shown.location());
        for cookie in shown.headers("set-cookie") {
            let value = cookie.split(';').next().unwrap();
            self.add(value.split_once('=').unwrap().1);
        }
        let Ok(body) = serde_json::from_str::<serde_json::Value>(&shown.body) else {
            return;
        };
        for name in ["access_token", "id_token"] {
            body[name].as_str().into_iter().for_each(|it| self.add(it));
        }
    }

    /// Adds the secrets in requests to Google or DSM.
    pub(crate) fn watch(&self, house: &House) {
        let secrets = self.clone();
        house
            .google
            .watch(move |exchange| secrets.told(&exchange.request));
        let secrets = self.clone();
        house
            .dsm
            .watch(move |exchange| secrets.told(&exchange.request));
    }

    fn told(&self, request: &fakes::server::Received) {
        self.pairs(request.query().into_iter());
        self.pairs(parse(&request.body).into_owned());
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap()));
        self.pairs(headers.map(|(name, value)| (name, value.to_owned())));
    }

    /// Each secret as it is, percent-encoded and in base64.
    pub(crate) fn forms(&self) -> BTreeSet<String> {
        let secrets = self.0.lock().unwrap().clone();
        let secrets = secrets.into_iter().filter(|secret| !secret.is_empty());
        let forms = secrets.flat_map(|secret| {
            let base64 = STANDARD.encode(&secret);
            let base64url = URL_SAFE_NO_PAD.encode(&secret);
            [encode(&secret), base64, base64url, secret]
        });
        forms.collect()
    }
}
