//! Paul sees who was refused, and says who it is.

use fakes::browser::{Browser, Shown};
use fakes::dsm::FakeUser;
use fakes::house::{House, JEANNE, encode, family};
use google_to_synology_sso::config::{LogFormat, LogLevel};

use super::{open, public_house, signed_in, submit, token};
use crate::support::captured_log::CapturedLog;

const PEOPLE: &str = "/admin/people";
const STRANGER: &str = "inconnu@gmail.com";

async fn refusal(house: &House, person: &str) -> String {
    let shown = house.arrive(&mut Browser::new(), person, "").await;
    shown.refusal().unwrap_or_default().to_owned()
}

/// The value of the first hidden field `name` on a page.
fn hidden<'a>(shown: &'a Shown, name: &str) -> &'a str {
    let field = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
    let after = shown.body.split_once(&field).map(|(_, after)| after);
    let after = after.unwrap_or_else(|| panic!("{shown:?}"));
    after.split('"').next().unwrap()
}

/// Chooses `user` for the first refusal on the page; returns the page after it.
async fn choose(house: &House, paul: &mut Browser, user: &str) -> Shown {
    let page = open(house, paul, PEOPLE).await;
    let fields = ["issuer", "subject", "at"].map(|name| {
        let value = encode(hidden(&page, name));
        format!("&{name}={value}")
    });
    let form = format!("link-refused{}&user={user}", fields.concat());
    let sent = submit(house, paul, PEOPLE, &form, &token(&page, "link-refused")).await;
    assert_eq!(sent.status, 303, "{sent:?}");
    open(house, paul, PEOPLE).await
}

#[tokio::test]
async fn paul_admits_a_person_whose_next_click_signs_in() {
    let log = CapturedLog::up(LogLevel::WARN, LogFormat::Text);
    let mut house = public_house("").await;
    assert_eq!(refusal(&house, STRANGER).await, "address-unknown");
    // The list of refusals survives a restart.
    house.stop().await;
    house.start().await;
    let mut paul = signed_in(&house).await;
    let page = choose(&house, &mut paul, "lea").await;
    assert!(
        page.body.contains("the next click of this person signs in"),
        "{page:?}"
    );
    assert!(page.body.contains("by an administrator"), "{page:?}");
    let text = log.text();
    let mut lines = text.lines();
    let line = lines.find(|line| line.contains("linked a Google account") && line.contains("lea"));
    let line = line.unwrap();
    for words in ["WARN", "administrator=Paul", "by=administrator", "user=lea"] {
        assert!(line.contains(words), "{line}");
    }
    let (claims, _) = house.sign_in(STRANGER, "").await;
    assert_eq!(claims["username"], "lea");
}

#[tokio::test]
async fn paul_removes_a_link() {
    let log = CapturedLog::up(LogLevel::WARN, LogFormat::Text);
    let house = public_house("").await;
    let (_, jeannes) = house.sign_in(JEANNE, "").await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, PEOPLE).await;
    let token = token(&page, "remove-link");
    submit(&house, &mut paul, PEOPLE, "remove-link&user=jeanne", &token).await;
    let page = open(&house, &mut paul, PEOPLE).await;
    assert!(page.body.contains("is no longer linked to"), "{page:?}");
    let text = log.text();
    let line = text
        .lines()
        .find(|line| line.contains("a link was removed"));
    assert!(line.unwrap().contains("administrator=Paul"), "{text}");
    // The e-mail in DSM still leads to her.
    assert_eq!(house.userinfo(&jeannes).await.status, 200);
}

#[tokio::test]
async fn refusals_that_a_link_cannot_admit_have_no_form() {
    let house = public_house("").await;
    assert_eq!(
        refusal(&house, "lea@example.net").await,
        "address-not-verified"
    );
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, PEOPLE).await;
    assert!(
        page.body.contains("Google has not verified the address"),
        "{page:?}"
    );
    assert!(!page.body.contains("value=\"link-refused\""), "{page:?}");
}

#[tokio::test]
async fn a_disabled_user_is_not_offered_and_not_linked() {
    let house = public_house("").await;
    refusal(&house, STRANGER).await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, PEOPLE).await;
    assert!(!page.body.contains("<option value=\"guest\">"), "{page:?}");
    let page = choose(&house, &mut paul, "guest").await;
    assert!(page.body.contains("Nothing was changed"), "{page:?}");
    assert_eq!(refusal(&house, STRANGER).await, "address-unknown");
}

#[tokio::test]
async fn of_ten_thousand_users_the_page_shows_two_hundred() {
    let house = public_house("").await;
    let mut users = family();
    users.extend((0..10_000).map(|n| FakeUser::new(&format!("u{n}"), "")));
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
    refusal(&house, STRANGER).await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, PEOPLE).await;
    assert!(page.body.len() < 300_000, "{}", page.body.len());
    let page = open(&house, &mut paul, "/admin/people?search=u9999").await;
    assert!(page.body.contains("<bdi>u9999</bdi>"));
    let page = choose(&house, &mut paul, "u9999").await;
    assert!(
        page.body.contains("the next click of this person"),
        "{page:?}"
    );
}
