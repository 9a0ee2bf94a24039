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
    assert_eq!(different(&rows), [Field::Scope, Field::ApplicationSecret]);
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
