//! Which certificates a client rejects.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::{Rejection, rejections_of};
use domain::base::clock::UnixTime;

const HOST: &str = "login.example.com";

/// 2026-11-23.
const NOW: UnixTime = UnixTime::from_seconds(1_795_392_000);

type Authority = CertifiedIssuer<'static, KeyPair>;

fn params(name: &str, host: &[&str]) -> CertificateParams {
    let hosts: Vec<String> = host.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// A root and an authority below it.
fn authorities() -> (Authority, Authority) {
    let key = || KeyPair::generate().unwrap();
    let root = Authority::self_signed(authority("Root"), key()).unwrap();
    let middle = Authority::signed_by(authority("Middle"), key(), &root).unwrap();
    (root, middle)
}

fn leaf(params: &CertificateParams, issuer: &Authority) -> CertificateDer<'static> {
    let key = KeyPair::generate().unwrap();
    params.signed_by(&key, issuer).unwrap().der().clone()
}

fn check(chain: &[&CertificateDer<'static>], trusted: &[&Authority], expected: &[Rejection]) {
    let chain: Vec<_> = chain.iter().map(|&der| der.clone()).collect();
    let mut roots = RootCertStore::empty();
    for root in trusted {
        roots.add(root.der().clone()).unwrap();
    }
    let found = rejections_of(&chain, HOST, NOW, roots);
    assert_eq!(found, expected);
}

#[test]
fn a_chain_that_leads_to_an_authority_is_accepted() {
    let (root, middle) = authorities();
    let leaf = leaf(&params("leaf", &[HOST]), &middle);
    check(&[&leaf, middle.der()], &[&root], &[]);
    check(&[&leaf, middle.der(), root.der()], &[&root], &[]);
}

#[test]
fn a_complete_chain_of_a_private_authority_is_accepted() {
    let (root, middle) = authorities();
    let below = leaf(&params("leaf", &[HOST]), &middle);
    check(&[&below, middle.der(), root.der()], &[], &[]);
    let direct = leaf(&params("leaf", &[HOST]), &root);
    check(&[&direct, root.der()], &[], &[]);
}

#[test]
fn a_leaf_alone_is_an_incomplete_chain() {
    let (root, middle) = authorities();
    let leaf = leaf(&params("leaf", &[HOST]), &middle);
    check(&[&leaf], &[&root], &[Rejection::Incomplete]);
    check(&[&leaf, middle.der()], &[], &[Rejection::Incomplete]);
    check(&[&leaf, root.der()], &[&root], &[Rejection::Incomplete]);
    let key = KeyPair::generate().unwrap();
    let own = params("self", &[HOST]).self_signed(&key).unwrap();
    check(&[own.der()], &[], &[Rejection::Incomplete]);
}

#[test]
fn an_expired_or_early_certificate_is_found_with_its_date() {
    let (root, _) = authorities();
    let mut expired = params("leaf", &[HOST]);
    expired.not_after = date_time_ymd(2026, 11, 1);
    let at = UnixTime::from_seconds(1_793_491_200);
    let gone = Rejection::Expired { at };
    let text = gone.to_string();
    assert!(text.contains("expired on 2026-11-01 00:00 UTC"), "{text}");
    let expired = leaf(&expired, &root);
    check(&[&expired], &[&root], std::slice::from_ref(&gone));
    check(&[&expired], &[], &[gone, Rejection::Incomplete]);

    let mut early = params("leaf", &[HOST]);
    early.not_before = date_time_ymd(2026, 12, 1);
    let from = UnixTime::from_seconds(1_796_083_200);
    let early = leaf(&early, &root);
    check(&[&early], &[&root], &[Rejection::NotYetValid { from }]);
}

#[test]
fn a_certificate_for_another_host_is_found_with_its_names() {
    let (root, _) = authorities();
    let other = leaf(&params("leaf", &["nas.example.com"]), &root);
    let rejection = Rejection::OtherHost {
        host: HOST.to_owned(),
        names: vec!["nas.example.com".to_owned()],
    };
    check(&[&other], &[&root], &[rejection]);
    let all = leaf(&params("leaf", &["*.example.com"]), &root);
    check(&[&all], &[&root], &[]);
}
