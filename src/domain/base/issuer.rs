//! Our own issuer: the public URL under which all endpoints are served, and the
//! `iss` of every token.

use std::fmt;

use crate::base::web_url::{WebUrl, WebUrlError, is_loopback};

/// The well-known path of RFC 8414, section 3.1.
const METADATA: &str = "/.well-known/oauth-authorization-server";

/// A valid issuer identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    origin_length: usize,
}

impl Issuer {
    /// Validates `text`: as [`WebUrl::issuer`], with a plain path or none.
    pub fn parse(text: &str) -> Result<Self, WebUrlError> {
        let url = WebUrl::issuer(text)?;
        if !is_plain(url.path()) {
            return Err(WebUrlError::Path);
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

    /// Returns whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        url::Url::parse(&self.text).is_ok_and(|url| is_loopback(&url))
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
    use super::{Issuer, WebUrlError};

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
        let check = |input: &str, expected: WebUrlError| {
            assert_eq!(Issuer::parse(input).unwrap_err(), expected, "{input}");
        };
        check("http://login.example.com", WebUrlError::PlainHttp);
        check("http://192.168.1.2", WebUrlError::PlainHttp);
        check("https://login.example.com?a", WebUrlError::Query);
        check("https://login.example.com/?", WebUrlError::Query);
        check("https://login.example.com/#", WebUrlError::Fragment);
        check("https://a@login.example.com", WebUrlError::UserInfo);
        check("https://login.example.com/ x", WebUrlError::Character(' '));
        check("", WebUrlError::Scheme);
        for path in [
            "//", "/a//b", "/a//", "/..", "/a/../b", "/.", "/%61", "/a;b", "/{a}", "/*",
        ] {
            let input = format!("https://login.example.com{path}");
            assert!(Issuer::parse(&input).is_err(), "{input}");
        }
        check("https://login.example.com//", WebUrlError::Path);
        check("https://login.example.com/%61", WebUrlError::Path);
        let document = "https://login.example.com/.well-known/openid-configuration";
        let before = "https://login.example.com".to_owned();
        check(document, WebUrlError::Document(before));
        let long = format!("https://login.example.com/{}", "a".repeat(255));
        check(&long, WebUrlError::TooLong);
    }
}
