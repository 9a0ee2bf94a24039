//! A user added or corrected in DSM a minute ago signs in at the first try:
//! some refusals refresh the users first.

use std::time::Duration;

use crate::support::timers::{arrive, pass};
use fakes::dsm::{Api, FakeUser, Instead};
use fakes::google::Person;
use fakes::house::{House, JEANNE, Plan, by_name, family};

const STRANGER: &str = "inconnu@gmail.com";

/// A change because of which Jeanne cannot sign in.
type Break = fn(&mut Vec<FakeUser>);

#[tokio::test]
async fn a_user_added_a_minute_ago_signs_in() {
    let house = House::new().await;
    let mut users = family();
    users.push(FakeUser::new("igor", STRANGER));
    house.dsm.set_users(users);
    let (claims, _) = house.sign_in(STRANGER, "").await;
    assert_eq!(claims["username"], "igor");
}

#[tokio::test]
async fn a_user_corrected_a_minute_ago_signs_in() {
    let broken: [(&str, Break); 4] = [
        ("account-disabled", |users| {
            by_name(users, "jeanne").expired = Some("now".into());
        }),
        ("account-expired", |users| {
            by_name(users, "jeanne").expired = Some("2026/3/1".into());
        }),
        ("address-ambiguous", |users| {
            users.push(FakeUser::new("twin", JEANNE));
        }),
        ("administrator-refused", |users| {
            by_name(users, "jeanne").administrator = true;
        }),
    ];
    for (refusal, break_it) in broken {
        let house = House::planned(Plan {
            more: "[users]\nadministrators = \"refuse\"".to_owned(),
            ..Plan::default()
        })
        .await;
        let mut users = family();
        break_it(&mut users);
        house.dsm.set_users(users);
        settled(&house).await;
        assert_eq!(arrive(&house, JEANNE).await.refusal(), Some(refusal));

        house.dsm.set_users(family());
        house.clock.advance(Duration::from_secs(10));
        let (claims, _) = house.sign_in(JEANNE, "").await;
        assert_eq!(claims["username"], "jeanne", "{refusal}");
    }
}

#[tokio::test]
async fn other_refusals_do_not_trouble_dsm() {
    let house = House::planned(Plan {
        google: "hosted-domains = [\"example.com\"]".to_owned(),
        more: "[users]\ndeny = [\"paul\"]".to_owned(),
        ..Plan::default()
    })
    .await;
    settled(&house).await;
    let before = house.dsm.counts().user_lists;
    for (person, refusal) in [
        (JEANNE, "domain-not-allowed"),
        ("paul@example.com", "account-denied"),
        ("lea@example.net", "address-not-verified"),
    ] {
        assert_eq!(arrive(&house, person).await.refusal(), Some(refusal));
    }
    assert_eq!(house.dsm.counts().user_lists, before);

    let house = House::new().await;
    settled(&house).await;
    house.sign_in(JEANNE, "").await;
    let another = Person::new("2", JEANNE, "Another");
    house.google.set_people(vec![another]);
    let before = house.dsm.counts().user_lists;
    let shown = arrive(&house, JEANNE).await;
    assert_eq!(shown.refusal(), Some("linked-to-another"));
    assert_eq!(house.dsm.counts().user_lists, before);
}

#[tokio::test]
async fn a_second_try_within_ten_seconds_is_refused_at_once() {
    let house = House::new().await;
    settled(&house).await;
    let lists = || house.dsm.counts().user_lists;
    let before = lists();
    for _ in 0..3 {
        assert_eq!(
            arrive(&house, STRANGER).await.refusal(),
            Some("address-unknown")
        );
    }
    assert_eq!(lists(), before + 1);
    house.clock.advance(Duration::from_secs(10));
    arrive(&house, STRANGER).await;
    assert_eq!(lists(), before + 2);
}

#[tokio::test]
async fn a_stranger_has_dsm_asked_sixty_times_an_hour_at_most() {
    let house = House::new().await;
    settled(&house).await;
    let before = house.dsm.counts().user_lists;
    for _ in 0..65 {
        arrive(&house, STRANGER).await;
        house.clock.advance(Duration::from_secs(11));
    }
    assert_eq!(house.dsm.counts().user_lists, before + 60);
}

