//! What an administrator is told of every user.

use super::*;

#[track_caller]
fn check(users: &[(&str, &str, &str)], links: &[Link], policy: &Policy, expected: &[&str]) {
    let rows = users.iter().map(|(name, email, expired)| ListedUser {
        name: DsmUsername::new(*name),
        email: Some((*email).to_owned()),
        expired: Some((*expired).to_owned()),
    });
    let list = UserList {
        users: rows.collect(),
        administrators: Some(vec![DsmUsername::new("boss")]),
    };
    let snapshot = Snapshot::new(Arc::new(list), NOW);
    let told: Vec<String> = verdicts(&snapshot, links, policy, moment(NOW))
        .iter()
        .map(in_words)
        .collect();
    assert_eq!(told, expected);
}

/// `jeanne ok`, then the linked account's subject.
fn in_words(verdict: &Verdict) -> String {
    let mut words = vec![verdict.user.name.to_string(), verdict.name.to_owned()];
    let link = verdict.link.as_ref();
    words.extend(link.map(|link| link.account.subject.to_string()));
    words.join(" ")
}

fn link(subject: &str, user: &str, address: &str, by: LinkedBy, since: i64) -> Link {
    Link {
        account: account(subject),
        address: VerifiedAddress::vouched_for(address.to_owned()),
        user: DsmUsername::new(user),
        by,
        since: UnixTime::from_seconds(since),
        moved: None,
    }
}

fn with_alias(google: &str, dsm: &str) -> Policy {
    let mut policy = policy();
    let google = CanonicalAddress::of(google).unwrap();
    policy.aliases.insert(google, dsm.to_owned());
    policy
}

#[test]
fn without_links_and_aliases_the_address_decides() {
    let users = [
        ("admin", "", "now"),
        ("root", "", "normal"),
        ("reader", "", "normal"),
        ("jeanne", JEANNE, "normal"),
        ("paul", "p@ex.fr", "normal"),
        ("Paul2", "P@ex.fr", "normal"),
        ("lea", "l@ex.fr", "2026/3/1"),
        ("typo", "no-address", "normal"),
    ];
    let expected = [
        "admin account-disabled",
        "root account-denied",
        "reader no-address",
        "jeanne ok",
        "paul address-ambiguous",
        "Paul2 address-ambiguous",
        "lea account-expired",
        "typo no-address",
    ];
    check(&users, &[], &policy(), &expected);
}

#[test]
fn a_link_that_holds_comes_before_the_address() {
    let users = [("jeanne", JEANNE, "normal"), ("paul", JEANNE, "normal")];
    let linked = |user| [link("1", user, JEANNE, LinkedBy::Address, 5)];
    let expected = ["jeanne ok 1", "paul address-ambiguous"];
    check(&users, &linked("jeanne"), &policy(), &expected);
    let expected = ["jeanne address-ambiguous", "paul address-ambiguous"];
    check(&users, &linked("gone"), &policy(), &expected);
    let mut another_issuers = linked("jeanne");
    another_issuers[0].account.issuer = GoogleIssuer::new("https://old.example");
    check(&users, &another_issuers, &policy(), &expected);
    let lapsed = [link("1", "jeanne", "old@ex.fr", LinkedBy::Address, 5)];
    check(&users, &lapsed, &policy(), &expected);
}

#[test]
fn of_several_linked_accounts_the_one_that_gets_in_is_shown() {
    let users = [("boss", "b@ex.fr", "normal")];
    let policy = Policy {
        administrators: AdministratorPolicy::ByAliasOnly,
        ..with_alias("boss@gmail.com", "boss")
    };
    let by_address = link("1", "boss", "b@ex.fr", LinkedBy::Address, 9);
    let by_alias = link("2", "boss", "boss@gmail.com", LinkedBy::Alias, 5);
    let both = [by_alias.clone(), by_address.clone()];
    check(&users, &both, &policy, &["boss ok 2"]);
    check(
        &users,
        &[by_address],
        &policy,
        &["boss administrator-refused 1"],
    );
    check(&users, &[by_alias], &policy, &["boss ok 2"]);
}

#[test]
fn an_alias_comes_before_the_address() {
    let users = [("jeanne", "", "normal"), ("paul", JEANNE, "normal")];
    let policy = with_alias(JEANNE, "JEANNE");
    // Paul's address is Jeanne's by alias: nothing leads to him.
    check(&users, &[], &policy, &["jeanne ok", "paul no-address"]);
}

#[test]
fn an_administrators_link_needs_no_address() {
    let users = [
        ("lea", "", "normal"),
        ("paul", "lea@gmail.com", "normal"),
        ("boss", "", "normal"),
        ("off", "", "now"),
    ];
    let policy = Policy {
        administrators: AdministratorPolicy::ByAliasOnly,
        ..policy()
    };
    let by = LinkedBy::Administrator;
    let links = [
        link("1", "lea", "lea@gmail.com", by, 5),
        link("2", "boss", "b@ex.fr", by, 5),
        link("3", "off", "o@ex.fr", by, 5),
    ];
    let expected = [
        "lea ok 1",
        // The account with this e-mail signs in as Lea.
        "paul no-address",
        "boss ok 2",
        "off account-disabled 3",
    ];
    check(&users, &links, &policy, &expected);
}

