//! Rotates the signing keys, so that none signs for longer than `rotate-after`.

use std::sync::Arc;
use std::time::Duration;

use super::log_next_try;
use super::minutes::Minutes;
use crate::app::{AppState, CurrentState};
use crate::clients::upstream::UpstreamError;
use crate::store::key_ring::KeyRingError;
use crate::store::{JobName, JobRun};
use domain::base::clock::UnixTime;
use domain::model::keys::Rotation;

/// The time to the next try. Nothing breaks when a key signs for longer.
const RETRY: Duration = Duration::from_hours(1);

/// How many seconds our clock may differ from Google's. Tokens have the same
/// leeway.
const CLOCK_LEEWAY: u64 = 60;

/// Why the keys were not rotated.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum RotationError {
    // The time of a rotation is saved for good, so our clock must be right.
    #[error("cannot compare the clock with Google's")]
    ClockUnconfirmed(#[from] UpstreamError),
    #[error("the clock is off by {0} s")]
    ClockWrong(u64),
    #[error(transparent)]
    Keys(#[from] KeyRingError),
}

/// Rotates the signing keys.
#[derive(Debug)]
pub struct KeyRotationJob {
    pub(super) current: Arc<CurrentState>,
    pub(super) minutes: Arc<Minutes>,
}

impl KeyRotationJob {
    /// Rotates the signing keys when they are due. Never returns.
    pub(super) async fn run_key_rotation_loop(self: Arc<Self>) {
        loop {
            self.minutes.next().await;
            let app = self.current.load();
            if due(&app).is_none_or(|due| due > app.clock.now()) {
                continue;
            }
            if let Err(error) = self.rotate().await {
                log_next_try("cannot rotate the signing keys", &error, RETRY);
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Returns when the next key is published, if the NAS is on then; `None`:
    /// never.
    pub(super) fn next_rotation(&self) -> Option<UnixTime> {
        let app = self.current.load();
        due(&app).map(|due| app.when_on(due))
    }

    /// Publishes the next signing key, which signs in two days. Asks Google
    /// for the time first, since our clock may be wrong.
    pub async fn rotate(&self) -> Result<(), RotationError> {
        let app = self.current.load();
        let googles = app.upstream.refresh().await?.date;
        let now = app.clock.now();
        let off = googles.map_or(0, |googles| now.seconds_after(googles).unsigned_abs());
        if off > CLOCK_LEEWAY {
            return Err(RotationError::ClockWrong(off));
        }
        // Before, so that the rotation saves it.
        app.store.history().note_job(JobRun {
            at: now,
            job: JobName::KeyRotation,
            failed: false,
        });
        app.keys.rotate(now, Rotation::Announced).await?;
        Ok(())
    }
}

/// Returns when the next key is to be published: as long before the newest one
/// has signed for `rotate-after` as a key is published before it signs.
fn due(app: &AppState) -> Option<UnixTime> {
    let rotate_after = app.config.keys.rotate_after?;
    Some(app.keys.rotation_due(rotate_after))
}
