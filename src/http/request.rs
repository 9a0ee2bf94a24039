//! What a request contains: client address, form, language.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use ipnet::IpNet;

use crate::app::Source;
use domain::base::parameters::{MAX_PARAMETERS, Parameters, TooManyParameters};
use domain::base::random::Random;
use domain::base::web_url::is_private;

/// The forms of a client are far smaller.
const MAX_BODY_BYTES: usize = 16 * 1024;

const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
const PURPOSE: HeaderName = HeaderName::from_static("purpose");

pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The reference of a request: on the page that the user sees, and in the log.
#[derive(Debug)]
pub(crate) struct RequestId(String);

impl RequestId {
    /// `number`, a counter, is the id if there are no random numbers.
    pub(super) fn new(random: &dyn Random, number: u64) -> Self {
        match random.bytes::<8>() {
            Ok(bytes) => Self(format!("{:012x}", u64::from_be_bytes(bytes) >> 16)),
            Err(_) => Self(number.to_string()),
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The client address of a request, for the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// The address of a trusted proxy that names no client: DSM itself, or
    /// another program on this machine.
    ThisMachine(IpAddr),
    /// The address of the trusted proxy that sent an unreadable header, such as
    /// `unknown`.
    Unreadable(IpAddr),
    Address(IpAddr),
}

impl Client {
    /// The client is the right-most forwarded address that is not a trusted
    /// proxy: an attacker can write anything to its left.
    pub(super) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
        let peer = peer.to_canonical();
        if !is_trusted(peer) {
            return Self::Address(peer);
        }
        let lists = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let mut nearest = peer;
        for value in lists.flat_map(|list| list.as_bytes().rsplit(|&byte| byte == b',')) {
            let Some(address) = forwarded_address(value) else {
                // All of these share a limit.
                return Self::Unreadable(nearest);
            };
            if !is_trusted(address) {
                return Self::Address(address);
            }
            nearest = address;
        }
        Self::ThisMachine(peer)
    }

    /// Near is this machine or a private address; far is the Internet.
    pub(crate) fn source(self) -> Source {
        match self {
            Self::Address(address) | Self::Unreadable(address) if !is_private(address) => {
                Source::Far
            }
            Self::ThisMachine(_) | Self::Unreadable(_) | Self::Address(_) => Source::Near,
        }
    }

    /// Returns the address, of the proxy if the client is not known.
    pub(super) fn address(self) -> IpAddr {
        let (Self::ThisMachine(address) | Self::Unreadable(address) | Self::Address(address)) =
            self;
        address
    }

    /// Returns the client's own address; `None` if only a proxy's is known.
    pub(crate) fn known_address(self) -> Option<IpAddr> {
        match self {
            Self::ThisMachine(_) | Self::Unreadable(_) => None,
            Self::Address(address) => Some(address),
        }
    }

    /// The address to which limits apply: IPv6 by /64, since each home has a
    /// whole one.
    pub(super) fn limit_key(self) -> IpAddr {
        let address = self.address();
        match address {
            IpAddr::V4(_) => address,
            IpAddr::V6(address) => {
                let prefix = u128::from(address) & !u128::from(u64::MAX);
                IpAddr::V6(prefix.into())
            }
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address().fmt(f)
    }
}

/// `192.0.2.1`, `2001:db8::1`, and both with a port.
pub(super) fn forwarded_address(value: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let with_port = || text.parse::<std::net::SocketAddr>().map(|both| both.ip());
    let address = text.parse::<IpAddr>().or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

/// Whether a browser loads a page before the user follows the link:
/// `Sec-Purpose: prefetch;prerender` (Fetch, section 3.7), or `Purpose` in
/// older browsers.
pub(crate) fn is_prefetch(headers: &HeaderMap) -> bool {
    let mut purposes = [SEC_PURPOSE, PURPOSE]
        .into_iter()
        .flat_map(|name| headers.get_all(name));
    purposes.any(|purpose| {
        let mut words = purpose.as_bytes().split(|byte| b",; ".contains(byte));
        words.any(|word| word.eq_ignore_ascii_case(b"prefetch"))
    })
}

/// Why a form cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    #[error("the body is larger than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    #[error("the body took too long")]
    TooSlow,
    #[error("the body is incomplete")]
    Broken,
    #[error("there are more than {MAX_PARAMETERS} parameters")]
    TooMany,
    #[error("the body is not application/x-www-form-urlencoded")]
    NotAForm,
}

impl FormError {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken | Self::TooMany | Self::NotAForm => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<TooManyParameters> for FormError {
    fn from(_: TooManyParameters) -> Self {
        Self::TooMany
    }
}

/// Reads a form body of at most [`MAX_BODY_BYTES`].
pub(super) async fn form(
    headers: &HeaderMap,
    body: Incoming,
    timeout: Duration,
) -> Result<Parameters, FormError> {
    let whole = tokio::time::timeout(timeout, read(body))
        .await
        .map_err(|_| FormError::TooSlow)??;
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let media_type = content_type.unwrap_or_default().split(|&byte| byte == b';');
    let media_type = media_type.into_iter().next().unwrap_or_default();
    if !media_type
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    {
        return Err(FormError::NotAForm);
    }
    Ok(Parameters::parse(&whole)?)
}

/// Copies the body into one buffer. Collected as it comes, a body in chunks of
/// one byte would use 32 bytes for each of them, and keep the buffers of the
/// connection.
async fn read(mut body: Incoming) -> Result<Vec<u8>, FormError> {
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| FormError::Broken)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if whole.len() + data.len() > MAX_BODY_BYTES {
            return Err(FormError::TooLarge);
        }
        whole.extend_from_slice(data);
    }
    Ok(whole)
}

/// The language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    French,
}

impl Language {
    /// Returns the language of ours with the highest weight in
    /// `Accept-Language` (RFC 9110, section 12.5.4), English if there is none.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut best = (Self::English, 0.0_f32);
        let values = headers.get_all(ACCEPT_LANGUAGE).iter();
        for range in values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
        {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default();
            // `fr-CA` is French, but `frr` is Frisian.
            let primary = tag.split('-').next().unwrap_or_default();
            let language = match primary.to_ascii_lowercase().as_str() {
                "en" => Self::English,
                "fr" => Self::French,
                _ => continue,
            };
            let weight = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(Some(1.0), |q| q.parse().ok());
            let weight = weight.unwrap_or(0.0);
            if weight > best.1 {
                best = (language, weight);
            }
        }
        best.0
    }

    /// Returns the text in this language.
    pub(crate) fn say<'a>(self, english: &'a str, french: &'a str) -> &'a str {
        match self {
            Self::English => english,
            Self::French => french,
        }
    }
}

/// The language tag of HTML.
impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.say("en", "fr"))
    }
}

#[cfg(test)]
mod tests;
