//! `doctor --report`: everything that an issue needs, and no secret.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use fakes::browser::Browser;
use fakes::google::{CLIENT_SECRET, Endpoint, Trouble};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, Plan, encode, token_form, write_secret};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::support::built::{Built, run};
use crate::support::command_line::{EXAMPLE, Home, text};
use crate::support::control::command;
use crate::support::process::{Process, free_port};
use crate::support::secrets::Secrets;

const DEVICE_TOKEN: &str = "device-token-of-the-reader";

/// An address that DSM does not know, which is in refusals and in the log.
const UNKNOWN: &str = "inconnu@gmail.com";

/// The built daemon with the most detailed log, in a file.
async fn talkative() -> Built {
    let mut plan = Plan {
        dsm: "device-token-file = \"dsm-device-token\"".to_owned(),
        more: "[log]\nlevel = \"trace\"\nfile = \"daemon.log\"".to_owned(),
        ..Plan::default()
    };
    plan.more += "\n[[users.alias]]\ngoogle = \"grand.mere@example.org\"\ndsm = \"lea\"";
    let house = House::for_built_daemon(plan, free_port()).await;
    write_secret(&house.home.path().join("dsm-device-token"), DEVICE_TOKEN);
    let port = house.address.port();
    let process = Process::start(&mut run(&house), port, house.home.path());
    let built = Built { house, process };
    built.has_saved_users_and_documents().await;
    built
}

