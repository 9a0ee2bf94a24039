use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::ids::{DsmUsername, GoogleIssuer, GoogleSubject};
use crate::login::{GoogleAccount, VerifiedAddress};

/// 2026-03-02T06:30:00Z, on the day of [`moment`].
const NOW: UnixTime = UnixTime::from_seconds(1_772_433_000);

const MAX_AGE: Duration = Duration::from_hours(7 * 24);

const JEANNE: &str = "jeanne@example.com";

/// Judges `address` by `users`, each a name, an e-mail and `expired`.
fn judged(address: &str, users: &[(&str, &str, &str)]) -> Result<String, Refusal> {
    let snapshot = Snapshot::new(Arc::new(listed(users)), NOW);
    let user = judge(&identity(address), Some(&snapshot), &policy(), moment(NOW));
    user.map(|user| user.name().as_str().to_owned())
}

fn listed(users: &[(&str, &str, &str)]) -> UserList {
    let rows = users.iter().map(|(name, email, expired)| ListedUser {
        name: DsmUsername::new(*name),
        email: Some((*email).to_owned()),
        expired: Some((*expired).to_owned()),
    });
    UserList {
        users: rows.collect(),
        administrators: Vec::new(),
    }
}

fn identity(address: &str) -> GoogleIdentity {
    GoogleIdentity {
        account: GoogleAccount {
            issuer: GoogleIssuer::new("https://accounts.google.com"),
            subject: GoogleSubject::new("1001"),
        },
        address: VerifiedAddress::vouched_for(address.to_owned()),
        hosted_domain: None,
        name: None,
        auth_time: None,
    }
}

fn policy() -> Policy {
    Policy {
        service_account: "sso-reader".to_owned(),
        max_age: MAX_AGE,
    }
}

fn moment(now: UnixTime) -> Moment {
    Moment {
        now,
        today: date(2026, 3, 2),
    }
}

#[track_caller]
fn check(users: &[(&str, &str, &str)], expected: Result<&str, Refusal>) {
    assert_eq!(judged(JEANNE, users), expected.map(str::to_owned));
}

#[test]
fn an_address_is_one_users_or_nobodys() {
    check(&[], Err(Refusal::AddressUnknown));
    check(
        &[
            ("paul", "paul@example.com", "normal"),
            ("lea", "", "normal"),
        ],
        Err(Refusal::AddressUnknown),
    );
    check(&[("Jeanne", "Jeanne@Example.com ", "normal")], Ok("Jeanne"));
    check(
        &[
            ("paul", "paul@example.com", "normal"),
            ("jeanne", JEANNE, "normal"),
        ],
        Ok("jeanne"),
    );
}

#[test]
fn of_twins_the_one_who_may_sign_in_counts() {
    let twin = |expired| ("jeanne2", "JEANNE@example.com", expired);
    let jeanne = ("jeanne", JEANNE, "normal");
    check(&[jeanne, twin("normal")], Err(Refusal::AddressAmbiguous));
    check(&[twin("normal"), jeanne], Err(Refusal::AddressAmbiguous));
    for gone in ["now", "2026/3/1", "who knows"] {
        check(&[jeanne, twin(gone)], Ok("jeanne"));
        check(&[twin(gone), jeanne], Ok("jeanne"));
    }
    check(&[("admin", JEANNE, "normal"), jeanne], Ok("jeanne"));
    check(
        &[jeanne, twin("now"), ("jeanne3", JEANNE, "normal")],
        Err(Refusal::AddressAmbiguous),
    );
}

#[test]
fn the_account_that_lists_the_users_yields_to_everybody_else() {
    let reader = ("sso-reader", JEANNE, "normal");
    check(&[reader], Ok("sso-reader"));
    check(&[reader, ("jeanne", JEANNE, "normal")], Ok("jeanne"));
    check(&[("jeanne", JEANNE, "normal"), reader], Ok("jeanne"));
    // Even to one who cannot sign in: the address is theirs.
    check(
        &[reader, ("jeanne", JEANNE, "now")],
        Err(Refusal::AccountDisabled),
    );
    check(
        &[reader, ("a", JEANNE, "normal"), ("b", JEANNE, "normal")],
        Err(Refusal::AddressAmbiguous),
    );
    check(
        &[("sso-reader", JEANNE, "now")],
        Err(Refusal::AccountDisabled),
    );
}

#[test]
fn only_the_active_sign_in() {
    for (expired, refusal) in [
        ("now", Refusal::AccountDisabled),
        ("", Refusal::AccountDisabled),
        ("NORMAL", Refusal::AccountDisabled),
        ("tomorrow", Refusal::AccountDisabled),
        ("2026/3/1", Refusal::AccountExpired),
        ("2026/3/2", Refusal::AccountExpired),
        ("2026-03-02", Refusal::AccountExpired),
    ] {
        check(&[("jeanne", JEANNE, expired)], Err(refusal));
    }
    check(&[("jeanne", JEANNE, "2026/3/3")], Ok("jeanne"));
}

#[test]
fn nobody_signs_in_as_dsms_own_accounts() {
    for name in ["admin", "Admin", "ADMIN", "guest", "GuesT", "root", "Root"] {
        check(&[(name, JEANNE, "normal")], Err(Refusal::AccountDenied));
        check(&[(name, JEANNE, "now")], Err(Refusal::AccountDisabled));
    }
    check(&[("administrator", JEANNE, "normal")], Ok("administrator"));
}

