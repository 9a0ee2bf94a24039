use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::{Output, Stdio};

use fakes::house::ANSWERS;
use google_to_synology_sso::config::Config;
use serde_json::Value;

use super::{Empty, FILES, tells_no_secret};
use crate::support::command_line::{bare, text};

impl Empty {
    /// Runs `setup --from-env` with the family's answers, except for `changes`.
    fn wizard(&self, changes: &[(&str, &str)], force: bool) -> Output {
        let mut command = self.command(&["setup", "--from-env"]);
        command.args(force.then_some("--force"));
        command.envs(ANSWERS).envs(changes.iter().copied());
        command.output().unwrap()
    }
}

#[test]
fn the_wizards_answers_are_a_good_config() {
    let empty = Empty::new();
    let done = empty.wizard(&[], false);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    tells_no_secret(&done);
    has_only_the_remark_about_dsm(&done);
    for next in ["check", "dsm-settings", "setup --otp", "run"] {
        assert!(text(&done.stdout).contains(next), "{done:?}");
    }
    assert_eq!(empty.names(), FILES);
    for name in FILES {
        assert_eq!(empty.mode(name), 0o600, "{name}");
    }
    let checked = empty.check();
    assert_eq!(checked.status.code(), Some(0));
    assert_eq!(text(&checked.stdout).lines().count(), 1, "{checked:?}");

    let config = Config::load(&empty.config()).unwrap();
    assert_eq!(config.issuer.as_str(), "https://login.example.com");
    assert_eq!(config.google.client_id, "1234.apps.googleusercontent.com");
    assert_eq!(config.google.client_secret.expose(), "GOCSPX-correct-horse");
    assert_eq!(config.dsm.url, "http://127.0.0.1:5000");
    assert_eq!(config.dsm.account, "sso-reader");
    assert!(!config.dsm.accept_invalid_certificate);
    assert_eq!(empty.text("dsm-password"), "battery staple\n");
    let client = &config.clients[0];
    assert_eq!(client.id.as_str(), "synology");
    assert_eq!(client.redirect_uris[0].as_str(), "https://nas.example.com/");
    assert_eq!(client.secret.expose(), "a secret of twenty-six bytes");
    assert_eq!(config.log.file, None);
}

/// DSM does not run on this machine.
fn has_only_the_remark_about_dsm(done: &Output) {
    let told = text(&done.stderr);
    assert_eq!(told.lines().count(), 2, "{told}");
    let remark = "\n  DSM did not answer at http://127.0.0.1:5000, so";
    assert!(told.contains(remark), "{told}");
}

/// DSM gives a package these two directories, the first by a link, and discards
/// standard error.
#[test]
fn on_a_nas_the_log_is_where_dsm_keeps_those_of_packages() {
    for (name, is_ours) in [("google-to-synology-sso", true), ("somebody", false)] {
        let nas = tempfile::tempdir().unwrap();
        let package = nas.path().join(name);
        let elsewhere = nas.path().join("@apphome");
        for directory in [&package, &package.join("var"), &elsewhere] {
            fs::create_dir(directory).unwrap();
        }
        std::os::unix::fs::symlink(&elsewhere, package.join("home")).unwrap();
        let path = package.join("home/config.toml");
        let mut command = bare(&["setup", "--from-env", "--config"]);
        let done = command.arg(&path).envs(ANSWERS).output().unwrap();
        assert_eq!(done.status.code(), Some(0), "{done:?}");

        let config = Config::load(&path).unwrap();

        let log = package.join("var/google-to-synology-sso.log");
        assert_eq!(config.log.file, is_ours.then_some(log));
    }
}

