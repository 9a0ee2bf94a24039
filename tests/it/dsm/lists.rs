use std::sync::Arc;

use domain::base::ids::DsmUsername;
use domain::model::user_list::{ListedUser, UserList};
use fakes::dsm::{Api, FakeUser, Instead};
use google_to_synology_sso::clients::dsm::{DsmError, ListRefusal, Reaction};
use serde_json::{Value, json};

use super::{Home, told};

/// A family that needs several pages.
fn family(size: usize) -> Vec<FakeUser> {
    let user = |n: usize| FakeUser::new(&format!("user{n}"), &format!("user{n}@example.com"));
    (0..size).map(|n| user(n).administrator()).collect()
}

fn answer(data: &Value) -> Instead {
    Instead::Json(json!({"success": true, "data": data}))
}

#[tokio::test]
async fn a_list_in_parts_is_put_together() {
    for (size, page_size, pages) in [(7, 3, 3), (6, 3, 2), (1, 1, 1)] {
        let home = Home::new().await;
        home.dsm.change(|behaviour| {
            behaviour.users = family(size);
            behaviour.page_size = Some(page_size);
        });
        let (users, administrators) = home.lists().await;

        let names: Vec<_> = users.into_iter().map(|user| user.name).collect();
        assert_eq!(names.len(), size);
        assert_eq!(names, administrators);
        assert_eq!(home.dsm.counts().user_lists, pages);
    }
}

#[tokio::test]
async fn a_list_with_fewer_rows_than_its_total_is_refused() {
    let home = Home::new().await;
    let row = json!({"name": "mael"});
    home.dsm
        .next(Api::Users, answer(&json!({"total": 3, "users": [row]})));
    home.dsm
        .next(Api::Users, answer(&json!({"total": 3, "users": []})));
    check(
        &home,
        Api::Users,
        &ListRefusal::Short { rows: 1, total: 3 },
        Reaction::Retry,
    )
    .await;
}

#[tokio::test]
async fn a_list_that_never_ends_is_given_up() {
    let home = Home::new().await;
    let row = json!({"name": "mael"});
    let rows = vec![row; 250_000];
    let page = answer(&json!({"total": 1_000_000_000, "users": rows}));
    home.dsm.always(Api::Users, page);
    let endless = ListRefusal::Endless {
        rows: 1_000_001,
        total: 1_000_000_000,
    };
    check(&home, Api::Users, &endless, Reaction::Report).await;
    let advice = "more than 1000000 rows";
    assert!(endless.to_string().contains(advice), "{endless}");
}

#[tokio::test]
async fn more_users_than_any_nas_has_are_read() {
    let home = Home::new().await;
    let rows: Vec<_> = (0..150_000)
        .map(|n| json!({"name": n.to_string()}))
        .collect();
    let list = json!({"total": rows.len(), "users": rows});
    home.dsm.next(Api::Users, answer(&list));
    assert_eq!(home.users().await.len(), 150_000);
}

#[tokio::test]
async fn a_list_in_crumbs_is_given_up() {
    let home = Home::new().await;
    let page = answer(&json!({"total": 5000, "users": [{"name": "mael"}]}));
    home.dsm.always(Api::Users, page);
    let endless = ListRefusal::Endless {
        rows: 1000,
        total: 5000,
    };
    check(&home, Api::Users, &endless, Reaction::Report).await;
}

#[tokio::test]
async fn a_list_without_a_total_is_taken_as_it_is() {
    let home = Home::new().await;
    home.dsm
        .next(Api::Users, answer(&json!({"users": [{"name": "mael"}]})));
    let users = home.users().await;
    assert_eq!(users.len(), 1);
}

#[tokio::test]
async fn an_empty_list_is_refused() {
    let home = Home::new().await;
    home.dsm.set_users([]);
    check(&home, Api::Users, &ListRefusal::Empty, Reaction::Retry).await;
}

#[tokio::test]
async fn a_row_without_a_name_refuses_the_list() {
    for nameless in [
        json!({"email": "x@example.com"}),
        json!({"name": ""}),
        json!({"name": null}),
    ] {
        for api in [Api::Users, Api::Members] {
            let home = Home::new().await;
            let rows = json!({"total": 2, "users": [{"name": "mael"}, nameless]});
            home.dsm.next(api, answer(&rows));
            check(&home, api, &ListRefusal::Nameless, Reaction::Report).await;
        }
    }
}

#[tokio::test]
async fn two_rows_of_one_name_refuse_the_list() {
    for api in [Api::Users, Api::Members] {
        let home = Home::new().await;
        let rows = json!({"total": 2, "users": [{"name": "mael"}, {"name": "mael"}]});
        home.dsm.next(api, answer(&rows));
        check(
            &home,
            api,
            &ListRefusal::Twins("mael".to_owned()),
            Reaction::Report,
        )
        .await;
    }
}