#[tokio::test]
async fn one_refresh_serves_all_waiting_logins_and_delays_no_other() {
    let house = House::new().await;
    settled(&house).await;
    let before = house.dsm.counts();
    house.dsm.always(Api::Users, Instead::Hang);
    let strangers = async {
        tokio::join!(
            arrive(&house, STRANGER),
            arrive(&house, STRANGER),
            arrive(&house, STRANGER),
        )
    };
    let family_story = async {
        house.dsm.wait_until(|counts| counts.hanging == 1).await;
        // DSM is slow; known users are not delayed.
        for _ in 0..10 {
            house.sign_in(JEANNE, "").await;
        }
        assert_eq!(house.dsm.counts().hanging, 1);
        let mut users = family();
        users.push(FakeUser::new("igor", STRANGER));
        house.dsm.set_users(users);
        house.dsm.as_usual(Api::Users);
        house.dsm.release();
    };
    let ((a, b, c), ()) = tokio::join!(strangers, family_story);
    for shown in [a, b, c] {
        assert!(shown.answered("code").is_some(), "{shown:?}");
    }
    assert_eq!(house.dsm.counts().user_lists, before.user_lists + 1);
}

#[tokio::test]
async fn after_fifteen_seconds_the_page_says_that_the_nas_is_slow() {
    let house = House::new().await;
    settled(&house).await;
    house.dsm.always(Api::Users, Instead::Hang);
    let time_passes = async {
        house.dsm.wait_until(|counts| counts.hanging == 1).await;
        pass(Duration::from_millis(14_900)).await;
        pass(Duration::from_millis(200)).await;
    };
    let (shown, ()) = tokio::join!(arrive(&house, STRANGER), time_passes);
    assert_eq!(shown.refusal(), Some("address-unknown"));
    assert!(shown.body.contains("slow"), "{shown:?}");
    house.dsm.as_usual(Api::Users);
    house.dsm.release();
}

#[tokio::test]
async fn a_dsm_that_fails_at_once_does_not_delay_the_login() {
    let house = House::new().await;
    settled(&house).await;
    house.dsm.always(Api::Users, Instead::Html);
    let shown = arrive(&house, STRANGER).await;
    assert_eq!(shown.refusal(), Some("address-unknown"));
    assert!(!shown.body.contains("slow"), "{shown:?}");
}

#[tokio::test]
async fn after_the_holidays_the_first_one_waits_for_dsm_and_gets_in() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    house.stop().await;
    house.clock.advance(Duration::from_hours(24 * 21));
    house.plan().warmed_up = false;
    house.dsm.always(Api::Users, Instead::Hang);
    house.start().await;
    let dsm_wakes_up = async {
        house.dsm.wait_until(|counts| counts.hanging == 1).await;
        house.dsm.as_usual(Api::Users);
        house.dsm.release();
    };
    let ((claims, _), ()) = tokio::join!(house.sign_in(JEANNE, ""), dsm_wakes_up);
    assert_eq!(claims["username"], "jeanne");
}

#[tokio::test]
async fn without_users_a_login_waits_30_s_and_then_says_why() {
    let house = House::new().await;
    settled(&house).await;
    house.clock.advance(Duration::from_hours(24 * 8));
    house.dsm.always(Api::SignIn, Instead::Hang);
    let time_passes = async {
        house.dsm.wait_until(|counts| counts.hanging == 1).await;
        pass(Duration::from_millis(29_500)).await;
        pass(Duration::from_secs(1)).await;
    };
    let (shown, ()) = tokio::join!(arrive(&house, JEANNE), time_passes);
    assert_eq!(shown.status, 503, "{shown:?}");
    assert_eq!(shown.refusal(), Some("directory-stale"));
    assert_eq!(shown.header("retry-after"), "30");
}

/// Waits until the users have been listed twice: before the first request, and
/// at start.
async fn settled(house: &House) {
    house.dsm.wait_until(|counts| counts.sign_outs == 2).await;
    house.jobs().users.refresh().await.unwrap();
}
