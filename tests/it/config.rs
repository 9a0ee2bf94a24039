//! The errors and warnings of `check` for a config.

use std::fs::{self};

use crate::support::command_line::{EXAMPLE, Home, text};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::Value;

/// Every key, each with an invalid value.
const ALL_WRONG: &str = include_str!("data/all-wrong.toml");

#[test]
fn the_example_is_good() {
    let home = Home::with(EXAMPLE);
    let output = home.check();
    assert_eq!(output.status.code(), Some(0));
    let line = text(&output.stdout);
    assert!(line.starts_with("ok   config: "), "{line}");
    assert!(
        line.ends_with("issuer https://login.example.com, clients synology\n"),
        "{line}"
    );
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn every_key_that_is_wrong_is_reported_at_once() {
    let home = Home::with(ALL_WRONG);
    assert_eq!(
        home.failures(),
        [
            "issuer",
            "username-claim",
            "listen.address",
            "listen.trusted-proxies[1]",
            "listen.tls-certificate",
            "listen.tls-private-key",
            "google.client-id",
            "google.client-secret-file",
            "google.issuer",
            "google.prompt",
            "google.authoritative-addresses-only",
            "google.hosted-domains[0]",
            "dsm.url",
            "dsm.account",
            "dsm.password-file",
            "dsm.refresh",
            "dsm.timeout",
            "dsm.max-age",
            "dsm.accept-invalid-certificate",
            "dsm.device-token-file",
            "power.schedule",
            "power.file",
            "power.refresh-before-power-off",
            "users.administrators",
            "users.deny[0]",
            "users.alias[1].google",
            "users.alias[1].dsm",
            "clients[0].id",
            "clients[0].name",
            "clients[0].secret-file",
            "clients[0].allow-http-redirect",
            "clients[0].redirect-uris[0]",
            "clients[0].redirect-uris[1]",
            "clients[0].require-pkce",
            "keys.rotate-after",
            "storage.path",
            "log.level",
            "log.format",
            "log.file",
            "control.socket",
        ]
    );
}

#[test]
fn an_unknown_key_is_rejected() {
    let home = Home::with(&EXAMPLE.replace("account =", "acount ="));
    let output = home.check();
    assert_eq!(output.status.code(), Some(78));
    assert_eq!(
        text(&output.stdout),
        "fail dsm.account: is missing\nfail dsm.acount: is unknown; did you mean account?\n"
    );
    let home = Home::with(&EXAMPLE.replace("[keys]", "colour = true\n[keys]"));
    assert_eq!(home.failures(), ["clients[0].colour"]);
}

#[test]
fn a_redirect_uri_is_one_that_dsm_can_send() {
    let check = |uris: &str, expected: &str| {
        let home = Home::with(&EXAMPLE.replace("[\"https://nas.example.com/\"]", uris));
        let output = home.check();
        let found = text(&output.stdout);
        let key = "fail clients[0].redirect-uris";
        assert!(found.starts_with(key), "{uris}: {found}");
        assert!(found.contains(expected), "{uris}: {found}");
        assert_eq!(found.lines().count(), 1, "{uris}: {found}");
    };
    check(
        "[\"https://nas.example.com/#/signin\"]",
        "leave it off, here and in DSM, and type https://nas.example.com/\n",
    );
    check(
        "[\"http://nas.example.com/\"]",
        "allow-http-redirect = true",
    );
    check("[\"http://192.168.1.2/\"]", "allow-http-redirect = true");
    check(
        "[\"https://jeanne:x@nas.example.com/\"]",
        "user information",
    );
    check("[\"https://nas.example.com/ /\"]", "the character ' '");
    check(
        "[\"https://nas.example.com/\\r\\n\"]",
        "the character '\\r'",
    );
    check("[\"/signin\"]", "begin with https://");
    check("[\"https://\"]", "no host");
    check("[]", "one entry at least");
    check(
        &format!("[\"https://nas.example.com/{}\"]", "a".repeat(1_000)),
        "1000 bytes",
    );
}

#[test]
fn http_for_a_private_host_has_to_be_asked_for() {
    let private = EXAMPLE.replace("https://nas.example.com/", "http://192.168.1.2:5000/");
    assert_eq!(
        Home::with(&private).failures(),
        ["clients[0].redirect-uris[0]"]
    );
    let asked = |text: &str| {
        text.replace(
            "# allow-http-redirect = false",
            "allow-http-redirect = true",
        )
    };
    let output = Home::with(&asked(&private)).check();
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("\nwarn clients[0].redirect-uris[0]: is http"));
    let public = private.replace("192.168.1.2", "8.8.8.8");
    assert_eq!(
        Home::with(&asked(&public)).failures(),
        ["clients[0].redirect-uris[0]"]
    );
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    let check = |name: &str, key: &str, mode: u32, good: bool| {
        let home = Home::with(EXAMPLE);
        home.write(name, "correct-horse-battery-staple\n", mode);
        let expected: &[&str] = if good { &[] } else { &[key] };
        assert_eq!(home.failures(), expected, "{name} {mode:04o}");
    };
    for (name, key) in [
        ("google-client-secret", "google.client-secret-file"),
        ("dsm-password", "dsm.password-file"),
        ("synology-client-secret", "clients[0].secret-file"),
    ] {
        check(name, key, 0o600, true);
        check(name, key, 0o400, true);
        check(name, key, 0o640, false);
        check(name, key, 0o604, false);
        check(name, key, 0o620, false);
    }
}

