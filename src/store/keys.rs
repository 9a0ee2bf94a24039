//! The keys that are made at first start and kept.

use rusqlite::{OptionalExtension, params};

use super::{Store, StoreError};
use domain::base::clock::UnixTime;
use domain::base::ids::KeyId;
use domain::base::secret::Secret;

/// A signing key as it is on disk.
#[derive(Debug)]
pub struct KeptKey {
    /// Its name.
    pub kid: KeyId,
    /// Both of its halves.
    pub pkcs8: Secret<Vec<u8>>,
    /// When it was made.
    pub created: UnixTime,
    /// From when it signs.
    pub signs_from: UnixTime,
}

/// What a rotation does to the kept keys.
#[derive(Debug, Default)]
pub struct KeyChange {
    /// A new one.
    pub made: Option<KeptKey>,
    /// From when each of these signs.
    pub signs_from: Vec<(KeyId, UnixTime)>,
    /// Those that are deleted.
    pub gone: Vec<KeyId>,
}

impl Store {
    /// The kept signing keys; none before the first start.
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

    /// Changes the kept signing keys, all at once. The copy has them, too: a
    /// key that somebody got hold of must not come back, and one that was
    /// published must not be lost.
    pub async fn change_signing_keys(&self, change: KeyChange) -> Result<(), StoreError> {
        let keeping = self.call("keep the signing keys", move |connection| {
            if let Some(made) = &change.made {
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
            }
            for (kid, signs_from) in &change.signs_from {
                connection.execute(
                    "UPDATE signing_keys SET signs_from = ?2
                     WHERE kid = ?1 AND signs_from <> ?2",
                    params![kid.as_str(), signs_from.seconds()],
                )?;
            }
            for kid in &change.gone {
                connection.execute("DELETE FROM signing_keys WHERE kid = ?1", [kid.as_str()])?;
            }
            Ok(())
        });
        keeping.await?;
        self.replace_copy().await;
        Ok(())
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
