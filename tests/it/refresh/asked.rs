use std::time::Duration;

use fakes::dsm::{Api, Instead};
use fakes::house::House;
use google_to_synology_sso::clients::refresh_coordinator::RefreshOutcome;

use super::{at_rest, refusal, with};

const PATIENCE: Duration = Duration::from_secs(15);

#[tokio::test]
async fn all_who_ask_at_once_have_the_users_read_once() {
    let house = House::new().await;
    at_rest(&house).await;
    let before = house.dsm.counts().user_lists;
    house.dsm.set_users(with("lea", |user| {
        user.email = Some("inconnu@gmail.com".to_owned());
    }));
    house.dsm.next(Api::Users, Instead::Hang);
    let desk = &house.bridge().refresh_coordinator;

    let (one, two, three, ()) = tokio::join!(
        desk.ask(PATIENCE),
        desk.ask(PATIENCE),
        async {
            house.dsm.wait_until(|counts| counts.hanging == 1).await;
            desk.ask(PATIENCE).await
        },
        async {
            house.dsm.wait_until(|counts| counts.hanging == 1).await;
            // A known user is not delayed.
            assert_eq!(refusal(&house, "paul@example.com").await, None);
            house.dsm.release();
        }
    );

    assert_eq!([one, two, three], [RefreshOutcome::Ended; 3]);
    assert_eq!(house.dsm.counts().user_lists, before + 1);
    assert_eq!(refusal(&house, "inconnu@gmail.com").await, None);
}

#[tokio::test]
async fn frequent_requests_do_not_reach_dsm() {
    let house = House::new().await;
    at_rest(&house).await;
    let before = house.dsm.counts().user_lists;
    let desk = &house.bridge().refresh_coordinator;
    assert_eq!(desk.ask(PATIENCE).await, RefreshOutcome::Ended);
    house.clock.advance(Duration::from_secs(9));
    assert_eq!(desk.ask(PATIENCE).await, RefreshOutcome::TooOften);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(desk.ask(PATIENCE).await, RefreshOutcome::Ended);
    assert_eq!(house.dsm.counts().user_lists, before + 2);
}

#[tokio::test]
async fn a_login_does_not_wait_for_the_retry_after_a_failure() {
    let house = House::new().await;
    at_rest(&house).await;
    let desk = &house.bridge().refresh_coordinator;
    house.dsm.next(Api::SignIn, Instead::Html);
    assert_eq!(desk.ask(PATIENCE).await, RefreshOutcome::Ended);
    let error = || house.jobs().users.report().error;
    assert!(error().is_some());
    house.clock.advance(Duration::from_secs(10));
    assert_eq!(desk.ask(PATIENCE).await, RefreshOutcome::Ended);
    assert_eq!(error(), None);
}
