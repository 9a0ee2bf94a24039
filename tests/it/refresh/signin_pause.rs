use std::fs;
use std::time::Duration;

use domain::base::clock::Clock;
use fakes::dsm::{Api, Instead};
use fakes::house::{House, JEANNE, Plan, write_secret};
use google_to_synology_sso::clients::refresh_coordinator::RefreshOutcome;
use google_to_synology_sso::daemon::jobs::UsersReport;

use super::{at_rest, minutes_pass_until};
use crate::support::process::until;

const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn any_refused_sign_in_pauses_for_15_minutes() {
    for code in (400..=412).chain([449, 498]) {
        let house = House::new().await;
        at_rest(&house).await;
        house.dsm.always(Api::SignIn, Instead::Code(code));
        refused(&house).await;

        house.clock.advance(Duration::from_secs(15 * 60 - 1));
        nothing_is_asked(&house).await;
        house.sign_in(JEANNE, "").await;

        house.dsm.as_usual(Api::SignIn);
        house.clock.advance(SECOND);
        let asked = || house.rows("hold") == 0;
        minutes_pass_until(&house, "DSM is asked again", asked).await;
        assert_eq!(house.dsm.counts().refused_sign_ins, 1, "after {code}");
    }
}

#[tokio::test]
async fn each_further_refusal_doubles_it_up_to_six_hours() {
    let house = refused_house().await;
    for (index, minutes) in (1..).zip([15, 30, 60, 120, 240, 360, 360]) {
        let refused = || house.dsm.counts().refused_sign_ins == index && held(&house) == minutes;
        minutes_pass_until(&house, "DSM refuses again", refused).await;
        house.clock.advance(minutes * MINUTE);
    }
}

#[tokio::test]
async fn a_restart_does_not_end_it() {
    let mut house = refused_house().await;
    for _ in 0..2 {
        restart(&mut house).await;
        nothing_is_asked(&house).await;
        assert!(report(&house).error.unwrap().contains("(400)"));
    }
    house.clock.advance(15 * MINUTE);
    restart(&mut house).await;
    let longer = || held(&house) == 30;
    minutes_pass_until(&house, "DSM refuses again", longer).await;
    assert_eq!(house.dsm.counts().refused_sign_ins, 2);
}

#[tokio::test]
async fn a_mended_password_ends_it_within_a_minute() {
    let house = refused_house().await;
    // The same password again is not a correction.
    write_secret(&house.home.path().join("dsm-password"), &old_password());
    nothing_is_asked(&house).await;

    house.dsm.write_password_file(house.home.path());

    let over = || house.rows("hold") == 0;
    minutes_pass_until(&house, "DSM is asked again", over).await;
    until("the users are read", || report(&house).error.is_none()).await;
    assert_eq!(report(&house).paused_until, None);
    assert_eq!(house.dsm.counts().refused_sign_ins, 1);
}

#[tokio::test]
async fn a_password_that_is_still_wrong_pauses_for_15_minutes_again() {
    let house = refused_house().await;
    house.clock.advance(15 * MINUTE);
    let longer = || held(&house) == 30;
    minutes_pass_until(&house, "DSM refuses again", longer).await;

    write_secret(&house.home.path().join("dsm-password"), "another guess");

    let refused = || house.dsm.counts().refused_sign_ins == 3 && held(&house) == 15;
    minutes_pass_until(&house, "DSM refuses the guess", refused).await;
    nothing_is_asked(&house).await;
}

#[tokio::test]
async fn a_new_device_token_ends_it_within_a_minute() {
    let directory = tempfile::tempdir().unwrap();
    let token = directory.path().join("dsm-device-token");
    write_secret(&token, "did-0");
    let house = House::planned(Plan {
        dsm: format!("device-token-file = {token:?}"),
        ..Plan::default()
    });
    // Boxed because of clippy's limit for futures.
    let house = Box::pin(house).await;
    at_rest(&house).await;
    house.dsm.always(Api::SignIn, Instead::Code(403));
    refused(&house).await;
    nothing_is_asked(&house).await;

    house.dsm.as_usual(Api::SignIn);
    write_secret(&token, "did-1");

    let over = || house.rows("hold") == 0;
    minutes_pass_until(&house, "DSM is asked again", over).await;
}

#[tokio::test]
async fn another_config_for_dsm_ends_it() {
    let mut house = refused_house().await;
    restart(&mut house).await;
    nothing_is_asked(&house).await;
    house.plan().dsm = "timeout = \"29s\"".to_owned();

    restart(&mut house).await;

    let again = || house.dsm.counts().refused_sign_ins == 2 && held(&house) == 15;
    minutes_pass_until(&house, "DSM is asked again", again).await;
}

