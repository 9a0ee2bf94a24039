//! What answers at the public name: nothing, this daemon, or another program.

use std::io;

use hyper::StatusCode;
use serde::Deserialize;

use super::address::{Target, listed};
use super::certificate::Served;
use super::{DAEMON, REACH, REVERSE_PROXY, TIMEOUT, Visit};
use crate::clients::http_client::{Answer, HttpClientError, causes};
use crate::doctor::Finding;
use crate::http::SETUP_MODE_MARK;
use crate::logging::error_chain;
use domain::base::parameters::shortened;

/// Texts in DSM's own pages, in lower case. A guess.
const OF_DSM: [&[u8]; 3] = [b"webman/", b"syno.sds", b"synology"];

/// The issuer in a discovery document.
#[derive(Deserialize)]
struct IssuerWire {
    issuer: String,
}

/// Returns the finding if no HTTP response came from the public name.
pub(super) fn unreachable(visit: &Visit<'_>, target: &Target, served: &Served) -> Option<Finding> {
    let error = match &visit.proof.answer {
        Ok(_) | Err(HttpClientError::Redirect { .. } | HttpClientError::TooLarge(_)) => {
            return None;
        }
        Err(error) => error,
    };
    let (host, port) = (&target.host, target.port);
    let at = format!("{host} port {port} ({})", listed(visit.addresses));
    let connected = served.is_connected();
    let kind = io_kind(error);
    let timed_out = matches!(error, HttpClientError::Timeout(_))
        || matches!(kind, Some(io::ErrorKind::TimedOut));
    if timed_out && connected && visit.proof.seen.is_err() {
        return Some(Finding::not_tested(REACH, "the daemon does not answer"));
    }
    let why = if timed_out && connected {
        format!(
            "{at} accepts a connection, but sends no response within {} s: look at the destination \
             of its rule in {REVERSE_PROXY}, {}",
            TIMEOUT.as_secs(),
            visit.destination()
        )
    } else if timed_out || is_unreachable(kind) {
        format!(
            "this machine cannot connect to {at}: {}. If it works from the Internet, the router \
             does not lead requests from inside back to its own public address. Turn on NAT \
             loopback (hairpin NAT) in the router; or let the DNS server of your network answer \
             with the private address of the NAS for {host}. Also check that the address is that \
             of the router or of the NAS, and that the router forwards port {port} to the NAS",
            match kind {
                Some(kind) if !timed_out => kind.to_string(),
                _ => "no answer".to_owned(),
            }
        )
    } else if kind == Some(io::ErrorKind::ConnectionRefused) {
        format!(
            "{at} refuses connections: if the address is not that of the router or of the NAS, \
             correct the record of {host} at the provider of your domain. The router must forward \
             port {port} to the NAS, and {REVERSE_PROXY} needs a rule for {host}, port {port}, \
             with the destination {}",
            visit.destination()
        )
    } else if speaks_no_tls(error) {
        format!(
            "{at} does not speak HTTPS: set the source protocol of the rule for {host} to HTTPS in \
             {REVERSE_PROXY}, and let the router forward port {port} to that port"
        )
    } else {
        format!(
            "no HTTP response from {at}: {}. Look at the rule for {host} in {REVERSE_PROXY}",
            shortened(&error_chain(error))
        )
    };
    Some(Finding::fail(REACH, why))
}

fn is_unreachable(kind: Option<io::ErrorKind>) -> bool {
    matches!(
        kind,
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable)
    )
}

fn io_kind(error: &HttpClientError) -> Option<io::ErrorKind> {
    let mut kinds = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>());
    // TLS errors are wrapped in one that says only "other" or "invalid data".
    kinds
        .find(|error| error.raw_os_error().is_some() || error.kind() == io::ErrorKind::TimedOut)
        .map(io::Error::kind)
}

fn speaks_no_tls(error: &HttpClientError) -> bool {
    causes(error).any(|cause| {
        let error = cause.downcast_ref();
        matches!(error, Some(rustls::Error::InvalidMessage(_)))
    })
}

