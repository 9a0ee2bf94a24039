//! What the wizards' fields accept, compared with what setup accepts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use fakes::wrong_answers::{GOOGLE_JSON, WIZARD};
use regress::Regex;
use serde_json::Value;

use super::filled_in;
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
    let known: BTreeSet<_> = WIZARD.map(|(key, _)| key.to_owned()).into();
    assert_eq!(asked, known);
}

#[test]
fn all_of_it_may_be_left_as_it_is() {
    let untouched = super::untouched();
    for field in fields(&wizard("install_uifile")) {
        let default = &field["defaultValue"];
        let is_checkbox = default.is_boolean();
        let text = default.as_str().unwrap_or_default();
        let checked = default.as_bool().unwrap_or_default().to_string();
        let default = if is_checkbox { &checked } else { text };
        let may_be_blank = field["validator"]["allowBlank"] == true;
        assert_eq!(may_be_blank, !is_checkbox, "{field}");
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

const VALUES: [(&str, &str, Fate); 59] = [
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
    ("wizard_issuer", "https://192.168.1.2", Caught),
    ("wizard_issuer", "https://login.example.com:5556", Caught),
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
    ("wizard_issuer", "192.168.1.2", Caught),
    ("wizard_issuer", "login.example.com:5556/dex", Caught),
    ("wizard_google_client_id", GOOGLE_JSON, Good),
    (
        "wizard_google_client_id",
        "  {\"web\": {\"client_id\":\n\"1.apps.googleusercontent.com\",\n\"client_secret\": \"x\", \"redirect_uris\": [\"https://login.example.com/callback\"]\n}\n}\n",
        Good,
    ),
    (
        "wizard_google_client_id",
        "{\"web\":{\"client_id\":\"1.apps.googleusercontent.com\",\"client_secret\":\"x\"}}",
        Refused,
    ),
    (
        "wizard_google_client_id",
        "{\"web\":{\"client_id\":\"1.apps.googleusercontent.com\"}}",
        Caught,
    ),
    (
        "wizard_google_client_id",
        "{\"installed\":{\"client_id\":\"1.apps.googleusercontent.com\",\"client_secret\":\"x\"}}",
        Caught,
    ),
    (
        "wizard_google_client_id",
        "{\"web\":{\"client_id\":\"x\",\"client_secret\":\"1.apps.googleusercontent.com\"}}",
        Caught,
    ),
    (
        "wizard_google_client_id",
        "1234.apps.googleusercontent.com",
        Caught,
    ),
    ("wizard_google_client_id", "GOCSPX-a_b-c", Caught),
    ("wizard_google_client_id", "12 34", Caught),
    ("wizard_dsm_account", "sso-reader", Good),
    ("wizard_dsm_account", " Jérôme Müller ", Good),
    ("wizard_dsm_account", "  ", Caught),
    ("wizard_dsm_password", " with blanks ", Good),
    ("wizard_dsm_password", "p", Good),
    ("wizard_dsm_password", "   ", Caught),
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
    let mut answers = filled_in(&[(key, value)]);
    if key == "wizard_issuer" {
        // Google's client leads back to it.
        let issuer = value.trim().trim_end_matches('/');
        let issuer = issuer.trim_start_matches("https://");
        let scheme = if issuer.contains("://") {
            ""
        } else {
            "https://"
        };
        let json = GOOGLE_JSON.replace("https://login.example.com", &format!("{scheme}{issuer}"));
        answers.insert("wizard_google_client_id".to_owned(), json);
    }
    let done = setup.envs(answers).output().unwrap();
    let code = done.status.code();
    assert!(matches!(code, Some(0 | 2)), "{done:?}");
    code == Some(0)
}
