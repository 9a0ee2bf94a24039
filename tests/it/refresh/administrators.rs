use std::io::{Read, Seek};
use std::sync::Arc;

use fakes::dsm::{Api, Instead};
use fakes::house::{House, JEANNE};
use serde_json::json;

use super::{UNCHANGED, at_rest, list, refresh, refusal, restart_without_dsm, with};

#[tokio::test]
async fn when_administrators_cannot_be_read_the_last_known_are_used() {
    let mut house = House::new().await;
    at_rest(&house).await;
    house.dsm.always(Api::Members, Instead::Code(3205));
    house.dsm.set_users(with("jeanne", |user| {
        user.expired = Some("now".into());
        user.administrator = true;
    }));

    assert!(refresh(&house).await.changed);

    let refused = refusal(&house, JEANNE).await;
    assert_eq!(refused.as_deref(), Some("account-disabled"));
    let before = ["Paul", "admin", "sso-reader"];
    assert_eq!(administrators(&house).unwrap(), before);
    restart_without_dsm(&mut house).await;
    assert_eq!(administrators(&house).unwrap(), before);
}

#[tokio::test]
async fn a_change_among_them_alone_is_kept() {
    let mut house = House::new().await;
    at_rest(&house).await;
    list(&house, with("lea", |user| user.administrator = true)).await;
    restart_without_dsm(&mut house).await;
    let now = ["Paul", "admin", "lea", "sso-reader"];
    assert_eq!(administrators(&house).unwrap(), now);
}

#[tokio::test]
async fn never_read_they_are_unknown_also_after_a_restart() {
    let mut house = House::new().await;
    house.stop().await;
    let forget = "DELETE FROM users; DELETE FROM directory; DELETE FROM administrators";
    house.state().execute_batch(forget).unwrap();
    // A hanging list would take half a minute.
    house.dsm.always(Api::Members, Instead::Html);
    house.start().await;
    assert_eq!(administrators(&house), None);
    restart_without_dsm(&mut house).await;
    assert_eq!(administrators(&house), None);
}

#[tokio::test]
async fn an_impossible_list_of_them_changes_nothing() {
    let house = House::new().await;
    at_rest(&house).await;
    let paul = json!({"name": "Paul"});
    for users in [
        json!([]),
        json!([paul, paul]),
        json!([paul, {"uid": 1026}]),
        json!([{"name": 5}]),
        json!({"name": "Paul"}),
    ] {
        let answer = json!({"success": true, "data": {"users": users}});
        house.dsm.next(Api::Members, Instead::Json(answer));
        assert_eq!(refresh(&house).await, UNCHANGED, "{users}");
    }
    assert_eq!(administrators(&house).unwrap().len(), 3);
}

#[tokio::test]
async fn that_they_cannot_be_read_is_said_once_until_it_changes() {
    let house = House::new().await;
    at_rest(&house).await;
    let file = Arc::new(tempfile::tempfile().unwrap());
    let log = tracing_subscriber::fmt().with_writer(Arc::clone(&file));
    let _logging = tracing::subscriber::set_default(log.finish());
    let said = || {
        let mut log = String::new();
        (&*file).rewind().unwrap();
        (&*file).read_to_string(&mut log).unwrap();
        log.matches("cannot read the administrators").count()
    };

    house.dsm.always(Api::Members, Instead::Code(3205));
    refresh(&house).await;
    refresh(&house).await;
    assert_eq!(said(), 1);
    house.dsm.always(Api::Members, Instead::Html);
    refresh(&house).await;
    refresh(&house).await;
    assert_eq!(said(), 2);
    house.dsm.as_usual(Api::Members);
    refresh(&house).await;
    house.dsm.next(Api::Members, Instead::Html);
    refresh(&house).await;
    assert_eq!(said(), 3);
}

/// The names of the administrators in use.
fn administrators(house: &House) -> Option<Vec<String>> {
    let snapshot = house.bridge().snapshot.load_full().unwrap();
    let names = snapshot.list().administrators.as_ref()?;
    Some(names.iter().map(ToString::to_string).collect())
}
