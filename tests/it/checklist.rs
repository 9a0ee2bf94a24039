//! The page at `/`: what is left to do before the first sign-in.

use std::fs;
use std::time::Duration;

use fakes::browser::{Browser, Shown};
use fakes::dsm::{Api, Instead};
use fakes::google::{Endpoint, Trouble};
use fakes::house::{House, JEANNE, Plan, encode, token_form};

use crate::support::control::command;
use crate::support::disk::disk;

const DISCOVERY: &str = "/.well-known/openid-configuration";
const TITLE: &str = "Before the first sign-in";

/// A house on its first day, in which neither DSM nor Google answers.
async fn first_day() -> House {
    let plan = Plan {
        warmed_up: false,
        ..Plan::default()
    };
    let mut house = House::planned(plan).await;
    house.stop().await;
    for entry in fs::read_dir(house.home.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("state.sqlite3") {
            fs::remove_file(path).unwrap();
        }
    }
    house.dsm.always(Api::SignIn, Instead::Status(502));
    house.google.fail(Endpoint::Discovery, Trouble::Status(503));
    house.start().await;
    house
}

async fn page(house: &House) -> Shown {
    Browser::new().get(&house.url("/")).await
}

/// What a screen reader says in place of each mark: one letter for each step,
/// `x` for one that is done.
async fn steps(house: &House) -> String {
    let page = page(house).await;
    let marks = page.body.split("role=\"img\" aria-label=\"").skip(1);
    let marks = marks.map(|mark| match mark.split_once('"').unwrap().0 {
        "Done:" => 'x',
        "To do:" => '-',
        other => panic!("{other}"),
    });
    marks.collect()
}

/// Fetches the discovery document with this User-Agent.
async fn fetch_discovery(house: &House, user_agent: &str) {
    let mut client = Browser::new().with_header("user-agent", user_agent);
    assert_eq!(client.get(&house.url(DISCOVERY)).await.status, 200);
}

#[tokio::test]
async fn each_step_is_ticked_when_it_was_seen_to_work() {
    let house = first_day().await;
    let users = &house.jobs().users;
    assert!(users.refresh().await.is_err());
    assert_eq!(steps(&house).await, "-----");

    house.dsm.as_usual(Api::SignIn);
    house.dsm.change(|dsm| dsm.account_is_administrator = false);
    assert!(users.refresh().await.is_err());
    assert_eq!(
        steps(&house).await,
        "x----",
        "DSM answers, but lists no users"
    );

    house.dsm.change(|dsm| dsm.account_is_administrator = true);
    users.refresh().await.unwrap();
    assert_eq!(steps(&house).await, "xx---");

    house.google.mend(Endpoint::Discovery);
    house.bridge().upstream.refresh().await.unwrap();
    assert_eq!(steps(&house).await, "xxx--");

    fetch_discovery(&house, "Mozilla/5.0").await;
    command(&house, &["doctor"]).await;
    assert_eq!(steps(&house).await, "xxx--", "neither of them is DSM");
    // Recorded (S5 in dsm-facts.md): DSM 7.4 sends an empty one.
    fetch_discovery(&house, "").await;
    assert_eq!(steps(&house).await, "xxxx-");

    // A link exists from here on, but DSM has a wrong application secret.
    let code = house.code(JEANNE, "").await;
    let form = token_form(&code).replace(&encode("a secret that DSM knows"), "wrong");
    let refused = Browser::new().post(&house.url("/token"), &form).await;
    assert_eq!(refused.status, 401);
    assert_eq!(steps(&house).await, "xxxx-");
    assert_eq!(house.redeem(&code, "").await.status, 200);

    let page = page(&house).await;
    assert!(
        page.body.contains("there is nothing to do here"),
        "{page:?}"
    );
    assert!(!page.body.contains("<ul"), "{page:?}");
}

#[tokio::test]
async fn only_a_step_that_is_left_says_what_to_do() {
    let house = House::new().await;
    let page = page(&house).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&format!("<h1>{TITLE}</h1>")), "{page:?}");
    assert!(!page.body.contains("dsm.password-file"), "{page:?}");
    assert!(page.body.contains("private window"), "{page:?}");
    let command = "google-to-synology-sso dsm-settings</code>";
    assert!(page.body.contains(command), "{page:?}");
    assert_eq!(page.link(), "https://nas.example.com");

    let mut lea = Browser::new().with_header("accept-language", "fr");
    let page = lea.get(&house.url("/")).await;
    let title = "<h1>Avant la première connexion</h1>";
    assert!(page.body.contains(title), "{page:?}");
    assert_eq!(page.body.matches("aria-label=\"Fait\u{a0}:\"").count(), 3);
    let open = page.body.matches("aria-label=\"À faire\u{a0}:\"").count();
    assert_eq!(open, 2);
}

/// Anyone can open it.
#[tokio::test]
async fn the_page_has_no_user_address_or_secret_and_writes_nothing() {
    let house = House::new().await;
    house.clock.advance(Duration::from_secs(1));
    let before = disk(&house);
    for _ in 0..5 {
        let page = page(&house).await;
        for private in ["synology\"", "jeanne", "sso-reader", "1234"] {
            assert!(!page.body.contains(private), "{private}: {page:?}");
        }
        fetch_discovery(&house, "").await;
    }
    assert_eq!(steps(&house).await, "xxxx-");
    assert!(disk(&house) == before, "written");
}

#[tokio::test]
async fn a_sign_in_of_long_ago_is_known_after_a_power_cut() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    // Saved with the code, and read by a second connection: no stop is needed.
    let saved = "SELECT times FROM observations WHERE fact = 'code'";
    assert_eq!(house.look_up::<i64>(saved), 1);

    house.stop().await;
    house.dsm.always(Api::SignIn, Instead::Status(502));
    house.google.fail(Endpoint::Discovery, Trouble::Status(503));
    house.plan().warmed_up = false;
    house.clock.advance(Duration::from_hours(24 * 300));
    house.start().await;
    assert_eq!(steps(&house).await, "");
}

#[tokio::test]
async fn a_household_with_an_earlier_release_has_signed_in() {
    let mut house = House::new().await;
    house.code(JEANNE, "").await;
    house.stop().await;
    let earlier = "DELETE FROM observations;".to_owned()
        + include_str!("../../src/store/migrations/008_first_sign_in.sql");
    house.state().execute_batch(&earlier).unwrap();
    house.start().await;
    assert_eq!(steps(&house).await, "");

    let house = House::new().await;
    assert_eq!(steps(&house).await, "xxx--", "a new state has no link");
}
