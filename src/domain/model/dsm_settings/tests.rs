/// What is written, and what needs consent.
mod plan;

use std::collections::HashSet;

use url::Url;

use super::*;
use crate::base::ids::ClientId;

const SECRET: &str = "a secret that DSM knows";

fn party(id: &str, uris: &[&str]) -> RelyingParty {
    let uri = |uri: &&str| RegisteredRedirect::new((*uri).to_owned(), &Url::parse(uri).unwrap());
    RelyingParty {
        id: ClientId::new(id),
        name: id.to_owned(),
        secret: Secret::new(SECRET.to_owned()),
        secret_file: "secret".into(),
        redirect_uris: uris.iter().map(uri).collect(),
        require_pkce: false,
    }
}

/// A family's service behind DSM's reverse proxy.
struct Service {
    issuer: Issuer,
    client: RelyingParty,
    listener: SocketAddr,
    scheme: Scheme,
}

impl Service {
    fn new() -> Self {
        Self::at("https://login.example.com")
    }

    fn at(issuer: &str) -> Self {
        Self {
            issuer: Issuer::parse(issuer).unwrap(),
            client: party("synology", &["https://nas.example.com/"]),
            listener: "127.0.0.1:5556".parse().unwrap(),
            scheme: Scheme::Http,
        }
    }

    fn needed(&self) -> Needed<'_> {
        Needed {
            issuer: &self.issuer,
            client: &self.client,
            username_claim: "username",
            listener: self.listener,
            scheme: self.scheme,
        }
    }

    /// The settings that DSM has after a correct set-up.
    fn stored(&self) -> SsoClient {
        let needed = self.needed();
        SsoClient {
            local_users: true,
            name: BUTTON.to_owned(),
            well_known_url: needed.well_known_url(),
            authorization_endpoint: needed.authorization_endpoint(),
            token_endpoint: needed.token_endpoint(),
            application_id: "synology".to_owned(),
            application_secret: Some(Secret::new(SECRET.to_owned())),
            redirect_uri: "https://nas.example.com/".to_owned(),
            scope: SCOPE.to_owned(),
            username_claim: "username".to_owned(),
        }
    }

    /// The fields that differ after a `change` of DSM's settings.
    fn different(&self, change: impl FnOnce(&mut SsoClient)) -> Vec<Field> {
        let mut stored = self.stored();
        change(&mut stored);
        different(&self.needed().compare_client(&stored))
    }
}

fn different(rows: &[Row]) -> Vec<Field> {
    let rows = rows.iter().filter(|row| !row.same);
    rows.map(|row| row.field).collect()
}

/// Checks that of DSM's client, after `change`, exactly `fields` differ.
fn check(change: impl FnOnce(&mut SsoClient), fields: &[Field]) {
    assert_eq!(Service::new().different(change), fields);
}

#[test]
fn a_correct_set_up_is_the_same_in_every_field() {
    let service = Service::new();
    let needed = service.needed();
    let profile = SsoProfile {
        enabled: true,
        profile: "oidc".to_owned(),
    };
    let rows = [
        &needed.compare_profile(&profile)[..],
        &needed.compare_client(&service.stored()),
    ]
    .concat();
    let fields: Vec<Field> = rows.iter().map(|row| row.field).collect();
    assert_eq!(fields, Field::OF_SSO_CLIENT);
    for row in rows {
        assert!(row.same, "{row:?}");
        assert_eq!(row.dsm, row.ours, "{row:?}");
        assert_eq!(row.field.place(), "sso-client");
    }
}

#[test]
fn each_field_has_a_name_of_its_own() {
    let names: HashSet<&str> = Field::OF_SSO_CLIENT.map(Field::name).into();
    assert_eq!(names.len(), 11);
    assert_eq!(Field::Source.place(), "reverse-proxy");
}

#[test]
fn the_button_needs_the_switch_and_the_profile() {
    let service = Service::new();
    let check = |enabled: bool, profile: &str, fields: &[Field]| {
        let profile = profile.to_owned();
        let rows = service
            .needed()
            .compare_profile(&SsoProfile { enabled, profile });
        assert_eq!(different(&rows), fields, "{rows:?}");
    };
    check(true, "oidc", &[]);
    check(false, "oidc", &[Field::Enabled]);
    check(true, "azure", &[Field::Profile]);
    check(false, "", &[Field::Enabled, Field::Profile]);
}

#[test]
fn the_account_type_has_to_include_local_users() {
    check(|dsm| dsm.local_users = false, &[Field::AccountType]);
}

#[test]
fn a_url_is_the_same_if_a_browser_opens_the_same_page() {
    let check = |url: &str, same: bool| {
        let fields: &[Field] = if same { &[] } else { &[Field::WellKnownUrl] };
        check(|dsm| dsm.well_known_url = url.to_owned(), fields);
    };
    let document = "/.well-known/openid-configuration";
    check(&format!("https://Login.example.com:443{document}"), true);
    check("", false);
    check("https://login.example.com", false);
    check(&format!("https://login.example.com{document}/"), false);
    check(&format!("https://login.example.com/dex{document}"), false);
    check(&format!("http://login.example.com{document}"), false);
    check(&format!("https://old.example.com{document}"), false);
}

