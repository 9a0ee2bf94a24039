//! The daemon writes DSM's sign-in settings and restores what was there before.

/// The connection to DSM fails in between.
mod interrupted;
/// What was there before comes back.
mod undo;
/// What is written, and what is left.
mod writes;

use fakes::dsm::FakeDsm;
use fakes::dsm::settings::{Settings, proxy_rule};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, Plan, REDIRECT_URI};
use serde_json::{Value, json};

use crate::support;
use crate::support::process::until;

const ISSUER: &str = "https://login.example.com";

/// The settings that a program writes to DSM.
#[derive(Clone, Debug, PartialEq)]
struct Written {
    client: Value,
    profile: Value,
    rules: Vec<Value>,
}

/// A NAS with these settings in DSM, whose users were read.
async fn nas(settings: Settings) -> House {
    nas_planned(settings, Plan::default()).await
}

async fn nas_planned(settings: Settings, plan: Plan) -> House {
    let house = House::planned(Plan {
        issuer: Some(ISSUER.to_owned()),
        ..plan
    })
    .await;
    // The job's own refresh at start has ended.
    until("the daemon has read the users twice", || {
        house.dsm.counts().sign_outs == 2
    })
    .await;
    house.dsm.change(|dsm| dsm.settings = settings);
    house
}

/// A DSM that offers the sign-in of another service, and has a rule for the
/// public name that leads to another port. Both have values that this program
/// does not know.
fn foreign() -> Settings {
    let mut settings = Settings::of("https://other.example.com", "their secret", "https://x/");
    settings.client["oidc_of_a_later_dsm"] = json!("kept");
    let mut rule = proxy_rule("login.example.com", 8080);
    rule["customize_headers"] = json!([{"name": "X-Theirs", "value": "é \"1\""}]);
    rule["proxy_read_timeout"] = json!(3600);
    settings.proxy = vec![proxy_rule("photos.example.com", 9000), rule];
    settings.proxy[0]["UUID"] = json!("11111111-0000-4000-8000-000000000001");
    settings
}

/// The settings of a correct set-up, without the rule.
fn correct() -> Settings {
    Settings::of(ISSUER, CLIENT_SECRET_OF_DSM, REDIRECT_URI)
}

fn written(dsm: &FakeDsm) -> Written {
    let settings = dsm.behaviour().settings;
    Written {
        client: settings.client,
        profile: settings.profile,
        rules: settings.proxy,
    }
}

/// Asks the daemon by its control socket; returns the whole answer.
async fn answer(house: &House, request: &Value) -> Value {
    let answer = support::control::answer(house, request).await;
    let text = answer.to_string();
    assert!(!text.contains(CLIENT_SECRET_OF_DSM), "{text}");
    assert!(!text.contains("their secret"), "{text}");
    answer
}

async fn report(house: &House, request: &Value) -> Value {
    let answer = answer(house, request).await;
    assert!(answer["report"].is_object(), "{answer}");
    answer["report"].clone()
}

/// Returns why the daemon did not do it.
async fn refusal(house: &House, request: &Value) -> String {
    let answer = answer(house, request).await;
    let message = answer["refused"]["message"].as_str();
    message.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Looks at the plan, and agrees.
async fn apply(house: &House) -> Value {
    let plan = report(house, &json!({"command": "plan-apply"})).await;
    report(house, &to_apply(&plan, false)).await
}

fn to_apply(plan: &Value, force: bool) -> Value {
    json!({"command": "apply", "seen": plan["seen"], "force": force})
}

/// Looks at the plan, and agrees.
async fn undo(house: &House, force: bool) -> Value {
    let plan = report(house, &json!({"command": "plan-undo"})).await;
    let request = json!({"command": "undo", "seen": plan["seen"], "force": force});
    report(house, &request).await
}

/// The places that were left.
fn left(report: &Value) -> Vec<&str> {
    let left = report["left"].as_array().unwrap();
    left.iter()
        .map(|left| left["place"].as_str().unwrap())
        .collect()
}

/// The fields that differ.
fn differing(report: &Value) -> Vec<&str> {
    let rows = report["rows"].as_array().unwrap().iter();
    let rows = rows.filter(|row| row["same"] == false);
    rows.map(|row| row["field"].as_str().unwrap()).collect()
}

#[track_caller]
fn assert_done(report: &Value) {
    assert_eq!(report["problems"], json!([]), "{report:#}");
    assert_eq!(left(report), Vec::<&str>::new(), "{report:#}");
    assert_eq!(differing(report), Vec::<&str>::new(), "{report:#}");
}
