//! What an attacker tries at the administration page: a stranger, a DSM user
//! without rights, an administrator whose rights have ended, another site.

use std::time::Duration;

use domain::base::clock::Clock;
use fakes::browser::{Browser, Shown};
use fakes::dsm::FakeUser;
use fakes::google::{self, Person};
use fakes::house::{House, JEANNE, encode, family};
use google_to_synology_sso::config::{LogFormat, LogLevel};

use super::{
    PAUL, at_home, has_session, keys, message, open, public_house, signed_in, submit, to_callback,
    token, try_sign_in,
};
use crate::support::captured_log::CapturedLog;
use crate::support::control::report;

const ROTATE: &str = "rotate-keys";
const KEYS: &str = "/admin/keys";
const PAGES: [&str; 4] = ["/admin", "/admin/people", "/admin/setup", KEYS];

const MARIE: &str = "marie@example.com";

/// A house with another administrator, and her browser.
async fn with_marie() -> (House, Browser) {
    let house = public_house("").await;
    let mut people = google::family();
    people.push(Person::new("5150", MARIE, "Marie"));
    house.google.set_people(people);
    let mut users = family();
    users.push(FakeUser::new("marie", MARIE).administrator());
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
    let mut marie = at_home();
    assert_eq!(try_sign_in(&house, &mut marie, MARIE).await.status, 303);
    (house, marie)
}

#[tokio::test]
async fn a_form_of_another_administrator_does_nothing() {
    let (house, mut marie) = with_marie().await;
    let stolen = token(&open(&house, &mut marie, KEYS).await, ROTATE);
    let mut paul = signed_in(&house).await;
    let shown = submit(&house, &mut paul, KEYS, ROTATE, &stolen).await;
    assert_eq!(message(&shown), "stale-form");
    assert_eq!(keys(&house).await, 1);
    // It is still Marie's.
    let shown = submit(&house, &mut marie, KEYS, ROTATE, &stolen).await;
    assert_eq!(shown.status, 303);
}

#[tokio::test]
async fn jeanne_cannot_send_pauls_forms() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, KEYS).await;
    let stolen = token(&page, ROTATE);
    let sign_out = token(&page, "sign-out");
    let mut jeanne = at_home();
    try_sign_in(&house, &mut jeanne, JEANNE).await;
    for (path, form, token) in [
        (KEYS, ROTATE, &stolen),
        ("/admin/sign-out", "sign-out", &sign_out),
    ] {
        let shown = submit(&house, &mut jeanne, path, form, token).await;
        assert_eq!(message(&shown), "session-ended");
    }
    assert_eq!(keys(&house).await, 1);
    assert!(has_session(&house, &mut paul).await);
}

#[tokio::test]
async fn after_the_sign_out_a_form_does_nothing() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, KEYS).await;
    let stolen = token(&page, ROTATE);
    let mut copy = paul.clone();
    let sign_out = token(&page, "sign-out");
    submit(&house, &mut paul, "/admin/sign-out", "sign-out", &sign_out).await;

    let shown = submit(&house, &mut copy, KEYS, ROTATE, &stolen).await;
    assert_eq!(message(&shown), "session-ended");
    let mut again = signed_in(&house).await;
    let shown = submit(&house, &mut again, KEYS, ROTATE, &stolen).await;
    assert_eq!(message(&shown), "stale-form");
    assert_eq!(keys(&house).await, 1);
}

#[tokio::test]
async fn of_the_same_form_sent_at_once_one_is_accepted() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let token = token(&open(&house, &mut paul, KEYS).await, ROTATE);
    let (mut second, mut third) = (paul.clone(), paul.clone());
    let (a, b, c) = tokio::join!(
        submit(&house, &mut paul, KEYS, ROTATE, &token),
        submit(&house, &mut second, KEYS, ROTATE, &token),
        submit(&house, &mut third, KEYS, ROTATE, &token),
    );
    let mut statuses = [a.status.as_u16(), b.status.as_u16(), c.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 403, 403]);
    assert_eq!(keys(&house).await, 2);
}

#[tokio::test]
async fn the_result_of_a_form_is_shown_in_its_own_session_only() {
    let (house, mut marie) = with_marie().await;
    let mut paul = signed_in(&house).await;
    let token = token(&open(&house, &mut paul, KEYS).await, ROTATE);
    assert_eq!(
        submit(&house, &mut paul, KEYS, ROTATE, &token).await.status,
        303
    );
    let page = open(&house, &mut marie, KEYS).await;
    assert!(!page.body.contains("role=\"status\""), "{page:?}");
    let page = open(&house, &mut paul, KEYS).await;
    assert!(page.body.contains("role=\"status\""), "{page:?}");
}

