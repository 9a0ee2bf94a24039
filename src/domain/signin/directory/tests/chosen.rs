//! An administrator says who a refused Google account is.

use super::*;

/// Lists `name`, `name=e-mail` or `name=e-mail:expired`; `boss` is an
/// administrator.
fn listed(users: &[&str]) -> Snapshot {
    let users = users.iter().map(|text| {
        let (name, rest) = text.split_once('=').unwrap_or((text, ""));
        let (email, expired) = rest.split_once(':').unwrap_or((rest, "normal"));
        ListedUser {
            name: DsmUsername::new(name),
            email: Some(email.to_owned()),
            expired: Some(expired.to_owned()),
        }
    });
    let list = UserList {
        users: users.collect(),
        administrators: Some(vec![DsmUsername::new("boss")]),
    };
    Snapshot::new(Arc::new(list), NOW)
}

fn link(subject: &str, user: &str, address: &str, by: LinkedBy) -> Link {
    Link {
        account: account(subject),
        address: VerifiedAddress::vouched_for(address.to_owned()),
        user: DsmUsername::new(user),
        by,
        since: NOW,
        moved: None,
    }
}

/// Links account 1 with `address` to `user`.
fn choose(
    snapshot: &Snapshot,
    links: &[Link],
    policy: &Policy,
    (address, user): (&str, &str),
) -> Result<Link, NotLinked> {
    let choice = Choice {
        account: account("1"),
        address: VerifiedAddress::vouched_for(address.to_owned()),
        user: DsmUsername::new(user),
    };
    link_chosen(&choice, links, Some(snapshot), policy, moment(NOW))
}

#[track_caller]
fn refused(chosen: Result<Link, NotLinked>, expected: Refusal) {
    match chosen {
        Err(NotLinked::Refused(refused)) => assert_eq!(refused.refusal, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_next_sign_in_of_the_account_is_as_the_chosen_user() {
    let snapshot = listed(&["lea", "paul=p@ex.fr"]);
    let chosen = choose(&snapshot, &[], &policy(), ("lea@gmail.com", "lea")).unwrap();
    assert_eq!(chosen.by, LinkedBy::Administrator);
    let identity = identity("1", "lea@gmail.com");
    let judged = judge(
        &identity,
        std::slice::from_ref(&chosen),
        Some(&snapshot),
        &policy(),
        moment(NOW),
    );
    let admission = judged.unwrap();
    assert_eq!(admission.user.name().as_str(), "lea");
    assert!(admission.link.is_same(&chosen));
}

#[test]
fn the_accounts_previous_link_does_not_matter() {
    let snapshot = listed(&["lea", "paul=p@ex.fr", "renamed"]);
    let before = [
        link("1", "paul", "p@ex.fr", LinkedBy::Address),
        link("1", "gone", "lea@gmail.com", LinkedBy::Address),
        link("1", "paul", "lea@gmail.com", LinkedBy::Administrator),
    ];
    for before in before {
        let chosen = choose(&snapshot, &[before], &policy(), ("lea@gmail.com", "lea"));
        assert_eq!(chosen.unwrap().user.as_str(), "lea");
    }
}

#[test]
fn no_link_admits_a_user_that_rule_5_excludes() {
    let snapshot = listed(&["off=:now", "old=:2026/3/1", "odd=:?", "root", "boss", "lea"]);
    let mut policy = policy();
    policy.denied.insert(FoldedName::of("LEA"));
    let choose = |user, policy: &Policy| choose(&snapshot, &[], policy, ("x@ex.fr", user));
    refused(choose("off", &policy), Refusal::AccountDisabled);
    refused(choose("odd", &policy), Refusal::AccountDisabled);
    refused(choose("old", &policy), Refusal::AccountExpired);
    refused(choose("root", &policy), Refusal::AccountDenied);
    refused(choose("lea", &policy), Refusal::AccountDenied);
    policy.administrators = AdministratorPolicy::Refuse;
    refused(choose("boss", &policy), Refusal::AdministratorRefused);
    policy.administrators = AdministratorPolicy::ByAliasOnly;
    choose("boss", &policy).unwrap();
}

#[test]
fn another_account_of_the_user_with_this_address_stays_linked() {
    let snapshot = listed(&["jeanne=j@ex.fr", "paul"]);
    let linked = |by| [link("2", "jeanne", "j@ex.fr", by)];
    for by in [LinkedBy::Address, LinkedBy::Administrator] {
        let choose = |user| choose(&snapshot, &linked(by), &policy(), ("J@ex.fr", user));
        refused(choose("jeanne"), Refusal::LinkedToAnother);
        // The address decides only which of a user's accounts is meant.
        choose("paul").unwrap();
    }
    let gone = [link("2", "gone", "j@ex.fr", LinkedBy::Address)];
    let reserved = choose(&snapshot, &gone, &policy(), ("j@ex.fr", "jeanne"));
    refused(reserved, Refusal::LinkedToAnother);
}

#[test]
fn an_alias_decides_before_the_link() {
    let snapshot = listed(&["jeanne", "paul"]);
    let mut policy = policy();
    let google = CanonicalAddress::of("j@ex.fr").unwrap();
    policy.aliases.insert(google.clone(), "PAUL".to_owned());
    let choose = |user, policy: &Policy| choose(&snapshot, &[], policy, ("j@ex.fr", user));
    let paul = NotLinked::AliasNames(DsmUsername::new("paul"));
    assert_eq!(choose("jeanne", &policy), Err(paul));
    choose("paul", &policy).unwrap();
    policy.aliases.insert(google, "gone".to_owned());
    refused(choose("jeanne", &policy), Refusal::AddressUnknown);
}

#[test]
fn the_user_is_chosen_by_the_name_in_dsm() {
    let snapshot = listed(&["jeanne=j@ex.fr", "Paul"]);
    let choose = |user| choose(&snapshot, &[], &policy(), ("j@ex.fr", user));
    for name in ["paul", "gone", "", "Paul "] {
        assert_eq!(choose(name), Err(NotLinked::NoSuchUser), "{name:?}");
    }
    choose("Paul").unwrap();
}

#[test]
fn an_account_that_could_not_use_the_link_is_not_linked() {
    let snapshot = listed(&["jeanne"]);
    let invalid = choose(&snapshot, &[], &policy(), ("no-address", "jeanne"));
    assert_eq!(invalid, Err(NotLinked::InvalidAddress));
    let mut elsewhere = policy();
    elsewhere.issuer = GoogleIssuer::new("https://old.example");
    let chosen = choose(&snapshot, &[], &elsewhere, ("j@ex.fr", "jeanne"));
    assert_eq!(chosen, Err(NotLinked::AnotherIssuer));
    let old = snapshot.confirmed(NOW.minus(MAX_AGE + Duration::from_secs(1)));
    let stale = choose(&old, &[], &policy(), ("j@ex.fr", "jeanne"));
    refused(stale, Refusal::DirectoryStale);
}

#[test]
fn the_workspace_domain_is_examined_at_the_sign_in() {
    let snapshot = listed(&["jeanne"]);
    let mut policy = policy();
    policy.hosted_domains = Some(vec!["school.example".to_owned()]);
    let chosen = choose(&snapshot, &[], &policy, ("j@ex.fr", "jeanne")).unwrap();
    let identity = identity("1", "j@ex.fr");
    let judged = judge(&identity, &[chosen], Some(&snapshot), &policy, moment(NOW));
    assert_eq!(judged.unwrap_err().refusal, Refusal::DomainNotAllowed);
}
