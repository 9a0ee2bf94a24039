//! Which key signs when, and which are published: decided by the time alone,
//! so that a daemon that was off at the hour of a change has missed nothing.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use super::SigningKey;
use crate::base::clock::UnixTime;
use crate::base::ids::KeyId;

/// A key is published for so long before it signs. Whoever verifies our tokens
/// may have fetched the keys before that, and look again once a day.
pub const PUBLISHED_BEFORE: Duration = Duration::from_hours(48);

/// And for so long after its successor signs: far longer than the life of a
/// token that it has signed.
pub const KEPT_AFTER: Duration = Duration::from_hours(48);

/// A key and its time.
#[derive(Clone, Debug)]
pub struct ScheduledKey {
    /// The key, parsed once.
    pub key: Arc<SigningKey>,
    /// When it was made.
    pub created: UnixTime,
    /// From when it signs, until its successor does.
    pub signs_from: UnixTime,
}

/// Where a key stands at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// Published; its time to sign has not come.
    Next,
    /// The one that signs.
    Signing,
    /// Its successor signs; published for tokens that it has signed.
    Retired,
}

impl KeyState {
    /// Its public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Signing => "signing",
            Self::Retired => "retired",
        }
    }
}

/// A published key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// Its name.
    pub kid: KeyId,
    /// Where it stands.
    pub state: KeyState,
    /// When it was made.
    pub created: UnixTime,
    /// From when it signs.
    pub signs_from: UnixTime,
    /// Until when it is published; `None` while it has no successor.
    pub gone_after: Option<UnixTime>,
}

/// How soon the next key is to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// After it was published for [`PUBLISHED_BEFORE`].
    Announced,
    /// At once, and no other key is published any more: for keys that an
    /// attacker may have, the announced one too.
    AtOnce,
}

/// Why there is no rotation now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RotationRefused {
    /// One is under way.
    #[error(
        "a rotation is under way: the key {kid} signs from {} on (--now replaces all keys at once)",
        rfc3339(*.signs_from)
    )]
    UnderWay {
        /// The next key.
        kid: KeyId,
        /// From when it signs.
        signs_from: UnixTime,
    },
    /// Times that are made of a wrong clock would let the next key sign
    /// unannounced once the clock is right.
    #[error(
        "the clock shows {}, which is before the signing key's own time, {}: set the clock \
         (--now rotates all the same)",
        rfc3339(*.now),
        rfc3339(*.signs_from)
    )]
    ClockBehind {
        /// Our time.
        now: UnixTime,
        /// From when the signing key signs.
        signs_from: UnixTime,
    },
}

/// As logs and messages write it.
pub fn rfc3339(time: UnixTime) -> String {
    jiff::Timestamp::from_second(time.seconds()).map_or_else(
        |_| format!("second {}", time.seconds()),
        |timestamp| timestamp.to_string(),
    )
}

/// All keys, of which there is at least one.
///
/// Between two turns (a key begins to sign, a key goes) nothing changes: the
/// JWKS is written once for each such period.
#[derive(Debug)]
pub struct KeySet {
    /// By the time from which they sign.
    keys: Vec<ScheduledKey>,
    first: Period,
    later: Vec<(UnixTime, Period)>,
}

#[derive(Debug)]
struct Period {
    signing: Arc<SigningKey>,
    jwks: Arc<[u8]>,
}

impl KeySet {
    /// `None` without a key.
    pub fn new(mut keys: Vec<ScheduledKey>) -> Option<Self> {
        // Of two with the same time, the one that was made later; then
        // whichever, but the same each time.
        keys.sort_by(|a, b| {
            let times = |it: &ScheduledKey| (it.signs_from, it.created);
            (times(a), a.key.kid()).cmp(&(times(b), b.key.kid()))
        });
        let mut turns: Vec<UnixTime> = keys
            .iter()
            .flat_map(|key| [key.signs_from, key.signs_from.plus(KEPT_AFTER)])
            .collect();
        turns.sort();
        turns.dedup();
        let first = Period::at(&keys, UnixTime::from_seconds(i64::MIN))?;
        let later = turns
            .into_iter()
            .map(|turn| Some((turn, Period::at(&keys, turn)?)))
            .collect::<Option<_>>()?;
        Some(Self { keys, first, later })
    }

    /// All of them, those that are gone included.
    pub fn keys(&self) -> &[ScheduledKey] {
        &self.keys
    }

    /// The key that signs at `now`.
    pub fn signing(&self, now: UnixTime) -> &Arc<SigningKey> {
        &self.period(now).signing
    }