/// Another user of the machine could enter another DSM, which would get the
/// password.
#[test]
fn a_config_that_others_can_write_to_is_rejected() {
    for (mode, good) in [
        (0o600, true),
        (0o644, true),
        (0o664, false),
        (0o602, false),
        (0o666, false),
    ] {
        let home = Home::with(EXAMPLE);
        home.write("config.toml", EXAMPLE, mode);
        let expected: &[&str] = if good { &[] } else { &["config"] };
        assert_eq!(home.failures(), expected, "{mode:04o}");
        if good {
            continue;
        }
        for command in ["check", "run", "status", "dsm-settings"] {
            let output = home.command(&[command]).output().unwrap();
            assert_eq!(output.status.code(), Some(78), "{output:?}");
            let path = home.path().display().to_string();
            let words = format!("can write to {path} (mode {mode:04o}): run chmod 600");
            assert!(format!("{output:?}").contains(&words), "{output:?}");
        }
    }
}

#[test]
fn an_error_names_a_secret_file_and_never_a_pasted_secret() {
    let home = Home::with(EXAMPLE);
    home.write("dsm-password", "correct-horse\n", 0o644);
    let output = home.check();
    let named = home.path().with_file_name("dsm-password");
    let expected = format!("names {}, which cannot be used", named.display());
    assert!(text(&output.stdout).contains(&expected), "{output:?}");

    let pasted = EXAMPLE.replace("\"dsm-password\"", "\"correct-horse\"");
    let output = Home::with(&pasted).check();
    let found = text(&output.stdout);
    assert!(found.contains("dsm.password-file: names a file"), "{found}");
    assert!(!found.contains("horse"), "{found}");
}

#[test]
fn an_error_about_a_file_names_it() {
    let directory = |config: &str| {
        let home = Home::with(config);
        fs::create_dir(home.path().with_file_name("sub")).unwrap();
        home
    };
    for (from, to, name) in [
        (
            "\"google-client-secret\"",
            "\"google-client-secret\"",
            "google-client-secret",
        ),
        ("\"dsm-password\"", "\"sub\"", "sub"),
        ("\"dsm-password\"", "\"sub/password\"", "sub/password"),
        ("# path = \"state.sqlite3\"", "path = \"sub\"", "sub"),
        (
            "# e.g. device-token-file = \"dsm-device-token\"",
            "device-token-file = \"sub\"",
            "sub",
        ),
    ] {
        assert!(EXAMPLE.contains(from), "{from}");
        let home = directory(&EXAMPLE.replace(from, to));
        if from == to {
            fs::remove_file(home.path().with_file_name(name)).unwrap();
        }
        let output = home.check();
        let found = text(&output.stdout);
        let path = home.path().with_file_name(name);
        let named = format!("names {}, which", path.display());
        assert!(found.contains(&named), "{named}: {found}");
    }
    let home = directory(&EXAMPLE.replace("# e.g. tls-", "tls-"));
    let output = home.check();
    let path = home.path().with_file_name("fullchain.pem");
    let named = format!("names {}, which", path.display());
    assert!(text(&output.stdout).contains(&named), "{output:?}");
}

