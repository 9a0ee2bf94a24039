//! The package was installed without answers: `run --wait-for-config` shows
//! instructions, and starts when a config exists.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use fakes::browser::{Browser, Shown};
use fakes::dsm::settings::Settings;
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, Plan, REDIRECT_URI, write_secret};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::command_line::{EXAMPLE, bare, text};
use crate::support::process::{Process, free_port, until};
use crate::support::wire::Wire;

const IN_ENGLISH: &str = "Google sign-in is not set up yet";
const IN_FRENCH: &str = "Connexion pas encore configurée";

/// A daemon that waits in a house without a config.
struct Waiting {
    house: House,
    process: Process,
}

impl Waiting {
    async fn new() -> Self {
        Self::in_house(house().await)
    }

    fn in_house(house: House) -> Self {
        let mut command = command(&house.home.path().join("config.toml"), house.address);
        let process = Process::start(&mut command, house.address.port(), house.home.path());
        Self { house, process }
    }

    fn config(&self) -> PathBuf {
        self.house.home.path().join("config.toml")
    }

    async fn get(&self, path: &str) -> Shown {
        Browser::new().get(&self.house.url(path)).await
    }

    /// Waits until the page says `words`.
    async fn page_says(&self, words: &str) -> Shown {
        for _ in 0..12_000 {
            let page = self.get("/").await;
            if page.body.contains(words) {
                return page;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("in vain: {words}");
    }

    /// Waits until the daemon serves with a config.
    async fn begins(&self) {
        until("it begins", || self.process.log().contains(" serving ")).await;
    }

    /// All files in the home, except for the log.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.house.home.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names
            .filter(|name| !name.starts_with("google-to-synology-sso-"))
            .collect();
        names.sort();
        names
    }
}

async fn house() -> House {
    House::for_built_daemon(Plan::default(), free_port()).await
}

/// `run` that waits for `config`, and serves a page at `address`.
fn command(config: &Path, address: SocketAddr) -> Command {
    let mut command = bare(&["run", "--config"]);
    command.arg(config);
    command.arg(format!("--wait-for-config={address}"));
    command
}

#[tokio::test]
async fn the_page_explains_the_setup_in_the_browsers_language() {
    let waiting = Waiting::new().await;
    for (language, title) in [("en", IN_ENGLISH), ("fr-CA,en;q=0.5", IN_FRENCH)] {
        let mut browser = Browser::new().with_header("accept-language", language);
        let page = browser.get(&waiting.house.url("/")).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&format!("<h1>{title}</h1>")), "{page:?}");
        assert!(page.body.contains("google-to-synology-sso setup</code>"));
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
    }
    assert_eq!(waiting.names(), [""; 0], "nothing is made");
    waiting
        .process
        .says("INFO  waiting for a config file=")
        .await;
}

#[tokio::test]
async fn nothing_else_is_there_whatever_is_asked() {
    let waiting = Waiting::new().await;
    for path in [
        "/auth?client_id=synology&state=%3Cscript%3E",
        "/callback?code=x",
        "/keys",
        "/admin",
        "/admin/sign-in",
        "/.well-known/openid-configuration",
        "//",
        "/healthz/",
        "/dex/healthz",
        "/../healthz",
        "/%2fhealthz",
        "/%3Cscript%3E",
        "*",
    ] {
        let mut wire = Wire::to(waiting.house.address).await;
        let head = "Host: x\r\nConnection: close\r\n\r\n";
        wire.send(&format!("GET {path} HTTP/1.1\r\n{head}")).await;
        let answer = wire.rest().await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{path}: {answer}");
        assert!(answer.contains("\r\nretry-after: "), "{answer}");
        assert!(answer.contains(IN_ENGLISH), "{answer}");
        assert!(!answer.contains("script"), "{answer}");
    }
    let posted = Browser::new()
        .post(&waiting.house.url("/token"), &"x".repeat(20_000))
        .await;
    assert_eq!(posted.status, 503);
    assert_eq!(waiting.get("/healthz?x").await.body, "ok");
}

