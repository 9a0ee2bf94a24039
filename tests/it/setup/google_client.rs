use std::process::Output;

use fakes::house::ANSWERS;
use fakes::terminal::Person;
use google_to_synology_sso::config::Config;
use serde_json::{Value, json};

use super::{Empty, tells_no_secret};
use crate::support::command_line::text;

const ID: &str = "wizard_google_client_id";
const SECRET: &str = "wizard_google_client_secret";
const ISSUER: &str = "wizard_issuer";

/// The JSON that the Google console offers for a web application with these
/// redirect URIs.
fn client(redirect_uris: &[&str]) -> Value {
    json!({"web": {
        "client_id": "1234.apps.googleusercontent.com",
        "project_id": "family-1234",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
        "client_secret": "GOCSPX-correct-horse",
        "redirect_uris": redirect_uris,
    }})
}

fn usual() -> Value {
    client(&["https://login.example.com/callback"])
}

impl Empty {
    /// Runs `setup --from-env` with what the JSON does not have, and with
    /// `more`; the application secret is left empty.
    fn with_client(&self, more: &[(&str, &str)], file: Option<&Value>) -> Output {
        let mut command = self.command(&["setup", "--from-env"]);
        let rest = ANSWERS.into_iter().filter(|(variable, _)| {
            variable.starts_with("wizard_dsm") || *variable == "wizard_redirect_uri"
        });
        command.envs(rest).envs(more.iter().copied());
        if let Some(file) = file {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("client_secret.json");
            std::fs::write(&path, file.to_string()).unwrap();
            return command.arg("--google-client").arg(path).output().unwrap();
        }
        command.output().unwrap()
    }

    fn has_the_familys_client(&self, done: &Output) {
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        tells_no_secret(done);
        let config = Config::load(&self.config()).unwrap();
        assert_eq!(config.issuer.as_str(), "https://login.example.com");
        assert_eq!(config.google.client_id, "1234.apps.googleusercontent.com");
        assert_eq!(config.google.client_secret.expose(), "GOCSPX-correct-horse");
        let secret = config.clients[0].secret.expose();
        assert!(secret.len() >= 32, "it is generated: {secret}");
    }
}

#[test]
fn the_json_replaces_four_answers() {
    let pasted = Empty::new();
    let done = pasted.with_client(&[(ID, &usual().to_string())], None);
    pasted.has_the_familys_client(&done);

    let named = Empty::new();
    let done = named.with_client(&[], Some(&usual()));
    named.has_the_familys_client(&done);
}

#[test]
fn another_redirect_uri_of_the_client_does_not_matter() {
    let empty = Empty::new();
    let file = client(&[
        "https://login.example.com/callback",
        "https://other.example.com/",
        "https://login.example.com/callback",
    ]);
    let done = empty.with_client(&[], Some(&file));
    empty.has_the_familys_client(&done);
}

#[test]
fn a_given_issuer_is_compared_with_the_json() {
    let two = client(&[
        "https://login.example.com/callback",
        "https://old.example.com/callback",
    ]);
    let empty = Empty::new();
    let done = empty.with_client(&[(ISSUER, "login.example.com")], Some(&two));
    empty.has_the_familys_client(&done);
    let told = text(&done.stderr);
    assert!(
        told.contains("completed to https://login.example.com"),
        "{told}"
    );

    let empty = Empty::new();
    let done = empty.with_client(&[(ISSUER, "https://new.example.com")], Some(&two));
    assert_eq!(done.status.code(), Some(2), "{done:?}");
    let told = text(&done.stderr);
    let expected = "has no redirect URI https://new.example.com/callback: add it";
    assert!(told.contains(expected), "{told}");
    assert_eq!(empty.names(), [""; 0]);
}