/// Judges the response that came from the public name.
pub(super) fn daemon(visit: &Visit<'_>) -> Finding {
    match &visit.proof.seen {
        Err(why) => Finding::not_tested(DAEMON, why),
        Ok(None) => Finding::fail(DAEMON, elsewhere(visit)),
        Ok(Some(_)) => match issuer_there(visit) {
            Ok(issuer) if issuer == visit.config.issuer.as_str() => {
                Finding::ok(DAEMON, format!("{issuer} leads to this daemon"))
            }
            Ok(issuer) => Finding::fail(
                DAEMON,
                format!(
                    "the daemon runs with the issuer {}, but the config has {}: run sudo -u \
                     google-to-synology-sso google-to-synology-sso reload",
                    shortened(&issuer),
                    visit.config.issuer
                ),
            ),
            Err(what) => Finding::fail(
                DAEMON,
                format!(
                    "{}/healthz leads to this daemon, but the discovery document does not \
                     ({what}): the proxy must lead every path to {}",
                    visit.config.issuer,
                    visit.destination()
                ),
            ),
        },
    }
}

/// Returns the issuer in the discovery document, or what came instead.
fn issuer_there(visit: &Visit<'_>) -> Result<String, String> {
    let answer = match &visit.discovery {
        Ok(answer) if answer.status == StatusCode::OK => answer,
        Ok(answer) => return Err(format!("HTTP status {}", answer.status.as_u16())),
        Err(error) => return Err(shortened(&error_chain(error))),
    };
    let wire: IssuerWire =
        serde_json::from_slice(&answer.body).map_err(|_| "not a discovery document".to_owned())?;
    Ok(wire.issuer)
}

/// Returns what answers in the place of this daemon, and what to do.
fn elsewhere(visit: &Visit<'_>) -> String {
    let issuer = &visit.config.issuer;
    let destination = visit.destination();
    let rule = format!(
        "{REVERSE_PROXY} needs a rule for {} with the destination {destination}; or the name \
         leads to another machine than the NAS ({})",
        issuer.origin(),
        listed(visit.addresses)
    );
    let answer = match &visit.proof.answer {
        Ok(answer) => answer,
        Err(HttpClientError::Redirect { location }) => {
            return format!(
                "{issuer} redirects to {}, which this daemon does not: {rule}",
                shortened(location)
            );
        }
        Err(_) => return format!("another program answers at {issuer}: {rule}"),
    };
    let status = answer.status.as_u16();
    if answer.status.is_server_error() && !is_waiting(answer) {
        return format!(
            "the reverse proxy at {issuer} answers {status}, so it does not reach this daemon: set \
             the destination of its rule to {destination} in {REVERSE_PROXY}"
        );
    }
    if answer.status == StatusCode::OK && *answer.body == *b"ok" {
        return another_instance(visit, &rule);
    }
    if is_of_dsm(&answer.body) {
        return format!("DSM's own page answers at {issuer} (HTTP status {status}): {rule}");
    }
    format!("another program answers at {issuer} (HTTP status {status}): {rule}")
}

fn another_instance(visit: &Visit<'_>, rule: &str) -> String {
    let issuer = &visit.config.issuer;
    if visit.discovery.as_ref().is_ok_and(is_waiting) {
        return format!(
            "another instance of this program answers at {issuer}, which waits for a valid config: \
             {rule}"
        );
    }
    match issuer_there(visit) {
        Ok(there) => format!(
            "another instance of this program, with the issuer {}, answers at {issuer}: stop it, \
             or correct the destination. {rule}",
            shortened(&there)
        ),
        Err(_) => format!("another program answers at {issuer} with \"ok\": {rule}"),
    }
}

fn is_waiting(answer: &Answer) -> bool {
    contains(&answer.body, SETUP_MODE_MARK.as_bytes())
}

fn is_of_dsm(body: &[u8]) -> bool {
    let body = body.to_ascii_lowercase();
    OF_DSM.iter().any(|text| contains(&body, text))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
