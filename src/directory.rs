//! Step 3: a Google identity → the DSM user as whom it signs in, or a refusal.
//!
//! Fail closed: whoever is not exactly one active DSM user is nobody.

mod activity;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;

use crate::address::CanonicalAddress;
use crate::clock::UnixTime;
use crate::login::{DsmUser, GoogleIdentity};
use crate::user_list::{ListedUser, UserList};

pub use activity::Activity;

/// DSM's built-in accounts: nobody signs in as one of them.
const ALWAYS_DENIED: [&str; 3] = ["admin", "guest", "root"];

/// A clock a little ahead of that which noted the refresh is no reason to
/// distrust the users.
const FUTURE_LEEWAY: Duration = Duration::from_mins(5);

/// Why a person for whom Google vouched does not sign in. The names are
/// public: page, log and command line show them.
///
/// Where several users have an address and none may sign in, the first in this
/// order is the refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Google does not vouch for the address.
    AddressNotVerified,
    /// No DSM user has the address.
    AddressUnknown,
    /// Several DSM users have the address.
    AddressAmbiguous,
    /// The account is of no Workspace domain that may sign in.
    DomainNotAllowed,
    /// The mailbox is not Google's own, so another may have the address one
    /// day.
    AddressNotAuthoritative,
    /// The DSM user is disabled.
    AccountDisabled,
    /// The DSM user's last day is over.
    AccountExpired,
    /// Nobody may sign in as this DSM user.
    AccountDenied,
    /// The DSM user is an administrator, and they may not, or not so.
    AdministratorRefused,
    /// Another Google account with this address signs in as the DSM user.
    LinkedToAnother,
    /// There are no users that can be trusted now.
    DirectoryStale,
    /// Our clock disagrees with Google's by the given seconds (positive: ours
    /// is ahead).
    ClockWrong {
        /// Our clock minus Google's, in seconds.
        ahead: i64,
    },
}

impl Refusal {
    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Self::AddressNotVerified => "address-not-verified",
            Self::AddressUnknown => "address-unknown",
            Self::AddressAmbiguous => "address-ambiguous",
            Self::DomainNotAllowed => "domain-not-allowed",
            Self::AddressNotAuthoritative => "address-not-authoritative",
            Self::AccountDisabled => "account-disabled",
            Self::AccountExpired => "account-expired",
            Self::AccountDenied => "account-denied",
            Self::AdministratorRefused => "administrator-refused",
            Self::LinkedToAnother => "linked-to-another",
            Self::DirectoryStale => "directory-stale",
            Self::ClockWrong { .. } => "clock-wrong",
        }
    }

    /// Whether it is about this machine's state, not about the person: a later
    /// try may go well.
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::DirectoryStale | Self::ClockWrong { .. })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether administrators of DSM may sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdministratorPolicy {
    /// Like anybody.
    Allow,
    /// Only whom an alias names.
    ByAliasOnly,
    /// Never.
    Refuse,
}

/// What the config says of who may sign in.
#[derive(Clone, Debug)]
pub struct Policy {
    /// `dsm.account`: the account that lists the users. It signs in only by an
    /// address that is nobody else's.
    pub service_account: String,
    /// `dsm.max-age`: older users are not trusted.
    pub max_age: Duration,
}

/// The users as DSM listed them, indexed by address, and when that was.
#[derive(Clone, Debug)]
pub struct Snapshot {
    index: Arc<Index>,
    refreshed: UnixTime,
}

#[derive(Debug)]
struct Index {
    list: Arc<UserList>,
    by_address: HashMap<CanonicalAddress, Vec<usize>>,
}

impl Snapshot {
    /// Indexes `list`, which DSM confirmed at `refreshed`.
    pub fn new(list: Arc<UserList>, refreshed: UnixTime) -> Self {
        let mut by_address: HashMap<CanonicalAddress, Vec<usize>> =
            HashMap::with_capacity(list.users.len());
        for (position, user) in list.users.iter().enumerate() {
            let email = user.email.as_deref().unwrap_or_default();
            if let Some(address) = CanonicalAddress::of(email) {
                by_address.entry(address).or_default().push(position);
            }
        }
        Self {
            index: Arc::new(Index { list, by_address }),
            refreshed,
        }
    }

