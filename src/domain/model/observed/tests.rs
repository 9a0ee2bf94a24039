use proptest::prelude::*;

use super::*;
use crate::base::parameters::Parameters;

const NOW: UnixTime = UnixTime::from_seconds(1_772_433_000);

fn later(seconds: u64) -> UnixTime {
    NOW.plus(std::time::Duration::from_secs(seconds))
}

fn facts_of(query: &str) -> Vec<(&'static str, String)> {
    let parameters = Parameters::parse(query.as_bytes()).unwrap();
    let facts = of_authorization(&parameters).into_iter();
    facts.map(|fact| (fact.name, fact.value)).collect()
}

fn value<'a>(facts: &'a [(&'static str, String)], name: &str) -> &'a str {
    let (_, value) = facts.iter().find(|(fact, _)| *fact == name).unwrap();
    value
}

fn values(observations: &Observations, fact: &str) -> Vec<(String, u64)> {
    let rows = observations.rows().into_iter();
    let rows = rows.filter(|row| row.fact == fact);
    rows.map(|row| (row.value, row.times)).collect()
}

#[test]
fn an_authorization_request_is_described_without_its_values() {
    let facts = facts_of(
        "response_type=code&client_id=synology&redirect_uri=https%3A%2F%2Fnas.example.com%2F\
         &scope=groups+openid+family&state=se-cret&state_2=se-cret&code_challenge=hunter2\
         &code_challenge_method=plain&max_age=&prompt=login+mfa&login_hint=jeanne&nonce=a&nonce=b",
    );
    let expected = [
        ("response_type", "code"),
        ("response_mode", "missing"),
        ("redirect_uri", "with a final slash"),
        ("scope", "openid groups and 1 more"),
        ("state", "7 bytes"),
        ("nonce", "repeated"),
        ("code_challenge", "7 bytes"),
        ("code_challenge_method", "plain"),
        ("prompt", "login and 1 more"),
        ("max_age", "empty"),
        ("other parameters", "client_id login_hint and 1 more"),
    ];
    for (name, expected) in expected {
        assert_eq!(value(&facts, name), expected, "{name}");
    }
    assert_eq!(facts.len(), expected.len());
}

#[test]
fn headers_are_named_and_three_are_quoted() {
    let headers: [(&str, &[u8]); 5] = [
        ("user-agent", b"Synology\x1b[31m/7 \xff"),
        ("authorization", b"Basic c2VjcmV0"),
        ("x-secret-c2VjcmV0", b"1"),
        ("host", b"login.example.com"),
        ("accept", b""),
    ];
    let facts = of_headers(&headers);
    let expected = [
        Fact::new("user-agent", "Synology?[31m/7 ?"),
        Fact::new("accept", "empty"),
        Fact::new("content-type", "missing"),
        Fact::new("headers", "accept authorization host user-agent and 1 more"),
    ];
    assert_eq!(facts, expected);
    let long = "x".repeat(5_000);
    assert_eq!(text_of(Some(long.as_bytes())).len(), 60);
}

#[test]
fn a_flood_of_values_pushes_out_only_the_rare_ones() {
    let mut seen = Observations::default();
    let note = |seen: &mut Observations, at, value: &str| {
        let facts = vec![Fact::new("state", value)];
        seen.note(later(at), "synology", Endpoint::Authorization, facts);
    };
    note(&mut seen, 0, "12 bytes");
    note(&mut seen, 1, "12 bytes");
    for at in 100..5_000 {
        note(&mut seen, at, &format!("{at} bytes"));
    }
    let values = values(&seen, "state");
    assert_eq!(values.len(), MOST_VALUES);
    assert_eq!(values[0], ("12 bytes".to_owned(), 2));
    assert_eq!(values[1], ("4999 bytes".to_owned(), 1));
}

#[test]
fn the_facts_of_clients_that_are_gone_make_room() {
    let mut seen = Observations::default();
    for client in 0..2_000 {
        let facts = vec![Fact::new("state", "8 bytes")];
        let name = format!("client {client}");
        seen.note(later(client), &name, Endpoint::Token, facts);
    }
    let rows = seen.rows();
    assert_eq!(rows.len(), MOST_FACTS);
    assert!(rows.iter().any(|row| row.client == "client 1999"));
    // A known fact needs no room.
    let facts = vec![Fact::new("state", "9 bytes")];
    seen.note(later(9_999), "client 1999", Endpoint::Token, facts);
    assert_eq!(seen.rows().len(), MOST_FACTS + 1);
}

#[test]
fn documents_are_counted_for_the_address_of_a_client() {
    let mut seen = Observations::default();
    let (nas, stranger) = ([10, 0, 0, 2].into(), [203, 0, 113, 7].into());
    let mut fetch = |address, endpoint, agent: Option<&[u8]>| {
        seen.note_document(NOW, address, endpoint, agent);
    };
    fetch(nas, Endpoint::Discovery, Some(b""));
    fetch(
        stranger,
        Endpoint::Discovery,
        Some(b"a secret of a stranger"),
    );
    fetch(nas, Endpoint::Discovery, None);
    fetch(nas, Endpoint::Keys, Some(b""));
    let counts = |seen: &mut Observations| {
        let facts = seen.documents_of(nas).into_iter();
        facts.map(|fact| fact.value).collect::<Vec<_>>()
    };
    assert_eq!(counts(&mut seen), ["2", "1"]);
    assert_eq!(counts(&mut seen), ["0", "0"]);

    let agent = vec![Fact::new("user-agent", "libcurl")];
    seen.note(NOW, "synology", Endpoint::Token, agent);
    seen.note_document(NOW, nas, Endpoint::Discovery, Some(b"libcurl"));
    let rows = seen.rows();
    let rows = rows.iter().filter(|row| row.endpoint == "discovery");
    let agents: Vec<(&str, u64)> = rows.map(|row| (row.value.as_str(), row.times)).collect();
    let once = ["another", "as in token requests", "empty", "missing"];
    let mut sorted = agents.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, once.map(|word| (word, 1)));

    for last in 0..=255 {
        seen.note_document(NOW, [198, 51, 100, last].into(), Endpoint::Keys, None);
    }
    assert_eq!(seen.readers.len(), MOST_READERS);
}

#[test]
fn rows_come_back_as_they_were() {
    let mut seen = Observations::default();
    let facts = |word| vec![Fact::new("nonce", word), Fact::new("state", "8 bytes")];
    for (at, word) in [(0, "missing"), (1, "8 bytes"), (2, "8 bytes")] {
        seen.note(later(at), "synology", Endpoint::Authorization, facts(word));
    }
    let rows = seen.rows();
    assert_eq!(rows.len(), 3);
    let mut restored = Observations::restored(rows.clone());
    assert_eq!(restored.rows(), rows);
    restored.note(
        later(3),
        "synology",
        Endpoint::Authorization,
        facts("missing"),
    );
    assert_eq!(values(&restored, "state"), [("8 bytes".to_owned(), 4)]);
}

proptest! {
    #[test]
    fn no_value_of_a_query_is_long_or_controls_a_terminal(bytes in any::<Vec<u8>>()) {
        let query = [b"state=".as_slice(), &bytes, b"&scope=", &bytes, b"&", &bytes].concat();
        let Ok(parameters) = Parameters::parse(&query) else { return Ok(()) };
        let headers = [("user-agent", bytes.as_slice())];
        let mut facts = of_authorization(&parameters);
        facts.extend(of_token_request(&parameters));
        facts.extend(of_headers(&headers));
        for Fact { value, .. } in facts {
            prop_assert!(value.len() < 400, "{value}");
            prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        }
    }
}
