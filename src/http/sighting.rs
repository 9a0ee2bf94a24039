//! Recognises the requests of `doctor` to `/healthz`.

use std::net::IpAddr;

use hyper::http::request;
use ipnet::IpNet;

use super::request::{Client, X_FORWARDED_FOR, forwarded_address};
use crate::app::{AppState, Forwarded, PARAMETER, Sighting};

/// Notes who sent a request that has a valid nonce; ignores any other. The
/// response is the same for both.
pub(super) fn note(app: &AppState, head: &request::Parts, peer: IpAddr, client: Client) {
    let Some(nonce) = head.uri.query().and_then(nonce) else {
        return;
    };
    let trusted = &app.config.listen.trusted_proxies;
    let sighting = Sighting {
        peer: peer.to_canonical(),
        client: client.address(),
        forwarded: forwarded(head, peer.to_canonical(), trusted),
        named: named(head),
    };
    app.doctor_nonces
        .note(nonce, app.clock.monotonic(), sighting);
}

fn nonce(query: &str) -> Option<&str> {
    let (name, nonce) = query.split_once('=')?;
    (name == PARAMETER).then_some(nonce)
}

fn forwarded(head: &request::Parts, peer: IpAddr, trusted: &[IpNet]) -> Forwarded {
    if !head.headers.contains_key(X_FORWARDED_FOR) {
        return Forwarded::Missing;
    }
    if trusted.iter().any(|net| net.contains(&peer)) {
        return Forwarded::Used;
    }
    Forwarded::Ignored
}

fn named(head: &request::Parts) -> Option<IpAddr> {
    let last = head.headers.get_all(X_FORWARDED_FOR).iter().next_back()?;
    forwarded_address(last.as_bytes().rsplit(|&byte| byte == b',').next()?)
}