    /// The same users, confirmed at `refreshed`.
    #[must_use]
    pub fn confirmed(&self, refreshed: UnixTime) -> Self {
        Self {
            index: Arc::clone(&self.index),
            refreshed,
        }
    }

    /// The users.
    pub fn list(&self) -> &Arc<UserList> {
        &self.index.list
    }

    /// Whether any user has an address at all.
    pub fn has_addresses(&self) -> bool {
        !self.index.by_address.is_empty()
    }

    /// When DSM last confirmed the users.
    pub fn refreshed(&self) -> UnixTime {
        self.refreshed
    }

    /// The users whose e-mail equals `address`.
    pub fn having<'a>(
        &'a self,
        address: &CanonicalAddress,
    ) -> impl Iterator<Item = &'a ListedUser> + use<'a> {
        let positions = self.index.by_address.get(address);
        positions
            .into_iter()
            .flatten()
            .filter_map(|&position| self.index.list.users.get(position))
    }

    fn is_trusted(&self, max_age: Duration, now: UnixTime) -> bool {
        now.since(self.refreshed) <= max_age && self.refreshed.since(now) <= FUTURE_LEEWAY
    }
}

/// The moment of a judgement: for ages, and for accounts that end on a day.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time.
    pub now: UnixTime,
    /// The NAS's local date at that time.
    pub today: Date,
}

/// Judges by the contract's "Who may sign in". `snapshot` is `None` before
/// DSM's first answer.
pub fn judge(
    identity: &GoogleIdentity,
    snapshot: Option<&Snapshot>,
    policy: &Policy,
    moment: Moment,
) -> Result<DsmUser, Refusal> {
    let trusted = snapshot.filter(|snapshot| snapshot.is_trusted(policy.max_age, moment.now));
    let snapshot = trusted.ok_or(Refusal::DirectoryStale)?;
    let address = identity.address.canonical();
    let address = address.ok_or(Refusal::AddressUnknown)?;
    by_address(address, snapshot, policy, moment)
}

/// Rule 4: exactly one user who has the address and may sign in.
fn by_address(
    address: &CanonicalAddress,
    snapshot: &Snapshot,
    policy: &Policy,
    moment: Moment,
) -> Result<DsmUser, Refusal> {
    let everybody: Vec<&ListedUser> = snapshot.having(address).collect();
    let shared = everybody.len() > 1;
    let counted = everybody
        .into_iter()
        .filter(|user| !shared || !is_service_account(user, policy));
    let mut admitted = None;
    let mut refused = None;
    for user in counted {
        match (may_sign_in(user, moment), &admitted) {
            (Ok(()), None) => admitted = Some(user),
            (Ok(()), Some(_)) => return Err(Refusal::AddressAmbiguous),
            (Err(refusal), _) => refused = refused.into_iter().chain([refusal]).min(),
        }
    }
    match admitted {
        Some(user) => Ok(DsmUser::admitted(user.name.clone())),
        None => Err(refused.unwrap_or(Refusal::AddressUnknown)),
    }
}

/// In any case: DSM signs the account in however the config spells it, and one
/// that is not recognised here would let a stranger in as an administrator.
fn is_service_account(user: &ListedUser, policy: &Policy) -> bool {
    let listed = user.name.as_str().to_lowercase();
    listed == policy.service_account.to_lowercase()
}

/// Rule 5: active, and not denied.
fn may_sign_in(user: &ListedUser, moment: Moment) -> Result<(), Refusal> {
    match Activity::of(user, moment.today) {
        Activity::Active => {}
        Activity::Disabled => return Err(Refusal::AccountDisabled),
        Activity::Expired => return Err(Refusal::AccountExpired),
    }
    let name = user.name.as_str();
    if ALWAYS_DENIED
        .iter()
        .any(|denied| denied.eq_ignore_ascii_case(name))
    {
        return Err(Refusal::AccountDenied);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
