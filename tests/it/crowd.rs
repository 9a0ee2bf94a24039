//! Many users sign in at once: none is rejected, and none is signed in as
//! another.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use fakes::browser::Browser;
use fakes::dsm::FakeUser;
use fakes::google::Person;
use fakes::house::{House, claims, family};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::server::allow_many_files;

/// The size of a school; fewer than the connection limit.
const CROWD: usize = 300;

/// For a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A house with `CROWD` users besides the family.
async fn crowded_house() -> House {
    let house = House::new().await;
    let everybody = 0..CROWD;
    let people = everybody.clone().map(|number| {
        let subject = (1_000_000 + number).to_string();
        Person::new(&subject, &address(number), &format!("Pupil {number}"))
    });
    house.google.set_people(people.collect());
    let users = everybody.map(|number| FakeUser::new(&user(number), &address(number)));
    house
        .dsm
        .set_users(family().into_iter().chain(users).collect::<Vec<_>>());
    house.jobs().users.refresh().await.unwrap();
    house
}

fn address(number: usize) -> String {
    format!("pupil.{number}@school.example")
}

fn user(number: usize) -> String {
    format!("pupil-{number}")
}

/// Signs one user in; all wait for each other before each request. Returns the
/// DSM username of the Google account, and the code.
async fn sign_in(house: &House, number: usize, together: &Barrier) -> (String, String) {
    let mut browser = Browser::new();
    together.wait().await;
    let back = house.choose(&mut browser, &address(number), "").await;
    together.wait().await;
    let arrived = browser.get(&back).await;
    assert_eq!(arrived.status, 303, "{number}: {arrived:?}");
    drop(browser);
    let code = arrived.answered("code").unwrap();
    together.wait().await;
    let tokens = house.redeem(&code, "").await;
    assert_eq!(tokens.status, 200, "{number}: {tokens:?}");
    let tokens = tokens.json();
    let claims = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["username"], user(number));
    together.wait().await;
    let access_token = tokens["access_token"].as_str().unwrap();
    let userinfo = house.userinfo(access_token).await;
    assert_eq!(userinfo.status, 200, "{number}: {userinfo:?}");
    let userinfo = userinfo.json();
    assert_eq!(userinfo["username"], user(number));
    assert_eq!(userinfo["email"], address(number));
    assert_eq!(userinfo["sub"], claims["sub"]);
    (claims["sub"].as_str().unwrap().to_owned(), code)
}

#[tokio::test]
async fn three_hundred_users_sign_in_at_once_as_themselves() {
    allow_many_files();
    let house = Arc::new(crowded_house().await);
    let together = Arc::new(Barrier::new(CROWD));
    let mut crowd = JoinSet::new();
    for number in 0..CROWD {
        let (house, together) = (Arc::clone(&house), Arc::clone(&together));
        crowd.spawn(async move { sign_in(&house, number, &together).await });
    }
    let mut subjects = HashSet::new();
    let mut codes = HashSet::new();
    // One by one: a failure blocks all others, and ends the test here.
    while let Some(done) = timeout(PATIENCE, crowd.join_next()).await.unwrap() {
        let (subject, code) = done.unwrap();
        subjects.insert(subject);
        codes.insert(code);
    }
    assert_eq!(subjects.len(), CROWD);
    assert_eq!(codes.len(), CROWD);
    assert_eq!(house.rows("grants"), i64::try_from(CROWD).unwrap());
}
