//! `dsm-settings --apply` and `--undo`: what they show and ask, what they write
//! to DSM, and what they leave.

/// The daemon is killed between any two writes.
mod killed;
/// Afterwards, DSM's own client signs a user in.
mod sign_in;
/// What an administrator reads and types.
mod terminal;
/// Configs and settings of DSM that are not the usual ones.
mod unusual;

use std::process::Output;

use fakes::dsm::settings::{Settings, proxy_rule};
use fakes::dsm::{Api, FakeDsm};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, Plan};
use google_to_synology_sso::doctor::dsm::Compared;
use serde_json::{Value, json};

use crate::support::command_line::text;
use crate::support::control::command;
use crate::support::process::until;

const SSO_CLIENT: &str = "Control Panel > Domain/LDAP > SSO Client";
const REVERSE_PROXY: &str = "Control Panel > Login Portal > Advanced > Reverse Proxy";

fn plan() -> Plan {
    Plan {
        issuer: Some("https://login.example.com".to_owned()),
        ..Plan::default()
    }
}

/// A DSM whose SSO client was never filled in, with a rule for another name.
fn untouched() -> Settings {
    Settings {
        proxy: vec![proxy_rule("photos.example.com", 5001)],
        ..Settings::default()
    }
}

/// A DSM that signs in by another service, and leads our name elsewhere.
fn foreign(house: &House) -> Settings {
    let mut settings = Settings::of("https://other.example.com", "theirs", "https://nas/");
    settings.proxy = vec![
        proxy_rule("photos.example.com", 5001),
        Value::from_iter([("unknown".to_owned(), json!({"of a newer DSM": [1, null]}))]),
    ];
    let mut rule = proxy_rule("login.example.com", house.address.port() + 1);
    rule["UUID"] = "a foreign rule".into();
    rule["_key"] = "a foreign rule".into();
    rule["customize_headers"] = json!([{"name": "X-Own", "value": "$scheme"}]);
    settings.proxy.push(rule);
    settings
}

async fn nas() -> House {
    let house = House::planned(plan()).await;
    // The job's own refresh at start has ended.
    until("the daemon has read the users twice", || {
        house.dsm.counts().sign_outs == 2
    })
    .await;
    house.dsm.change(|dsm| dsm.settings = untouched());
    house
}

