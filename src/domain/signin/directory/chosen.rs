//! The link that an administrator makes: a Google account that was refused, and
//! the DSM user who is the same person.

use super::{Link, LinkedBy, Moment, Policy, Refused, Snapshot, assumed, judge};
use crate::base::ids::DsmUsername;
use crate::model::login::{GoogleAccount, VerifiedAddress};

/// A Google account, and the DSM user as whom it shall sign in.
#[derive(Clone, Debug)]
pub struct Choice {
    /// A Google account that was refused.
    pub account: GoogleAccount,
    /// The address of the account.
    pub address: VerifiedAddress,
    /// The DSM user, by the name that DSM lists.
    pub user: DsmUsername,
}

/// Why the account cannot be linked to the DSM user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotLinked {
    /// The account is of another OpenID provider than `google.issuer`.
    AnotherIssuer,
    /// The address is not valid. Rule 6 compares links by their addresses.
    InvalidAddress,
    /// DSM does not list a user of exactly this name.
    NoSuchUser,
    /// With the link, the account would still be refused.
    Refused(Refused),
    /// An alias in the config decides first, and names this user.
    AliasNames(DsmUsername),
}

/// Returns the link with which the account signs in as the user from now on, in
/// place of its previous link. Returns an error if it would not sign in as this
/// user, so that no link waits for a user to be enabled, or for another link to
/// be removed.
///
/// `links` has to include those of the account and of its address. The
/// account's Workspace domain is assumed to be admitted: rule 1 examines it
/// again at each sign-in.
pub fn link_chosen(
    choice: &Choice,
    links: &[Link],
    snapshot: Option<&Snapshot>,
    policy: &Policy,
    moment: Moment,
) -> Result<Link, NotLinked> {
    let Choice {
        account,
        address,
        user,
    } = choice;
    if account.issuer != policy.issuer {
        return Err(NotLinked::AnotherIssuer);
    }
    if address.canonical().is_none() {
        return Err(NotLinked::InvalidAddress);
    }
    let listed = |snapshot: &Snapshot| snapshot.named(user.as_str()).map(|it| it.name.clone());
    if snapshot.is_some_and(|snapshot| listed(snapshot).as_ref() != Some(user)) {
        return Err(NotLinked::NoSuchUser);
    }
    let link = Link {
        account: account.clone(),
        address: address.clone(),
        user: user.clone(),
        by: LinkedBy::Administrator,
        since: moment.now,
        // The store fills this in.
        moved: None,
    };
    let others = links.iter().filter(|other| other.account != *account);
    let mut links: Vec<Link> = others.cloned().collect();
    links.push(link.clone());
    let identity = assumed::admitted_identity(account.clone(), address.clone(), policy);
    let admitted = judge(&identity, &links, snapshot, policy, moment);
    let found = admitted.map_err(NotLinked::Refused)?.user;
    if found.name() != user {
        return Err(NotLinked::AliasNames(found.name().clone()));
    }
    Ok(link)
}
