use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};
use std::sync::Arc;

use fakes::dsm::{Api, FakeDsm, FakeUser, Instead, SecondFactor};
use fakes::house::{ANSWERS, House, JEANNE, Plan, write_secret};
use google_to_synology_sso::clients::dsm::{DsmClient, DsmSettings};
use google_to_synology_sso::config::Config;

use super::Empty;
use crate::support::command_line::text;

const TOKEN: &str = "dsm-device-token";

/// A family whose setup is done, and whose account has 2-factor sign-in.
struct Family {
    empty: Empty,
    dsm: FakeDsm,
}

impl Family {
    async fn new() -> Self {
        let dsm = FakeDsm::start().await;
        let factor = SecondFactor::new("123456");
        dsm.change(|behaviour| behaviour.second_factor = Some(factor));
        let empty = Empty::new();
        let mut command = empty.command(&["setup", "--from-env"]);
        command.envs(ANSWERS);
        // DSM does not answer at this address, so setup does not sign in.
        let done = command.output().unwrap();
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        let config = empty.text("config.toml");
        let config = config.replace("http://127.0.0.1:5000", &dsm.url());
        fs::write(empty.config(), config).unwrap();
        dsm.write_password_file(empty.home());
        Self { empty, dsm }
    }

    /// Runs `setup --otp` with `typed` on standard input.
    async fn otp(&self, typed: &str) -> Output {
        let mut command = self.empty.command(&["setup", "--otp"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        // An error means that it has ended without reading.
        let _ = input.write_all(typed.as_bytes());
        drop(input);
        // The fake DSM responds on this thread.
        let output = tokio::task::spawn_blocking(|| child.wait_with_output());
        let output = output.await.unwrap().unwrap();
        let told = format!("{output:?}");
        assert!(!told.contains("device-token-1"), "{told}");
        assert!(!told.contains("horse"), "{told}");
        output
    }

    /// It failed with `words`, and left no files.
    async fn fails(&self, typed: &str, words: &str) {
        let before = self.empty.text("config.toml");
        let output = self.otp(typed).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(text(&output.stdout), "");
        assert!(text(&output.stderr).contains(words), "{output:?}");
        assert_eq!(self.empty.names(), super::FILES);
        assert_eq!(self.empty.text("config.toml"), before);
    }

    async fn the_daemon_gets_in(&self) {
        let config = Config::load(&self.empty.config()).unwrap();
        let client = DsmClient::new(DsmSettings::from(&config.dsm));
        client.list_users(&Arc::default()).await.unwrap();
    }
}

#[tokio::test]
async fn one_code_and_the_daemon_gets_in_without() {
    let family = Family::new().await;
    let before = family.empty.text("config.toml");
    let read_by_a_group = fs::Permissions::from_mode(0o640);
    fs::set_permissions(family.empty.config(), read_by_a_group).unwrap();
    // In the form that an authenticator shows.
    let output = family.otp("123 456\n").await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(family.dsm.calls(), [Api::SignIn, Api::SignOut]);
    assert_eq!(family.empty.text(TOKEN), "device-token-1\n");
    assert_eq!(family.empty.mode(TOKEN), 0o600);
    let after = family.empty.text("config.toml");
    let added = "device-token-file = \"dsm-device-token\"\n";
    assert_eq!(after.replace(added, ""), before);
    assert_eq!(after.len(), before.len() + added.len());
    assert_eq!(family.empty.mode("config.toml"), 0o640);
    assert_eq!(family.empty.check().status.code(), Some(0));
    family.the_daemon_gets_in().await;
}

#[tokio::test]
async fn a_second_time_only_the_token_is_new() {
    let family = Family::new().await;
    let config = family.empty.text("config.toml");
    let named = config.replace("[dsm]", "[dsm]\ndevice-token-file = \"the-token\"");
    fs::write(family.empty.config(), &named).unwrap();
    for token in ["device-token-1\n", "device-token-2\n"] {
        let output = family.otp("123456").await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(!text(&output.stdout).contains("reload"), "{output:?}");
        assert_eq!(family.empty.text("the-token"), token);
        assert_eq!(family.empty.text("config.toml"), named);
    }
    family.the_daemon_gets_in().await;
}

#[tokio::test]
async fn a_rejection_by_dsm_is_reported() {
    let family = Family::new().await;
    family
        .fails("654321", "(404): run sudo -u google-to-synology-sso ")
        .await;
    let factor = family.dsm.behaviour().second_factor;
    family
        .dsm
        .change(|behaviour| behaviour.second_factor = None);
    family.fails("123456", "no 2-factor sign-in").await;
    family
        .dsm
        .change(|behaviour| behaviour.second_factor = factor);
    for (code, words) in [
        (400, "the password is wrong (400)"),
        (403, "(403)"),
        (406, "has none yet (406)"),
        (407, "has blocked this machine's address (407)"),
        (449, "Secure SignIn (449)"),
    ] {
        family.dsm.next(Api::SignIn, Instead::Code(code));
        family.fails("123456", words).await;
    }
}

#[tokio::test]
async fn an_invalid_code_is_not_sent() {
    let family = Family::new().await;
    for typed in ["", "\n", "   \n", "12-34\n", "héhé\n", &"1".repeat(40)] {
        let words = if typed.is_empty() {
            "nothing"
        } else {
            "not a one-time code"
        };
        family.fails(typed, words).await;
    }
    assert_eq!(family.dsm.calls(), []);
}

#[tokio::test]
async fn a_config_that_is_bad_is_told_before_the_code_is_spent() {
    let family = Family::new().await;
    let config = family.empty.text("config.toml");
    fs::write(family.empty.config(), config.replace("[dsm]", "[dsn]")).unwrap();
    let output = family.otp("123456").await;
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    assert_eq!(family.dsm.calls(), []);
}

#[tokio::test]
async fn the_family_signs_in_though_the_account_has_a_second_factor() {
    let directory = tempfile::tempdir().unwrap();
    let token_file = directory.path().join(TOKEN);
    write_secret(&token_file, "of last year");
    let house = House::planned(Plan {
        dsm: format!("device-token-file = {token_file:?}"),
        ..Plan::default()
    })
    .await;
    let mut factor = SecondFactor::new("123456");
    let device = ("of last year", "google-to-synology-sso");
    factor
        .devices
        .push((device.0.to_owned(), device.1.to_owned()));
    house
        .dsm
        .change(|behaviour| behaviour.second_factor = Some(factor));
    house.dsm.set_users([
        FakeUser::new("sso-reader", "").administrator(),
        FakeUser::new("nouvelle", "jeanne.martin@gmail.com"),
    ]);

    house.jobs().users.refresh().await.unwrap();

    let (claims, _) = house.sign_in(JEANNE, "").await;
    assert_eq!(claims["username"], "nouvelle");
    assert_eq!(house.dsm.counts().refused_sign_ins, 0);
    fs::remove_file(token_file).unwrap();
    let error = house.jobs().users.refresh().await.unwrap_err();
    assert!(error.to_string().contains("device-token-file"), "{error}");
    assert_eq!(house.dsm.counts().refused_sign_ins, 0);
}
