//! Who may use the page: active administrators of DSM, as long as they are.

use std::time::Duration;

use fakes::dsm::{Api, Instead};
use fakes::house::{House, by_name, family};

use super::{PAUL, at_home, has_session, message, open, public_house, signed_in, try_sign_in};

/// Changes Paul's account in DSM, which the daemon then reads.
async fn change_paul(house: &House, change: impl FnOnce(&mut fakes::dsm::FakeUser)) {
    let mut users = family();
    change(by_name(&mut users, "Paul"));
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
}

#[tokio::test]
async fn rights_that_dsm_withdraws_end_the_session_for_good() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let mut copy = paul.clone();
    open(&house, &mut paul, "/admin").await;

    change_paul(&house, |paul| paul.administrator = false).await;

    let shown = paul.get(&house.url("/admin")).await;
    assert_eq!(
        (shown.status.as_u16(), message(&shown)),
        (403, "not-administrator")
    );
    assert!(!paul.cookies.contains_key("__Host-admin"));
    change_paul(&house, |_| {}).await;
    assert!(!has_session(&house, &mut copy).await);
}

#[tokio::test]
async fn a_disabled_or_renamed_account_ends_it_too() {
    for change in [
        (|paul| paul.expired = Some("now".to_owned())) as fn(&mut fakes::dsm::FakeUser),
        |paul| "pauline".clone_into(&mut paul.name),
        |paul| paul.email = Some("someone@example.net".to_owned()),
    ] {
        let house = public_house("").await;
        let mut paul = signed_in(&house).await;
        let mut users = family();
        change(by_name(&mut users, "Paul"));
        house.dsm.set_users(users);
        house.jobs().users.refresh().await.unwrap();
        let shown = paul.get(&house.url("/admin")).await;
        assert_eq!(message(&shown), "not-administrator");
    }
}

#[tokio::test]
async fn a_form_is_evaluated_like_a_page() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, "/admin/keys").await;
    let token = super::token(&page, "rotate-keys");

    change_paul(&house, |paul| paul.administrator = false).await;

    let shown = super::submit(&house, &mut paul, "/admin/keys", "rotate-keys", &token).await;
    assert_eq!(message(&shown), "not-administrator");
    assert_eq!(super::keys(&house).await, 1);
}

#[tokio::test]
async fn the_config_may_refuse_administrators() {
    let house = public_house("[users]\nadministrators = \"refuse\"").await;
    let shown = try_sign_in(&house, &mut at_home(), PAUL).await;
    assert_eq!(shown.refusal(), Some("administrator-refused"));
}

#[tokio::test]
async fn or_admit_them_by_alias_only() {
    let by_alias = "[users]\nadministrators = \"alias\"\n";
    let house = public_house(by_alias).await;
    let shown = try_sign_in(&house, &mut at_home(), PAUL).await;
    assert_eq!(shown.refusal(), Some("administrator-refused"));

    let alias = format!("{by_alias}[[users.alias]]\ngoogle = \"paul@example.com\"\ndsm = \"Paul\"");
    let house = public_house(&alias).await;
    let mut paul = signed_in(&house).await;
    open(&house, &mut paul, "/admin").await;
}

#[tokio::test]
async fn if_dsm_never_listed_its_administrators_there_are_none() {
    let mut house = public_house("").await;
    house.stop().await;
    let forget = "DELETE FROM users; DELETE FROM directory; DELETE FROM administrators";
    house.state().execute_batch(forget).unwrap();
    house.dsm.always(Api::Members, Instead::Html);
    house.start().await;
    let snapshot = house.bridge().snapshot.load_full().unwrap();
    assert_eq!(snapshot.list().administrators, None);

    let shown = try_sign_in(&house, &mut at_home(), PAUL).await;
    assert_eq!(
        (shown.status.as_u16(), message(&shown)),
        (403, "not-administrator")
    );
}

#[tokio::test]
async fn with_users_that_are_too_old_the_page_waits() {
    let house = public_house("[keys]\nrotate-after = \"never\"").await;
    let mut paul = signed_in(&house).await;
    let stale = house.bridge().config.dsm.max_age + Duration::from_mins(1);
    let before = house.bridge().snapshot.load_full().unwrap();
    let old = before.confirmed(house.bridge().clock.now().minus(stale));
    house
        .bridge()
        .snapshot
        .store(Some(std::sync::Arc::new(old)));

    let shown = paul.get(&house.url("/admin")).await;
    assert_eq!((shown.status.as_u16(), message(&shown)), (503, "unknown"));
    assert_eq!(shown.header("retry-after"), "30");

    house.jobs().users.refresh().await.unwrap();
    assert!(has_session(&house, &mut paul).await);
}
