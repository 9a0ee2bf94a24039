//! The public documents: discovery, keys, health, the landing page; and unknown
//! paths.

use fakes::browser::{Browser, Shown};
use fakes::house::{House, JEANNE, Plan};
use serde_json::{Value, json};

const DISCOVERY: &str = "/.well-known/openid-configuration";
const RFC_8414: &str = "/.well-known/oauth-authorization-server";

/// The expected document of an issuer whose endpoints are below `base`.
fn expected(issuer: &str, base: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/auth"),
        "token_endpoint": format!("{base}/token"),
        "userinfo_endpoint": format!("{base}/userinfo"),
        "jwks_uri": format!("{base}/keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "email", "profile"],
        "claims_supported": [
            "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "email",
            "email_verified", "name", "username", "preferred_username"
        ],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false
    })
}

/// A house with another issuer, which is served at `path`.
async fn house_of(issuer: &str, path: &str) -> House {
    House::planned(Plan {
        issuer: Some(issuer.to_owned()),
        path: path.to_owned(),
        ..Plan::default()
    })
    .await
}

async fn get(url: &str) -> Shown {
    Browser::new().get(url).await
}

#[tokio::test]
async fn discovery_lists_what_there_is_and_nothing_else() {
    let issuer = "https://login.example.com";
    let house = house_of(issuer, "").await;
    for place in [DISCOVERY, RFC_8414] {
        let answer = get(&house.url(place)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "max-age=300");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.json(), expected(issuer, issuer), "{place}");
    }
}

#[tokio::test]
async fn an_issuer_with_a_path_is_found_at_three_places() {
    for issuer in [
        "https://login.example.com/dex",
        "https://login.example.com/dex/",
    ] {
        let house = house_of(issuer, "/dex").await;
        let origin = format!("http://{}", house.address);
        for place in [
            format!("{origin}/dex{DISCOVERY}"),
            format!("{origin}/dex{RFC_8414}"),
            format!("{origin}{RFC_8414}/dex"),
        ] {
            let document = get(&place).await.json();
            let endpoints = expected(issuer, "https://login.example.com/dex");
            assert_eq!(document, endpoints, "{place}");
        }
        // Nothing is served outside the path.
        for place in [DISCOVERY, RFC_8414, "/", "/keys", "/healthz", "/dexter"] {
            let answer = get(&format!("{origin}{place}")).await;
            assert_eq!(answer.status, 404, "{place}");
        }
        for place in ["/dex", "/dex/", "/dex/keys", "/dex/healthz"] {
            let answer = get(&format!("{origin}{place}")).await;
            assert_eq!(answer.status, 200, "{place}");
        }
    }
}

#[tokio::test]
async fn an_issuer_with_a_trailing_slash_stays_as_it_is_written() {
    let issuer = "https://login.example.com/";
    let house = house_of(issuer, "").await;
    let document = get(&house.url(DISCOVERY)).await.json();
    assert_eq!(document, expected(issuer, "https://login.example.com"));
    let mut browser = Browser::new();
    let departed = browser.get(&house.authorization_request("")).await;
    let back = house.google.choose(departed.location(), JEANNE);
    assert_eq!(back.path(), "/callback");
    let local = format!(
        "http://{}/callback?{}",
        house.address,
        back.query().unwrap()
    );
    let arrived = browser.get(&local).await;
    assert_eq!(arrived.answered("iss").as_deref(), Some(issuer));
    let code = arrived.answered("code").unwrap();
    let tokens = house.redeem(&code, "").await.json();
    let claims = fakes::house::claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["iss"], issuer);
}

#[tokio::test]
async fn host_headers_do_not_change_the_documents() {
    let issuer = "https://login.example.com";
    let house = house_of(issuer, "").await;
    let plain = get(&house.url(DISCOVERY)).await;
    for (name, value) in [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-port", "8443"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "host=evil.example;proto=http"),
    ] {
        let mut browser = Browser::new().with_header(name, value);
        let told = browser.get(&house.url(DISCOVERY)).await;
        assert_eq!(told.body, plain.body, "{name}");
        let page = browser.get(&house.url("/")).await;
        assert!(!page.body.contains("evil"), "{name}");
        let departed = browser.get(&house.authorization_request("")).await;
        let to_google = departed.location();
        let ours = "redirect_uri=https%3A%2F%2Flogin.example.com%2Fcallback";
        assert!(to_google.contains(ours), "{name}: {to_google}");
        assert!(!format!("{departed:?}").contains("evil"), "{name}");
        let cookie = departed.header("set-cookie");
        assert!(cookie.starts_with("__Host-login-"), "{name}: {cookie}");
    }
}

