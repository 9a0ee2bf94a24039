//! The sign-in to the page: that of the service, as for any other client.

use fakes::browser::Browser;
use fakes::google::Endpoint;
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, Plan, encode};
use google_to_synology_sso::config::{Config, LogFormat, LogLevel};
use serde_json::json;

use super::{
    PAGE, PAUL, at_home, has_session, message, open, public_house, signed_in, through_google,
    to_callback, try_sign_in,
};
use crate::support::captured_log::CapturedLog;
use crate::support::control::report;
use crate::support::disk::disk;
use crate::support::token::{error, invalid_grant};

const RETURN: &str = "https://login.example.com/admin";

#[tokio::test]
async fn paul_signs_in_and_sees_the_page() {
    let log = CapturedLog::up(LogLevel::INFO, LogFormat::Text);
    let house = public_house("").await;
    let mut browser = at_home();

    let shown = try_sign_in(&house, &mut browser, PAUL).await;

    assert_eq!(shown.status, 303, "{shown:?}");
    assert_eq!(shown.location(), RETURN);
    let set = shown.headers("set-cookie");
    let [session, end] = set.as_slice() else {
        panic!("{set:?}");
    };
    assert!(session.starts_with("__Host-admin="), "{session}");
    let attributes = "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=";
    assert!(session.contains(&format!("{attributes}1800")), "{session}");
    assert_eq!(*end, format!("__Host-admin-sign-in={attributes}0"));
    let page = open(&house, &mut browser, "/admin").await;
    assert!(page.body.contains("<bdi>Paul</bdi>"), "{page:?}");
    // As any sign-in, it is logged and listed.
    assert_eq!(log.count("signed in"), 1, "{}", log.text());
    let status = report(&house, &["status"]).await;
    let sign_in = &status["sign_ins"][0];
    assert_eq!(sign_in["user"], "Paul");
    assert_eq!(sign_in["client"], "administration page");
}

#[tokio::test]
async fn on_http_the_cookies_need_no_https() {
    let house = House::new().await;
    let mut browser = Browser::new();
    let shown = try_sign_in(&house, &mut browser, PAUL).await;
    let set = shown.headers("set-cookie");
    assert!(set[0].starts_with("admin="), "{set:?}");
    assert!(!set[0].contains("Secure"), "{set:?}");
    open(&house, &mut browser, "/admin").await;
}

#[tokio::test]
async fn under_a_path_everything_is_below_it() {
    let plan = Plan {
        path: "/dex".to_owned(),
        ..Plan::default()
    };
    let house = House::planned(plan).await;
    let mut browser = Browser::new();
    let shown = try_sign_in(&house, &mut browser, PAUL).await;
    assert_eq!(shown.location(), format!("{}/admin", house.issuer()));
    let page = open(&house, &mut browser, "/admin").await;
    assert!(page.body.contains("href=\"/dex/admin/people\""), "{page:?}");
}

#[tokio::test]
async fn every_page_leads_to_the_sign_in_and_back_to_the_first() {
    let house = public_house("").await;
    for path in [
        "/admin/people",
        "/admin/nothing",
        "/admin?return=https://evil.example.com",
        "/admin//evil.example.com",
        "/admin/sign-in?return=//evil.example.com",
    ] {
        let mut browser = at_home();
        let to_auth = browser.get(&house.url(path)).await;
        assert!(
            to_auth
                .location()
                .starts_with("https://login.example.com/auth?")
        );
        let shown = through_google(&house, &mut browser, &to_auth, PAUL).await;
        assert_eq!(shown.location(), RETURN, "{path}");
    }
}

#[tokio::test]
async fn the_answer_is_bound_to_the_browser_that_asked() {
    let house = public_house("").await;
    let mut attacker = at_home();
    let to_auth = attacker.get(&house.url("/admin")).await;
    let answer = to_callback(&house, &mut attacker, &to_auth, PAUL).await;
    let answer = house.back(answer.location());

    // The victim opens the attacker's answer, to be signed in as Paul.
    let mut victim = at_home();
    let shown = victim.get(&answer).await;
    assert_eq!(message(&shown), "no-such-sign-in");
    // With a sign-in of their own in progress, too.
    victim.get(&house.url("/admin")).await;
    let shown = victim.get(&answer).await;
    assert_eq!(message(&shown), "no-such-sign-in");
    assert!(!has_session(&house, &mut victim).await);
}

