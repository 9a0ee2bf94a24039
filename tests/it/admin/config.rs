//! Paul reads the config file again, and sees before what would change.

use std::fs;

use fakes::browser::{Browser, Shown};
use fakes::google::CLIENT_SECRET;
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE};

use super::{open, public_house, signed_in, submit, token};

const KEYS: &str = "/admin/keys";

async fn previewed(house: &House, paul: &mut Browser) -> Shown {
    let page = open(house, paul, KEYS).await;
    let token = token(&page, "preview-reload");
    let shown = submit(house, paul, KEYS, "preview-reload", &token).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    assert_has_no_secret(house, &shown);
    shown
}

/// Says yes to the preview.
async fn accept(house: &House, paul: &mut Browser, preview: &Shown) -> Shown {
    let (_, seen) = preview.body.split_once("name=\"seen\" value=\"").unwrap();
    let seen = seen.split('"').next().unwrap();
    let fields = format!("{}&seen={seen}", token(preview, "reload"));
    submit(house, paul, KEYS, "reload", &fields).await
}

fn assert_has_no_secret(house: &House, shown: &Shown) {
    let password = fs::read_to_string(house.home.path().join("dsm-password")).unwrap();
    for secret in [CLIENT_SECRET, CLIENT_SECRET_OF_DSM, password.trim()] {
        assert!(!shown.body.contains(secret), "{shown:?}");
    }
}

async fn may_sign_in(house: &House) -> bool {
    let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
    shown.refusal().is_none()
}

fn deny(house: &mut House, user: &str) {
    house.plan().more = format!("[users]\ndeny = [{user:?}]");
    house.write_config();
}

#[tokio::test]
async fn paul_sees_who_loses_access_before_the_yes() {
    let mut house = public_house("").await;
    house.sign_in(JEANNE, "").await;
    let mut paul = signed_in(&house).await;
    deny(&mut house, "jeanne");

    let preview = previewed(&house, &mut paul).await;

    let loses = format!("{JEANNE} (jeanne): The DSM user is in users.deny");
    assert!(preview.body.contains(&loses), "{preview:?}");
    assert!(preview.body.contains("Would lose access:"), "{preview:?}");
    assert!(may_sign_in(&house).await, "nothing is in effect yet");
    let done = accept(&house, &mut paul, &preview).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert!(!may_sign_in(&house).await);
}

#[tokio::test]
async fn only_the_file_that_paul_saw_is_put_in_effect() {
    let mut house = public_house("").await;
    let mut paul = signed_in(&house).await;
    deny(&mut house, "lea");
    let preview = previewed(&house, &mut paul).await;
    deny(&mut house, "jeanne");

    let other = accept(&house, &mut paul, &preview).await;

    assert_eq!(other.status, 200, "{other:?}");
    let words = "have changed since they were shown";
    assert!(other.body.contains(words), "{other:?}");
    assert!(
        other
            .body
            .contains("(jeanne): The DSM user is in users.deny"),
        "{other:?}"
    );
    assert!(may_sign_in(&house).await);
    let done = accept(&house, &mut paul, &other).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert!(!may_sign_in(&house).await);
}

#[tokio::test]
async fn an_invalid_file_is_explained_key_by_key() {
    let mut house = public_house("").await;
    let mut paul = signed_in(&house).await;
    house.plan().top = "colour = 1".to_owned();
    house.plan().dsm = "refresh = \"1s\"".to_owned();
    house.write_config();
    let preview = previewed(&house, &mut paul).await;
    for words in ["colour: is unknown", "dsm.refresh: has to be"] {
        assert!(preview.body.contains(words), "{words} in {preview:?}");
    }
    assert!(!preview.body.contains("name=\"seen\""), "{preview:?}");
}

#[tokio::test]
async fn the_config_in_effect_shows_no_secret() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, KEYS).await;
    assert_has_no_secret(&house, &page);
    let set = "<code>google.client-secret-file</code></dt><dd><bdi>set</bdi>";
    assert!(page.body.contains(set), "{page:?}");
    assert!(
        page.body
            .contains("<code>dsm.refresh</code></dt><dd><bdi>1h</bdi>")
    );
}