/// Writes a report with the `more` options, and returns its text.
async fn report(house: &House, more: &[&str]) -> String {
    let file = house.home.path().join(format!("report{}", more.len()));
    let mut arguments = vec!["doctor", "--report", file.to_str().unwrap()];
    arguments.extend(more);
    let output = command(house, &arguments).await;
    let said = text(&output.stderr);
    assert!(said.contains("wrote the report"), "{output:?}");
    assert_eq!(mode(&file), 0o600);
    fs::read_to_string(file).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Sign-ins that succeed and that fail.
async fn sign_ins(house: &House, secrets: &Secrets) {
    let mut browser = Browser::new();
    for (person, fails) in [(JEANNE, false), (UNKNOWN, false), (JEANNE, true)] {
        let request = house.authorization_request("&nonce=n0nce-of-DSM");
        secrets.url(&request);
        let shown = browser.get(&request).await;
        secrets.shown(&shown);
        let callback = house.google.choose(shown.location(), person);
        secrets.url(callback.as_str());
        if fails {
            let error = Trouble::OAuthError("invalid_grant");
            house.google.fail_once(Endpoint::Token, error);
        }
        let mut thief = Browser::new();
        thief.cookies.clone_from(&browser.cookies);
        thief.cookies.values_mut().for_each(|value| value.push('A'));
        thief.get(callback.as_str()).await;
        let arrived = browser.get(callback.as_str()).await;
        secrets.shown(&arrived);
        if !arrived.header("location").contains("code=") {
            continue;
        }
        let code = arrived.answered("code").unwrap();
        let wrong = token_form(&code).replace(&encode(CLIENT_SECRET_OF_DSM), "a-wrong-secret");
        Browser::new().post(&house.url("/token"), &wrong).await;
        let tokens = house.redeem(&code, "").await;
        secrets.shown(&tokens);
        let access_token = tokens.json()["access_token"].as_str().unwrap().to_owned();
        house.userinfo(&access_token).await;
        let in_query = format!("/userinfo?access_token={access_token}");
        Browser::new().get(&house.url(&in_query)).await;
        house.redeem(&code, "").await;
        house.userinfo(&access_token).await;
    }
    secrets.add("a-wrong-secret");
}

/// The keys in the state, in the forms in which a program might print them.
fn keys(house: &House) -> Vec<String> {
    ["SELECT pkcs8 FROM signing_keys", "SELECT key FROM seal_key"]
        .into_iter()
        .flat_map(|query| {
            let key: Vec<u8> = house.look_up(query);
            let hex = format!("{key:02x?}").replace(", ", "");
            [
                STANDARD_NO_PAD.encode(&key),
                URL_SAFE_NO_PAD.encode(&key),
                format!("{key:?}"),
                hex.trim_matches(['[', ']']).to_owned(),
            ]
        })
        .collect()
}

#[tokio::test]
async fn no_secret_of_any_kind_is_in_the_report() {
    let built = talkative().await;
    let house = &built.house;
    let secrets = Secrets::default();
    secrets.watch(house);
    let password = house.dsm.behaviour().password;
    for secret in [CLIENT_SECRET, CLIENT_SECRET_OF_DSM, DEVICE_TOKEN, &password] {
        secrets.add(secret);
    }
    sign_ins(house, &secrets).await;
    let report = report(house, &["--with-addresses"]).await;

    for part in [
        "== Findings ==",
        "ok   config: ",
        "== Versions ==\nprogram  ",
        "== Status ==\ngoogle-to-synology-sso ",
        "key-rotation",
        "address-unknown",
        "== Users ==",
        "jeanne",
        "== Config ==",
        "dsm.password-file = \"dsm-password\"",
        "== Log ==",
        "signed in",
        "== What the clients do ==",
        "code_challenge_method",
        UNKNOWN,
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    let forms = secrets.forms();
    // Secrets of each kind were seen.
    assert!(forms.len() > 80, "{}", forms.len());
    for start in ["4/0Afake", "eyJ", "n0nce", "a-wrong"] {
        assert!(forms.iter().any(|form| form.starts_with(start)), "{start}");
    }
    for secret in forms.into_iter().chain(keys(house)) {
        assert!(!report.contains(&secret), "{secret} is in {report}");
    }
    for start in ["ya29.", "eyJ", "sid-", "PRIVATE KEY"] {
        assert!(!report.contains(start), "{start} is in {report}");
    }
}

#[tokio::test]
async fn a_secret_that_a_log_line_had_is_replaced() {
    let built = talkative().await;
    let house = &built.house;
    let password = house.dsm.behaviour().password;
    let log = house.home.path().join("daemon.log");
    let mut log = OpenOptions::new().append(true).open(log).unwrap();
    let basic = STANDARD.encode(format!("synology:{CLIENT_SECRET_OF_DSM}"));
    for leak in [
        CLIENT_SECRET,
        CLIENT_SECRET_OF_DSM,
        DEVICE_TOKEN,
        &password,
        &encode(&password),
        &STANDARD.encode(CLIENT_SECRET),
        &basic,
    ] {
        writeln!(log, "leaked {leak} here").unwrap();
    }
    let report = report(house, &[]).await;
    assert_eq!(report.matches("leaked ").count(), 7, "{report}");
    for leak in [CLIENT_SECRET, CLIENT_SECRET_OF_DSM, DEVICE_TOKEN, &password] {
        assert!(!report.contains(leak), "{leak}: {report}");
        assert!(!report.contains(&encode(leak)), "{leak}: {report}");
        let encoded = STANDARD_NO_PAD.encode(leak);
        assert!(!report.contains(&encoded[..encoded.len() - 2]), "{leak}");
    }
    assert!(!report.contains(&basic), "{report}");
}

#[tokio::test]
async fn addresses_are_short_everywhere_unless_whole_ones_are_wanted() {
    let built = talkative().await;
    let house = &built.house;
    let secrets = Secrets::default();
    sign_ins(house, &secrets).await;
    let addresses = [
        JEANNE,
        "jeanne.martin@gmail.com",
        UNKNOWN,
        "Paul@Example.com",
        "lea@example.net",
        "grand.mere@example.org",
        // As in a URL.
        "marie%40example.com",
    ];
    let probe = house.url("/callback/marie%40example.com");
    Browser::new().get(&probe).await;
    let whole = report(house, &["--with-addresses"]).await;
    let short = report(house, &[]).await;
    for address in addresses {
        assert!(whole.contains(address), "{address}: {whole}");
        let mailbox = address.split(['@', '%']).next().unwrap();
        let kept = format!("{mailbox}@");
        assert!(!short.contains(&kept), "{address}: {short}");
        assert!(!short.contains(&format!("{mailbox}%40")), "{short}");
    }
    let signed_in = "jeanne    J…@gmail.com  synology\n";
    assert!(short.contains(signed_in), "{short}");
    for short_address in ["J…@gmail.com", "i…@gmail.com", "g…@example.org"] {
        assert!(short.contains(short_address), "{short_address}: {short}");
    }
}

/// Runs `doctor --report` in a home without a daemon.
fn alone(home: &Home) -> (Option<i32>, String, PathBuf) {
    let file = home.path().with_file_name("report");
    let arguments = ["doctor", "--report", file.to_str().unwrap()];
    let output = home.command(&arguments).output().unwrap();
    (output.status.code(), text(&output.stderr).to_owned(), file)
}

#[test]
fn an_existing_file_is_not_replaced() {
    let home = Home::with(EXAMPLE);
    home.write("report", "precious", 0o644);
    let (code, said, file) = alone(&home);
    assert_eq!(code, Some(1));
    assert!(said.contains("cannot create the report"), "{said}");
    assert!(said.contains("File exists"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    // Nor is what a link names.
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(home.path(), &file).unwrap();
    assert_eq!(alone(&home).0, Some(1));
    assert_eq!(fs::read_to_string(home.path()).unwrap(), EXAMPLE);
    let missing = ["doctor", "--report", "/nowhere/report"];
    let output = home.command(&missing).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let without = home.command(&["doctor", "--with-addresses"]).output();
    assert_eq!(without.unwrap().status.code(), Some(2));
}

#[test]
fn a_report_without_a_daemon_says_so_and_shows_the_rest() {
    let home = Home::with(EXAMPLE);
    let (code, said, file) = alone(&home);
    assert_eq!(code, Some(1), "{said}");
    let report = fs::read_to_string(file).unwrap();
    assert!(
        report.contains("fail daemon: the daemon is not running"),
        "{report}"
    );
    assert!(
        report.contains("== Status ==\nnot available: the daemon"),
        "{report}"
    );
    assert!(
        report.contains("issuer = \"https://login.example.com\""),
        "{report}"
    );
    assert!(report.contains("journalctl --unit"), "{report}");
}

#[test]
fn a_secret_that_was_pasted_into_the_config_is_not_shown() {
    let pasted = EXAMPLE
        .replace("\"google-client-secret\"", "\"GOCSPX-hunter2-hunter2\"")
        .replace(
            "http://127.0.0.1:5000",
            "http://anna:hunter2@127.0.0.1:5000",
        );
    let home = Home::with(&format!("dsm-password = \"hunter2-hunter2\"\n{pasted}"));
    let (code, _, file) = alone(&home);
    assert_eq!(code, Some(78));
    let report = fs::read_to_string(&file).unwrap();
    assert!(
        report.contains("fail config: google.client-secret-file"),
        "{report}"
    );
    assert!(report.contains("clients[0].id = \"synology\""), "{report}");
    assert!(!report.contains("hunter2"), "{report}");

    fs::remove_file(&file).unwrap();
    home.write("config.toml", "not TOML, hunter2", 0o600);
    assert_eq!(alone(&home).0, Some(78));
    let report = fs::read_to_string(&file).unwrap();
    assert!(report.contains("== Config ==\nnot available"), "{report}");
    assert!(!report.contains("hunter2"), "{report}");
}

/// To open it would wait for a writer, for ever.
#[test]
fn a_log_that_is_a_pipe_is_not_read() {
    let home = Home::with(&EXAMPLE.replace("[log]", "[log]\nfile = \"pipe\""));
    mkfifo(&home.path().with_file_name("pipe"), Mode::S_IRWXU).unwrap();
    let (code, said, file) = alone(&home);
    assert_eq!(code, Some(1), "{said}");
    let report = fs::read_to_string(file).unwrap();
    assert!(report.contains("/pipe: not a regular file"), "{report}");
}
