//! Which key signs at a given time, and which keys are published. Both follow
//! from the time alone, so that a daemon that was off when a key was due to
//! change has missed nothing.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use super::SigningKey;
use crate::base::clock::UnixTime;
use crate::base::ids::KeyId;

/// How long a key is published before it signs: a client that verifies our
/// tokens may cache the keys for a day.
pub const PUBLISHED_BEFORE: Duration = Duration::from_hours(48);

/// How long a key stays published after its successor begins to sign, which is
/// far longer than the life of a token.
pub const KEPT_AFTER: Duration = Duration::from_hours(48);

/// A signing key and when it signs.
#[derive(Clone, Debug)]
pub struct ScheduledKey {
    /// The key, parsed once.
    pub key: Arc<SigningKey>,
    /// When the key was made.
    pub created: UnixTime,
    /// When the key begins to sign; it ends when the next key begins.
    pub signs_from: UnixTime,
}

/// The state of a published key; the JWKS lists them in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyState {
    /// The key that signs.
    Signing,
    /// Published before it begins to sign.
    Next,
    /// Published for the tokens that it signed before its successor began.
    Retired,
}

impl KeyState {
    /// Returns the name that the command line and the log show.
    pub fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Signing => "signing",
            Self::Retired => "retired",
        }
    }
}

/// A published key, as `keys` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// The key's ID in the JWKS.
    pub kid: KeyId,
    /// What the key is used for at the time of the list.
    pub state: KeyState,
    /// When the key was made.
    pub created: UnixTime,
    /// When the key begins to sign.
    pub signs_from: UnixTime,
    /// When the key is removed from the JWKS; `None` without a successor.
    pub gone_after: Option<UnixTime>,
}

/// How soon the next key is to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// After it was published for [`PUBLISHED_BEFORE`].
    Announced,
    /// At once, and all other keys are removed: an attacker may have them, and
    /// the announced one too.
    AtOnce,
}

/// Why a rotation is rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum RotationRefused {
    #[error(
        "a rotation is under way: the key {kid} signs from {} on (--now replaces all keys at once)",
        rfc3339(*.signs_from)
    )]
    UnderWay { kid: KeyId, signs_from: UnixTime },
    // Planned by a wrong clock, the next key would sign unannounced once the
    // clock is right.
    #[error(
        "the clock shows {}, which is before the signing key's own time, {}: set the clock \
         (--now rotates all the same)",
        rfc3339(*.now),
        rfc3339(*.signs_from)
    )]
    ClockBehind { now: UnixTime, signs_from: UnixTime },
}

/// Formats `time` for logs and messages, by RFC 3339 in UTC.
pub fn rfc3339(time: UnixTime) -> String {
    jiff::Timestamp::from_second(time.seconds()).map_or_else(
        |_| format!("second {}", time.seconds()),
        |timestamp| timestamp.to_string(),
    )
}

/// All keys, at least one, by the time when they begin to sign.
#[derive(Debug)]
pub struct KeySet(Vec<ScheduledKey>);

