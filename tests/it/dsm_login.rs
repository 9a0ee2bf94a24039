//! The fake DSM's login page against a minimal provider.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fakes::dsm::FakeDsm;
use fakes::dsm::settings::Settings;
use fakes::dsm_login::{DsmLogin, Failure, SsoSettings, Stored};
use fakes::server::{Received, Reply, Server, reply};
use google_to_synology_sso::clients::http_client::{HttpClient, HttpClientError, Trust};
use hyper::Request;
use serde_json::{Value, json};
use url::Url;

#[tokio::test]
async fn the_button_is_there_and_opens_a_pop_up() {
    let house = House::new().await;
    let page = house.page("/").await;
    assert!(page.contains(">Continue with Google</button>"), "{page}");
    assert!(page.contains("window.open(\"/sso/start\""), "{page}");
}

#[tokio::test]
async fn a_click_fetches_the_metadata_twice_and_asks_as_dsm_does() {
    let house = House::new().await;
    let url = house.click().await;

    let asked = house.provider.asked();
    assert_eq!(asked.len(), 2);
    for request in asked {
        assert_eq!(request.uri, "/.well-known/openid-configuration");
        assert_eq!(request.headers["user-agent"], "");
    }
    assert_eq!(url.path(), "/auth");
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let (state, fixed) = query.split_last().unwrap();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        fixed,
        [
            pair("response_type", "code"),
            pair("client_id", "synology"),
            pair("redirect_uri", &house.login.url()),
            pair("scope", "openid"),
        ]
    );
    assert_eq!(state.0, "state");
    assert!(state.1.len() >= 8, "{state:?}");
}

#[tokio::test]
async fn the_user_name_comes_from_userinfo_and_the_pop_up_closes() {
    let house = House::new().await;
    let page = house.log_in().await;

    assert!(
        page.contains("Signed in as <b id=\"user\">mael</b>"),
        "{page}"
    );
    assert!(
        page.contains("postMessage({ signedIn: \"mael\" }"),
        "{page}"
    );
    let asked = house.provider.asked();
    let [.., token, userinfo, keys] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        token.form(),
        [
            pair("grant_type", "authorization_code"),
            pair("code", "a code"),
            pair("redirect_uri", &house.login.url()),
            pair("client_id", "synology"),
            pair("client_secret", "hush"),
        ]
    );
    assert!(!token.headers.contains_key("authorization"));
    assert_eq!(
        (userinfo.method.as_str(), userinfo.uri.path()),
        ("GET", "/userinfo")
    );
    assert_eq!(userinfo.headers["authorization"], "Bearer an access token");
    assert_eq!(keys.uri.path(), "/keys");
}

#[tokio::test]
async fn a_name_in_the_id_token_alone_is_not_seen() {
    let house = House::new().await;
    house
        .provider
        .change(|provider| provider.userinfo = json!({"sub": "1"}));
    house.fails(Failure::NotPrivileged).await;
}

#[tokio::test]
async fn a_provider_without_an_rsa_key_fails() {
    let house = House::new().await;
    let key = json!({"kty": "EC", "crv": "P-384", "kid": "k1", "x": "AA", "y": "AA"});
    house
        .provider
        .change(|provider| provider.keys = json!({"keys": [key]}));
    house.fails(Failure::BadProvider).await;
}

