//! One value at a time: its type, its form, what it means for others.

use super::{Config, LEAST, home, problems, write_secret};

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
    assert!(
        none[0].message.contains("no user could sign in"),
        "{none:?}"
    );
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

/// The secret would be in the URL of every login, for all to see.
#[test]
fn what_the_google_console_gives_has_its_places() {
    let id = "\"1234.apps.googleusercontent.com\"";
    let elsewhere = format!("{id}, issuer = \"https://id.example.com\"");
    check(id, "\"GOCSPX-hush\"", &["google.client-id"]);
    check(id, "\".apps.googleusercontent.com\"", &["google.client-id"]);
    let json = "'{\"web\":{\"client_id\":\"1234.apps.googleusercontent.com\"}}'";
    check(id, json, &["google.client-id"]);
    let other = elsewhere.replace("1234.apps.googleusercontent.com", "family");
    check(id, &other, &[]);
    check(id, &elsewhere.replace(id, json), &["google.client-id"]);

    for (secret, words) in [
        ("1234.apps.googleusercontent.com", "is a client ID"),
        ("{\"web\":{\"client_secret\":\"hush\"}}", "the JSON"),
        ("hush ", "white space"),
    ] {
        let home = home();
        let file = home.path().join("google-client-secret");
        write_secret(&file, secret);
        let found = problems(&home, LEAST);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].key, "google.client-secret-file");
        assert!(found[0].message.contains(words), "{found:?}");
        assert!(
            found[0].message.contains(file.to_str().unwrap()),
            "{found:?}"
        );
        assert!(!found[0].message.contains("hush"), "{found:?}");
        assert_eq!(problems(&home, &LEAST.replace(id, &other)), []);
    }
}

#[test]
fn a_login_that_google_or_dsm_cannot_bring_back_is_rejected() {
    let issuer = "\"https://login.example.com\"";
    let uris = "[\"https://nas.example.com/\"]";
    check(issuer, "\"https://192.168.1.2\"", &["issuer"]);
    check(issuer, "\"https://[2001:db8::1]:8443/sso\"", &["issuer"]);
    check(issuer, "\"http://127.0.0.1:5556\"", &[]);
    check(issuer, "\"http://[::1]:5556\"", &[]);
    let elsewhere = LEAST
        .replace("client-id =", "issuer = \"https://id.home\", client-id =")
        .replace(issuer, "\"https://192.168.1.2\"");
    assert_eq!(problems(&home(), &elsewhere), []);

    let first = &["clients[0].redirect-uris[0]"];
    check(issuer, "\"https://nas.example.com\"", first);
    check(uris, "[\"https://login.example.com/callback\"]", first);
    check(uris, "[\"https://login.example.com\"]", first);
    // A path of its own, or a port.
    check(issuer, "\"https://nas.example.com/sso\"", &[]);
    check(issuer, "\"https://nas.example.com:8443\"", &[]);
    for document in ["/.well-known/openid-configuration", "/dex/callback"] {
        let url = format!("\"https://login.example.com{document}\"");
        check(issuer, &url, &["issuer"]);
    }
}

#[test]
fn a_url_that_is_probably_anothers_is_a_warning() {
    let check = |changes: [&str; 2], expected: &[&str]| {
        let text = LEAST.replacen(changes[0], changes[1], 1);
        let config = Config::read(text.as_bytes(), home().path()).unwrap();
        let warned: Vec<String> = config.warnings().into_iter().map(|it| it.key).collect();
        assert_eq!(warned, expected, "{changes:?}");
    };
    let issuer = "https://login.example.com";
    check([issuer, "https://login.example.com:5556"], &["issuer"]);
    check([issuer, "http://127.0.0.1:5556"], &[]);
    check([issuer, "https://nas.example.com:5001"], &["issuer"]);
    check([issuer, "https://nas.example.com:5001/sso"], &[]);
    check([issuer, "https://nas.example.com:8443"], &[]);
    check([issuer, "https://login.example.com:5001"], &[]);
    let redirect = "https://nas.example.com/";
    let first = &["clients[0].redirect-uris[0]"];
    check([redirect, "https://nas.example.com/callback"], first);
    check([redirect, "http://localhost:8080/callback"], &[]);
    let wiki = "\"wiki\", secret-file = \"dsm-password\", redirect-uris = [\"https://wiki.example.com/callback\"] }, { id = \"synology\"";
    check(["\"synology\"", wiki], &[]);
}
