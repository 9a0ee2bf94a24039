//! Our pages run no script, load nothing, cannot be framed and send no
//! referrer.

use fakes::browser::{Browser, Shown};
use fakes::google::{Endpoint, Trouble};
use fakes::house::{House, JEANNE};

/// One page of each status, for each endpoint that shows one.
async fn pages(house: &House) -> Vec<Shown> {
    let mut pages = Vec::new();
    let mut browser = Browser::new();
    for path in [
        "/",
        "/nowhere",
        "/auth",
        "/callback",
        "/callback?state=x.y&code=c",
    ] {
        pages.push(browser.get(&house.url(path)).await);
    }
    let huge = "x".repeat(20_000);
    pages.push(browser.post(&house.url("/auth"), &huge).await);
    pages.push(house.arrive(&mut browser, "inconnu@gmail.com", "").await);
    house
        .google
        .fail_once(Endpoint::Token, Trouble::Status(500));
    pages.push(house.arrive(&mut browser, JEANNE, "").await);
    house.google.set_date_offset(7200);
    pages.push(house.arrive(&mut browser, JEANNE, "").await);
    house.google.set_date_offset(0);
    let mut stranger = Browser::new().with_header("x-forwarded-for", "192.0.2.1");
    let mut last = stranger.get(&house.url("/auth")).await;
    while last.status == 400 {
        last = stranger.get(&house.url("/auth")).await;
    }
    pages.push(last);
    pages
}

#[tokio::test]
async fn every_page_has_the_security_headers() {
    let house = House::new().await;
    let pages = pages(&house).await;
    let statuses: Vec<u16> = pages.iter().map(|page| page.status.as_u16()).collect();
    assert_eq!(statuses, [200, 404, 400, 400, 400, 413, 403, 502, 503, 429]);
    for page in pages {
        let policy = page.header("content-security-policy");
        let rules: Vec<&str> = policy.split("; ").collect();
        for rule in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(rules.contains(&rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("vary"), "Accept-Language");
        // DSM runs the login in a pop-up and talks to its opener.
        assert!(!page.headers.contains_key("cross-origin-opener-policy"));
        for marker in [
            "<script", "<img", "<link", "<form", "<iframe", "src=", "style=",
        ] {
            assert!(!page.body.contains(marker), "{marker}: {}", page.body);
        }
    }
}

/// The one style is allowed by its hash: a browser would drop it otherwise.
#[tokio::test]
async fn the_policy_allows_the_style_that_is_there() {
    use base64::Engine;
    let house = House::new().await;
    let page = Browser::new().get(&house.url("/auth")).await;
    let (_, style) = page.body.split_once("<style>").unwrap();
    let (style, _) = style.split_once("</style>").unwrap();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    let hash = base64::engine::general_purpose::STANDARD.encode(hash);
    let rule = format!("style-src 'sha256-{hash}'");
    assert!(page.header("content-security-policy").contains(&rule));
}

/// RFC 9700, section 2.6.
#[tokio::test]
async fn no_script_of_another_site_reads_what_a_login_answers() {
    let house = House::new().await;
    let mut browser = Browser::new().with_header("origin", "https://nas.example.com");
    let shown = browser.get(&house.authorization_request("")).await;
    let callback = house.google.choose(shown.location(), JEANNE);
    let arrived = browser.get(callback.as_str()).await;
    let preflight = browser.send("OPTIONS", &house.url("/auth"), None).await;
    assert_eq!(preflight.status, 405);
    assert_eq!(preflight.header("allow"), "GET, POST");
    let page = browser.get(&house.url("/callback")).await;
    for answer in [shown, arrived, preflight, page] {
        let mut names = answer.headers.keys();
        assert!(!names.any(|name| name.as_str().starts_with("access-control-")));
        assert!(!answer.headers.contains_key("cross-origin-opener-policy"));
    }
}
