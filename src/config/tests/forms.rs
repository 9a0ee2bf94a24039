//! One value at a time: its type, its form, what it means for others.

use super::{LEAST, home, problems};

/// `old` replaced by `new` in the least config: exactly these keys are bad.
fn check(old: &str, new: &str, expected: &[&str]) {
    assert!(LEAST.contains(old), "{old}");
    let found = problems(&home(), &LEAST.replacen(old, new, 1));
    let keys: Vec<&str> = found.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, expected, "{found:#?}");
}

#[test]
fn each_value_has_its_type() {
    check("\"https://login.example.com\"", "1", &["issuer"]);
    check(
        "google = {",
        "google = 1\ngoogly = {",
        &["google", "googly"],
    );
    check(
        "[\"https://nas.example.com/\"]",
        "\"https://nas.example.com/\"",
        &["clients[0].redirect-uris"],
    );
    check(
        "[\"https://nas.example.com/\"]",
        "[1, \"https://nas/\", true]",
        &["clients[0].redirect-uris[0]", "clients[0].redirect-uris[2]"],
    );
    check("[{ id", "{ id", &["config"]);
    check(
        "id = \"synology\"",
        "id = \"synology\", require-pkce = \"yes\"",
        &["clients[0].require-pkce"],
    );
    check("account =", "refresh = 3600, account =", &["dsm.refresh"]);
    check(
        "account =",
        "refresh = 2026-01-01, account =",
        &["dsm.refresh"],
    );
}

#[test]
fn each_value_has_its_form() {
    check(
        "google =",
        "username-claim = \"email\"\ngoogle =",
        &["username-claim"],
    );
    check(
        "google =",
        "log = { level = \"loud\", format = \"xml\" }\ngoogle =",
        &["log.level", "log.format"],
    );
    check(
        "google =",
        "listen = { address = \"localhost\" }\ngoogle =",
        &["listen.address"],
    );
    check(
        "google =",
        "listen = { trusted-proxies = [\"10.0.0.0/8\", \"fd00::1\", \"nas\", \"1.2.3.4/33\"] }\ngoogle =",
        &["listen.trusted-proxies[2]", "listen.trusted-proxies[3]"],
    );
    check(
        "google =",
        "storage.path = \"gone/state.sqlite3\"\ngoogle =",
        &["storage.path"],
    );
    check("client-id =", "prompt = \"\", client-id =", &[]);
    check(
        "account =",
        "refresh = \"59s\", account =",
        &["dsm.refresh"],
    );
    check("account =", "refresh = \"60s\", account =", &[]);
    check(
        "account =",
        "timeout = \"0s\", max-age = \"never\", account =",
        &["dsm.timeout", "dsm.max-age"],
    );
    check("\"sso-reader\"", "\"\"", &["dsm.account"]);
    check(
        "[\"https://nas.example.com/\"]",
        "[]",
        &["clients[0].redirect-uris"],
    );
    check(
        "[\"https://nas.example.com/\"]",
        "[\"https://nas.example.com/\", \"https://nas.example.com/#/signin\"]",
        &["clients[0].redirect-uris[1]"],
    );
    check(
        "\"synology-client-secret\"",
        "\"gone\"",
        &["clients[0].secret-file"],
    );
    check("\"dsm-password\"", "\"gone\"", &["dsm.password-file"]);
    check("id = \"synology\"", "id = \"\"", &["clients[0].id"]);
}

#[test]
fn the_prompt_is_one_that_google_knows() {
    check(
        "client-id =",
        "prompt = \"select_account consent\", client-id =",
        &[],
    );
    for prompt in ["none", "select_account none", "login", " ", "consent "] {
        check(
            "client-id =",
            &format!("prompt = \"{prompt}\", client-id ="),
            &["google.prompt"],
        );
    }
    let none = problems(
        &home(),
        &LEAST.replace("client-id =", "prompt = \"none\", client-id ="),
    );
    assert!(none[0].message.contains("nobody could sign in"), "{none:?}");
}

#[test]
fn rules_between_keys_are_noted_where_they_can_be_mended() {
    let listen = |line: &str| format!("listen = {{ {line} }}\ngoogle =");
    check(
        "google =",
        &listen("tls-certificate = \"a\""),
        &["listen.tls-private-key"],
    );
    check(
        "google =",
        &listen("tls-private-key = \"a\""),
        &["listen.tls-certificate"],
    );
    check(
        "google =",
        &listen("tls-certificate = \"gone\", tls-private-key = \"gone\""),
        &["listen.tls-certificate"],
    );
    check(
        "account =",
        "accept-invalid-certificate = true, account =",
        &["dsm.accept-invalid-certificate"],
    );
    check(
        "\"http://127.0.0.1:5000\"",
        "\"https://127.0.0.1:5001\", accept-invalid-certificate = true",
        &[],
    );
    check(
        "\"http://127.0.0.1:5000\"",
        "\"https://nas.example.com\", accept-invalid-certificate = true",
        &["dsm.accept-invalid-certificate"],
    );
    let second = "clients = [{ id = \"synology\", secret-file = \"dsm-password\", redirect-uris = [\"https://b/\"] }, ";
    check("clients = [", second, &["clients[1].id"]);
    check(
        "[{ id = ",
        "[{ allow-http-redirect = 1, id = ",
        &["clients[0].allow-http-redirect"],
    );
}
