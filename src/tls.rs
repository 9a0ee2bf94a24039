//! Our own certificate, for who lets us serve HTTPS without a proxy.

use std::path::PathBuf;

/// The two files of `listen.tls-certificate` and `listen.tls-private-key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and the chain above it, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM; only its owner may read the file.
    pub private_key: PathBuf,
}