#[tokio::test]
async fn the_two_places_that_are_there_are_only_read() {
    let waiting = Waiting::new().await;
    for path in ["/", "/healthz"] {
        for (method, status) in [("HEAD", 200), ("POST", 405), ("OPTIONS", 405)] {
            let mut wire = Wire::to(waiting.house.address).await;
            let head = "Host: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            wire.send(&format!("{method} {path} HTTP/1.1\r\n{head}"))
                .await;
            let answer = wire.rest().await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{answer}"
            );
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert_eq!(body.is_empty(), method == "HEAD", "{answer}");
            assert_eq!(head.contains("\r\nallow: GET, HEAD"), status == 405);
        }
    }
}

#[tokio::test]
async fn a_new_config_is_served_without_a_refused_connection() {
    let waiting = Waiting::new().await;
    let health = waiting.house.url("/healthz");
    let mut early = Wire::to(waiting.house.address).await;
    assert_eq!(Browser::new().get(&health).await.status, 200);
    let knocking = async {
        while !waiting.process.log().contains("users refreshed") {
            // A new connection each time: a closed port would refuse it.
            assert_eq!(Browser::new().get(&health).await.status, 200);
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    };

    waiting.house.write_config();

    knocking.await;
    early.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(early.rest().await.starts_with("HTTP/1.1 200 "));
    waiting.house.sign_in(JEANNE, "").await;
    assert_eq!(waiting.get("/auth").await.status, 400);
    assert!(waiting.get("/").await.body.contains("the family"));

    // From now on an invalid config changes nothing.
    write_secret(&waiting.config(), "issuer = 5");
    waiting.process.signal(Signal::HUP);
    waiting.process.says("keeping the previous config").await;
    waiting.house.sign_in(JEANNE, "").await;
}

/// A reverse proxy may already make the page public.
#[tokio::test]
async fn an_invalid_config_is_shown_by_its_keys_only() {
    let waiting = Waiting::new().await;
    let bad = EXAMPLE
        .replace("\"google-client-secret\"", "\"GOCSPX-typed/here\"")
        .replace(
            "\"https://nas.example.com/\"",
            "\"https://typed.example.com/#/signin\"",
        )
        .replace(
            "[storage]",
            "GOCSPX-typed = 5\n[storage]\npath = \"typed/state\"",
        )
        .replace(
            "[users]",
            "[[users.alias]]\ngoogle = \"typed@gmail.com\"\ndsm = \"typed\"\n\
             [[users.alias]]\ngoogle = \"typed@gmail.com\"\ndsm = \"typed\"\n[users]",
        );
    write_secret(&waiting.config(), &bad);

    let page = waiting.page_says("Google sign-in is set up wrongly").await;

    for key in [
        "google.client-secret-file",
        "dsm.password-file",
        "clients[0].redirect-uris[0]",
        "storage.path",
    ] {
        assert!(
            page.body.contains(&format!("<code>{key}</code>")),
            "{key}: {page:?}"
        );
    }
    assert!(!page.body.contains("typed"), "{page:?}");
    let home = waiting.house.home.path().to_str().unwrap();
    assert!(!page.body.contains(home), "{page:?}");
    let mut french = Browser::new().with_header("accept-language", "fr");
    let page = french.get(&waiting.house.url("/")).await;
    assert!(page.body.contains("mal configurée</h1>"), "{page:?}");
    assert_eq!(waiting.get("/auth").await.status, 503);
    // The log is for the administrator only.
    waiting.process.says("storage.path: is in").await;

    waiting.house.write_config();
    waiting.begins().await;
    assert_eq!(waiting.process.log().matches("WARN  waiting").count(), 1);
}

#[tokio::test]
async fn a_half_written_config_is_waited_for() {
    let house = house().await;
    let whole = fs::read_to_string(house.write_config()).unwrap();
    for file in fs::read_dir(house.home.path()).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    let waiting = Waiting::in_house(house);
    // In the middle of a key.
    let half = whole.find("client-secret-file").unwrap() + 10;
    let owner_only = fs::Permissions::from_mode(0o600);
    fs::write(waiting.config(), &whole[..half]).unwrap();
    fs::set_permissions(waiting.config(), owner_only).unwrap();
    waiting.page_says("<code>config</code>").await;
    let mut file = OpenOptions::new()
        .append(true)
        .open(waiting.config())
        .unwrap();
    file.write_all(&whole.as_bytes()[half..]).unwrap();
    waiting
        .page_says("<code>google.client-secret-file</code>")
        .await;

    waiting.house.write_config();

    waiting.begins().await;
    waiting.house.sign_in(JEANNE, "").await;
}

/// Names of checks only: anyone can read the page.
#[tokio::test]
async fn what_fails_with_a_new_config_is_logged_and_on_the_page() {
    let waiting = Waiting::new().await;
    let set_up = Settings::of(&waiting.house.issuer(), CLIENT_SECRET_OF_DSM, REDIRECT_URI);
    waiting.house.dsm.change(|dsm| {
        dsm.settings = set_up.clone();
        dsm.settings.profile["sso_enable"] = false.into();
    });

    waiting.house.write_config();

    let page = waiting.page_says("These checks failed").await;
    let checks = "last loaded: <span class=\"code\"><code>sso-client.enabled</code>";
    assert!(page.body.contains(checks), "{page:?}");
    assert!(!page.body.contains("does not offer"), "{page:?}");
    let line = "a check failed: ";
    waiting.process.says(line).await;
    assert!(waiting.process.log().contains("check=sso-client.enabled"));

    waiting.house.dsm.change(|dsm| dsm.settings = set_up);
    waiting.process.signal(Signal::HUP);
    waiting.process.says("no check failed").await;
    let page = waiting.get("/").await;
    assert!(!page.body.contains("sso-client"), "{page:?}");
}

/// Each morning: DSM and Google have enough to do.
#[tokio::test]
async fn a_start_with_an_existing_state_runs_no_check() {
    let mut waiting = Waiting::new().await;
    waiting.house.write_config();
    waiting.process.says("no check failed").await;
    waiting.process.signal(Signal::TERM);
    waiting.process.ended().await;
    let before = waiting.house.dsm.counts();

    let mut again = command(&waiting.config(), waiting.house.address);
    let (port, home) = (waiting.house.address.port(), waiting.house.home.path());
    let _process = Process::start(&mut again, port, home);
    let dsm = &waiting.house.dsm;
    until("the users are read", || {
        dsm.counts().sign_outs > before.sign_outs
    })
    .await;
    // A check would have begun with the refresh, and takes less time.
    waiting.house.sign_in(JEANNE, "").await;
    assert_eq!(dsm.counts().sign_ins, before.sign_ins + 1);
}

#[tokio::test]
async fn a_config_with_another_address_is_served_there() {
    let mut waiting = Waiting::new().await;
    let before = waiting.house.address;
    waiting.house.address.set_port(free_port());

    waiting.house.write_config();

    waiting.begins().await;
    assert_eq!(waiting.get("/healthz").await.status, 200);
    assert!(TcpStream::connect(before).is_err());
}

#[tokio::test]
async fn the_log_goes_where_the_config_says_once_it_is_there() {
    let more = "[log]\nfile = \"own.log\"\nformat = \"json\"".to_owned();
    let plan = Plan {
        more,
        ..Plan::default()
    };
    let house = House::for_built_daemon(plan, free_port()).await;
    let waiting = Waiting::in_house(house);

    waiting.house.write_config();

    let own = waiting.house.home.path().join("own.log");
    until("the log is there", || {
        let log = fs::read_to_string(&own).unwrap_or_default();
        log.contains("\"message\":\"serving\"")
    })
    .await;
    assert!(!waiting.process.log().contains("serving"));
}

/// The page refers to the log for details.
#[tokio::test]
async fn on_a_nas_the_log_of_the_package_has_it_from_the_beginning() {
    let house = house().await;
    let package = house.home.path().join("google-to-synology-sso");
    fs::create_dir_all(package.join("home")).unwrap();
    fs::create_dir(package.join("var")).unwrap();
    let config = package.join("home/config.toml");
    write_secret(&config, "issuer = 5");
    let log = package.join("var/google-to-synology-sso.log");
    let said = "issuer: has to be text";
    let start = || {
        let port = house.address.port();
        Process::start(
            &mut command(&config, house.address),
            port,
            house.home.path(),
        )
    };

    let process = start();

    until(said, || fs::read_to_string(&log).unwrap().contains(said)).await;
    assert_eq!(process.log(), "");
    drop(process);
    // A directory cannot be written as a log.
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    start().says(said).await;
}

#[tokio::test]
async fn a_config_that_is_there_is_not_waited_for() {
    let house = house().await;
    let elsewhere = ([127, 0, 0, 1], free_port()).into();
    let mut command = command(&house.write_config(), elsewhere);
    let process = Process::start(&mut command, house.address.port(), house.home.path());
    process.says(" serving ").await;
    assert!(!process.log().contains("waiting for"), "{}", process.log());
    assert!(TcpStream::connect(elsewhere).is_err());
}

#[tokio::test]
async fn a_stop_ends_the_wait_in_good_order_and_a_hangup_does_not() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut waiting = Waiting::new().await;
        waiting.process.signal(Signal::HUP);
        let _silent = TcpStream::connect(waiting.house.address).unwrap();
        assert_eq!(waiting.get("/").await.status, 200);

        waiting.process.signal(signal);

        assert_eq!(waiting.process.ended().await.code(), Some(0));
        assert_eq!(waiting.names(), [""; 0]);
    }
}

