//! DSM's users change while the daemon runs: when changes take effect, what is
//! saved, and which lists are rejected.

/// The list of administrators, which may fail alone.
mod administrators;
/// Refreshes that a login requests.
mod asked;
/// A DSM that is slow, is starting, or returns errors.
mod bad_days;
/// An unknown form of `expired`.
mod expiry;
/// DSM rejects our sign-in, and sign-ins are paused.
mod signin_pause;

use std::fs;
use std::time::Duration;

use domain::base::clock::Clock;
use fakes::browser::Browser;
use fakes::dsm::{Api, FakeUser, Instead};
use fakes::house::{House, JEANNE, Plan, family};
use fakes::time::MONDAY_MORNING;
use google_to_synology_sso::daemon::jobs::Refreshed;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::built::{Built, state};
use crate::support::process::until;
use crate::support::timers::out_of_patience;

const PAUL: &str = "paul@example.com";
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_change_in_dsm_takes_effect_with_the_next_refresh() {
    let house = House::new().await;
    let (_, access_token) = house.sign_in(JEANNE, "").await;
    let code = house.code(JEANNE, "").await;

    list(
        &house,
        with("jeanne", |user| user.expired = Some("now".into())),
    )
    .await;
    assert_eq!(
        refusal(&house, JEANNE).await.as_deref(),
        Some("account-disabled")
    );
    let late = house.redeem(&code, "").await;
    assert_eq!(late.json()["error"], "invalid_grant");
    assert_eq!(house.userinfo(&access_token).await.status, 401);

    list(
        &house,
        with("jeanne", |user| user.email = Some("j@example.net".into())),
    )
    .await;
    assert_eq!(
        refusal(&house, JEANNE).await.as_deref(),
        Some("address-unknown")
    );

    let deleted: Vec<_> = family()
        .into_iter()
        .filter(|user| user.name != "Paul")
        .collect();
    list(&house, deleted).await;
    assert_eq!(
        refusal(&house, PAUL).await.as_deref(),
        Some("address-unknown")
    );

    let mut more = family();
    more.push(FakeUser::new("igor", "Inconnu@gmail.com"));
    list(&house, more).await;
    assert_eq!(refusal(&house, "inconnu@gmail.com").await, None);
    assert_eq!(refusal(&house, JEANNE).await, None);
    assert_eq!(house.userinfo(&access_token).await.status, 200);

    assert_eq!(house.rows("users"), 7);
}

#[tokio::test]
async fn a_refresh_that_finds_nothing_new_writes_nothing() {
    let house = House::new().await;
    at_rest(&house).await;
    let before = disk(&house);

    house.clock.advance(Duration::from_secs(24 * 3600 - 1));
    // DSM may list in any order; the same administrators are not a change.
    assert_eq!(refresh(&house).await, UNCHANGED);
    assert_eq!(disk(&house), before);
    house.sign_in(JEANNE, "").await;
}

#[tokio::test]
async fn freshness_is_saved_daily_or_in_a_quarter_of_max_age() {
    check_noted_every("", 24).await;
    check_noted_every("max-age = \"30d\"", 24).await;
    check_noted_every("max-age = \"2d\"", 12).await;
    check_noted_every("max-age = \"2h\"", 1).await;
}

