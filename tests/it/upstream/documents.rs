//! Discovery document and keys: when they are fetched.

use std::sync::Arc;
use std::time::Duration;

use domain::base::clock::Clock;
use domain::signin::google::{KeysError, MetadataError};
use fakes::google::{Endpoint, FakeGoogle, Trouble, token};
use google_to_synology_sso::clients::http_client::HttpClientError;
use google_to_synology_sso::clients::upstream::{Document, DocumentName, Refreshed, UpstreamError};

use super::{World, days, hours, upstream};

#[tokio::test]
async fn a_document_is_fetched_once_and_served_from_memory() {
    let world = World::new().await;
    for _ in 0..5 {
        world.upstream.metadata().await.unwrap();
        world
            .upstream
            .keys_for(Some(&world.google.kid()))
            .await
            .unwrap();
    }
    assert_eq!(world.google.requests(Endpoint::Discovery), 1);
    assert_eq!(world.google.requests(Endpoint::Keys), 1);
}

#[tokio::test]
async fn a_document_is_fresh_for_as_long_as_google_says() {
    let world = World::new().await;
    world
        .google
        .set_cache_control(Endpoint::Discovery, "public, max-age=86400");
    world
        .google
        .set_cache_control(Endpoint::Keys, "public, max-age=7200");
    world.upstream.refresh().await.unwrap();
    world.clock.advance(Duration::from_secs(7199));
    assert!(!world.upstream.stale());
    world.clock.advance(Duration::from_secs(1));
    assert!(world.upstream.stale());
}

#[tokio::test]
async fn an_expired_document_serves_while_a_new_one_is_fetched() {
    let world = World::new().await;
    world.upstream.refresh().await.unwrap();
    let yesterdays = world.google.kid();
    world.clock.advance(days(1));
    world.google.rotate_keys();
    let google_is_slow = world.google.hold(Endpoint::Keys);

    let mut changes = world.upstream.changes();
    let story = async {
        let keys = world.upstream.keys_for(Some(&yesterdays)).await.unwrap();
        assert!(!keys.contains(&world.google.kid()));
        world.google.requested(Endpoint::Keys, 2).await;
        let keys = world.upstream.keys_for(Some(&yesterdays)).await.unwrap();
        assert!(!keys.contains(&world.google.kid()));

        drop(google_is_slow);
        changes.changed().await.unwrap();
        let keys = world.upstream.keys_for(Some(&yesterdays)).await.unwrap();
        assert!(keys.contains(&world.google.kid()));
        assert!(!world.upstream.stale());
    };
    in_background(&world, story).await;
    assert_eq!(world.google.requests(Endpoint::Discovery), 2);
    assert_eq!(world.google.requests(Endpoint::Keys), 2);
}

#[tokio::test]
async fn a_document_serves_for_a_week_after_its_end_and_no_longer() {
    let world = World::new().await;
    for endpoint in [Endpoint::Discovery, Endpoint::Keys] {
        world.google.set_cache_control(endpoint, "max-age=3600");
    }
    world.upstream.refresh().await.unwrap();
    let kid = world.google.kid();
    world.google.fail(Endpoint::Discovery, Trouble::Status(503));
    world.google.fail(Endpoint::Keys, Trouble::Status(503));

    world.clock.advance(hours(1) + days(7));
    world.upstream.keys_for(Some(&kid)).await.unwrap();

    world.clock.advance(Duration::from_secs(1));
    world.upstream.keys_for(Some(&kid)).await.unwrap_err();
    world.google.mend(Endpoint::Discovery);
    world.google.mend(Endpoint::Keys);
    world.clock.advance(Duration::from_secs(1));
    world.upstream.keys_for(Some(&kid)).await.unwrap();
}

