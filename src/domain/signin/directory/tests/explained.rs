//! What an administrator is told of one Google account.

use super::*;

/// The explanation has the verdict of `judge`, and the rules lead to it.
#[track_caller]
pub(super) fn is_as_judged(case: Case<'_>, judged: &Result<Admission, Refused>) {
    let (verdict, rules) = case.explain();
    assert_eq!(verdict, *judged);
    let numbers: Vec<u8> = rules.iter().map(|examined| examined.rule).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7]);
    assert!(rules.iter().all(|it| !it.message.is_empty()), "{rules:#?}");
    let outcomes: Vec<Outcome> = rules.iter().map(|examined| examined.outcome).collect();
    let failed = outcomes.iter().position(|it| *it == Outcome::Fail);
    match (judged, failed) {
        (Ok(_), None) => assert_eq!(outcomes[4..], [Outcome::Pass; 3], "{rules:#?}"),
        (Err(_), Some(failed)) => {
            let rest = &outcomes[failed + 1..];
            assert!(rest.iter().all(|it| *it == Outcome::Skip), "{rules:#?}");
        }
        (_, _) => panic!("{judged:?}: {rules:#?}"),
    }
    // One of these rules finds the user.
    let passed = outcomes[1..4].iter().filter(|it| **it == Outcome::Pass);
    let expected = usize::from(failed.is_none_or(|failed| failed > 3));
    assert_eq!(passed.count(), expected, "{rules:#?}");
}

/// What is explained for the address of each link and user is what the account
/// in the explanation gets.
#[track_caller]
pub(super) fn agrees_with_a_sign_in(links: &[Link], snapshot: &Snapshot, policy: &Policy) {
    let users = snapshot.list().users.iter();
    let emails = users.filter_map(|user| user.email.as_deref());
    let linked = links.iter().map(|link| link.address.as_written());
    for address in emails.chain(linked) {
        let explained = explain(address, links, Some(snapshot), policy, moment(NOW));
        let identity = &explained.identity;
        let judged = judge(identity, links, Some(snapshot), policy, moment(NOW));
        assert_eq!(explained.verdict, judged);
        let own = links.iter().any(|link| link.account == identity.account);
        assert_eq!(explained.has_signed_in, own);
    }
}

