//! Changes are logged, and nothing while nothing changes.

use std::process::Stdio;

use fakes::dsm::{Api, FakeUser, Instead};
use fakes::house::{Plan, family};
use rustix::process::Signal;

use crate::support::built::Built;
use crate::support::command_line::{bare, text};

#[tokio::test]
async fn new_users_are_told_and_a_dsm_that_is_back_and_nothing_else() {
    let built = Built::planned(Plan::default()).await;
    let (dsm, daemon) = (&built.house.dsm, &built.process);
    let lists = |count| dsm.wait_until(move |counts| counts.sign_outs == count);
    daemon.says("users refreshed users=6 changed=true").await;

    daemon.signal(Signal::HUP);
    lists(2).await;
    let zoe = FakeUser::new("zoe", "zoe@gmail.com");
    dsm.set_users([family(), vec![zoe]].concat());
    daemon.signal(Signal::HUP);
    daemon.says("users refreshed users=7 changed=true").await;

    dsm.next(Api::Users, Instead::Html);
    daemon.signal(Signal::HUP);
    daemon.says("cannot refresh the users").await;
    daemon.says("users refreshed users=7 changed=false").await;
    let log = daemon.log();
    assert_eq!(log.matches("users refreshed").count(), 3, "{log}");
}

#[tokio::test]
async fn a_rotation_tells_by_the_clock_when_the_key_signs() {
    let built = Built::new().await;
    let config = built.house.home.path().join("config.toml");
    let mut command = bare(&["keys", "rotate", "--json"]);
    command.arg("--config").arg(config).stdin(Stdio::null());
    let keys: serde_json::Value =
        serde_json::from_str(text(&command.output().unwrap().stdout)).unwrap();
    let signs_from = keys[1]["signs_from"].as_str().unwrap();
    built
        .process
        .says(&format!(" state=next signs_from={signs_from}\n"))
        .await;
}
