//! The form that all URLs of the config share: http or https, a host, and no
//! character that two programs could read in two ways.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// A URL as a browser would read it, and its end as written.
#[derive(Clone, Debug)]
pub(crate) struct WebUrl<'t> {
    rest: &'t str,
    parsed: Url,
}

/// What is wrong with the form of a URL.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebUrlError {
    /// Another scheme, or none.
    #[error("has to begin with https:// or http://, in lower case")]
    Scheme,
    /// A character that RFC 3986 knows in no place of a URL.
    #[error("has the character {0:?}, which a URL cannot have; percent-encode it")]
    Character(char),
    /// Nothing before the path.
    #[error("has no host")]
    NoHost,
    /// A name or password before the host.
    #[error("has user information before the host (an @); leave it off")]
    UserInfo,
    /// Host or port make no sense.
    #[error("is not a URL: {0}")]
    Malformed(url::ParseError),
}

impl<'t> WebUrl<'t> {
    /// Takes `text` apart. The text is kept byte for byte, since issuers and
    /// redirect URIs are compared so; parsing only looks at the form.
    pub(crate) fn parse(text: &'t str) -> Result<Self, WebUrlError> {
        let after_scheme = ["https://", "http://"]
            .into_iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .ok_or(WebUrlError::Scheme)?;
        if let Some(character) = text.chars().find(|c| !may_stand_in_url(*c)) {
            return Err(WebUrlError::Character(character));
        }
        let end = after_scheme
            .find(['/', '?', '#'])
            .unwrap_or(after_scheme.len());
        let (authority, rest) = after_scheme.split_at(end);
        if authority.is_empty() {
            return Err(WebUrlError::NoHost);
        }
        if authority.contains('@') {
            return Err(WebUrlError::UserInfo);
        }
        let parsed = Url::parse(text).map_err(WebUrlError::Malformed)?;
        Ok(Self { rest, parsed })
    }

    /// As a browser reads it.
    pub(crate) fn parsed(&self) -> &Url {
        &self.parsed
    }

    /// The path as written: empty, or from its first `/` on.
    pub(crate) fn path(&self) -> &'t str {
        let end = self.rest.find(['?', '#']).unwrap_or(self.rest.len());
        self.rest.get(..end).unwrap_or_default()
    }

    pub(crate) fn has_query(&self) -> bool {
        self.parsed.query().is_some()
    }

    pub(crate) fn has_fragment(&self) -> bool {
        self.parsed.fragment().is_some()
    }

    pub(crate) fn is_https(&self) -> bool {
        self.parsed.scheme() == "https"
    }

    /// See [`is_loopback`].
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback(&self.parsed)
    }

    /// Whether the host is an address that the whole Internet can reach. Of
    /// a name nobody can tell.
    pub(crate) fn is_public_ip(&self) -> bool {
        match self.parsed.host() {
            Some(Host::Ipv4(ip)) => !is_private_v4(ip),
            Some(Host::Ipv6(ip)) => !is_private_v6(ip),
            Some(Host::Domain(_)) | None => false,
        }
    }
}

/// Whether the host is this machine, so that nobody stands in between:
/// 127.0.0.0/8, `::1` or `localhost` (RFC 6761 keeps the name for it).
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// RFC 3986, section 2: unreserved, reserved and `%`. A browser would take a
/// backslash for a slash and drop a tab; neither gets this far.
fn may_stand_in_url(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~:/?#[]@!$&'()*+,;=%".contains(character)
}

/// With 100.64.0.0/10 (RFC 6598), which overlay networks use.
fn is_private_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let shared = first == 100 && second & 0b1100_0000 == 64;
    ip.is_private() || ip.is_loopback() || ip.is_link_local() || shared
}

fn is_private_v6(ip: Ipv6Addr) -> bool {
    if let Some(v4) = ip.to_ipv4_mapped() {
        return is_private_v4(v4);
    }
    ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
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
            "https://n\u{e4}s.example.com",
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