    /// The JWKS at `now` (RFC 7517, section 5): the signing key first.
    pub fn jwks(&self, now: UnixTime) -> &Arc<[u8]> {
        &self.period(now).jwks
    }

    /// The published keys at `now`, by the time from which they sign.
    pub fn list(&self, now: UnixTime) -> Vec<KeyStatus> {
        standings(&self.keys, now)
            .map(|standing| standing.status())
            .collect()
    }

    /// When the next rotation is to begin, for the newest key to sign for
    /// `rotate_after` and not longer; it may lie far back.
    pub fn rotation_due(&self, rotate_after: Duration) -> UnixTime {
        let newest = self.keys.last().map(|key| key.signs_from);
        // There is always one.
        let newest = newest.unwrap_or(UnixTime::from_seconds(i64::MIN));
        newest.plus(rotate_after).minus(PUBLISHED_BEFORE)
    }

    /// Returns from when the key signs that a rotation at `now` makes.
    pub fn plan(&self, now: UnixTime, rotation: Rotation) -> Result<UnixTime, RotationRefused> {
        if rotation == Rotation::AtOnce {
            return Ok(now);
        }
        let next = standings(&self.keys, now).find(|it| it.state == KeyState::Next);
        if let Some(next) = next {
            return Err(RotationRefused::UnderWay {
                kid: next.scheduled.key.kid().clone(),
                signs_from: next.scheduled.signs_from,
            });
        }
        let began = self.keys.first().map(|key| key.signs_from);
        match began {
            Some(signs_from) if now < signs_from => {
                Err(RotationRefused::ClockBehind { now, signs_from })
            }
            _ => Ok(now.plus(PUBLISHED_BEFORE)),
        }
    }

    /// The keys after a rotation at `now` that made `made`. Those that are
    /// gone by then are no longer among them; after [`Rotation::AtOnce`],
    /// none of the others is.
    pub fn rotated(&self, now: UnixTime, rotation: Rotation, made: ScheduledKey) -> Option<Self> {
        let mut keys = match rotation {
            Rotation::AtOnce => Vec::new(),
            Rotation::Announced => standings(&self.keys, now)
                .map(|standing| standing.scheduled.clone())
                .collect(),
        };
        keys.push(made);
        Self::new(keys)
    }

    fn period(&self, now: UnixTime) -> &Period {
        let later = self.later.iter().rev().find(|(from, _)| *from <= now);
        later.map_or(&self.first, |(_, period)| period)
    }
}

impl Period {
    fn at(keys: &[ScheduledKey], now: UnixTime) -> Option<Self> {
        let mut published: Vec<Standing<'_>> = standings(keys, now).collect();
        published.sort_by_key(|standing| match standing.state {
            KeyState::Signing => 0,
            KeyState::Next => 1,
            KeyState::Retired => 2,
        });
        let signing = Arc::clone(&published.first()?.scheduled.key);
        let jwks: Vec<&str> = published
            .iter()
            .map(|standing| standing.scheduled.key.jwk.as_str())
            .collect();
        let jwks = format!(r#"{{"keys":[{}]}}"#, jwks.join(","));
        Some(Self {
            signing,
            jwks: jwks.into_bytes().into(),
        })
    }
}

struct Standing<'a> {
    scheduled: &'a ScheduledKey,
    state: KeyState,
    gone_after: Option<UnixTime>,
}

impl Standing<'_> {
    fn status(&self) -> KeyStatus {
        KeyStatus {
            kid: self.scheduled.key.kid().clone(),
            state: self.state,
            created: self.scheduled.created,
            signs_from: self.scheduled.signs_from,
            gone_after: self.gone_after,
        }
    }
}

/// Where each of `keys`, which are in order, stands at `now`; without those
/// that are gone. When the clock is before all of them, the earliest signs:
/// nobody could sign in otherwise.
fn standings(keys: &[ScheduledKey], now: UnixTime) -> impl Iterator<Item = Standing<'_>> {
    let begun = keys.partition_point(|key| key.signs_from <= now).max(1);
    let successors = keys.iter().skip(1).map(Some).chain([None]);
    let places = (1..).zip(keys).zip(successors);
    places.filter_map(move |((place, scheduled), successor)| {
        let state = match begun.cmp(&place) {
            Ordering::Less => KeyState::Next,
            Ordering::Equal => KeyState::Signing,
            Ordering::Greater => KeyState::Retired,
        };
        let gone_after = successor.map(|successor| successor.signs_from.plus(KEPT_AFTER));
        let gone = state == KeyState::Retired && gone_after.is_some_and(|gone| gone <= now);
        (!gone).then_some(Standing {
            scheduled,
            state,
            gone_after,
        })
    })
}

#[cfg(test)]
mod tests;