#[tokio::test]
async fn a_refresh_on_request_ends_it() {
    let house = refused_house().await;
    house
        .dsm
        .change(|behaviour| behaviour.password = old_password());
    nothing_is_asked(&house).await;

    demand(&house).await;

    until("DSM is asked again", || house.rows("hold") == 0).await;
    // The pause is reset: the next one is short again.
    house.dsm.always(Api::SignIn, Instead::Code(411));
    demand(&house).await;
    until("DSM refuses again", || {
        house.rows("hold") == 1 && held(&house) == 15
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_was_wrong_does_not_make_it_last_for_years() {
    let mut house = House::new().await;
    at_rest(&house).await;
    let now = house.clock.now().seconds();
    house.clock.set(now + 20 * 365 * 24 * 3600);
    house.dsm.always(Api::SignIn, Instead::Code(400));
    refused(&house).await;

    house.clock.set(now);
    nothing_is_asked(&house).await;
    house.clock.advance(Duration::from_secs(15 * 60 - 1));
    restart(&mut house).await;
    nothing_is_asked(&house).await;
    house.clock.advance(SECOND);
    let again = || house.dsm.counts().refused_sign_ins == 2;
    minutes_pass_until(&house, "DSM is asked again", again).await;
}

#[tokio::test]
async fn a_disk_that_cannot_keep_it_does_not_undo_it() {
    let house = House::new().await;
    at_rest(&house).await;
    let broken = "CREATE TRIGGER broken BEFORE INSERT ON hold
                  BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";
    house.state().execute_batch(broken).unwrap();
    house.dsm.always(Api::SignIn, Instead::Code(400));
    demand(&house).await;
    let refused = || report(&house).paused_until.is_some();
    until("DSM refuses", refused).await;
    nothing_is_asked(&house).await;
}

#[tokio::test]
async fn neither_password_nor_device_token_is_kept_with_it() {
    let house = refused_house().await;
    let state = fs::read(house.home.path().join("state.sqlite3-wal")).unwrap();
    let password = old_password();
    let found = state
        .windows(password.len())
        .any(|bytes| bytes == password.as_bytes());
    assert!(!found);
}

#[tokio::test]
async fn status_tells_of_it() {
    let house = House::new().await;
    at_rest(&house).await;
    let refreshed = house.clock.now();
    let well = UsersReport {
        users: 6,
        refreshed: Some(refreshed),
        next_refresh: Some(refreshed.plus(60 * MINUTE)),
        paused_until: None,
        error: None,
        administrators_error: None,
    };
    until("all is well", || report(&house) == well).await;

    house.dsm.always(Api::SignIn, Instead::Code(407));
    house.clock.advance(MINUTE);
    refused(&house).await;
    let end = refreshed.plus(16 * MINUTE);
    until("the reason is told", || report(&house).error.is_some()).await;
    let held = report(&house);
    assert_eq!(held.paused_until, Some(end));
    assert_eq!(held.refreshed, Some(refreshed));
    assert!(held.error.unwrap().contains("block list"));
    let next = || report(&house).next_refresh == Some(end);
    until("the next refresh is at its end", next).await;

    house.dsm.as_usual(Api::SignIn);
    house.dsm.always(Api::Members, Instead::Html);
    demand(&house).await;
    let well_again = || report(&house).error.is_none();
    until("the users are read again", well_again).await;
    let administrators_error = report(&house).administrators_error.unwrap();
    assert!(administrators_error.contains("list the administrators"));
    house.dsm.as_usual(Api::Members);
    super::refresh(&house).await;
    assert_eq!(report(&house).administrators_error, None);
}

fn old_password() -> String {
    "correct horse battery staple".to_owned()
}

/// The administrator runs `reload`.
async fn demand(house: &House) {
    let app = house.bridge();
    let wait = Duration::ZERO;
    app.refresh_coordinator.demand_and_wait(wait).await;
}

fn report(house: &House) -> UsersReport {
    house.jobs().users.report()
}

/// A house whose password was changed in DSM, after the first failed sign-in.
async fn refused_house() -> House {
    let house = House::new().await;
    at_rest(&house).await;
    house
        .dsm
        .change(|behaviour| "changed last night".clone_into(&mut behaviour.password));
    refused(&house).await;
    house
}

/// DSM is asked, and rejects the sign-in.
async fn refused(house: &House) {
    demand(house).await;
    until("DSM is left alone", || house.rows("hold") == 1).await;
    assert_eq!(house.dsm.counts().refused_sign_ins, 1);
}

/// The length of the pause in minutes; 0 without one.
fn held(house: &House) -> u32 {
    house.look_up("SELECT coalesce(max(seconds), 0) / 60 FROM hold")
}

/// Neither a job nor a login reaches DSM.
async fn nothing_is_asked(house: &House) {
    let before = house.dsm.counts();
    let until_then = report(house).paused_until.unwrap();
    for _ in 0..100 {
        house.jobs().minutes.passed();
        tokio::task::yield_now().await;
    }
    // A refresh that began earlier has ended before this one.
    house.jobs().users.refresh().await.unwrap_err();
    let asked = house.bridge().refresh_coordinator.ask(MINUTE).await;
    assert_eq!(asked, RefreshOutcome::Paused);
    assert_eq!(house.dsm.counts(), before);
    assert_eq!(report(house).paused_until, Some(until_then));
}

/// Restarts the NAS.
async fn restart(house: &mut House) {
    house.plan().warmed_up = false;
    let changed = house.dsm.behaviour().password;
    // The config is rewritten, with DSM's current password.
    house
        .dsm
        .change(|behaviour| behaviour.password = old_password());
    house.stop().await;
    house.start().await;
    house.dsm.change(|behaviour| behaviour.password = changed);
}
