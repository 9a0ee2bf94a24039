//! The checks of the public name: DNS, reachability, certificate, and whether
//! it leads to this daemon.
//!
//! This machine opens the name itself, as DSM does at each sign-in.

mod address;
mod answer;
mod certificate;
mod forwarded;

use std::net::SocketAddr;
use std::time::Duration;

use hyper::Request;
use hyper::header::USER_AGENT;

use super::machine::origin;
use super::proof::{MAX_BYTES, Proof};
use super::{DaemonAccess, Finding, Findings, send};
use crate::clients::http_client::{Answer, HttpClient, HttpClientError, Trust};
use crate::config::Config;
use address::Target;
use certificate::Served;
use domain::base::clock::Clock;

const DNS: &str = "public.dns";
const REACH: &str = "public.reach";
const TLS: &str = "public.tls";
const DAEMON: &str = "public.daemon";
const FORWARDED: &str = "public.forwarded";

/// For one request. With the look-up before it and the question to the daemon
/// after it, all checks end in half of the time that `doctor` has.
const TIMEOUT: Duration = Duration::from_secs(8);

/// Where the rule of DSM's reverse proxy is.
const REVERSE_PROXY: &str = "Control Panel > Login Portal > Advanced > Reverse Proxy";

/// What the public name returned.
struct Visit<'a> {
    config: &'a Config,
    addresses: &'a [SocketAddr],
    proof: Proof,
    discovery: Result<Answer, HttpClientError>,
}

/// The result of the checks for others that depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PublicName {
    LeadsHere,
    Failed,
    NotTested,
}

/// Sends all findings of the group.
pub(super) async fn check(
    config: &Config,
    daemon: &dyn DaemonAccess,
    clock: &dyn Clock,
    findings: &Findings,
) -> PublicName {
    let target = Target::of(&config.issuer);
    let addresses = match target.look_up().await {
        Ok(addresses) => addresses,
        Err(why) => {
            send(findings, Finding::fail(DNS, why));
            let why = format!("{} does not resolve", target.host);
            for name in [REACH, TLS, DAEMON, FORWARDED] {
                send(findings, Finding::not_tested(name, &why));
            }
            return PublicName::Failed;
        }
    };
    send(findings, Finding::ok(DNS, target.resolved(&addresses)));
    let (served, visit) = tokio::join!(
        Served::by(&target, &addresses),
        Visit::make(config, &addresses, daemon)
    );
    let reached = match answer::unreachable(&visit, &target, &served) {
        None => {
            let url = config.issuer.endpoint("/healthz");
            let message = format!("this machine gets a response from {url}");
            send(findings, Finding::ok(REACH, message));
            true
        }
        Some(finding) => {
            send(findings, finding);
            false
        }
    };
    let not_reached = |name| Finding::not_tested(name, "the public name cannot be reached");
    let of_daemon = if reached {
        answer::daemon(&visit)
    } else {
        not_reached(DAEMON)
    };
    send(findings, forwarded::check(&visit));
    let other = reached && visit.is_of_another_program();
    send(findings, of_daemon);
    send(findings, served.judge(&target, clock.now(), other).await);
    match visit.proof.seen {
        Ok(Some(_)) => PublicName::LeadsHere,
        Ok(None) => PublicName::Failed,
        Err(_) => PublicName::NotTested,
    }
}

/// Returns what is found about the certificate of the public name, and nothing
/// else.
pub(super) async fn certificate(config: &Config, clock: &dyn Clock) -> Finding {
    let target = Target::of(&config.issuer);
    let addresses = match target.look_up().await {
        Ok(addresses) => addresses,
        Err(why) => return Finding::fail(DNS, why),
    };
    let served = Served::by(&target, &addresses).await;
    served.judge(&target, clock.now(), false).await
}

impl<'a> Visit<'a> {
    async fn make(
        config: &'a Config,
        addresses: &'a [SocketAddr],
        daemon: &dyn DaemonAccess,
    ) -> Self {
        // The certificate has its own check, and nothing secret is sent.
        let http = HttpClient::new(Trust::DangerousAnyCertificate, TIMEOUT);
        let base = config.issuer.endpoint("");
        let url = config.issuer.endpoint("/.well-known/openid-configuration");
        // Without a User-Agent, the daemon takes it for DSM's OpenID client.
        let request = Request::get(url).header(USER_AGENT, env!("CARGO_PKG_NAME"));
        let (proof, discovery) = tokio::join!(
            Proof::of(&http, &base, daemon),
            http.get(request, MAX_BYTES)
        );
        Self {
            config,
            addresses,
            proof,
            discovery,
        }
    }

    /// Returns whether the name leads elsewhere, not to the daemon and not to a
    /// proxy that cannot reach it.
    fn is_of_another_program(&self) -> bool {
        let seen = matches!(self.proof.seen, Ok(Some(_)));
        let of_proxy = self
            .proof
            .answer
            .as_ref()
            .is_ok_and(|answer| answer.status.is_server_error());
        !seen && !of_proxy && self.proof.seen.is_ok()
    }

    /// Returns the destination that a reverse proxy must have.
    fn destination(&self) -> String {
        origin(&self.config.listen)
    }
}
