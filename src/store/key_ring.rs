//! The signing keys of the daemon that runs: read from the state, rotated,
//! and never published or used before they are kept.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::runtime::Handle;
use tokio::task::{JoinError, spawn_blocking};

use crate::store::{KeptKey, KeyChange, Store, StoreError};
use domain::base::clock::UnixTime;
use domain::base::ids::KeyId;
use domain::model::keys::{
    KeyError, KeySet, KeyState, KeyStatus, Rotation, RotationRefused, ScheduledKey, SigningKey,
    rfc3339,
};

/// The keys. Cheap to clone; all clones are one ring.
#[derive(Clone, Debug)]
pub struct KeyRing(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<Store>,
    set: ArcSwap<KeySet>,
    /// Held by the thread of a rotation: a second one waits for its outcome.
    rotating: Mutex<()>,
}

/// Why the keys cannot be had or rotated.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// A kept key cannot be used.
    #[error("the kept signing key {kid} cannot be used")]
    Kept {
        /// Its name.
        kid: KeyId,
        /// Why.
        source: KeyError,
    },
    /// None can be made.
    #[error("make a signing key")]
    Make(#[source] KeyError),
    /// There is none, where there must be one.
    #[error("there is no signing key")]
    Empty,
    /// Not now.
    #[error(transparent)]
    Refused(#[from] RotationRefused),
    /// The state failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The thread that makes keys ended.
    #[error("the thread that makes keys ended")]
    Thread(#[from] JoinError),
}

impl KeyRing {
    /// The kept keys; at the very first start one is made and kept.
    pub async fn open(store: Arc<Store>, now: UnixTime) -> Result<Self, KeyRingError> {
        let kept = store.signing_keys().await?;
        let read = kept.iter().map(read).collect::<Result<_, _>>()?;
        let set = match KeySet::new(read) {
            Some(set) => set,
            None => first(&store, now).await?,
        };
        Ok(Self(Arc::new(Inner {
            store,
            set: ArcSwap::from_pointee(set),
            rotating: Mutex::new(()),
        })))
    }

    /// The key that signs at `now`.
    pub fn signing(&self, now: UnixTime) -> Arc<SigningKey> {
        Arc::clone(self.0.set.load().signing(now))
    }

    /// The key with this name, whether it signs or not.
    pub fn find(&self, kid: &KeyId) -> Option<Arc<SigningKey>> {
        let set = self.0.set.load();
        let found = set.keys().iter().find(|it| it.key.kid() == kid);
        found.map(|it| Arc::clone(&it.key))
    }

    /// The JWKS at `now`.
    pub fn jwks(&self, now: UnixTime) -> Arc<[u8]> {
        Arc::clone(self.0.set.load().jwks(now))
    }

    /// The published keys at `now`, by the time from which they sign.
    pub fn list(&self, now: UnixTime) -> Vec<KeyStatus> {
        self.0.set.load().list(now)
    }

    /// When the next rotation is to begin, for no key to sign for longer than
    /// `rotate_after`.
    pub fn rotation_due(&self, rotate_after: Duration) -> UnixTime {
        self.0.set.load().rotation_due(rotate_after)
    }

    /// Makes the next key and publishes it: returns how it stands. What is gone
    /// by `now` is deleted, and with [`Rotation::AtOnce`] each other key. Once
    /// begun it goes on to its end, even when nobody waits for it any more.
    pub async fn rotate(
        &self,
        now: UnixTime,
        rotation: Rotation,
    ) -> Result<KeyStatus, KeyRingError> {
        let ring = Arc::clone(&self.0);
        let handle = Handle::current();
        // Of its own thread, since an RSA key takes a while to find.
        spawn_blocking(move || ring.rotate(&handle, now, rotation)).await?
    }
}

impl Inner {
    fn rotate(
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
        // Kept first: what was published or has signed outlives a power cut.
        let keeping = self
            .store
            .change_signing_keys(change(&before, &after, Some(kept)));
        handle.block_on(keeping)?;
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

/// The very first key, which signs at once: nobody knows of another.
async fn first(store: &Store, now: UnixTime) -> Result<KeySet, KeyRingError> {
    let (made, kept) = spawn_blocking(move || make(now, now)).await??;
    let kid = kept.kid.clone();
    let set = KeySet::new(vec![made]).ok_or(KeyRingError::Empty)?;
    let change = KeyChange {
        made: Some(kept),
        ..KeyChange::default()
    };
    store.change_signing_keys(change).await?;
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
    // Its name is its thumbprint: another key is in its place.
    if *key.kid() != kept.kid {
        return Err(unusable(KeyError::Damaged));
    }
    Ok(ScheduledKey {
        key: Arc::new(key),
        created: kept.created,
        signs_from: kept.signs_from,
    })
}

fn change(before: &KeySet, after: &KeySet, made: Option<KeptKey>) -> KeyChange {
    let kid = |it: &ScheduledKey| it.key.kid().clone();
    let stays = |gone: &KeyId| after.keys().iter().any(|it| it.key.kid() == gone);
    KeyChange {
        made,
        signs_from: after
            .keys()
            .iter()
            .map(|it| (kid(it), it.signs_from))
            .collect(),
        gone: before
            .keys()
            .iter()
            .map(kid)
            .filter(|kid| !stays(kid))
            .collect(),
    }
}