#[tokio::test]
async fn an_answer_is_used_once_and_in_time() {
    let house = public_house("").await;
    let mut browser = at_home();
    let to_auth = browser.get(&house.url("/admin")).await;
    let answer = to_callback(&house, &mut browser, &to_auth, PAUL).await;
    let answer = house.back(answer.location());
    let mut again = browser.clone();
    let mut late = browser.clone();
    assert_eq!(browser.get(&answer).await.status, 303);

    let shown = again.get(&answer).await;
    assert_eq!(message(&shown), "not-signed-in");
    house.clock.advance(std::time::Duration::from_mins(16));
    let shown = late.get(&answer).await;
    assert_eq!(message(&shown), "no-such-sign-in");
}

#[tokio::test]
async fn an_answer_of_another_issuer_or_without_a_code_is_none() {
    let house = public_house("").await;
    let mut browser = at_home();
    let to_auth = browser.get(&house.url("/admin")).await;
    let answer = to_callback(&house, &mut browser, &to_auth, PAUL).await;
    let url = house.back(answer.location());
    let own = encode("https://login.example.com");
    let before = browser.clone();
    let mut tried = before.clone();
    let foreign = url.replace(&format!("iss={own}"), "iss=https%3A%2F%2Fevil.example.com");
    assert_eq!(message(&tried.get(&foreign).await), "no-such-sign-in");
    let mut tried = before.clone();
    let unnamed = url.replace(&format!("&iss={own}"), "");
    assert_eq!(message(&tried.get(&unnamed).await), "no-such-sign-in");
    let mut tried = before.clone();
    let cancelled = url.replace("code=", "error=access_denied&x=");
    let shown = tried.get(&cancelled).await;
    assert_eq!(
        (shown.status.as_u16(), message(&shown)),
        (403, "not-signed-in")
    );
    // A browser that only loads the page in advance uses nothing up.
    let mut early = before.clone().with_header("sec-purpose", "prefetch");
    assert_eq!(early.get(&url).await.status, 503);
    assert_eq!(browser.get(&url).await.status, 303);
}

#[tokio::test]
async fn its_codes_and_those_of_the_clients_are_apart() {
    let house = public_house("").await;
    let mut browser = at_home();
    let to_auth = browser.get(&house.url("/admin")).await;
    let answer = to_callback(&house, &mut browser, &to_auth, PAUL).await;

    // A client cannot redeem the page's code, nor use it up.
    let code = answer.answered("code").unwrap();
    let shown = house.redeem(&code, "").await;
    assert_eq!(error(&shown), invalid_grant(), "{shown:?}");
    // The page cannot be a client at /token: it has no secret.
    for secret in ["", &encode(CLIENT_SECRET_OF_DSM)] {
        let form = format!(
            "grant_type=authorization_code&code={code}&client_id={PAGE}&client_secret={secret}\
             &redirect_uri={}",
            encode("https://login.example.com/admin/callback")
        );
        let shown = Browser::new().post(&house.url("/token"), &form).await;
        assert_eq!(shown.status, 401, "{shown:?}");
        let mut basic = Browser::new();
        // `administration page:` and nothing.
        basic.headers = vec![(
            "authorization",
            "Basic YWRtaW5pc3RyYXRpb24gcGFnZTo=".to_owned(),
        )];
        let form = form.split("&client_id").next().unwrap();
        assert_eq!(basic.post(&house.url("/token"), form).await.status, 401);
    }
    // And the page does not take a client's code.
    let of_dsm = house.code(PAUL, "").await;
    let url = house.back(answer.location());
    let swapped = url.replace(&format!("code={code}"), &format!("code={of_dsm}"));
    let mut tried = browser.clone();
    assert_eq!(message(&tried.get(&swapped).await), "not-signed-in");
    let shown = house.redeem(&of_dsm, "").await;
    assert_eq!(shown.status, 200, "{shown:?}");
    // The code is still valid where it belongs.
    assert_eq!(browser.get(&url).await.status, 303);
}

#[tokio::test]
async fn its_requests_need_pkce_and_its_own_return_address() {
    let house = public_house("").await;
    let redirect = encode("https://login.example.com/admin/callback");
    let request = format!("/auth?response_type=code&client_id={PAGE}&redirect_uri={redirect}");
    let shown = at_home().get(&house.url(&request)).await;
    assert_eq!(shown.answered("error").as_deref(), Some("invalid_request"));
    let elsewhere = request.replace("login.example.com", "evil.example.com");
    let shown = at_home().get(&house.url(&elsewhere)).await;
    assert_eq!(shown.status, 400);
    // An unknown client is not told the name of the page.
    let unknown = house.url("/auth?client_id=wrong&redirect_uri=x");
    at_home().get(&unknown).await;
    let status = report(&house, &["status"]).await;
    let problems = status["problems"].to_string();
    assert!(problems.contains("is \\\"synology\\\""), "{problems}");
    assert!(
        !problems.contains("clients.id in the config is \\\"synology\\\", "),
        "{problems}"
    );
}

