//! What a monitoring program reads at `/metrics`, by Prometheus' own parser.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

use fakes::browser::{Browser, Shown};
use fakes::dsm::{Api, Instead};
use fakes::google::{Endpoint, Trouble};
use fakes::house::{House, JEANNE, Plan, by_name, family};
use serde_json::{Value, json};

use crate::support::built::Built;
use crate::support::command_line::{EXAMPLE, Home, text};
use crate::support::control::report;
use crate::support::process::{free_port, tool, until};
use crate::support::wire::Wire;

const STRANGER: &str = "inconnu@gmail.com";

/// The connections that the listener accepts.
const PLACES: usize = 8;

const SCRAPE: &str = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";

/// A house whose metrics are read.
struct Monitored {
    house: House,
    address: SocketAddr,
}

impl Monitored {
    async fn new() -> Self {
        Self::planned(Plan::default()).await
    }

    async fn planned(plan: Plan) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let more = format!("{}\n[metrics]\naddress = \"{address}\"", plan.more);
        let house = House::planned(Plan { more, ..plan }).await;
        until("the metrics are served", || accepts(address)).await;
        Self { house, address }
    }

    /// Waits until the daemon has finished its work at start.
    async fn is_at_rest(&self) {
        let house = &self.house;
        house.dsm.wait_until(|counts| counts.sign_outs == 2).await;
        house.google.requested(Endpoint::Keys, 2).await;
        house.jobs().users.refresh().await.unwrap();
        house.bridge().upstream.refresh().await.unwrap();
    }

    async fn get(&self, path: &str) -> Shown {
        let url = format!("http://{}{path}", self.address);
        Browser::new().get(&url).await
    }

    async fn scrape(&self) -> Scraped {
        let shown = self.get("/metrics").await;
        assert_eq!(shown.status, 200, "{shown:?}");
        Scraped::parsed(&shown.body)
    }
}

fn accepts(address: SocketAddr) -> bool {
    TcpStream::connect(address).is_ok()
}

/// The families and series of one response.
struct Scraped(Value);