#[tokio::test]
async fn an_administrator_without_rights_links_no_one() {
    let house = public_house("").await;
    house
        .arrive(&mut Browser::new(), "inconnu@gmail.com", "")
        .await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, "/admin/people").await;
    let form = link_form(&page, "Paul");
    let token = token(&page, "link-refused");
    let mut users = family();
    fakes::house::by_name(&mut users, "Paul").administrator = false;
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();

    let shown = submit(&house, &mut paul, "/admin/people", &form, &token).await;

    assert_eq!(message(&shown), "not-administrator");
    let shown = house
        .arrive(&mut Browser::new(), "inconnu@gmail.com", "")
        .await;
    assert_eq!(shown.refusal(), Some("address-unknown"));
}

/// Sends `form` with the token of `page`.
async fn send_link(house: &House, paul: &mut Browser, page: &Shown, form: &str) {
    let token = token(page, "link-refused");
    let sent = submit(house, paul, "/admin/people", form, &token).await;
    assert_eq!(sent.status, 303, "{sent:?}");
}

/// The form of the first refusal on the page, with `user` chosen.
fn link_form(page: &Shown, user: &str) -> String {
    let fields = ["issuer", "subject", "at"].map(|name| {
        let field = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
        let (_, after) = page.body.split_once(&field).unwrap();
        format!("&{name}={}", encode(after.split('"').next().unwrap()))
    });
    format!("link-refused{}&user={user}", fields.concat())
}

/// A second Google account gets the address of one that was linked.
#[tokio::test]
async fn an_account_with_the_address_of_a_linked_one_is_not_linked() {
    let house = public_house("").await;
    let first = Person::new("7001", "nina@gmail.com", "Nina");
    let second = Person::new("7002", "n.ina@gmail.com", "Nina");
    let mut people = google::family();
    people.extend([first, second]);
    house.google.set_people(people);
    house
        .arrive(&mut Browser::new(), "nina@gmail.com", "")
        .await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, "/admin/people").await;
    let form = link_form(&page, "lea");
    send_link(&house, &mut paul, &page, &form).await;
    house
        .arrive(&mut Browser::new(), "n.ina@gmail.com", "")
        .await;
    open(&house, &mut paul, "/admin/people").await;

    let page = open(&house, &mut paul, "/admin/people").await;
    let form = link_form(&page, "lea");
    assert!(form.contains("7002"), "{form}");
    send_link(&house, &mut paul, &page, &form).await;

    let page = open(&house, &mut paul, "/admin/people").await;
    assert!(page.body.contains("Nothing was changed"), "{page:?}");
    let (claims, _) = house.sign_in("nina@gmail.com", "").await;
    assert_eq!(claims["username"], "lea");
    let shown = house
        .arrive(&mut Browser::new(), "n.ina@gmail.com", "")
        .await;
    assert_eq!(shown.status, 403);
}

/// A browser cannot be made to choose a subject that Google has not verified.
#[tokio::test]
async fn only_an_account_that_was_refused_is_linked() {
    let house = public_house("").await;
    house
        .arrive(&mut Browser::new(), "inconnu@gmail.com", "")
        .await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, "/admin/people").await;
    let form = link_form(&page, "lea");
    let (before, after) = form.split_once("&subject=").unwrap();
    let (_, after) = after.split_once('&').unwrap();
    let forged = format!("{before}&subject=666&{after}");
    send_link(&house, &mut paul, &page, &forged).await;
    let page = open(&house, &mut paul, "/admin/people").await;
    assert!(page.body.contains("Nothing was changed"), "{page:?}");
    let links = report(&house, &["links", "list"]).await.to_string();
    assert!(!links.contains("666"), "{links}");
}

