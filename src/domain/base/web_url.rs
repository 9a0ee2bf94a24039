//! Validation that all URLs of the config share: http or https, a host, and no
//! character that two programs could read differently.

use std::net::{IpAddr, Ipv4Addr};

use url::{Host, Url};

/// A URL, parsed as browsers do, and its text.
#[derive(Clone, Debug)]
pub struct WebUrl<'t> {
    text: &'t str,
    rest: &'t str,
    parsed: Url,
}

/// Why a URL is rejected.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum WebUrlError {
    #[error("has to begin with https:// or http://, in lower case")]
    Scheme,
    #[error("has the character {0:?}, which a URL cannot have; percent-encode it")]
    Character(char),
    #[error(
        "has a host name with characters other than a to z, 0 to 9 and -; write it as browsers \
         send it: {0}"
    )]
    HostName(String),
    #[error(
        "has a host name that no certificate has: with a *, a %, an empty part, or a - at the end \
         of a part; correct it"
    )]
    HostForm,
    #[error("has no host")]
    NoHost,
    #[error("has user information before the host (an @); leave it off")]
    UserInfo,
    #[error("is not a URL: {0}")]
    Malformed(url::ParseError),
    #[error("has to be https; http is for a loopback host only (127.0.0.1, ::1, localhost)")]
    PlainHttp,
    #[error("has a query (a ?); leave it off")]
    Query,
    #[error("has a fragment (a #); leave it off")]
    Fragment,
    #[error("is the URL of a document; enter only what stands before it: {0}")]
    Document(String),
    #[error("is longer than {MAX_ISSUER} bytes")]
    TooLong,
    #[error(
        "has a path that is not plain: between slashes only letters, digits, '-', '_', '.' and '~', no empty part, no '..'"
    )]
    Path,
}

/// Our issuer is in every authorization response, and all response headers
/// together must fit into 4 kB. Every link stores Google's.
const MAX_ISSUER: usize = 255;

impl<'t> WebUrl<'t> {
    /// Parses `text`. The text itself is not normalised, because issuers and
    /// redirect URIs are compared byte for byte.
    pub fn parse(text: &'t str) -> Result<Self, WebUrlError> {
        let after_scheme = ["https://", "http://"]
            .into_iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .ok_or(WebUrlError::Scheme)?;
        let end = after_scheme
            .find(['/', '?', '#'])
            .unwrap_or(after_scheme.len());
        let (authority, rest) = after_scheme.split_at(end);
        if let Some(character) = strange_character(text) {
            let error = WebUrlError::Character(character);
            return Err(ascii_host(text, authority).map_or(error, WebUrlError::HostName));
        }
        if authority.is_empty() {
            return Err(WebUrlError::NoHost);
        }
        if authority.contains('@') {
            return Err(WebUrlError::UserInfo);
        }
        let parsed = Url::parse(text).map_err(WebUrlError::Malformed)?;
        if authority.contains('%') || !has_plain_name(&parsed) {
            return Err(WebUrlError::HostForm);
        }
        Ok(Self { text, rest, parsed })
    }

    /// Parses an issuer: https, or http on a loopback host, so that codes and
    /// cookies are encrypted; no query or fragment.
    pub fn issuer(text: &'t str) -> Result<Self, WebUrlError> {
        let url = Self::parse(text)?;
        if !url.is_https() && !url.is_loopback() {
            return Err(WebUrlError::PlainHttp);
        }
        if url.parsed.fragment().is_some() {
            return Err(WebUrlError::Fragment);
        }
        if url.parsed.query().is_some() {
            return Err(WebUrlError::Query);
        }
        if let Some(before) = url.before_document() {
            return Err(WebUrlError::Document(before.to_owned()));
        }
        if text.len() > MAX_ISSUER {
            return Err(WebUrlError::TooLong);
        }
        Ok(url)
    }

    /// Returns the URL as a browser reads it.
    pub fn parsed(&self) -> &Url {
        &self.parsed
    }

    /// Returns the path as written, which may be empty.
    pub fn path(&self) -> &'t str {
        let end = self.rest.find(['?', '#']).unwrap_or(self.rest.len());
        self.rest.get(..end).unwrap_or_default()
    }

    /// If the URL is that of a well-known document or of our callback, returns
    /// the text before that path.
    pub fn before_document(&self) -> Option<&'t str> {
        let path = &self.path().to_ascii_lowercase();
        let document = path.find("/.well-known/").or_else(|| {
            let path = path.strip_suffix('/').unwrap_or(path);
            let names = ["/.well-known", "/callback"];
            let before = names.iter().find_map(|name| path.strip_suffix(name));
            before.map(str::len)
        })?;
        let origin = self.text.len().checked_sub(self.rest.len())?;
        self.text.get(..origin + document)
    }

    /// Returns whether the scheme is https.
    pub fn is_https(&self) -> bool {
        self.parsed.scheme() == "https"
    }

    /// See [`is_loopback`].
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.parsed)
    }

    /// Returns whether the host is an IP address.
    pub fn is_ip(&self) -> bool {
        matches!(self.parsed.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)))
    }

    /// Returns whether the host is an IP address that is reachable from the
    /// Internet; false for a name.
    pub fn is_public_ip(&self) -> bool {
        match self.parsed.host() {
            Some(Host::Ipv4(ip)) => !is_private(ip.into()),
            Some(Host::Ipv6(ip)) => !is_private(ip.into()),
            Some(Host::Domain(_)) | None => false,
        }
    }
}

/// Whether the host is an address, or a name of plain parts. A dot at the end
/// would make another text of the same host.
fn has_plain_name(url: &Url) -> bool {
    let Some(Host::Domain(name)) = url.host() else {
        return true;
    };
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.ends_with('-');
    !name.contains('*') && name.split('.').all(is_plain)
}

