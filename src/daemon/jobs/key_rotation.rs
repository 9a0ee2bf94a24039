//! The signing keys: a new one in time, so that none signs for longer than
//! `rotate-after`.

use std::time::Duration;

use super::{Jobs, say_next_try};
use crate::clients::upstream::UpstreamError;
use crate::store::key_ring::KeyRingError;
use domain::base::clock::UnixTime;
use domain::model::keys::Rotation;

/// There is no hurry: nothing breaks when a key signs for longer.
const RETRY: Duration = Duration::from_hours(1);

/// So far ours and Google's clock may differ. Tokens have so much leeway, too.
const CLOCKS_AGREE: u64 = 60;

/// Why the keys were not rotated.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The time of a rotation is kept for good, so it must be right: nobody
    /// confirms our clock.
    #[error("whether the clock is right is not known")]
    ClockUnconfirmed(#[from] UpstreamError),
    /// Google's clock shows another time.
    #[error("the clock is off by {0} s")]
    ClockWrong(u64),
    /// The keys cannot be rotated.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
}

impl Jobs {
    /// Rotates the signing keys when they are due. Never returns.
    pub async fn run_key_rotation_loop(&self) {
        loop {
            self.minute.notified().await;
            let now = self.app().clock.now();
            if self.rotation_due().is_none_or(|due| due > now) {
                continue;
            }
            if let Err(error) = self.rotate_keys().await {
                say_next_try("the signing keys cannot be rotated", &error, RETRY);
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// When the next key is to be published: so long before the newest one has
    /// signed for `rotate-after` as a key is published before it signs.
    /// `None`: never.
    pub(super) fn rotation_due(&self) -> Option<UnixTime> {
        let app = self.app();
        let rotate_after = app.config.keys.rotate_after?;
        Some(app.keys.rotation_due(rotate_after))
    }

    /// Publishes the next signing key, which signs in two days. Not by a clock
    /// that may be wrong: Google is asked first.
    pub async fn rotate_keys(&self) -> Result<(), RotationError> {
        let app = self.app();
        let googles = app.upstream.refresh().await?.date;
        let now = app.clock.now();
        let off = googles.map_or(0, |googles| now.seconds_after(googles).unsigned_abs());
        if off > CLOCKS_AGREE {
            return Err(RotationError::ClockWrong(off));
        }
        app.keys.rotate(now, Rotation::Announced).await?;
        Ok(())
    }
}
