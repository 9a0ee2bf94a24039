use std::fs;

use super::*;

/// The family's NAS with the settings of `plan`, and an untouched DSM.
async fn planned(plan: Plan) -> House {
    let house = House::planned(plan).await;
    until("the daemon has read the users twice", || {
        house.dsm.counts().sign_outs == 2
    })
    .await;
    house.dsm.change(|dsm| dsm.settings = untouched());
    house
}

/// Runs a command that exits with 1; returns what it says about it.
async fn fails(house: &House, arguments: &[&str]) -> String {
    let output = dsm_settings(house, arguments).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    text(&output.stderr).to_owned()
}

/// Another proxy leads /dex at DSM's own address to this service. A rule of
/// DSM's would lead DSM's own pages there, too.
#[tokio::test]
async fn a_rule_does_not_take_the_address_of_dsm_itself() {
    let house = planned(Plan {
        issuer: Some("https://nas.example.com/dex".to_owned()),
        ..Plan::default()
    })
    .await;
    let told = fails(&house, &["--apply", "--yes"]).await;
    let words = "https://nas.example.com:443 is the address of DSM itself";
    assert!(told.contains(words), "{told}");
    assert_eq!(house.dsm.writes(), [Api::SetSsoClient, Api::SetSsoProfile]);
    succeeds(&house, &["--apply", "--yes", "--force"]).await;
    assert_eq!(stored(&house.dsm).proxy.len(), 2);
}

/// DSM stores one of two redirect URIs.
#[tokio::test]
async fn the_values_that_are_shown_are_those_that_are_written() {
    let uris = r#"redirect-uris = ["https://nas.example.com/", "https://nas.example.com:5001/"]"#;
    let house = planned(Plan {
        client: uris.to_owned(),
        ..plan()
    })
    .await;
    let shown = succeeds(&house, &["--apply", "--yes"]).await;
    let client = stored(&house.dsm).client;
    for (field, stored) in [
        ("redirect_uri", "oidc_redirect_uri"),
        ("scope", "oidc_scope"),
        ("username_claim", "oidc_user_claim"),
    ] {
        let value = client[stored].as_str().unwrap();
        let lines = format!("  {field}\n    - (empty)\n    + {value}\n");
        assert!(shown.contains(&lines), "{lines}: {shown}");
    }
}

/// The secret of another client does not belong in DSM.
#[tokio::test]
async fn without_a_client_that_is_a_dsm_nothing_is_written() {
    let house = nas().await;
    let file = house.home.path().join("config.toml");
    let config = fs::read_to_string(&file).unwrap();
    let config = config.replace("id = \"synology\"", "id = \"cloud\"");
    let callback = "https://cloud.example.com/login/callback";
    fs::write(&file, config.replace("https://nas.example.com/", callback)).unwrap();
    assert_eq!(command(&house, &["reload"]).await.status.code(), Some(0));
    for arguments in [&["--apply", "--yes"][..], &["--apply", "--yes", "--json"]] {
        let told = fails(&house, arguments).await;
        assert!(told.contains("has no client that is a DSM"), "{told}");
    }
    assert_eq!(house.dsm.writes(), []);
}

#[tokio::test]
async fn a_rule_of_an_unknown_form_hides_no_other_and_survives() {
    let house = nas().await;
    let odd = |name: &str, member: &str, value: Value| {
        let mut rule = proxy_rule(name, 9);
        rule["UUID"] = name.into();
        rule["backend"][member] = value;
        rule
    };
    let other = odd("photos.example.org", "port", json!("5001"));
    house
        .dsm
        .change(|dsm| dsm.settings.proxy.push(other.clone()));
    succeeds(&house, &["--apply", "--yes"]).await;
    succeeds(&house, &["--undo", "--yes"]).await;
    assert_eq!(stored(&house.dsm).proxy[1..], [other]);

    let long = "\u{1b}[2J".repeat(50_000);
    for (member, value) in [
        ("protocol", json!(2)),
        ("port", json!(70_000)),
        ("fqdn", json!(long)),
    ] {
        let ours = odd("LOGIN.example.com", member, value);
        house
            .dsm
            .change(|dsm| dsm.settings.proxy = vec![ours.clone()]);
        let told = fails(&house, &["--apply", "--yes"]).await;
        let left = "DSM's rule for https://login.example.com:443 leads to";
        assert!(told.contains(left) && told.len() < 2_000, "{told}");
        assert!(!told.contains('\u{1b}'), "{told}");
        assert_eq!(stored(&house.dsm).proxy, [ours]);
    }
}