/// Nothing is written, and the message says what to do at Google.
#[test]
fn a_json_that_cannot_work_is_rejected() {
    let without = |key: &str| {
        let mut file = usual();
        file["web"].as_object_mut().unwrap().remove(key);
        file
    };
    let changed = |key: &str, value: Value| {
        let mut file = usual();
        file["web"][key] = value;
        file
    };
    let desktop = json!({"installed": usual()["web"]});
    let service = json!({"type": "service_account", "private_key": "GOCSPX-correct-horse"});
    let two = client(&[
        "https://a.example.com/callback",
        "https://b.example.com/callback",
    ]);
    for (file, words) in [
        (desktop, "of the type Desktop app"),
        (service, "the key of a service account"),
        (json!({"web": null}), "has no OAuth client"),
        (json!({}), "has no OAuth client"),
        (without("client_id"), "lacks the client ID or its secret"),
        (
            without("client_secret"),
            "lacks the client ID or its secret",
        ),
        (
            without("redirect_uris"),
            "has no redirect URI that ends in /callback",
        ),
        (client(&[]), "has no redirect URI that ends in /callback"),
        (client(&["https://login.example.com/"]), "ends in /callback"),
        (two, "has two redirect URIs that end in /callback"),
        (client(&["http://login.example.com/callback"]), "https"),
        (client(&["https://192.168.1.2/callback"]), "IP address"),
        (
            changed("client_id", "GOCSPX-correct-horse".into()),
            "does not end in .apps.",
        ),
        (
            changed("client_secret", "1234.apps.googleusercontent.com".into()),
            "is a client ID",
        ),
        (
            changed("client_id", json!(1234)),
            "lacks the client ID or its secret",
        ),
    ] {
        let empty = Empty::new();
        let pasted = file.to_string();
        for done in [
            empty.with_client(&[(ID, &pasted)], None),
            empty.with_client(&[], Some(&file)),
        ] {
            assert_eq!(done.status.code(), Some(2), "{file}: {done:?}");
            let told = text(&done.stderr);
            assert!(told.contains(words), "{file}: {told}");
            tells_no_secret(&done);
            assert_eq!(empty.names(), [""; 0]);
        }
    }
}

#[test]
fn the_json_and_another_value_for_the_same_are_an_error() {
    let pasted = usual().to_string();
    let other = ("wizard_google_client_secret", "GOCSPX-other-secret");
    let empty = Empty::new();
    for done in [
        empty.with_client(&[(ID, &pasted), other], None),
        empty.with_client(&[other], Some(&usual())),
        empty.with_client(&[(ID, "1234.apps.googleusercontent.com")], Some(&usual())),
    ] {
        assert_eq!(done.status.code(), Some(2), "{done:?}");
        let told = text(&done.stderr);
        assert!(told.contains(SECRET) && told.contains("is given"), "{told}");
        assert!(!told.contains("other-secret"), "{told}");
        assert_eq!(empty.names(), [""; 0]);
    }
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let empty = Empty::new();
    let setup = |file: &str| {
        let arguments = ["setup", "--from-env", "--google-client", file];
        empty.command(&arguments).output().unwrap()
    };
    let done = setup("/nowhere/client.json");
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    assert!(
        text(&done.stderr).contains("/nowhere/client.json"),
        "{done:?}"
    );
    let done = setup("/dev/zero");
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    assert_eq!(empty.names(), [""; 0]);
}

/// Answers what the JSON does not have; returns the screen.
fn answers_the_rest(mut person: Person) -> String {
    person.answers("DSM's own URL [http://127.0.0.1:5000]: ", "");
    person.answers("DSM account [sso-reader]: ", "");
    person.answers_unseen("Password of the DSM account: ", "battery staple");
    person.answers("Enter these settings in DSM, and test everything?", "n");
    let (status, screen) = person.leaves();
    assert_eq!(status.code(), Some(0), "{screen}");
    screen
}

/// The public URL, ID and secret are not asked for.
#[test]
fn on_a_terminal_the_file_answers_three_questions() {
    let empty = Empty::new();
    let file = empty.home().join("client.json");
    std::fs::write(&file, usual().to_string()).unwrap();
    let command = empty.command(&["setup", "--google-client", file.to_str().unwrap()]);
    let mut person = Person::types(&command);
    person.reads("Public URL of this service: https://login.example.com, from the file");
    person.answers("URL of DSM in the browser: ", "nas.example.com");
    person.reads("Completed to https://nas.example.com");
    let screen = answers_the_rest(person);
    assert!(!screen.contains("correct-horse"), "{screen}");
    let config = Config::load(&empty.config()).unwrap();
    assert_eq!(config.google.client_secret.expose(), "GOCSPX-correct-horse");
    assert_eq!(
        config.clients[0].redirect_uris[0].as_str(),
        "https://nas.example.com"
    );
}

#[test]
fn on_a_terminal_the_json_may_be_pasted_as_the_client_id() {
    let empty = Empty::new();
    let mut person = Person::types(&empty.command(&["setup"]));
    // As a viewer shows it.
    let json = serde_json::to_string_pretty(&usual()).unwrap();
    let (beginning, _) = json.split_once("\n    \"redirect").unwrap();
    person.answers("Google's client (JSON): ", &format!("{beginning}\n"));
    person.reads("without its end");
    person.answers("Google's client (JSON): ", &json);
    let issuer = "Public URL of this service [https://login.example.com]: ";
    person.answers(issuer, "https://nas.example.com");
    person.reads("has no redirect URI https://nas.example.com/callback, only that of");
    person.answers(issuer, "");
    person.answers("URL of DSM in the browser: ", "https://nas.example.com/");
    answers_the_rest(person);
    let config = Config::load(&empty.config()).unwrap();
    assert_eq!(config.google.client_secret.expose(), "GOCSPX-correct-horse");
}
