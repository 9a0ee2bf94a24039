//! What `doctor` finds in DSM, by a daemon and without one.

/// `dsm-settings --compare`, which prints a part of the same report.
mod compared;
/// A hostile or hanging DSM.
mod hostile;
/// Faults of DSM's sign-in settings and of its reverse proxy.
mod settings;
/// Without a daemon, and what the command prints.
mod without_daemon;

use std::fs;

use fakes::dsm::{Api, FakeUser, Instead};
use fakes::house::{House, Plan, by_name, family, write_secret};
use google_to_synology_sso::doctor::dsm::{DsmReport, ProxyState};
use google_to_synology_sso::doctor::{Finding, GROUPS, Outcome};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::support::control::socket;
use crate::support::disk::disk;
use crate::support::process::until;
use crate::support::timers::in_fast_motion;

/// The requests of one inspection; those of the settings in any order.
const SESSION: [Api; 11] = [
    Api::SignIn,
    Api::Users,
    Api::Members,
    Api::PowerSchedule,
    Api::SsoProfile,
    Api::SsoClient,
    Api::SsoDefault,
    Api::ProxyRules,
    Api::Web,
    Api::Version,
    Api::SignOut,
];

/// A NAS whose reverse proxy leads the public name to the daemon. Its users
/// were read, and are saved.
async fn nas() -> House {
    nas_with(|_| {}).await
}

async fn nas_with(change: impl FnOnce(&mut Plan)) -> House {
    let mut plan = Plan {
        issuer: Some("https://login.example.com".to_owned()),
        ..Plan::default()
    };
    change(&mut plan);
    let house = House::planned(plan).await;
    // The job's own refresh at start has ended.
    until("the daemon has read the users twice", || {
        house.dsm.counts().sign_outs == 2
    })
    .await;
    house
}

/// Asks the daemon by its control socket.
async fn inspect(house: &House) -> DsmReport {
    let path = socket(house);
    until("the control socket is open", || path.exists()).await;
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream
        .write_all(b"{\"command\":\"doctor\"}\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    serde_json::from_value(answer["report"].clone()).unwrap()
}

/// Asks the daemon while seconds pass in milliseconds.
async fn inspect_in_fast_motion(house: &House) -> DsmReport {
    in_fast_motion(20, inspect(house)).await
}

/// The names of the checks of DSM.
fn names() -> Vec<&'static str> {
    let names = GROUPS.iter().flat_map(|(_, names)| names.iter().copied());
    let of_dsm = ["dsm.", "sso-client.", "reverse-proxy"];
    names
        .filter(|name| of_dsm.iter().any(|of_dsm| name.starts_with(of_dsm)))
        .collect()
}

/// Checks that there is each line once, in order and without control
/// characters, and returns those that are neither ok nor "not tested".
fn faults(findings: &[Finding]) -> Vec<&Finding> {
    let found: Vec<&str> = findings
        .iter()
        .map(|finding| finding.name.as_str())
        .collect();
    assert_eq!(found, names());
    for Finding { message, .. } in findings {
        assert!(!message.chars().any(char::is_control), "{message:?}");
        assert!(message.len() < 1_500, "{message}");
    }
    let is_fault = |finding: &&Finding| {
        let untested = finding.message.starts_with("not tested: ");
        assert!(!untested || finding.result == Outcome::Warn, "{finding:?}");
        finding.result != Outcome::Ok && !untested
    };
    findings.iter().filter(is_fault).collect()
}

/// Checks that exactly the line `name` has a fault, with all of these `words`.
fn assert_one_fault(report: &DsmReport, name: &str, result: Outcome, words: &[&str]) {
    let faults = faults(&report.findings);
    let [fault] = faults[..] else {
        panic!("expected {name}: {:#?}", report.findings);
    };
    assert_eq!(
        (fault.name.as_str(), fault.result),
        (name, result),
        "{fault:?}"
    );
    for word in words {
        assert!(fault.message.contains(word), "{word}: {}", fault.message);
    }
}

/// Checks which lines were not tested.
fn assert_not_tested(report: &DsmReport, expected: &[&str]) {
    let untested = report.findings.iter();
    let untested = untested.filter(|finding| finding.message.starts_with("not tested: "));
    let names: Vec<&str> = untested.map(|finding| finding.name.as_str()).collect();
    assert_eq!(names, expected, "{:#?}", report.findings);
}

/// The lines that need a session.
fn all_but(tested: &[&str]) -> Vec<&'static str> {
    let names = names().into_iter();
    names.filter(|name| !tested.contains(name)).collect()
}

fn message<'a>(report: &'a DsmReport, name: &str) -> &'a str {
    let mut findings = report.findings.iter();
    &findings
        .find(|finding| finding.name == name)
        .unwrap()
        .message
}