#[tokio::test]
async fn an_unknown_key_fetches_the_keys_at_once() {
    let world = World::new().await;
    world.upstream.refresh().await.unwrap();
    world.google.rotate_keys();
    let new = world.google.kid();
    assert!(
        world
            .upstream
            .keys_for(Some(&new))
            .await
            .unwrap()
            .contains(&new)
    );
    assert_eq!(world.google.requests(Endpoint::Keys), 2);
}

#[tokio::test]
async fn unknown_keys_fetch_the_keys_every_thirty_seconds_at_most() {
    let world = World::new().await;
    world.upstream.refresh().await.unwrap();
    for seconds in [0, 1, 28] {
        world.clock.advance(Duration::from_secs(seconds));
        let keys = world.upstream.keys_for(Some("made-up")).await.unwrap();
        assert!(!keys.contains("made-up"));
        assert_eq!(world.google.requests(Endpoint::Keys), 2);
    }
    // Setting the clock does not end the half minute.
    world.clock.set(world.now().plus(hours(1)).seconds());
    world.upstream.keys_for(Some("made-up")).await.unwrap();
    assert_eq!(world.google.requests(Endpoint::Keys), 2);

    world.clock.advance(Duration::from_secs(1));
    world.upstream.keys_for(Some("made-up")).await.unwrap();
    assert_eq!(world.google.requests(Endpoint::Keys), 3);
}

#[tokio::test]
async fn a_login_waits_for_a_running_fetch_of_an_unknown_key() {
    let world = World::new().await;
    world.upstream.refresh().await.unwrap();
    world.google.rotate_keys();
    let new = world.google.kid();
    let google_is_slow = world.google.hold(Endpoint::Keys);
    let release = async {
        world.google.requested(Endpoint::Keys, 2).await;
        drop(google_is_slow);
    };
    let (first, second, ()) = tokio::join!(
        world.upstream.keys_for(Some(&new)),
        world.upstream.keys_for(Some(&new)),
        release,
    );
    assert!(first.unwrap().contains(&new) && second.unwrap().contains(&new));
    assert_eq!(world.google.requests(Endpoint::Keys), 2);
}

#[tokio::test]
async fn all_who_wait_share_one_fetch() {
    let world = World::new().await;
    let google_is_slow = world.google.hold(Endpoint::Discovery);
    let release = async {
        world.google.requested(Endpoint::Discovery, 1).await;
        drop(google_is_slow);
    };
    let (one, two, three, ()) = tokio::join!(
        world.upstream.metadata(),
        world.upstream.metadata(),
        world.upstream.refresh(),
        release,
    );
    one.unwrap();
    two.unwrap();
    three.unwrap();
    assert_eq!(world.google.requests(Endpoint::Discovery), 1);
}

#[tokio::test]
async fn all_who_wait_share_one_failure_and_so_does_the_next_second() {
    let world = World::new().await;
    world.google.fail(Endpoint::Discovery, Trouble::Status(500));
    let (one, two) = tokio::join!(world.upstream.metadata(), world.upstream.metadata());
    for error in [one.unwrap_err(), two.unwrap_err()] {
        assert!(matches!(error, UpstreamError::Status { status: 500, .. }));
    }
    world.upstream.metadata().await.unwrap_err();
    assert_eq!(world.google.requests(Endpoint::Discovery), 1);
    assert!(world.upstream.last_error().is_some());

    world.google.mend(Endpoint::Discovery);
    world.clock.advance(Duration::from_secs(1));
    world.upstream.metadata().await.unwrap();
    assert!(world.upstream.last_error().is_none());
}

#[tokio::test]
async fn the_daemon_need_not_wait_a_second_after_a_failure() {
    let world = World::new().await;
    world
        .google
        .fail_once(Endpoint::Discovery, Trouble::Status(500));
    world.upstream.refresh().await.unwrap_err();
    world.upstream.refresh().await.unwrap();
}

