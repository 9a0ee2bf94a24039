use std::path::Path;
use std::process::{Command, ExitStatus};

use fakes::house::{ANSWERS, write_secret};
use fakes::terminal::{Person, shows_typing};
use google_to_synology_sso::config::Config;

use super::{Empty, FILES, SECRETS};

const CTRL_C: u8 = 3;
const CTRL_D: u8 = 4;

/// The last question.
const YES: &str = "Enter these settings in DSM, and test everything? [Y/n]: ";

/// Gives all answers but the password, some of them at the second try. DSM does
/// not run on this machine.
fn almost_through(command: &Command) -> Person {
    let mut person = Person::types(command);
    person.answers(
        "Google's client (JSON): ",
        "1234.apps.googleusercontent.com",
    );
    person.answers_unseen("Google's client secret: ", "");
    person.reads("The answer is empty");
    person.answers_unseen("Google's client secret: ", "GOCSPX-correct-horse");
    person.answers("Public URL of this service: ", "ftp://login.example.com");
    person.reads("The answer has to begin with https://");
    person.answers("Public URL of this service: ", "login.example.com");
    person.reads("Completed to https://login.example.com");
    person.answers(
        "URL of DSM in the browser: ",
        "https://nas.example.com/#/signin",
    );
    person.reads("type https://nas.example.com/");
    person.answers("URL of DSM in the browser: ", "https://nas.example.com/");
    person.reads("DSM does not answer at http://127.0.0.1:5000");
    person.answers("DSM's own URL [http://127.0.0.1:5000]: ", "");
    person.reads("DSM did not answer at http://127.0.0.1:5000");
    person.answers("DSM account [sso-reader]: ", "");
    person
}

fn set_up(empty: &Empty) -> Command {
    empty.command(&["setup"])
}

#[test]
fn ctrl_c_at_a_hidden_prompt_restores_the_terminals_echo() {
    let empty = Empty::new();
    let mut person = almost_through(&empty.command(&["setup"]));
    person.reads("Password of the DSM account: ");
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
    person.answers_unseen("Password of the DSM account: ", "battery staple");
    person.answers(YES, "perhaps");
    person.answers(YES, "");
    person.reads("It enters the settings in DSM when it starts.");
    // Its checks fail here, but the config was written.
    person.reads(" daemon: the daemon is not running");
    let (status, screen) = person.leaves();
    assert_eq!(status.code(), Some(0), "{screen}");
    for secret in SECRETS {
        assert!(!screen.contains(secret), "{screen}");
    }
    assert!(screen.contains("dsm-settings"), "{screen}");

    let mut names = empty.names();
    assert_eq!(names.remove(0), "apply-dsm-settings");
    assert_eq!(names, FILES);
    assert_eq!(empty.check().status.code(), Some(0));
    let config = Config::load(&empty.config()).unwrap();
    assert_eq!(config.issuer.as_str(), "https://login.example.com");
    assert_eq!(config.dsm.url, "http://127.0.0.1:5000");
    assert_eq!(config.dsm.account, "sso-reader");
    assert_eq!(config.google.client_secret.expose(), "GOCSPX-correct-horse");
    assert_eq!(empty.text("dsm-password"), "battery staple\n");
    // 32 random bytes, which are not shown.
    let invented = config.clients[0].secret.expose();
    assert_eq!(invented.len(), 43);
    assert!(!screen.contains(invented), "{screen}");
}

#[test]
fn a_setup_left_before_the_end_writes_nothing() {
    let empty = Empty::new();
    let mut person = almost_through(&set_up(&empty));
    person.reads("Password of the DSM account: ");
    person.sees_no_echo();
    person.presses(CTRL_C);
    let (status, screen) = person.leaves();
    assert_ne!(status.code(), Some(0), "{screen}");
    assert_eq!(empty.names(), [""; 0]);

    let mut person = Person::types(&set_up(&empty));
    person.reads("Google's client (JSON): ");
    person.presses(CTRL_D);
    let (status, screen) = person.leaves();
    assert_eq!(status.code(), Some(1), "{screen}");
    assert!(screen.contains("nothing was written"), "{screen}");
    assert_eq!(empty.names(), [""; 0]);
}

#[test]
fn setup_asks_nothing_if_it_cannot_write() {
    let empty = Empty::new();
    let there: &Path = &empty.home().join("dsm-password");
    std::fs::write(there, "somebody's work").unwrap();
    let (status, screen) = Person::types(&set_up(&empty)).leaves();
    assert_eq!(status.code(), Some(1), "{screen}");
    assert!(!screen.contains("Google's client"), "{screen}");
    assert!(screen.contains("--force"), "{screen}");
}

/// A family whose config has more settings since the setup.
fn grown() -> Empty {
    let empty = Empty::new();
    let mut command = empty.command(&["setup", "--from-env"]);
    let done = command.envs(ANSWERS).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let config = empty.text("config.toml").replace(
        "\"google-client-secret\"",
        "\"of-google\"   # moved\r\nprompt = \"\"",
    );
    let config = format!("# ours\n{config}\n[users]\ndeny = [\"lea\"]   # for now\n");
    write_secret(&empty.config(), &config);
    let home = empty.home();
    std::fs::rename(home.join("google-client-secret"), home.join("of-google")).unwrap();
    empty
}