#[tokio::test]
async fn no_response_can_be_framed_stored_or_read_by_another_site() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, "/admin/setup").await;
    let secret = token(&page, "show-secret");
    let mut shown = vec![
        submit(
            &house,
            &mut paul,
            "/admin/setup",
            "show-secret&client=synology",
            &secret,
        )
        .await,
        submit(&house, &mut paul, KEYS, ROTATE, "forged").await,
        paul.clone().get(&house.url("/admin/nothing")).await,
        at_home().post(&house.url(KEYS), "form=x").await,
        at_home().get(&house.url("/admin/callback")).await,
        at_home().get(&house.url("/admin")).await,
        at_home().get(&house.url("/admin/sign-in")).await,
        Browser::new().get(&house.url("/admin")).await,
        try_sign_in(&house, &mut at_home(), JEANNE).await,
    ];
    for path in PAGES {
        shown.push(open(&house, &mut paul, path).await);
    }
    for shown in shown {
        assert_eq!(shown.header("cache-control"), "no-store", "{shown:?}");
        assert_eq!(shown.header("access-control-allow-origin"), "");
        assert_eq!(shown.header("access-control-allow-credentials"), "");
        if shown.status == 303 {
            continue;
        }
        assert_eq!(shown.header("x-frame-options"), "DENY", "{shown:?}");
        assert_eq!(shown.header("x-content-type-options"), "nosniff");
        let policy = shown.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(!shown.body.contains("<script"), "{shown:?}");
    }
}

#[tokio::test]
async fn no_header_or_path_leads_to_another_host() {
    let house = public_house("").await;
    for (path, header) in [
        ("/admin", "x-forwarded-host"),
        ("/admin", "forwarded"),
        ("/admin", "x-original-url"),
        ("/admin", "referer"),
        ("/admin/%2F%2Fevil.example.com", "x-forwarded-server"),
        ("/admin/@evil.example.com", "origin"),
    ] {
        let mut browser = at_home().with_header(header, "https://evil.example.com");
        let shown = try_sign_in_at(&house, &mut browser, path).await;
        assert_eq!(
            shown.location(),
            "https://login.example.com/admin",
            "{path} {header}"
        );
    }
    let shown = at_home().get(&house.url("//evil.example.com/admin")).await;
    assert_eq!(shown.status, 404);
}

async fn try_sign_in_at(house: &House, browser: &mut Browser, path: &str) -> Shown {
    let to_auth = browser.get(&house.url(path)).await;
    super::through_google(house, browser, &to_auth, PAUL).await
}

#[tokio::test]
async fn other_methods_do_nothing_with_a_session_either() {
    let house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let token = token(&open(&house, &mut paul, KEYS).await, ROTATE);
    let form = format!("form={ROTATE}&token={token}");
    paul.headers.push(("origin", house.issuer()));
    for method in ["HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"] {
        let shown = paul.send(method, &house.url(KEYS), Some(&form)).await;
        assert_eq!(shown.status, 405, "{method}");
        assert_eq!(shown.header("allow"), "GET, POST");
    }
    let overridden = format!("{KEYS}?form={ROTATE}&token={token}&_method=POST");
    paul.headers
        .push(("x-http-method-override", "POST".to_owned()));
    paul.get(&house.url(&overridden)).await;
    // The query of a POST is not its form.
    let shown = paul.post(&house.url(&overridden), "").await;
    assert_eq!(message(&shown), "invalid");
    assert_eq!(keys(&house).await, 1);
}

#[tokio::test]
async fn a_sign_in_of_the_future_is_not_fresh_for_longer() {
    let house = public_house("").await;
    let tomorrow = house.clock.now().seconds() + 86_400;
    house
        .google
        .tamper(move |draft| draft.claim("auth_time", tomorrow));
    let mut paul = signed_in(&house).await;
    house.clock.advance(Duration::from_secs(601));
    let token = token(&open(&house, &mut paul, KEYS).await, ROTATE);
    let shown = submit(&house, &mut paul, KEYS, ROTATE, &token).await;
    assert_eq!(message(&shown), "needs-fresh-sign-in");
}

/// A NAS whose clock was fast is corrected: what was made at the later time
/// must not be valid for longer.
#[tokio::test]
async fn a_clock_set_back_prolongs_neither_session_nor_form() {
    let house = public_house("").await;
    let right = house.clock.now().seconds();
    let mut paul = signed_in(&house).await;
    let page = open(&house, &mut paul, KEYS).await;
    let mut out = signed_in(&house).await;
    let sign_out = token(&open(&house, &mut out, KEYS).await, "sign-out");
    let mut stolen = out.clone();
    submit(&house, &mut out, "/admin/sign-out", "sign-out", &sign_out).await;

    house.clock.set(right - 60);
    let shown = submit(&house, &mut paul, KEYS, ROTATE, &token(&page, ROTATE)).await;
    assert_eq!(message(&shown), "stale-form");
    assert!(!has_session(&house, &mut stolen).await);
    let mut waiting = at_home();
    let to_auth = waiting.get(&house.url("/admin")).await;
    let answer = to_callback(&house, &mut waiting, &to_auth, PAUL).await;
    let answer = house.back(answer.location());

    house.clock.set(right - 660);
    house.jobs().users.refresh().await.unwrap();
    assert!(!has_session(&house, &mut paul).await);
    assert!(!has_session(&house, &mut stolen).await);
    let shown = waiting.get(&answer).await;
    assert_eq!(message(&shown), "no-such-sign-in");
    assert_eq!(keys(&house).await, 1);
}

