//! The rules of single values, for `setup`, which asks for them one by one
//! before there is a config.

use toml::{Table, Value};

use super::keys::{MAX_GOOGLE_CLIENT_ID, MAX_LINE};
use super::urls::{self, PlainHttp};
use super::{default_of, google_client, values};
use domain::base::issuer::Issuer;
use domain::base::web_url::WebUrl;

/// The rest of the config, as far as the rules of a value depend on it.
#[derive(Clone)]
pub(crate) struct Given {
    issuer: Option<Issuer>,
    /// Whether the provider is Google, whose client IDs have a known form.
    is_google: bool,
    /// The port of `listen.address`, unless it serves HTTPS.
    http_port: Option<u16>,
    plain_http: PlainHttp,
}

impl Given {
    /// Returns the values of a new config.
    pub(crate) fn defaults() -> Self {
        Self::of(&Table::new(), 0)
    }

    /// Returns the same values with `text` as `issuer`.
    pub(crate) fn with_issuer(self, text: &str) -> Self {
        let issuer = Issuer::parse(text).ok();
        Self { issuer, ..self }
    }

    /// Returns the values in `file`, where DSM is the client with index `dsm`.
    pub(crate) fn of(file: &Table, dsm: usize) -> Self {
        let value = |table: &str, key: &str| file.get(table)?.get(key);
        let google = value("google", "issuer").and_then(Value::as_str);
        let default = default_of("listen.address");
        let address = value("listen", "address").unwrap_or(&default).as_str();
        let port = address.and_then(|address| address.rsplit_once(':')?.1.parse().ok());
        let has_tls = value("listen", "tls-certificate").is_some();
        let client = file.get("clients").and_then(|clients| clients.get(dsm));
        let allowed = client.and_then(|client| client.get("allow-http-redirect"));
        Self {
            issuer: None,
            is_google: google.is_none_or(|issuer| issuer == urls::GOOGLE),
            http_port: port.filter(|_| !has_tls),
            plain_http: PlainHttp::from_flag(allowed.and_then(Value::as_bool) == Some(true)),
        }
    }
}

/// Checks `issuer`, the public URL.
pub(crate) fn issuer(text: &str, given: &Given) -> Result<(), String> {
    Issuer::parse(text).map_err(|error| error.to_string())?;
    if given.is_google {
        urls::google_leads_back(text)?;
    }
    urls::not_the_plain_port(text, given.http_port)
}

/// Checks one of DSM's `redirect-uris`.
pub(crate) fn redirect_uri(text: &str, given: &Given) -> Result<(), String> {
    WebUrl::parse(text).map_err(|error| error.to_string())?;
    urls::redirect(text, given.plain_http)?;
    if let Some(issuer) = &given.issuer {
        urls::not_to_itself(issuer, text)?;
    }
    if urls::is_googles(text) {
        return Err(
            "ends in /callback, as the redirect URI for Google does: enter the URL that is typed \
             for DSM, such as https://nas.example.com/"
                .to_owned(),
        );
    }
    Ok(())
}

/// Checks `google.client-id`, for the provider.
pub(crate) fn google_client_id(text: &str, given: &Given) -> Result<(), String> {
    google_client::no_json(text)?;
    values::identifier(MAX_GOOGLE_CLIENT_ID)(text)?;
    if given.is_google {
        google_client::client_id(text)?;
    }
    Ok(())
}

/// Checks the content of `google.client-secret-file`.
pub(crate) fn google_client_secret(text: &str, given: &Given) -> Result<(), String> {
    if given.is_google {
        google_client::client_secret(text)?;
    }
    Ok(())
}

/// Checks `dsm.url`, the address of DSM.
pub(crate) fn dsm_url(text: &str, _: &Given) -> Result<(), String> {
    urls::dsm(text).map(drop)
}

/// Checks `dsm.account`, a user name.
pub(crate) fn dsm_account(text: &str, _: &Given) -> Result<(), String> {
    values::line(MAX_LINE)(text).map(drop)
}

/// Checks a text of one line, such as a pasted secret.
pub(crate) fn line(text: &str, max_bytes: usize) -> Result<(), String> {
    values::line(max_bytes)(text).map(drop)
}