#[tokio::test]
async fn a_cancelled_fetch_does_not_delay_others() {
    let world = World::new().await;
    let google_is_slow = world.google.hold(Endpoint::Discovery);
    tokio::select! {
        _ = world.upstream.metadata() => panic!("Google has not answered"),
        () = world.google.requested(Endpoint::Discovery, 1) => {}
    }
    drop(google_is_slow);
    world.upstream.metadata().await.unwrap();
}

#[tokio::test]
async fn a_refresh_tells_whether_there_is_something_to_keep() {
    let world = World::new().await;
    world.google.set_date_offset(-90);
    let changes = world.upstream.changes();
    let refreshed = world.upstream.refresh().await.unwrap();
    let googles = world.now().minus(Duration::from_secs(90));
    assert_eq!(
        refreshed,
        Refreshed {
            changed: true,
            date: Some(googles)
        }
    );
    assert!(changes.has_changed().unwrap());

    world.clock.advance(hours(1));
    assert!(!world.upstream.refresh().await.unwrap().changed);
    assert_eq!(world.upstream.keys_fetched(), Some(world.now()));
    world.google.rotate_keys();
    assert!(world.upstream.refresh().await.unwrap().changed);
}

#[tokio::test]
async fn the_order_of_googles_keys_is_no_news() {
    let world = World::new().await;
    let keys = [token::jwk(0), token::jwk(1)];
    world.google.set_jwks(serde_json::json!({"keys": keys}));
    world.upstream.refresh().await.unwrap();
    let [first, second] = keys;
    world
        .google
        .set_jwks(serde_json::json!({"keys": [second, first]}));
    assert!(!world.upstream.refresh().await.unwrap().changed);
}

#[tokio::test]
async fn yesterdays_documents_serve_without_a_network() {
    let mut world = World::new().await;
    world.upstream.refresh().await.unwrap();
    let kid = world.google.kid();
    world.restart_with(world.upstream.to_keep());
    world.clock.advance(days(1));
    world.upstream.metadata().await.unwrap();
    world.upstream.keys_for(Some(&kid)).await.unwrap();
    assert_eq!(world.google.requests(Endpoint::Discovery), 1);
    assert_eq!(world.google.requests(Endpoint::Keys), 1);
    // Unchanged documents need not be saved again.
    assert!(!world.upstream.refresh().await.unwrap().changed);
}

#[tokio::test]
async fn a_kept_document_that_is_damaged_is_fetched() {
    let mut world = World::new().await;
    world.upstream.refresh().await.unwrap();
    let mut kept = world.upstream.to_keep();
    for document in &mut kept {
        document.body.truncate(100);
    }
    world.restart_with(kept);
    assert!(world.upstream.stale());
    assert!(world.upstream.to_keep().is_empty());
    world
        .upstream
        .keys_for(Some(&world.google.kid()))
        .await
        .unwrap();
}

#[tokio::test]
async fn kept_keys_of_another_provider_verify_nothing() {
    let old = World::new().await;
    old.upstream.refresh().await.unwrap();
    let new = FakeGoogle::start(Arc::clone(&old.clock) as Arc<dyn Clock>).await;
    let upstream = upstream(new.issuer(), &old.clock, old.upstream.to_keep());
    assert!(upstream.to_keep().is_empty());
    upstream.keys_for(Some("made-up")).await.unwrap();
    assert!(new.requests(Endpoint::Keys) > 0);
}

#[tokio::test]
async fn keys_that_moved_are_fetched_from_where_they_are_now() {
    let world = World::new().await;
    world.upstream.refresh().await.unwrap();
    let elsewhere = format!("{}/oauth2/v3/certs?new", world.google.issuer());
    world
        .google
        .edit_discovery(|document| document["jwks_uri"] = elsewhere.into());
    world.google.fail(Endpoint::Keys, Trouble::Status(500));
    world.upstream.refresh().await.unwrap_err();
    world
        .upstream
        .keys_for(Some(&world.google.kid()))
        .await
        .unwrap_err();
    let kept: Vec<DocumentName> = world
        .upstream
        .to_keep()
        .iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(kept, [DocumentName::Discovery]);
}