#[tokio::test]
async fn a_reload_that_denies_the_administrator_ends_the_session() {
    let mut house = public_house("").await;
    let mut paul = signed_in(&house).await;
    let mut stolen = paul.clone();
    house.plan().more = "[users]\ndeny = [\"paul\"]".to_owned();
    house.write_config();
    report(&house, &["reload"]).await;
    let shown = paul.get(&house.url("/admin")).await;
    assert_eq!(message(&shown), "not-administrator");
    house.plan().more = String::new();
    house.write_config();
    report(&house, &["reload"]).await;
    assert!(!has_session(&house, &mut stolen).await);
}

#[tokio::test]
async fn a_forged_header_line_of_the_client_opens_nothing() {
    let house = public_house("").await;
    let mut browser = Browser::new()
        .with_header("x-forwarded-for", "192.168.1.20")
        .with_header("x-forwarded-for", "203.0.113.5")
        .with_header("forwarded", "for=192.168.1.20")
        .with_header("x-real-ip", "192.168.1.20")
        .with_header("cf-connecting-ip", "192.168.1.20")
        .with_header("true-client-ip", "192.168.1.20");
    let shown = browser.get(&house.url("/admin")).await;
    assert_eq!(message(&shown), "elsewhere");
    for mapped in [
        "::ffff:203.0.113.5",
        "[::ffff:203.0.113.5]:4711",
        "fe80::1%eth0",
    ] {
        let mut browser = Browser::new().with_header("x-forwarded-for", mapped);
        let shown = browser.get(&house.url("/admin")).await;
        assert_eq!(message(&shown), "elsewhere", "{mapped}");
    }
}

#[tokio::test]
async fn a_flood_of_the_page_stops_no_sign_in() {
    let house = public_house("").await;
    let attacker = || Browser::new().with_header("x-forwarded-for", "192.168.1.66");
    let mut paul = signed_in(&house).await;
    for number in 0..60 {
        let shown = match number % 3 {
            0 => attacker().get(&house.url("/admin")).await,
            1 => attacker().get(&house.url("/admin/callback?code=x")).await,
            _ => attacker().post(&house.url(KEYS), "form=x").await,
        };
        assert_ne!(shown.status, 429, "{number}");
    }
    assert_eq!(attacker().get(&house.url("/admin")).await.status, 429);
    assert_eq!(attacker().post(&house.url(KEYS), "").await.status, 429);
    // The family is behind the same address.
    let shown = house.arrive(&mut attacker(), JEANNE, "").await;
    assert!(shown.answered("code").is_some(), "{shown:?}");
    open(&house, &mut paul, "/admin").await;
}

#[tokio::test]
async fn no_cookie_token_or_code_is_in_the_log() {
    let log = CapturedLog::up(LogLevel::TRACE, LogFormat::Text);
    let house = public_house("").await;
    let mut paul = at_home();
    let to_auth = paul.get(&house.url("/admin")).await;
    let mut secrets = vec![
        to_auth.answered("state").unwrap(),
        to_auth.answered("nonce").unwrap(),
        paul.cookies["__Host-admin-sign-in"].clone(),
    ];
    let answer = to_callback(&house, &mut paul, &to_auth, PAUL).await;
    secrets.push(answer.answered("code").unwrap());
    paul.get(&house.back(answer.location())).await;
    secrets.push(paul.cookies["__Host-admin"].clone());
    let page = open(&house, &mut paul, KEYS).await;
    secrets.push(token(&page, ROTATE));
    submit(&house, &mut paul, KEYS, ROTATE, &token(&page, ROTATE)).await;
    submit(&house, &mut paul, KEYS, ROTATE, &token(&page, ROTATE)).await;
    secrets.push(paul.cookies["__Host-admin"].clone());
    paul.get(&house.back(answer.location())).await;
    let text = log.text();
    assert!(
        text.contains("changed on the administration page"),
        "{text}"
    );
    for secret in secrets {
        assert!(secret.len() >= 40, "{secret}");
        assert!(!text.contains(&secret), "{secret}: {text}");
    }
}
