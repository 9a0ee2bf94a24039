//! Whether the reverse proxy names the client, for rate limits and the log.

use std::net::IpAddr;

use super::{FORWARDED, REVERSE_PROXY, Visit};
use crate::app::Forwarded;
use crate::doctor::Finding;
use crate::doctor::proof::CLAIMED;

pub(super) fn check(visit: &Visit<'_>) -> Finding {
    let Ok(Some(seen)) = visit.proof.seen else {
        let why = "no request by the public name came to this daemon";
        return Finding::not_tested(FORWARDED, why);
    };
    if is_direct(visit) {
        let message = "clients connect to the daemon itself, without a reverse proxy";
        return Finding::ok(FORWARDED, message);
    }
    let proxy = seen.peer;
    let consequence = "so rate limits and the log see only the proxy";
    let message = match (seen.forwarded, seen.named) {
        (Forwarded::Used, Some(client)) if client != IpAddr::V4(CLAIMED) => {
            let message = format!("X-Forwarded-For arrives: the proxy {proxy} names {client}");
            return Finding::ok(FORWARDED, message);
        }
        // A proxy that passes on what the client wrote lets each client choose
        // its own address.
        (Forwarded::Used | Forwarded::Missing, _) => format!(
            "the reverse proxy {proxy} does not add the client to X-Forwarded-For, {consequence}. \
             DSM's reverse proxy adds it by itself: remove an entry X-Forwarded-For in \
             {REVERSE_PROXY} > Edit > Custom Header. In another proxy, set it, as nginx does by \
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for"
        ),
        (Forwarded::Ignored, _) => format!(
            "the reverse proxy {proxy} is not in listen.trusted-proxies, so its X-Forwarded-For \
             is ignored, {consequence}: add it to this key of the config, then restart the package"
        ),
    };
    Finding::warn(FORWARDED, message)
}

/// Returns whether clients connect to the daemon: it serves HTTPS itself, or
/// the issuer is its own address.
fn is_direct(visit: &Visit<'_>) -> bool {
    let config = visit.config;
    let own = url::Url::parse(config.issuer.as_str());
    let same_port = own.is_ok_and(|url| url.port() == Some(config.listen.address.port()));
    config.listen.tls().is_some() || (!config.issuer.is_https() && same_port)
}
