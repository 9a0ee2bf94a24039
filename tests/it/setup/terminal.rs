use std::path::Path;
use std::process::Command;

use fakes::terminal::{Person, shows_typing};
use google_to_synology_sso::config::Config;

use super::{Empty, FILES, SECRETS};

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;

/// All answers but the last, some of them at the second try.
fn almost_through(command: &Command) -> Person {
    let mut person = Person::types(command);
    person.answers("Public URL of this service: ", "login.example.com");
    person.reads("The answer has to begin with https://");
    person.answers("Public URL of this service: ", "https://login.example.com");
    person.answers(
        "URL of DSM in the browser: ",
        "https://nas.example.com/#/signin",
    );
    person.reads("type https://nas.example.com/");
    person.answers("URL of DSM in the browser: ", "https://nas.example.com/");
    person.answers("Google's client ID: ", "1234.apps.googleusercontent.com");
    person.answers_unseen("Google's client secret: ", "");
    person.reads("The answer is empty");
    person.answers_unseen("Google's client secret: ", "GOCSPX-correct-horse");
    person.answers("DSM's own URL [http://127.0.0.1:5000]: ", "");
    person.answers("DSM account [sso-reader]: ", "");
    person.answers_unseen("Password of the DSM account: ", "battery staple");
    person
}

fn set_up(empty: &Empty) -> Command {
    empty.command(&["setup"])
}

#[test]
fn ctrl_c_at_a_hidden_prompt_leaves_a_terminal_that_shows_what_is_typed() {
    let empty = Empty::new();
    let mut person = almost_through(&empty.command(&["setup"]));
    person.reads("Application secret [a random one]: ");
    person.sees_no_echo();
    person.presses(CTRL_C);
    let terminal = person.terminal();
    let (status, _) = person.leaves();
    assert!(!status.success());
    assert!(shows_typing(&terminal));
    assert_eq!(empty.names(), [""; 0]);
}

#[test]
fn a_person_is_asked_until_the_answers_are_good() {
    let empty = Empty::new();
    let mut person = almost_through(&set_up(&empty));
    person.answers_unseen("Application secret [a random one]: ", "too short");
    person.reads("is shorter than 16 characters");
    person.answers_unseen("Application secret [a random one]: ", "");
    let (status, screen) = person.leaves();
    assert_eq!(status.code(), Some(0), "{screen}");
    for secret in SECRETS {
        assert!(!screen.contains(secret), "{screen}");
    }
    assert!(!screen.contains("too short"), "{screen}");
    assert!(screen.contains("dsm-settings"), "{screen}");

    assert_eq!(empty.names(), FILES);
    assert_eq!(empty.check().status.code(), Some(0));
    let config = Config::load(&empty.config()).unwrap();
    assert_eq!(config.issuer.as_str(), "https://login.example.com");
    assert_eq!(config.dsm.url, "http://127.0.0.1:5000");
    assert_eq!(config.dsm.account, "sso-reader");
    assert_eq!(config.google.client_secret.expose(), "GOCSPX-correct-horse");
    assert_eq!(empty.text("dsm-password"), "battery staple\n");
    // 32 random bytes, which are on no screen.
    let invented = config.clients[0].secret.expose();
    assert_eq!(invented.len(), 43);
    assert!(!screen.contains(invented), "{screen}");
}

#[test]
fn who_leaves_before_the_end_has_written_nothing() {
    let empty = Empty::new();
    let mut person = almost_through(&set_up(&empty));
    person.reads("Application secret");
    person.sees_no_echo();
    person.presses(CTRL_C);
    let (status, screen) = person.leaves();
    assert_ne!(status.code(), Some(0), "{screen}");
    assert_eq!(empty.names(), [""; 0]);

    let mut person = Person::types(&set_up(&empty));
    person.reads("Public URL of this service: ");
    person.presses(CTRL_D);
    let (status, screen) = person.leaves();
    assert_eq!(status.code(), Some(1), "{screen}");
    assert!(screen.contains("nothing was written"), "{screen}");
    assert_eq!(empty.names(), [""; 0]);
}

#[test]
fn nobody_is_asked_for_what_cannot_be_written() {
    let empty = Empty::new();
    let there: &Path = &empty.home().join("dsm-password");
    std::fs::write(there, "somebody's work").unwrap();
    let (status, screen) = Person::types(&set_up(&empty)).leaves();
    assert_eq!(status.code(), Some(1), "{screen}");
    assert!(!screen.contains("Public URL"), "{screen}");
    assert!(screen.contains("--force"), "{screen}");
}
