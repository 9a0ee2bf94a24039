//! Which certificates of the public name are accepted, and what to do about
//! the others.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::RootCertStore;

use super::*;
use crate::doctor::Outcome;

const HOST: &str = "login.example.com";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let name = "Authority";
    params.distinguished_name.push(DnType::CommonName, name);
    Authority::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Valid from 2026-01-01 to 2026-04-01.
fn params(host: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2026, 4, 1);
    params
}

fn time(date: &str) -> UnixTime {
    let date: jiff::Timestamp = format!("{date}T00:00:00Z").parse().unwrap();
    UnixTime::from_seconds(date.as_second())
}

/// Judges a certificate for `host`, signed by an authority that this machine
/// trusts.
fn judged(host: &str, date: &str) -> Finding {
    let authority = authority();
    let key = KeyPair::generate().unwrap();
    let leaf = params(host).signed_by(&key, &authority).unwrap();
    judge(
        &[leaf.der().clone()],
        HOST,
        time(date),
        &trusting(&authority),
    )
}

fn trusting(authority: &Authority) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    roots
}

#[track_caller]
fn check(finding: &Finding, result: Outcome, words: &str) {
    assert_eq!(finding.result, result, "{finding:?}");
    assert!(finding.message.contains(words), "{finding:?}");
}

#[test]
fn the_end_of_a_certificate_is_announced() {
    let at = |date| judged(HOST, date);
    check(&at("2026-03-10"), Outcome::Ok, "until 2026-04-01");
    check(&at("2026-03-11"), Outcome::Ok, "until 2026-04-01");
    check(&at("2026-03-12"), Outcome::Warn, "expires on 2026-04-01");
    check(&at("2026-03-25"), Outcome::Warn, "expires on 2026-04-01");
    check(&at("2026-03-26"), Outcome::Fail, "expires on 2026-04-01");
    check(&at("2026-04-02"), Outcome::Fail, "expired on 2026-04-01");
    check(
        &at("2025-12-31"),
        Outcome::Fail,
        "not valid before 2026-01-01",
    );
}

#[test]
fn a_certificate_for_another_host_names_its_host() {
    let finding = judged("nas.example.com", "2026-02-01");
    check(
        &finding,
        Outcome::Fail,
        "is for nas.example.com: choose one",
    );
}

#[test]
fn self_signed_incomplete_and_private_are_told_apart() {
    let now = time("2026-02-01");
    let key = KeyPair::generate().unwrap();
    let own = params(HOST).self_signed(&key).unwrap();
    let none = RootCertStore::empty();
    let finding = judge(&[own.der().clone()], HOST, now, &none);
    check(&finding, Outcome::Fail, "is self-signed");

    let authority = authority();
    let leaf = params(HOST).signed_by(&key, &authority).unwrap();
    let leaf = leaf.der().clone();
    let alone = judge(std::slice::from_ref(&leaf), HOST, now, &none);
    check(&alone, Outcome::Fail, "without the intermediate");
    // The server's own root proves nothing.
    let private = judge(&[leaf, authority.der().clone()], HOST, now, &none);
    check(&private, Outcome::Fail, "does not trust the authority");
    check(
        &judge(&[], HOST, now, &none),
        Outcome::Fail,
        "no certificate",
    );
}
