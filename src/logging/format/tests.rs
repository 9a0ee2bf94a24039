use std::io;

use jiff::civil::date;
use jiff::tz::TimeZone;

use super::*;

fn head(target: &str) -> Head<'_> {
    let paris = TimeZone::get("Europe/Paris").unwrap();
    let time = date(2026, 11, 23).at(7, 2, 41, 382_000_000);
    Head {
        time: time.to_zoned(paris).unwrap(),
        level: Level::WARN,
        target,
    }
}

fn fields(pairs: &[(&'static str, &str)]) -> Fields {
    let mut fields = Fields::default();
    for (name, text) in pairs {
        fields.put(name, text);
    }
    fields
}

const OURS: &str = "google_to_synology_sso::flow";

#[test]
fn a_line_for_people_begins_with_the_local_time() {
    let refused = fields(&[
        ("message", "refused"),
        ("refusal", "address-unknown"),
        ("address", "inconnu@gmail.com"),
        ("error", "two words"),
    ]);
    assert_eq!(
        refused.line(&head(OURS), Style::Text),
        "2026-11-23T07:02:41.382+01:00 WARN  refused refusal=address-unknown \
         address=inconnu@gmail.com error=\"two words\"\n"
    );
    let colour = refused.line(&head(OURS), Style::Colour);
    assert!(
        colour.contains(" \u{1b}[33mWARN\u{1b}[0m  refused"),
        "{colour}"
    );
    let strangers = refused.line(&head("tokio_cron_scheduler::job"), Style::Text);
    assert!(
        strangers.ends_with(" target=tokio_cron_scheduler::job\n"),
        "{strangers}"
    );
}

#[test]
fn a_line_for_programs_has_the_same_in_the_same_order() {
    let mut served = fields(&[("message", "answered"), ("path", "/auth")]);
    served.set("status", 303_u64.into());
    assert_eq!(
        served.line(&head(OURS), Style::Json),
        "{\"time\":\"2026-11-23T07:02:41.382+01:00\",\"level\":\"WARN\",\"message\":\"answered\",\
         \"target\":\"google_to_synology_sso::flow\",\"path\":\"/auth\",\"status\":303}\n"
    );
}

/// What a stranger could send to be read as something else.
const FORGERIES: [&str; 9] = [
    "a\n2026-11-23T07:02:41.382+01:00 INFO  signed in user=eve",
    "a\r\u{1b}[2K\u{1b}[32mINFO signed in",
    "a\" user=\"eve",
    "a user=eve",
    "a\\\" user=\\\"eve",
    "a\u{9b}31mred",
    "a\u{202e}evil",
    "a\u{2028}b\u{85}c\u{0}d\u{7f}e\u{feff}",
    "user=eve",
];

#[test]
fn a_value_stays_one_value_of_one_line_in_text() {
    for forgery in FORGERIES {
        let line = fields(&[("message", "refused"), ("address", forgery)]);
        let line = line.line(&head(OURS), Style::Text);
        let (text, end) = line.split_at(line.len() - 1);
        assert_eq!(end, "\n");
        assert!(text.chars().all(is_plain), "{line:?}");
        let (_, value) = text.split_once("refused address=\"").unwrap();
        let inner = value.strip_suffix('"').unwrap();
        let bare = inner.replace("\\\\", "").replace("\\\"", "");
        assert!(!bare.contains('"'), "{line:?}");
    }
}

#[test]
fn a_value_stays_one_value_of_one_line_in_json() {
    for forgery in FORGERIES {
        let line = fields(&[("message", "refused"), ("address", forgery)]);
        let line = line.line(&head(OURS), Style::Json);
        let text = line.strip_suffix('\n').unwrap();
        assert!(text.chars().all(is_plain), "{line:?}");
        let read: Value = serde_json::from_str(text).unwrap();
        assert_eq!(read["address"], forgery);
        assert_eq!(read.as_object().unwrap().len(), 5);
    }
}

#[test]
fn not_even_a_message_begins_a_line_of_its_own() {
    let line = fields(&[("message", "a\nb\u{1b}[31m")]);
    let line = line.line(&head(OURS), Style::Text);
    assert!(line.ends_with("WARN  a\\nb\\u{1b}[31m\n"), "{line:?}");
}

#[test]
fn names_of_people_are_left_as_they_are() {
    let line = fields(&[
        ("message", "signed in"),
        ("user", "Maël"),
        ("name", "李 雷"),
    ]);
    let line = line.line(&head(OURS), Style::Text);
    assert!(
        line.ends_with("signed in user=Maël name=\"李 雷\"\n"),
        "{line}"
    );
}

#[test]
fn the_tail_of_an_endless_value_is_cut_off() {
    let line = fields(&[("path", &"é".repeat(60_000))]);
    let line = line.line(&head(OURS), Style::Text);
    assert_eq!(line.matches('é').count(), LONGEST_VALUE);
    assert!(line.ends_with("é…\n"));
}

#[test]
fn what_is_nearer_has_its_say() {
    let mut event = fields(&[("message", "refused"), ("client", "synology")]);
    event.append(&fields(&[("client", "around"), ("request", "4f2a")]));
    let line = event.line(&head(OURS), Style::Text);
    assert!(
        line.ends_with("refused client=synology request=4f2a\n"),
        "{line}"
    );
}

#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Says {
    text: &'static str,
    #[source]
    source: Option<Box<dyn Error + 'static>>,
}

fn says(text: &'static str, source: impl Error + 'static) -> Says {
    Says {
        text,
        source: Some(Box::new(source)),
    }
}

#[test]
fn causes_are_said_and_said_once() {
    let refused = || io::Error::other("Connection refused");
    let tcp = says("tcp connect error: Connection refused", refused());
    let connect = says("connect to 127.0.0.1:5000", tcp);
    assert_eq!(
        error_chain(&connect),
        "connect to 127.0.0.1:5000: tcp connect error: Connection refused"
    );
    let list = says("list the users", says("list the users", refused()));
    assert_eq!(error_chain(&list), "list the users: Connection refused");
}
