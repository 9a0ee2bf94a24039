//! The last refusals, for the person who looks after the NAS.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use domain::base::clock::UnixTime;
use domain::base::ids::DsmUsername;
use domain::signin::directory::Refusal;

/// More fit on no screen.
const MOST: usize = 20;

/// A sign-in that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedLogin {
    /// When.
    pub at: UnixTime,
    /// Why.
    pub refusal: Refusal,
    /// For whom Google vouched, if it did.
    pub address: Option<String>,
    /// The DSM user in question, if there is one.
    pub user: Option<DsmUsername>,
}

/// The last refusals since the start, in memory: a stranger's request writes
/// nothing to disk.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<VecDeque<RefusedLogin>>);

impl Refusals {
    /// The last ones, the newest first.
    pub fn latest(&self) -> Vec<RefusedLogin> {
        let refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.iter().cloned().collect()
    }

    pub(crate) fn note(&self, refused: RefusedLogin) {
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.truncate(MOST - 1);
        refusals.push_front(refused);
    }
}