#[tokio::test]
async fn a_document_from_the_future_is_fetched_before_it_is_used() {
    let world = World::new().await;
    world.clock.advance(days(30));
    world.upstream.refresh().await.unwrap();
    // NTP corrects the clock.
    world.clock.set(world.now().minus(days(30)).seconds());
    world.upstream.metadata().await.unwrap();
    assert_eq!(world.google.requests(Endpoint::Discovery), 2);
}

#[tokio::test]
async fn a_bad_answer_is_named_and_the_last_good_document_stays() {
    let world = World::new().await;
    world.upstream.refresh().await.unwrap();
    let check = async |trouble, expected: fn(&UpstreamError) -> bool| {
        world.google.fail_once(Endpoint::Discovery, trouble);
        let error = world.upstream.refresh().await.unwrap_err();
        assert!(expected(&error), "{error:?}");
        world.upstream.metadata().await.unwrap();
    };
    check(Trouble::Status(404), |error| {
        matches!(error, UpstreamError::Status { status: 404, .. })
    })
    .await;
    check(Trouble::Html, |error| {
        matches!(error, UpstreamError::Discovery { source, .. }
            if matches!(**source, MetadataError::NotADocument(_)))
    })
    .await;
    check(Trouble::Redirect, |error| {
        matches!(error, UpstreamError::Transport { source, .. }
            if matches!(**source, HttpClientError::Redirect { .. }))
    })
    .await;
    check(Trouble::TooLarge, |error| {
        matches!(error, UpstreamError::Transport { source, .. }
            if matches!(**source, HttpClientError::TooLarge(_)))
    })
    .await;
}

#[tokio::test]
async fn a_document_of_another_issuer_is_refused() {
    let world = World::new().await;
    world
        .google
        .edit_discovery(|document| document["issuer"] = "https://evil.example".into());
    let error = world.upstream.metadata().await.unwrap_err();
    let UpstreamError::Discovery { source, .. } = error else {
        panic!("{error:?}")
    };
    assert!(matches!(*source, MetadataError::OtherIssuer { .. }));
}

#[tokio::test]
async fn an_empty_key_set_does_not_replace_a_good_one() {
    let world = World::new().await;
    world.upstream.refresh().await.unwrap();
    let ec = serde_json::json!({"kty": "EC", "kid": "1", "crv": "P-256", "x": "", "y": ""});
    world
        .google
        .set_jwks(serde_json::json!({"keys": [ec, {"kid": 5}, null]}));
    let error = world.upstream.refresh().await.unwrap_err();
    let UpstreamError::Keys { source, .. } = error else {
        panic!("{error:?}")
    };
    assert!(matches!(*source, KeysError::NoUsableKey));
    let kid = world.google.kid();
    assert!(
        world
            .upstream
            .keys_for(Some(&kid))
            .await
            .unwrap()
            .contains(&kid)
    );
}

#[tokio::test]
async fn a_kept_document_survives_byte_for_byte() {
    let world = World::new().await;
    world.upstream.refresh().await.unwrap();
    let kept = world.upstream.to_keep();
    let names: Vec<DocumentName> = kept.iter().map(|document| document.name).collect();
    assert_eq!(names, [DocumentName::Discovery, DocumentName::Keys]);
    let life = |document: &Document| document.expires.since(document.fetched);
    assert_eq!(life(&kept[0]), hours(1));
    assert_eq!(life(&kept[1]), Duration::from_secs(22_180));
    let again = upstream(world.google.issuer(), &world.clock, kept.clone());
    assert_eq!(again.to_keep(), kept);
}

/// Runs `story` while the daemon's refreshing task runs.
async fn in_background(world: &World, story: impl Future<Output = ()>) {
    tokio::select! {
        () = world.upstream.refresh_when_asked() => panic!("the task ended"),
        () = story => {}
    }
}