#[test]
fn dsm_has_both_endpoints_stored() {
    check(
        |dsm| dsm.authorization_endpoint = "https://old.example.com/auth".to_owned(),
        &[Field::AuthorizationEndpoint],
    );
    check(|dsm| dsm.token_endpoint.clear(), &[Field::TokenEndpoint]);
}

#[test]
fn the_id_is_compared_byte_for_byte() {
    check(
        |dsm| dsm.application_id = "Synology".to_owned(),
        &[Field::ApplicationId],
    );
}

#[test]
fn the_secret_is_compared_and_never_shown() {
    let other = Some(Secret::new("another secret".to_owned()));
    check(
        |dsm| dsm.application_secret = other,
        &[Field::ApplicationSecret],
    );
    check(
        |dsm| dsm.application_secret = None,
        &[Field::ApplicationSecret],
    );
    let service = Service::new();
    let rows = service.needed().compare_client(&service.stored());
    let secret = rows
        .iter()
        .find(|row| row.field == Field::ApplicationSecret);
    let secret = secret.unwrap();
    assert_eq!((&secret.dsm, &secret.ours), (&None, &None));
    assert!(!format!("{rows:?} {:?}", service.stored()).contains(SECRET));
}

#[test]
fn a_redirect_uri_has_to_be_registered() {
    let mut service = Service::new();
    let uris = [
        "https://nas.example.com/",
        "https://photos.example.com",
        "https://nas.example.com/a,b",
    ];
    service.client = party("synology", &uris);
    let check = |stored: &str, expected: Redirects| {
        assert_eq!(service.needed().redirects(stored), expected, "{stored}");
        let same = expected == Redirects::Registered;
        let fields = service.different(|dsm| dsm.redirect_uri = stored.to_owned());
        assert_eq!(fields.is_empty(), same, "{stored}");
    };
    for one in [
        "https://nas.example.com/",
        "https://nas.example.com",
        "https://photos.example.com/",
        "https://nas.example.com/a,b",
    ] {
        check(one, Redirects::Registered);
    }
    check(
        "https://nas.example.com/ https://photos.example.com",
        Redirects::Registered,
    );
    check(
        "https://nas.example.com/,https://photos.example.com",
        Redirects::Registered,
    );
    check(
        "https://nas.example.com/;https://drive.example.com",
        Redirects::NotAll("https://drive.example.com".to_owned()),
    );
    for none in [
        "",
        " ,;",
        "https://drive.example.com",
        "https://nas.example.com/#/signin",
    ] {
        check(none, Redirects::Unknown);
    }
}

#[test]
fn every_scope_works() {
    for scope in ["", "openid", "email,profile", "groups"] {
        check(|dsm| dsm.scope = scope.to_owned(), &[]);
    }
}

#[test]
fn two_claims_have_the_user_name() {
    check(
        |dsm| dsm.username_claim = "preferred_username".to_owned(),
        &[],
    );
    for wrong in ["", "email", "Username", "sub"] {
        check(
            |dsm| dsm.username_claim = wrong.to_owned(),
            &[Field::UsernameClaim],
        );
    }
}

#[test]
fn dsm_is_the_client_that_it_has_stored_or_the_usual_one() {
    let nas = ["https://nas.example.com/"];
    let app = ["https://cloud.example.com/callback"];
    let check = |clients: &[(&str, &[&str])], stored: Option<&str>, expected: Option<&str>| {
        let clients: Vec<RelyingParty> = clients.iter().map(|(id, uris)| party(id, uris)).collect();
        let found = client_of_dsm(&clients, stored);
        assert_eq!(found.map(|client| client.id.as_str()), expected);
    };
    let two: [(&str, &[&str]); 3] = [("cloud", &app), ("attic", &nas), ("synology", &nas)];
    check(&two, None, Some("synology"));
    check(&two, Some("attic"), Some("attic"));
    check(&two, Some("cloud"), Some("synology"));
    check(&two, Some("unknown"), Some("synology"));
    check(&two[..2], None, Some("attic"));
    check(&two[..1], None, Some("cloud"));
    check(&[], None, None);
}

fn endpoint(text: &str) -> Endpoint {
    let (scheme, rest) = text.split_once("://").unwrap();
    let (host, port) = rest.rsplit_once(':').unwrap();
    Endpoint {
        scheme: if scheme == "https" {
            Scheme::Https
        } else {
            Scheme::Http
        },
        host: host.to_owned(),
        port: port.parse().unwrap(),
    }
}

fn rule((source, destination): &(&str, &str)) -> ProxyRule {
    ProxyRule {
        description: String::new(),
        source: endpoint(source),
        destination: endpoint(destination),
    }
}

