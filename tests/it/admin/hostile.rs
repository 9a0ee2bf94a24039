//! Names, addresses and settings from Google and DSM that are written to break
//! out of the page or of a line of the log; and very many of them.

use fakes::browser::{Browser, Shown};
use fakes::dsm::FakeUser;
use fakes::google::{self, Person};
use fakes::house::{House, JEANNE, family};
use google_to_synology_sso::config::{LogFormat, LogLevel};
use tokio::task::JoinSet;

use super::{PAUL, open, submit, token, try_sign_in};
use crate::flood::{MOST, memory};
use crate::support::built::Built;
use crate::support::captured_log::CapturedLog;
use crate::support::control::report;

/// Leaves a text, an attribute in either quotes, a title and a template.
const MARKUP: &str = "\"onfocus='pwn' x='><img src=x></title><script>pwn</script>{{7*7}}";

/// Begins another line, another header, and a command of a terminal.
const LINES: &str = "x\r\nSet-Cookie: pwned=1\r\n\r\n1999-01-01 WARN forged\u{1b}[2J\u{202e}";

const PAGES: [&str; 5] = [
    "/admin",
    "/admin/people",
    "/admin/people?search=%22onfocus%3D%27pwn%27%3E%3Cscript%3Epwn",
    "/admin/setup",
    "/admin/keys",
];

/// Paul at a NAS with a hostile user, and a hostile stranger at Google.
async fn among_enemies() -> (House, Browser) {
    let house = House::new().await;
    house.dsm.wait_until(|counts| counts.sign_outs == 2).await;
    let mut users = family();
    for hostile in [MARKUP, LINES] {
        let mut user = FakeUser::new(&format!("eve{hostile}"), &format!("{hostile}@eve.example"));
        hostile.clone_into(&mut user.description);
        users.push(user);
    }
    house.dsm.set_users(users);
    house.dsm.change(|dsm| {
        for field in ["oidc_name", "oidc_wellknown", "oidc_client_id"] {
            dsm.settings.client[field] = MARKUP.into();
        }
        for rule in &mut dsm.settings.proxy {
            rule["description"] = format!("{MARKUP}{LINES}").into();
        }
    });
    house.jobs().users.refresh().await.unwrap();
    let mut people = google::family();
    for (subject, hostile) in [("6661", MARKUP), ("6662", LINES)] {
        let address = format!("{hostile}@evil.example");
        people.push(Person::new(subject, &address, hostile));
    }
    house.google.set_people(people.clone());
    for person in people.iter().rev().take(2) {
        let shown = house.arrive(&mut Browser::new(), &person.address, "").await;
        assert_eq!(shown.refusal(), Some("address-unknown"));
        assert_no_markup(&shown);
    }
    let mut paul = Browser::new();
    assert_eq!(try_sign_in(&house, &mut paul, PAUL).await.status, 303);
    (house, paul)
}

#[track_caller]
fn assert_no_markup(shown: &Shown) {
    for markup in ["\"onfocus", "'pwn'", "<img", "<script", "}}49"] {
        assert!(!shown.body.contains(markup), "{markup}: {shown:?}");
    }
    for cookie in shown.headers("set-cookie") {
        assert!(!cookie.contains("pwned"), "{cookie}");
    }
}

/// Nor does a name hide or reverse what stands beside it. The value of a field
/// is the exact name.
#[track_caller]
fn assert_is_text(shown: &Shown) {
    assert_no_markup(shown);
    let mut parts = shown.body.split(" value=\"");
    let mut visible = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        visible += part.split_once('"').unwrap_or_default().1;
    }
    for character in ['\r', '\u{1b}', '\u{202e}'] {
        let found = visible.split(character).next().unwrap_or_default();
        let before = found.chars().count().saturating_sub(80);
        let before: String = found.chars().skip(before).collect();
        assert!(!visible.contains(character), "{character:?} after {before}");
    }
}

