use fakes::browser::Browser;
use fakes::dsm::FakeUser;
use fakes::house::{House, JEANNE, family};
use google_to_synology_sso::config::{LogFormat, LogLevel};

use super::{at_rest, refresh};
use crate::support::captured_log::CapturedLog;

const WARNING: &str = "cannot parse expired in DSM's user list";

#[tokio::test]
async fn an_unknown_form_of_expired_is_refused_and_told_once() {
    let house = House::new().await;
    at_rest(&house).await;
    let log = CapturedLog::up(LogLevel::WARN, LogFormat::Text);
    for (told, expired) in ["20370105", "5/1/2037", "2114380800", ""]
        .into_iter()
        .enumerate()
    {
        let jeanne = FakeUser::new("jeanne", JEANNE).expired(expired);
        let others = family().into_iter().filter(|user| user.name != "jeanne");
        house
            .dsm
            .set_users(others.chain([jeanne]).collect::<Vec<_>>());
        refresh(&house).await;
        refresh(&house).await;
        assert_eq!(log.count(WARNING), told + 1, "{}", log.text());
        let quoted = format!("\"jeanne\" has \"{expired}\"");
        assert_eq!(log.count(&quoted), 1, "{}", log.text());
        let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
        assert_eq!(shown.refusal(), Some("account-disabled"), "{expired}");
    }
    house.dsm.set_users(family());
    refresh(&house).await;
    assert_eq!(log.count(WARNING), 4, "{}", log.text());
}

#[tokio::test]
async fn a_hostile_expired_is_escaped_and_many_are_counted() {
    let house = House::new().await;
    at_rest(&house).await;
    let log = CapturedLog::up(LogLevel::WARN, LogFormat::Text);
    let hostile = |n| FakeUser::new(&format!("user{n}"), JEANNE).expired("\u{1b}[2J\n");
    house
        .dsm
        .set_users([family(), (0..9).map(hostile).collect()].concat());
    refresh(&house).await;
    let text = log.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let quoted = "\"user4\" has \"\\u{1b}[2J\\n\", and 4 more; please";
    assert!(text.contains(quoted), "{text}");
}
