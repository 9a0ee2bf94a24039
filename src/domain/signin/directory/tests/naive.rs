//! The rules written a second time, slowly and without an index, sentence by
//! sentence of docs/concepts/who-may-sign-in.md. Both must give the same
//! result for any input.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// Everything that a judgement depends on.
#[derive(Clone, Debug)]
struct World {
    identity: GoogleIdentity,
    users: Vec<ListedUser>,
    administrators: Option<Vec<DsmUsername>>,
    links: Vec<Link>,
    policy: Policy,
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

impl World {
    /// The DSM user and how the link is remembered.
    fn verdict(&self) -> Result<(String, LinkedBy, Option<CanonicalAddress>), Refusal> {
        // 1
        if let Some(domains) = &self.policy.hosted_domains {
            let hd = self.identity.hosted_domain.clone().unwrap_or_default();
            if !domains.contains(&hd.to_lowercase()) {
                return Err(Refusal::DomainNotAllowed);
            }
        }
        let (user, by, address) = self.person()?;
        // 5
        self.rule_five(&user, by)?;
        // 6
        for link in &self.links {
            let another = link.account != self.identity.account;
            let usable = link.account.issuer == self.identity.account.issuer;
            let same_user = same(link.user.as_str(), user.name.as_str());
            let same_address = link.address.canonical() == address.as_ref();
            let gone = self.user(link.user.as_str()).is_none();
            let valid = same_user && self.holds(link, None);
            if another && usable && same_address && (gone || valid) {
                return Err(Refusal::LinkedToAnother);
            }
        }
        Ok((user.name.to_string(), by, address))
    }

    fn person(&self) -> Result<(ListedUser, LinkedBy, Option<CanonicalAddress>), Refusal> {
        let present = self.identity.address.canonical().cloned();
        // 2
        if let Some(address) = &present
            && let Some(name) = self.policy.aliases.get(address)
        {
            let user = self.user(name).ok_or(Refusal::AddressUnknown)?;
            return Ok((user, LinkedBy::Alias, present));
        }
        // 3
        for link in &self.links {
            let own = link.account == self.identity.account;
            if !own || !self.holds(link, present.as_ref()) {
                continue;
            }
            let user = self.user(link.user.as_str()).unwrap();
            let email = email(&user);
            let keeps = link.by != LinkedBy::Address || email.as_ref() == link.address.canonical();
            let address = if keeps {
                link.address.canonical().cloned()
            } else {
                present
            };
            return Ok((user, link.by, address));
        }
        // 4
        let address = present.ok_or(Refusal::AddressUnknown)?;
        let text = address.as_str().to_owned();
        let hd = self.identity.hosted_domain.clone().unwrap_or_default();
        if self.policy.authoritative_addresses_only
            && !text.ends_with("@gmail.com")
            && hd.is_empty()
        {
            return Err(Refusal::AddressNotAuthoritative);
        }
        let having: Vec<&ListedUser> = self
            .users
            .iter()
            .filter(|user| email(user).as_ref() == Some(&address))
            .collect();
        let mut count = Vec::new();
        let mut refusals = Vec::new();
        for user in &having {
            if self.is_dsm_account(user) && having.len() > 1 {
                continue;
            }
            match self.rule_five(user, LinkedBy::Address) {
                Ok(()) => count.push(*user),
                Err(refusal) => refusals.push(refusal),
            }
        }
        let order = [
            Refusal::AccountDisabled,
            Refusal::AccountExpired,
            Refusal::AccountDenied,
            Refusal::AdministratorRefused,
        ];
        match count.len() {
            1 => Ok((count[0].clone(), LinkedBy::Address, Some(address))),
            0 => {
                let first = order.iter().find(|refusal| refusals.contains(refusal));
                Err(first.copied().unwrap_or(Refusal::AddressUnknown))
            }
            _ => Err(Refusal::AddressAmbiguous),
        }
    }

    fn holds(&self, link: &Link, present: Option<&CanonicalAddress>) -> bool {
        let Some(user) = self.user(link.user.as_str()) else {
            return false;
        };
        let Some(made_by) = link.address.canonical() else {
            return false;
        };
        if link.by == LinkedBy::Alias {
            let named = self.policy.aliases.get(made_by);
            let named = named.and_then(|name| self.user(name));
            return named.is_some_and(|named| named.name == user.name);
        }
        if link.by == LinkedBy::Administrator {
            return true;
        }
        let Some(email) = email(&user) else {
            return false;
        };
        if email != *made_by && Some(&email) != present {
            return false;
        }
        let others = self.users.iter().filter(|other| other.name != user.name);
        let somebody_else = others
            .into_iter()
            .any(|other| self::email(other) == Some(email.clone()));
        !(self.is_dsm_account(&user) && somebody_else)
    }

    fn user(&self, name: &str) -> Option<ListedUser> {
        let spellings: Vec<&ListedUser> = self
            .users
            .iter()
            .filter(|user| same(user.name.as_str(), name))
            .collect();
        let exact = spellings.iter().find(|user| user.name.as_str() == name);
        match (exact, spellings.len()) {
            (Some(user), _) => Some((*user).clone()),
            (None, 1) => Some(spellings[0].clone()),
            (None, _) => None,
        }
    }

    fn is_dsm_account(&self, user: &ListedUser) -> bool {
        FoldedName::of(user.name.as_str()) == self.policy.service_account
    }