#[tokio::test]
async fn a_healthy_nas_is_read_in_one_session_and_nothing_is_written() {
    let house = nas().await;
    let before = disk(&house);
    let requests = house.dsm.calls().len();

    let report = inspect(&house).await;

    assert_eq!(faults(&report.findings), Vec::<&Finding>::new());
    assert_not_tested(&report, &[]);
    assert_eq!(report.proxy, ProxyState::Right);
    assert_eq!(report.version.as_deref(), Some("DSM 7.2.2-72806 Update 2"));
    let mut calls = house.dsm.calls().split_off(requests);
    // The settings are read at the same time.
    calls[4..10].sort_by_key(|api| SESSION.iter().position(|other| other == api));
    assert_eq!(calls, SESSION);
    let counts = house.dsm.counts();
    assert_eq!((counts.open_sessions, counts.most_open_sessions), (0, 1));
    assert_eq!(disk(&house), before);
    for (name, words) in [
        ("dsm.reach", "DSM 7.2.2-72806 Update 2 answers"),
        ("dsm.sign-in", "sso-reader"),
        (
            "dsm.users",
            "lists 6 users, and 3 can sign in: \"jeanne\", \"Paul\", \"lea\"",
        ),
        (
            "dsm.power",
            "read from DSM: nothing planned: always on (time zone",
        ),
        ("sso-client.enabled", "beside that by password"),
        (
            "reverse-proxy",
            "from https://login.example.com:443 to http://localhost:",
        ),
    ] {
        let found = message(&report, name);
        assert!(found.contains(words), "{name}: {found}");
    }
}

#[tokio::test]
async fn a_wrong_scheme_or_a_redirect_names_the_url_to_set() {
    for (instead, words) in [
        (Instead::PlainToHttps, "the port expects https"),
        (
            Instead::Redirect("https://nas.example.com:5001/".to_owned()),
            "set dsm.url = \"https://127.0.0.1:5001\"",
        ),
        (Instead::Html, "a web page came instead of JSON"),
    ] {
        let house = nas().await;
        house.dsm.always(Api::SignIn, instead);
        let report = inspect(&house).await;
        assert_one_fault(&report, "dsm.reach", Outcome::Fail, &[words]);
    }
}

#[tokio::test]
async fn each_refused_sign_in_names_its_remedy() {
    for (code, words) in [
        (400, "User & Group"),
        (401, "enable dsm.account in Control Panel > User & Group"),
        (402, "Control Panel > Application Privileges"),
        (403, "turn that off in Control Panel > Security > Account"),
        (404, "setup --otp again"),
        (405, "Control Panel > User & Group"),
        (406, "exempt it in Control Panel > Security > Account"),
        (407, "Control Panel > Security > Protection"),
        (408, "Control Panel > User & Group"),
        (409, "Control Panel > User & Group"),
        (410, "Control Panel > User & Group"),
        (411, "Control Panel > Security > Account"),
        (449, "Personal > Security"),
    ] {
        let house = nas().await;
        house.dsm.always(Api::SignIn, Instead::Code(code));
        let report = inspect(&house).await;
        let number = format!("({code})");
        let paused = "sign-ins to DSM are paused until 2026-";
        assert_one_fault(
            &report,
            "dsm.sign-in",
            Outcome::Fail,
            &[&number, words, paused],
        );
        assert_not_tested(
            &report,
            &all_but(&["dsm.reach", "dsm.sign-in", "dsm.power"]),
        );
    }
}

#[tokio::test]
async fn a_sign_in_pause_is_respected_and_reported() {
    let house = nas().await;
    house.dsm.always(Api::SignIn, Instead::Code(407));
    inspect(&house).await;
    house.dsm.as_usual(Api::SignIn);
    let requests = house.dsm.requests().len();

    let report = inspect(&house).await;

    assert_eq!(house.dsm.requests().len(), requests);
    let words = [
        "paused until 2026-",
        "has blocked this machine's address (407)",
    ];
    assert_one_fault(&report, "dsm.sign-in", Outcome::Fail, &words);
}

#[tokio::test]
async fn an_account_that_is_no_administrator_is_told_apart() {
    let house = nas().await;
    house.dsm.change(|dsm| dsm.account_is_administrator = false);
    let report = inspect(&house).await;
    let words = [
        "(105)",
        "group administrators in Control Panel > User & Group",
    ];
    assert_one_fault(&report, "dsm.sign-in", Outcome::Fail, &words);
}

#[tokio::test]
async fn a_password_file_that_is_gone_sends_no_request() {
    let house = nas().await;
    let requests = house.dsm.requests().len();
    fs::remove_file(house.home.path().join("dsm-password")).unwrap();
    let report = inspect(&house).await;
    assert_one_fault(&report, "dsm.sign-in", Outcome::Fail, &["dsm-password"]);
    assert_eq!(report.version, None);
    assert_eq!(house.dsm.requests().len(), requests);
}

