//! The last refusals, for the administrator.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use domain::base::clock::UnixTime;
use domain::base::ids::DsmUsername;
use domain::signin::directory::Refusal;

/// As many as fit on a screen.
const MOST: usize = 20;

/// A sign-in that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names explain the fields")]
pub struct RefusedLogin {
    pub at: UnixTime,
    pub refusal: Refusal,
    /// The address that Google verified, if it did.
    pub address: Option<String>,
    /// The DSM user in question, if there is one.
    pub user: Option<DsmUsername>,
}

/// The last refusals since the start. In memory, since a request without a
/// verified account must not write to disk.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<VecDeque<RefusedLogin>>);

impl Refusals {
    /// Returns the last refusals, the newest first.
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