#[tokio::test]
async fn no_client_of_the_config_can_have_its_name() {
    let mut house = public_house("").await;
    house.plan().more = "[[clients]]\nid = \"administration page\"\n\
                         secret-file = \"synology-client-secret\"\n\
                         redirect-uris = [\"https://photos.example.com/callback\"]"
        .to_owned();
    let error = Config::load(&house.write_config()).unwrap_err().in_lines();
    assert!(error.contains("clients[1].id: "), "{error}");
}

#[tokio::test]
async fn no_cookie_is_valid_in_the_place_of_another() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let session = paul.cookies["__Host-admin"].clone();
    let mut waiting = at_home();
    let to_auth = waiting.get(&house.url("/admin")).await;
    let answer = to_callback(&house, &mut waiting, &to_auth, PAUL).await;
    waiting.get(&house.authorization_request("")).await;
    let sign_in = waiting.cookies["__Host-admin-sign-in"].clone();
    let mut others = vec![sign_in.clone()];
    let logins = waiting.cookies.iter();
    let logins = logins.filter(|(name, _)| name.starts_with("__Host-login-"));
    others.extend(logins.map(|(_, value)| value.clone()));
    assert_eq!(others.len(), 2);
    let token = super::token(&open(&house, &mut paul, "/admin").await, "sign-out");
    others.push(token);

    for other in &others {
        let mut browser = at_home();
        browser
            .cookies
            .insert("__Host-admin".to_owned(), other.clone());
        assert!(!has_session(&house, &mut browser).await);
    }
    for other in [&session, &others[1], &others[2]] {
        let mut browser = at_home();
        let cookie = ("__Host-admin-sign-in".to_owned(), other.clone());
        browser.cookies.extend([cookie]);
        let shown = browser.get(&house.back(answer.location())).await;
        assert_eq!(message(&shown), "no-such-sign-in");
    }
    // A name that other hosts of the domain can set is not read.
    let mut browser = at_home();
    browser.cookies.insert("admin".to_owned(), session);
    assert!(!has_session(&house, &mut browser).await);
}

#[tokio::test]
async fn nothing_is_observed_of_the_page_as_of_a_client() {
    let house = public_house("").await;
    let before = house.bridge().open_milestones();
    let mut paul = signed_in(&house).await;
    open(&house, &mut paul, "/admin").await;
    assert_eq!(house.bridge().open_milestones(), before);
}

#[tokio::test]
async fn looking_at_the_page_writes_nothing() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let before = disk(&house);
    for path in ["/admin", "/admin/people", "/admin/setup", "/admin/keys"] {
        open(&house, &mut paul, path).await;
        at_home().get(&house.url(path)).await;
    }
    assert_eq!(disk(&house), before);
}

#[tokio::test]
async fn jeanne_is_told_that_it_is_not_for_her() {
    let log = CapturedLog::up(LogLevel::INFO, LogFormat::Text);
    let house = public_house("").await;
    let mut browser = at_home();

    let shown = try_sign_in(&house, &mut browser, JEANNE).await;

    assert_eq!(shown.status, 403);
    assert_eq!(message(&shown), "not-administrator");
    assert!(!browser.cookies.contains_key("__Host-admin"));
    assert_eq!(log.count("the administration page was refused"), 1);
    assert!(log.text().contains("user=jeanne"), "{}", log.text());
    assert!(!has_session(&house, &mut browser).await);
    // The link lets her choose another account.
    assert_eq!(shown.link(), "https://login.example.com/admin/sign-in");
    let to_auth = browser.get(&house.back(&shown.link())).await;
    assert_eq!(to_auth.answered("prompt").as_deref(), Some("login"));
    let shown = through_google(&house, &mut browser, &to_auth, PAUL).await;
    assert_eq!(shown.location(), RETURN);
}

#[tokio::test]
async fn a_stranger_gets_the_page_of_any_refusal() {
    let house = public_house("").await;
    let before = house.google.requests(Endpoint::Token);
    let shown = try_sign_in(&house, &mut at_home(), "inconnu@gmail.com").await;
    assert_eq!(shown.status, 403);
    assert_eq!(shown.refusal(), Some("address-unknown"));
    assert_eq!(house.google.requests(Endpoint::Token), before + 1);
    assert_eq!(report(&house, &["status"]).await["sign_ins"], json!([]));
}
