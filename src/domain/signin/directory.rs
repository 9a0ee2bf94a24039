//! Step 3: a Google identity → its DSM user, or a refusal.
//!
//! Fails closed: an identity that does not match exactly one active DSM user is
//! refused. An alias of the config decides first, then the link of an earlier
//! sign-in, then the address.

mod access;
mod activity;
mod assumed;
mod chosen;
mod explain;
mod link;
mod policy;
mod refusal;
mod snapshot;
mod verdicts;

use std::cmp::Reverse;

use jiff::civil::Date;

use crate::base::address::CanonicalAddress;
use crate::base::clock::UnixTime;
use crate::model::login::{DsmUser, GoogleIdentity, VerifiedAddress};
use crate::model::user_list::ListedUser;

pub use access::{AccessChange, access_changes};
pub use activity::{Activity, has_unknown_expiry};
pub use chosen::{Choice, NotLinked, link_chosen};
pub use explain::{Examined, Explanation, Outcome, explain};
pub use link::{Link, LinkedBy};
pub use policy::{AdministratorPolicy, FoldedName, Policy};
pub use refusal::{Detail, Refusal, Refused};
pub use snapshot::Snapshot;
pub use verdicts::{Verdict, aliases_without_user, verdicts};

/// The time of an evaluation: for ages, and for accounts that expire on a date.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time in UTC.
    pub now: UnixTime,
    /// The NAS's local date at that time.
    pub today: Date,
}

/// The result for an identity that may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The DSM user of the identity.
    pub user: DsmUser,
    /// The link to be stored for it.
    pub link: Link,
}

/// Returns the DSM user for `identity`, by the seven rules of
/// docs/concepts/who-may-sign-in.md.
///
/// `links` has to include those of the identity's account and of its addresses.
/// `snapshot` is `None` before DSM's first response.
pub fn judge(
    identity: &GoogleIdentity,
    links: &[Link],
    snapshot: Option<&Snapshot>,
    policy: &Policy,
    moment: Moment,
) -> Result<Admission, Refused> {
    let case = Case {
        identity,
        links,
        snapshot,
        policy,
        moment,
    };
    case.judge(&mut |_| {})
}

/// A sign-in to be judged, with what decides about it.
#[derive(Clone, Copy)]
struct Case<'a> {
    identity: &'a GoogleIdentity,
    links: &'a [Link],
    snapshot: Option<&'a Snapshot>,
    policy: &'a Policy,
    moment: Moment,
}

