//! What was used up or ended, in memory for as long as it could be used again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::base::clock::UnixTime;

/// Identifies a session or a form.
pub(super) type Id = [u8; 16];

/// Each is added by an administrator, by hand.
const MOST: usize = 1000;

/// IDs that cannot be used any more.
#[derive(Debug)]
pub(super) struct Spent {
    /// After this time, an ID has expired, and is forgotten.
    life: Duration,
    ids: Mutex<Ids>,
}

#[derive(Debug)]
struct Ids {
    /// The IDs, and when they were made.
    by_age: HashMap<Id, UnixTime>,
    /// All that were made by then are spent, whether or not they were.
    all_until: UnixTime,
}

impl Spent {
    /// Remembers IDs that expire after `life`.
    pub(super) fn new(life: Duration) -> Self {
        Self {
            life,
            ids: Mutex::new(Ids {
                by_age: HashMap::new(),
                all_until: UnixTime::from_seconds(i64::MIN),
            }),
        }
    }

    /// Returns whether `id`, which was made at `made`, is spent.
    pub(super) fn contains(&self, id: &Id, made: UnixTime) -> bool {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        made <= ids.all_until || ids.by_age.contains_key(id)
    }

    /// Spends `id`, which was made at `made`; returns false if it was spent
    /// before.
    pub(super) fn spend(&self, id: Id, made: UnixTime, now: UnixTime) -> bool {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if made <= ids.all_until || ids.by_age.contains_key(&id) {
            return false;
        }
        if ids.by_age.len() >= MOST {
            ids.by_age.retain(|_, made| now.since(*made) <= self.life);
        }
        // Without room, the older half of all IDs is spent, also those that
        // were not used: a spent one must not become valid again.
        if ids.by_age.len() >= MOST {
            let mut ages: Vec<UnixTime> = ids.by_age.values().copied().collect();
            ages.sort_unstable();
            ids.all_until = ages.get(MOST / 2).copied().unwrap_or(now);
            let until = ids.all_until;
            ids.by_age.retain(|_, made| *made > until);
        }
        ids.by_age.insert(id, made);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> Id {
        let mut id = Id::default();
        id[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
        id
    }

    fn second(second: usize) -> UnixTime {
        UnixTime::from_seconds(i64::try_from(second).unwrap())
    }

    #[test]
    fn an_id_is_spent_once() {
        let spent = Spent::new(Duration::from_mins(30));
        assert!(!spent.contains(&id(1), second(1)));
        assert!(spent.spend(id(1), second(1), second(1)));
        assert!(spent.contains(&id(1), second(1)));
        assert!(!spent.spend(id(1), second(1), second(1)));
        assert!(!spent.contains(&id(2), second(1)));
    }

    #[test]
    fn no_spent_id_is_valid_again_when_there_are_many() {
        let spent = Spent::new(Duration::from_hours(8));
        for number in 0..3 * MOST {
            let at = second(number);
            assert!(spent.spend(id(number), at, at), "{number}");
            assert!(spent.ids.lock().unwrap().by_age.len() <= MOST);
        }
        for number in 0..3 * MOST {
            assert!(spent.contains(&id(number), second(number)), "{number}");
        }
        assert!(!spent.contains(&id(3 * MOST), second(3 * MOST)));
    }

    #[test]
    fn expired_ids_make_room() {
        let spent = Spent::new(Duration::from_mins(30));
        for number in 0..MOST {
            spent.spend(id(number), second(0), second(0));
        }
        let later = second(1801);
        assert!(spent.spend(id(MOST), later, later));
        assert_eq!(spent.ids.lock().unwrap().by_age.len(), 1);
        assert!(!spent.contains(&id(MOST + 1), second(1)));
    }
}
