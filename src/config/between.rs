//! Rules between two keys of the file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::reader::Section;
use super::values::SecretFile;
use super::{Config, Google, Problem, google_client, urls};
use crate::machine::tls::{self, TlsFileError, TlsFiles};
use domain::base::issuer::Issuer;
use domain::model::relying_party::RelyingParty;

/// Reports what is wrong with the three URLs of a login together.
pub(super) fn note_where_browsers_go(
    file: &Section<'_>,
    issuer: &Issuer,
    google: &Google,
    clients: &[RelyingParty],
) {
    if google.issuer.as_str() == urls::GOOGLE
        && let Err(message) = urls::google_leads_back(issuer.as_str())
    {
        file.note("issuer", message);
    }
    for (client, party) in clients.iter().enumerate() {
        for (index, uri) in party.redirect_uris.iter().enumerate() {
            if let Err(message) = urls::not_to_itself(issuer, uri.as_str()) {
                let path = format!("clients[{client}].redirect-uris[{index}]");
                file.note_at(&path, message);
            }
        }
    }
}

/// Reports an address for metrics that the service itself listens on.
pub(super) fn note_same_listener(file: &Section<'_>, service: SocketAddr, metrics: SocketAddr) {
    let is_any = service.ip().is_unspecified() || metrics.ip().is_unspecified();
    if service.port() == metrics.port() && (is_any || service.ip() == metrics.ip()) {
        let message = format!("has the port of listen.address, {service}: use another port");
        file.note_at("metrics.address", message);
    }
}

/// Returns what is wrong with the files that the daemon writes: one of them is
/// the config in `config`, or two of them are the same.
pub(super) fn written_files(config: &Path, read: &Config) -> Vec<Problem> {
    let written = [
        ("storage.path", Some(&read.storage)),
        ("log.file", read.log.file.as_ref()),
        ("control.socket", Some(&read.control_socket)),
    ];
    let mut others = vec![("the config", config.to_owned())];
    let mut problems = Vec::new();
    for (key, path) in written {
        let Some(path) = path else { continue };
        let path = resolved(path);
        if let Some((other, _)) = others.iter().find(|(_, other)| resolved(other) == path) {
            let message = format!("names the same file as {other}: {}", path.display());
            problems.push(Problem::at(key, message));
        }
        others.push((key, path));
    }
    problems
}

/// Returns the path without links, if the file exists.
fn resolved(path: &Path) -> PathBuf {
    let absolute = path.canonicalize().or_else(|_| std::path::absolute(path));
    absolute.unwrap_or_else(|_| path.to_owned())
}

/// Reports a certificate without a key, a key without a certificate, and files
/// that cannot be served with, before the first browser comes.
pub(super) fn note_tls(
    section: &Section<'_>,
    certificate: Option<&PathBuf>,
    private_key: Option<&PathBuf>,
) {
    let files = match (certificate, private_key) {
        (None, None) => return,
        (Some(certificate), Some(private_key)) => TlsFiles {
            certificate: certificate.clone(),
            private_key: private_key.clone(),
        },
        (Some(_), None) => {
            section.note("tls-private-key", "is missing: tls-certificate needs it");
            return;
        }
        (None, Some(_)) => {
            section.note("tls-certificate", "is missing: tls-private-key needs it");
            return;
        }
    };
    let Err(error) = tls::load(&files) else {
        return;
    };
    let (key, path) = match error {
        TlsFileError::CertificateUnreadable(_)
        | TlsFileError::CertificateForm(_)
        | TlsFileError::NoCertificate => ("tls-certificate", &files.certificate),
        TlsFileError::PrivateKeyFile(_)
        | TlsFileError::NoPrivateKey
        | TlsFileError::Mismatch(_)
        | TlsFileError::Unsupported(_) => ("tls-private-key", &files.private_key),
    };
    section.note(key, format!("names {}, which {error}", path.display()));
}

/// Reports a client ID or a secret that Google does not create.
pub(super) fn note_google_client(
    section: &Section<'_>,
    client_id: Option<&str>,
    secret: Option<&SecretFile>,
) {
    if let Some(Err(message)) = client_id.map(google_client::client_id) {
        section.note("client-id", message);
    }
    let Some(SecretFile { path, secret }) = secret else {
        return;
    };
    if let Err(message) = google_client::client_secret(secret.expose()) {
        let message = format!("names {}, whose content {message}", path.display());
        section.note("client-secret-file", message);
    }
}
