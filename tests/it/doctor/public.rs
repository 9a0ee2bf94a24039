//! The public name: each wrong thing in front of the daemon has its line.

use std::process::Command;
use std::time::Duration;

use fakes::browser::Browser;
use fakes::google::{Endpoint, Trouble};
use fakes::house::Plan;
use fakes::server::{Received, Reply, Server, redirect, reply};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::front::{Forwarding, Nas, behind, on, planned, port, proxy, self_signed};
use super::{Run, doctor, edit_config};
use crate::support::built::Built;
use crate::support::command_line::text;
use crate::support::disk::disk;
use crate::support::process::{Process, free_port};

const RULE: &str = "Control Panel > Login Portal > Advanced > Reverse Proxy";

/// What depends on a request that comes to this daemon.
const FORWARDED: &[&str] = &["public.forwarded"];

/// What depends on a response.
const ANSWERED: &[&str] = &["public.daemon", "public.forwarded"];

/// Another program at the public name of a daemon that runs.
async fn instead<A>(answer: impl Fn(Received) -> A + Clone + Send + 'static) -> (Built, Server)
where
    A: Future<Output = Reply> + Send + 'static,
{
    let (front, listener) = port();
    (behind(front).await, Server::on(listener, answer))
}

#[tokio::test]
async fn a_healthy_machine_is_ok_and_nothing_is_written() {
    let built = Built::new().await;
    built.is_at_rest().await;
    let before = disk(&built.house);
    let report = doctor(&built.house).await;
    report.all_ok();
    let message = report.message("public.tls");
    assert_eq!(message, "http on a loopback address: no certificate");
    // The log of the daemon is there, too.
    let is_log = |name: &str| name.starts_with("google-to-synology-sso-");
    let mut after = disk(&built.house);
    after.retain(|name, _| !is_log(name));
    let unchanged = before.iter().filter(|(name, _)| !is_log(name));
    assert!(unchanged.eq(&after));
}

#[tokio::test]
async fn each_fault_of_the_certificate_has_its_advice() {
    let nas = Nas::new().await;
    nas.doctor().await.all_ok();
    let authority = &nas.authority;
    let dialog = "Control Panel > Security > Certificate";
    for (chain, result, words) in [
        (authority.chain("localhost", -2), "fail", "expired on"),
        (authority.chain("localhost", 3), "fail", "expires on"),
        (
            authority.chain("localhost", 14),
            "warn",
            "has not been renewed",
        ),
        (
            authority.chain("nas.example.com", 90),
            "fail",
            "is for nas.example.com",
        ),
        (
            authority.leaf_alone("localhost", 90),
            "fail",
            "intermediate",
        ),
        (self_signed("localhost"), "fail", "is self-signed"),
    ] {
        nas.tls.serve(chain);
        let report = nas.doctor().await;
        report.only(&[("public.tls", result, words)], &[]);
        assert!(report.message("public.tls").contains(dialog));
    }
}

#[tokio::test]
async fn a_proxy_that_leads_to_the_wrong_port_is_named() {
    let (front, listener) = port();
    let _proxy = proxy(listener, free_port(), Forwarding::Appends);
    let built = behind(front).await;
    let report = doctor(&built.house).await;
    report.fault("public.daemon", "502", FORWARDED);
    report.rule("warn", "not tested: the public name does not lead to this");
    let message = report.message("public.daemon");
    let destination = format!("http://{}", built.house.address);
    assert!(
        message.contains(&destination) && message.contains(RULE),
        "{message}"
    );
}

#[tokio::test]
async fn another_program_at_the_name_is_named() {
    let (built, _server) = instead(async |request: Received| match request.uri.path() {
        "/healthz" => reply(404, "text/html", "<title>Apache2 Debian</title>"),
        _ => reply(200, "text/html", "<title>It works</title>"),
    })
    .await;
    let report = doctor(&built.house).await;
    report.fault("public.daemon", "another program answers", FORWARDED);
    assert!(report.message("public.daemon").contains(RULE));
}

#[tokio::test]
async fn dsm_itself_at_the_name_is_named() {
    let (built, _server) = instead(async |_| {
        let page = "<script src=\"webman/sencha.js\"></script>";
        reply(200, "text/html", page)
    })
    .await;
    let report = doctor(&built.house).await;
    report.fault("public.daemon", "DSM's own page answers", FORWARDED);

    let (built, _server) = instead(async |_| redirect("https://nas.example.com:5001/")).await;
    let report = doctor(&built.house).await;
    let words = "redirects to https://nas.example.com:5001/";
    report.fault("public.daemon", words, FORWARDED);
}

#[tokio::test]
async fn the_certificate_of_another_program_is_not_our_fault() {
    let mut nas = Nas::new().await;
    let (front, listener) = port();
    let other = Server::start(async |_| reply(404, "text/html", "no")).await;
    let before = nas.built.house.issuer();
    edit_config(
        &nas.built.house,
        &before,
        &format!("https://localhost:{front}"),
    );
    let chain = self_signed("router.example.com");
    nas.tls = super::front::Tls::before(other.address, listener, chain);
    let report = nas.doctor().await;
    let needs = ["public.tls", "public.forwarded"];
    report.fault("public.daemon", "another program answers", &needs);
}

#[tokio::test]
async fn another_daemon_at_the_name_is_named() {
    let (front, listener) = port();
    let issuer = format!("http://localhost:{front}");
    let _server = Server::on(listener, move |request: Received| {
        let document = json!({"issuer": issuer}).to_string();
        async move {
            match request.uri.path() {
                "/healthz" => reply(200, "text/plain", "ok"),
                _ => reply(200, "application/json", document),
            }
        }
    });
    let built = behind(front).await;
    let report = doctor(&built.house).await;
    let words = "another instance of this program, with the issuer http://localhost";
    report.fault("public.daemon", words, FORWARDED);
}

#[tokio::test]
async fn a_daemon_without_a_config_at_the_name_is_named() {
    let front = free_port();
    let built = behind(front).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_google-to-synology-sso"));
    let missing = built.house.home.path().join("missing.toml");
    command.arg("--config").arg(missing).arg("run");
    command.arg(format!("--wait-for-config=127.0.0.1:{front}"));
    let _waiting = Process::start(&mut command, front, built.house.home.path());
    let report = doctor(&built.house).await;
    report.fault("public.daemon", "waits for a valid config", FORWARDED);
}

#[tokio::test]
async fn a_changed_issuer_needs_a_reload() {
    let inside = free_port();
    let ((first, one), (second, two)) = (port(), port());
    let _proxies = [one, two].map(|listener| proxy(listener, inside, Forwarding::Appends));
    let built = on(inside, first, Plan::default()).await;
    let report = doctor(&built.house).await;
    report.all_ok();
    report.rule("ok", "another proxy leads it here");
    edit_config(
        &built.house,
        &format!("localhost:{first}"),
        &format!("localhost:{second}"),
    );
    let report = doctor(&built.house).await;
    report.fault("public.daemon", "reload", &[]);
    let message = report.message("public.daemon");
    assert!(
        message.contains(&format!("the issuer http://localhost:{first},")),
        "{message}"
    );
}

#[tokio::test]
async fn a_proxy_that_leads_only_a_part_is_named() {
    let inside = free_port();
    let (front, listener) = port();
    let _proxy = Server::on(listener, move |request: Received| async move {
        if request.uri.path() != "/healthz" {
            return reply(404, "text/html", "no");
        }
        let mut browser = Browser::new().with_header("x-forwarded-for", "203.0.113.9");
        let url = format!("http://127.0.0.1:{inside}{}", request.uri);
        reply(200, "text/plain", browser.get(&url).await.body)
    });
    let built = on(inside, front, Plan::default()).await;
    let report = doctor(&built.house).await;
    report.fault("public.daemon", "(HTTP status 404)", &[]);
}

#[tokio::test]
async fn a_proxy_that_does_not_name_the_client_is_a_warning() {
    for forwarding in [Forwarding::Drops, Forwarding::PassesOn] {
        let inside = free_port();
        let (front, listener) = port();
        let _proxy = proxy(listener, inside, forwarding);
        let built = on(inside, front, Plan::default()).await;
        let report = doctor(&built.house).await;
        report.warning("public.forwarded", "does not add the client", &[]);
        assert!(report.message("public.forwarded").contains(RULE));
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_is_a_warning() {
    let inside = free_port();
    let (front, listener) = port();
    let _proxy = proxy(listener, inside, Forwarding::Appends);
    let plan = Plan {
        listen: "trusted-proxies = [\"192.0.2.7/32\"]".to_owned(),
        ..Plan::default()
    };
    let built = on(inside, front, plan).await;
    let report = doctor(&built.house).await;
    report.warning("public.forwarded", "listen.trusted-proxies", &[]);
}

#[tokio::test]
async fn a_port_that_refuses_is_named_with_the_router() {
    let front = free_port();
    let built = behind(front).await;
    let report = doctor(&built.house).await;
    report.fault("public.reach", "refuses connections", ANSWERED);
    let message = report.message("public.reach");
    assert!(
        message.contains("router") && message.contains(RULE),
        "{message}"
    );
}

#[tokio::test]
async fn a_port_without_tls_is_named() {
    let (front, listener) = port();
    let _server = Server::on(listener, async |_| reply(200, "text/plain", "ok"));
    let plan = Plan {
        issuer: Some(format!("https://localhost:{front}")),
        ..Plan::default()
    };
    let built = Built::planned(plan).await;
    built.has_saved_users_and_documents().await;
    let report = doctor(&built.house).await;
    let needs = ["public.tls", "public.daemon", "public.forwarded"];
    report.fault("public.reach", "does not speak HTTPS", &needs);
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_named() {
    let plan = Plan {
        issuer: Some("https://login.invalid".to_owned()),
        ..Plan::default()
    };
    let built = Built::planned(plan).await;
    built.has_saved_users_and_documents().await;
    let report = doctor(&built.house).await;
    let needs = [
        "public.reach",
        "public.tls",
        "public.daemon",
        "public.forwarded",
    ];
    report.fault("public.dns", "login.invalid does not resolve", &needs);
}

#[tokio::test]
async fn hostile_answers_neither_hang_nor_steer_the_terminal() {
    let (front, listener) = port();
    let issuer = "http://localhost/\u{1b}[2J\u{9b}31m\u{202e}".repeat(1000);
    let _server = Server::on(listener, move |request: Received| {
        let document = json!({"issuer": issuer}).to_string();
        async move {
            match request.uri.path() {
                "/healthz" => reply(200, "text/plain", "ok"),
                _ => reply(200, "application/json", document),
            }
        }
    });
    let built = planned(front, Plan::default()).await;
    let config = built.house.home.path().join("config.toml");
    let run = Run {
        config: &config,
        trusted: None,
    };
    for options in [&["--json"][..], &[]] {
        let output = run.output(options).await;
        let shown = text(&output.stdout);
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!shown.contains(steers), "{shown}");
        assert!(
            shown.contains("another instance of this program"),
            "{shown}"
        );
        assert!(shown.len() < 16_000, "{}", shown.len());
    }
}

async fn answer_without_end(mut stream: TcpStream) {
    let mut request = [0; 4096];
    let read = stream.read(&mut request).await.unwrap();
    // Discovery gets no answer at all.
    if !request[..read].starts_with(b"GET /healthz") {
        return std::future::pending().await;
    }
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
    stream.write_all(head).await.unwrap();
    while stream.write_all(&[b'o'; 8192]).await.is_ok() {}
}

#[tokio::test]
async fn endless_and_silent_servers_end_in_time() {
    let (front, listener) = port();
    #[expect(clippy::disallowed_methods, reason = "a test's tasks end with it")]
    let endless = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(answer_without_end(stream));
        }
    });
    let built = behind(front).await;
    built.house.google.fail(Endpoint::Keys, Trouble::Hang);
    let started = Instant::now();
    let report = doctor(&built.house).await;
    assert!(started.elapsed() < Duration::from_secs(29));
    endless.abort();
    report.only(
        &[
            ("public.daemon", "fail", "another program answers"),
            ("google.discovery", "fail", "no answer within"),
        ],
        &["public.forwarded", "google.client", "machine.clock"],
    );
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_named() {
    let nas = Nas::new().await;
    let (front, listener) = port();
    let silent = Server::start(|_| std::future::pending()).await;
    let chain = nas.authority.chain("localhost", 90);
    let _tls = super::front::Tls::before(silent.address, listener, chain);
    let before = nas.built.house.issuer();
    edit_config(
        &nas.built.house,
        &before,
        &format!("https://localhost:{front}"),
    );
    let report = nas.doctor().await;
    report.fault("public.reach", "sends no response within", ANSWERED);
}