#[tokio::test]
async fn a_taken_port_is_tried_again_and_said_once() {
    let house = house().await;
    let other = TcpListener::bind(house.address).unwrap();
    let home = house.home.path();
    let mut command = command(&home.join("config.toml"), house.address);
    let process = Process::spawn(&mut command, house.address.port(), home);
    process.says("in use by another program").await;

    drop(other);

    until("the port is ours", || {
        TcpStream::connect(house.address).is_ok()
    })
    .await;
    let page = Browser::new().get(&house.url("/")).await;
    assert!(page.body.contains(IN_ENGLISH), "{page:?}");
    assert_eq!(process.log().matches("in use by").count(), 1);
}

#[tokio::test]
async fn a_config_is_found_even_if_waiting_cannot_be_logged() {
    let house = house().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().map(|at| (taken, at)).unwrap();
    let home = house.home.path();
    let mut command = command(&home.join("config.toml"), taken.1);
    let process = Process::spawn(&mut command, house.address.port(), home);
    process.says("in use by another program").await;

    house.write_config();

    process.says(" serving ").await;
    house.sign_in(JEANNE, "").await;
}

/// The daemon in the output of `status`.
fn status(waiting: &Waiting, json: bool) -> Output {
    let mut command = bare(&["status", "--config"]);
    command.arg(waiting.config());
    if json {
        command.arg("--json");
    }
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn status_says_that_the_daemon_is_running_and_waiting() {
    let mut waiting = Waiting::new().await;
    waiting.page_says(IN_ENGLISH).await;
    let output = status(&waiting, false);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = text(&output.stdout);
    assert!(said.contains("is running and waiting"), "{said}");
    assert!(said.contains("No such file"), "{said}");

    write_secret(&waiting.config(), "issuer = 5");
    waiting.page_says("<code>issuer</code>").await;
    let output = status(&waiting, true);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["waiting"], true);
    let problems = report["problems"].as_array().unwrap();
    let issuer = problems.iter().find(|it| it["name"] == "issuer").unwrap();
    assert_eq!(issuer["result"], "fail");

    // A running daemon is asked, whatever is in the config.
    waiting.house.write_config();
    waiting.begins().await;
    write_secret(&waiting.config(), "issuer = 5");
    let output = status(&waiting, true);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["waiting"], Value::Null);
    assert!(report["started"].is_string());

    waiting.process.signal(Signal::TERM);
    waiting.process.ended().await;
    assert_eq!(status(&waiting, true).status.code(), Some(75));
}