#[tokio::test]
async fn a_user_list_that_is_not_used_leaves_the_settings_tested() {
    let house = nas().await;
    house.dsm.set_users([]);
    let report = inspect(&house).await;
    assert_one_fault(&report, "dsm.users", Outcome::Fail, &["it is empty"]);
    assert_not_tested(&report, &[]);

    let mut without = family();
    for user in &mut without {
        user.email = None;
    }
    house.dsm.set_users(without);
    let report = inspect(&house).await;
    assert_one_fault(
        &report,
        "dsm.users",
        Outcome::Fail,
        &["without a single address"],
    );
}

#[tokio::test]
async fn users_without_an_address_are_named() {
    let house = nas().await;
    let mut users = family();
    users.extend((1..=6).map(|n| FakeUser::new(&format!("guest{n}"), "")));
    // Denied and disabled users need no address.
    users.push(FakeUser::new("old", "").expired("now"));
    house.dsm.set_users(users);
    let report = inspect(&house).await;
    assert_one_fault(
        &report,
        "dsm.users",
        Outcome::Warn,
        &[
            "6 without an e-mail address",
            "\"guest5\" and 1 more",
            "User & Group",
        ],
    );
}

#[tokio::test]
async fn users_who_share_an_address_are_named() {
    let house = nas().await;
    let mut users = family();
    by_name(&mut users, "lea").email = Some("Jeanne.Martin@gmail.com".to_owned());
    house.dsm.set_users(users);
    let report = inspect(&house).await;
    let words = [
        "2 cannot sign in, because they share",
        "\"jeanne\", \"lea\"",
    ];
    assert_one_fault(&report, "dsm.users", Outcome::Warn, &words);
}

#[tokio::test]
async fn an_alias_for_a_user_who_does_not_exist_is_named() {
    let house = nas_with(|plan| {
        plan.more = "[[users.alias]]\ngoogle = \"maman@gmail.com\"\ndsm = \"jeane\"".to_owned();
    })
    .await;
    let report = inspect(&house).await;
    let words = ["1 of users.alias do not exist in DSM: \"jeane\""];
    assert_one_fault(&report, "dsm.users", Outcome::Warn, &words);
}

#[tokio::test]
async fn a_list_without_a_user_who_can_sign_in_is_a_fail() {
    let house = nas().await;
    let mut users = family();
    for user in &mut users {
        user.expired = Some("now".to_owned());
    }
    house.dsm.set_users(users);
    let report = inspect(&house).await;
    let words = [
        "lists 6 users, and none of them can sign in",
        "Control Panel > User & Group",
    ];
    assert_one_fault(&report, "dsm.users", Outcome::Fail, &words);
}

#[tokio::test]
async fn administrators_that_cannot_be_read_are_a_warning() {
    let house = nas().await;
    house.dsm.always(Api::Members, Instead::Code(3205));
    let report = inspect(&house).await;
    assert_one_fault(
        &report,
        "dsm.users",
        Outcome::Warn,
        &["list the administrators"],
    );
}

#[tokio::test]
async fn a_power_schedule_says_when_the_nas_goes_off() {
    let house = nas().await;
    let daily =
        |hour| json!([{"enabled": true, "hour": hour, "min": 0, "weekdays": "0,1,2,3,4,5,6"}]);
    let nightly = json!({"poweron_tasks": daily(7), "poweroff_tasks": daily(23)});
    house.dsm.change(|dsm| dsm.power_schedule = nightly);
    let report = inspect(&house).await;
    assert_eq!(faults(&report.findings), Vec::<&Finding>::new());
    let found = message(&report, "dsm.power");
    assert!(
        found.contains("off again tonight at 23:00 (time zone UTC)"),
        "{found}"
    );

    house.dsm.always(Api::PowerSchedule, Instead::Code(102));
    let report = inspect(&house).await;
    let words = [
        "this DSM lacks the API (102)",
        "off again tonight",
        "Power Schedule",
    ];
    assert_one_fault(&report, "dsm.power", Outcome::Warn, &words);
}

#[tokio::test]
async fn a_schedule_that_is_turned_off_is_ok() {
    let house = nas_with(|plan| plan.power = "schedule = \"off\"".to_owned()).await;
    let report = inspect(&house).await;
    assert_eq!(faults(&report.findings), Vec::<&Finding>::new());
    assert!(message(&report, "dsm.power").contains("power.schedule is off"));
}

#[tokio::test]
async fn a_version_that_cannot_be_read_hides_nothing() {
    for api in [Api::Version, Api::Web] {
        let house = nas().await;
        house.dsm.always(api, Instead::Code(104));
        let report = inspect(&house).await;
        let words = ["this DSM lacks this version of the API (104)"];
        assert_one_fault(&report, "dsm.reach", Outcome::Warn, &words);
        assert_not_tested(&report, &[]);
    }
}

#[tokio::test]
async fn a_corrected_password_ends_the_pause() {
    let house = nas().await;
    let password = house.home.path().join("dsm-password");
    write_secret(&password, "wrong");
    inspect(&house).await;
    house.dsm.write_password_file(house.home.path());
    let report = inspect(&house).await;
    assert_eq!(faults(&report.findings), Vec::<&Finding>::new());
}