#[test]
fn the_content_of_a_secret_file_is_never_printed() {
    let home = Home::with(EXAMPLE);
    home.write("dsm-password", "correct-horse\nbattery-staple\n", 0o600);
    let output = home.check();
    let found = text(&output.stdout);
    assert!(found.contains("dsm.password-file"), "{found}");
    assert!(found.contains("more than one line"), "{found}");
    assert!(!found.contains("horse"), "{found}");
}

#[test]
fn our_own_certificate_is_tried() {
    let certified = || generate_simple_self_signed(vec!["login.example.com".to_owned()]).unwrap();
    let CertifiedKey { cert, signing_key } = certified();
    let key = signing_key.serialize_pem();
    let home = Home::with(&EXAMPLE.replace("# e.g. tls-", "tls-"));
    assert_eq!(home.failures(), ["listen.tls-certificate"]);
    home.write("fullchain.pem", &cert.pem(), 0o644);
    assert_eq!(home.failures(), ["listen.tls-private-key"]);
    home.write("privkey.pem", &key, 0o644);
    assert_eq!(home.failures(), ["listen.tls-private-key"]);
    home.write(
        "privkey.pem",
        &certified().signing_key.serialize_pem(),
        0o600,
    );
    assert_eq!(home.failures(), ["listen.tls-private-key"]);
    home.write("privkey.pem", &key, 0o600);
    assert_eq!(home.failures(), [""; 0]);
}

#[test]
fn a_missing_config_exits_78() {
    let home = Home::with(EXAMPLE);
    fs::remove_file(home.path()).unwrap();
    let output = home.check();
    assert_eq!(output.status.code(), Some(78));
    assert!(text(&output.stdout).starts_with("fail config: /"));
    assert!(text(&output.stdout).contains("No such file"));
    assert!(text(&output.stdout).contains("create one with setup"));
    assert_eq!(home.failures(), ["config"]);
}

#[test]
fn json_is_a_list_of_findings() {
    let home = Home::with(&EXAMPLE.replace("\"sso-reader\"", "1"));
    let output = home.command(&["check", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = serde_json::json!([{
        "name": "dsm.account",
        "result": "fail",
        "message": "has to be text in quotes, not a number",
    }]);
    assert_eq!(findings, expected);

    let home = Home::with(EXAMPLE);
    home.write("synology-client-secret", "short", 0o600);
    let output = home.command(&["check", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(findings[0]["result"], "ok");
    assert_eq!(findings[1]["name"], "clients[0].secret-file");
    assert_eq!(findings[1]["result"], "warn");
}

#[test]
fn two_files_of_one_name_are_rejected() {
    let check = |changes: &[(&str, &str)], key: &str| {
        let mut config = EXAMPLE.to_owned();
        for (table, line) in changes {
            config = config.replace(&format!("{table}\n"), &format!("{table}\n{line}\n"));
        }
        assert_eq!(Home::with(&config).failures(), [key], "{config}");
    };
    check(&[("[storage]", "path = \"config.toml\"")], "storage.path");
    check(&[("[log]", "file = \"config.toml\"")], "log.file");
    check(&[("[log]", "file = \"state.sqlite3\"")], "log.file");
    check(
        &[("[control]", "socket = \"./state.sqlite3\"")],
        "control.socket",
    );
}

/// Its other end might never be opened.
#[test]
fn a_pipe_in_the_place_of_a_file_is_an_error() {
    let home = Home::with(EXAMPLE);
    let place = |name: &str| home.path().with_file_name(name);
    for (name, words) in [
        ("dsm-password", "dsm.password-file"),
        ("config.toml", "is not a regular file"),
    ] {
        fs::remove_file(place(name)).unwrap();
        nix::unistd::mkfifo(&place(name), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let output = home.check();
        assert_eq!(output.status.code(), Some(78), "{output:?}");
        assert!(text(&output.stdout).contains(words), "{output:?}");
    }
}
