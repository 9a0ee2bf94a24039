//! Who signed in and who was refused: saved without a write of their own.

use std::time::Duration;

use domain::base::clock::{Clock, UnixTime};
use domain::base::ids::DsmUsername;
use fakes::browser::Browser;
use fakes::google::Person;
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, by_name, encode, family, token_form};
use google_to_synology_sso::store::{RefusedLogin, SignIn};
use serde_json::{Value, json};

use crate::support::built::Built;
use crate::support::command_line::text;
use crate::support::control::{command, report};
use crate::support::disk::disk;
use crate::support::token::{PHOTOS, basic, code_for, house_with_photos, post_with};

const PAUL: &str = "paul@example.com";

/// A Google account that DSM does not know, and its subject.
const STRANGER: &str = "inconnu@gmail.com";
const STRANGERS_SUBJECT: &str = "117700123456789012345";

async fn refuse(house: &House, person: &str) {
    let shown = house.arrive(&mut Browser::new(), person, "").await;
    assert!(shown.refusal().is_some(), "{shown:?}");
}

fn refusals(house: &House) -> Vec<RefusedLogin> {
    house.bridge().store.refusals().latest()
}

async fn sign_ins(house: &House) -> Vec<SignIn> {
    house.bridge().store.sign_ins().await.unwrap()
}

/// When the user last signed in, as `users` shows it.
async fn last_of(house: &House, user: &str) -> Option<UnixTime> {
    let last = house.bridge().store.last_sign_ins().await.unwrap();
    last.get(&DsmUsername::new(user)).copied()
}

fn of_user<'a>(users: &'a Value, name: &str) -> &'a Value {
    let users = users.as_array().unwrap();
    users.iter().find(|user| user["name"] == name).unwrap()
}

#[tokio::test]
async fn the_parent_sees_who_signed_in_and_when() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    house.clock.advance(Duration::from_mins(90));
    house.sign_in(PAUL, "").await;

    let status = report(&house, &["status"]).await;
    let users = report(&house, &["users"]).await;

    let first = "2026-03-02T06:30:00Z";
    let second = "2026-03-02T08:00:00Z";
    assert_eq!(
        status["sign_ins"],
        json!([
            {"at": second, "user": "Paul", "address": PAUL, "client": "synology"},
            {"at": first, "user": "jeanne", "address": JEANNE, "client": "synology"},
        ])
    );
    assert_eq!(of_user(&users, "jeanne")["last_sign_in"], first);
    assert_eq!(of_user(&users, "Paul")["last_sign_in"], second);
    assert_eq!(of_user(&users, "lea")["last_sign_in"], Value::Null);
    for (arguments, heading) in [(["status"], "\nSIGNED IN "), (["users"], " LAST SIGN-IN ")] {
        let table = command(&house, &arguments).await;
        let table = text(&table.stdout);
        assert!(table.contains(heading), "{table}");
        assert!(table.contains(" 2026-03-02 06:30 "), "{table}");
    }
}

/// Any client that gets tokens has signed the user in.
#[tokio::test]
async fn a_sign_in_to_another_program_is_one_too() {
    let (house, _secrets) = house_with_photos("photos", "secret").await;
    let code = code_for(&house, "photos", PHOTOS, JEANNE).await;
    let form = format!(
        "grant_type=authorization_code&code={code}&redirect_uri={}",
        encode(PHOTOS)
    );
    let tokens = post_with(&house, &basic("photos", "secret"), &form).await;
    let token = tokens.json()["access_token"].as_str().unwrap().to_owned();
    house.userinfo(&token).await;
    house.userinfo(&token).await;
    let sign_ins = sign_ins(&house).await;
    let clients: Vec<_> = sign_ins.iter().map(|it| it.client.as_str()).collect();
    assert_eq!(clients, ["photos"]);
}

#[tokio::test]
async fn a_code_that_brings_no_tokens_is_not_a_sign_in() {
    let house = House::new().await;
    let [wrong_verifier, wrong_secret, disabled, twice] = [
        house.code(JEANNE, "").await,
        house.code(JEANNE, "").await,
        house.code(PAUL, "").await,
        house.code(JEANNE, "").await,
    ];
    house.redeem(&wrong_verifier, "&code_verifier=x").await;
    let form = token_form(&wrong_secret).replace(&encode(CLIENT_SECRET_OF_DSM), "guess");
    let answer = Browser::new().post(&house.url("/token"), &form).await;
    assert_eq!(answer.status, 401);
    let mut users = family();
    by_name(&mut users, "Paul").expired = Some("now".into());
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
    let answer = house.redeem(&disabled, "").await;
    assert_eq!(answer.json()["error"], "invalid_grant");
    assert_eq!(
        (house.rows("sign_ins"), house.rows("last_sign_ins")),
        (0, 0)
    );
    // Its refusal has the account, by which it could be admitted.
    let refused = refusals(&house).remove(0);
    assert_eq!(refused.refusal.name(), "account-disabled");
    let account = refused.account.unwrap();
    assert_eq!(account.subject.as_str(), "114025187463509912886");

    house.redeem(&twice, "").await;
    house.redeem(&twice, "").await;
    assert_eq!(house.rows("sign_ins"), 1);
}

#[tokio::test]
async fn sign_ins_and_refusals_are_there_after_a_restart() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let signed_in = sign_ins(&house).await;
    let at = house.clock.now();
    house.clock.advance(Duration::from_mins(1));
    refuse(&house, STRANGER).await;
    refuse(&house, "lea@example.net").await;
    let refused = refusals(&house);
    let [unverified, stranger] = &refused[..] else {
        panic!("{refused:?}");
    };
    assert_eq!(unverified.account, None);
    let account = stranger.account.as_ref().unwrap();
    assert_eq!(account.subject.as_str(), STRANGERS_SUBJECT);
    assert_eq!(account.issuer.as_str(), house.google.issuer());
    // They are saved with the marker of the stop.
    assert_eq!(house.rows("refusals"), 0);
    house.stop().await;
    house.start().await;
    assert_eq!(refusals(&house), refused);
    assert_eq!(sign_ins(&house).await, signed_in);
    assert_eq!(last_of(&house, "jeanne").await, Some(at));
}

