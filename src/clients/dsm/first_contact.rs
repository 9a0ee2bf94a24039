//! The first contact with DSM, before there is a config: whether DSM answers at
//! a URL, and what it says of itself and of the account.

use std::time::Duration;

use hyper::{Request, StatusCode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use super::settings::WebWire;
use super::{Call, DsmClient, DsmError, WebSettings, session, wire};
use crate::clients::http_client::{HttpClient, HttpClientError, Trust};
use domain::base::secret::Secret;
use domain::base::web_url::is_loopback;

/// DSM answers this from memory, and anyone may ask it.
const QUERY: &str = "api=SYNO.API.Info&version=1&method=query&query=SYNO.API.Auth";

/// A port of this machine accepts or refuses a connection at once.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The whole list of DSM's APIs, which some releases may send, has 100 kB.
const MAX_BYTES: usize = 256 * 1024;

/// The time-out of each request after DSM was found. A disk may have to wake
/// up.
pub const FIRST_TIMEOUT: Duration = Duration::from_secs(10);

/// What DSM said in the session that its first visitor opened.
#[derive(Debug)]
pub struct FirstVisit {
    /// Whether the account may list the users.
    pub users: Result<(), DsmError>,
    /// The ports and the name of DSM.
    pub web: Result<WebSettings, DsmError>,
}

/// Returns the URL at which DSM answers: `url`, or, if DSM redirects http to
/// https there, the https URL of the same loopback host. Sends nothing secret.
pub async fn find(url: &str) -> Option<String> {
    match is_dsm(url).await {
        Ok(is_dsm) => is_dsm.then(|| url.to_owned()),
        Err(HttpClientError::Redirect { location }) => {
            let https = on_https(url, &location)?;
            is_dsm(&https)
                .await
                .is_ok_and(|is_dsm| is_dsm)
                .then_some(https)
        }
        Err(_) => None,
    }
}

/// Returns the URL of the port to which `url` redirects. Keeps the host: the
/// redirect may have the public one, where DSM would treat us as a remote
/// client.
fn on_https(url: &str, location: &str) -> Option<String> {
    let mut own = Url::parse(url).ok()?;
    let target = own.join(location).ok()?;
    if own.scheme() == "https" || target.scheme() != "https" || !is_loopback(&own) {
        return None;
    }
    own.set_scheme("https").ok()?;
    own.set_port(target.port_or_known_default()).ok()?;
    Some(own.origin().ascii_serialization())
}

async fn is_dsm(url: &str) -> Result<bool, HttpClientError> {
    let is_own = Url::parse(url).is_ok_and(|url| is_loopback(&url));
    let trust = if is_own {
        Trust::DangerousAnyCertificate
    } else {
        Trust::SystemAuthorities
    };
    let url = format!("{}/webapi/entry.cgi?{QUERY}", url.trim_end_matches('/'));
    let client = HttpClient::new(trust, TIMEOUT);
    let answer = client.get(Request::builder().uri(url), MAX_BYTES).await?;
    let known: Result<InfoWire, _> = serde_json::from_slice(&answer.body);
    Ok(answer.status == StatusCode::OK && known.is_ok_and(|info| info.success))
}

/// Only DSM has this field.
#[derive(Deserialize)]
struct InfoWire {
    success: bool,
    #[serde(rename = "data")]
    _apis: ApisWire,
}

#[derive(Deserialize)]
struct ApisWire {
    #[serde(rename = "SYNO.API.Auth")]
    _auth: IgnoredAny,
}

impl DsmClient {
    /// Signs in with `password`, and out again. Never tries a second time: DSM
    /// blocks an address after some wrong sign-ins.
    #[tracing::instrument(name = "dsm.visit", skip_all)]
    pub async fn visit(&self, password: &Secret<String>) -> Result<FirstVisit, DsmError> {
        let session = self.open(password).await?;
        let users = self.post(
            Call::ListUsers,
            Some(&session),
            &[("offset", "0"), ("limit", "1")],
        );
        let users = users
            .await
            .and_then(|body| wire::success(Call::ListUsers, &body));
        let web = self.post(Call::ReadWebSettings, Some(&session), &[]).await;
        let web = web.and_then(|body| wire::data::<WebWire>(Call::ReadWebSettings, &body));
        session::end(self, &session, None).await;
        Ok(FirstVisit {
            users,
            web: web.map(WebSettings::from),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::on_https;

    #[test]
    fn a_redirect_to_https_keeps_the_loopback_host() {
        let check = |url: &str, location: &str, expected: Option<&str>| {
            assert_eq!(on_https(url, location).as_deref(), expected, "{location}");
        };
        let http = "http://127.0.0.1:5000";
        let https = Some("https://127.0.0.1:5001");
        check(http, "https://127.0.0.1:5001/webapi/entry.cgi", https);
        check(http, "https://nas.example.com:5001/", https);
        check(http, "https://nas.example.com/", Some("https://127.0.0.1"));
        check(
            "http://localhost:5000/",
            "https://x:1/",
            Some("https://localhost:1"),
        );
        check(http, "/webman/index.cgi", None);
        check(http, "http://127.0.0.1:5001/", None);
        check(http, "https://", None);
        check("https://127.0.0.1:5001", "https://127.0.0.1:5002/", None);
        check("http://192.168.1.2:5000", "https://192.168.1.2:5001/", None);
    }
}
