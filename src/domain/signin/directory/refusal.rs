//! The reasons for which a sign-in is refused.

use std::fmt;

use crate::base::address::{CanonicalAddress, quoted};
use crate::base::ids::DsmUsername;

/// Why a sign-in is refused, although Google authenticated the user. Page, log
/// and command line show the names.
///
/// If several users have an address and none may sign in, the first refusal in
/// this order is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Google has not verified the address.
    AddressNotVerified,
    /// The Workspace domain of the account may not sign in.
    DomainNotAllowed,
    /// No DSM user has the address.
    AddressUnknown,
    /// Several DSM users have the address.
    AddressAmbiguous,
    /// Google does not assign the address, so it can get another owner.
    AddressNotAuthoritative,
    /// The DSM user is disabled.
    AccountDisabled,
    /// The DSM user has expired.
    AccountExpired,
    /// The DSM user is denied by the config, or built into DSM.
    AccountDenied,
    /// The DSM user is an administrator; the config refuses administrators.
    AdministratorRefused,
    /// The DSM user is linked to another Google account with this address.
    LinkedToAnother,
    /// The user list is missing or too old.
    DirectoryStale,
    /// Our clock differs too much from Google's.
    ClockWrong {
        /// Our clock minus Google's, in seconds.
        ahead: i64,
    },
}

impl Refusal {
    /// Every refusal; [`Refusal::ClockWrong`] without a difference.
    pub const ALL: [Self; 12] = [
        Self::AddressNotVerified,
        Self::DomainNotAllowed,
        Self::AddressUnknown,
        Self::AddressAmbiguous,
        Self::AddressNotAuthoritative,
        Self::AccountDisabled,
        Self::AccountExpired,
        Self::AccountDenied,
        Self::AdministratorRefused,
        Self::LinkedToAnother,
        Self::DirectoryStale,
        Self::ClockWrong { ahead: 0 },
    ];

    /// Returns the name that page, log and command line show.
    pub fn name(self) -> &'static str {
        match self {
            Self::AddressNotVerified => "address-not-verified",
            Self::DomainNotAllowed => "domain-not-allowed",
            Self::AddressUnknown => "address-unknown",
            Self::AddressAmbiguous => "address-ambiguous",
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

    /// Returns the refusal that has this name. `ahead` is that of
    /// [`Refusal::ClockWrong`].
    pub fn named(name: &str, ahead: i64) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|it| it.name() == name)?;
        let is_clock_wrong = found.ahead().is_some();
        Some(if is_clock_wrong {
            Self::ClockWrong { ahead }
        } else {
            found
        })
    }

    /// Returns our clock minus Google's, in seconds, if that is the reason.
    pub fn ahead(self) -> Option<i64> {
        if let Self::ClockWrong { ahead } = self {
            return Some(ahead);
        }
        None
    }

    /// Returns whether the cause is the state of this machine, not the user: a
    /// later try may succeed.
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::DirectoryStale | Self::ClockWrong { .. })
    }

    /// Returns whether a link by an administrator can admit the account: Google
    /// has verified it, and the cause is neither its domain nor this machine.
    pub fn can_be_linked(self) -> bool {
        match self {
            Self::AddressUnknown
            | Self::AddressAmbiguous
            | Self::AddressNotAuthoritative
            | Self::AccountDisabled
            | Self::AccountExpired
            | Self::AccountDenied
            | Self::AdministratorRefused
            | Self::LinkedToAnother => true,
            Self::AddressNotVerified
            | Self::DomainNotAllowed
            | Self::DirectoryStale
            | Self::ClockWrong { .. } => false,
        }
    }

    /// Returns whether an administrator may have corrected it in DSM since the
    /// last refresh, so that the user list is refreshed before refusing.
    pub fn may_be_corrected_in_dsm(self) -> bool {
        match self {
            Self::AddressUnknown
            | Self::AddressAmbiguous
            | Self::AccountDisabled
            | Self::AccountExpired
            | Self::AdministratorRefused
            | Self::DirectoryStale => true,
            Self::AddressNotVerified
            | Self::DomainNotAllowed
            | Self::AddressNotAuthoritative
            | Self::AccountDenied
            | Self::LinkedToAnother
            | Self::ClockWrong { .. } => false,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a rule rejected. The log shows it, and the page shows it only in the
/// section for the administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The Workspace domain of the account, the `hd` claim, if it has one.
    HostedDomain(Option<String>),
    /// An alias of the config names a DSM user that is not listed.
    AliasWithoutUser {
        /// The Google address of the alias.
        google: CanonicalAddress,
        /// The DSM user in the alias, as written in the config.
        dsm: String,
    },
    /// The address is reserved by the link of a DSM user that DSM does not list
    /// any more.
    Reserved(DsmUsername),
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostedDomain(Some(domain)) => write!(f, "the hd claim is {domain:?}"),
            Self::HostedDomain(None) => f.write_str("the account has no hd claim"),
            Self::AliasWithoutUser { google, dsm } => {
                let dsm = quoted(dsm);
                write!(
                    f,
                    "the alias {google} names {dsm}, which is not a local user of DSM"
                )
            }
            Self::Reserved(user) => {
                let user = quoted(user.as_str());
                write!(
                    f,
                    "another Google account is linked by this address to {user}, which DSM no longer lists"
                )
            }
        }
    }
}

/// A refusal with its details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The reason, by its public name.
    pub refusal: Refusal,
    /// What the rule rejected, if the name does not say it.
    pub detail: Option<Detail>,
    /// The DSM user, if exactly one was found.
    pub user: Option<DsmUsername>,
}

impl Refused {
    /// Returns a refusal without a DSM user.
    pub fn new(refusal: Refusal) -> Self {
        Self {
            refusal,
            detail: None,
            user: None,
        }
    }

    /// Adds what the rule rejected.
    #[must_use]
    pub fn with(self, detail: Detail) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }

    /// Returns a refusal for `user`.
    pub fn user(refusal: Refusal, user: &DsmUsername) -> Self {
        Self {
            user: Some(user.clone()),
            ..Self::new(refusal)
        }
    }
}
