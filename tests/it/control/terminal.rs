//! Text from others is printed safely to a terminal: DSM users choose their own
//! e-mail, and root asks a daemon that does not run as root.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::process::Output;

use fakes::dsm::FakeUser;
use fakes::house::{House, family};
use serde_json::json;

use crate::support::command_line::{EXAMPLE, Home, text};
use crate::support::control::{command, report};

/// Clears the screen in two ways, and reverses the text direction.
const HOSTILE: &str = "\u{1b}[2J\u{9b}2J\u{202e}moc.elgoog";

#[track_caller]
fn steers_nothing(output: &Output) {
    for text in [text(&output.stdout), text(&output.stderr)] {
        let steers = |c: char| c.is_control() || c == '\u{202e}';
        let found = text.chars().filter(|c| *c != '\n').find(|c| steers(*c));
        assert_eq!(found, None, "{text:?}");
    }
}

#[tokio::test]
async fn a_name_or_an_address_in_dsm_cannot_steer_it() {
    let house = House::new().await;
    let mut users = family();
    users.push(FakeUser::new(HOSTILE, &format!("{HOSTILE}@example.com")));
    house.dsm.set_users(users);
    report(&house, &["reload"]).await;

    steers_nothing(&command(&house, &["users"]).await);
    steers_nothing(&command(&house, &["users", "--json"]).await);
    // Programs get DSM's text unchanged.
    let listed = report(&house, &["users"]).await;
    let last = listed.as_array().unwrap().last().unwrap();
    assert_eq!(last["name"], HOSTILE);
}

#[test]
fn neither_can_the_daemon_that_is_asked() {
    let status = json!({
        "version": HOSTILE, "started": "2026-11-22T18:18:07Z",
        "directory": {"users": 1, "refreshed": null, "next_refresh": null, "error": HOSTILE},
        "power": {"source": HOSTILE, "next_off": null, "next_on": null},
        "google": {"keys_refreshed": null, "error": HOSTILE},
        "jobs": [{"name": HOSTILE, "next": null}],
        "sign_ins": [{"at": "2026-11-22T18:18:07Z", "user": HOSTILE, "address": HOSTILE,
            "client": HOSTILE}],
        "refusals": [{"at": "2026-11-22T18:18:07Z", "refusal": HOSTILE, "address": HOSTILE,
            "user": HOSTILE}],
        "problems": [{"at": "2026-11-22T18:18:07Z", "problem": HOSTILE, "message": HOSTILE}],
        "apply": {"at": "2026-11-22T18:18:07Z", "result": HOSTILE, "message": HOSTILE},
    });
    let reloaded = json!({
        "changes": [{"key": HOSTILE, "from": HOSTILE, "to": HOSTILE, "secret": false,
            "needs_restart": false}],
        "directory": {"users": 1, "error": HOSTILE},
    });
    let refused = json!({"reason": "failed", "message": HOSTILE});
    let explained = json!({
        "address": HOSTILE, "at": "2026-11-22T18:18:07Z", "verdict": HOSTILE, "user": HOSTILE,
        "rules": [{"rule": 255, "result": HOSTILE, "message": HOSTILE}],
        "claims": {HOSTILE: HOSTILE},
    });
    answered(&["status"], &json!({"report": status}));
    answered(&["reload"], &json!({"report": reloaded}));
    answered(
        &["explain", "lea@example.net"],
        &json!({"report": explained}),
    );
    answered(&["status"], &json!({"refused": refused}));
}

/// Answers `command` with a fake daemon.
#[track_caller]
fn answered(command: &[&str], answer: &serde_json::Value) {
    let home = Home::with(EXAMPLE);
    let socket = home.path().with_file_name("control.sock");
    let listener = UnixListener::bind(socket).unwrap();
    let answer = format!("{answer}\n");
    // A command may ask more than once. The thread ends with the test.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut request = String::new();
            BufReader::new(&stream).read_line(&mut request).unwrap();
            (&stream).write_all(answer.as_bytes()).unwrap();
        }
    });
    for json in [&[][..], &["--json"]] {
        let output = home.command(&[command, json].concat()).output().unwrap();
        assert_ne!(output.status.code(), Some(75), "{output:?}");
        steers_nothing(&output);
    }
}
