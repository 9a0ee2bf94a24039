//! What the wizards' fields accept, compared with what setup accepts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use fakes::house::ANSWERS;
use regress::Regex;
use serde_json::Value;

use super::answers;
use crate::built::{self, root};

fn wizard(name: &str) -> Value {
    let path = root().join("spk/WIZARD_UIFILES").join(name);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// All the fields of a wizard.
fn fields(wizard: &Value) -> Vec<&Value> {
    let steps = wizard.as_array().unwrap().iter();
    let items = steps.flat_map(|step| step["items"].as_array().unwrap());
    let fields = items.filter_map(|item| item["subitems"].as_array());
    fields.flatten().collect()
}

/// `[key, expression, default]`
fn keys(wizard: &Value) -> Vec<[Value; 3]> {
    let fields = fields(wizard).into_iter();
    let keys = fields.map(|field| {
        let expression = &field["validator"]["regex"]["expr"];
        [&field["key"], expression, &field["defaultValue"]].map(Value::clone)
    });
    keys.collect()
}

#[test]
fn both_languages_ask_the_same() {
    for name in ["install_uifile", "uninstall_uifile"] {
        let (english, french) = (wizard(name), wizard(&format!("{name}_fre")));
        assert_eq!(keys(&english), keys(&french));
        let length = |wizard: &Value| wizard.as_array().unwrap().len();
        assert_eq!(length(&english), length(&french));
    }
    let asked: BTreeSet<_> = fields(&wizard("install_uifile"))
        .iter()
        .map(|field| field["key"].as_str().unwrap().to_owned())
        .collect();
    let known: BTreeSet<_> = ANSWERS.map(|(key, _)| key.to_owned()).into();
    assert_eq!(asked, known);
}

#[test]
fn all_of_it_may_be_left_as_it_is() {
    for field in fields(&wizard("install_uifile")) {
        assert_eq!(field["validator"]["allowBlank"], true, "{field}");
    }
    let untouched = super::untouched();
    for field in fields(&wizard("install_uifile")) {
        let default = field["defaultValue"].as_str().unwrap_or_default();
        assert_eq!(
            untouched[field["key"].as_str().unwrap()],
            default,
            "{field}"
        );
    }
}

/// What happens to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Accepted by the field and by setup.
    Good,
    /// Rejected by the field.
    Caught,
    /// Accepted by the field, and rejected before the installation.
    Refused,
}
use Fate::{Caught, Good, Refused};