#[test]
fn a_wizard_that_was_skipped_writes_nothing() {
    let empty = Empty::new();
    let unset = empty.command(&["setup", "--from-env"]).output().unwrap();
    let nothing = ANSWERS.map(|(variable, _)| (variable, ""));
    // The default values of the wizard's fields.
    let untouched = nothing.map(|field| match field.0 {
        "wizard_dsm_url" => (field.0, "http://127.0.0.1:5000"),
        "wizard_dsm_account" => (field.0, "sso-reader"),
        _ => field,
    });
    let unticked = [("wizard_apply_dsm", "false")];
    for done in [
        unset,
        empty.wizard(&nothing, false),
        empty.wizard(&nothing, true),
        empty.wizard(&untouched, false),
        empty.wizard(&[&untouched[..], &unticked].concat(), false),
    ] {
        assert_eq!(done.status.code(), Some(0));
        assert_eq!(format!("{}{}", text(&done.stdout), text(&done.stderr)), "");
        assert_eq!(empty.names(), [""; 0]);
    }
}

#[test]
fn all_missing_or_wrong_answers_are_reported_at_once() {
    let empty = Empty::new();
    let done = empty.wizard(
        &[
            ("wizard_issuer", ""),
            ("wizard_redirect_uri", "https://nas.example.com/#/signin"),
            ("wizard_google_client_id", "1234 apps"),
            ("wizard_client_secret", "battery staple"),
            (
                "wizard_google_client_secret",
                "GOCSPX-correct-horse\nand more",
            ),
            ("wizard_dsm_url", "http://nas.example.com:5000"),
            ("wizard_dsm_account", "sso\u{7}reader"),
            ("wizard_dsm_password", "battery staple\n[dsm]"),
        ],
        false,
    );
    assert_eq!(done.status.code(), Some(2));
    assert_eq!(text(&done.stdout), "");
    tells_no_secret(&done);
    let told = text(&done.stderr);
    for (variable, problem) in [
        ("wizard_issuer", "is empty"),
        ("wizard_redirect_uri", "has a #"),
        ("wizard_google_client_id", "may only have"),
        ("wizard_client_secret", "is shorter than 16"),
        ("wizard_google_client_secret", "has a control character"),
        ("wizard_dsm_url", "has to be https"),
        ("wizard_dsm_account", "has a control character"),
        ("wizard_dsm_password", "has a control character"),
    ] {
        let line = format!("\n  {}, {variable}: {problem}", field(variable));
        assert!(told.contains(&line), "{line}: {told}");
    }
    assert_eq!(told.lines().count(), 9, "{told}");
    assert_eq!(empty.names(), [""; 0]);
}

/// Package Center shows the names of the answers as beside its fields, in one
/// language, and not the variables.
#[test]
fn a_dialog_names_the_fields_in_its_language() {
    for (language, wizard) in [("enu", ENGLISH), ("fre", FRENCH), ("jpn", ENGLISH)] {
        let empty = Empty::new();
        let dialog = |changes: &[(&str, &str)]| {
            let mut changes = changes.to_vec();
            changes.push(("SYNOPKG_DSM_LANGUAGE", language));
            empty.wizard(&changes, false)
        };
        let names = |done: &Output, colon: &str| -> Vec<String> {
            assert!(!text(&done.stderr).contains("wizard_"), "{done:?}");
            tells_no_secret(done);
            let lines = text(&done.stderr);
            let lines = lines.lines().filter_map(|line| line.strip_prefix("  "));
            let names = lines.map(|line| line.split(colon).next().unwrap().trim().to_owned());
            names.collect()
        };
        let expected = ANSWERS.map(|(variable, _)| field_of(wizard, variable));

        let invalid = ANSWERS.map(|(variable, _)| (variable, "\u{7}"));
        let done = dialog(&invalid);
        assert_eq!(done.status.code(), Some(2), "{done:?}");
        assert_same(names(&done, ":"), expected.clone());

        // The same with an existing config, which is not replaced.
        assert_eq!(dialog(&[]).status.code(), Some(0));
        let before = empty.text("config.toml");
        let others = [
            ("wizard_issuer", "https://other.example.com"),
            ("wizard_redirect_uri", "https://other-nas.example.com/"),
            ("wizard_google_client_id", "5678.apps.googleusercontent.com"),
            ("wizard_google_client_secret", "GOCSPX-battery-staple"),
            ("wizard_dsm_url", "https://127.0.0.1:5001"),
            ("wizard_dsm_account", "somebody"),
            ("wizard_dsm_password", "correct horse"),
            ("wizard_client_secret", "another secret, long enough"),
        ];
        let done = dialog(&others);
        assert_eq!(done.status.code(), Some(1), "{done:?}");
        assert_same(names(&done, "\n"), expected.clone());
        assert!(!text(&done.stderr).contains("another secret"), "{done:?}");
        let one = &others[6..7];
        assert_eq!(names(&dialog(one), "\n"), [field_of(wizard, one[0].0)]);

        // Equivalent spellings.
        let done = dialog(&[
            ("wizard_redirect_uri", "https://nas.example.com"),
            ("wizard_dsm_url", "http://127.0.0.1:5000/"),
        ]);
        assert_eq!(done.status.code(), Some(1), "{done:?}");
        assert!(text(&done.stderr).contains("all answers agree"), "{done:?}");
        assert_eq!(empty.text("config.toml"), before);
    }
}

