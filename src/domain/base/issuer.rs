//! Our own issuer: the public URL under which all endpoints are served, and the
//! `iss` of every token.

use std::fmt;

use crate::base::web_url::{WebUrl, WebUrlError};

/// The issuer is in every authorization response, and all response headers
/// together must fit into 4 kB.
const MAX_BYTES: usize = 255;

/// The well-known path of RFC 8414, section 3.1.
const METADATA: &str = "/.well-known/oauth-authorization-server";

/// A valid issuer identifier.
#[derive(Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    origin_length: usize,
}

/// Why a text cannot be our issuer: it could be read in two ways, or codes and
/// cookies would travel unencrypted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum IssuerError {
    #[error("{0}")]
    Form(#[from] WebUrlError),
    #[error("has to be https; http is for a loopback host only (127.0.0.1, ::1, localhost)")]
    PlainHttp,
    #[error("has a query (a ?); leave it off")]
    Query,
    #[error("has a fragment (a #); leave it off")]
    Fragment,
    #[error(
        "has a path that is not plain: between slashes only letters, digits, '-', '_', '.' and '~', no empty part, no '..'"
    )]
    Path,
    #[error("is the URL of a document; enter only what stands before it: {0}")]
    Document(String),
    #[error("is longer than {MAX_BYTES} bytes")]
    TooLong,
}

impl Issuer {
    /// Validates `text`: https, or http on a loopback host; a plain path or
    /// none; no query or fragment.
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let url = WebUrl::parse(text)?;
        if !url.is_https() && !url.is_loopback() {
            return Err(IssuerError::PlainHttp);
        }
        if url.has_fragment() {
            return Err(IssuerError::Fragment);
        }
        if url.has_query() {
            return Err(IssuerError::Query);
        }
        if let Some(before) = url.before_document() {
            return Err(IssuerError::Document(before.to_owned()));
        }
        if !is_plain(url.path()) {
            return Err(IssuerError::Path);
        }
        if text.len() > MAX_BYTES {
            return Err(IssuerError::TooLong);
        }
        Ok(Self {
            text: text.to_owned(),
            origin_length: text.len() - url.path().len(),
        })
    }

    /// Returns the `iss`, byte for byte as the administrator wrote it: clients
    /// compare it exactly (OpenID Connect Core, section 3.1.3.7).
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the public URL of `path`, such as `/auth`.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.text.trim_end_matches('/'))
    }

    /// Returns the prefix of every path that we serve, such as `/dex`, without
    /// a final slash; may be empty.
    pub fn path(&self) -> &str {
        self.text
            .get(self.origin_length..)
            .unwrap_or_default()
            .trim_end_matches('/')
    }

    /// Returns the path of our metadata by RFC 8414, section 3.1: the
    /// well-known name stands before the issuer's path.
    pub fn rfc8414_path(&self) -> String {
        format!("{METADATA}{}", self.path())
    }

    /// Returns scheme, host and port, as written.
    pub fn origin(&self) -> &str {
        self.text.get(..self.origin_length).unwrap_or_default()
    }

    /// Returns the host, as a certificate names it.
    pub fn host(&self) -> String {
        let url = url::Url::parse(&self.text).ok();
        let host = url.as_ref().and_then(url::Url::host_str);
        host.unwrap_or_default().to_owned()
    }

    /// Returns whether browsers use https: only then can cookies be `Secure`.
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https://")
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// Whether no proxy, browser or router rewrites `path`. One final slash is
/// allowed, because the issuer is compared as written.
fn is_plain(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    let Some(segments) = path.strip_prefix('/') else {
        return path.is_empty();
    };
    segments.split('/').all(is_plain_segment)
}

fn is_plain_segment(segment: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::{Issuer, IssuerError};
    use crate::base::web_url::WebUrlError;

    #[test]
    fn the_text_is_the_iss_and_the_endpoints_hang_below_it() {
        let check = |input: &str, auth: &str, path: &str, metadata: &str| {
            let issuer = Issuer::parse(input).unwrap();
            assert_eq!(issuer.as_str(), input);
            assert_eq!(issuer.endpoint("/auth"), auth, "{input}");
            assert_eq!(issuer.path(), path, "{input}");
            assert_eq!(issuer.rfc8414_path(), metadata, "{input}");
        };
        let bare = "/.well-known/oauth-authorization-server";
        check(
            "https://login.example.com",
            "https://login.example.com/auth",
            "",
            bare,
        );
        check(
            "https://login.example.com/",
            "https://login.example.com/auth",
            "",
            bare,
        );
        check("http://[::1]:5556", "http://[::1]:5556/auth", "", bare);
        check(
            "https://login.example.com:8443/dex",
            "https://login.example.com:8443/dex/auth",
            "/dex",
            "/.well-known/oauth-authorization-server/dex",
        );
        check(
            "http://localhost/a/b.c_d~e-f/",
            "http://localhost/a/b.c_d~e-f/auth",
            "/a/b.c_d~e-f",
            "/.well-known/oauth-authorization-server/a/b.c_d~e-f",
        );
    }

    #[test]
    fn origin_and_scheme_are_as_written() {
        let issuer = Issuer::parse("https://login.example.com:8443/dex").unwrap();
        assert_eq!(issuer.origin(), "https://login.example.com:8443");
        assert!(issuer.is_https());
        assert!(!Issuer::parse("http://127.0.0.1:5556").unwrap().is_https());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let check = |input: &str, expected: IssuerError| {
            assert_eq!(Issuer::parse(input).unwrap_err(), expected, "{input}");
        };
        check("http://login.example.com", IssuerError::PlainHttp);
        check("http://192.168.1.2", IssuerError::PlainHttp);
        check("https://login.example.com?a", IssuerError::Query);
        check("https://login.example.com/?", IssuerError::Query);
        check("https://login.example.com/#", IssuerError::Fragment);
        check("https://a@login.example.com", WebUrlError::UserInfo.into());
        check(
            "https://login.example.com/ x",
            WebUrlError::Character(' ').into(),
        );
        check("", WebUrlError::Scheme.into());
        for path in [
            "//", "/a//b", "/a//", "/..", "/a/../b", "/.", "/%61", "/a;b", "/{a}", "/*",
        ] {
            let input = format!("https://login.example.com{path}");
            assert!(Issuer::parse(&input).is_err(), "{input}");
        }
        check("https://login.example.com//", IssuerError::Path);
        check("https://login.example.com/%61", IssuerError::Path);
        let document = "https://login.example.com/.well-known/openid-configuration";
        let before = "https://login.example.com".to_owned();
        check(document, IssuerError::Document(before));
        let long = format!("https://login.example.com/{}", "a".repeat(255));
        check(&long, IssuerError::TooLong);
    }
}