/// What a rule examined, for [`explain()`].
#[derive(Clone, Copy)]
enum Finding<'a> {
    /// Rule 2: an alias for the address.
    Alias(&'a CanonicalAddress),
    /// Rule 3: the account's link, and why it is not valid.
    Link(&'a Link, Option<Lapsed>),
    /// Rule 4: a user who has the address.
    Having(&'a ListedUser, Candidacy),
    /// Rule 5: the user that rules 2 to 4 found.
    Found(&'a ListedUser, LinkedBy),
    /// Rule 6: another account's link, which excludes this account.
    Anothers(&'a Link),
}

/// Why a link is not valid.
#[derive(Clone, Copy)]
enum Lapsed {
    UserGone,
    AliasChanged,
    NoEmail,
    EmailChanged,
    SharedServiceAccount,
}

/// Whether rule 4 can choose a user who has the address.
#[derive(Clone, Copy)]
enum Candidacy {
    Candidate,
    /// By rule 5.
    Refused(Refusal),
    /// `dsm.account`, if another user has the address, too.
    ServiceAccount,
}

impl<'a> Case<'a> {
    /// Applies the rules, and tells `note` what each of them finds. The
    /// explanation of a verdict is made of it, so it cannot differ from the
    /// verdict.
    fn judge(self, note: &mut impl FnMut(Finding<'a>)) -> Result<Admission, Refused> {
        let Self {
            identity,
            links,
            policy,
            moment,
            ..
        } = self;
        // Rule 1. The type guarantees that Google has verified the address.
        if !policy.admits_domain(identity) {
            let domain = identity.hosted_domain.clone();
            let detail = Detail::HostedDomain(domain.filter(|domain| !domain.is_empty()));
            return Err(Refused::new(Refusal::DomainNotAllowed).with(detail));
        }
        let snapshot = self.snapshot;
        let trusted = snapshot.filter(|snapshot| snapshot.is_trusted(policy.max_age, moment.now));
        let snapshot = trusted.ok_or(Refused::new(Refusal::DirectoryStale))?;
        let rules = Rules {
            snapshot,
            policy,
            moment,
        };
        let found = rules.find(identity, links, note)?;
        note(Finding::Found(found.user, found.by));
        rules.may_sign_in(found.user, found.by)?;
        rules.is_not_anothers(identity, &found, links, note)?;
        Ok(Admission {
            user: DsmUser::admitted(found.user.name.clone()),
            link: Link {
                account: identity.account.clone(),
                address: found.address.clone(),
                user: found.user.name.clone(),
                by: found.by,
                since: moment.now,
                // The store fills this in.
                moved: None,
            },
        })
    }
}

#[derive(Clone, Copy)]
struct Rules<'a> {
    snapshot: &'a Snapshot,
    policy: &'a Policy,
    moment: Moment,
}

/// The result of rules 2 to 4.
struct Found<'a> {
    user: &'a ListedUser,
    by: LinkedBy,
    /// The address for the link.
    address: &'a VerifiedAddress,
}

impl<'a> Rules<'a> {
    /// Rules 2, 3 and 4, in this order.
    fn find(
        self,
        identity: &'a GoogleIdentity,
        links: &'a [Link],
        note: &mut impl FnMut(Finding<'a>),
    ) -> Result<Found<'a>, Refused> {
        let present = identity.address.canonical();
        let alias = present.and_then(|address| self.policy.aliases.get_key_value(address));
        if let Some((google, name)) = alias {
            note(Finding::Alias(google));
            let user = self.snapshot.named(name);
            let without_user = || {
                Refused::new(Refusal::AddressUnknown).with(Detail::AliasWithoutUser {
                    google: google.clone(),
                    dsm: name.clone(),
                })
            };
            return Ok(Found {
                user: user.ok_or_else(without_user)?,
                by: LinkedBy::Alias,
                address: &identity.address,
            });
        }
        let own = links.iter().find(|link| link.account == identity.account);
        if let Some(link) = own {
            let found = self.by_link(link, &identity.address);
            note(Finding::Link(link, found.as_ref().err().copied()));
            if let Ok(found) = found {
                return Ok(found);
            }
        }
        let address = present.ok_or(Refused::new(Refusal::AddressUnknown))?;
        if !self.policy.relies_on(address, identity) {
            return Err(Refused::new(Refusal::AddressNotAuthoritative));
        }
        Ok(Found {
            user: self.by_address(address, note)?,
            by: LinkedBy::Address,
            address: &identity.address,
        })
    }

    /// Rule 3: the user of `link`, if the link is valid for an account whose
    /// address is `present`.
    fn by_link(self, link: &'a Link, present: &'a VerifiedAddress) -> Result<Found<'a>, Lapsed> {
        let user = self.snapshot.named(link.user.as_str());
        let user = user.ok_or(Lapsed::UserGone)?;
        let made_by = link.address.canonical().ok_or(Lapsed::EmailChanged)?;
        if link.by == LinkedBy::Alias {
            let named = self.policy.aliases.get(made_by);
            let named = named.and_then(|name| self.snapshot.named(name));
            let still = named.is_some_and(|named| named.name == user.name);
            let found = still.then_some(Found {
                user,
                by: LinkedBy::Alias,
                address: &link.address,
            });
            return found.ok_or(Lapsed::AliasChanged);
        }
        if link.by == LinkedBy::Administrator {
            return Ok(Found {
                user,
                by: LinkedBy::Administrator,
                address: &link.address,
            });
        }
        let email = snapshot::address(user).ok_or(Lapsed::NoEmail)?;
        let address = if email == *made_by {
            &link.address
        } else if present.canonical() == Some(&email) {
            present
        } else {
            return Err(Lapsed::EmailChanged);
        };
        let shared = self.snapshot.having(&email).nth(1).is_some();
        if shared && self.policy.is_service_account(&user.name) {
            return Err(Lapsed::SharedServiceAccount);
        }
        Ok(Found {
            user,
            by: LinkedBy::Address,
            address,
        })
    }

    /// Rule 4: exactly one user who has the address and may sign in.
    fn by_address(
        self,
        address: &CanonicalAddress,
        note: &mut impl FnMut(Finding<'a>),
    ) -> Result<&'a ListedUser, Refused> {
        let having: Vec<&ListedUser> = self.snapshot.having(address).collect();
        let shared = having.len() > 1;
        let mut admitted = None;
        let mut is_ambiguous = false;
        let mut refused: Vec<Refused> = Vec::new();
        for user in having {
            if shared && self.policy.is_service_account(&user.name) {
                note(Finding::Having(user, Candidacy::ServiceAccount));
                continue;
            }
            match self.may_sign_in(user, LinkedBy::Address) {
                Ok(()) => {
                    note(Finding::Having(user, Candidacy::Candidate));
                    is_ambiguous |= admitted.replace(user).is_some();
                }
                Err(why) => {
                    note(Finding::Having(user, Candidacy::Refused(why.refusal)));
                    refused.push(why);
                }
            }
        }
        if is_ambiguous {
            return Err(Refused::new(Refusal::AddressAmbiguous));
        }
        let first = refused.into_iter().min_by_key(|refused| refused.refusal);
        admitted.ok_or(first.unwrap_or(Refused::new(Refusal::AddressUnknown)))
    }

    /// Rule 5: active, not denied, and not an administrator where the config
    /// refuses them.
    fn may_sign_in(self, user: &ListedUser, by: LinkedBy) -> Result<(), Refused> {
        let refusal = match Activity::of(user, self.moment.today) {
            Activity::Disabled => Refusal::AccountDisabled,
            Activity::Expired => Refusal::AccountExpired,
            Activity::Active if self.policy.denies(&user.name) => Refusal::AccountDenied,
            Activity::Active if self.refuses_as_administrator(user, by) => {
                Refusal::AdministratorRefused
            }
            Activity::Active => return Ok(()),
        };
        Err(Refused::user(refusal, &user.name))
    }

    fn refuses_as_administrator(self, user: &ListedUser, by: LinkedBy) -> bool {
        let admitted = match self.policy.administrators {
            AdministratorPolicy::Allow => true,
            AdministratorPolicy::ByAliasOnly => match by {
                LinkedBy::Alias | LinkedBy::Administrator => true,
                LinkedBy::Address => false,
            },
            AdministratorPolicy::Refuse => false,
        };
        !admitted && self.snapshot.is_administrator(user)
    }

    /// Rule 6: of the links to one user, only one for each address is valid. A
    /// link whose user is gone still reserves its address, so that a user who
    /// was renamed in DSM cannot be taken over by another Google account.
    fn is_not_anothers(
        self,
        identity: &GoogleIdentity,
        found: &Found<'_>,
        links: &'a [Link],
        note: &mut impl FnMut(Finding<'a>),
    ) -> Result<(), Refused> {
        let name = &found.user.name;
        let folded = FoldedName::of(name.as_str());
        let refused = Refused::user(Refusal::LinkedToAnother, name);
        let same_address = links.iter().filter(|link| {
            link.account != identity.account
                && self.can_be_used(link)
                && link.address.canonical() == found.address.canonical()
        });
        for link in same_address {
            if self.is_gone(link) {
                note(Finding::Anothers(link));
                return Err(refused.with(Detail::Reserved(link.user.clone())));
            }
            let is_theirs = FoldedName::of(link.user.as_str()) == folded;
            if is_theirs && self.by_link(link, &link.address).is_ok() {
                note(Finding::Anothers(link));
                return Err(refused);
            }
        }
        Ok(())
    }

    /// Whether the link belongs to the configured issuer.
    fn can_be_used(self, link: &Link) -> bool {
        link.account.issuer == self.policy.issuer
    }

    /// Whether DSM does not list the name of the link's user.
    fn is_gone(self, link: &Link) -> bool {
        self.snapshot.named(link.user.as_str()).is_none()
    }
}

/// Sorts links by age, the newest first.
pub fn newest_first(links: &mut [Link]) {
    links.sort_by(|a, b| {
        let key = |link: &Link| Reverse(link.since);
        key(a).cmp(&key(b)).then_with(|| a.user.cmp(&b.user))
    });
}

#[cfg(test)]
mod tests;