impl KeySet {
    /// Returns `None` if `keys` is empty.
    pub fn new(mut keys: Vec<ScheduledKey>) -> Option<Self> {
        // Of two keys with the same time, the younger one signs; the ID makes
        // the order complete.
        keys.sort_by(|a, b| {
            let times = |it: &ScheduledKey| (it.signs_from, it.created);
            (times(a), a.key.kid()).cmp(&(times(b), b.key.kid()))
        });
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Returns all keys, also those that are no longer published.
    pub fn keys(&self) -> &[ScheduledKey] {
        &self.0
    }

    /// Returns the key that signs at `now`. If the clock is before all keys,
    /// that is the earliest one: otherwise, every sign-in would fail.
    #[expect(clippy::indexing_slicing, reason = "there is at least one key")]
    pub fn signing(&self, now: UnixTime) -> &Arc<SigningKey> {
        &self.0[self.signing_index(now)].key
    }

    /// Returns the JWKS at `now` (RFC 7517, section 5), the signing key first.
    pub fn jwks(&self, now: UnixTime) -> Vec<u8> {
        let mut published: Vec<_> = self.published(now).collect();
        published.sort_by_key(|(_, state, _)| *state);
        let keys: Vec<&str> = published
            .iter()
            .map(|(scheduled, _, _)| scheduled.key.jwk.as_str())
            .collect();
        format!(r#"{{"keys":[{}]}}"#, keys.join(",")).into_bytes()
    }

    /// Returns the published keys at `now`, by the time when they begin to
    /// sign.
    pub fn list(&self, now: UnixTime) -> Vec<KeyStatus> {
        self.published(now)
            .map(|(scheduled, state, gone_after)| KeyStatus {
                kid: scheduled.key.kid().clone(),
                state,
                created: scheduled.created,
                signs_from: scheduled.signs_from,
                gone_after,
            })
            .collect()
    }

    /// Returns when to begin the next rotation, so that the newest key signs
    /// for `rotate_after` and not longer. This may be long ago.
    #[expect(clippy::indexing_slicing, reason = "there is at least one key")]
    pub fn rotation_due(&self, rotate_after: Duration) -> UnixTime {
        let newest = self.0[self.0.len() - 1].signs_from;
        newest.plus(rotate_after).minus(PUBLISHED_BEFORE)
    }

    /// Returns when a key would begin to sign that a rotation at `now` makes.
    pub fn plan(&self, now: UnixTime, rotation: Rotation) -> Result<UnixTime, RotationRefused> {
        if rotation == Rotation::AtOnce {
            return Ok(now);
        }
        let mut published = self.published(now);
        if let Some((next, _, _)) = published.find(|(_, state, _)| *state == KeyState::Next) {
            return Err(RotationRefused::UnderWay {
                kid: next.key.kid().clone(),
                signs_from: next.signs_from,
            });
        }
        let began = self.0.first().map(|key| key.signs_from);
        match began {
            Some(signs_from) if now < signs_from => {
                Err(RotationRefused::ClockBehind { now, signs_from })
            }
            _ => Ok(now.plus(PUBLISHED_BEFORE)),
        }
    }

    /// Returns the keys after a rotation at `now` that made `made`, without
    /// those that are no longer published then. [`Rotation::AtOnce`] removes
    /// all keys but `made`.
    pub fn rotated(&self, now: UnixTime, rotation: Rotation, made: ScheduledKey) -> Option<Self> {
        let mut keys = match rotation {
            Rotation::AtOnce => Vec::new(),
            Rotation::Announced => self.published(now).map(|(key, _, _)| key.clone()).collect(),
        };
        keys.push(made);
        Self::new(keys)
    }

    fn signing_index(&self, now: UnixTime) -> usize {
        let begun = self.0.partition_point(|key| key.signs_from <= now);
        begun.saturating_sub(1)
    }

    /// The published keys at `now`, each with its state and when it is removed.
    fn published(
        &self,
        now: UnixTime,
    ) -> impl Iterator<Item = (&ScheduledKey, KeyState, Option<UnixTime>)> {
        let signing = self.signing_index(now);
        let successors = self.0.iter().skip(1).map(Some).chain([None]);
        let places = self.0.iter().zip(successors).enumerate();
        places.filter_map(move |(place, (scheduled, successor))| {
            let state = match place.cmp(&signing) {
                Ordering::Less => KeyState::Retired,
                Ordering::Equal => KeyState::Signing,
                Ordering::Greater => KeyState::Next,
            };
            let gone_after = successor.map(|successor| successor.signs_from.plus(KEPT_AFTER));
            let gone = state == KeyState::Retired && gone_after.is_some_and(|gone| gone <= now);
            (!gone).then_some((scheduled, state, gone_after))
        })
    }
}

#[cfg(test)]
mod tests;
