//! Hostile and wrong answers in the wizard.

use std::fs;

use fakes::wrong_answers::WRONG;
use serde_json::Value;

use super::{answers, filled_in, on_a_nas, serves, until};
use crate::built::root;

#[test]
fn an_answer_is_text_whatever_it_looks_like() {
    on_a_nas(|nas, package| {
        let hostile = r#"q"u'o|t&e\n $(touch /tmp/ran) `touch /tmp/ran` ;é漢 %s ${HOME} *"#;
        let long = format!("{hostile}{}", "x".repeat(3000));
        let answers = answers(&[
            ("wizard_client_secret", &long),
            ("wizard_google_client_secret", &long),
            ("wizard_dsm_account", hostile),
            ("wizard_dsm_password", &long),
            (
                "wizard_google_client_id",
                r#"1"2'$(id)|&\`id`.apps.googleusercontent.com"#,
            ),
        ]);

        let ran = nas.install(package, &answers);

        assert!(
            ran.dialog.contains("The configuration is written"),
            "{ran:?}"
        );
        for name in [
            "dsm-password",
            "google-client-secret",
            "synology-client-secret",
        ] {
            let text = fs::read_to_string(nas.file("home", name)).unwrap();
            assert_eq!(text, format!("{long}\n"), "{name}");
        }
        let config = fs::read_to_string(nas.file("home", "config.toml")).unwrap();
        let config: toml::Table = config.parse().unwrap();
        assert_eq!(config["dsm"]["account"].as_str(), Some(hostile));
        assert!(!nas.at("/tmp/ran").exists());
        until("it serves", serves);
    });
}

#[test]
fn an_answer_that_is_too_long_or_multi_line_is_rejected() {
    on_a_nas(|nas, package| {
        let long = "hush ".repeat(2048);
        for (field, key, value) in [
            (
                "Password of the DSM account",
                "wizard_dsm_password",
                long.as_str(),
            ),
            ("Application secret", "wizard_client_secret", long.as_str()),
            (
                "Google's client secret",
                "wizard_google_client_secret",
                "hush\nhush",
            ),
            ("DSM account", "wizard_dsm_account", "hush\n[users]"),
        ] {
            let ran = nas.install(package, &answers(&[(key, value)]));
            assert_eq!(ran.code, 1, "{ran:?}");
            assert!(ran.dialog.contains(field), "{ran:?}");
            assert!(!format!("{ran:?}").contains("hush"), "{ran:?}");
        }
    });
}

/// The dialog names the field as the wizard does, and says what helps, in the
/// user's language.
#[test]
fn each_wrong_answer_has_the_message_that_helps() {
    on_a_nas(|nas, package| {
        for wrong in &WRONG {
            for (language, wizard, part) in [
                ("enu", "install_uifile", wrong.english),
                ("fre", "install_uifile_fre", wrong.french),
            ] {
                nas.language = language;
                let ran = nas.install(package, &filled_in(wrong.answers));
                assert_eq!(ran.code, 1, "{}: {ran:?}", wrong.mistake);
                let label = format!("- {}", label(wizard, wrong.field));
                let mut lines = ran.dialog.lines();
                let line = lines.find(|line| line.starts_with(&label));
                let line = line.unwrap_or_else(|| panic!("{}: {ran:?}", wrong.mistake));
                assert!(line.contains(part), "{}: {line}", wrong.mistake);
                assert!(!ran.dialog.contains("wizard_"), "{ran:?}");
                assert!(!nas.at("/var/packages/google-to-synology-sso").exists());
            }
        }
    });
}

/// The label of a field.
fn label(wizard: &str, variable: &str) -> String {
    let path = root().join("spk/WIZARD_UIFILES").join(wizard);
    let wizard: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let steps = wizard.as_array().unwrap().iter();
    let items = steps.flat_map(|step| step["items"].as_array().unwrap());
    let mut fields = items.map(|item| &item["subitems"][0]);
    let field = fields.find(|field| field["key"] == variable).unwrap();
    field["desc"].as_str().unwrap().to_owned()
}
