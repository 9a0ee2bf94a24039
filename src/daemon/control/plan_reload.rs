//! The config in effect, and the preview of a reload.

use tokio::task::spawn_blocking;

use super::{Control, failed, not_reloaded, report};
use crate::app;
use crate::control::{AccessChange, Change, ConfigValue, ReloadPlan};
use domain::signin::directory::{self, Refusal};

impl Control {
    pub(super) fn config(&self) -> Vec<ConfigValue> {
        let app = self.current.load();
        let values = app.config.values().map(|value| ConfigValue {
            key: value.key.to_owned(),
            value: value.text,
            secret: value.secret && value.has_value,
        });
        values.collect()
    }

    /// Reads the config, and returns what it would change. Nothing is in force,
    /// and DSM is not asked.
    pub(super) async fn plan_reload(&self) -> Vec<u8> {
        let written = match self.reloader.read().await {
            Ok(written) => written,
            Err(error) => return not_reloaded(&error),
        };
        let app = self.current.load();
        let links = match app.store.links().await {
            Ok(links) => links,
            Err(error) => return failed(error),
        };
        let seen = self.reloader.fingerprint(&written);
        let changes = app.config.changes_to(&written);
        let next = written.with_open_values_of(&app.config);
        let other_dsm = next.dsm.url != app.config.dsm.url;
        let policy = app::policy(&next);
        // On its own thread, as `users`: a large directory takes a while.
        let comparing = spawn_blocking(move || {
            let Some(snapshot) = app.snapshot.load_full() else {
                return Vec::new();
            };
            let moment = app.moment();
            directory::access_changes(&snapshot, &links, &app.policy, &policy, moment)
        });
        let access = match comparing.await {
            Ok(access) => access,
            Err(error) => return failed(error),
        };
        report(&ReloadPlan {
            changes: changes.into_iter().map(Change::from).collect(),
            access: access.into_iter().map(AccessChange::from).collect(),
            other_dsm,
            seen,
        })
    }
}

impl From<directory::AccessChange> for AccessChange {
    fn from(change: directory::AccessChange) -> Self {
        let refusal = change.after.as_ref().err().copied();
        Self {
            address: change.address.as_written().to_owned(),
            from: change.before.ok().map(|user| user.to_string()),
            to: change.after.ok().map(|user| user.to_string()),
            refusal: refusal.map(|refusal| Refusal::name(refusal).to_owned()),
        }
    }
}
