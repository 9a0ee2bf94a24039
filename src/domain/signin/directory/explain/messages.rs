//! The sentences about what each rule found.

use super::super::{
    AdministratorPolicy, Candidacy, Case, FoldedName, Lapsed, Link, LinkedBy, Refusal, Snapshot,
    has_unknown_expiry,
};
use super::{Outcome, Trace};
use crate::base::address::{CanonicalAddress, quoted};
use crate::base::clock::span_in_words;
use crate::base::ids::DsmUsername;
use crate::model::user_list::ListedUser;

/// A message names at most so many users.
const MOST_NAMES: usize = 10;

impl Trace<'_> {
    pub(super) fn verified(&self) -> String {
        let verified = "assumed: Google has verified the address";
        let domain = self.case.identity.hosted_domain.as_deref();
        match (&self.case.policy.hosted_domains, domain) {
            (Some(_), Some(domain)) => format!(
                "{verified}, and the account's Workspace domain (hd) is {domain}, which \
                 google.hosted-domains allows"
            ),
            (_, _) => verified.to_owned(),
        }
    }

    pub(super) fn another_domain(&self) -> String {
        let allowed = self.case.policy.hosted_domains.as_deref();
        let allowed = listed(allowed.unwrap_or_default().iter().map(String::as_str));
        let only = format!("google.hosted-domains allows only {allowed}");
        match self.case.identity.hosted_domain.as_deref() {
            Some(domain) => format!(
                "assumed: the account's Workspace domain (hd) is that of its address, {domain}; \
                 {only}"
            ),
            None => format!("an account with this address has no Workspace domain (hd); {only}"),
        }
    }

    pub(super) fn stale(&self) -> String {
        let Some(snapshot) = self.case.snapshot else {
            return "DSM has not listed its users yet; status shows why".to_owned();
        };
        let (read, now) = (snapshot.refreshed(), self.case.moment.now);
        let age = if read > now {
            let span = span_in_words(read.since(now));
            format!("the user list was read {span} after this time, and no older one is known")
        } else {
            let span = span_in_words(now.since(read));
            let most = span_in_words(self.case.policy.max_age);
            format!("at this time, the user list is {span} old, and dsm.max-age is {most}")
        };
        let read_again = snapshot.confirmed(now);
        let again = Case {
            snapshot: Some(&read_again),
            ..self.case
        };
        let again = again.judge(&mut |_| {});
        let again = again.map_or_else(|refused| refused.refusal.name(), |_| "ok");
        format!("{age}; if DSM has listed the same users again by then, the result is {again}")
    }

    pub(super) fn by_alias(&self) -> (Outcome, String) {
        match (self.alias, self.found) {
            (Some(google), Some((user, _))) => (
                Outcome::Pass,
                format!("the alias {google} names {}", user.name),
            ),
            (_, _) => (
                Outcome::Skip,
                "no alias in the config has this address".to_owned(),
            ),
        }
    }

    pub(super) fn by_link(&self) -> (Outcome, String) {
        if self.alias.is_some() {
            return (
                Outcome::Skip,
                "not needed: rule 2 has found the user".to_owned(),
            );
        }
        let Some((link, lapsed)) = self.link else {
            return (
                Outcome::Skip,
                "no Google account is linked by this address".to_owned(),
            );
        };
        let account = &link.account.subject;
        let to = linked_to(link);
        let why = match lapsed {
            None => {
                return (
                    Outcome::Pass,
                    format!("the Google account {account} is linked {to}"),
                );
            }
            Some(Lapsed::UserGone) => "DSM does not list this user",
            Some(Lapsed::AliasChanged) => "the alias does not lead to this user any more",
            Some(Lapsed::NoEmail) => "the user has no valid e-mail in DSM",
            Some(Lapsed::EmailChanged) => "the user has another e-mail in DSM",
            Some(Lapsed::SharedServiceAccount) => {
                "the user is dsm.account, and another user has the same e-mail"
            }
        };
        let message = format!(
            "the Google account {account} was linked {to}, but the link is not valid: {why}"
        );
        (Outcome::Skip, message)
    }

    pub(super) fn by_address(&self) -> (Outcome, String) {
        if self.alias.is_some() {
            return (
                Outcome::Skip,
                "not needed: rule 2 has found the user".to_owned(),
            );
        }
        if matches!(self.link, Some((_, None))) {
            return (
                Outcome::Skip,
                "not needed: rule 3 has found the user".to_owned(),
            );
        }
        let mut message = self.having();
        let is_gmail = self
            .case
            .identity
            .address
            .canonical()
            .is_some_and(CanonicalAddress::is_gmail);
        if self.case.policy.authoritative_addresses_only && !is_gmail {
            message += "; assumed: the account has a Workspace domain (hd), else \
                        address-not-authoritative";
        }
        (Outcome::Pass, message)
    }

    /// The users who have the address, and why some of them are not candidates.
    pub(super) fn having(&self) -> String {
        let names = listed(self.having.iter().map(|(user, _)| user.name.as_str()));
        if self.having.len() == 1 {
            return format!("{names} has this e-mail in DSM");
        }
        let mut parts = vec![format!("{names} have this e-mail in DSM")];
        let others = self.having.iter().filter_map(|(user, candidacy)| {
            let why = match candidacy {
                Candidacy::Candidate => return None,
                Candidacy::Refused(refusal) => refusal.name(),
                Candidacy::ServiceAccount => "dsm.account",
            };
            Some(format!("{} is not a candidate ({why})", user.name))
        });
        parts.extend(others.take(MOST_NAMES));
        parts.join("; ")
    }

    pub(super) fn no_candidate(&self) -> String {
        let address = &self.case.identity.address;
        if address.canonical().is_none() {
            let address = quoted(address.as_written());
            return format!("{address} is not a valid e-mail address, so it matches no user");
        }
        if self.having.is_empty() {
            return "no DSM user has this e-mail".to_owned();
        }
        self.having()
    }

    /// Why the user, or each user who has the address, is excluded by rule 5.
    pub(super) fn excluded(&self, refusal: Refusal) -> String {
        if let Some((user, by)) = self.found {
            return self.exclusion(user, by, refusal);
        }
        let refused = self
            .having
            .iter()
            .filter_map(|(user, candidacy)| match candidacy {
                Candidacy::Refused(refusal) => Some((user, *refusal)),
                Candidacy::Candidate | Candidacy::ServiceAccount => None,
            });
        let reasons = refused
            .take(MOST_NAMES)
            .map(|(user, refusal)| self.exclusion(user, LinkedBy::Address, refusal));
        reasons.collect::<Vec<_>>().join("; ")
    }

    fn exclusion(&self, user: &ListedUser, by: LinkedBy, refusal: Refusal) -> String {
        let name = &user.name;
        match refusal {
            Refusal::AccountDisabled if has_unknown_expiry(user) => {
                let expired = quoted(user.expired.as_deref().unwrap_or_default());
                format!("{name} counts as disabled: DSM's value {expired} is unknown")
            }
            Refusal::AccountDisabled => format!("{name} is disabled in DSM"),
            Refusal::AccountExpired => {
                let date = user.expired.as_deref().unwrap_or_default();
                format!("{name} is disabled by DSM from {date} on")
            }
            Refusal::AccountDenied if self.is_in_config(name) => {
                format!("{name} is in users.deny")
            }
            Refusal::AccountDenied => format!("{name} is one of DSM's own accounts"),
            Refusal::AdministratorRefused => {
                let policy = self.administrators();
                let is = self.administrator(name);
                let alias = match (self.case.policy.administrators, by) {
                    (AdministratorPolicy::ByAliasOnly, LinkedBy::Address) => "; add an alias",
                    (_, _) => "",
                };
                format!("{is}, and users.administrators is {policy}{alias}")
            }
            Refusal::AddressNotVerified
            | Refusal::DomainNotAllowed
            | Refusal::AddressUnknown
            | Refusal::AddressAmbiguous
            | Refusal::AddressNotAuthoritative
            | Refusal::LinkedToAnother
            | Refusal::DirectoryStale
            | Refusal::ClockWrong { .. } => format!("{name}: {refusal}"),
        }
    }

    fn is_in_config(&self, name: &DsmUsername) -> bool {
        let folded = FoldedName::of(name.as_str());
        self.case.policy.denied.contains(&folded)
    }

    fn administrators(&self) -> &'static str {
        match self.case.policy.administrators {
            AdministratorPolicy::Allow => "\"allow\"",
            AdministratorPolicy::ByAliasOnly => "\"alias\"",
            AdministratorPolicy::Refuse => "\"refuse\"",
        }
    }

    fn administrator(&self, name: &DsmUsername) -> String {
        let list = self.case.snapshot.map(Snapshot::list);
        if list.is_some_and(|list| list.administrators.is_none()) {
            return format!("{name} counts as an administrator (the group was never read)");
        }
        format!("{name} is an administrator")
    }

    pub(super) fn active(&self) -> String {
        let Some((user, _)) = self.found else {
            return String::new();
        };
        let name = &user.name;
        let until = match user.expired.as_deref() {
            None | Some("normal") => String::new(),
            Some(date) => format!(" until {date}"),
        };
        let active = format!("{name} is active{until}, and not denied");
        let snapshot = self.case.snapshot;
        if !snapshot.is_some_and(|snapshot| snapshot.is_administrator(user)) {
            return active;
        }
        let is = self.administrator(name);
        let policy = self.administrators();
        format!("{active}; {is}, and users.administrators is {policy}")
    }

    pub(super) fn linked_to_another(&self, is_gone: bool) -> String {
        let Some(link) = self.anothers else {
            return String::new();
        };
        let (account, user) = (&link.account.subject, &link.user);
        let to = linked_to(link);
        let gone = if is_gone {
            ", which DSM does not list any more"
        } else {
            ""
        };
        format!(
            "another Google account, {account}, is linked {to}{gone}; if this is the right \
             person, run links remove {user}"
        )
    }

    pub(super) fn linked(&self, link: &Link) -> String {
        let mut links = self.case.links.iter();
        let to = linked_to(link);
        match links.find(|before| before.account == link.account) {
            Some(before) if before.is_same(link) => {
                format!("the account stays linked {to}; nothing is written")
            }
            Some(before) => {
                let before = linked_to(before);
                format!("the sign-in links the account {to}; until now it was linked {before}")
            }
            None => format!("the sign-in links the account {to}"),
        }
    }
}

/// `to jeanne by jeanne@example.com`.
fn linked_to(link: &Link) -> String {
    let (user, address) = (&link.user, link.address.as_written());
    match link.by {
        LinkedBy::Alias => format!("to {user} by the alias {address}"),
        LinkedBy::Address => format!("to {user} by {address}"),
        LinkedBy::Administrator => format!("to {user} by an administrator, with {address}"),
    }
}

/// `a, b and c`, or the first ones and the number of the others.
fn listed<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let more = names.len().saturating_sub(MOST_NAMES);
    let mut names: Vec<String> = names.take(MOST_NAMES).map(str::to_owned).collect();
    if more > 0 {
        names.push(format!("{more} more"));
    }
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}
