//! The certificate that the public name serves: DSM and browsers must accept
//! it, now and in the days to come.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::TLS;
use super::address::Target;
use crate::clients::http_client::served_certificates;
use crate::doctor::Finding;
use crate::machine::tls::{Rejection, date, is_a_root, rejections_by, system_authorities};
use domain::base::clock::UnixTime;

/// For one address; a name may have some that cannot be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

const TIMEOUT: Duration = Duration::from_secs(8);

/// A certificate that ends earlier prevents a sign-in soon.
const SOON: Duration = Duration::from_hours(7 * 24);

/// Let's Encrypt's certificates are renewed 30 days before their end, by DSM
/// as by most other programs. With less time left, a renewal has failed for
/// more than a week.
const OVERDUE: Duration = Duration::from_hours(21 * 24);

/// Beyond the end of every certificate.
const FAR: UnixTime = UnixTime::from_seconds(253_402_300_799);

const DIALOG: &str = "Control Panel > Security > Certificate";

/// The certificates of the server.
pub(super) enum Served {
    /// It is an http URL of this machine; whether it accepts a connection.
    Http(bool),
    Chain(Vec<CertificateDer<'static>>),
    Nothing(io::Error),
}

impl Served {
    pub(super) async fn by(target: &Target, addresses: &[SocketAddr]) -> Self {
        if !target.is_https {
            let connected = timeout(TIMEOUT, connect(addresses)).await;
            return Self::Http(connected.is_ok_and(|stream| stream.is_ok()));
        }
        let chain = async {
            let name = ServerName::try_from(target.host.clone()).map_err(io::Error::other)?;
            served_certificates(connect(addresses).await?, name).await
        };
        match timeout(TIMEOUT, chain).await {
            Ok(Ok(chain)) => Self::Chain(chain),
            Ok(Err(error)) => Self::Nothing(error),
            Err(elapsed) => Self::Nothing(elapsed.into()),
        }
    }

    /// Returns whether the server accepted a connection.
    pub(super) fn is_connected(&self) -> bool {
        matches!(self, Self::Http(true) | Self::Chain(_))
    }

    /// Judges the certificates at `now`. Those of `another` program's server
    /// are not ours to correct if they are rejected.
    pub(super) async fn judge(self, target: &Target, now: UnixTime, another: bool) -> Finding {
        let chain = match self {
            Self::Http(_) => {
                return Finding::ok(TLS, "http on a loopback address: no certificate");
            }
            Self::Nothing(error) => {
                return Finding::not_tested(TLS, &format!("no TLS connection: {error}"));
            }
            Self::Chain(chain) => chain,
        };
        let host = target.host.clone();
        // The authorities can be hundreds of files.
        let judged = spawn_blocking(move || judge(&chain, &host, now, &system_authorities()));
        match judged.await {
            Ok(finding) if another && finding != passed(&finding) => {
                Finding::not_tested(TLS, "another program's server answers (public.daemon)")
            }
            Ok(finding) => finding,
            Err(error) => Finding::not_tested(TLS, &error.to_string()),
        }
    }
}

/// Returns the same finding as one that passed.
fn passed(finding: &Finding) -> Finding {
    Finding::ok(TLS, &finding.message)
}

async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(elapsed) => last = elapsed.into(),
        }
    }
    Err(last)
}

fn judge(
    chain: &[CertificateDer<'_>],
    host: &str,
    now: UnixTime,
    roots: &RootCertStore,
) -> Finding {
    if chain.is_empty() {
        return Finding::fail(
            TLS,
            format!("{host} serves no certificate: choose one in {DIALOG}"),
        );
    }
    let found = rejections_by(roots, chain, host, now);
    if !found.is_empty() {
        let texts: Vec<String> = found.iter().map(|why| advice(why, chain, host)).collect();
        return Finding::fail(TLS, texts.join("; "));
    }
    let end_within = |span| end(chain, host, now.plus(span), roots);
    if let Some(at) = end_within(SOON) {
        return Finding::fail(
            TLS,
            format!(
                "the certificate for {host} expires on {}: renew it now in {DIALOG}{RENEWAL}",
                date(at)
            ),
        );
    }
    if let Some(at) = end_within(OVERDUE) {
        return Finding::warn(
            TLS,
            format!(
                "the certificate for {host} expires on {}, and has not been renewed yet; DSM \
                 renews one by Let's Encrypt 30 days before. Look at {DIALOG}{RENEWAL}",
                date(at)
            ),
        );
    }
    let until = end(chain, host, FAR, roots);
    let until = until.map_or_else(String::new, |at| format!(" until {}", date(at)));
    Finding::ok(
        TLS,
        format!("this machine trusts the certificate for {host}{until}"),
    )
}

const RENEWAL: &str = " (Let's Encrypt needs port 80 of the NAS to be reachable from the Internet)";

/// Returns the end of the first certificate that has expired at `time`.
fn end(
    chain: &[CertificateDer<'_>],
    host: &str,
    time: UnixTime,
    roots: &RootCertStore,
) -> Option<UnixTime> {
    let found = rejections_by(roots, chain, host, time);
    found.iter().find_map(|why| match why {
        Rejection::Expired { at } => Some(*at),
        Rejection::NotYetValid { .. }
        | Rejection::OtherHost { .. }
        | Rejection::Incomplete
        | Rejection::Other(_) => None,
    })
}

fn advice(why: &Rejection, chain: &[CertificateDer<'_>], host: &str) -> String {
    match why {
        Rejection::Expired { at } => format!(
            "the certificate for {host} expired on {}: renew it in {DIALOG}{RENEWAL}",
            date(*at)
        ),
        Rejection::NotYetValid { from } => format!(
            "the certificate for {host} is not valid before {}: check this machine's clock in \
             Control Panel > Regional Options > Time",
            date(*from)
        ),
        Rejection::OtherHost { names, .. } => format!(
            "the certificate served for {host} is for {}: choose one for {host} in {DIALOG} > \
             Settings",
            some(names)
        ),
        Rejection::Incomplete if chain.first().is_some_and(is_a_root) => format!(
            "the certificate for {host} is self-signed, so DSM and browsers reject it: create one \
             by Let's Encrypt in {DIALOG} > Add, and choose it for {host} under Settings"
        ),
        Rejection::Incomplete if chain.len() == 1 => format!(
            "{host} serves its certificate without the intermediate one, or this machine does not \
             trust its authority, so DSM rejects it: import it again with its intermediate \
             certificate in {DIALOG} > Add"
        ),
        Rejection::Incomplete => format!(
            "this machine does not trust the authority that signed the certificate for {host}, so \
             DSM rejects it: create one by Let's Encrypt in {DIALOG} > Add, and choose it for \
             {host} under Settings"
        ),
        Rejection::Other(error) => format!(
            "the certificate for {host} cannot be verified ({error}): choose another one in \
             {DIALOG} > Settings"
        ),
    }
}

/// A certificate can name hundreds of hosts.
fn some(names: &[String]) -> String {
    const MOST: usize = 5;
    let mut shown: Vec<&str> = names.iter().map(String::as_str).take(MOST).collect();
    match names.len() {
        0 => shown.push("no host"),
        all if all > MOST => shown.push("…"),
        _ => {}
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests;
