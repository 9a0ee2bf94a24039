//! What single values have to be, for whoever asks for them one by one. The
//! rules are the file's own.

use super::sections::{MAX_GOOGLE_CLIENT_ID, MAX_LINE};
use super::urls::{self, PlainHttp};
use super::values;
use crate::issuer::Issuer;

/// `issuer`
pub(crate) fn issuer(text: &str) -> Result<(), String> {
    Issuer::parse(text)
        .map(drop)
        .map_err(|error| error.to_string())
}

/// One of a client's `redirect-uris`, without `allow-http-redirect`.
pub(crate) fn redirect_uri(text: &str) -> Result<(), String> {
    urls::redirect(text, PlainHttp::LoopbackOnly).map(drop)
}

/// `google.client-id`
pub(crate) fn google_client_id(text: &str) -> Result<(), String> {
    values::identifier(MAX_GOOGLE_CLIENT_ID)(text).map(drop)
}

/// `dsm.url`
pub(crate) fn dsm_url(text: &str) -> Result<(), String> {
    urls::dsm(text).map(drop)
}

/// Whether `dsm.accept-invalid-certificate` may be set for this `dsm.url`.
pub(crate) fn is_loopback_https(dsm_url: &str) -> bool {
    urls::dsm(dsm_url).is_ok_and(|url| url.is_loopback_https)
}

/// `dsm.account`
pub(crate) fn dsm_account(text: &str) -> Result<(), String> {
    values::line(MAX_LINE)(text).map(drop)
}

/// Text of one line, such as a secret that somebody pastes.
pub(crate) fn line(text: &str, max_bytes: usize) -> Result<(), String> {
    values::line(max_bytes)(text).map(drop)
}
