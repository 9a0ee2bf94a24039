//! The signing keys in use: loaded from the state, rotated, and saved before
//! they are published or sign.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::runtime::Handle;
use tokio::task::{JoinError, spawn_blocking};

use crate::store::{KeptKey, Store, StoreError};
use domain::base::clock::UnixTime;
use domain::base::ids::KeyId;
use domain::model::keys::{
    KeyError, KeySet, KeyState, KeyStatus, Rotation, RotationRefused, ScheduledKey, SigningKey,
    rfc3339,
};

/// The signing keys.
#[derive(Debug)]
pub struct KeyRing {
    store: Arc<Store>,
    set: ArcSwap<KeySet>,
    /// Locked during a rotation, so that a second one waits for it.
    rotating: Mutex<()>,
}

/// Why the keys cannot be loaded or rotated.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum KeyRingError {
    #[error("cannot use the saved signing key {kid}")]
    Kept { kid: KeyId, source: KeyError },
    #[error("cannot make a signing key")]
    Make(#[source] KeyError),
    #[error("there is no signing key")]
    Empty,
    #[error(transparent)]
    Refused(#[from] RotationRefused),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the thread that makes keys ended")]
    Thread(#[from] JoinError),
}

impl KeyRing {
    /// Loads the keys; at the first start, makes and saves one.
    pub async fn open(store: Arc<Store>, now: UnixTime) -> Result<Arc<Self>, KeyRingError> {
        let kept = store.signing_keys().await?;
        let read = kept.iter().map(read).collect::<Result<_, _>>()?;
        let set = match KeySet::new(read) {
            Some(set) => set,
            None => first(&store, now).await?,
        };
        Ok(Arc::new(Self {
            store,
            set: ArcSwap::from_pointee(set),
            rotating: Mutex::new(()),
        }))
    }

    /// Returns the key that signs at `now`.
    pub fn signing(&self, now: UnixTime) -> Arc<SigningKey> {
        Arc::clone(self.set.load().signing(now))
    }

    /// Returns the key with this ID, whether it signs or not.
    pub fn find(&self, kid: &KeyId) -> Option<Arc<SigningKey>> {
        let set = self.set.load();
        let found = set.keys().iter().find(|it| it.key.kid() == kid);
        found.map(|it| Arc::clone(&it.key))
    }

    /// Returns the JWKS at `now`.
    pub fn jwks(&self, now: UnixTime) -> Vec<u8> {
        self.set.load().jwks(now)
    }

    /// Returns the published keys at `now`, by the time when they begin to
    /// sign.
    pub fn list(&self, now: UnixTime) -> Vec<KeyStatus> {
        self.set.load().list(now)
    }

    /// Returns when to begin the next rotation, so that no key signs for longer
    /// than `rotate_after`.
    pub fn rotation_due(&self, rotate_after: Duration) -> UnixTime {
        self.set.load().rotation_due(rotate_after)
    }

    /// Makes, saves and publishes the next key, and returns its status. Deletes
    /// the keys that are not published any more, and with [`Rotation::AtOnce`]
    /// all others. Runs to its end even if this future is dropped.
    pub async fn rotate(
        self: &Arc<Self>,
        now: UnixTime,
        rotation: Rotation,
    ) -> Result<KeyStatus, KeyRingError> {
        let ring = Arc::clone(self);
        let handle = Handle::current();
        // An RSA key takes some time to make.
        spawn_blocking(move || ring.rotate_blocking(&handle, now, rotation)).await?
    }

    fn rotate_blocking(
        &self,
        handle: &Handle,
        now: UnixTime,
        rotation: Rotation,
    ) -> Result<KeyStatus, KeyRingError> {
        let rotating = self.rotating.lock();
        let _rotating = rotating.unwrap_or_else(PoisonError::into_inner);
        let before = self.set.load_full();
        let (made, kept) = make(now, before.plan(now, rotation)?)?;
        let after = before.rotated(now, rotation, made);
        let after = after.ok_or(KeyRingError::Empty)?;
        let concerns = match rotation {
            Rotation::Announced => KeyState::Next,
            Rotation::AtOnce => KeyState::Signing,
        };
        let rotated = after.list(now).into_iter().find(|it| it.state == concerns);
        let rotated = rotated.ok_or(KeyRingError::Empty)?;
        // Saved first, so that a published key survives a power cut.
        let stays = |kid: &KeyId| after.keys().iter().any(|it| it.key.kid() == kid);
        let kids = before.keys().iter().map(|it| it.key.kid().clone());
        let gone = kids.filter(|kid| !stays(kid)).collect();
        handle.block_on(self.store.rotate_signing_keys(kept, gone))?;
        self.set.store(Arc::new(after));
        tracing::info!(
            kid = %rotated.kid,
            state = rotated.state.name(),
            signs_from = rfc3339(rotated.signs_from),
            "rotated the signing keys"
        );
        Ok(rotated)
    }
}

/// Makes the first key, which signs at once.
async fn first(store: &Store, now: UnixTime) -> Result<KeySet, KeyRingError> {
    let (made, kept) = spawn_blocking(move || make(now, now)).await??;
    let kid = kept.kid.clone();
    let set = KeySet::new(vec![made]).ok_or(KeyRingError::Empty)?;
    store.rotate_signing_keys(kept, Vec::new()).await?;
    tracing::info!(%kid, "made the signing key");
    Ok(set)
}

fn make(created: UnixTime, signs_from: UnixTime) -> Result<(ScheduledKey, KeptKey), KeyRingError> {
    let pkcs8 = SigningKey::generate().map_err(KeyRingError::Make)?;
    let key = SigningKey::from_pkcs8(&pkcs8).map_err(KeyRingError::Make)?;
    let kept = KeptKey {
        kid: key.kid().clone(),
        pkcs8,
        created,
        signs_from,
    };
    let made = ScheduledKey {
        key: Arc::new(key),
        created,
        signs_from,
    };
    Ok((made, kept))
}

fn read(kept: &KeptKey) -> Result<ScheduledKey, KeyRingError> {
    let unusable = |source| KeyRingError::Kept {
        kid: kept.kid.clone(),
        source,
    };
    let key = SigningKey::from_pkcs8(&kept.pkcs8).map_err(unusable)?;
    // The ID is the thumbprint of the key.
    if *key.kid() != kept.kid {
        return Err(unusable(KeyError::Damaged));
    }
    Ok(ScheduledKey {
        key: Arc::new(key),
        created: kept.created,
        signs_from: kept.signs_from,
    })
}
