//! The installation chose that the daemon enters the settings in DSM: it does
//! so once, as soon as DSM answers, and never by force.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use domain::base::clock::Clock;
use fakes::browser::Browser;
use fakes::dsm::settings::{Settings, proxy_rule};
use fakes::dsm::{Api, Counts, Instead};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, Plan, REDIRECT_URI};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::built::Built;
use crate::support::control::{command, report};
use crate::support::process::{free_port, until};

const ISSUER: &str = "https://login.example.com";

fn plan() -> Plan {
    Plan {
        issuer: Some(ISSUER.to_owned()),
        ..Plan::default()
    }
}

/// A house after the installation, with a DSM in which nothing was entered.
async fn installed() -> House {
    let house = House::for_built_daemon(plan(), free_port()).await;
    house.dsm.change(|dsm| dsm.settings = Settings::default());
    File::create(choice(&house)).unwrap();
    house
}

/// The file that stands for the choice.
fn choice(house: &House) -> PathBuf {
    house.home.path().join("apply-dsm-settings")
}

fn start(house: House) -> Built {
    house.write_config();
    Built::configured(house)
}

/// Waits for the result, and returns what `status` says of it.
async fn result(house: &House) -> Value {
    until("the choice is used up", || !choice(house).exists()).await;
    report(house, &["status"]).await["apply"].clone()
}

async fn page(house: &House) -> String {
    Browser::new().get(&house.url("/")).await.body
}

fn entered(house: &House) -> Settings {
    house.dsm.behaviour().settings
}

/// What the administrator would have entered by hand.
fn by_hand(house: &House) -> Settings {
    let mut settings = Settings::of(ISSUER, CLIENT_SECRET_OF_DSM, REDIRECT_URI);
    settings.proxy = vec![proxy_rule("login.example.com", house.address.port())];
    settings
}

#[tokio::test]
async fn dsm_is_set_up_once_and_a_later_change_stays() {
    let mut built = start(installed().await);
    let house = &built.house;

    let applied = result(house).await;

    assert_eq!(applied["result"], "done", "{applied}");
    assert!(applied["at"].as_str().unwrap().ends_with('Z'), "{applied}");
    let settings = entered(house);
    assert_eq!(settings.client, by_hand(house).client);
    assert_eq!(settings.profile, by_hand(house).profile);
    assert_eq!(settings.proxy.len(), 1);
    assert_eq!(settings.proxy[0]["backend"]["port"], house.address.port());
    assert!(page(house).await.contains("were entered in DSM"));
    let mut lea = Browser::new().with_header("accept-language", "fr");
    let in_french = lea.get(&house.url("/")).await.body;
    assert!(in_french.contains("ont été saisis dans DSM"), "{in_french}");
    let line = " INFO  entered the settings in DSM";
    assert!(built.process.log().contains(line));
    assert_eq!(house.dsm.writes().len(), 3);

    let off = json!({"sso_enable": false, "sso_profile": ""});
    house.dsm.change(|dsm| dsm.settings.profile = off.clone());
    let lists = house.dsm.counts().user_lists;
    built.process.signal(Signal::HUP);
    let is_over =
        |so_far: &Counts, more| so_far.user_lists >= lists + more && so_far.open_sessions == 0;
    house.dsm.wait_until(|so_far| is_over(so_far, 1)).await;
    built.power_cut();
    let house = &built.house;
    house.dsm.wait_until(|so_far| is_over(so_far, 2)).await;
    assert_eq!(entered(house).profile, off);
    assert_eq!(report(house, &["status"]).await["apply"], applied);
}

#[tokio::test]
async fn another_sign_in_service_stays_and_the_page_says_what_to_do() {
    let house = installed().await;
    let azure = json!({"sso_enable": true, "sso_profile": "azure"});
    house.dsm.change(|dsm| dsm.settings.profile = azure.clone());
    let built = start(house);
    let house = &built.house;

    let applied = result(house).await;

    assert_eq!(applied["result"], "points-elsewhere", "{applied}");
    let message = applied["message"].as_str().unwrap();
    assert!(message.contains("\"azure\"") && message.contains("--force"));
    let settings = entered(house);
    assert_eq!(settings.profile, azure);
    assert_eq!(settings.client, Settings::default().client);
    assert_eq!(settings.proxy.len(), 1, "the other place was free");
    let page = page(house).await;
    assert!(page.contains("leads to another service"), "{page}");
    assert!(page.contains("<code>--apply --force</code>"), "{page}");
    assert!(!page.contains("azure"), "anyone can read it: {page}");
    let log = built.process.log();
    assert!(log.contains("result=points-elsewhere"), "{log}");

    // The administrator decides.
    let options = ["dsm-settings", "--apply", "--force", "--yes"];
    let output = command(house, &options).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(result(house).await["result"], "done");
    let page = self::page(house).await;
    assert!(!page.contains("leads to another service"), "{page}");
}

