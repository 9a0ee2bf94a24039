//! The certificate authorities that DSM trusts, and what they issue.

use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A root that is in DSM's store, and an authority below it, which is not.
#[derive(Debug)]
pub struct Authorities {
    /// The root's certificate.
    pub root: String,
    intermediate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A server's certificates and its key, all PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The server's own first.
    pub chain: String,
    /// The private key.
    pub key: String,
}

impl Authorities {
    /// Creates both; `name` begins their names.
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = authority(&format!("{name} Root"));
        let root = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let params = authority(&format!("{name} Intermediate"));
        let intermediate = params.signed_by(&key, &issuer).unwrap().pem();
        Self {
            root,
            intermediate,
            issuer: Issuer::new(params, key),
        }
    }

    /// Issues a certificate that is valid on these days, of which today is 0.
    pub fn issue(&self, name: &str, days: Range<i64>) -> Certificate {
        let leaf = self.issue_without_chain(name, days);
        Certificate {
            chain: leaf.chain + &self.intermediate,
            key: leaf.key,
        }
    }

    /// The same without the certificate of the authority.
    pub fn issue_without_chain(&self, name: &str, days: Range<i64>) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        let now = Timestamp::now();
        let day = |day| SystemTime::from(now + SignedDuration::from_hours(24 * day));
        params.not_before = day(days.start).into();
        params.not_after = day(days.end).into();
        Certificate {
            chain: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A certificate that no authority has signed, as DSM and routers have one at
/// first.
pub fn self_signed(name: &str) -> Certificate {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    Certificate {
        chain: made.cert.pem(),
        key: made.signing_key.serialize_pem(),
    }
}

impl Certificate {
    /// Encrypts a server's connections.
    pub fn acceptor(&self) -> TlsAcceptor {
        let chain = CertificateDer::pem_slice_iter(self.chain.as_bytes());
        let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}