#[tokio::test]
async fn a_server_that_ignores_the_offset_is_found_out() {
    let home = Home::new().await;
    let page = answer(&json!({"total": 2, "users": [{"name": "mael"}]}));
    home.dsm.always(Api::Users, page);
    check(
        &home,
        Api::Users,
        &ListRefusal::Twins("mael".to_owned()),
        Reaction::Report,
    )
    .await;
}

async fn check(home: &Home, api: Api, refusal: &ListRefusal, reaction: Reaction) {
    let error = home.failure_of(api).await;
    assert!(
        matches!(&error, DsmError::List(found) if found == refusal),
        "{error:?}"
    );
    assert_eq!(error.reaction(), reaction);
}

#[tokio::test]
async fn a_value_of_another_type_refuses_the_list() {
    for data in [
        json!({"total": 1, "users": [{"name": 5}]}),
        json!({"total": 1, "users": [{"name": "mael", "email": 5}]}),
        json!({"total": 1, "users": [{"name": "mael", "email": ["m@example.com"]}]}),
        json!({"total": 1, "users": [{"name": "mael", "expired": false}]}),
        json!({"total": "1", "users": [{"name": "mael"}]}),
        json!({"total": -1, "users": [{"name": "mael"}]}),
        json!({"total": 1, "users": {"name": "mael"}}),
        json!({"total": 1, "users": ["mael"]}),
        json!({"total": 1}),
        json!(null),
    ] {
        let home = Home::new().await;
        home.dsm.next(Api::Users, answer(&data));
        let error = home.failure().await;
        assert!(
            matches!(error, DsmError::Misshapen { .. }),
            "{data}: {error:?}"
        );
        assert_eq!(error.reaction(), Reaction::Report);
        assert!(
            told(&error).contains("at line 1 column"),
            "{}",
            told(&error)
        );
    }
}

#[tokio::test]
async fn an_address_that_is_empty_null_or_missing_is_none() {
    let home = Home::new().await;
    let rows = json!([{"name": "a", "email": ""}, {"name": "b", "email": null}, {"name": "c"}]);
    home.dsm
        .next(Api::Users, answer(&json!({"total": 3, "users": rows})));
    let users = home.users().await;
    assert_eq!(users.len(), 3);
    for user in users {
        assert_eq!((user.email, user.expired), (None, None), "{}", user.name);
    }
}

#[tokio::test]
async fn the_value_of_expired_is_returned_unchanged() {
    for expired in ["normal", "now", "2026/8/31", "", "jamais"] {
        let home = Home::new().await;
        home.dsm
            .set_users([FakeUser::new("mael", "").expired(expired)]);
        let users = home.users().await;
        assert_eq!(users[0].expired.as_deref(), Some(expired));
    }
}

#[tokio::test]
async fn a_group_of_administrators_without_our_account_is_rejected() {
    let home = Home::new().await;
    let empty = answer(&json!({"total": 0, "users": []}));
    home.dsm.next(Api::Members, empty);
    check(&home, Api::Members, &ListRefusal::Empty, Reaction::Retry).await;
}

#[tokio::test]
async fn a_change_in_dsm_shows_in_the_next_reading() {
    let home = Home::new().await;
    home.read().await.unwrap();
    home.dsm
        .set_users([FakeUser::new("nouveau", "n@example.com")]);
    let users = home.users().await;
    assert_eq!(users[0].name.as_str(), "nouveau");
}

#[tokio::test]
async fn a_reading_reports_whether_the_list_has_changed() {
    let home = Home::new().await;
    let (users, administrators) = home.lists().await;
    let mut known = UserList {
        users,
        administrators: Some(administrators),
    };
    let read = async |known: &UserList| {
        let known = Arc::new(known.clone());
        let reading = home.client.list_users(&known).await.unwrap();
        (reading.users, reading.administrators.unwrap())
    };
    assert_eq!(read(&known).await, (None, None));
    let mael = known.users.pop().unwrap();
    let with_mael = [known.users.clone(), vec![mael.clone()]].concat();
    assert_eq!(read(&known).await, (Some(with_mael.clone()), None));
    known.users = with_mael.clone();
    known.users.push(ListedUser {
        name: DsmUsername::new("gone"),
        ..mael
    });
    assert_eq!(read(&known).await, (Some(with_mael.clone()), None));
    known.users = with_mael;
    let administrators = known.administrators.take();
    assert_eq!(read(&known).await, (None, administrators));
}
