//! Why somebody does not sign in, by public name.

use std::fmt;

use crate::base::address::{CanonicalAddress, quoted};
use crate::base::ids::DsmUsername;

/// Why a person for whom Google vouched does not sign in. The names are
/// public: page, log and command line show them.
///
/// Where several users have an address and none may sign in, the first in this
/// order is the refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// Google does not vouch for the address.
    AddressNotVerified,
    /// The account is of no Workspace domain that may sign in.
    DomainNotAllowed,
    /// No DSM user has the address.
    AddressUnknown,
    /// Several DSM users have the address.
    AddressAmbiguous,
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

    /// Whether it is about this machine's state, not about the person: a later
    /// try may go well.
    pub fn is_temporary(self) -> bool {
        matches!(self, Self::DirectoryStale | Self::ClockWrong { .. })
    }

    /// Whether somebody may have mended it in DSM a minute ago, so that DSM is
    /// asked once more before it is said.
    pub fn may_be_mended_in_dsm(self) -> bool {
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

/// What a rule examined and rejected: the log and the administrator's section
/// of the page show it, the rest of the page does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The account's Workspace domain, the `hd` claim; `None`: Google sent
    /// none.
    HostedDomain(Option<String>),
    /// An alias of the config names a DSM user that is not listed.
    AliasWithoutUser {
        /// The alias's address.
        google: CanonicalAddress,
        /// The user that it names, as the config spells it.
        dsm: String,
    },
    /// The address is reserved by the link of a DSM user who is no longer
    /// listed by this name.
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

/// A refusal, and whom it is about in DSM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub refusal: Refusal,
    /// What the rule examined, where the refusal's name does not tell.
    pub detail: Option<Detail>,
    /// As whom the person would have signed in; `None` when nobody or several
    /// come into question.
    pub user: Option<DsmUsername>,
}

impl Refused {
    /// It is about no DSM user in particular.
    pub fn nobody(refusal: Refusal) -> Self {
        Self {
            refusal,
            detail: None,
            user: None,
        }
    }

    /// The same with what the rule examined.
    #[must_use]
    pub fn with(self, detail: Detail) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }

    /// It is about `user`.
    pub fn user(refusal: Refusal, user: &DsmUsername) -> Self {
        Self {
            refusal,
            detail: None,
            user: Some(user.clone()),
        }
    }
}
