//! Logins that were answered: a reload of `/callback` must not use one again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::base::clock::UnixTime;
use domain::model::login::{LOGIN_LIFE, LoginId};

/// How many are remembered at most. A login gets here only with its cookie,
/// and each client address begins few, so that this is never reached but by an
/// attack; Google's single-use code is the guard then.
const MOST: usize = 50_000;

/// Ids of spent logins, kept in memory for the life of their cookies. After a
/// restart Google's single-use code is the guard.
#[derive(Debug, Default)]
pub struct UsedLogins(Mutex<HashMap<LoginId, UnixTime>>);

impl UsedLogins {
    /// Whether `id` was spent.
    pub(crate) fn contains(&self, id: LoginId, now: UnixTime) -> bool {
        let spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent
            .get(&id)
            .is_some_and(|&when| now.since(when) <= LOGIN_LIFE)
    }

    /// Spends `id`; false when it was spent before.
    pub(crate) fn spend(&self, id: LoginId, now: UnixTime) -> bool {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Few logins are under way at once: sweeping costs less than a timer.
        if spent.len() >= spent.capacity() {
            spent.retain(|_, when| now.since(*when) <= LOGIN_LIFE);
        }
        if spent.len() >= MOST {
            spent.clear();
        }
        spent.insert(id, now).is_none()
    }
}