#[tokio::test]
async fn an_id_token_that_is_not_the_providers_fails() {
    for (claim, value) in [
        ("aud", json!("caddy")),
        ("aud", json!(["caddy"])),
        ("iss", json!("https://example.com")),
    ] {
        let house = House::new().await;
        house
            .provider
            .change(|provider| provider.claims[claim] = value);
        house.fails(Failure::BadProvider).await;
    }
    let house = House::new().await;
    let other = KeyPair::generate(KeySize::Rsa2048).unwrap();
    house.provider.change(|provider| provider.key = other);
    house.fails(Failure::BadProvider).await;
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_fails_at_the_click() {
    let house = House::new().await;
    let well_known = house.provider.server.url() + "/nothing";
    house.login.configure(SsoSettings {
        well_known,
        ..house.settings()
    });
    let page = house.page("/sso/start").await;
    assert!(page.contains(Failure::NoMetadata.text()), "{page}");
}

#[tokio::test]
async fn an_answer_to_no_login_fails_and_so_does_the_same_one_twice() {
    let house = House::new().await;
    let page = house.page("/?code=x&state=unknown-state").await;
    assert!(page.contains("not privilege"), "{page}");

    let state = house.state().await;
    let back = format!("/?code=x&state={state}");
    assert!(house.page(&back).await.contains("Signed in"));
    assert!(house.page(&back).await.contains("not privilege"));
}

#[tokio::test]
async fn an_error_from_the_provider_ends_the_login() {
    let house = House::new().await;
    let state = house.state().await;
    let page = house
        .page(&format!("/?error=access_denied&state={state}"))
        .await;
    assert!(page.contains("not privilege"), "{page}");
}

#[tokio::test]
async fn the_log_tells_each_request_and_no_secret() {
    let house = House::new().await;
    house.log_in().await;
    let lines: Vec<String> = house.login.events().into_iter().map(|e| e.what).collect();
    let provider = house.provider.server.url();
    let metadata = format!("NAS: GET {provider}/.well-known/openid-configuration -> 200");
    assert_eq!(
        lines,
        [
            "browser: GET /sso/start (the button was clicked)",
            &metadata,
            &metadata,
            "browser: sent to the authorization endpoint",
            "browser: came back with code",
            &metadata,
            &format!("NAS: POST {provider}/token -> 200"),
            &format!("NAS: GET {provider}/userinfo -> 200"),
            &format!("NAS: GET {provider}/keys -> 200"),
            "DSM: signed in as mael",
        ]
    );
}

#[tokio::test]
async fn a_login_uses_exactly_what_the_fake_dsm_has_stored() {
    let house = House::new().await;
    let dsm = FakeDsm::start().await;
    house.login.belongs_to(&dsm);
    assert!(!house.page("/").await.contains("Continue with Google"));
    let page = house.page("/sso/start").await;
    assert!(page.contains("There is nothing here."), "{page}");

    let issuer = house.provider.server.url();
    let stored = Settings::of(&issuer, "hush", &house.login.url());
    dsm.change(|dsm| dsm.settings = stored.clone());
    assert!(house.page("/").await.contains("Continue with Google"));
    assert!(house.log_in().await.contains("Signed in as"));

    for profile in [
        json!({"sso_enable": false, "sso_profile": "oidc"}),
        json!({"sso_enable": true, "sso_profile": "azure"}),
    ] {
        dsm.change(|dsm| dsm.settings.profile = profile);
        assert!(!house.page("/").await.contains("Continue with Google"));
    }

    dsm.change(|dsm| dsm.settings = stored.clone());
    dsm.change(|dsm| dsm.settings.client["oidc_authorization_endpoint"] = "".into());
    let page = house.page("/sso/start").await;
    assert!(page.contains(Failure::BadProvider.text()), "{page}");
    for endpoint in [String::new(), format!("{issuer}/another-token")] {
        dsm.change(|dsm| dsm.settings = stored.clone());
        dsm.change(|dsm| dsm.settings.client["oidc_token_endpoint"] = endpoint.into());
        house.fails(Failure::BadProvider).await;
    }
}

/// A NAS, its provider, and a browser.
struct House {
    login: DsmLogin,
    provider: Provider,
    browser: HttpClient,
}

impl House {
    async fn new() -> Self {
        let house = Self {
            login: DsmLogin::start().await,
            provider: Provider::start().await,
            browser: HttpClient::new(Trust::SystemAuthorities, Duration::from_secs(30)),
        };
        house.login.configure(house.settings());
        house
    }

    fn settings(&self) -> SsoSettings {
        SsoSettings {
            well_known: self.provider.server.url() + "/.well-known/openid-configuration",
            client_id: "synology".to_owned(),
            client_secret: "hush".to_owned(),
            redirect_uri: self.login.url(),
            scope: String::new(),
            username_claim: "username".to_owned(),
            stored: Stored::default(),
        }
    }

    async fn page(&self, path: &str) -> String {
        let request = Request::builder().uri(self.login.url() + path);
        let answer = self.browser.get(request, 1 << 20).await.unwrap();
        String::from_utf8(answer.body.to_vec()).unwrap()
    }

    async fn click(&self) -> Url {
        let request = Request::builder().uri(self.login.url() + "/sso/start");
        match self.browser.get(request, 1 << 20).await {
            Err(HttpClientError::Redirect { location }) => location.parse().unwrap(),
            other => panic!("no redirect: {other:?}"),
        }
    }

    async fn state(&self) -> String {
        let url = self.click().await;
        let mut query = url.query_pairs().into_owned();
        query.find(|(name, _)| name == "state").unwrap().1
    }

    async fn log_in(&self) -> String {
        let state = self.state().await;
        self.page(&format!("/?code=a+code&state={state}")).await
    }

    async fn fails(&self, failure: Failure) {
        let page = self.log_in().await;
        assert!(page.contains(failure.text()), "{page}");
        assert!(!page.contains("Signed in"), "{page}");
    }
}

/// The responses of a provider.
struct Answers {
    key: KeyPair,
    keys: Value,
    claims: Value,
    userinfo: Value,
    asked: Vec<Received>,
}

struct Provider {
    answers: Arc<Mutex<Answers>>,
    server: Server,
}

impl Provider {
    async fn start() -> Self {
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        // The lengths are those of any 2048-bit key with the exponent 65537.
        let der = key.public_key().as_ref();
        let (n, e) = (encoded(&der[9..265]), encoded(&der[267..]));
        let jwk = json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1", "n": n, "e": e});
        let answers = Arc::new(Mutex::new(Answers {
            key,
            keys: json!({"keys": [jwk]}),
            claims: json!({"sub": "1", "aud": ["synology"], "username": "from-the-id-token"}),
            userinfo: json!({"sub": "1", "username": "mael"}),
            asked: Vec::new(),
        }));
        let answering = Arc::clone(&answers);
        let server = Server::start(move |request| {
            let reply = answering.lock().unwrap().answer(request);
            async move { reply }
        })
        .await;
        let issuer = server.url();
        let provider = Self { answers, server };
        provider.change(|answers| answers.claims["iss"] = issuer.into());
        provider
    }

    fn change(&self, change: impl FnOnce(&mut Answers)) {
        change(&mut self.answers.lock().unwrap());
    }

    fn asked(&self) -> Vec<Received> {
        self.answers.lock().unwrap().asked.clone()
    }
}

impl Answers {
    fn answer(&mut self, request: Received) -> Reply {
        let issuer = format!("http://{}", request.headers["host"].to_str().unwrap());
        let json = match request.uri.path() {
            "/.well-known/openid-configuration" => json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/auth"),
                "token_endpoint": format!("{issuer}/token"),
                "userinfo_endpoint": format!("{issuer}/userinfo"),
                "jwks_uri": format!("{issuer}/keys"),
            }),
            "/token" => json!({"access_token": "an access token", "id_token": self.id_token()}),
            "/userinfo" => self.userinfo.clone(),
            "/keys" => self.keys.clone(),
            _ => return reply(404, "text/html", "<p>Not found"),
        };
        self.asked.push(request);
        reply(200, "application/json", json.to_string())
    }

    fn id_token(&self) -> String {
        let header = json!({"alg": "RS256", "kid": "k1"}).to_string();
        let claims = self.claims.to_string();
        let signed = format!("{}.{}", encoded(header), encoded(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                signed.as_bytes(),
                &mut signature,
            )
            .unwrap();
        format!("{signed}.{}", encoded(signature))
    }
}

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