#[test]
fn the_domain_is_taken_as_fitting() {
    let users = [("jeanne", JEANNE, "normal")];
    let policy = Policy {
        hosted_domains: Some(vec!["school.example".to_owned()]),
        authoritative_addresses_only: true,
        ..policy()
    };
    check(&users, &[], &policy, &["jeanne ok"]);
}

#[test]
fn the_account_that_lists_the_users_yields_its_address() {
    let users = [("reader", JEANNE, "normal"), ("jeanne", JEANNE, "normal")];
    check(&users, &[], &policy(), &["reader no-address", "jeanne ok"]);
}

#[test]
fn a_renamed_user_is_ok_for_the_google_account_of_before() {
    let users = [("renamed", JEANNE, "normal")];
    let reserved = |subject| link(subject, "jeanne", JEANNE, LinkedBy::Address, 5);
    check(&users, &[reserved("1")], &policy(), &["renamed ok"]);
    let by_alias = with_alias("maman@gmail.com", "renamed");
    let alias_link = link("1", "jeanne", "maman@gmail.com", LinkedBy::Alias, 5);
    check(&users, &[alias_link], &by_alias, &["renamed ok"]);
    // Each of two accounts keeps the other out.
    let both = [reserved("1"), reserved("2")];
    check(&users, &both, &policy(), &["renamed linked-to-another"]);
}

#[test]
fn only_addresses_that_a_google_account_can_have_are_ok() {
    let users = [
        ("erin", "erin@gmail.com\u{a0}", "normal"),
        ("nia", "\u{feff}nia@gmail.com", "normal"),
        ("gina", "Gina <gina@gmail.com>", "normal"),
        ("ida", "mailto:ida@gmail.com", "normal"),
        ("leo", "leo @gmail.com", "normal"),
        ("jon", "jon@gmail.com;", "normal"),
        ("hugo", "hugo@gmail.com.", "normal"),
        ("two", "a@gmail.com,b@gmail.com", "normal"),
    ];
    let expected = [
        "erin ok",
        "nia no-address",
        "gina no-address",
        "ida no-address",
        "leo no-address",
        "jon no-address",
        "hugo no-address",
        "two no-address",
    ];
    check(&users, &[], &policy(), &expected);
    let identity = identity("1", "erin@gmail.com");
    let list = UserList {
        users: vec![ListedUser {
            name: DsmUsername::new("erin"),
            email: Some("erin@gmail.com\u{a0}".to_owned()),
            expired: Some("normal".to_owned()),
        }],
        ..UserList::default()
    };
    let snapshot = Snapshot::new(Arc::new(list), NOW);
    judge(&identity, &[], Some(&snapshot), &policy(), moment(NOW)).unwrap();
}

#[test]
fn aliases_are_told_with_their_user_or_without_one() {
    let mut policy = with_alias("maman@gmail.com", "JEANNE");
    for (google, dsm) in [
        ("m@ex.fr", "jeanne"),
        ("b@ex.fr", r"CORP\paul"),
        ("j@ex.fr", "jeane"),
        ("e@ex.fr", "e\u{301}lise"),
    ] {
        let google = CanonicalAddress::of(google).unwrap();
        policy.aliases.insert(google, dsm.to_owned());
    }
    let list = UserList {
        users: ["jeanne", "\u{e9}lise"]
            .map(|name| ListedUser {
                name: DsmUsername::new(name),
                email: None,
                expired: Some("normal".to_owned()),
            })
            .to_vec(),
        ..UserList::default()
    };
    let snapshot = Snapshot::new(Arc::new(list), NOW);
    let told = verdicts(&snapshot, &[], &policy, moment(NOW));
    let aliases: Vec<&str> = told[0]
        .aliases
        .iter()
        .map(CanonicalAddress::as_str)
        .collect();
    assert_eq!(aliases, ["m@ex.fr", "maman@gmail.com"]);
    assert_eq!(told[1].aliases, []);
    let without = aliases_without_user(&snapshot, &policy);
    let without: Vec<(&str, &str)> = without
        .iter()
        .map(|(name, addresses)| (*name, addresses[0].as_str()))
        .collect();
    assert_eq!(
        without,
        [
            (r"CORP\paul", "b@ex.fr"),
            ("e\u{301}lise", "e@ex.fr"),
            ("jeane", "j@ex.fr"),
        ]
    );
}

#[test]
fn the_last_move_of_a_users_links_is_told() {
    let users = [("jeanne", JEANNE, "normal")];
    let mut owner = link("1", "jeanne", JEANNE, LinkedBy::Address, 5);
    let mut another = link("2", "jeanne", "x@ex.fr", LinkedBy::Address, 7);
    another.moved = Some(another.since);
    let moved = |links: &[Link]| {
        let rows = users.map(|(name, email, expired)| ListedUser {
            name: DsmUsername::new(name),
            email: Some(email.to_owned()),
            expired: Some(expired.to_owned()),
        });
        let list = UserList {
            users: rows.to_vec(),
            ..UserList::default()
        };
        let snapshot = Snapshot::new(Arc::new(list), NOW);
        let told = verdicts(&snapshot, links, &policy(), moment(NOW));
        told[0].link.as_ref().unwrap().moved
    };
    assert_eq!(moved(&[owner.clone()]), None);
    // The e-mail was changed, and changed back.
    assert_eq!(moved(&[owner.clone(), another.clone()]), another.moved);
    owner.moved = Some(UnixTime::from_seconds(9));
    assert_eq!(moved(&[owner.clone(), another]), owner.moved);
}
