use std::process::{Command, ExitStatus};

use fakes::dsm::FakeDsm;
use fakes::house::{CLIENT_SECRET_OF_DSM, House};
use fakes::terminal::Person;
use tokio::task::spawn_blocking;

use super::{nas, stored, untouched};
use crate::support::command_line::bare;

const CTRL_D: u8 = 4;
const QUESTION: &str = "Type yes to write this to DSM: ";

/// Runs `dsm-settings` with `arguments` in a terminal, where `act` is what the
/// administrator does; returns everything on the screen.
async fn at_a_terminal(
    house: &House,
    environment: &[&str],
    arguments: &[&str],
    act: impl FnOnce(&mut Person, &FakeDsm) + Send + 'static,
) -> (ExitStatus, String) {
    let program = bare(&[&["dsm-settings"], arguments].concat());
    let mut command = Command::new("env");
    command.args(["-u", "NO_COLOR"]).args(environment);
    command.arg(program.get_program()).args(program.get_args());
    command
        .arg("--config")
        .arg(house.home.path().join("config.toml"));
    let dsm = house.dsm.clone();
    // The daemon that answers runs on this thread.
    let done = spawn_blocking(move || {
        let mut person = Person::types(&command);
        act(&mut person, &dsm);
        person.leaves()
    });
    let (status, screen) = done.await.unwrap();
    assert!(!screen.contains(CLIENT_SECRET_OF_DSM), "{screen}");
    (status, screen)
}

#[tokio::test]
async fn each_change_is_shown_in_colour_and_waits_for_a_yes() {
    let house = nas().await;
    let (status, screen) = at_a_terminal(&house, &[], &["--apply"], |person, dsm| {
        for words in [
            "sso-client: Control Panel > Domain/LDAP > SSO Client",
            "  enabled\r\n    \u{1b}[31m- false\u{1b}[0m\r\n    \u{1b}[32m+ true\u{1b}[0m",
            "  application_secret\r\n    \u{1b}[31m- (hidden)",
            "reverse-proxy: Control Panel > Login Portal > Advanced > Reverse Proxy",
            "  source\r\n    \u{1b}[31m- (none)",
            "+ https://login.example.com:443",
        ] {
            person.reads(words);
        }
        assert_eq!(stored(dsm), untouched());
        person.answers(QUESTION, "yes");
        person.reads("DSM has the same values.");
    })
    .await;
    assert_eq!(status.code(), Some(0), "{screen}");
    assert_eq!(stored(&house.dsm).profile["sso_enable"], true);

    let (status, screen) = at_a_terminal(&house, &[], &["--undo"], |person, _| {
        person.reads("  enabled\r\n    \u{1b}[31m- true\u{1b}[0m\r\n    \u{1b}[32m+ false");
        person.answers("Type yes to restore this in DSM: ", "yes");
    })
    .await;
    assert_eq!(status.code(), Some(0), "{screen}");
    assert_eq!(stored(&house.dsm), untouched());
}

#[tokio::test]
async fn anything_but_yes_writes_nothing() {
    let house = nas().await;
    for answer in ["y", "YES", "", "yes please", "no"] {
        let (status, screen) = at_a_terminal(&house, &[], &["--apply"], |person, _| {
            person.answers(QUESTION, answer);
            person.reads("nothing was written: the answer was not the word yes");
        })
        .await;
        assert_eq!(status.code(), Some(1), "{answer:?}: {screen}");
    }
    let (status, screen) = at_a_terminal(&house, &[], &["--apply"], |person, _| {
        person.reads(QUESTION);
        person.presses(CTRL_D);
        person.reads("nothing was written");
    })
    .await;
    assert_eq!(status.code(), Some(1), "{screen}");
    assert_eq!(house.dsm.writes(), []);
    assert_eq!(stored(&house.dsm), untouched());
}

#[tokio::test]
async fn a_change_in_dsm_after_the_question_needs_a_new_one() {
    let house = nas().await;
    let (status, screen) = at_a_terminal(&house, &[], &["--apply"], |person, dsm| {
        person.reads(QUESTION);
        dsm.change(|dsm| dsm.settings.client["oidc_name"] = "Okta".into());
        person.answers("", "yes");
        person.reads("have changed since they were shown");
    })
    .await;
    assert_eq!(status.code(), Some(1), "{screen}");
    assert_eq!(house.dsm.writes(), []);
}

#[tokio::test]
async fn no_color_prints_no_colour() {
    let house = nas().await;
    let environment = ["NO_COLOR=1"];
    let (status, screen) = at_a_terminal(&house, &environment, &["--apply"], |person, _| {
        person.reads("  enabled\r\n    - false\r\n    + true\r\n");
        person.answers(QUESTION, "yes");
    })
    .await;
    assert_eq!(status.code(), Some(0), "{screen}");
    assert!(!screen.contains('\u{1b}'), "{screen:?}");
}

#[tokio::test]
async fn with_yes_no_question_is_asked() {
    let house = nas().await;
    let (status, screen) = at_a_terminal(&house, &[], &["--apply", "--yes"], |person, _| {
        person.reads("+ https://login.example.com:443");
        person.reads("DSM has the same values.");
    })
    .await;
    assert_eq!(status.code(), Some(0), "{screen}");
    assert!(!screen.contains("Type yes"), "{screen}");
}

#[tokio::test]
async fn a_value_of_dsm_cannot_steer_the_terminal() {
    const HOSTILE: &str = "\u{1b}[2J\u{9b}2J\u{202e}moc.elgoog\n+ true";
    let house = nas().await;
    house.dsm.change(|dsm| {
        for name in ["oidc_user_claim", "oidc_redirect_uri", "oidc_client_id"] {
            dsm.settings.client[name] = HOSTILE.into();
        }
        dsm.settings.profile["sso_profile"] = HOSTILE.into();
    });
    let (status, screen) = at_a_terminal(&house, &["NO_COLOR=1"], &["--apply"], |person, _| {
        person.answers(QUESTION, "yes");
    })
    .await;
    assert_eq!(status.code(), Some(0), "{screen}");
    let steers = |c: &char| !matches!(c, '\r' | '\n') && (c.is_control() || *c == '\u{202e}');
    assert_eq!(screen.chars().find(steers), None, "{screen:?}");
    assert!(screen.contains("moc.elgoog"), "{screen}");

    // Also as the reason why a place is left.
    house.dsm.change(|dsm| {
        dsm.settings.profile = serde_json::json!({"sso_enable": true, "sso_profile": HOSTILE});
    });
    let (status, screen) = at_a_terminal(&house, &["NO_COLOR=1"], &["--apply"], |_, _| {}).await;
    assert_eq!(status.code(), Some(1), "{screen}");
    assert_eq!(screen.chars().find(steers), None, "{screen:?}");
    assert!(screen.contains("moc.elgoog"), "{screen}");
}