const VALUES: [(&str, &str, Fate); 72] = [
    ("wizard_issuer", "https://login.example.com", Good),
    ("wizard_issuer", "https://login.example.com/", Good),
    ("wizard_issuer", "https://login.example.com:8443/dex", Good),
    ("wizard_issuer", " https://login.example.com ", Good),
    (
        "wizard_issuer",
        "https://LOGIN.example.com/a.b_c~d-e/",
        Good,
    ),
    ("wizard_issuer", "https://nas.example.com/sso", Good),
    (
        "wizard_issuer",
        "https://login.example.com/my-callback",
        Good,
    ),
    ("wizard_issuer", "https://[2001:db8::1]:8443/sso", Refused),
    ("wizard_issuer", "https://192.168.1.2", Refused),
    ("wizard_issuer", "https://login.example.com:5556", Refused),
    ("wizard_issuer", "https://login.exämple.com", Refused),
    // The same host as in the redirect URI.
    ("wizard_issuer", "https://nas.example.com", Refused),
    (
        "wizard_issuer",
        "https://login.example.com/callback",
        Caught,
    ),
    (
        "wizard_issuer",
        "https://login.example.com/dex/callback/ ",
        Caught,
    ),
    (
        "wizard_issuer",
        "https://login.example.com/.well-known/openid-configuration",
        Caught,
    ),
    ("wizard_issuer", "http://127.0.0.1:5556", Good),
    ("wizard_issuer", "http://localhost:5556/dex", Good),
    ("wizard_issuer", "http://[::1]:5556", Good),
    ("wizard_issuer", "login.example.com", Good),
    ("wizard_issuer", "HTTPS://login.example.com", Caught),
    ("wizard_issuer", "http://login.example.com", Caught),
    ("wizard_issuer", "http://192.168.1.2:5556", Caught),
    ("wizard_issuer", "http://localhost.example.com", Caught),
    ("wizard_issuer", "https://", Caught),
    ("wizard_issuer", "https://me@login.example.com", Caught),
    ("wizard_issuer", "https://login.example.com/?a=b", Caught),
    ("wizard_issuer", "https://login.example.com/#", Caught),
    ("wizard_issuer", "https://login example.com", Caught),
    ("wizard_issuer", "https://login.example.com/a//b", Refused),
    ("wizard_issuer", "https://login.example.com:99999", Refused),
    ("wizard_redirect_uri", "https://nas.example.com/", Good),
    ("wizard_redirect_uri", "https://nas.example.com", Good),
    (
        "wizard_redirect_uri",
        "https://nas.example.com:5001/a?b=c&d=%20",
        Good,
    ),
    ("wizard_redirect_uri", "https://nas.example.com?a", Good),
    (
        "wizard_redirect_uri",
        "http://localhost:8080/callback",
        Good,
    ),
    (
        "wizard_redirect_uri",
        "https://nas.example.com/#/signin",
        Caught,
    ),
    ("wizard_redirect_uri", "http://nas.example.com/", Caught),
    (
        "wizard_redirect_uri",
        "https://nas.example.com/callback",
        Caught,
    ),
    ("wizard_redirect_uri", "https://login.example.com/", Refused),
    ("wizard_redirect_uri", "nas.example.com", Good),
    ("wizard_redirect_uri", "https://a@nas.example.com/", Caught),
    ("wizard_redirect_uri", "https://nas.example.com/\\", Refused),
    ("wizard_dsm_url", "http://127.0.0.1:5000", Good),
    ("wizard_dsm_url", "http://127.0.0.1:5000/", Good),
    ("wizard_dsm_url", "https://localhost:5001", Good),
    ("wizard_dsm_url", "https://nas.example.com", Good),
    ("wizard_dsm_url", "http://192.168.1.2:5000", Caught),
    ("wizard_dsm_url", "http://127.0.0.1:5000/webapi", Caught),
    ("wizard_dsm_url", "127.0.0.1:5000", Caught),
    (
        "wizard_google_client_id",
        "1234-a.apps.googleusercontent.com",
        Good,
    ),
    (
        "wizard_google_client_id",
        "  1234.apps.googleusercontent.com\t",
        Good,
    ),
    ("wizard_google_client_id", "12 34", Caught),
    ("wizard_google_client_id", "GOCSPX-a_b-c", Caught),
    (
        "wizard_google_client_id",
        "{\"web\":{\"client_id\":\"1234.apps.googleusercontent.com\"}}",
        Refused,
    ),
    ("wizard_google_client_id", "é", Caught),
    ("wizard_google_client_secret", "GOCSPX-a_b-c", Good),
    ("wizard_google_client_secret", "x", Good),
    ("wizard_google_client_secret", " GOCSPX-abc", Good),
    ("wizard_google_client_secret", "GOCSPX-abc\n", Good),
    ("wizard_google_client_secret", "  ", Caught),
    (
        "wizard_google_client_secret",
        "1234.apps.googleusercontent.com",
        Caught,
    ),
    ("wizard_google_client_secret", "{\"web\":{}}", Caught),
    ("wizard_dsm_account", "sso-reader", Good),
    ("wizard_dsm_account", " Jérôme Müller ", Good),
    ("wizard_dsm_account", "  ", Caught),
    ("wizard_dsm_password", " with blanks ", Good),
    ("wizard_dsm_password", "p", Good),
    ("wizard_dsm_password", "   ", Caught),
    ("wizard_client_secret", "sixteen letters!", Good),
    ("wizard_client_secret", "seize caractères", Good),
    ("wizard_client_secret", " sixteen letters! ", Good),
    ("wizard_client_secret", "fifteen letters", Caught),
];

#[test]
fn a_field_refuses_no_good_answer() {
    let place = tempfile::tempdir().unwrap();
    built::unpack(&built::package(), place.path());
    let wizard = wizard("install_uifile");
    for (key, value, fate) in VALUES {
        let passes = expression(&wizard, key).find(value).is_some();
        let good = is_good(place.path(), key, value);
        assert_eq!(
            (passes, good),
            (fate != Caught, fate == Good),
            "{key}: {value:?}"
        );
    }
}

/// Extracts the JavaScript regular expression in `/.../`.
fn expression(wizard: &Value, key: &str) -> Regex {
    let fields = fields(wizard);
    let field = fields.iter().find(|field| field["key"] == key).unwrap();
    let written = field["validator"]["regex"]["expr"].as_str().unwrap();
    let expression = written
        .strip_prefix('/')
        .unwrap()
        .strip_suffix('/')
        .unwrap();
    Regex::new(expression).unwrap()
}

/// Whether setup accepts it.
fn is_good(package: &Path, key: &str, value: &str) -> bool {
    let home = tempfile::tempdir().unwrap();
    let mut setup = Command::new(package.join("target/bin/google-to-synology-sso"));
    setup.arg("--config").arg(home.path().join("config.toml"));
    setup.args(["setup", "--from-env"]).env_clear();
    let done = setup.envs(answers(&[(key, value)])).output().unwrap();
    let code = done.status.code();
    assert!(matches!(code, Some(0 | 2)), "{done:?}");
    code == Some(0)
}
