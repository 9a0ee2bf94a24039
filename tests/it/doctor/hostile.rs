//! A hostile DSM, proxy or Google cannot hang `doctor`, flood it, or alter its
//! output.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use google_to_synology_sso::doctor::GROUPS;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use super::stage::front::{Conduct, Front};
use super::stage::network::on_a_nas;
use super::stage::{NAME, NAME_OF_GOOGLE, Stage, leads_to};
use crate::support::command_line::text;
use crate::support::process::tool;

/// The whole run takes 30 s; its start, on a busy machine, longer.
const PATIENCE: Duration = Duration::from_secs(45);

/// More than `doctor` needs, and less than is sent to it in a second.
const MOST_MEMORY: &str = "--data=134217728";

/// More than the lines and what they may quote.
const MOST_OUTPUT: usize = 32 << 10;

/// What moves the cursor, sets colours and titles, begins a line, or reverses
/// the text, for a terminal that reads 7 or 8 bits.
const CONTROL: &str = "\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\r\u{202e}\u{2028}ok   all: fine";

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";

fn conducts() -> Vec<Conduct> {
    let reply = |status: &str, headers: &str, body: &str| {
        Conduct::Respond(format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\n{headers}\r\n{body}"
        ))
    };
    let json = format!(
        "{{\"issuer\":{0},\"error\":{0},\"success\":{0},\"data\":{{\"sid\":{0}}}}}",
        serde_json::to_string(CONTROL).unwrap()
    );
    // A header may have all bytes but those that end it.
    let header = CONTROL.replace('\r', "");
    vec![
        Conduct::Silence,
        Conduct::Drip("HTTP/1.1 200 OK\r\nx: "),
        Conduct::Drip(HEAD),
        Conduct::Endless("HTTP/1.1 200 OK\r\n", "x: y\r\n"),
        Conduct::Endless("HTTP/1.1 200 OK\r\nx: ", "y"),
        Conduct::Endless("", "HTTP/1.1 100 Continue\r\n\r\n"),
        Conduct::Endless(HEAD, " "),
        Conduct::Endless(HEAD, "[[[["),
        reply("302 Found", "location: /again\r\n", ""),
        reply("302 Found", &format!("location: /{header}\r\n"), ""),
        reply(
            &format!("200 {header}"),
            &format!("server: {header}\r\n"),
            CONTROL,
        ),
        reply("503 Busy", &format!("date: {header}\r\n"), CONTROL),
        reply("200 OK", "content-type: application/json\r\n", &json),
        reply("400 No", "content-type: application/json\r\n", &json),
    ]
}

#[test]
fn a_hostile_server_cannot_hang_or_flood_it() {
    on_a_nas(|network| {
        let mut stage = Stage::without_daemon(network);
        let conducts = conducts();
        let homes: Vec<TempDir> = (0_u8..)
            .zip(&conducts)
            .map(|(number, conduct)| haunted(&mut stage, number, conduct))
            .collect();

        // At the same time, because most of them wait.
        let outputs: Vec<(Output, Duration)> = thread::scope(|scope| {
            let doctors = homes.iter().map(|home| limited(&stage, home));
            let doctors: Vec<_> = doctors
                .map(|doctor| scope.spawn(move || timed(doctor)))
                .collect();
            let done = doctors.into_iter().map(|doctor| doctor.join().unwrap());
            done.collect()
        });

        for (conduct, (output, took)) in conducts.iter().zip(outputs) {
            assert!(took < PATIENCE, "{conduct:?}: {took:?}");
            assert_eq!(output.status.code(), Some(1), "{conduct:?}: {output:?}");
            assert_harmless(&output);
        }
    });
}

#[test]
fn no_text_of_dsm_or_google_acts_on_the_terminal() {
    on_a_nas(|network| {
        let stage = Stage::new(network);
        stage.house.dsm.change(|dsm| {
            let settings = &mut dsm.settings;
            let values = [
                &mut settings.profile,
                &mut settings.client,
                &mut settings.default,
                &mut settings.web,
                &mut settings.info,
                &mut dsm.power_schedule,
            ];
            values
                .into_iter()
                .chain(&mut settings.proxy)
                .for_each(poison);
            for user in &mut dsm.users {
                let email = user.email.get_or_insert_default();
                email.push_str(&long());
                user.name.push_str(CONTROL);
            }
        });
        stage.house.google.edit_discovery(poison);

        let output = stage.doctor(&[]);

        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_harmless(&output);
    });
}

/// Appends control characters to each text.
fn poison(value: &mut Value) {
    match value {
        Value::String(text) => text.push_str(&long()),
        Value::Array(values) => values.iter_mut().for_each(poison),
        Value::Object(fields) => fields.values_mut().for_each(poison),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn long() -> String {
    CONTROL.repeat(1_000)
}

/// Creates a config whose issuer, Google and DSM are servers of this conduct.
fn haunted(stage: &mut Stage<'_>, number: u8, conduct: &Conduct) -> TempDir {
    let address = |net: [u8; 3]| Ipv4Addr::new(net[0], net[1], net[2], 100 + number);
    for (name, net) in [("login", [203, 0, 113]), ("google", [198, 51, 100])] {
        let name = format!("{name}{number}.example.com");
        stage.network.add(address(net));
        stage.names.set(&name, leads_to(address(net)));
        let certificate = stage.authorities.issue(&name, -1..60);
        stage.add(address(net), Some(&certificate), conduct.clone());
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dsm = listener.local_addr().unwrap();
    stage
        .others
        .push(Front::start(stage.network, listener, None, conduct.clone()));
    let home = fakes::house::private_directory();
    for entry in fs::read_dir(stage.house.home.path()).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), home.path().join(entry.file_name())).unwrap();
        }
    }
    let path = home.path().join("config.toml");
    let config = fs::read_to_string(&path).unwrap();
    let config = config
        .replace(NAME, &format!("login{number}.example.com"))
        .replace(NAME_OF_GOOGLE, &format!("google{number}.example.com"))
        .replace(&stage.house.dsm.url(), &format!("http://{dsm}"));
    fs::write(&path, config).unwrap();
    home
}

/// `doctor`, which ends if it needs more memory than it may.
fn limited(stage: &Stage<'_>, home: &TempDir) -> Command {
    let doctor = stage.program_in(home.path(), &["doctor"]);
    let mut command = Command::new(tool("prlimit"));
    command.arg(MOST_MEMORY).arg("--").arg(doctor.get_program());
    command.args(doctor.get_args());
    for (name, value) in doctor.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::null());
    command
}

fn timed(mut command: Command) -> (Output, Duration) {
    let began = Instant::now();
    (command.output().unwrap(), began.elapsed())
}

/// Each check has one line, and no text of others acts on a terminal.
fn assert_harmless(output: &Output) {
    assert_eq!(text(&output.stderr), "");
    assert!(output.stdout.len() < MOST_OUTPUT, "{}", output.stdout.len());
    let told = text(&output.stdout);
    let acts =
        |c: char| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    for line in told.lines() {
        assert!(!line.contains(acts), "{line:?}");
    }
    let names = GROUPS.iter().flat_map(|(_, names)| *names);
    for name in names {
        let is_of_it = |line: &&str| {
            line.get(5..)
                .is_some_and(|rest| rest.starts_with(&format!("{name}: ")))
        };
        assert_eq!(told.lines().filter(is_of_it).count(), 1, "{name}: {told}");
    }
}
