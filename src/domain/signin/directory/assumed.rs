//! The Google account that an administrator asks about. What Google would send
//! is assumed: that it has verified the address, and the Workspace domain.

use super::Policy;
use crate::base::ids::GoogleSubject;
use crate::model::login::{GoogleAccount, GoogleIdentity, VerifiedAddress};

/// Returns an account that has never signed in. No link has its subject.
pub(super) fn newcomer(policy: &Policy) -> GoogleAccount {
    GoogleAccount {
        issuer: policy.issuer.clone(),
        subject: GoogleSubject::new(""),
    }
}

/// Returns the identity of `account`, with a Workspace domain that `policy`
/// admits, if it restricts them: Google may send another domain than that of
/// the address.
pub(super) fn admitted_identity(
    account: GoogleAccount,
    address: VerifiedAddress,
    policy: &Policy,
) -> GoogleIdentity {
    let hosted = policy.hosted_domains.as_ref();
    let hosted = hosted.and_then(|domains| domains.first());
    let mut identity = identity(account, address);
    identity.hosted_domain = hosted.cloned().or(identity.hosted_domain);
    identity
}

/// Returns the identity of `account`, with the domain of `address` as its
/// Workspace domain. Accounts at gmail.com have none.
pub(super) fn identity(account: GoogleAccount, address: VerifiedAddress) -> GoogleIdentity {
    let hosted = address.canonical().filter(|address| !address.is_gmail());
    let domain = hosted.and_then(|address| address.as_str().split_once('@'));
    GoogleIdentity {
        account,
        hosted_domain: domain.map(|(_, domain)| domain.to_owned()),
        address,
        name: None,
        auth_time: None,
    }
}
