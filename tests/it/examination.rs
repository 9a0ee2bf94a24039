//! The checks of `doctor` that the running daemon makes on request, and what
//! else the administration page asks the daemon about DSM.

use std::time::Duration;

use fakes::dsm::{Api, Counts, FakeUser, Instead};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, family};
use google_to_synology_sso::config::{LogFormat, LogLevel};
use google_to_synology_sso::doctor::GROUPS;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

use crate::support::captured_log::CapturedLog;
use crate::support::control::{answer, socket};
use crate::support::process::until;
use crate::support::timers::in_fast_motion;

const GAP: Duration = Duration::from_secs(30);

/// A house whose daemon has read the users, by its job, too.
async fn house() -> House {
    let house = House::new().await;
    house.dsm.wait_until(|counts| counts.sign_outs == 2).await;
    house
}

async fn report(house: &House, command: &str) -> Value {
    let answer = answer(house, &json!({"command": command})).await;
    assert!(answer["report"].is_object(), "{answer}");
    answer["report"].clone()
}

fn names(examined: &Value) -> Vec<&str> {
    let findings = examined["last"]["findings"].as_array().unwrap();
    let mut names: Vec<&str> = findings
        .iter()
        .map(|finding| finding["name"].as_str().unwrap())
        .collect();
    names.dedup();
    names
}

fn finding<'v>(examined: &'v Value, name: &str) -> &'v Value {
    let findings = examined["last"]["findings"].as_array().unwrap();
    findings
        .iter()
        .find(|finding| finding["name"] == name)
        .unwrap()
}

fn sign_ins(house: &House) -> usize {
    let Counts { sign_ins, .. } = house.dsm.counts();
    sign_ins
}

#[tokio::test]
async fn the_daemon_keeps_what_the_last_checks_found() {
    let house = house().await;
    let before = report(&house, "findings").await;
    assert_eq!(before, json!({"freshness": "kept", "last": null}));

    let new = report(&house, "examine").await;

    assert_eq!(new["freshness"], "new");
    assert_eq!(new["last"]["at"], "2026-03-02T06:30:00Z");
    let every_check: Vec<&str> = GROUPS
        .iter()
        .flat_map(|(_, names)| *names)
        .copied()
        .collect();
    assert_eq!(names(&new), every_check, "in the order of doctor");
    assert_eq!(finding(&new, "dsm.users")["result"], "ok");
    assert_eq!(finding(&new, "config")["result"], "ok");
    // DSM's settings beside ours, from the same session.
    assert_eq!(new["last"]["compared"].as_array().unwrap().len(), 13);
    house.clock.advance(GAP);
    let kept = report(&house, "findings").await;
    assert_eq!(kept["freshness"], "kept");
    assert_eq!(kept["last"], new["last"]);
}

#[tokio::test]
async fn within_half_a_minute_the_checks_do_not_run_again() {
    let house = house().await;
    report(&house, "examine").await;
    let requests = house.dsm.requests().len();
    house.clock.advance(Duration::from_secs(29));
    assert_eq!(report(&house, "examine").await["freshness"], "too-soon");
    assert_eq!(house.dsm.requests().len(), requests);

    house.clock.advance(Duration::from_secs(1));
    let again = report(&house, "examine").await;
    assert_eq!(again["freshness"], "new");
    assert_eq!(again["last"]["at"], "2026-03-02T06:30:30Z");
    assert!(house.dsm.requests().len() > requests);
}

#[tokio::test]
async fn two_that_ask_at_once_share_one_run() {
    let house = house().await;
    let before = sign_ins(&house);
    let (one, other) = tokio::join!(report(&house, "examine"), report(&house, "examine"));
    assert_eq!(one, other);
    assert_eq!(one["freshness"], "new");
    assert_eq!(sign_ins(&house), before + 1);
}

#[tokio::test]
async fn a_fault_that_is_mended_is_gone_after_the_next_checks() {
    let house = house().await;
    house.dsm.always(Api::SignIn, Instead::Code(400));
    let wrong = report(&house, "examine").await;
    assert_eq!(finding(&wrong, "dsm.sign-in")["result"], "fail");
    // Anyone may see the name of what failed.
    assert!(
        house
            .bridge()
            .failed_checks
            .load()
            .contains(&"dsm.sign-in".to_owned())
    );

    // DSM accepts the account again, but sign-ins to DSM are paused.
    house.dsm.as_usual(Api::SignIn);
    let requests = house.dsm.requests().len();
    house.clock.advance(GAP);
    let paused = report(&house, "examine").await;
    let sign_in = &finding(&paused, "dsm.sign-in")["message"];
    assert!(
        sign_in.as_str().unwrap().contains("paused until"),
        "{sign_in}"
    );
    assert_eq!(house.dsm.requests().len(), requests);

    house.clock.advance(Duration::from_mins(15));
    let mended = report(&house, "examine").await;
    assert_eq!(finding(&mended, "dsm.sign-in")["result"], "ok");
    assert!(
        !house
            .bridge()
            .failed_checks
            .load()
            .contains(&"dsm.sign-in".to_owned())
    );
}