/// Checks which rule of `rules` matters: how, and its position.
fn check_route(service: &Service, rules: &[(&str, &str)], expected: (&str, Option<usize>)) {
    let rules: Vec<ProxyRule> = rules.iter().map(rule).collect();
    let (how, rule) = match service.needed().route(&rules) {
        Route::NotNeeded => ("not needed", None),
        Route::Right(rule) => ("right", Some(rule)),
        Route::Elsewhere(rule) => ("elsewhere", Some(rule)),
        Route::Missing(near) => ("missing", near),
    };
    let position = rule.map(|rule| rules.iter().position(|other| other == rule).unwrap());
    assert_eq!((how, position), expected, "{rules:?}");
}

#[test]
fn a_rule_leads_from_the_public_name_to_the_daemon() {
    let service = Service::new();
    let check = |rules: &[(&str, &str)], expected| check_route(&service, rules, expected);
    let public = "https://login.example.com:443";
    let here = "http://localhost:5556";
    let photos = ("https://photos.example.com:443", "http://localhost:5080");
    check(&[], ("missing", None));
    check(&[photos], ("missing", None));
    check(&[photos, (public, here)], ("right", Some(1)));
    check(
        &[("https://LOGIN.example.com:443", here)],
        ("right", Some(0)),
    );
    check(&[(public, "http://127.0.0.1:5556")], ("right", Some(0)));
    for elsewhere in [
        "http://localhost:5080",
        "https://localhost:5556",
        "http://192.168.1.2:5556",
        "http://::1:5556",
        "http://nas.local:5556",
    ] {
        check(&[(public, elsewhere)], ("elsewhere", Some(0)));
    }
    for near in [
        "https://old.example.com:443",
        "http://login.example.com:443",
        "https://login.example.com:8443",
    ] {
        check(&[photos, (near, here)], ("missing", Some(1)));
    }
    // Of two, nginx uses the first.
    let twin = ("https://LOGIN.example.com:443", "http://localhost:1");
    let [one, other] = [(public, "http://localhost:80"), twin];
    check(&[one, other], ("elsewhere", Some(0)));
    check(&[other, one], ("elsewhere", Some(0)));
    // nginx prefers the exact name, then that of the domain.
    let any = ("https://*:443", "http://localhost:80");
    let domain = ("https://*.example.com:443", here);
    check(&[any, domain], ("right", Some(1)));
    check(&[any], ("missing", None));
    check(
        &[domain, (public, "http://localhost:80")],
        ("elsewhere", Some(1)),
    );
    check(&[("https://*.com:443", here)], ("missing", Some(0)));
}

#[test]
fn a_port_of_its_own_needs_a_rule_for_that_port() {
    let service = Service::at("https://nas.example.com:8443/dex");
    let here = "http://localhost:5556";
    let right = ("https://nas.example.com:8443", here);
    check_route(&service, &[right], ("right", Some(0)));
    let other = ("https://nas.example.com:443", here);
    check_route(&service, &[other], ("missing", Some(0)));
}

#[test]
fn a_service_that_browsers_reach_directly_needs_no_rule() {
    let mut service = Service::at("https://login.example.com");
    service.listener = "0.0.0.0:443".parse().unwrap();
    service.scheme = Scheme::Https;
    check_route(&service, &[], ("not needed", None));
    assert_eq!(
        service.needed().destination().to_string(),
        "https://localhost:443"
    );
    // An address with colons needs brackets in nginx.
    service.listener = "[::1]:443".parse().unwrap();
    let destination = service.needed().destination();
    assert_eq!(destination.to_string(), "https://localhost:443");
    let mut service = Service::at("http://127.0.0.1:5556");
    check_route(&service, &[], ("not needed", None));
    service.listener = "[::]:5556".parse().unwrap();
    let service = Service {
        issuer: Issuer::parse("https://login.example.com").unwrap(),
        ..service
    };
    let lan = ("https://login.example.com:443", "http://192.168.1.2:5556");
    check_route(&service, &[lan], ("right", Some(0)));
}

#[test]
fn the_rows_of_the_proxy_have_both_sides() {
    let service = Service::new();
    let check = |rules: &[(&str, &str)], dsm: [Option<&str>; 2], same: [bool; 2]| {
        let rules: Vec<ProxyRule> = rules.iter().map(rule).collect();
        let rows = service.needed().compare_proxy(&rules);
        assert_eq!(rows.each_ref().map(|row| row.dsm.as_deref()), dsm);
        assert_eq!(rows.each_ref().map(|row| row.same), same);
        let ours = ["https://login.example.com:443", "http://127.0.0.1:5556"];
        assert_eq!(rows.map(|row| row.ours.unwrap()), ours);
    };
    let public = "https://login.example.com:443";
    let [here, there] = ["http://localhost:5556", "http://localhost:80"];
    check(&[], [None, None], [false, false]);
    check(&[(public, here)], [Some(public), Some(here)], [true, true]);
    check(
        &[(public, there)],
        [Some(public), Some(there)],
        [true, false],
    );
    let old = "https://old.example.com:443";
    check(&[(old, here)], [Some(old), Some(here)], [false, true]);
}
