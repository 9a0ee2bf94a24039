use super::*;

fn offered(profile: &str) -> SsoProfile {
    SsoProfile {
        enabled: true,
        profile: profile.to_owned(),
    }
}

fn blank() -> SsoClient {
    SsoClient {
        local_users: false,
        name: String::new(),
        well_known_url: String::new(),
        authorization_endpoint: String::new(),
        token_endpoint: String::new(),
        application_id: String::new(),
        application_secret: Some(Secret::new(String::new())),
        redirect_uri: String::new(),
        scope: String::new(),
        username_claim: String::new(),
    }
}

#[test]
fn a_blank_client_gets_every_value() {
    let service = Service::new();
    assert_eq!(service.needed().completed(&blank()), service.stored());
}

#[test]
fn a_value_that_works_stays() {
    let service = Service::new();
    let mut dsm = service.stored();
    dsm.name = "Famille".to_owned();
    dsm.well_known_url = dsm.well_known_url.replace("login.", "LOGIN.");
    dsm.redirect_uri = "https://nas.example.com".to_owned();
    dsm.scope.clear();
    dsm.username_claim = "preferred_username".to_owned();
    assert_eq!(service.needed().completed(&dsm), dsm);
}

#[test]
fn a_value_that_does_not_work_is_replaced() {
    let service = Service::new();
    let mut dsm = service.stored();
    dsm.local_users = false;
    dsm.well_known_url = "https://old.example.com".to_owned();
    dsm.authorization_endpoint.clear();
    dsm.token_endpoint = "x".to_owned();
    dsm.application_id = "Synology".to_owned();
    dsm.application_secret = None;
    dsm.redirect_uri = "https://old.example.com/".to_owned();
    dsm.username_claim = "email".to_owned();
    let completed = service.needed().completed(&dsm);
    assert_eq!(completed, service.stored());
    assert_eq!(different(&service.needed().compare_client(&completed)), []);
}

#[test]
fn only_another_service_that_is_offered_needs_consent() {
    let service = Service::new();
    let why = |profile: &SsoProfile, client: &SsoClient| {
        let why = service.needed().other_service(profile, client);
        why.unwrap_or_default()
    };
    assert_eq!(why(&offered("oidc"), &service.stored()), "");
    assert!(why(&offered("azure"), &service.stored()).contains("\"azure\""));
    let mut other = service.stored();
    other.well_known_url = "https://other.example.com".to_owned();
    assert!(why(&offered("OIDC"), &other).contains("other.example.com"));
    let off = SsoProfile {
        enabled: false,
        ..offered("azure")
    };
    assert_eq!(why(&off, &other), "");
}

#[test]
fn settings_are_compared_without_showing_the_secret() {
    let service = Service::new();
    let mut dsm = service.stored();
    dsm.scope.clear();
    dsm.application_secret = None;
    let rows = Settings::OidcClient(dsm).compare(&Settings::OidcClient(service.stored()));
    assert_eq!(rows.len(), 9);
    // In the order of the dialog.
    assert_eq!(different(&rows), [Field::ApplicationSecret, Field::Scope]);
    assert!(!format!("{rows:?}").contains(SECRET));
    let rule = ProxyRule {
        description: String::new(),
        source: service.needed().source(),
        destination: service.needed().destination(),
    };
    let rows = Settings::ReverseProxy(None).compare(&Settings::ReverseProxy(Some(rule)));
    assert_eq!(different(&rows), [Field::Source, Field::Destination]);
    assert_eq!(rows[0].dsm, None);
}

#[test]
fn a_new_rule_does_not_take_the_address_of_dsm() {
    let why = |issuer: &str, rules: &[ProxyRule]| {
        let service = Service::at(issuer);
        service.needed().other_destination(rules)
    };
    let own = why("https://NAS.example.com:443/dex", &[]).unwrap();
    assert!(own.contains("the address of DSM itself"), "{own}");
    assert_eq!(why("https://nas.example.com:8443/dex", &[]), None);
    assert_eq!(why("https://login.example.com", &[]), None);
    let right = rule(&("https://nas.example.com:443", "http://localhost:5556"));
    assert_eq!(why("https://nas.example.com/dex", &[right]), None);
}

#[test]
fn a_long_value_of_dsm_is_cut_off() {
    let service = Service::new();
    let long = "\u{1b}é".repeat(100_000);
    let mut other = service.stored();
    other.well_known_url.clone_from(&long);
    let needed = service.needed();
    let rule = ProxyRule {
        description: String::new(),
        source: needed.source(),
        destination: Endpoint {
            host: long.clone(),
            ..needed.destination()
        },
    };
    for why in [
        needed.other_service(&offered(&long), &service.stored()),
        needed.other_service(&offered("oidc"), &other),
        needed.other_destination(&[rule]),
    ] {
        let why = why.unwrap();
        assert!(why.len() < 3_000 && why.ends_with('…'), "{why}");
        assert!(!why.contains('\u{1b}'), "{why}");
    }
}