#[tokio::test]
async fn after_a_power_cut_every_sign_in_is_there() {
    let mut built = Built::new().await;
    refuse(&built.house, STRANGER).await;
    // Saves the refusal, too.
    built.house.sign_in(JEANNE, "").await;
    built.power_cut();
    let status = report(&built.house, &["status"]).await;
    assert_eq!(status["sign_ins"][0]["user"], "jeanne");
    assert_eq!(status["refusals"][0]["address"], STRANGER);
    let users = report(&built.house, &["users"]).await;
    assert!(of_user(&users, "jeanne")["last_sign_in"].is_string());
}

#[tokio::test]
async fn a_wrong_clock_is_restored_and_an_unknown_refusal_is_not() {
    let mut house = House::new().await;
    house.stop().await;
    let insert = "INSERT INTO refusals (position, at, refusal, ahead) VALUES
         (0, 7, 'clock-wrong', -3600), (1, 6, 'of-a-later-release', NULL)";
    house.state().execute_batch(insert).unwrap();
    house.start().await;
    let refused = refusals(&house);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].refusal.ahead(), Some(-3600));
}

#[tokio::test]
async fn a_flood_of_refusals_writes_nothing_and_hides_no_one() {
    let mut house = House::new().await;
    refuse(&house, "lea@example.net").await;
    house.stop().await;
    house.start().await;
    let before = disk(&house);
    for _ in 0..130 {
        // Requests are limited for each address.
        house.clock.advance(Duration::from_secs(1));
        refuse(&house, STRANGER).await;
    }
    let refused = refusals(&house);
    let theirs = |address: &str| {
        let all = refused.iter();
        all.filter(|it| it.address.as_deref() == Some(address))
            .count()
    };
    assert_eq!(theirs(STRANGER), 10);
    assert_eq!(theirs("lea@example.net"), 1);
    assert_eq!(refused[0].at, house.clock.now(), "the newest are kept");

    // As many strangers as there are: the list stays short, and so do they.
    for number in 0..120 {
        let address = format!("{}{number}@gmail.com", "x".repeat(400));
        let person = Person::new(&number.to_string(), &address, "Igor");
        house.google.set_people(vec![person]);
        house.clock.advance(Duration::from_secs(1));
        refuse(&house, &address).await;
    }
    let refused = refusals(&house);
    assert_eq!(refused.len(), 100);
    let lengths = refused.iter().filter_map(|it| it.address.as_ref());
    assert_eq!(lengths.map(String::len).max(), Some(254));
    assert!(disk(&house) == before, "written");
}

#[tokio::test]
async fn of_201_sign_ins_200_are_kept_and_the_last_of_each_user() {
    let house = House::new().await;
    let rarely = house.clock.now();
    house.sign_in(PAUL, "").await;
    for _ in 0..200 {
        house.clock.advance(Duration::from_secs(5));
        house.sign_in(JEANNE, "").await;
    }
    let newest = house.clock.now();
    let kept = sign_ins(&house).await;
    assert_eq!((kept.len(), house.rows("sign_ins")), (200, 200));
    assert!(kept.iter().all(|it| it.user.as_str() == "jeanne"));
    assert_eq!(kept[0].at, newest);
    assert_eq!(kept[199].at, rarely.plus(Duration::from_secs(5)));
    assert_eq!(last_of(&house, "Paul").await, Some(rarely));
    assert_eq!(last_of(&house, "jeanne").await, Some(newest));
    assert_eq!(house.rows("last_sign_ins"), 2);
}

/// The last sign-in belongs to the name that DSM lists.
#[tokio::test]
async fn a_renamed_user_has_not_signed_in_yet() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let mut users = family();
    by_name(&mut users, "jeanne").name = "maman".to_owned();
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
    let users = report(&house, &["users"]).await;
    assert_eq!(of_user(&users, "maman")["last_sign_in"], Value::Null);
}

#[tokio::test]
async fn a_state_without_sign_ins_is_updated() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    house.stop().await;
    let downgrade = "DROP TABLE sign_ins; DROP TABLE last_sign_ins; DROP TABLE refusals;
         DROP TABLE runs; DROP TABLE job_runs;
         ALTER TABLE links DROP COLUMN by_administrator; PRAGMA user_version = 8;";
    house.state().execute_batch(downgrade).unwrap();
    house.start().await;
    // The link is there, but not when its user last signed in.
    let users = report(&house, &["users"]).await;
    let jeanne = of_user(&users, "jeanne");
    assert_eq!(jeanne["last_sign_in"], Value::Null);
    assert!(jeanne["link"].is_object());
    refuse(&house, STRANGER).await;
    house.sign_in(JEANNE, "").await;
    assert_eq!((house.rows("sign_ins"), house.rows("refusals")), (1, 1));
}

#[tokio::test]
async fn an_unreadable_table_of_refusals_does_not_prevent_a_sign_in() {
    let mut house = House::new().await;
    house.stop().await;
    // Another form of the table, as after an error in a later release.
    let broken = "DROP TABLE refusals; CREATE TABLE refusals (x TEXT) STRICT;";
    house.state().execute_batch(broken).unwrap();
    house.start().await;
    refuse(&house, STRANGER).await;
    house.sign_in(JEANNE, "").await;
    assert_eq!(refusals(&house).len(), 1);
}
