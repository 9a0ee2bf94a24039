//! Paul rotates the signing keys.

use fakes::browser::Browser;
use fakes::house::{House, JEANNE};

use super::{open, public_house, signed_in, submit, token};

const KEYS: &str = "/admin/keys";

/// The IDs of the published keys, the signing one first.
async fn kids(house: &House) -> Vec<String> {
    let keys = Browser::new().get(&house.url("/keys")).await.json();
    let keys = keys["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect()
}

async fn rotated(house: &House, form: &str) -> String {
    let mut paul = signed_in(house).await;
    let page = open(house, &mut paul, KEYS).await;
    let done = submit(house, &mut paul, KEYS, form, &token(&page, form)).await;
    assert_eq!(done.status, 303, "{done:?}");
    open(house, &mut paul, KEYS).await.body
}

#[tokio::test]
async fn the_next_key_is_published_and_signs_later() {
    let house = public_house("").await;
    let before = kids(&house).await;
    let page = rotated(&house, "rotate-keys").await;
    let after = kids(&house).await;
    assert_eq!((after.len(), &after[0]), (2, &before[0]));
    for words in [
        "signs, since 2026-03-02 06:30",
        "published; signs from 2026-03-04",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
}

#[tokio::test]
async fn a_stolen_key_is_gone_at_once() {
    let house = public_house("").await;
    house.sign_in(JEANNE, "").await;
    let stolen = kids(&house).await;
    let page = rotated(&house, "rotate-keys-now").await;
    let after = kids(&house).await;
    assert_eq!(after.len(), 1);
    assert_ne!(after, stolen);
    assert!(page.contains("All other keys are deleted."), "{page}");
    assert!(!page.contains(&stolen[0]), "{page}");
    house.sign_in(JEANNE, "").await;
}
