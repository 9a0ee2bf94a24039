//! What an administrator is told before another policy is in force.

use super::*;

const LEA: &str = "lea@gmail.com";
const PAUL: &str = "paul@ex.fr";
const BOSS: &str = "boss@ex.fr";

fn house() -> Snapshot {
    let rows = [
        ("jeanne", JEANNE),
        ("lea", LEA),
        ("paul", PAUL),
        ("boss", BOSS),
        ("igor", ""),
    ];
    let rows = rows.map(|(name, email)| ListedUser {
        name: DsmUsername::new(name),
        email: Some(email.to_owned()),
        expired: Some("normal".to_owned()),
    });
    let list = UserList {
        users: rows.into(),
        administrators: Some(vec![DsmUsername::new("boss")]),
    };
    Snapshot::new(Arc::new(list), NOW)
}

fn linked(subject: &str, user: &str, address: &str, by: LinkedBy) -> Link {
    Link {
        account: account(subject),
        address: VerifiedAddress::vouched_for(address.to_owned()),
        user: DsmUsername::new(user),
        by,
        since: NOW,
        moved: None,
    }
}

fn with_alias(google: &str, dsm: &str) -> Policy {
    let mut policy = policy();
    let google = CanonicalAddress::of(google).unwrap();
    policy.aliases.insert(google, dsm.to_owned());
    policy
}

/// `ADDRESS: BEFORE → AFTER`, each a user or a refusal.
#[track_caller]
fn check(links: &[Link], before: &Policy, after: &Policy, expected: &[&str]) {
    let told = |before: &Policy, after: &Policy| -> Vec<(String, String, String)> {
        let changes = access_changes(&house(), links, before, after, moment(NOW));
        let word = |access: Result<DsmUsername, Refusal>| {
            access.map_or_else(|it| it.name().to_owned(), |user| user.to_string())
        };
        let told = changes.into_iter().map(|it| {
            let address = it.address.as_written().to_owned();
            (address, word(it.before), word(it.after))
        });
        told.collect()
    };
    let found = told(before, after);
    let words = found
        .iter()
        .map(|(address, before, after)| format!("{address}: {before} → {after}"));
    assert_eq!(words.collect::<Vec<_>>(), expected);
    assert!(told(after, after).is_empty());
}

#[test]
fn the_same_policy_changes_nothing() {
    let links = [linked("1", "jeanne", JEANNE, LinkedBy::Address)];
    check(&links, &policy(), &policy(), &[]);
}

#[test]
fn a_denied_user_loses_access_linked_or_not() {
    let mut after = policy();
    after.denied = ["JEANNE", "paul"].map(FoldedName::of).into();
    let links = [linked("1", "jeanne", JEANNE, LinkedBy::Address)];
    let expected = [
        "jeanne@example.com: jeanne → account-denied",
        "paul@ex.fr: paul → account-denied",
    ];
    check(&links, &policy(), &after, &expected);
    let expected = [
        "jeanne@example.com: account-denied → jeanne",
        "paul@ex.fr: account-denied → paul",
    ];
    check(&links, &after, &policy(), &expected);
}

#[test]
fn an_alias_gives_access_takes_it_and_changes_the_user() {
    let alias = with_alias("igor@gmail.com", "igor");
    let gains = ["igor@gmail.com: address-unknown → igor"];
    check(&[], &policy(), &alias, &gains);
    let loses = ["igor@gmail.com: igor → address-unknown"];
    check(&[], &alias, &policy(), &loses);
    let links = [linked("1", "igor", "igor@gmail.com", LinkedBy::Alias)];
    check(&links, &alias, &policy(), &loses);
    let moves = ["igor@gmail.com: igor → boss"];
    check(
        &links,
        &alias,
        &with_alias("igor@gmail.com", "boss"),
        &moves,
    );
    // Jeanne's own address now leads to Léa.
    let links = [linked("2", "jeanne", JEANNE, LinkedBy::Address)];
    let moves = ["jeanne@example.com: jeanne → lea"];
    check(&links, &policy(), &with_alias(JEANNE, "lea"), &moves);
}

#[test]
fn an_administrator_is_named_by_each_account() {
    let mut after = policy();
    after.administrators = AdministratorPolicy::ByAliasOnly;
    let links = [linked("1", "boss", "old@ex.fr", LinkedBy::Administrator)];
    let loses = ["boss@ex.fr: boss → administrator-refused"];
    check(&links, &policy(), &after, &loses);
    after.administrators = AdministratorPolicy::Refuse;
    let loses = [
        "boss@ex.fr: boss → administrator-refused",
        "old@ex.fr: boss → administrator-refused",
    ];
    check(&links, &policy(), &after, &loses);
}

