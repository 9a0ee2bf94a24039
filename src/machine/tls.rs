//! The certificate of the listener, to serve HTTPS without a reverse proxy.

mod certificate;
mod source;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::machine::secret_file::{SecretFileError, read_private_file};

pub use certificate::{Rejection, date, is_a_root, rejections, rejections_by, system_authorities};
pub use source::TlsSource;

/// In bytes. Larger than any private key in PEM.
const MAX_KEY_BYTES: u64 = 65_536;

/// The two files of `listen.tls-certificate` and `listen.tls-private-key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and the chain above it, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM; only its owner may read the file.
    pub private_key: PathBuf,
}

/// Why the two files cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum TlsFileError {
    #[error("cannot be read: {0}")]
    CertificateUnreadable(#[source] io::Error),
    #[error("is not in PEM form: {0}")]
    CertificateForm(#[source] rustls::pki_types::pem::Error),
    #[error("holds no certificate in PEM form")]
    NoCertificate,
    #[error("cannot be used: {0}")]
    PrivateKeyFile(#[from] SecretFileError),
    #[error("holds no private key in PEM form, or one with a password")]
    NoPrivateKey,
    #[error("does not go with the certificate: {0}")]
    Mismatch(#[source] rustls::Error),
    #[error("cannot be used: {0}")]
    Unsupported(#[source] rustls::Error),
}

/// Reads `files`, and returns the config of a TLS listener for HTTP/1.1.
pub fn load(files: &TlsFiles) -> Result<ServerConfig, TlsFileError> {
    let chain = read_chain(&files.certificate)?;
    let pem = read_private_file(&files.private_key, MAX_KEY_BYTES)?;
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| TlsFileError::NoPrivateKey)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsFileError::Unsupported)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(TlsFileError::Mismatch)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Reads the certificate and the chain above it.
fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsFileError> {
    let pem = fs::read(path).map_err(TlsFileError::CertificateUnreadable)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(TlsFileError::CertificateForm)?;
    if chain.is_empty() {
        return Err(TlsFileError::NoCertificate);
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use tempfile::TempDir;

    use super::{TlsFileError, TlsFiles, load};
    use crate::machine::secret_file::SecretFileError;

    fn certified() -> (String, String) {
        let names = vec!["login.example.com".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    fn files(certificate: &str, private_key: &str) -> (TempDir, TlsFiles) {
        let home = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: home.path().join("fullchain.pem"),
            private_key: home.path().join("privkey.pem"),
        };
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.private_key, private_key).unwrap();
        fs::set_permissions(&files.private_key, fs::Permissions::from_mode(0o600)).unwrap();
        (home, files)
    }

    fn error_of(certificate: &str, private_key: &str) -> TlsFileError {
        let (_home, files) = files(certificate, private_key);
        load(&files).unwrap_err()
    }

    #[test]
    fn a_certificate_and_its_key_serve_http_1_only() {
        let (certificate, key) = certified();
        let (_home, files) = files(&certificate, &key);
        assert_eq!(load(&files).unwrap().alpn_protocols, [b"http/1.1"]);
    }

    #[test]
    fn each_invalid_pair_has_its_error() {
        let (certificate, key) = certified();
        let (_, other_key) = certified();
        let cut = "-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert!(matches!(error_of("", &key), TlsFileError::NoCertificate));
        assert!(matches!(error_of(&key, &key), TlsFileError::NoCertificate));
        assert!(matches!(
            error_of(cut, &key),
            TlsFileError::CertificateForm(_)
        ));
        assert!(matches!(
            error_of(&certificate, ""),
            TlsFileError::NoPrivateKey
        ));
        assert!(matches!(
            error_of(&certificate, &certificate),
            TlsFileError::NoPrivateKey
        ));
        assert!(matches!(
            error_of(&certificate, &other_key),
            TlsFileError::Mismatch(_)
        ));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let (certificate, key) = certified();
        let (_home, files) = files(&certificate, &key);
        fs::set_permissions(&files.private_key, fs::Permissions::from_mode(0o644)).unwrap();
        let error = load(&files).unwrap_err();
        let readable = TlsFileError::PrivateKeyFile(SecretFileError::ReadableByOthers(0o644));
        assert_eq!(error.to_string(), readable.to_string());
    }

    #[test]
    fn a_missing_file_has_its_own_error() {
        let (certificate, key) = certified();
        let (_home, files) = files(&certificate, &key);
        fs::remove_file(&files.private_key).unwrap();
        let error = load(&files).unwrap_err();
        assert!(matches!(error, TlsFileError::PrivateKeyFile(_)));
        fs::remove_file(&files.certificate).unwrap();
        let error = load(&files).unwrap_err();
        assert!(matches!(error, TlsFileError::CertificateUnreadable(_)));
    }
}