fn user(text: &str) -> ListedUser {
    let (name, rest) = text.split_once('=').unwrap();
    let (email, expired) = rest.split_once(':').unwrap_or((rest, "normal"));
    ListedUser {
        name: DsmUsername::new(name),
        email: Some(email.to_owned()),
        expired: Some(expired.to_owned()),
    }
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

/// A family: `name=e-mail` and what DSM says in place of `normal`, links, and a
/// policy.
struct Family {
    snapshot: Snapshot,
    links: Vec<Link>,
    policy: Policy,
}

impl Family {
    fn of(users: &[&str]) -> Self {
        let list = UserList {
            users: users.iter().map(|text| user(text)).collect(),
            administrators: Some(vec![DsmUsername::new("boss")]),
        };
        Self {
            snapshot: Snapshot::new(Arc::new(list), NOW),
            links: Vec::new(),
            policy: policy(),
        }
    }

    fn linked(mut self, links: &[Link]) -> Self {
        self.links.extend_from_slice(links);
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    fn alias(self, google: &str, dsm: &str) -> Self {
        let google = CanonicalAddress::of(google).unwrap();
        self.with(|policy| drop(policy.aliases.insert(google, dsm.to_owned())))
    }

    fn explain(&self, address: &str) -> Explanation {
        let snapshot = Some(&self.snapshot);
        explain(address, &self.links, snapshot, &self.policy, moment(NOW))
    }

    /// Checks one rule of the explanation for `address`.
    #[track_caller]
    fn check(&self, address: &str, rule: u8, expected: &str) {
        let rules = self.explain(address).rules;
        let examined = rules.iter().find(|it| it.rule == rule).unwrap();
        let told = format!("{}: {}", examined.outcome.name(), examined.message);
        assert_eq!(told, expected);
    }
}

#[test]
fn rule_1_says_what_is_assumed_about_the_workspace_domain() {
    let family = Family::of(&["jeanne=j@ex.fr"]);
    let verified = "pass: assumed: Google has verified the address";
    family.check("j@ex.fr", 1, verified);
    let family = family.with(|policy| {
        policy.hosted_domains = Some(vec!["ex.fr".to_owned(), "school.example".to_owned()]);
    });
    family.check(
        "J@Ex.fr",
        1,
        "pass: assumed: Google has verified the address, and the account's Workspace domain (hd) \
         is ex.fr, which google.hosted-domains allows",
    );
    family.check(
        "j@other.fr",
        1,
        "fail: assumed: the account's Workspace domain (hd) is that of its address, other.fr; \
         google.hosted-domains allows only ex.fr and school.example",
    );
    for address in ["j@gmail.com", "j@googlemail.com", "no-address"] {
        family.check(
            address,
            1,
            "fail: an account with this address has no Workspace domain (hd); \
             google.hosted-domains allows only ex.fr and school.example",
        );
    }
}

#[test]
fn rule_2_names_both_halves_of_the_alias() {
    let family = Family::of(&["Jeanne=j@ex.fr"]);
    family.check(
        "maman@gmail.com",
        2,
        "skip: no alias in the config has this address",
    );
    let family = family.alias("maman@gmail.com", "JEANNE");
    family.check(
        "Ma.man@gmail.com",
        2,
        "pass: the alias maman@gmail.com names Jeanne",
    );
    family.check(
        "maman@gmail.com",
        3,
        "skip: not needed: rule 2 has found the user",
    );
    family.check(
        "maman@gmail.com",
        4,
        "skip: not needed: rule 2 has found the user",
    );
    let family = family.alias("papa@gmail.com", "paul");
    family.check(
        "papa@gmail.com",
        2,
        "fail: the alias papa@gmail.com names \"paul\", which is not a local user of DSM",
    );
    family.check("papa@gmail.com", 3, "skip: not reached: rule 2 refuses");
}

#[test]
fn rule_3_says_why_a_link_is_not_valid() {
    let users = ["jeanne=j@ex.fr", "none=", "reader=r@ex.fr", "twin=r@ex.fr"];
    let family = Family::of(&users).linked(&[
        link("1", "jeanne", "J@ex.fr", LinkedBy::Address, 5),
        link("2", "jeanne", "old@ex.fr", LinkedBy::Address, 5),
        link("3", "gone", "gone@ex.fr", LinkedBy::Address, 5),
        link("4", "jeanne", "maman@gmail.com", LinkedBy::Alias, 5),
        link("5", "none", "none@ex.fr", LinkedBy::Address, 5),
        link("6", "reader", "r@ex.fr", LinkedBy::Address, 5),
    ]);
    family.check(
        "new@ex.fr",
        3,
        "skip: no Google account is linked by this address",
    );
    family.check(
        "j@ex.fr",
        3,
        "pass: the Google account 1 is linked to jeanne by J@ex.fr",
    );
    family.check("j@ex.fr", 4, "skip: not needed: rule 3 has found the user");
    let lapsed = |address: &str, expected: &str| {
        family.check(
            address,
            3,
            &format!("skip: the Google account {expected}")
                .replace(" - ", ", but the link is not valid: "),
        );
    };
    lapsed(
        "old@ex.fr",
        "2 was linked to jeanne by old@ex.fr - the user has another e-mail in DSM",
    );
    lapsed(
        "gone@ex.fr",
        "3 was linked to gone by gone@ex.fr - DSM does not list this user",
    );
    lapsed(
        "maman@gmail.com",
        "4 was linked to jeanne by the alias maman@gmail.com - the alias does not lead to this \
         user any more",
    );
    lapsed(
        "none@ex.fr",
        "5 was linked to none by none@ex.fr - the user has no valid e-mail in DSM",
    );
    lapsed(
        "r@ex.fr",
        "6 was linked to reader by r@ex.fr - the user is dsm.account, and another user has the \
         same e-mail",
    );
}

#[test]
fn rules_3_to_7_say_what_an_administrator_linked() {
    let family = Family::of(&["lea=:normal", "boss=:normal"]);
    let by = LinkedBy::Administrator;
    let family = family.linked(&[
        link("1", "lea", "lea@gmail.com", by, 5),
        link("2", "boss", "b@ex.fr", by, 5),
        link("3", "gone", "gone@ex.fr", by, 5),
    ]);
    let family = family.with(|policy| policy.administrators = AdministratorPolicy::ByAliasOnly);
    family.check(
        "lea@gmail.com",
        3,
        "pass: the Google account 1 is linked to lea by an administrator, with lea@gmail.com",
    );
    family.check(
        "b@ex.fr",
        5,
        "pass: boss is active, and not denied; boss is an administrator, and users.administrators \
         is \"alias\"",
    );
    family.check(
        "lea@gmail.com",
        7,
        "pass: the account stays linked to lea by an administrator, with lea@gmail.com; nothing is \
         written",
    );
    family.check(
        "gone@ex.fr",
        3,
        "skip: the Google account 3 was linked to gone by an administrator, with gone@ex.fr, but \
         the link is not valid: DSM does not list this user",
    );
}

#[test]
fn rule_4_names_the_users_who_have_the_address() {
    let family = Family::of(&["a=a@ex.fr", "x=two@ex.fr", "y=two@ex.fr", "z=two@ex.fr:now"]);
    family.check("a@ex.fr", 4, "pass: a has this e-mail in DSM");
    family.check("none@ex.fr", 4, "fail: no DSM user has this e-mail");
    family.check(
        "two@ex.fr",
        4,
        "fail: x, y and z have this e-mail in DSM; z is not a candidate (account-disabled); remove \
         it from all but one, or add an alias",
    );
    family.check(
        "\u{feff}a@ex.fr",
        4,
        "fail: \"\\u{feff}a@ex.fr\" is not a valid e-mail address, so it matches no user",
    );
    let reader = Family::of(&["reader=j@ex.fr", "jeanne=j@ex.fr", "READER=other@ex.fr"]);
    reader.check(
        "j@ex.fr",
        4,
        "pass: reader and jeanne have this e-mail in DSM; reader is not a candidate (dsm.account)",
    );
    let readers = Family::of(&["reader=j@ex.fr", "READER=j@ex.fr"]);
    readers.check(
        "j@ex.fr",
        4,
        "fail: reader and READER have this e-mail in DSM; reader is not a candidate (dsm.account); \
         READER is not a candidate (dsm.account)",
    );
    let family = family.with(|policy| policy.authoritative_addresses_only = true);
    family.check(
        "a@ex.fr",
        4,
        "pass: a has this e-mail in DSM; assumed: the account has a Workspace domain (hd), else \
         address-not-authoritative",
    );
}

#[test]
fn a_crowd_with_one_address_is_cut_short() {
    let crowd: Vec<String> = (0..1000).map(|n| format!("u{n}=x@ex.fr:now")).collect();
    let crowd: Vec<&str> = crowd.iter().map(String::as_str).collect();
    let rules = Family::of(&crowd).explain("x@ex.fr").rules;
    assert!(
        rules[3].message.contains("u8, u9 and 990 more have"),
        "{}",
        rules[3].message
    );
    let longest = rules.iter().map(|it| it.message.len()).max();
    assert!(longest < Some(1000), "{rules:#?}");
}

#[test]
fn rule_5_says_why_a_user_may_not_sign_in() {
    let users = [
        "a=a@ex.fr:now",
        "b=b@ex.fr:2026/3/1",
        "c=c@ex.fr:soon",
        "d=d@ex.fr",
        "root=root@ex.fr",
        "boss=boss@ex.fr",
        "until=until@ex.fr:2026/3/9",
        "x=two@ex.fr:now",
        "y=two@ex.fr:2026/3/1",
    ];
    let family = Family::of(&users).with(|policy| policy.denied = [FoldedName::of("D")].into());
    family.check("a@ex.fr", 5, "fail: a is disabled in DSM");
    family.check("b@ex.fr", 5, "fail: b is disabled by DSM from 2026/3/1 on");
    family.check(
        "c@ex.fr",
        5,
        "fail: c counts as disabled: DSM's value \"soon\" is unknown",
    );
    family.check("d@ex.fr", 5, "fail: d is in users.deny");
    family.check("root@ex.fr", 5, "fail: root is one of DSM's own accounts");
    family.check(
        "until@ex.fr",
        5,
        "pass: until is active until 2026/3/9, and not denied",
    );
    let both = "fail: x is disabled in DSM; y is disabled by DSM from 2026/3/1 on";
    family.check("two@ex.fr", 5, both);
    family.check(
        "boss@ex.fr",
        5,
        "pass: boss is active, and not denied; boss is an administrator, and users.administrators \
         is \"allow\"",
    );
    let family = family.with(|policy| policy.administrators = AdministratorPolicy::ByAliasOnly);
    family.check(
        "boss@ex.fr",
        5,
        "fail: boss is an administrator, and users.administrators is \"alias\"; add an alias",
    );
    let mut family = family.with(|policy| policy.administrators = AdministratorPolicy::Refuse);
    let unread = UserList {
        administrators: None,
        ..UserList::clone(family.snapshot.list())
    };
    family.snapshot = Snapshot::new(Arc::new(unread), NOW);
    family.check(
        "boss@ex.fr",
        5,
        "fail: boss counts as an administrator (the group was never read), and \
         users.administrators is \"refuse\"",
    );
}

#[test]
fn rule_6_and_7_say_what_is_linked() {
    let family = Family::of(&["jeanne=j@ex.fr", "boss=b@ex.fr"]).linked(&[
        link("1", "jeanne", "j@ex.fr", LinkedBy::Address, 5),
        link("2", "boss", "old@ex.fr", LinkedBy::Address, 5),
    ]);
    family.check(
        "b@ex.fr",
        6,
        "pass: no other Google account is linked to boss by b@ex.fr",
    );
    family.check(
        "b@ex.fr",
        7,
        "pass: the sign-in links the account to boss by b@ex.fr",
    );
    let stays = "pass: the account stays linked to jeanne by j@ex.fr; nothing is written";
    family.check("j@ex.fr", 7, stays);
    let family = family.alias("old@ex.fr", "jeanne");
    family.check(
        "old@ex.fr",
        7,
        "pass: the sign-in links the account to jeanne by the alias old@ex.fr; until now it was \
         linked to boss by old@ex.fr",
    );
    // Each of two accounts excludes the other.
    let renamed = Family::of(&["renamed=j@ex.fr"]).linked(&[
        link("1", "jeanne", "j@ex.fr", LinkedBy::Address, 5),
        link("2", "jeanne", "j@ex.fr", LinkedBy::Address, 9),
    ]);
    renamed.check(
        "j@ex.fr",
        6,
        "fail: another Google account, 1, is linked to jeanne by j@ex.fr, which DSM does not list \
         any more; if this is the right person, run links remove jeanne",
    );
}

#[test]
fn of_several_accounts_the_newest_admitted_is_explained() {
    let twins = ["a=x@ex.fr", "b=x@ex.fr", "c=x@ex.fr:now"];
    let family = Family::of(&twins).linked(&[
        link("1", "a", "x@ex.fr", LinkedBy::Address, 5),
        link("2", "b", "X@ex.fr", LinkedBy::Address, 7),
        link("3", "c", "x@ex.fr", LinkedBy::Address, 9),
    ]);
    let explained = family.explain("x@ex.fr");
    assert!(explained.has_signed_in);
    assert_eq!(explained.identity.account, account("2"));
    // As Google has written it.
    assert_eq!(explained.identity.address.as_written(), "X@ex.fr");
    family.check(
        "x@ex.fr",
        3,
        "pass: the Google account 2 is linked to b by X@ex.fr; other Google accounts linked by \
         this address: 2",
    );
    let mut elsewhere = link("1", "a", "x@ex.fr", LinkedBy::Address, 5);
    elsewhere.account.issuer = GoogleIssuer::new("https://old.example");
    let family = Family::of(&["a=x@ex.fr"]).linked(&[elsewhere]);
    assert!(!family.explain("x@ex.fr").has_signed_in);
}

#[test]
fn an_old_list_is_refused_with_the_result_of_a_newer_one() {
    let mut family = Family::of(&["jeanne=j@ex.fr", "lea=l@ex.fr:now"]);
    let list = Arc::clone(family.snapshot.list());
    family.snapshot = Snapshot::new(Arc::clone(&list), NOW.minus(MAX_AGE * 2));
    let old = "fail: at this time, the user list is 14 d 0 h old, and dsm.max-age is 7 d 0 h; \
               if DSM has listed the same users again by then, the result is ";
    family.check("j@ex.fr", 2, &format!("{old}ok"));
    family.check("l@ex.fr", 2, &format!("{old}account-disabled"));
    family.check(
        "j@ex.fr",
        1,
        "pass: assumed: Google has verified the address",
    );
    family.check("j@ex.fr", 7, "skip: not reached: rule 2 refuses");
    family.snapshot = Snapshot::new(list, NOW.plus(MAX_AGE));
    family.check(
        "j@ex.fr",
        2,
        "fail: the user list was read 7 d 0 h after this time, and no older one is known; if DSM \
         has listed the same users again by then, the result is ok",
    );
    let none = explain("j@ex.fr", &[], None, &policy(), moment(NOW));
    let message = &none.rules[1].message;
    assert_eq!(
        message,
        "DSM has not listed its users yet; status shows why"
    );
}
