//! A user who was accepted may be rejected later: the decision is repeated when
//! the code is redeemed, and at each use of the access token.

use std::time::Duration;

use fakes::browser::Shown;
use fakes::dsm::{Api, FakeUser, Instead};
use fakes::house::{House, JEANNE, family};

use crate::support::token::{error, invalid_grant};

/// A change to Jeanne's account while she signs in.
type Change = fn(&mut Vec<FakeUser>);

const CHANGES: [(&str, Change); 7] = [
    ("disabled", |users| {
        jeanne(users).expired = Some("now".to_owned());
    }),
    ("expired yesterday", |users| {
        jeanne(users).expired = Some("2026/3/1".to_owned());
    }),
    ("of an unknown state", |users| {
        jeanne(users).expired = Some("perhaps".to_owned());
    }),
    ("renamed", |users| {
        "jeanne.martin".clone_into(&mut jeanne(users).name);
    }),
    ("without her address", |users| {
        jeanne(users).email = Some(String::new());
    }),
    ("somebody else by her address", |users| {
        let address = jeanne(users).email.take().unwrap();
        let paul = users.iter_mut().find(|user| user.name == "Paul").unwrap();
        paul.email = Some(address);
    }),
    ("deleted", |users| {
        users.retain(|user| user.name != "jeanne");
    }),
];

fn jeanne(users: &mut [FakeUser]) -> &mut FakeUser {
    let mut users = users.iter_mut();
    users.find(|user| user.name == "jeanne").unwrap()
}

async fn list(house: &House, users: Vec<FakeUser>) {
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
}

async fn change(house: &House, change: Change) {
    let mut users = family();
    change(&mut users);
    list(house, users).await;
}

/// DSM does not respond from now on, and no refresh is in progress.
async fn dsm_falls_silent(house: &House) {
    house.dsm.always(Api::Users, Instead::Status(503));
    house.jobs().users.refresh().await.unwrap_err();
}

#[track_caller]
fn assert_invalid_token(answer: &Shown, case: &str) {
    assert_eq!(answer.status, 401, "{case}");
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge, "Bearer error=\"invalid_token\"", "{case}");
    assert_eq!(answer.body, "", "{case}");
}

#[tokio::test]
async fn a_code_is_worth_nothing_once_its_user_is() {
    let house = House::new().await;
    for (now_is, what_happens) in CHANGES {
        list(&house, family()).await;
        let code = house.code(JEANNE, "").await;
        change(&house, what_happens).await;
        let answer = house.redeem(&code, "").await;
        assert_eq!(error(&answer), invalid_grant(), "{now_is}");
        // The code was used up, even if the administrator restores the user.
        list(&house, family()).await;
        let answer = house.redeem(&code, "").await;
        assert_eq!(error(&answer), invalid_grant(), "{now_is}, then mended");
    }
}

#[tokio::test]
async fn an_access_token_is_worth_nothing_once_its_user_is() {
    let house = House::new().await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    for (now_is, what_happens) in CHANGES {
        change(&house, what_happens).await;
        assert_invalid_token(&house.userinfo(&token).await, now_is);
        list(&house, family()).await;
        assert_eq!(house.userinfo(&token).await.status, 200, "{now_is}");
    }
}

#[tokio::test]
async fn unrelated_changes_do_not_affect_a_token() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    change(&house, |users| {
        let jeanne = jeanne(users);
        jeanne.email = Some(" JeanneMartin+nas@googlemail.com".to_owned());
        jeanne.expired = Some("2026/3/3".to_owned());
        jeanne.description = "on the night shift".to_owned();
        // A linked user keeps the address, even if another user has it too.
        users.push(FakeUser::new("twin", "jeannemartin@gmail.com"));
        users.reverse();
    })
    .await;
    let answer = house.redeem(&code, "").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(house.userinfo(&token).await.json()["username"], "jeanne");
}

#[tokio::test]
async fn users_older_than_max_age_are_not_used() {
    let mut house = House::new().await;
    dsm_falls_silent(&house).await;
    let listed = house.bridge().snapshot.load_full().unwrap().refreshed();
    let week = Duration::from_hours(7 * 24);

    // The last second in which they are valid.
    house.clock.set(listed.plus(week).seconds());
    let code = house.code(JEANNE, "").await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    assert_eq!(house.userinfo(&token).await.status, 200);

    house.clock.advance(Duration::from_secs(1));
    let answer = house.redeem(&code, "").await;
    assert_eq!(error(&answer), invalid_grant());
    assert_invalid_token(&house.userinfo(&token).await, "too old");

    // A restart does not make them newer.
    house.plan().warmed_up = false;
    house.stop().await;
    house.start().await;
    assert_invalid_token(&house.userinfo(&token).await, "too old, restarted");
}

#[tokio::test]
async fn users_from_the_future_are_not_used() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let (_, token) = house.sign_in(JEANNE, "").await;
    dsm_falls_silent(&house).await;
    let listed = house.bridge().snapshot.load_full().unwrap().refreshed();

    house.clock.set(listed.seconds() - 300);
    assert_eq!(house.userinfo(&token).await.status, 200);
    house.clock.set(listed.seconds() - 301);
    assert_invalid_token(&house.userinfo(&token).await, "from the future");
    let answer = house.redeem(&code, "").await;
    assert_eq!(error(&answer), invalid_grant());
}
