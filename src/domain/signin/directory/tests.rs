use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;

use super::*;
use crate::base::ids::{DsmUsername, GoogleIssuer, GoogleSubject};
use crate::model::login::GoogleAccount;
use crate::model::user_list::UserList;

mod access;
mod chosen;
mod explained;
mod naive;
mod table;
mod who;

/// 2026-03-02T06:30:00Z, on the day of [`moment`].
const NOW: UnixTime = UnixTime::from_seconds(1_772_433_000);

const MAX_AGE: Duration = Duration::from_hours(7 * 24);

const JEANNE: &str = "jeanne@example.com";

fn account(subject: &str) -> GoogleAccount {
    GoogleAccount {
        issuer: GoogleIssuer::new("https://accounts.google.com"),
        subject: GoogleSubject::new(subject),
    }
}

fn identity(subject: &str, address: &str) -> GoogleIdentity {
    GoogleIdentity {
        account: account(subject),
        address: VerifiedAddress::vouched_for(address.to_owned()),
        hosted_domain: None,
        name: None,
        auth_time: None,
    }
}

fn policy() -> Policy {
    Policy::new(account("").issuer, "reader", MAX_AGE)
}

fn moment(now: UnixTime) -> Moment {
    Moment {
        now,
        today: date(2026, 3, 2),
    }
}

fn jeanne_alone() -> Arc<UserList> {
    Arc::new(UserList {
        users: vec![ListedUser {
            name: DsmUsername::new("jeanne"),
            email: Some(JEANNE.to_owned()),
            expired: Some("normal".to_owned()),
        }],
        ..UserList::default()
    })
}

#[test]
fn users_are_trusted_from_five_minutes_ahead_to_max_age() {
    let at = |refreshed| {
        let snapshot = Snapshot::new(jeanne_alone(), refreshed);
        let identity = identity("1", JEANNE);
        let judged = judge(&identity, &[], Some(&snapshot), &policy(), moment(NOW));
        judged.map(drop).map_err(|refused| refused.refusal)
    };
    let second = Duration::from_secs(1);
    let ahead = Duration::from_mins(5);
    let stale = Err(Refusal::DirectoryStale);
    assert_eq!(at(NOW), Ok(()));
    assert_eq!(at(NOW.minus(MAX_AGE)), Ok(()));
    assert_eq!(at(NOW.minus(MAX_AGE + second)), stale);
    assert_eq!(at(NOW.plus(ahead)), Ok(()));
    assert_eq!(at(NOW.plus(ahead + second)), stale);
    assert_eq!(at(UnixTime::from_seconds(i64::MIN)), stale);
    assert_eq!(at(UnixTime::from_seconds(i64::MAX)), stale);
}

#[test]
fn only_directory_and_clock_faults_are_temporary() {
    let persons = [
        Refusal::AddressNotVerified,
        Refusal::DomainNotAllowed,
        Refusal::AddressUnknown,
        Refusal::AddressAmbiguous,
        Refusal::AddressNotAuthoritative,
        Refusal::AccountDisabled,
        Refusal::AccountExpired,
        Refusal::AccountDenied,
        Refusal::AdministratorRefused,
        Refusal::LinkedToAnother,
    ];
    assert!(persons.iter().all(|refusal| !refusal.is_temporary()));
    assert!(Refusal::DirectoryStale.is_temporary());
    assert!(Refusal::ClockWrong { ahead: 90 }.is_temporary());
}

#[test]
fn of_two_spellings_of_a_name_the_one_that_is_meant_counts() {
    let named = |names: &[&str], name: &str| {
        let rows = names.iter().map(|name| ListedUser {
            name: DsmUsername::new(*name),
            email: None,
            expired: None,
        });
        let list = UserList {
            users: rows.collect(),
            ..UserList::default()
        };
        let snapshot = Snapshot::new(Arc::new(list), NOW);
        snapshot.named(name).map(|user| user.name.to_string())
    };
    assert_eq!(named(&["Élise"], "éLISE").as_deref(), Some("Élise"));
    assert_eq!(named(&["paul", "Paul"], "Paul").as_deref(), Some("Paul"));
    assert_eq!(named(&["paul", "Paul"], "PAUL"), None);
    assert_eq!(named(&["paul"], "pau"), None);
    assert_eq!(named(&[], "paul"), None);
}

#[test]
fn the_newest_link_comes_first() {
    let link = |user: &str, since| Link {
        account: account(user),
        address: VerifiedAddress::vouched_for(JEANNE.to_owned()),
        user: DsmUsername::new(user),
        by: LinkedBy::Address,
        since: UnixTime::from_seconds(since),
        moved: None,
    };
    let mut links = [link("b", 5), link("c", 9), link("a", 5)];
    newest_first(&mut links);
    let order = links.map(|link| link.user.to_string());
    assert_eq!(order, ["c", "a", "b"]);
}