#[tokio::test]
async fn names_of_google_and_dsm_stay_text() {
    let log = CapturedLog::up(LogLevel::TRACE, LogFormat::Text);
    let (house, mut paul) = among_enemies().await;
    let page = open(&house, &mut paul, "/admin").await;
    let check = token(&page, "check-again");
    submit(&house, &mut paul, "/admin", "check-again", &check).await;
    let mut bodies = String::new();
    for path in PAGES {
        let shown = open(&house, &mut paul, path).await;
        assert_is_text(&shown);
        bodies += &shown.body;
    }
    let page = open(&house, &mut paul, "/admin/setup").await;
    let plan = token(&page, "plan-settings");
    let shown = submit(&house, &mut paul, "/admin/setup", "plan-settings", &plan).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    assert_is_text(&shown);
    bodies += &shown.body;
    // All of them were really shown.
    for shown in [
        "evil.example",
        "eve.example",
        "eve&#34;onfocus",
        "&#60;img src=x",
    ] {
        assert!(bodies.contains(shown), "{shown}");
    }
    let text = log.text();
    assert!(text.contains("forged"), "{text}");
    for line in text.lines() {
        assert!(
            !line.starts_with("1999") && !line.starts_with("Set-Cookie"),
            "{line}"
        );
        assert!(
            !line.contains('\u{1b}') && !line.contains('\u{202e}'),
            "{line:?}"
        );
    }
}

/// An administrator's name is part of the session, and of each of its lines.
#[tokio::test]
async fn the_name_of_an_administrator_stays_text() {
    let log = CapturedLog::up(LogLevel::INFO, LogFormat::Text);
    let house = House::new().await;
    let mut users = family();
    let name = format!("boss{MARKUP}{LINES}");
    users.push(FakeUser::new(&name, "boss@example.com").administrator());
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
    let mut people = google::family();
    people.push(Person::new("7007", "boss@example.com", "Boss"));
    house.google.set_people(people);
    let mut boss = Browser::new();
    let shown = try_sign_in(&house, &mut boss, "boss@example.com").await;
    assert_eq!(shown.status, 303, "{shown:?}");
    for path in PAGES {
        assert_is_text(&open(&house, &mut boss, path).await);
    }
    let page = open(&house, &mut boss, "/admin/keys").await;
    let rotate = token(&page, "rotate-keys");
    let shown = submit(&house, &mut boss, "/admin/keys", "rotate-keys", &rotate).await;
    assert_eq!(shown.status, 303);
    let text = log.text();
    assert!(
        text.contains("changed on the administration page"),
        "{text}"
    );
    for line in text.lines() {
        assert!(
            !line.starts_with("1999") && !line.starts_with("Set-Cookie"),
            "{line}"
        );
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }
}

#[tokio::test]
async fn ten_thousand_users_use_little_memory_and_hold_up_no_sign_in() {
    let built = Built::new().await;
    let house = &built.house;
    let mut users = family();
    users.extend((0..10_000).map(|n| {
        // Some share the address of an office.
        let email = format!("{}@example.org", n.max(100));
        FakeUser::new(&format!("u{n}"), &email)
    }));
    house.dsm.set_users(users);
    report(house, &["reload"]).await;
    let mut paul = Browser::new();
    assert_eq!(try_sign_in(house, &mut paul, PAUL).await.status, 303);
    let mut pages = JoinSet::new();
    for path in ["/admin", "/admin/people", "/admin", "/admin/people"] {
        let (mut paul, url) = (paul.clone(), house.url(path));
        pages.spawn(async move { paul.get(&url).await });
    }
    let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert!(shown.answered("code").is_some(), "{shown:?}");
    for shown in pages.join_all().await {
        assert_eq!(shown.status, 200);
        assert!(shown.body.len() < 300_000, "{}", shown.body.len());
    }
    let used = memory(&built, "VmHWM") - memory(&built, "RssFile");
    assert!(used < MOST, "{used} kB");
}