/// Returns whether the host is this machine, so that no attacker can read the
/// traffic: 127.0.0.0/8, `::1` or `localhost` (reserved by RFC 6761).
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Returns the first character of `text` that a URL cannot have.
pub fn strange_character(text: &str) -> Option<char> {
    text.chars().find(|character| !may_stand_in_url(*character))
}

/// The ASCII form of an internationalised host (RFC 5891).
fn ascii_host(text: &str, authority: &str) -> Option<String> {
    if authority.is_ascii() {
        return None;
    }
    let url = Url::parse(text).ok()?;
    url.host_str().map(str::to_owned)
}

/// RFC 3986, section 2: unreserved, reserved and `%`. Browsers read a backslash
/// as a slash and drop a tab, so both are rejected.
fn may_stand_in_url(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(character)
}

/// Returns whether only this machine and its networks can reach `ip`. These
/// include 100.64.0.0/10 (RFC 6598), which overlay networks use.
pub fn is_private(ip: IpAddr) -> bool {
    let is_shared = |ip: Ipv4Addr| {
        let [first, second, ..] = ip.octets();
        first == 100 && second & 0b1100_0000 == 64
    };
    is_local(ip) || matches!(ip.to_canonical(), IpAddr::V4(ip) if is_shared(ip))
}

/// Returns whether `ip` is a loopback, private (RFC 1918), link-local or unique
/// local (RFC 4193) address.
pub fn is_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::{WebUrl, WebUrlError};

    fn check(input: &str, expected: Result<&str, WebUrlError>) {
        match (WebUrl::parse(input), expected) {
            (Ok(url), Ok(path)) => assert_eq!(url.path(), path, "{input:?}"),
            (Err(found), Err(expected)) => assert_eq!(found, expected, "{input:?}"),
            (found, _) => panic!("{input:?}: {found:?}"),
        }
    }

    #[test]
    fn the_path_is_kept_as_written() {
        check("https://nas.example.com", Ok(""));
        check("https://nas.example.com/", Ok("/"));
        check("http://[::1]:5000/a/../b%2fc?d=/e#/f", Ok("/a/../b%2fc"));
        check("https://nas.example.com?a=/b", Ok(""));
    }

    #[test]
    fn what_two_programs_may_read_in_two_ways_is_refused() {
        check("nas.example.com", Err(WebUrlError::Scheme));
        check("HTTPS://nas.example.com", Err(WebUrlError::Scheme));
        check("https:nas.example.com", Err(WebUrlError::Scheme));
        check("javascript://nas.example.com", Err(WebUrlError::Scheme));
        check("https:///nas.example.com", Err(WebUrlError::NoHost));
        check("https://evil@nas.example.com", Err(WebUrlError::UserInfo));
        check("https://@nas.example.com", Err(WebUrlError::UserInfo));
        check(
            "https://nas.example.com\\a",
            Err(WebUrlError::Character('\\')),
        );
        check(
            "https://nas.exam\tple.com",
            Err(WebUrlError::Character('\t')),
        );
        check(
            "https://login.ex\u{e4}mple.com/a",
            Err(WebUrlError::HostName("login.xn--exmple-cua.com".to_owned())),
        );
        check(
            "https://nas.example.com/\u{e4}",
            Err(WebUrlError::Character('\u{e4}')),
        );
        check("https://nas example.com", Err(WebUrlError::Character(' ')));
        let port = url::ParseError::InvalidPort;
        check(
            "https://nas.example.com:99999",
            Err(WebUrlError::Malformed(port)),
        );
    }

    #[test]
    fn a_document_is_told_from_the_url_before_it() {
        let check = |input: &str, expected: Option<&str>| {
            let url = WebUrl::parse(input).unwrap();
            assert_eq!(url.before_document(), expected, "{input}");
        };
        let issuer = Some("https://login.example.com/dex");
        for document in [
            "/.well-known/openid-configuration",
            "/.well-known",
            "/callback",
            "/callback/",
        ] {
            check(&format!("https://login.example.com/dex{document}"), issuer);
        }
        check("https://a/callback", Some("https://a"));
        check("https://a/callback/dex", None);
        check("https://a/my-callback", None);
        check("https://a", None);
    }

    #[test]
    fn loopback_is_this_machine_and_nothing_that_looks_like_it() {
        let check = |input, expected| {
            assert_eq!(
                WebUrl::parse(input).unwrap().is_loopback(),
                expected,
                "{input}"
            );
        };
        check("http://127.0.0.1:5000", true);
        check("http://127.8.9.10", true);
        check("http://[::1]:5000", true);
        check("http://localhost", true);
        check("http://localhost.example.com", false);
        check("http://127.0.0.1.example.com", false);
        check("http://10.0.0.1", false);
        check("http://0.0.0.0", false);
    }

    #[test]
    fn an_address_is_public_unless_a_private_network_has_it() {
        let check = |input, expected| {
            assert_eq!(
                WebUrl::parse(input).unwrap().is_public_ip(),
                expected,
                "{input}"
            );
        };
        check("http://192.168.1.2/", false);
        check("http://172.31.0.1/", false);
        check("http://100.100.1.1/", false);
        check("http://[fd00::1]/", false);
        check("http://[fe80::1]/", false);
        check("http://[::ffff:10.0.0.1]/", false);
        check("http://nas/", false);
        check("http://172.32.0.1/", true);
        check("http://100.128.0.1/", true);
        check("http://8.8.8.8/", true);
        check("http://0x08080808/", true);
        check("http://[2001:4860:4860::8888]/", true);
        check("http://[::ffff:8.8.8.8]/", true);
    }
}
