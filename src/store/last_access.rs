//! The access token of the last redeemed code, in memory: a client that has
//! redeemed a code asks for the user at once, and that request then does not
//! wait for the store's thread.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::model::login::AccessGrant;
use domain::signin::directory::Link;

/// What [`Store::access`](super::Store::access) reads from the state, until the
/// next commit: after that, the state may have other links, or a revoked token.
#[derive(Debug, Default)]
pub(super) struct LastAccess(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Of the code that the open transaction redeems.
    redeemed: Option<Access>,
    committed: Option<Access>,
}

/// The data of an access token, with the token's hash and the links of its
/// identity.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) hash: [u8; 32],
    pub(super) grant: AccessGrant,
    pub(super) links: Vec<Link>,
}

impl LastAccess {
    /// Notes the access token of a code that is redeemed in the open
    /// transaction.
    pub(super) fn redeemed(&self, access: Access) {
        self.lock().redeemed = Some(access);
    }

    /// Ends a transaction. If it `wrote`, its own token replaces the previous
    /// one, but only if it had one job, `is_alone`: a later job may have
    /// revoked the token.
    pub(super) fn ended(&self, wrote: bool, is_alone: bool) {
        let mut inner = self.lock();
        let redeemed = inner.redeemed.take();
        if wrote {
            inner.committed = redeemed.filter(|_| is_alone);
        }
    }

    /// Returns the data of the token with this `hash`, if it is the last one.
    pub(super) fn find(&self, hash: &[u8; 32]) -> Option<(AccessGrant, Vec<Link>)> {
        let inner = self.lock();
        let access = inner.committed.as_ref();
        let access = access.filter(|access| access.hash == *hash)?;
        Some((access.grant.clone(), access.links.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
