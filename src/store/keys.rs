//! The signing keys, and the key of the login cookies' seal.

use std::sync::Arc;

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError};
use domain::base::clock::UnixTime;
use domain::base::ids::KeyId;
use domain::base::secret::Secret;

/// A signing key as it is on disk.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names explain the fields")]
pub struct KeptKey {
    pub kid: KeyId,
    pub pkcs8: Secret<Vec<u8>>,
    pub created: UnixTime,
    pub signs_from: UnixTime,
}

impl Store {
    /// Returns the saved signing keys; none before the first start.
    pub async fn signing_keys(&self) -> Result<Vec<KeptKey>, StoreError> {
        self.call("read the signing keys", |connection| {
            let mut statement =
                connection.prepare("SELECT kid, pkcs8, created, signs_from FROM signing_keys")?;
            let keys = statement.query_map([], |row| {
                Ok(KeptKey {
                    kid: KeyId::new(row.get::<_, String>(0)?),
                    pkcs8: Secret::new(row.get(1)?),
                    created: UnixTime::from_seconds(row.get(2)?),
                    signs_from: UnixTime::from_seconds(row.get(3)?),
                })
            })?;
            keys.collect()
        })
        .await
    }

    /// Saves the key `made` and deletes the keys `gone`, also in the copy: a
    /// key that was replaced at once must not return, and a published one must
    /// not be lost.
    pub async fn rotate_signing_keys(
        &self,
        made: KeptKey,
        gone: Vec<KeyId>,
    ) -> Result<(), StoreError> {
        self.copy.state_is_in_place()?;
        let copy = Arc::clone(&self.copy);
        let saving = self.call("save the signing keys", move |connection| {
            connection.execute(
                "INSERT INTO signing_keys (kid, pkcs8, created, signs_from)
                 VALUES (?1, ?2, ?3, ?4)",
                params![
                    made.kid.as_str(),
                    made.pkcs8.expose(),
                    made.created.seconds(),
                    made.signs_from.seconds()
                ],
            )?;
            for kid in &gone {
                connection.execute("DELETE FROM signing_keys WHERE kid = ?1", [kid.as_str()])?;
                copy.erase_journal();
            }
            Ok(())
        });
        saving.await?;
        self.replace_copy().await;
        Ok(())
    }

    /// Returns the saved key of the login cookies' seal; if there is none,
    /// saves and returns `fresh`.
    pub async fn seal_key(&self, fresh: Secret<[u8; 32]>) -> Result<Secret<[u8; 32]>, StoreError> {
        self.call("read the seal's key", move |connection| {
            let kept = connection
                .query_row("SELECT key FROM seal_key", [], |row| row.get(0))
                .optional()?;
            if let Some(key) = kept {
                return Ok(Secret::new(key));
            }
            connection.execute(
                "INSERT INTO seal_key (id, key) VALUES (1, ?1)",
                [fresh.expose()],
            )?;
            Ok(fresh)
        })
        .await
    }
}