/// Runs `dsm-settings` with `arguments`. No output has a secret.
async fn dsm_settings(house: &House, arguments: &[&str]) -> Output {
    let output = command(house, &[&["dsm-settings"], arguments].concat()).await;
    let printed = format!("{output:?}");
    for secret in [CLIENT_SECRET_OF_DSM, "theirs"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    output
}

async fn succeeds(house: &House, arguments: &[&str]) -> String {
    let output = dsm_settings(house, arguments).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    text(&output.stdout).to_owned()
}

fn stored(dsm: &FakeDsm) -> Settings {
    dsm.behaviour().settings
}
#[tokio::test]
async fn apply_writes_each_part_once_and_prints_what_compare_prints() {
    let house = nas().await;
    let printed = succeeds(&house, &["--apply", "--yes", "--json"]).await;
    let rows: Vec<Compared> = serde_json::from_str(&printed).unwrap();
    assert_eq!(rows.len(), 13);
    assert!(rows.iter().all(|row| row.same), "{rows:#?}");
    let expected = [Api::SetSsoClient, Api::SetSsoProfile, Api::CreateProxyRule];
    assert_eq!(house.dsm.writes(), expected);
    assert_eq!(succeeds(&house, &["--compare", "--json"]).await, printed);

    let Settings {
        client,
        proxy,
        default,
        ..
    } = stored(&house.dsm);
    assert_eq!(client["oidc_name"], "Google");
    assert_eq!(client["oidc_client_secret"], CLIENT_SECRET_OF_DSM);
    assert_eq!(
        client["oidc_token_endpoint"],
        "https://login.example.com/token"
    );
    assert_eq!(proxy[0], untouched().proxy[0]);
    assert_eq!(proxy[1]["backend"]["port"], house.address.port());
    assert_eq!(default, untouched().default);

    // A second one has nothing to write.
    let again = succeeds(&house, &["--apply", "--yes"]).await;
    assert!(again.ends_with("DSM has the same values.\n"), "{again}");
    assert_eq!(house.dsm.writes(), expected);
    let counts = house.dsm.counts();
    assert_eq!((counts.open_sessions, counts.most_open_sessions), (0, 1));
}

#[tokio::test]
async fn undo_restores_what_was_there_before_and_once() {
    let house = nas().await;
    succeeds(&house, &["--apply", "--yes"]).await;
    let printed = succeeds(&house, &["--undo", "--yes"]).await;
    let closing = "DSM has the values from before dsm-settings --apply.\n";
    assert!(printed.ends_with(closing), "{printed}");
    assert_eq!(stored(&house.dsm), untouched());
    let again = succeeds(&house, &["--undo", "--yes"]).await;
    assert_eq!(again, "There is nothing to undo.\n");
    assert_eq!(
        succeeds(&house, &["--undo", "--yes", "--json"]).await,
        "[]\n"
    );
}

#[tokio::test]
async fn what_points_elsewhere_survives_everything_but_force() {
    let house = nas().await;
    let foreign = foreign(&house);
    house.dsm.change(|dsm| dsm.settings = foreign.clone());
    for arguments in [&["--apply", "--yes"][..], &["--apply", "--yes", "--json"]] {
        let output = dsm_settings(&house, arguments).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let told = text(&output.stderr);
        for words in [
            "sso-client was not changed: DSM's well-known URL is \"https://other.example.com",
            SSO_CLIENT,
            "reverse-proxy was not changed: DSM's rule for https://login.example.com:443 leads to",
            REVERSE_PROXY,
            "--force",
        ] {
            assert!(told.contains(words), "{words}: {told}");
        }
    }
    let output = dsm_settings(&house, &["--undo", "--yes"]).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(stored(&house.dsm), foreign);
    assert_eq!(house.dsm.writes(), []);

    let forced = succeeds(&house, &["--apply", "--yes", "--force"]).await;
    assert!(
        forced.contains("sso-client is replaced by --force: "),
        "{forced}"
    );
    let Settings { client, proxy, .. } = stored(&house.dsm);
    let well_known = "https://login.example.com/.well-known/openid-configuration";
    assert_eq!(client["oidc_wellknown"], well_known);
    assert_eq!(proxy[..2], foreign.proxy[..2]);
    assert_eq!(proxy[2]["backend"]["port"], house.address.port());
    succeeds(&house, &["--undo", "--yes"]).await;
    assert_eq!(stored(&house.dsm), foreign);
}

#[tokio::test]
async fn the_place_that_does_not_point_elsewhere_is_written() {
    let house = nas().await;
    house.dsm.change(|dsm| {
        dsm.settings.profile = json!({"sso_enable": true, "sso_profile": "azure"});
    });
    let output = dsm_settings(&house, &["--apply", "--yes"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let printed = text(&output.stdout);
    let left = "\nsso-client is not changed: DSM offers the SSO profile \"azure\".\n";
    assert!(printed.contains(left), "{printed}");
    assert!(!printed.contains("    + true"), "{printed}");
    assert_eq!(house.dsm.writes(), [Api::CreateProxyRule]);
    assert_eq!(stored(&house.dsm).client, untouched().client);
}

#[tokio::test]
async fn undo_leaves_what_was_changed_since() {
    let house = nas().await;
    succeeds(&house, &["--apply", "--yes"]).await;
    house
        .dsm
        .change(|dsm| dsm.settings.client["oidc_name"] = "Family".into());
    house
        .dsm
        .change(|dsm| dsm.settings.client["oidc_scope"] = "openid".into());
    let output = dsm_settings(&house, &["--undo", "--yes"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = text(&output.stderr);
    let left =
        "sso-client was not changed: DSM's SSO client was changed after dsm-settings --apply";
    for words in [left, "--force", SSO_CLIENT] {
        assert!(told.contains(words), "{words}: {told}");
    }
    // What is restored is shown.
    let shown = text(&output.stdout);
    assert!(
        shown.contains("  enabled\n    - true\n    + false\n"),
        "{shown}"
    );
    assert!(!shown.contains("    - openid\n"), "{shown}");
    let after = stored(&house.dsm);
    assert_eq!(after.profile, untouched().profile);
    assert_eq!(after.client["oidc_name"], "Family");
    assert_eq!(after.proxy, untouched().proxy);

    succeeds(&house, &["--undo", "--yes", "--force"]).await;
    assert_eq!(stored(&house.dsm), untouched());
}

#[tokio::test]
async fn without_a_daemon_nothing_is_written() {
    let mut house = nas().await;
    house.stop().await;
    for arguments in [&["--apply", "--yes"][..], &["--undo", "--yes", "--json"]] {
        let arguments = [&["dsm-settings"], arguments].concat();
        let output = crate::support::control::command_at_once(&house, &arguments).await;
        assert_eq!(output.status.code(), Some(75), "{output:?}");
        assert_eq!(text(&output.stdout), "");
    }
    assert_eq!(stored(&house.dsm), untouched());
}

#[tokio::test]
async fn options_that_do_not_go_together_are_usage_errors() {
    let house = nas().await;
    let requests = house.dsm.requests().len();
    for (arguments, words) in [
        (&["--apply"][..], "are not a terminal"),
        (&["--undo"], "use --yes"),
        (&["--apply", "--json"], "--json needs --yes"),
        (&["--undo", "--json"], "--json needs --yes"),
        (&["--apply", "--undo"], "cannot be used with"),
        (&["--compare", "--apply", "--yes"], "cannot be used with"),
        (&["--compare", "--undo", "--yes"], "cannot be used with"),
        (&["--yes"], "required"),
        (&["--force"], "required"),
        (&["--compare", "--force"], "required"),
    ] {
        let output = dsm_settings(&house, arguments).await;
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        let told = text(&output.stderr);
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
    assert_eq!(house.dsm.requests().len(), requests);
}