#[test]
fn of_several_refusals_the_first_in_the_order_is_told() {
    let disabled = ("a", JEANNE, "now");
    let expired = ("b", JEANNE, "2026/3/1");
    let denied = ("root", JEANNE, "normal");
    check(&[denied, expired, disabled], Err(Refusal::AccountDisabled));
    check(&[disabled, denied], Err(Refusal::AccountDisabled));
    check(&[denied, expired], Err(Refusal::AccountExpired));
    check(
        &[denied, ("Root", JEANNE, "normal")],
        Err(Refusal::AccountDenied),
    );
}

#[test]
fn googles_spellings_of_one_mailbox_are_one_address() {
    let users = &[("jeanne", "jeannemartin@gmail.com", "normal")];
    for address in [
        "Jeanne.Martin@gmail.com",
        "jeanne.martin+nas@googlemail.com",
    ] {
        assert_eq!(judged(address, users).as_deref(), Ok("jeanne"));
    }
    let users = &[
        ("jeanne", "jeanne.martin@gmail.com", "normal"),
        ("other", "jeannemartin+x@googlemail.com", "normal"),
    ];
    let twins = judged("jeannemartin@gmail.com", users);
    assert_eq!(twins, Err(Refusal::AddressAmbiguous));
}

#[test]
fn what_is_no_address_is_nobodys_though_dsm_has_the_same() {
    for text in [
        "",
        " ",
        "jeanne",
        "@example.com",
        "jeanne@",
        "a@b@c",
        "+x@gmail.com",
    ] {
        let users = &[("jeanne", text, "normal")];
        assert_eq!(
            judged(text, users),
            Err(Refusal::AddressUnknown),
            "{text:?}"
        );
    }
}

#[test]
fn users_are_trusted_from_five_minutes_ahead_to_max_age() {
    let users = Arc::new(listed(&[("jeanne", JEANNE, "normal")]));
    let at = |refreshed| {
        let snapshot = Snapshot::new(Arc::clone(&users), refreshed);
        judge(&identity(JEANNE), Some(&snapshot), &policy(), moment(NOW)).map(drop)
    };
    let second = Duration::from_secs(1);
    let ahead = Duration::from_mins(5);
    assert_eq!(at(NOW), Ok(()));
    assert_eq!(at(NOW.minus(MAX_AGE)), Ok(()));
    assert_eq!(
        at(NOW.minus(MAX_AGE + second)),
        Err(Refusal::DirectoryStale)
    );
    assert_eq!(at(NOW.plus(ahead)), Ok(()));
    assert_eq!(at(NOW.plus(ahead + second)), Err(Refusal::DirectoryStale));
    assert_eq!(
        at(UnixTime::from_seconds(i64::MIN)),
        Err(Refusal::DirectoryStale)
    );
    assert_eq!(
        at(UnixTime::from_seconds(i64::MAX)),
        Err(Refusal::DirectoryStale)
    );
}

#[test]
fn without_users_nobody_is_known_or_unknown() {
    let nobody = judge(&identity(JEANNE), None, &policy(), moment(NOW));
    assert_eq!(nobody, Err(Refusal::DirectoryStale));
}

#[test]
fn only_the_directorys_and_the_clocks_faults_pass_by_themselves() {
    let persons = [
        Refusal::AddressNotVerified,
        Refusal::AddressUnknown,
        Refusal::AddressAmbiguous,
        Refusal::AccountDisabled,
        Refusal::AccountExpired,
        Refusal::AccountDenied,
    ];
    assert!(persons.iter().all(|refusal| !refusal.is_temporary()));
    assert!(Refusal::DirectoryStale.is_temporary());
    assert!(Refusal::ClockWrong { ahead: 90 }.is_temporary());
}

prop_compose! {
    /// Few names and addresses, so that they meet.
    fn row()(
        name in "admin|root|sso-reader|[ab]",
        email in proptest::option::of("[ab]@example\\.com|[Aa]\\.?b?(\\+x)?@gmail\\.com|[a@ ]{0,4}"),
        expired in proptest::option::of("normal|now|2026/3/[1-4]|[a-z]{0,3}"),
    ) -> ListedUser {
        ListedUser { name: DsmUsername::new(name), email, expired }
    }
}

proptest! {
    #[test]
    fn whoever_comes_out_is_active_and_alone_has_the_address(
        mut users in proptest::collection::vec(row(), 0..6),
        address in "[ab]@example\\.com|a\\.?b?@googlemail\\.com|[a@ ]{0,4}",
    ) {
        // A list with two of one name is refused before it comes here.
        let mut names = std::collections::HashSet::new();
        users.retain(|user| names.insert(user.name.clone()));
        let list = UserList { users, administrators: Vec::new() };
        let snapshot = Snapshot::new(Arc::new(list), NOW);
        let judged = judge(&identity(&address), Some(&snapshot), &policy(), moment(NOW));
        let canonical = CanonicalAddress::of(&address);
        // By another way than the index: one row after the other.
        let having: Vec<&ListedUser> = snapshot.list().users.iter().filter(|user| {
            let own = user.email.as_deref().and_then(CanonicalAddress::of);
            own.is_some() && own == canonical
        }).collect();
        let could: Vec<&&ListedUser> = having.iter().filter(|user| {
            let name = user.name.as_str();
            Activity::of(user, date(2026, 3, 2)) == Activity::Active
                && !["admin", "root"].contains(&name)
                && (having.len() == 1 || name != "sso-reader")
        }).collect();
        match judged {
            Ok(user) => {
                prop_assert_eq!(could.len(), 1);
                prop_assert_eq!(user.name(), &could[0].name);
            }
            Err(Refusal::AddressAmbiguous) => prop_assert!(could.len() > 1),
            Err(Refusal::AddressUnknown) => prop_assert!(having.is_empty()),
            Err(_) => prop_assert!(could.is_empty() && !having.is_empty()),
        }
    }
}