impl Scraped {
    /// Parses `text` with the Prometheus project's parser.
    fn parsed(text: &str) -> Self {
        let mut parser = Command::new(tool("python3"))
            .args(["-c", include_str!("metrics/families.py")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = parser.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        drop(input);
        let output = parser.wait_with_output().unwrap();
        assert!(output.status.success(), "{text}");
        Self(serde_json::from_slice(&output.stdout).unwrap())
    }

    /// Returns the value of a series, without the common prefix of its name.
    fn value(&self, series: &str) -> Option<f64> {
        let name = format!("google_to_synology_sso_{series}");
        self.0["series"][name].as_f64()
    }

    /// Returns the series of a family that are not 0.
    fn counted(&self, family: &str) -> Vec<(String, f64)> {
        let prefix = format!("google_to_synology_sso_{family}_total{{");
        let series = self.0["series"].as_object().unwrap().iter();
        let labelled = series.filter_map(|(name, value)| {
            let label = name.strip_prefix(&prefix)?.strip_suffix('}')?;
            Some((label.to_owned(), value.as_f64()?))
        });
        labelled.filter(|(_, value)| *value > 0.0).collect()
    }
}

fn counts(expected: &[(&str, f64)]) -> Vec<(String, f64)> {
    let expected = expected.iter();
    expected
        .map(|(label, count)| ((*label).to_owned(), *count))
        .collect()
}

#[tokio::test]
async fn a_monitoring_program_sees_each_family() {
    let monitored = Monitored::new().await;
    Browser::new().get(&monitored.house.url("/healthz")).await;
    let shown = monitored.get("/metrics").await;
    assert_eq!(
        shown.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(shown.header("cache-control"), "no-store");
    let scraped = Scraped::parsed(&shown.body);
    let types = json!({
        "google_to_synology_sso_build_info": "gauge",
        "google_to_synology_sso_google_keys_age_seconds": "gauge",
        "google_to_synology_sso_logins": "counter",
        "google_to_synology_sso_refreshes": "counter",
        "google_to_synology_sso_refusals": "counter",
        "google_to_synology_sso_requests": "counter",
        "google_to_synology_sso_signing_key_age_seconds": "gauge",
        "google_to_synology_sso_signin_pause_seconds": "gauge",
        "google_to_synology_sso_users_age_seconds": "gauge",
    });
    assert_eq!(scraped.0["types"], types);
    let version = env!("CARGO_PKG_VERSION");
    let build = format!("build_info{{version={version}}}");
    assert_eq!(scraped.value(&build), Some(1.0));
    // The first event is an increase, which a rate needs.
    let none = scraped.value("refusals_total{refusal=address-unknown}");
    assert_eq!(none, Some(0.0));
    assert_eq!(scraped.value("logins_total{outcome=signed-in}"), Some(0.0));
}

#[tokio::test]
async fn each_login_is_counted_by_its_outcome() {
    let monitored = Monitored::new().await;
    let house = &monitored.house;
    house.sign_in(JEANNE, "").await;
    house.sign_in(JEANNE, "").await;
    house
        .arrive(&mut Browser::new(), STRANGER, "&prompt=none")
        .await;
    house.arrive(&mut Browser::new(), STRANGER, "").await;
    house
        .arrive(&mut Browser::new(), "lea@example.net", "")
        .await;
    house
        .google
        .fail_once(Endpoint::Token, Trouble::Status(500));
    house.arrive(&mut Browser::new(), JEANNE, "").await;
    let denied = house.url("/auth?response_type=code&client_id=nas");
    Browser::new().get(&denied).await;
    let error = house.authorization_request("&request=x");
    Browser::new().get(&error).await;

    let scraped = monitored.scrape().await;

    assert_eq!(
        scraped.counted("logins"),
        counts(&[
            ("outcome=aborted", 1.0),
            ("outcome=error-returned", 1.0),
            ("outcome=google-failed", 1.0),
            ("outcome=refused", 3.0),
            ("outcome=signed-in", 2.0),
        ])
    );
    assert_eq!(
        scraped.counted("refusals"),
        counts(&[
            ("refusal=address-not-verified", 1.0),
            ("refusal=address-unknown", 2.0),
        ])
    );
}

#[tokio::test]
async fn a_login_that_dsm_ended_since_counts_as_refused() {
    let monitored = Monitored::new().await;
    let house = &monitored.house;
    let (_, token) = house.sign_in(JEANNE, "").await;
    let code = house.code(JEANNE, "").await;
    let mut users = family();
    by_name(&mut users, "jeanne").expired = Some("now".into());
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
    house.redeem(&code, "").await;
    house.userinfo(&token).await;
    let scraped = monitored.scrape().await;
    assert_eq!(
        scraped.counted("logins"),
        counts(&[("outcome=refused", 1.0), ("outcome=signed-in", 1.0)])
    );
    assert_eq!(
        scraped.counted("refusals"),
        counts(&[("refusal=account-disabled", 2.0)])
    );
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let monitored = Monitored::planned(Plan {
        path: "/dex".to_owned(),
        ..Plan::default()
    })
    .await;
    let house = &monitored.house;
    house.sign_in(JEANNE, "").await;
    for path in ["/healthz", "/keys", "", "/"] {
        Browser::new().get(&house.url(path)).await;
    }
    Browser::new().post(&house.url("/keys"), "").await;
    for number in 0..50 {
        let unknown = format!("/{number}\"}}%0A");
        Browser::new().get(&house.url(&unknown)).await;
    }
    let outside = format!("http://{}/.well-known/", house.address);
    for document in ["oauth-authorization-server/dex", "openid-configuration"] {
        Browser::new().get(&format!("{outside}{document}")).await;
    }

    let scraped = monitored.scrape().await;

    assert_eq!(
        scraped.counted("requests"),
        counts(&[
            ("route=/,status=200", 2.0),
            ("route=/.well-known/openid-configuration,status=200", 1.0),
            ("route=/auth,status=303", 1.0),
            ("route=/callback,status=303", 1.0),
            ("route=/healthz,status=200", 1.0),
            ("route=/keys,status=200", 1.0),
            ("route=/keys,status=405", 1.0),
            ("route=/token,status=200", 1.0),
            ("route=other,status=404", 51.0),
        ])
    );
}

#[tokio::test]
async fn the_ages_are_those_of_users_and_keys() {
    let monitored = Monitored::new().await;
    let house = &monitored.house;
    monitored.is_at_rest().await;
    house.clock.advance(Duration::from_mins(10));
    house.jobs().users.refresh().await.unwrap();
    house.clock.advance(Duration::from_secs(90));
    let scraped = monitored.scrape().await;
    assert_eq!(scraped.value("users_age_seconds"), Some(90.0));
    assert_eq!(scraped.value("google_keys_age_seconds"), Some(690.0));
    assert_eq!(scraped.value("signing_key_age_seconds"), Some(690.0));
    report(house, &["keys", "rotate", "--now"]).await;
    house.clock.advance(Duration::from_secs(5));
    let scraped = monitored.scrape().await;
    assert_eq!(scraped.value("signing_key_age_seconds"), Some(5.0));
}

#[tokio::test]
async fn an_age_that_is_not_known_is_left_out() {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let plan = Plan {
        more: format!("[metrics]\naddress = \"{address}\""),
        ..Plan::default()
    };
    let house = House::for_built_daemon(plan, free_port()).await;
    house.dsm.always(Api::SignIn, Instead::Code(400));
    house.google.fail(Endpoint::Keys, Trouble::Status(500));
    house.write_config();
    let _built = Built::configured(house);
    until("the metrics are served", || accepts(address)).await;
    let url = format!("http://{address}/metrics");
    let scraped = Scraped::parsed(&Browser::new().get(&url).await.body);
    assert_eq!(scraped.value("users_age_seconds"), None);
    assert_eq!(scraped.value("google_keys_age_seconds"), None);
    assert!(scraped.value("signing_key_age_seconds").is_some());
}

#[tokio::test]
async fn failed_refreshes_and_the_pause_are_seen() {
    let monitored = Monitored::new().await;
    let house = &monitored.house;
    monitored.is_at_rest().await;
    let before = monitored.scrape().await;
    assert_eq!(before.value("signin_pause_seconds"), Some(0.0));
    assert_eq!(before.value("refreshes_total{result=failed}"), Some(0.0));
    house.dsm.always(Api::SignIn, Instead::Code(400));
    house.jobs().users.refresh().await.unwrap_err();
    house.clock.advance(Duration::from_mins(5));
    // DSM is not asked.
    house.jobs().users.refresh().await.unwrap_err();

    let scraped = monitored.scrape().await;

    let ok = before.value("refreshes_total{result=ok}");
    assert!(ok >= Some(1.0));
    assert_eq!(scraped.value("refreshes_total{result=ok}"), ok);
    assert_eq!(scraped.value("refreshes_total{result=failed}"), Some(1.0));
    assert_eq!(scraped.value("signin_pause_seconds"), Some(600.0));
}

#[tokio::test]
async fn no_person_and_no_address_is_in_it() {
    let monitored = Monitored::new().await;
    let house = &monitored.house;
    house.sign_in(JEANNE, "").await;
    house.arrive(&mut Browser::new(), STRANGER, "").await;
    let mut far = Browser::new().with_header("x-forwarded-for", "203.0.113.9");
    far.get(&house.url("/jeanne")).await;
    let text = monitored.get("/metrics").await.body.to_lowercase();
    let issuer = house.issuer();
    for personal in [
        "jeanne",
        "inconnu",
        "gmail",
        "203.0",
        "127.0",
        "synology\"",
        "nas.",
        &issuer,
    ] {
        assert!(!text.contains(personal), "{personal} in {text}");
    }
}

#[tokio::test]
async fn the_listener_serves_nothing_else() {
    let monitored = Monitored::new().await;
    for path in ["/", "/healthz", "/auth", "/keys", "/metrics/"] {
        assert_eq!(monitored.get(path).await.status, 404, "{path}");
    }
    let url = format!("http://{}/metrics", monitored.address);
    let posted = Browser::new().post(&url, "").await;
    assert_eq!(
        (posted.status.as_u16(), posted.header("allow")),
        (405, "GET, HEAD")
    );
    let head = Browser::new().send("HEAD", &url, None).await;
    assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
    // Nor do requests there count.
    assert_eq!(monitored.scrape().await.counted("requests"), []);
}

#[tokio::test]
async fn on_the_public_port_there_is_no_such_page() {
    let monitored = Monitored::new().await;
    let public = monitored.house.url("/metrics");
    let shown = Browser::new().get(&public).await;
    assert_eq!(shown.status, 404);
    let without = House::new().await;
    let shown = Browser::new().get(&without.url("/metrics")).await;
    assert_eq!(shown.status, 404);
    assert!(without.bridge().metrics.is_none(), "nothing is counted");
}

#[tokio::test]
async fn idle_connections_do_not_hold_up_the_logins() {
    let monitored = Monitored::new().await;
    let mut inside = Vec::new();
    for _ in 0..PLACES {
        let mut wire = Wire::to(monitored.address).await;
        wire.send("GET").await;
        inside.push(wire);
    }
    let mut waiting = Wire::to(monitored.address).await;
    waiting.send(SCRAPE).await;
    for _ in 0..50 {
        monitored.house.sign_in(JEANNE, "").await;
        // Others are served by the same thread meanwhile.
        assert!(waiting.is_silent());
    }
    drop(inside.pop());
    assert_eq!(waiting.answer().await.0, 200);
    // Each response ends its connection.
    assert_eq!(waiting.rest().await, "");
}

#[tokio::test]
async fn a_port_in_use_does_not_prevent_logins() {
    let port = free_port();
    let other = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let address = other.local_addr().unwrap();
    let built = Built::planned(Plan {
        more: format!("[metrics]\naddress = \"{address}\""),
        ..Plan::default()
    })
    .await;
    built.process.says("change metrics.address").await;
    built.has_saved_users_and_documents().await;
    built.house.sign_in(JEANNE, "").await;
    drop(other);
    until("the metrics are served", || accepts(address)).await;
    let url = format!("http://{address}/metrics");
    let scraped = Scraped::parsed(&Browser::new().get(&url).await.body);
    assert_eq!(scraped.value("logins_total{outcome=signed-in}"), Some(1.0));
}

#[tokio::test]
async fn an_address_that_cannot_be_opened_prevents_no_login() {
    let built = Built::planned(Plan {
        more: "[metrics]\naddress = \"192.0.2.1:9\"".to_owned(),
        ..Plan::default()
    })
    .await;
    built.process.says("the metrics are not served").await;
    built.has_saved_users_and_documents().await;
    built.house.sign_in(JEANNE, "").await;
}

#[tokio::test]
async fn another_address_needs_a_restart() {
    let mut monitored = Monitored::new().await;
    let (first, second) = (monitored.address, free_port());
    let change = format!("[metrics]\naddress = \"127.0.0.1:{second}\"");
    monitored.house.plan().more = change;
    monitored.house.write_config();

    let reloaded = report(&monitored.house, &["reload"]).await;

    assert_eq!(
        reloaded["changes"],
        json!([{
            "key": "metrics.address", "from": first.to_string(),
            "to": format!("127.0.0.1:{second}"), "secret": false, "needs_restart": true,
        }])
    );
    monitored.house.sign_in(JEANNE, "").await;
    let scraped = monitored.scrape().await;
    assert_eq!(scraped.value("logins_total{outcome=signed-in}"), Some(1.0));
    monitored.house.stop().await;
    monitored.house.start().await;
    let second = SocketAddr::from(([127, 0, 0, 1], second));
    until("the new address is served", || accepts(second)).await;
    assert!(!accepts(first));
}

#[test]
fn check_warns_of_an_address_that_others_can_reach() {
    let check = |address: &str| {
        let with = EXAMPLE.replace("# e.g. address = \"127.0.0.1:5557\"", "address = ADDRESS");
        let with = with.replace("ADDRESS", &format!("{address:?}"));
        let output = Home::with(&with).check();
        (output.status.code(), text(&output.stdout).to_owned())
    };
    for address in [
        "127.0.0.1:5557",
        "[::1]:5557",
        "192.168.1.2:9",
        "[fd00::1]:9",
    ] {
        let (code, output) = check(address);
        assert!(code == Some(0) && !output.contains("metrics"), "{output}");
    }
    for address in ["0.0.0.0:5557", "[::]:5557", "203.0.113.9:5557"] {
        let (code, output) = check(address);
        assert_eq!(code, Some(0), "{output}");
        let warning = "warn metrics.address: is neither a loopback nor a private address";
        assert!(output.contains(warning), "{output}");
    }
    for address in ["127.0.0.1:5556", "0.0.0.0:5556", "5557", "localhost:5557"] {
        let (code, output) = check(address);
        assert_eq!(code, Some(78), "{output}");
        assert!(output.contains("fail metrics.address: "), "{output}");
    }
}
