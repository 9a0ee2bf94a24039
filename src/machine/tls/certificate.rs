//! Whether DSM and browsers accept the certificate that we serve.

use rustls::client::verify_server_name;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime as TlsTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};
use webpki::EndEntityCert;

use super::{TlsFiles, read_chain};
use domain::base::clock::UnixTime;

/// Why a client rejects the certificate, or one above it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum Rejection {
    #[error("a certificate in it expired on {}; renew it", date(*.at))]
    Expired { at: UnixTime },
    #[error(
        "a certificate in it is not valid before {}; check the clock of this machine",
        date(*.from)
    )]
    NotYetValid { from: UnixTime },
    #[error(
        "the certificate is for another host than the issuer's, {host}: it names {}",
        names.join(", ")
    )]
    OtherHost { host: String, names: Vec<String> },
    #[error(
        "the chain leads neither to an authority that this machine trusts nor to a private one \
         that the file contains, so DSM and browsers reject it: use the file with the full chain, \
         such as fullchain.pem"
    )]
    Incomplete,
    #[error("the certificate cannot be verified: {0}")]
    Other(String),
}

/// Returns `time` as the messages show it.
pub fn date(time: UnixTime) -> String {
    let time = jiff::Timestamp::from_second(time.seconds()).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Returns the reasons for which clients reject the certificate in `files` at
/// `now`. `host` is the issuer's. Returns none for files that cannot be read:
/// [`load`](super::load) reports these.
pub fn rejections(files: &TlsFiles, host: &str, now: UnixTime) -> Vec<Rejection> {
    let chain = read_chain(&files.certificate).unwrap_or_default();
    rejections_of(&chain, host, now, system_authorities())
}

/// Loads the certificate authorities that this machine trusts.
pub fn system_authorities() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "cannot read a certificate authority of this machine");
    }
    roots.add_parsable_certificates(found.certs);
    roots
}

fn rejections_of(
    chain: &[CertificateDer<'_>],
    host: &str,
    now: UnixTime,
    system: RootCertStore,
) -> Vec<Rejection> {
    let mut roots = system;
    for authority in chain
        .iter()
        .skip(1)
        .filter(|certificate| is_a_root(certificate))
    {
        // The verification fails if it cannot be parsed.
        let _ = roots.add(authority.clone().into_owned());
    }
    rejections_by(&roots, chain, host, now)
}

/// Returns the reasons for which a client that trusts only `roots` rejects
/// `chain` for `host` at `now`.
pub fn rejections_by(
    roots: &RootCertStore,
    chain: &[CertificateDer<'_>],
    host: &str,
    now: UnixTime,
) -> Vec<Rejection> {
    let Some((leaf, above)) = chain.split_first() else {
        return Vec::new();
    };
    let parsed = match ParsedCertificate::try_from(leaf) {
        Ok(parsed) => parsed,
        Err(error) => return vec![Rejection::Other(error.to_string())],
    };
    let mut found = of_the_chain(&parsed, above, now, roots);
    found.extend(of_the_name(&parsed, host));
    found
}

/// One error may hide another, so an expired certificate is verified again at
/// the end of its validity.
fn of_the_chain(
    leaf: &ParsedCertificate<'_>,
    above: &[CertificateDer<'_>],
    now: UnixTime,
    roots: &RootCertStore,
) -> Vec<Rejection> {
    use CertificateError::{ExpiredContext, NotValidYetContext, UnknownIssuer};
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
    let mut found = Vec::new();
    let mut time = tls_time(now);
    // At most an expired certificate, one that is not valid yet, and another
    // error.
    for _ in 0..3 {
        let verified = rustls::client::verify_server_cert_signed_by_trust_anchor(
            leaf,
            roots,
            above,
            time,
            algorithms.all,
        );
        let Err(error) = verified else { break };
        let (rejection, next) =
            if let Error::InvalidCertificate(ExpiredContext { not_after, .. }) = error {
                let at = ours(not_after);
                (Rejection::Expired { at }, Some(not_after))
            } else if let Error::InvalidCertificate(NotValidYetContext { not_before, .. }) = error {
                let from = ours(not_before);
                (Rejection::NotYetValid { from }, Some(not_before))
            } else if error == Error::InvalidCertificate(UnknownIssuer) {
                (Rejection::Incomplete, None)
            } else {
                (Rejection::Other(error.to_string()), None)
            };
        found.push(rejection);
        let Some(next) = next else { break };
        time = next;
    }
    found
}

fn of_the_name(leaf: &ParsedCertificate<'_>, host: &str) -> Option<Rejection> {
    // An IPv6 address has brackets in a URL.
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare).ok()?;
    let names = match verify_server_name(leaf, &name) {
        Ok(()) => return None,
        Err(Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            presented,
            ..
        })) => presented.iter().map(|name| bare_name(name)).collect(),
        Err(_) => Vec::new(),
    };
    Some(Rejection::OtherHost {
        host: host.to_owned(),
        names,
    })
}

/// rustls names a host as `DnsName("nas.example.com")`.
fn bare_name(name: &str) -> String {
    let quoted = name.split_once('"').map(|(_, rest)| rest);
    let bare = quoted.and_then(|rest| rest.rsplit_once('"'));
    bare.map_or(name, |(bare, _)| bare).to_owned()
}

/// Returns whether the certificate names itself as its issuer.
pub fn is_a_root(certificate: &CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(certificate).is_ok_and(|parsed| parsed.issuer() == parsed.subject())
}

fn tls_time(time: UnixTime) -> TlsTime {
    let seconds = u64::try_from(time.seconds()).unwrap_or_default();
    TlsTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
}

fn ours(time: TlsTime) -> UnixTime {
    UnixTime::from_seconds(i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
