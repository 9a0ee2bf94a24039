use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fakes::dsm::{Api, FakeDsm, Instead};
use fakes::house::{House, write_secret};
use google_to_synology_sso::doctor::{Finding, Outcome};
use serde_json::Value;

use super::{
    SESSION, all_but, assert_not_tested, assert_one_fault, faults, inspect, message, names, nas,
};
use crate::support::control::{command, command_at_once};
use google_to_synology_sso::doctor::dsm::{DsmReport, ProxyState};

/// Runs `doctor --json`, and returns its lines about DSM.
async fn doctor(house: &House) -> DsmReport {
    let output = command_at_once(house, &["doctor", "--json"]).await;
    let all: Vec<Finding> = serde_json::from_slice(&output.stdout).unwrap();
    let names = names();
    let of_dsm = all
        .into_iter()
        .filter(|finding| names.contains(&finding.name.as_str()));
    DsmReport {
        findings: of_dsm.collect(),
        proxy: ProxyState::Unread,
        version: None,
        compared: Vec::new(),
    }
}

fn listing(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect()
}

/// A NAS whose daemon was stopped.
async fn stopped_nas() -> House {
    let mut house = nas().await;
    house.stop().await;
    house
}

#[tokio::test]
async fn the_command_shows_what_the_daemon_finds() {
    let house = nas().await;
    let of_daemon = inspect(&house).await;
    command(&house, &["status"]).await;
    let sign_ins = house.dsm.counts().sign_ins;
    assert_eq!(doctor(&house).await.findings, of_daemon.findings);
    assert_eq!(house.dsm.counts().sign_ins, sign_ins + 1);
}

#[tokio::test]
async fn without_a_daemon_the_command_reads_dsm_and_writes_nothing() {
    let house = stopped_nas().await;
    let before = listing(house.home.path());
    let requests = house.dsm.calls().len();
    let report = doctor(&house).await;
    assert_eq!(faults(&report.findings), Vec::<&Finding>::new());
    assert_eq!(house.dsm.calls()[requests..].len(), SESSION.len());
    assert_eq!(house.dsm.counts().open_sessions, 0);
    assert_eq!(listing(house.home.path()), before);
    assert!(message(&report, "dsm.users").contains("3 can sign in"));
}

#[tokio::test]
async fn without_a_daemon_a_saved_pause_is_respected() {
    let house = nas().await;
    house.dsm.always(Api::SignIn, Instead::Code(407));
    inspect(&house).await;
    let mut house = house;
    house.stop().await;
    // The command has the machine's clock.
    let later = "UPDATE hold SET until = unixepoch() + 600";
    house.state().execute(later, []).unwrap();
    let requests = house.dsm.requests().len();
    let before = listing(house.home.path());

    let report = doctor(&house).await;

    assert_eq!(house.dsm.requests().len(), requests);
    assert_eq!(listing(house.home.path()), before);
    let words = ["paused until 20", "(407)"];
    assert_one_fault(&report, "dsm.sign-in", Outcome::Fail, &words);
}

#[tokio::test]
async fn without_a_daemon_a_pause_in_the_journal_is_respected() {
    let house = nas().await;
    house.dsm.always(Api::SignIn, Instead::Code(407));
    inspect(&house).await;
    let later = "UPDATE hold SET until = unixepoch() + 600";
    house.state().execute(later, []).unwrap();
    // As after a power cut: the files of a running daemon, in another place.
    let cut_off = stopped_nas().await;
    for name in ["state.sqlite3", "state.sqlite3-wal"] {
        fs::copy(house.home.path().join(name), cut_off.home.path().join(name)).unwrap();
    }
    let report = doctor(&cut_off).await;
    assert_one_fault(&report, "dsm.sign-in", Outcome::Fail, &["(407)"]);
}

#[tokio::test]
async fn a_dsm_that_is_off_is_the_only_fault() {
    let mut house = stopped_nas().await;
    // A dropped server refuses connections.
    house.dsm = FakeDsm::start().await;
    let report = doctor(&house).await;
    let words = [
        "no connection",
        "ports 5000 and 5001 of this machine do not answer either",
    ];
    assert_one_fault(&report, "dsm.reach", Outcome::Fail, &words);
    assert_not_tested(&report, &all_but(&["dsm.reach"]));
}

#[tokio::test]
async fn without_a_daemon_each_fault_has_the_same_line() {
    let house = stopped_nas().await;
    write_secret(&house.home.path().join("dsm-password"), "wrong");
    let report = doctor(&house).await;
    assert_one_fault(&report, "dsm.sign-in", Outcome::Fail, &["(400)"]);
    assert_eq!(house.dsm.counts().refused_sign_ins, 1);
    house.dsm.write_password_file(house.home.path());

    house
        .dsm
        .change(|dsm| dsm.settings.client["oidc_user_claim"] = Value::Null);
    house.dsm.always(Api::PowerSchedule, Instead::Code(102));
    let report = doctor(&house).await;
    let faults = faults(&report.findings).into_iter();
    let names: Vec<&str> = faults.map(|fault| fault.name.as_str()).collect();
    assert_eq!(names, ["dsm.power", "sso-client.username_claim"]);
}
