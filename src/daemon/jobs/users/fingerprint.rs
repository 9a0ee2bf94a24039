//! Recognises the settings and secrets that DSM refused, without saving them.

use std::path::Path;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::Dsm;
use crate::machine::secret_file::read_secret_file;
use domain::base::secret::Secret;

/// Keeps the key from having two purposes: the seal uses it, too.
const LABEL: &[u8] = b"google-to-synology-sso: what DSM refused";

/// The key of the fingerprints: without it, an attacker who has the state could
/// try passwords on them.
#[derive(Clone, Debug)]
pub struct FingerprintKey(hmac::Key);

impl FingerprintKey {
    /// Derives the key from the saved key of the seal.
    pub fn derived_from(seal_key: &Secret<[u8; 32]>) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, seal_key.expose());
        let derived = hmac::sign(&secret, LABEL);
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// Returns the fingerprint of everything that can be corrected here: the
    /// section `[dsm]` of the config, and the contents of the files that it
    /// names.
    pub(super) fn fingerprint(&self, dsm: &Dsm) -> Vec<u8> {
        let Dsm {
            url,
            account,
            password_file,
            refresh,
            timeout,
            max_age,
            accept_invalid_certificate,
            device_token_file,
        } = dsm;
        let mut fields = Fields(hmac::Context::with_key(&self.0));
        fields.add(Some(url.as_bytes()));
        fields.add(Some(account.as_bytes()));
        for duration in [refresh, timeout, max_age] {
            fields.add(Some(&duration.as_nanos().to_be_bytes()));
        }
        fields.add(Some(&[u8::from(*accept_invalid_certificate)]));
        fields.add_file(Some(password_file));
        fields.add_file(device_token_file.as_deref());
        fields.0.sign().as_ref().to_vec()
    }

    /// Returns the fingerprint of what the administrator was shown of DSM,
    /// which has a secret.
    pub(super) fn seen(&self, shown: &str) -> String {
        let mut fields = Fields(hmac::Context::with_key(&self.0));
        // No `dsm.url` is this text, so it is never that of something refused.
        fields.add(Some(b"seen"));
        fields.add(Some(shown.as_bytes()));
        URL_SAFE_NO_PAD.encode(fields.0.sign())
    }
}

/// Hashes each field with its length, so that no two rows of fields are the
/// same bytes.
struct Fields(hmac::Context);

impl Fields {
    fn add(&mut self, field: Option<&[u8]>) {
        let length = field.map_or(u64::MAX, |field| field.len() as u64);
        self.0.update(&length.to_be_bytes());
        self.0.update(field.unwrap_or_default());
    }

    /// A file that cannot be read is hashed as a missing one: when it can be
    /// read, that is a change.
    fn add_file(&mut self, path: Option<&Path>) {
        let name = path.map(|path| path.as_os_str().as_encoded_bytes());
        self.add(name);
        let secret = path.and_then(|path| read_secret_file(path).ok());
        self.add(secret.as_ref().map(|secret| secret.expose().as_bytes()));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    fn key(byte: u8) -> FingerprintKey {
        FingerprintKey::derived_from(&Secret::new([byte; 32]))
    }

    fn dsm(directory: &Path) -> Dsm {
        Dsm {
            url: "http://127.0.0.1:5000".to_owned(),
            account: "sso-reader".to_owned(),
            password_file: file(directory, "password", "correct horse"),
            refresh: Duration::from_hours(1),
            timeout: Duration::from_secs(30),
            max_age: Duration::from_hours(24),
            accept_invalid_certificate: false,
            device_token_file: None,
        }
    }

    fn file(directory: &Path, name: &str, secret: &str) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, secret).unwrap();
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, private).unwrap();
        path
    }

    #[test]
    fn refused_credentials_are_recognised_until_one_changes() {
        let directory = tempfile::tempdir().unwrap();
        let of = |change: &dyn Fn(&mut Dsm)| {
            let mut dsm = dsm(directory.path());
            change(&mut dsm);
            key(1).fingerprint(&dsm)
        };
        assert_eq!(of(&|_| {}), of(&|_| {}));
        let token = file(directory.path(), "token", "did");
        let empty = file(directory.path(), "empty", "");
        let changes: [&dyn Fn(&mut Dsm); 12] = [
            &|_| {},
            &|dsm| dsm.url.push('0'),
            &|dsm| dsm.account.push('2'),
            // The same letters, in other places.
            &|dsm| dsm.url.push(dsm.account.remove(0)),
            &|dsm| dsm.password_file = file(directory.path(), "password", "battery staple"),
            &|dsm| dsm.password_file = directory.path().join("gone"),
            &|dsm| dsm.refresh *= 2,
            &|dsm| dsm.timeout *= 2,
            &|dsm| dsm.max_age *= 2,
            &|dsm| dsm.accept_invalid_certificate = true,
            &|dsm| dsm.device_token_file = Some(token.clone()),
            &|dsm| dsm.device_token_file = Some(empty.clone()),
        ];
        let all: HashSet<Vec<u8>> = changes.iter().map(|change| of(*change)).collect();
        assert_eq!(all.len(), changes.len());
    }

    #[test]
    fn without_the_key_no_password_can_be_tried_on_it() {
        let directory = tempfile::tempdir().unwrap();
        let dsm = dsm(directory.path());
        assert_ne!(key(1).fingerprint(&dsm), key(2).fingerprint(&dsm));
    }
}
