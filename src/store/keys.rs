//! The keys that are made at first start and kept.

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::ids::KeyId;
use crate::secret::Secret;

impl Store {
    /// The signing key as PKCS #8, or `None` before the first start.
    pub async fn signing_key(&self) -> Result<Option<Secret<Vec<u8>>>, StoreError> {
        self.call("read the signing key", |connection| {
            connection
                .query_row(
                    "SELECT pkcs8 FROM signing_keys ORDER BY created DESC LIMIT 1",
                    [],
                    |row| row.get(0).map(Secret::new),
                )
                .optional()
        })
        .await
    }

    /// Keeps a new signing key.
    pub async fn keep_signing_key(
        &self,
        kid: KeyId,
        pkcs8: Secret<Vec<u8>>,
        created: UnixTime,
    ) -> Result<(), StoreError> {
        self.call("keep a new signing key", move |connection| {
            connection.execute(
                "INSERT INTO signing_keys (kid, pkcs8, created) VALUES (?1, ?2, ?3)",
                params![kid.as_str(), pkcs8.expose(), created.seconds()],
            )?;
            Ok(())
        })
        .await
    }

    /// The kept key of the login cookies' seal, or `fresh` when there was
    /// none; `fresh` is kept then.
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