    fn rule_five(&self, user: &ListedUser, by: LinkedBy) -> Result<(), Refusal> {
        match Activity::of(user, date(2026, 3, 2)) {
            Activity::Active => {}
            Activity::Disabled => return Err(Refusal::AccountDisabled),
            Activity::Expired => return Err(Refusal::AccountExpired),
        }
        let name = user.name.as_str();
        let own = self.policy.denied.contains(&FoldedName::of(name));
        if own || same(name, "admin") || same(name, "guest") || same(name, "root") {
            return Err(Refusal::AccountDenied);
        }
        let administrator = match &self.administrators {
            None => true,
            Some(members) => members.iter().any(|member| same(member.as_str(), name)),
        };
        let refused = match self.policy.administrators {
            AdministratorPolicy::Allow => false,
            AdministratorPolicy::ByAliasOnly => by == LinkedBy::Address,
            AdministratorPolicy::Refuse => true,
        };
        if administrator && refused {
            return Err(Refusal::AdministratorRefused);
        }
        Ok(())
    }
}

fn email(user: &ListedUser) -> Option<CanonicalAddress> {
    CanonicalAddress::of(user.email.as_deref().unwrap_or_default())
}

/// Few names and addresses, so that they meet.
const NAMES: [&str; 6] = ["a", "b", "B", "root", "reader", "c"];
const ADDRESSES: [&str; 6] = [
    "x@ex.fr",
    "X@ex.fr",
    "y@ex.fr",
    "x@gmail.com",
    "x.+t@googlemail.com",
    "none",
];

prop_compose! {
    fn user()(
        name in select(&NAMES[..]),
        email in option::weighted(0.9, select(&ADDRESSES[..])),
        expired in select(&["normal", "normal", "normal", "now", "2026/3/1", "2026/3/9", "?"][..]),
    ) -> ListedUser {
        ListedUser {
            name: DsmUsername::new(name),
            email: email.map(str::to_owned),
            expired: Some(expired.to_owned()),
        }
    }
}

prop_compose! {
    fn link()(
        subject in select(&["1", "2", "3"][..]),
        issuer in select(&["https://accounts.google.com", "https://old.example"][..]),
        user in select(&["a", "b", "c", "C", "reader", "gone"][..]),
        address in select(&ADDRESSES[..5]),
        by in select(&[LinkedBy::Alias, LinkedBy::Address, LinkedBy::Administrator][..]),
    ) -> Link {
        let mut account = account(subject);
        account.issuer = GoogleIssuer::new(issuer);
        Link {
            account,
            address: VerifiedAddress::vouched_for(address.to_owned()),
            user: DsmUsername::new(user),
            by,
            since: NOW,
            moved: None,
        }
    }
}

prop_compose! {
    fn any_policy()(
        domains in option::weighted(0.1, Just(vec!["ex.fr".to_owned()])),
        authoritative in prop::bool::weighted(0.1),
        aliases in vec((select(&ADDRESSES[..5]), select(&["a", "B", "C", "reader", "gone"][..])), 0..2),
        denied in vec(select(&["A", "c"][..]), 0..2),
        administrators in select(&[
            AdministratorPolicy::Allow,
            AdministratorPolicy::ByAliasOnly,
            AdministratorPolicy::Refuse,
        ][..]),
    ) -> Policy {
        let aliases = aliases.into_iter().map(|(google, dsm)| {
            (CanonicalAddress::of(google).unwrap(), dsm.to_owned())
        });
        Policy {
            hosted_domains: domains,
            authoritative_addresses_only: authoritative,
            aliases: aliases.collect(),
            denied: denied.into_iter().map(FoldedName::of).collect(),
            administrators,
            ..policy()
        }
    }
}

prop_compose! {
    fn world()(
        mut users in vec(user(), 0..5),
        mut links in vec(link(), 0..4),
        policy in any_policy(),
        address in select(&ADDRESSES[..]),
        hd in option::weighted(0.3, select(&["ex.fr", "EX.fr", "other.fr", ""][..])),
        administrators in option::weighted(0.9, vec(select(&NAMES[..]), 0..2)),
    ) -> World {
        // A list with two of one name is refused before it comes here, and an
        // account has one link.
        let mut names = std::collections::HashSet::new();
        users.retain(|user| names.insert(user.name.clone()));
        let mut subjects = std::collections::HashSet::new();
        links.retain(|link| subjects.insert(link.account.clone()));
        let mut identity = identity("1", address);
        identity.hosted_domain = hd.map(str::to_owned);
        let administrators = administrators.map(|names| {
            names.into_iter().map(DsmUsername::new).collect()
        });
        World { identity, users, administrators, links, policy }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn every_decision_follows_the_rules(world in world()) {
        let list = UserList {
            users: world.users.clone(),
            administrators: world.administrators.clone(),
        };
        let snapshot = Snapshot::new(Arc::new(list), NOW);
        let judged = judge(
            &world.identity,
            &world.links,
            Some(&snapshot),
            &world.policy,
            moment(NOW),
        );
        explained::is_as_judged(
            Case {
                identity: &world.identity,
                links: &world.links,
                snapshot: Some(&snapshot),
                policy: &world.policy,
                moment: moment(NOW),
            },
            &judged,
        );
        explained::agrees_with_a_sign_in(&world.links, &snapshot, &world.policy);
        let judged = judged.map(|admission| {
            let link = admission.link;
            let address = link.address.canonical().cloned();
            (admission.user.name().to_string(), link.by, address)
        });
        prop_assert_eq!(judged.map_err(|refused| refused.refusal), world.verdict());
    }
}
