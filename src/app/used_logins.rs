//! Prevents the replay of a login: a reload of `/callback` must not use it
//! again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::base::clock::UnixTime;
use domain::model::login::{LOGIN_LIFE, LoginId};

/// The most logins to remember. Each needs its cookie, and each client address
/// begins few, so only an attack reaches this. Then Google's single-use code
/// still prevents a replay.
const MOST: usize = 50_000;

/// The IDs of used logins, in memory for the life of their cookies. After a
/// restart Google's single-use code prevents a replay.
#[derive(Debug, Default)]
pub struct UsedLogins(Mutex<HashMap<LoginId, UnixTime>>);

impl UsedLogins {
    /// Returns whether `id` was used.
    pub(crate) fn contains(&self, id: LoginId, now: UnixTime) -> bool {
        let used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.get(&id)
            .is_some_and(|&when| now.since(when) <= LOGIN_LIFE)
    }

    /// Adds `id`; returns false if it was used before.
    pub(crate) fn insert(&self, id: LoginId, now: UnixTime) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Few logins are in progress at once: this costs less than a timer.
        if used.len() >= used.capacity() {
            used.retain(|_, when| now.since(*when) <= LOGIN_LIFE);
        }
        if used.len() >= MOST {
            used.clear();
        }
        used.insert(id, now).is_none()
    }
}
