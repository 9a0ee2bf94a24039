//! The rules of DSM's reverse proxy: which one leads to this service.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use url::Url;

use super::{Field, Needed, Row, row};

/// A rule of DSM's reverse proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyRule {
    /// The name that the administrator gave it.
    pub description: String,
    /// What a browser opens; the host may be `*`.
    pub source: Endpoint,
    /// The service to which the rule leads.
    pub destination: Endpoint,
}

/// One side of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The protocol, `http` or `https`.
    pub scheme: Scheme,
    /// A name or an address.
    pub host: String,
    /// The port, also if it is the usual one.
    pub port: u16,
}

/// The protocol of one side of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HTTP, without encryption.
    Http,
    /// HTTPS, with encryption.
    Https,
}

/// The rule that matters for the public name of this service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    /// The public name is the address at which this service listens.
    NotNeeded,
    /// The rule leads from the public name to this service.
    Right(&'a ProxyRule),
    /// The rule is for the public name, and leads elsewhere.
    Elsewhere(&'a ProxyRule),
    /// The public name has no rule. This one, if any, leads to this
    /// service from another name, port or protocol.
    Missing(Option<&'a ProxyRule>),
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Https => "https",
        })
    }
}

impl Endpoint {
    /// Whether both are the same place.
    pub fn is_same(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.port == other.port
            && self.host.eq_ignore_ascii_case(&other.host)
    }
}

impl fmt::Display for Endpoint {
    /// Writes `https://login.example.com:443`, always with the port: DSM's
    /// dialog asks for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        if host.contains(':') && !host.starts_with('[') {
            return write!(f, "{scheme}://[{host}]:{port}");
        }
        write!(f, "{scheme}://{host}:{port}")
    }
}

/// How well a rule's source matches the public name: nginx, which DSM uses,
/// prefers an exact name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    AnyHost,
    Subdomains,
    Exact,
}

impl Needed<'_> {
    /// Returns what a browser opens: scheme, host and port of the issuer.
    pub fn source(&self) -> Endpoint {
        let url = Url::parse(self.issuer.origin()).ok();
        let port = url.as_ref().and_then(Url::port_or_known_default);
        Endpoint {
            scheme: if self.issuer.is_https() {
                Scheme::Https
            } else {
                Scheme::Http
            },
            host: self.issuer.host(),
            port: port.unwrap_or_default(),
        }
    }

    /// Returns where the rule has to lead.
    pub fn destination(&self) -> Endpoint {
        let ip = self.listener.ip();
        // An IPv6 address needs brackets in nginx, which DSM may not write.
        let host = if ip.is_unspecified() || ip == IpAddr::V6(Ipv6Addr::LOCALHOST) {
            "localhost".to_owned()
        } else {
            ip.to_string()
        };
        Endpoint {
            scheme: self.scheme,
            host,
            port: self.listener.port(),
        }
    }

    /// Returns the rule that matters among `rules`.
    pub fn route<'r>(&self, rules: &'r [ProxyRule]) -> Route<'r> {
        let source = self.source();
        if self.is_here(&source) {
            return Route::NotNeeded;
        }
        // The last maximum is the first rule, which nginx uses.
        let matching = rules.iter().rev().filter_map(|rule| {
            let served = rule.source.scheme == source.scheme && rule.source.port == source.port;
            let host = served.then(|| matches(&rule.source.host, &source.host))??;
            Some((host, rule))
        });
        // Of two equal ones, the one that leads here.
        let best = matching.max_by_key(|(host, rule)| (*host, self.is_here(&rule.destination)));
        match best {
            Some((_, rule)) if self.is_here(&rule.destination) => Route::Right(rule),
            // The dialog takes a rule of its own for the public name beside it.
            Some((Match::Exact, rule)) => Route::Elsewhere(rule),
            Some(_) | None => {
                let near = |rule: &&ProxyRule| self.is_here(&rule.destination);
                Route::Missing(rules.iter().find(near))
            }
        }
    }

    /// Compares the rule that matters: `source` and `destination`.
    pub fn compare_proxy(&self, rules: &[ProxyRule]) -> [Row; 2] {
        let (rule, same_source, same_destination) = match self.route(rules) {
            Route::NotNeeded => (None, true, true),
            Route::Right(rule) => (Some(rule), true, true),
            Route::Elsewhere(rule) => (Some(rule), true, false),
            Route::Missing(near) => (near, false, near.is_some()),
        };
        let compared = |field, dsm: Option<&Endpoint>, ours: Endpoint, same| Row {
            dsm: dsm.map(Endpoint::to_string),
            ..row(field, "", &ours.to_string(), same)
        };
        let source = rule.map(|rule| &rule.source);
        let destination = rule.map(|rule| &rule.destination);
        [
            compared(Field::Source, source, self.source(), same_source),
            compared(
                Field::Destination,
                destination,
                self.destination(),
                same_destination,
            ),
        ]
    }

    /// Whether a request to `endpoint`, sent on this machine, reaches this
    /// service. A host that is not known is believed if the service listens at
    /// every address.
    fn is_here(&self, endpoint: &Endpoint) -> bool {
        let own = self.listener.ip();
        let host = endpoint.host.trim_matches(['[', ']']);
        let is_own = match host.parse::<IpAddr>() {
            Ok(ip) => own.is_unspecified() || ip.to_canonical() == own.to_canonical(),
            Err(_) if host.eq_ignore_ascii_case("localhost") => {
                own.is_unspecified() || own.is_loopback()
            }
            Err(_) => own.is_unspecified(),
        };
        is_own && endpoint.scheme == self.scheme && endpoint.port == self.listener.port()
    }
}

fn matches(pattern: &str, host: &str) -> Option<Match> {
    if matches!(pattern, "" | "*") {
        return Some(Match::AnyHost);
    }
    if pattern.eq_ignore_ascii_case(host) {
        return Some(Match::Exact);
    }
    let (_, domain) = host.split_once('.')?;
    let parent = pattern.strip_prefix("*.")?;
    parent
        .eq_ignore_ascii_case(domain)
        .then_some(Match::Subdomains)
}
