//! The power schedule by DSM's web API.

use domain::model::power::{PowerSchedule, Task, Weekdays};
use fakes::dsm::{Api, Instead};
use google_to_synology_sso::clients::dsm::{DsmError, Reaction};
use serde_json::json;

use super::{Home, told};

const ONE_READING: [Api; 3] = [Api::SignIn, Api::PowerSchedule, Api::SignOut];

/// The error of a reading, with nothing left open in DSM.
async fn failure(home: &Home) -> DsmError {
    let error = home.client.power_schedule().await.unwrap_err();
    assert_eq!(home.dsm.counts().open_sessions, 0, "after {error}");
    error
}

#[tokio::test]
async fn the_schedule_is_read_in_a_session_of_its_own() {
    let home = Home::new().await;
    home.dsm.change(|behaviour| {
        behaviour.power_schedule = json!({
            "poweron_tasks":
                [{"enabled": true, "hour": 7, "min": 0, "weekdays": "0,1,2,3,4,5,6"}],
            "poweroff_tasks":
                [{"enabled": true, "hour": 23, "min": 30, "weekdays": "0,1,2,3,4,5,6"}]});
    });
    let reading = home.client.power_schedule().await.unwrap();

    let task = |hour, minute| Task {
        time: jiff::civil::time(hour, minute, 0, 0),
        weekdays: Weekdays::ALL,
        enabled: true,
    };
    let expected = PowerSchedule::new(vec![task(7, 0)], vec![task(23, 30)]);
    assert_eq!(reading.schedule, expected);
    assert_eq!(reading.unexpected, [""; 0]);
    assert_eq!(home.dsm.calls(), ONE_READING);
    let form = home.dsm.requests()[1].form();
    let expected = [
        ("api", "SYNO.Core.Hardware.PowerSchedule"),
        ("version", "1"),
        ("method", "load"),
        ("_sid", "sid-1"),
        ("SynoToken", "token-1"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(form, expected);
}

#[tokio::test]
async fn a_session_that_has_ended_is_opened_anew_once() {
    let home = Home::new().await;
    home.dsm.next(Api::PowerSchedule, Instead::Code(119));
    home.client.power_schedule().await.unwrap();
    assert_eq!(home.dsm.calls(), [ONE_READING, ONE_READING].concat());

    home.dsm
        .change(|behaviour| behaviour.account_is_administrator = false);
    let error = failure(&home).await;
    assert!(told(&error).contains("group administrators"), "{error}");
    assert_eq!(error.reaction(), Reaction::Report);
    assert_eq!(home.dsm.counts().sign_ins, 4);
}

#[tokio::test]
async fn an_invalid_schedule_is_an_error_and_not_an_empty_one() {
    let home = Home::new().await;
    for (instead, reaction) in [
        (
            Instead::Json(json!({"success": true, "data": {"users": []}})),
            Reaction::Report,
        ),
        (
            Instead::Json(json!({"success": true, "data": []})),
            Reaction::Report,
        ),
        (Instead::Json(json!({"success": true})), Reaction::Report),
        (Instead::Code(102), Reaction::Report),
        (Instead::Html, Reaction::Retry),
        (Instead::Cut, Reaction::Retry),
        (Instead::Status(502), Reaction::Retry),
        // As JSON in memory it would be twenty times as large.
        (Instead::Huge(1024 * 1024), Reaction::Report),
    ] {
        home.dsm.next(Api::PowerSchedule, instead);
        let error = failure(&home).await;
        assert_eq!(error.reaction(), reaction, "{error}");
        assert!(told(&error).contains("power schedule"), "{error}");
    }
}

#[tokio::test]
async fn a_reading_waits_for_the_users_and_ends_what_was_left_open() {
    let home = Home::new().await;
    home.breaks_off_a_reading().await;
    home.client.power_schedule().await.unwrap();
    assert_eq!(home.dsm.counts().open_sessions, 0);

    let (users, power) = tokio::join!(home.read(), home.client.power_schedule());
    users.unwrap();
    power.unwrap();
    assert_eq!(home.dsm.counts().most_open_sessions, 1);
}