fn assert_same(mut found: Vec<String>, expected: [String; 8]) {
    let mut expected = Vec::from(expected);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

pub(super) const ENGLISH: &str = include_str!("../../../spk/WIZARD_UIFILES/install_uifile");
pub(super) const FRENCH: &str = include_str!("../../../spk/WIZARD_UIFILES/install_uifile_fre");

pub(super) fn field(variable: &str) -> String {
    field_of(ENGLISH, variable)
}

/// The label of the field in Package Center.
pub(super) fn field_of(wizard: &str, variable: &str) -> String {
    let wizard: Value = serde_json::from_str(wizard).unwrap();
    let steps = wizard.as_array().unwrap().iter();
    let items = steps.flat_map(|step| step["items"].as_array().unwrap());
    let mut fields = items.filter_map(|item| item["subitems"].get(0).cloned());
    let Some(field) = fields.find(|field| field["key"] == variable) else {
        let (_, english, french) = WITHOUT_A_FIELD.iter().find(|it| it.0 == variable).unwrap();
        let is_french = wizard.to_string().contains("Compte DSM");
        return (if is_french { french } else { english }).to_string();
    };
    field["desc"].as_str().unwrap().to_owned()
}

/// The variables that the wizard does not ask for.
const WITHOUT_A_FIELD: [(&str, &str, &str); 3] = [
    (
        "wizard_google_client_secret",
        "Google's client secret",
        "Code secret du client Google",
    ),
    ("wizard_dsm_url", "DSM's own URL", "URL de DSM, vue du NAS"),
    (
        "wizard_client_secret",
        "Application secret",
        "Secret de l'application",
    ),
];

/// Each of them cannot work, or reveals a secret.
#[test]
fn a_value_in_the_place_of_another_is_rejected() {
    let json = "{\"web\":{\"client_id\":\"1234.apps.googleusercontent.com\",\
                \"client_secret\":\"GOCSPX-correct-horse\"}}";
    let id = "wizard_google_client_id";
    let secret = "wizard_google_client_secret";
    let (issuer, redirect) = ("wizard_issuer", "wizard_redirect_uri");
    for (variable, value, words) in [
        (id, "GOCSPX-correct-horse", "does not end in .apps."),
        (secret, "1234.apps.googleusercontent.com", "is a client ID"),
        (secret, json, "is the JSON of the Google console"),
        (
            issuer,
            "https://login.example.com/dex/.well-known/openid-configuration",
            "what stands before it: https://login.example.com/dex",
        ),
        (
            issuer,
            "https://login.example.com/callback",
            "what stands before it: https://login.example.com",
        ),
        (
            issuer,
            "https://login.example.com:5556",
            "has the port 5556",
        ),
        (issuer, "https://192.168.1.2", "has an IP address"),
        (
            issuer,
            "https://login.ex\u{e4}mple.com",
            "browsers send it: login.xn--exmple-cua.com",
        ),
        (
            redirect,
            "https://login.example.com/",
            "this service itself",
        ),
        (
            redirect,
            "https://login.example.com/callback",
            "this service itself",
        ),
        (
            redirect,
            "https://nas.example.com/callback",
            "ends in /callback",
        ),
        (
            redirect,
            "app.example:///callback",
            "has to begin with https",
        ),
    ] {
        let empty = Empty::new();
        let done = empty.wizard(&[(variable, value)], false);
        assert_eq!(done.status.code(), Some(2), "{value}: {done:?}");
        let told = text(&done.stderr);
        assert!(told.contains(field(variable).as_str()), "{told}");
        assert!(told.contains(words), "{value}: {told}");
        assert_eq!(told.lines().count(), 2, "{told}");
        tells_no_secret(&done);
        assert_eq!(empty.names(), [""; 0]);
    }
}

#[test]
fn unusual_but_valid_answers_are_accepted() {
    let loopback = [
        ("wizard_issuer", "http://127.0.0.1:5556"),
        ("wizard_redirect_uri", "http://127.0.0.1:8080/callback"),
    ];
    let one_host = [
        ("wizard_issuer", "https://nas.example.com/sso"),
        ("wizard_redirect_uri", "https://nas.example.com/"),
    ];
    let one_host_two_ports = [
        ("wizard_issuer", "https://nas.example.com:8443"),
        ("wizard_redirect_uri", "https://nas.example.com/"),
    ];
    for answers in [loopback, one_host, one_host_two_ports] {
        let done = Empty::new().wizard(&answers, false);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        has_only_the_remark_about_dsm(&done);
    }
}

#[test]
fn white_space_around_a_pasted_secret_is_removed_and_told() {
    let empty = Empty::new();
    let done = empty.wizard(
        &[
            ("wizard_google_client_secret", "GOCSPX-correct-horse "),
            ("wizard_client_secret", "\ta secret of twenty-six bytes\n"),
            ("wizard_dsm_password", " battery staple "),
        ],
        false,
    );
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(empty.text("google-client-secret"), "GOCSPX-correct-horse\n");
    assert_eq!(
        empty.text("synology-client-secret"),
        "a secret of twenty-six bytes\n"
    );
    // It may be part of a password.
    assert_eq!(empty.text("dsm-password"), " battery staple \n");
    let told = text(&done.stderr);
    for variable in ["wizard_google_client_secret", "wizard_client_secret"] {
        let line = format!("{}, {variable}: removed white space", field(variable));
        assert!(told.contains(&line), "{told}");
    }
    assert_eq!(told.lines().count(), 4, "{told}");
}

#[test]
fn an_answer_that_is_no_text_is_refused() {
    let empty = Empty::new();
    let mut command = empty.command(&["setup", "--from-env"]);
    command.envs(ANSWERS);
    let bytes = std::ffi::OsStr::from_bytes(b"battery\xff staple");
    let done = command.env("wizard_dsm_password", bytes).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
    let told = text(&done.stderr);
    assert!(told.contains("wizard_dsm_password: is not UTF-8"), "{told}");
    assert!(!told.contains("battery"), "{told}");
    assert_eq!(empty.names(), [""; 0]);
}

#[test]
fn quotes_and_the_like_come_out_as_they_went_in() {
    let odd = "O'Brien \"the\" \\ $(reboot) `x` | {é} ünï # = []";
    let empty = Empty::new();
    let changes = [
        ("wizard_client_secret", odd),
        ("wizard_google_client_secret", odd),
        ("wizard_dsm_account", odd),
        ("wizard_dsm_password", odd),
        // Pasted with a surrounding space.
        ("wizard_issuer", " https://login.example.com/dex "),
        (
            "wizard_google_client_id",
            "1\"2\\3'.apps.googleusercontent.com",
        ),
        ("wizard_dsm_url", "https://127.0.0.1:5001/"),
    ];
    let done = empty.wizard(&changes, false);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let config = Config::load(&empty.config()).unwrap();
    assert_eq!(config.dsm.account, odd);
    assert_eq!(config.google.client_secret.expose(), odd);
    assert_eq!(config.clients[0].secret.expose(), odd);
    assert_eq!(empty.text("dsm-password"), format!("{odd}\n"));
    assert_eq!(config.issuer.as_str(), "https://login.example.com/dex");
    assert_eq!(
        config.google.client_id,
        "1\"2\\3'.apps.googleusercontent.com"
    );
    // DSM's certificate is for its public host, not for this one.
    assert!(config.dsm.accept_invalid_certificate);
}

#[test]
fn existing_files_are_not_replaced_without_force() {
    for there in FILES {
        let empty = Empty::new();
        fs::write(empty.home().join(there), "somebody's work").unwrap();
        let done = empty.wizard(&[], false);
        assert_eq!(done.status.code(), Some(1), "{done:?}");
        assert!(text(&done.stderr).contains(there), "{done:?}");
        assert!(text(&done.stderr).contains("--force"), "{done:?}");
        assert_eq!(empty.names(), [there]);
        assert_eq!(empty.text(there), "somebody's work");

        // An invalid answer does not change the files either.
        let done = empty.wizard(&[("wizard_issuer", "https://")], true);
        assert_eq!(done.status.code(), Some(2));
        assert_eq!(empty.text(there), "somebody's work");

        let done = empty.wizard(&[], true);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        assert_eq!(empty.names(), FILES);
        assert_eq!(empty.mode(there), 0o600);
        assert_eq!(empty.check().status.code(), Some(0));
    }
}

/// The file that asks the daemon to enter the settings in DSM.
#[test]
fn the_choice_of_a_previous_setup_is_not_one_of_this_one() {
    const CHOICE: &str = "apply-dsm-settings";
    for force in [false, true] {
        let empty = Empty::new();
        fs::write(empty.home().join(CHOICE), "").unwrap();
        let done = empty.wizard(&[("wizard_apply_dsm", "false")], force);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        assert_eq!(empty.names(), FILES);

        let empty = Empty::new();
        fs::write(empty.home().join(CHOICE), "").unwrap();
        let done = empty.wizard(&[("wizard_apply_dsm", "true")], force);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
        assert_eq!(empty.mode(CHOICE), 0o600);
    }
}

#[test]
fn the_result_has_to_be_good_before_anything_is_replaced() {
    // A directory of 100 bytes makes the path of the control socket too long,
    // although each answer is valid.
    let empty = Empty::new();
    let deep = empty.home().join("d".repeat(100));
    fs::create_dir(&deep).unwrap();
    fs::write(deep.join("config.toml"), "somebody's work").unwrap();
    let mut command = bare(&["setup", "--from-env", "--force"]);
    command.arg("--config").arg(deep.join("config.toml"));
    let done = command.envs(ANSWERS).output().unwrap();
    assert_eq!(done.status.code(), Some(1), "{done:?}");
    assert!(text(&done.stderr).contains("control.socket"), "{done:?}");
    assert_eq!(fs::read_dir(&deep).unwrap().count(), 1);
    let config = fs::read_to_string(deep.join("config.toml")).unwrap();
    assert_eq!(config, "somebody's work");
}

#[test]
fn setup_fails_without_a_terminal_or_a_writable_directory() {
    let empty = Empty::new();
    let mut command = empty.command(&["setup"]);
    let done = command.stdin(Stdio::null()).output().unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert!(text(&done.stderr).contains("--from-env"), "{done:?}");
    fs::remove_dir(empty.home()).unwrap();
    let done = empty.wizard(&[], false);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("does not exist"), "{done:?}");
    let done = empty.command(&["setup", "--otp", "--force"]).output();
    assert_eq!(done.unwrap().status.code(), Some(2));
}