#[tokio::test]
async fn one_key_is_published_and_stays_over_a_restart() {
    let mut house = House::new().await;
    let answer = get(&house.url("/keys")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "max-age=3600");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let document = answer.json();
    let [key] = document["keys"].as_array().unwrap().as_slice() else {
        panic!("{document}")
    };
    // The public half only.
    let members: Vec<&String> = key.as_object().unwrap().keys().collect();
    assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
    assert_eq!(key["kty"], "RSA");
    assert_eq!(key["alg"], "RS256");
    assert_eq!(key["use"], "sig");
    assert_eq!(key["e"], "AQAB");
    // 2048 bits are 256 bytes, in base64url 342 characters.
    assert_eq!(key["n"].as_str().unwrap().len(), 342);

    house.stop().await;
    house.start().await;
    assert_eq!(get(&house.url("/keys")).await.body, answer.body);
}

#[tokio::test]
async fn the_sign_of_life_says_ok_and_nothing_else() {
    let house = House::planned(Plan {
        warmed_up: false,
        ..Plan::default()
    })
    .await;
    let answer = get(&house.url("/healthz")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, "ok");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("server"), "");
}

#[tokio::test]
async fn the_landing_page_names_the_nas_and_leads_to_it() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let page = get(&house.url("/")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("the family&#39;s NAS"), "{}", page.body);
    let link = "href=\"https://nas.example.com\"";
    assert!(page.body.contains(link), "{}", page.body);
    assert_is_a_guarded_page(&page, "en");

    let mut jeanne = Browser::new().with_header("accept-language", "fr-FR,fr;q=0.9");
    let page = jeanne.get(&house.url("/")).await;
    assert!(page.body.contains("Se connecter"), "{}", page.body);
    assert!(page.body.contains(link), "{}", page.body);
    assert_is_a_guarded_page(&page, "fr");
}

#[tokio::test]
async fn an_unknown_path_is_a_page() {
    let house = House::new().await;
    for path in [
        "/nothing",
        "/token/",
        "/Token",
        "//token",
        "/keys/x",
        "/.well-known/",
        "/.well-known/webfinger",
        "/.well-known/oauth-authorization-server/",
        "/..%2ftoken",
        "/%74oken",
    ] {
        for method in ["GET", "POST", "OPTIONS"] {
            let page = Browser::new().send(method, &house.url(path), None).await;
            assert_eq!(page.status, 404, "{method} {path}");
            assert_is_a_guarded_page(&page, "en");
        }
    }
}

#[track_caller]
fn assert_is_a_guarded_page(page: &Shown, language: &str) {
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.body.contains(&format!("<html lang=\"{language}\">")));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cross-origin-opener-policy"), "");
    assert_eq!(page.header("access-control-allow-origin"), "");
}

/// The allowed methods of each path.
const METHODS: [(&str, &str); 9] = [
    (DISCOVERY, "GET, HEAD, OPTIONS"),
    (RFC_8414, "GET, HEAD, OPTIONS"),
    ("/keys", "GET, HEAD, OPTIONS"),
    ("/auth", "GET, POST"),
    ("/callback", "GET"),
    ("/token", "POST"),
    ("/userinfo", "GET, POST, OPTIONS"),
    ("/healthz", "GET, HEAD"),
    ("/", "GET, HEAD"),
];

#[tokio::test]
async fn a_wrong_method_gets_the_allowed_methods() {
    let house = House::new().await;
    for (path, allowed) in METHODS {
        for method in [
            "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "get",
        ] {
            let answer = Browser::new().send(method, &house.url(path), None).await;
            let knows = allowed.split(", ").any(|known| known == method);
            assert_eq!(answer.status != 405, knows, "{method} {path}");
            let told = answer.header("allow");
            assert_eq!(told == allowed, !knows, "{method} {path}: {told}");
        }
    }
}

#[tokio::test]
async fn a_head_is_a_get_without_its_body() {
    let house = House::new().await;
    for (path, allowed) in METHODS {
        if !allowed.contains("HEAD") {
            continue;
        }
        let url = house.url(path);
        let mut whole = get(&url).await;
        let mut head = Browser::new().send("HEAD", &url, None).await;
        assert_eq!(head.status, whole.status, "{path}");
        assert_eq!(head.body, "", "{path}");
        assert!(whole.headers.contains_key("content-length"), "{path}");
        // The second may have turned in between.
        whole.headers.remove("date");
        head.headers.remove("date");
        assert_eq!(head.headers, whole.headers, "{path}");
    }
}

#[tokio::test]
async fn cross_origin_scripts_read_discovery_keys_and_userinfo_only() {
    let house = House::new().await;
    for (path, allowed) in METHODS {
        let url = house.url(path);
        let mut script = Browser::new().with_header("origin", "https://evil.example");
        let method = if path == "/token" { "POST" } else { "GET" };
        let answer = script.send(method, &url, None).await;
        let open = allowed.contains("OPTIONS");
        let expected = if open { "*" } else { "" };
        assert_eq!(
            answer.header("access-control-allow-origin"),
            expected,
            "{path}"
        );
        let preflight = script.send("OPTIONS", &url, None).await;
        assert_eq!(preflight.status == 204, open, "{path}");
        for shown in [answer, preflight] {
            assert_eq!(shown.header("access-control-allow-credentials"), "");
        }
    }
}
