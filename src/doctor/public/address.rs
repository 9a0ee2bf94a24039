//! The public name, and the addresses to which it resolves on this machine.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;
use url::{Host, Url};

use domain::base::issuer::Issuer;

/// A resolver that does not answer is asked three times within this time.
const TIMEOUT: Duration = Duration::from_secs(6);

/// A line has room for so many.
const MOST_SHOWN: usize = 6;

/// Where clients connect to.
pub(super) struct Target {
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_https: bool,
    ip: Option<IpAddr>,
}

impl Target {
    pub(super) fn of(issuer: &Issuer) -> Self {
        let url = Url::parse(issuer.as_str()).ok();
        let ip = url.as_ref().and_then(|url| match url.host()? {
            Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
            Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
            Host::Domain(_) => None,
        });
        let port = url.as_ref().and_then(Url::port_or_known_default);
        Self {
            host: ip.map_or_else(|| issuer.host(), |ip| ip.to_string()),
            port: port.unwrap_or_default(),
            is_https: issuer.is_https(),
            ip,
        }
    }

    /// Returns the addresses, at least one, or what to do.
    pub(super) async fn look_up(&self) -> Result<Vec<SocketAddr>, String> {
        if let Some(ip) = self.ip {
            return Ok(vec![SocketAddr::new(ip, self.port)]);
        }
        let host = &self.host;
        let advice = "look at the name's record at the provider of your domain (or at DSM's DDNS, \
                      in Control Panel > External Access > DDNS), and at the DNS server in \
                      Control Panel > Network > General";
        // On another thread, which outlives the time-out.
        let found = timeout(TIMEOUT, lookup_host((host.as_str(), self.port))).await;
        let found: Vec<SocketAddr> = match found {
            Ok(Ok(found)) => found.collect(),
            Ok(Err(error)) => {
                return Err(format!(
                    "{host} does not resolve on this machine ({error}): {advice}"
                ));
            }
            Err(_) => {
                return Err(format!(
                    "{host} does not resolve on this machine (no answer within {} s): {advice}",
                    TIMEOUT.as_secs()
                ));
            }
        };
        if found.is_empty() {
            return Err(format!("{host} has no address: {advice}"));
        }
        Ok(found)
    }

    /// Returns the message about `addresses`.
    pub(super) fn resolved(&self, addresses: &[SocketAddr]) -> String {
        let host = &self.host;
        if self.ip.is_some() {
            return format!("{host} is an address");
        }
        format!("{host} resolves to {}", listed(addresses))
    }
}

/// Returns the IP addresses, each once.
pub(super) fn listed(addresses: &[SocketAddr]) -> String {
    let mut shown: Vec<String> = Vec::new();
    for address in addresses {
        let ip = address.ip().to_string();
        if shown.len() < MOST_SHOWN && !shown.contains(&ip) {
            shown.push(ip);
        }
    }
    shown.join(", ")
}