async fn check_noted_every(max_age: &str, hours: u64) {
    let house = House::planned(Plan {
        dsm: max_age.to_owned(),
        ..Plan::default()
    })
    .await;
    at_rest(&house).await;
    for _ in 0..2 {
        let before = noted(&house);
        house.clock.advance(Duration::from_secs(hours * 3600 - 1));
        assert_eq!(refresh(&house).await, UNCHANGED);
        assert_eq!(noted(&house), before, "{max_age}: too early");
        house.clock.advance(SECOND);
        assert_eq!(refresh(&house).await, UNCHANGED);
        assert_eq!(noted(&house), house.clock.now().seconds(), "{max_age}");
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_right_changes_nothing() {
    let house = House::new().await;
    at_rest(&house).await;
    for (fault, answers) in impossible_lists() {
        let before = disk(&house);
        for answer in answers {
            house.dsm.next(Api::Users, Instead::Json(answer));
        }
        let refused = house.jobs().users.refresh().await.unwrap_err();
        assert!(refused.to_string().contains(fault), "{fault}: {refused}");
        assert_eq!(disk(&house), before, "{fault}");
        assert_eq!(refusal(&house, JEANNE).await, None, "{fault}");
        assert_eq!(refresh(&house).await, UNCHANGED, "{fault}");
    }
}

fn impossible_lists() -> Vec<(&'static str, Vec<Value>)> {
    let jeanne =
        || json!({"name": "jeanne", "email": "jeanne.martin@gmail.com", "expired": "normal"});
    let without_addresses: Vec<_> = family()
        .iter()
        .map(|user| json!({"name": user.name, "email": "", "expired": "normal"}))
        .collect();
    let short = |users: Vec<Value>| json!({"success": true, "data": {"total": 6, "users": users}});
    vec![
        ("it is empty", vec![whole(&[])]),
        (
            "should have 6 rows and has 1",
            vec![short(vec![jeanne()]), short(Vec::new())],
        ),
        ("two rows have the name", vec![whole(&[jeanne(), jeanne()])]),
        (
            "a row has no name",
            vec![whole(&[jeanne(), json!({"email": "a@example.com"})])],
        ),
        (
            "another shape",
            vec![whole(&[json!({"name": "jeanne", "email": 5})])],
        ),
        ("without a single address", vec![whole(&without_addresses)]),
    ]
}

fn whole(users: &[Value]) -> Value {
    json!({"success": true, "data": {"total": users.len(), "users": users}})
}

#[tokio::test]
async fn fewer_users_than_yesterday_are_no_fault() {
    let house = House::new().await;
    list(&house, vec![FakeUser::new("jeanne", JEANNE)]).await;
    assert_eq!(refusal(&house, JEANNE).await, None);
    assert_eq!(house.rows("users"), 1);
}

#[tokio::test]
async fn a_slow_dsm_does_not_delay_logins() {
    let house = House::new().await;
    at_rest(&house).await;
    house.dsm.always(Api::Users, Instead::Hang);
    let listing = house.jobs().users.refresh();
    let story = async {
        house.dsm.wait_until(|counts| counts.hanging == 1).await;
        house.sign_in(JEANNE, "").await;
        house.dsm.as_usual(Api::Users);
        house.dsm.release();
    };
    let (listed, ()) = tokio::join!(listing, story);
    assert_eq!(listed.unwrap(), UNCHANGED);
}

#[tokio::test]
async fn two_refreshes_are_two_sessions_one_after_the_other() {
    let house = House::new().await;
    at_rest(&house).await;
    let jobs = house.jobs();
    house.dsm.next(Api::Users, Instead::Hang);
    let story = async {
        house.dsm.wait_until(|counts| counts.hanging == 1).await;
        // The list of the first refresh will be outdated.
        house
            .dsm
            .set_users(with("jeanne", |user| user.email = None));
        house.dsm.release();
    };
    let (a, b, c, ()) = tokio::join!(
        jobs.users.refresh(),
        jobs.users.refresh(),
        jobs.users.refresh(),
        story
    );
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    let counts = house.dsm.counts();
    assert_eq!(counts.most_open_sessions, 1);
    assert_eq!((counts.sign_ins, counts.open_sessions), (6, 0));
    assert_eq!(
        refusal(&house, JEANNE).await.as_deref(),
        Some("address-unknown")
    );
}

#[tokio::test]
async fn the_users_are_listed_when_refresh_has_passed_and_not_before() {
    let house = House::planned(Plan {
        dsm: "refresh = \"10m\"".to_owned(),
        ..Plan::default()
    })
    .await;
    at_rest(&house).await;
    house.clock.advance(Duration::from_secs(599));
    for _ in 0..100 {
        house.jobs().minutes.passed();
        tokio::task::yield_now().await;
    }
    // A refresh that began too early has ended before this one.
    refresh(&house).await;
    assert_eq!(house.dsm.counts().user_lists, 4);

    // Ten minutes later, whichever refresh listed them.
    house.clock.advance(600 * SECOND);
    let listed = || house.dsm.counts().user_lists == 5;
    minutes_pass_until(&house, "the users are listed", listed).await;
}

#[tokio::test]
async fn a_refresh_of_a_minute_is_due_each_minute() {
    let house = House::planned(Plan {
        dsm: "refresh = \"1m\"".to_owned(),
        ..Plan::default()
    })
    .await;
    at_rest(&house).await;
    house.clock.advance(60 * SECOND);
    house.dsm.next(Api::Users, Instead::Hang);
    let hangs = || house.dsm.counts().hanging == 1;
    minutes_pass_until(&house, "the first minute", hangs).await;
    // DSM is slow, but the next minute begins on time.
    house.clock.advance(5 * SECOND);
    house.dsm.release();
    house.dsm.wait_until(|counts| counts.sign_outs == 4).await;
    house.clock.advance(55 * SECOND);
    let listed = || house.dsm.counts().user_lists == 5;
    minutes_pass_until(&house, "the second minute", listed).await;
}

#[tokio::test]
async fn a_clock_that_goes_back_makes_the_users_old_and_then_listed() {
    let house = House::new().await;
    at_rest(&house).await;
    house.dsm.always(Api::Users, Instead::Hang);
    house.clock.set(MONDAY_MORNING - 5 * 60);
    assert_eq!(refusal(&house, JEANNE).await, None);

    house.clock.set(MONDAY_MORNING - 5 * 60 - 1);
    let refused = out_of_patience(&house, JEANNE).await;
    assert_eq!(refused.refusal(), Some("directory-stale"));

    let hangs = || house.dsm.counts().hanging == 1;
    minutes_pass_until(&house, "DSM is asked", hangs).await;
    house.dsm.as_usual(Api::Users);
    house.dsm.release();
    let now = house.clock.now().seconds();
    until("the users are fresh on disk", || noted(&house) == now).await;
    assert_eq!(refusal(&house, JEANNE).await, None);
}

#[tokio::test]
async fn users_that_could_not_be_kept_are_kept_by_the_next_refresh() {
    let mut house = house_that_could_not_keep_that_jeanne_is_disabled().await;
    // A disabled user is rejected, whatever is on disk.
    assert_eq!(
        refusal(&house, JEANNE).await.as_deref(),
        Some("account-disabled")
    );

    mend_the_disk(&house);
    refresh(&house).await;

    restart_without_dsm(&mut house).await;
    let refused = out_of_patience(&house, JEANNE).await;
    assert_eq!(refused.refusal(), Some("account-disabled"));
}

#[tokio::test]
async fn users_that_could_not_be_kept_are_kept_at_the_stop() {
    let mut house = house_that_could_not_keep_that_jeanne_is_disabled().await;
    mend_the_disk(&house);

    restart_without_dsm(&mut house).await;

    let refused = out_of_patience(&house, JEANNE).await;
    assert_eq!(refused.refusal(), Some("account-disabled"));
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_again_for_15_minutes() {
    let mut built = Built::new().await;
    built.process.signal(Signal::TERM);
    built.process.ended().await;
    built.house.dsm.always(Api::SignIn, Instead::Code(400));

    built.start();

    built.process.says("next_try=15m").await;
    assert_eq!(built.house.dsm.counts().refused_sign_ins, 1);
    built.house.sign_in(JEANNE, "").await;
}

const UNCHANGED: Refreshed = Refreshed {
    users: 6,
    changed: false,
};

/// The family, with one of them changed.
fn with(name: &str, change: impl FnOnce(&mut FakeUser)) -> Vec<FakeUser> {
    let mut users = family();
    change(users.iter_mut().find(|user| user.name == name).unwrap());
    users
}

/// Waits until the daemon has finished its work at start.
async fn at_rest(house: &House) {
    house.dsm.wait_until(|counts| counts.sign_outs == 2).await;
    assert_eq!(refresh(house).await, UNCHANGED);
}

async fn refresh(house: &House) -> Refreshed {
    house.jobs().users.refresh().await.unwrap()
}

/// DSM returns these users, and the daemon has read them.
async fn list(house: &House, users: Vec<FakeUser>) {
    house.dsm.set_users(users);
    assert!(refresh(house).await.changed);
}

/// The refusal of `person`; `None` if they sign in.
async fn refusal(house: &House, person: &str) -> Option<String> {
    let arrived = house.arrive(&mut Browser::new(), person, "").await;
    if arrived.status == 303 {
        return None;
    }
    Some(arrived.refusal().unwrap().to_owned())
}

/// Runs the scheduler minute by minute until `holds`.
async fn minutes_pass_until(house: &House, what: &str, holds: impl Fn() -> bool) {
    until(what, || {
        house.jobs().minutes.passed();
        holds()
    })
    .await;
}

/// The database and its journal.
fn disk(house: &House) -> [Vec<u8>; 2] {
    ["", "-wal"].map(|suffix| fs::read(state(house, suffix)).unwrap())
}

/// The time of the users on disk.
fn noted(house: &House) -> i64 {
    house.look_up("SELECT refreshed FROM directory")
}

/// Makes writes of the user list fail.
fn break_the_disk(house: &House) {
    let broken = "CREATE TRIGGER broken BEFORE DELETE ON users
                  BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    house.state().execute_batch(broken).unwrap();
}

async fn house_that_could_not_keep_that_jeanne_is_disabled() -> House {
    let house = House::new().await;
    at_rest(&house).await;
    break_the_disk(&house);
    house
        .dsm
        .set_users(with("jeanne", |user| user.expired = Some("now".into())));
    house.jobs().users.refresh().await.unwrap_err();
    house
}

fn mend_the_disk(house: &House) {
    house.state().execute_batch("DROP TRIGGER broken").unwrap();
}

/// Restarts the NAS while DSM does not respond.
async fn restart_without_dsm(house: &mut House) {
    house.dsm.always(Api::SignIn, Instead::Hang);
    house.plan().warmed_up = false;
    house.stop().await;
    house.start().await;
}