#[test]
fn another_reason_for_a_refusal_is_no_change() {
    let mut before = policy();
    before.denied = [FoldedName::of("boss")].into();
    let mut after = policy();
    after.administrators = AdministratorPolicy::Refuse;
    check(&[], &before, &after, &[]);
}

#[test]
fn of_two_accounts_with_one_address_only_the_linked_one_counts() {
    let mut after = policy();
    after.denied = [FoldedName::of("jeanne")].into();
    let links = [
        linked("1", "jeanne", JEANNE, LinkedBy::Address),
        linked("2", "gone", JEANNE, LinkedBy::Address),
    ];
    // Neither can sign in.
    check(&links, &policy(), &after, &[]);
    // A link of a user who is gone reserves the address for its own account.
    check(
        &links[..1],
        &policy(),
        &after,
        &["jeanne@example.com: jeanne → account-denied"],
    );
    check(
        &links[1..],
        &policy(),
        &after,
        &["jeanne@example.com: jeanne → account-denied"],
    );
}

#[test]
fn two_accounts_with_one_address_and_one_change_are_one_line() {
    let before = with_alias(JEANNE, "lea");
    let mut after = before.clone();
    after.denied = [FoldedName::of("lea")].into();
    let links = [
        linked("1", "jeanne", JEANNE, LinkedBy::Address),
        linked("2", "paul", JEANNE, LinkedBy::Administrator),
    ];
    let expected = [
        "jeanne@example.com: lea → account-denied",
        "lea@gmail.com: lea → account-denied",
    ];
    check(&links, &before, &after, &expected);
}

#[test]
fn hosted_domains_shut_out_other_domains_and_gmail() {
    let hosted = |domains: &[&str]| {
        let domains = domains.iter().map(|it| (*it).to_owned());
        Policy {
            hosted_domains: Some(domains.collect()),
            ..policy()
        }
    };
    let ours = hosted(&["ex.fr"]);
    let loses = [
        "jeanne@example.com: jeanne → domain-not-allowed",
        "lea@gmail.com: lea → domain-not-allowed",
    ];
    check(&[], &policy(), &ours, &loses);
    // An account of an accepted domain is a Workspace account.
    let authoritative = Policy {
        authoritative_addresses_only: true,
        ..ours.clone()
    };
    check(&[], &policy(), &authoritative, &loses);
    let gains = ["jeanne@example.com: domain-not-allowed → jeanne"];
    check(&[], &ours, &hosted(&["ex.fr", "example.com"]), &gains);
    // The accounts of another domain, by `users` assumed to be in it.
    let loses = [
        "boss@ex.fr: boss → domain-not-allowed",
        "jeanne@example.com: jeanne → domain-not-allowed",
        "paul@ex.fr: paul → domain-not-allowed",
    ];
    check(&[], &hosted(&["a.org"]), &hosted(&["b.org"]), &loses);
}

#[test]
fn authoritative_addresses_shut_out_those_who_never_signed_in() {
    let after = Policy {
        authoritative_addresses_only: true,
        ..policy()
    };
    let links = [linked("1", "jeanne", JEANNE, LinkedBy::Address)];
    let loses = [
        "boss@ex.fr: boss → address-not-authoritative",
        "paul@ex.fr: paul → address-not-authoritative",
    ];
    check(&links, &policy(), &after, &loses);
}

#[test]
fn a_shorter_age_of_users_shuts_out_all() {
    let mut after = policy();
    after.max_age = Duration::from_hours(1);
    let later = moment(NOW.plus(Duration::from_hours(2)));
    let changes = access_changes(&house(), &[], &policy(), &after, later);
    assert_eq!(changes.len(), 4);
    let stale = |it: &AccessChange| it.after == Err(Refusal::DirectoryStale);
    assert!(changes.iter().all(stale));
}

#[test]
fn the_accounts_of_another_provider_have_no_links() {
    let mut after = policy();
    after.issuer = GoogleIssuer::new("https://id.example.com");
    let links = [
        linked("1", "jeanne", JEANNE, LinkedBy::Address),
        linked("2", "igor", "igor@gmail.com", LinkedBy::Administrator),
    ];
    let loses = ["igor@gmail.com: igor → address-unknown"];
    check(&links, &policy(), &after, &loses);
}
