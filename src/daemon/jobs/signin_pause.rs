//! DSM is left alone after it refused to let us in.
//!
//! Its Auto Block counts refused sign-ins, and in the end locks this machine
//! out, for hours or for good (docs/development/dsm-facts.md, section 2.3).
//! What it rejected once it rejects again, until the cause is corrected.

use std::path::Path;
use std::time::Duration;

use aws_lc_rs::hmac;

use super::{Jobs, UsersError};
use crate::clients::dsm::DsmError;
use crate::clients::refresh_coordinator::Running;
use crate::config::Dsm;
use crate::logging::told;
use crate::machine::secret_file::read_secret_file;
use crate::store::{SavedPause, StoreError};
use domain::base::clock::UnixTime;
use domain::base::secret::Secret;

const FIRST_HOLD: Duration = Duration::from_mins(15);

/// Each further refusal doubles the hold up to this.
const LONGEST_HOLD: Duration = Duration::from_hours(6);

/// The seal's key serves another purpose, too.
const LABEL: &[u8] = b"google-to-synology-sso: what DSM refused";

/// Recognises, without keeping it, what DSM refused: whoever gets hold of the
/// state alone cannot try passwords on it.
#[derive(Clone, Debug)]
pub struct FingerprintKey(hmac::Key);

impl FingerprintKey {
    /// A key of its own, made of the kept key of the seal.
    pub fn derived_from(seal_key: &Secret<[u8; 32]>) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, seal_key.expose());
        let derived = hmac::sign(&secret, LABEL);
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    /// Of all that may be mended without our knowing: the config's `[dsm]`,
    /// and what is in the files that it names.
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
}

/// Each with its length, so that no two rows of fields look the same.
struct Fields(hmac::Context);

impl Fields {
    fn add(&mut self, field: Option<&[u8]>) {
        let length = field.map_or(u64::MAX, |field| field.len() as u64);
        self.0.update(&length.to_be_bytes());
        self.0.update(field.unwrap_or_default());
    }

    /// A file that cannot be read counts as none: when it can be, that is a
    /// change.
    fn add_file(&mut self, path: Option<&Path>) {
        let name = path.map(|path| path.as_os_str().as_encoded_bytes());
        self.add(name);
        let secret = path.and_then(|path| read_secret_file(path).ok());
        self.add(secret.as_ref().map(|secret| secret.expose().as_bytes()));
    }
}

impl Jobs {
    /// Refuses while DSM is to be left alone; ends a hold that has a reason
    /// to end.
    pub(super) async fn heed_hold(&self, running: &Running<'_>) -> Result<(), UsersError> {
        let Some(hold) = self.hold.load_full() else {
            return Ok(());
        };
        let app = self.app();
        if running.was_demanded() {
            self.end_hold().await;
            return Ok(());
        }
        if hold.fingerprint != self.fingerprint_key.fingerprint(&app.config.dsm) {
            tracing::info!("what DSM refused has changed: it is asked again");
            self.end_hold().await;
            return Ok(());
        }
        let Some(until) = end(&hold, app.clock.now()) else {
            app.refresh_desk.set_on_hold(false);
            return Ok(());
        };
        if until != hold.until {
            let hold = SavedPause::clone(&hold);
            self.save_signin_pause(SavedPause { until, ..hold }).await;
        }
        Err(UsersError::OnHold { until })
    }

    /// DSM has refused what has this `fingerprint`.
    pub(super) async fn begin_hold(&self, error: &DsmError, fingerprint: Vec<u8>) {
        let before = self.hold.load_full();
        let length = before.map_or(FIRST_HOLD, |before| {
            (before.length * 2).clamp(FIRST_HOLD, LONGEST_HOLD)
        });
        let until = self.app().clock.now().plus(length);
        let next_try = humantime::format_duration(length);
        let shown = self.app().local_time(until);
        tracing::warn!(
            error = error as &dyn std::error::Error,
            until = shown,
            %next_try,
            "DSM does not let us in and is left alone for a while; a changed password, device \
             token or [dsm] in the config ends this within a minute, reload at once"
        );
        let reason = told(error);
        self.save_signin_pause(SavedPause {
            until,
            length,
            fingerprint,
            reason,
        })
        .await;
    }

    /// Tells of a hold that began before this start.
    pub(super) fn say_hold_of_before(&self) {
        let hold = self.hold.load_full();
        let now = self.app().clock.now();
        let Some((hold, until)) = hold.and_then(|hold| end(&hold, now).map(|end| (hold, end)))
        else {
            return;
        };
        let until = self.app().local_time(until);
        tracing::warn!(
            error = hold.reason,
            until,
            "DSM did not let us in before this start and is still left alone"
        );
    }

    /// Until when DSM is left alone, if it is.
    pub(super) fn on_hold_until(&self) -> Option<UnixTime> {
        let hold = self.hold.load_full()?;
        end(&hold, self.app().clock.now())
    }

    /// Also forgets how long the last hold was.
    pub(super) async fn end_hold(&self) {
        if self.hold.swap(None).is_none() {
            return;
        }
        self.app().refresh_desk.set_on_hold(false);
        say(self.app().store.forget_hold().await);
    }

    async fn save_signin_pause(&self, hold: SavedPause) {
        self.app().refresh_desk.set_on_hold(true);
        self.hold.store(Some(hold.clone().into()));
        say(self.app().store.save_signin_pause(hold).await);
    }
}

/// When `hold` ends; `None`: it has. Not later than one that begins now would:
/// a clock that was wrong when it began must not make it last for years.
fn end(hold: &SavedPause, now: UnixTime) -> Option<UnixTime> {
    (hold.until > now).then(|| hold.until.min(now.plus(hold.length)))
}

/// The hold itself is in memory; only a restart would not know of it.
fn say(kept: Result<(), StoreError>) {
    if let Err(error) = kept {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "whether DSM is left alone cannot be kept");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;

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
    fn whoever_has_no_key_cannot_try_passwords_on_it() {
        let directory = tempfile::tempdir().unwrap();
        let dsm = dsm(directory.path());
        assert_ne!(key(1).fingerprint(&dsm), key(2).fingerprint(&dsm));
    }
}