/// Presses Enter at every question except those in `answers`.
fn changes(empty: &Empty, answers: &[(&str, &str)]) -> (ExitStatus, String) {
    let mut person = Person::types(&set_up(empty));
    person.reads("The present values");
    for (prompt, present) in [
        ("Google's client (JSON)", "1234.apps.googleusercontent.com"),
        ("Google's client secret", "the present one"),
        ("Public URL of this service", "https://login.example.com"),
        ("URL of DSM in the browser", "https://nas.example.com/"),
        ("DSM account", "sso-reader"),
        ("Password of the DSM account", "the present one"),
        ("DSM's own URL", "http://127.0.0.1:5000"),
        ("Application secret", "the present one"),
    ] {
        let answer = answers.iter().find(|(of, _)| *of == prompt);
        let answer = answer.map_or("", |(_, answer)| *answer);
        let prompt = format!("{prompt} [{present}]: ");
        if present == "the present one" {
            person.answers_unseen(&prompt, answer);
        } else {
            person.answers(&prompt, answer);
        }
    }
    let (status, screen) = person.leaves();
    for secret in SECRETS {
        assert!(!screen.contains(secret), "{screen}");
    }
    (status, screen)
}

#[test]
fn a_second_time_only_what_is_answered_anew_is_written() {
    let empty = grown();
    let before = empty.text("config.toml");
    let (status, screen) = changes(
        &empty,
        &[
            ("URL of DSM in the browser", "https://dsm.example.com/"),
            ("DSM's own URL", "https://127.0.0.1:5001"),
            ("Google's client secret", "GOCSPX-another-one  "),
        ],
    );
    assert_eq!(status.code(), Some(0), "{screen}");
    assert!(screen.contains("White space"), "{screen}");

    let expected = before
        .replace("https://nas.example.com/", "https://dsm.example.com/")
        .replace("http://127.0.0.1:5000", "https://127.0.0.1:5001");
    let after = empty.text("config.toml");
    assert_eq!(
        after.replace("accept-invalid-certificate = true\n", ""),
        expected
    );
    assert_eq!(empty.text("of-google"), "GOCSPX-another-one\n");
    assert_eq!(empty.text("dsm-password"), "battery staple\n");
    for name in ["config.toml", "of-google"] {
        assert_eq!(empty.mode(name), 0o600, "{name}");
    }
    assert_eq!(empty.names().len(), 4);
    assert_eq!(empty.check().status.code(), Some(0));
    let config = Config::load(&empty.config()).unwrap();
    assert!(config.dsm.accept_invalid_certificate);
    assert_eq!(config.users.deny, ["lea"]);

    // And back again.
    let mut person = Person::types(&set_up(&empty));
    person.answers("[1234.apps.googleusercontent.com]: ", "");
    person.answers_unseen("Google's client secret [the present one]: ", "");
    person.answers("[https://login.example.com]: ", "");
    person.answers("[https://dsm.example.com/]: ", "https://nas.example.com/");
    person.answers("[sso-reader]: ", "");
    person.answers_unseen("Password of the DSM account [the present one]: ", "");
    person.answers("[https://127.0.0.1:5001]: ", "http://127.0.0.1:5000");
    person.answers_unseen("Application secret [the present one]: ", "");
    let (status, screen) = person.leaves();
    assert_eq!(status.code(), Some(0), "{screen}");
    let config = Config::load(&empty.config()).unwrap();
    assert!(!config.dsm.accept_invalid_certificate);
}

#[test]
fn a_second_time_with_nothing_new_writes_nothing() {
    let empty = grown();
    let inode = |name: &str| {
        let metadata = std::fs::metadata(empty.home().join(name)).unwrap();
        std::os::unix::fs::MetadataExt::ino(&metadata)
    };
    let before: Vec<u64> = empty.names().iter().map(|name| inode(name)).collect();
    let (status, screen) = changes(&empty, &[]);
    assert_eq!(status.code(), Some(0), "{screen}");
    assert!(screen.contains("Nothing was changed"), "{screen}");
    let after: Vec<u64> = empty.names().iter().map(|name| inode(name)).collect();
    assert_eq!(before, after);
}

#[test]
fn a_wrong_value_is_named_and_the_others_need_no_answer() {
    let empty = grown();
    let config = empty.text("config.toml");
    let wrong = config.replace("https://login.example.com", "https://nas.example.com");
    write_secret(&empty.config(), &wrong);
    std::fs::remove_file(empty.home().join("dsm-password")).unwrap();
    let mut person = Person::types(&set_up(&empty));
    person.answers("[1234.apps.googleusercontent.com]: ", "GOCSPX-another");
    person.reads("does not end in .apps.googleusercontent.com");
    person.answers("[1234.apps.googleusercontent.com]: ", "");
    person.answers_unseen("Google's client secret [the present one]: ", "");
    person.answers(
        "Public URL of this service [https://nas.example.com]: ",
        "https://login.example.com",
    );
    person.answers("[https://nas.example.com/]: ", "");
    person.answers("[sso-reader]: ", "");
    // Removed, so that the previous value is missing.
    person.answers_unseen("Password of the DSM account: ", "battery staple");
    person.answers("[http://127.0.0.1:5000]: ", "");
    person.answers_unseen("Application secret [the present one]: ", "");
    let (status, screen) = person.leaves();
    assert_eq!(status.code(), Some(0), "{screen}");
    assert_eq!(empty.text("config.toml"), config + "\n");
    assert_eq!(empty.text("dsm-password"), "battery staple\n");
    assert_eq!(empty.check().status.code(), Some(0));
}