/// Guess: the code of a DSM that rejects the write.
#[tokio::test]
async fn a_dsm_that_rejects_it_is_not_asked_again() {
    let house = installed().await;
    house.dsm.always(Api::SetSsoClient, Instead::Code(402));
    let mut built = start(house);

    let applied = result(&built.house).await;

    assert_eq!(applied["result"], "rejected", "{applied}");
    let message = applied["message"].as_str().unwrap();
    assert!(message.contains("402") && message.contains("SSO Client"));
    assert!(!message.contains(CLIENT_SECRET_OF_DSM), "{message}");
    let page = page(&built.house).await;
    assert!(page.contains("has rejected the settings"), "{page}");
    assert!(page.contains("it tries again after a yes"), "{page}");
    let log = built.process.log();
    assert!(log.contains("result=rejected"), "{log}");
    assert!(!log.contains(CLIENT_SECRET_OF_DSM), "{log}");

    let attempts = built.house.dsm.writes().len();
    let lists = built.house.dsm.counts().user_lists;
    built.power_cut();
    let dsm = &built.house.dsm;
    dsm.wait_until(|so_far| so_far.user_lists > lists && so_far.open_sessions == 0)
        .await;
    assert_eq!(built.house.dsm.writes().len(), attempts);
}

#[tokio::test]
async fn a_dsm_that_answers_an_hour_later_is_set_up_then() {
    let mut house = House::planned(plan()).await;
    house.stop().await;
    house.dsm.change(|dsm| dsm.settings = Settings::default());
    let file = File::create(choice(&house)).unwrap();
    let now = u64::try_from(house.clock.now().seconds()).unwrap();
    file.set_modified(UNIX_EPOCH + Duration::from_secs(now))
        .unwrap();
    // It lists its users, but has not started everything yet.
    house.dsm.always(Api::SsoClient, Instead::Status(503));
    house.plan().warmed_up = false;
    house.start().await;
    until("it has tried", || {
        house.dsm.calls().contains(&Api::SsoClient)
    })
    .await;
    house
        .dsm
        .wait_until(|so_far| so_far.open_sessions == 0)
        .await;
    assert_eq!(report(&house, &["status"]).await["apply"], Value::Null);
    assert!(choice(&house).exists());
    assert_eq!(house.dsm.writes().len(), 0);

    house.dsm.as_usual(Api::SsoClient);
    house.clock.advance(Duration::from_mins(61));
    until("a minute passes", || {
        house.jobs().minutes.passed();
        !choice(&house).exists()
    })
    .await;

    let applied = result(&house).await;
    assert_eq!(applied["result"], "done", "{applied}");
    assert_eq!(entered(&house).client, by_hand(&house).client);
    assert!(page(&house).await.contains("were entered in DSM"));
}

#[tokio::test]
async fn a_power_cut_at_any_point_neither_repeats_nor_loses_it() {
    // In the last write, and between the last write and the result.
    for api in [Api::CreateProxyRule, Api::SignOut] {
        let house = installed().await;
        house.dsm.always(api, Instead::Hang);
        let mut built = start(house);
        built
            .house
            .dsm
            .wait_until(|so_far| so_far.hanging > 0)
            .await;
        built.process.cut_off();
        assert!(choice(&built.house).exists());
        assert_eq!(built.house.rows("dsm_settings_wizard"), 0);
        built.house.dsm.as_usual(api);
        built.start();
        let house = &built.house;

        assert_eq!(result(house).await["result"], "done", "{api:?}");

        assert_eq!(entered(house).client, by_hand(house).client);
        assert_eq!(entered(house).proxy.len(), 1);
        let calls = house.dsm.calls();
        let sets = calls.iter().filter(|call| **call == Api::SetSsoClient);
        assert_eq!(sets.count(), 1, "{calls:?}");
        let previous: String =
            house.look_up("SELECT previous FROM dsm_settings_before WHERE part = 'oidc-client'");
        let previous: Value = serde_json::from_str(&previous).unwrap();
        assert_eq!(previous, Settings::default().client, "for --undo");
    }
}

/// As a power cut between the result and the removal leaves it; here it cannot
/// be removed at all.
#[tokio::test]
async fn a_choice_that_cannot_be_removed_is_reported_and_used_once() {
    let house = installed().await;
    fs::remove_file(choice(&house)).unwrap();
    fs::create_dir(choice(&house)).unwrap();
    fs::write(choice(&house).join("x"), "").unwrap();
    let mut built = start(house);
    built.process.says("cannot delete a file").await;
    let off = json!({"sso_enable": false, "sso_profile": ""});
    let refreshes = built.house.dsm.counts().user_lists;
    built
        .house
        .dsm
        .change(|dsm| dsm.settings.profile = off.clone());
    for reload in 1..=2 {
        built.process.signal(Signal::HUP);
        let dsm = &built.house.dsm;
        dsm.wait_until(|so_far| {
            so_far.user_lists >= refreshes + reload && so_far.open_sessions == 0
        })
        .await;
    }
    let log = built.process.log();
    assert_eq!(log.matches("cannot delete a file").count(), 1, "{log}");
    assert_eq!(entered(&built.house).profile, off);

    fs::remove_file(choice(&built.house).join("x")).unwrap();
    fs::remove_dir(choice(&built.house)).unwrap();
    let left = File::create(choice(&built.house)).unwrap();
    left.set_modified(UNIX_EPOCH + Duration::from_secs(1_700_000_000))
        .unwrap();
    built.power_cut();
    until("it is removed", || !choice(&built.house).exists()).await;
    assert_eq!(entered(&built.house).profile, off);
}