#[tokio::test]
async fn a_config_that_became_invalid_is_found() {
    let house = house().await;
    let path = house.home.path().join("config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("issuer", "isuer")).unwrap();
    let examined = report(&house, "examine").await;
    assert_eq!(finding(&examined, "config")["result"], "fail");
}

#[tokio::test]
async fn a_dsm_that_hangs_ends_the_checks_in_time() {
    let house = house().await;
    house.dsm.always(Api::Users, Instead::Hang);
    // The checks of DSM give up after 25 s.
    let examined = in_fast_motion(20, report(&house, "examine")).await;
    assert_eq!(examined["freshness"], "new");
    let message = &finding(&examined, "dsm.users")["message"];
    assert!(
        message.as_str().unwrap().contains("did not answer in time"),
        "{message}"
    );
}

#[tokio::test]
async fn a_closed_connection_does_not_end_the_run() {
    let house = house().await;
    house.dsm.next(Api::Users, Instead::Hang);
    let path = socket(&house);
    until("the control socket is open", || path.exists()).await;
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream
        .write_all(b"{\"command\":\"examine\"}\n")
        .await
        .unwrap();
    house.dsm.wait_until(|counts| counts.sign_ins == 3).await;
    drop(stream);
    let running = report(&house, "findings").await;
    assert_eq!(running, json!({"freshness": "running", "last": null}));
    house.dsm.release();
    let joined = report(&house, "examine").await;
    assert_ne!(joined["last"], Value::Null);
    assert_eq!(sign_ins(&house), 3);
}

#[tokio::test]
async fn dsm_is_read_again_within_the_limits_of_sign_ins() {
    let house = house().await;
    let mut users = family();
    users.push(FakeUser::new("lucie", "lucie@gmail.com"));
    let all = users.len();
    house.dsm.set_users(users);

    let read = report(&house, "refresh").await;
    assert_eq!(
        read,
        json!({"outcome": "ended", "users": all, "error": null})
    );
    let before = sign_ins(&house);
    assert_eq!(report(&house, "refresh").await["outcome"], "too-often");
    assert_eq!(sign_ins(&house), before);

    house.clock.advance(Duration::from_secs(10));
    house.dsm.always(Api::SignIn, Instead::Code(400));
    let refused = report(&house, "refresh").await;
    assert_eq!(refused["outcome"], "ended");
    assert!(refused["error"].is_string(), "{refused}");
    // A click does not end the pause, other than a reload.
    house.dsm.as_usual(Api::SignIn);
    house.clock.advance(Duration::from_secs(10));
    let requests = house.dsm.requests().len();
    assert_eq!(report(&house, "refresh").await["outcome"], "paused");
    assert_eq!(house.dsm.requests().len(), requests);
}

#[tokio::test]
async fn a_dsm_that_is_slow_is_read_in_the_background() {
    let house = house().await;
    house.dsm.next(Api::Users, Instead::Hang);
    let read = in_fast_motion(20, report(&house, "refresh")).await;
    assert_eq!(read["outcome"], "takes-longer");
}

#[tokio::test]
async fn the_secret_of_a_client_is_a_report_and_never_in_the_log() {
    let house = house().await;
    let log = CapturedLog::up(LogLevel::TRACE, LogFormat::Text);
    let values = report(&house, "values").await;
    assert_eq!(values["dsm"][0]["application_id"], "synology");
    assert!(!values.to_string().contains(CLIENT_SECRET_OF_DSM));
    let secret = |client: &str| json!({"command": "client-secret", "client": client});
    let shown = answer(&house, &secret("synology")).await;
    assert_eq!(shown, json!({"report": CLIENT_SECRET_OF_DSM}));
    let other = answer(&house, &secret("photos")).await;
    assert_eq!(other["refused"]["message"], "there is no client \"photos\"");
    assert!(!log.text().contains(CLIENT_SECRET_OF_DSM));
}

#[tokio::test]
async fn a_plan_that_is_out_of_date_is_told_apart() {
    let house = house().await;
    for command in ["apply", "undo"] {
        let request = json!({"command": command, "seen": "another", "force": false});
        let answer = answer(&house, &request).await;
        assert_eq!(answer["refused"]["reason"], "changed", "{answer}");
    }
    assert_eq!(house.dsm.writes(), []);
}

#[tokio::test]
async fn what_is_known_of_dsms_settings_ends_when_they_are_written() {
    let house = house().await;
    let before = report(&house, "examine").await;
    let message = &finding(&before, "sso-client.enabled")["message"];
    assert!(
        !message.as_str().unwrap().starts_with("not tested"),
        "{message}"
    );
    let plan = report(&house, "plan-apply").await;
    let request = json!({"command": "apply", "seen": plan["seen"], "force": false});
    answer(&house, &request).await;

    let after = report(&house, "findings").await;
    let message = &finding(&after, "sso-client.enabled")["message"];
    assert!(
        message.as_str().unwrap().starts_with("not tested"),
        "{message}"
    );
    assert_eq!(finding(&after, "dsm.users"), finding(&before, "dsm.users"));
    let rows = after["last"]["compared"].as_array().unwrap();
    let client = rows.iter().find(|row| row["field"] == "application_id");
    assert_eq!(client.unwrap()["dsm"], "synology");

    let plan = report(&house, "plan-undo").await;
    let request = json!({"command": "undo", "seen": plan["seen"], "force": false});
    answer(&house, &request).await;
    let after = report(&house, "findings").await;
    assert_eq!(after["last"]["compared"], json!([]));
}
