//! Starts chromedriver and the browser.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::{Chromium, ask, client, text};

const DRIVER: &str = "/usr/bin/chromedriver";
const TRIES: usize = 5;
const BROWSER: &str = "/usr/bin/chromium";

pub(super) async fn start(language: &str) -> Chromium {
    let profile = tempfile::tempdir().unwrap();
    let (driver, port) = start_driver();
    let client = client();
    let browser = format!("http://127.0.0.1:{port}/session");
    let options = json!({
        "binary": BROWSER,
        "args": [
            "--headless",
            // The sandbox does not run as root, which is often the only user in
            // a container.
            "--no-sandbox",
            // /dev/shm is small in containers.
            "--disable-dev-shm-usage",
            // The browser ends with its driver, even if the driver is killed.
            "--remote-debugging-pipe",
            format!("--user-data-dir={}", profile.path().display()),
        ],
        "prefs": { "intl.accept_languages": language },
    });
    let capabilities = json!({ "alwaysMatch": {
        // nginx uses a self-signed certificate.
        "acceptInsecureCerts": true,
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL" },
    }});
    let body = json!({ "capabilities": capabilities });
    let begun = ask(&client, "POST", &browser, Some(body)).await;
    let begun = begun.unwrap_or_else(|problem| panic!("start Chromium: {problem}"));
    let session = format!("{browser}/{}", text(&begun["sessionId"]));
    let process = &begun["capabilities"]["goog:processID"];
    let command_line = format!("/proc/{process}/cmdline").into();
    Chromium {
        client,
        session,
        driver,
        command_line,
        _profile: profile,
    }
}

/// Starts chromedriver on a port that it chooses and prints.
fn start_driver() -> (Child, u16) {
    for program in [DRIVER, BROWSER] {
        let there = Path::new(program).exists();
        assert!(there, "{program} is missing: run tests/prepare");
    }
    let mut tries = (0..TRIES).filter_map(|_| try_driver());
    tries.next().expect("chromedriver finds a port")
}

/// One in some hundred drivers ended before it listened, on a busy machine.
/// Guess: it needs the same port for IPv4 and IPv6, and another program had one
/// of them.
fn try_driver() -> Option<(Child, u16)> {
    let mut driver = Command::new(DRIVER)
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(driver.stdout.take().unwrap());
    let mut line = String::new();
    let port = loop {
        line.clear();
        let read = output.read_line(&mut line).unwrap();
        if read == 0 {
            let _ = driver.wait();
            return None;
        }
        if let Some((_, after)) = line.split_once("started successfully on port ") {
            break after.trim_end().trim_end_matches('.').parse().unwrap();
        }
    };
    // The driver would end at its next output if the pipe were closed.
    driver.stdout = Some(output.into_inner());
    Some((driver, port))
}
