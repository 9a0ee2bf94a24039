use hyper::HeaderMap;
use proptest::prelude::*;

use super::*;

fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(name, value.parse().unwrap());
    }
    headers
}

fn loopback() -> Vec<IpNet> {
    vec![
        "127.0.0.1/32".parse().unwrap(),
        "::1/128".parse().unwrap(),
        "10.0.0.0/8".parse().unwrap(),
    ]
}

fn check_client(peer: &str, forwarded: &[&str], expected: Client) {
    let headers = headers("x-forwarded-for", forwarded);
    let client = Client::of(peer.parse().unwrap(), &headers, &loopback());
    assert_eq!(client, expected, "{peer} {forwarded:?}");
}

fn address(text: &str) -> Client {
    Client::Address(text.parse().unwrap())
}

fn unreadable(text: &str) -> Client {
    Client::Unreadable(text.parse().unwrap())
}

#[test]
fn the_client_is_the_last_address_not_a_trusted_proxy() {
    check_client("127.0.0.1", &["192.0.2.7"], address("192.0.2.7"));
    check_client("127.0.0.1", &["1.1.1.1, 192.0.2.7"], address("192.0.2.7"));
    check_client("127.0.0.1", &["192.0.2.7, 10.0.0.9"], address("192.0.2.7"));
    check_client("127.0.0.1", &["1.1.1.1", "192.0.2.7"], address("192.0.2.7"));
    check_client("::1", &["2001:db8::7"], address("2001:db8::7"));
    check_client(
        "::ffff:127.0.0.1",
        &["[2001:db8::7]:443"],
        address("2001:db8::7"),
    );
}

#[test]
fn a_stranger_s_header_is_not_believed() {
    check_client("192.0.2.1", &["127.0.0.1"], address("192.0.2.1"));
    check_client("192.0.2.1", &[], address("192.0.2.1"));
}

#[test]
fn a_trusted_proxy_without_a_forwarded_address_is_the_client() {
    let machine = Client::ThisMachine("127.0.0.1".parse().unwrap());
    check_client("127.0.0.1", &[], machine);
    check_client("127.0.0.1", &["10.1.2.3"], machine);
}

#[test]
fn an_unreadable_forwarded_address_is_limited_as_its_proxy() {
    check_client("127.0.0.1", &["unknown"], unreadable("127.0.0.1"));
    check_client(
        "127.0.0.1",
        &["1.1.1.1, unknown, 10.1.2.3"],
        unreadable("10.1.2.3"),
    );
}

#[test]
fn ipv6_is_limited_by_its_network() {
    let one = address("2001:db8:0:1::1").limit_key();
    let two = address("2001:db8:0:1:ffff::2").limit_key();
    let other = address("2001:db8:0:2::1").limit_key();
    assert_eq!(one, two);
    assert_ne!(one, other);
}

fn check_language(accepted: &str, expected: Language) {
    let headers = headers("accept-language", &[accepted]);
    assert_eq!(Language::of(&headers), expected, "{accepted:?}");
}

#[test]
fn the_language_is_the_best_of_ours() {
    check_language("fr-FR,fr;q=0.9,en;q=0.8", Language::French);
    check_language("en-US,en;q=0.9,fr;q=0.8", Language::English);
    check_language("de,fr;q=0.3", Language::French);
    check_language("en;q=0.1,fr;q=0.2", Language::French);
    check_language("fr;q=0", Language::English);
    check_language("de", Language::English);
    check_language("", Language::English);
    check_language("f\u{e9}", Language::English);
}

proptest! {
    #[test]
    fn any_header_has_a_client_and_a_language(value in "[ -~]{0,80}") {
        let forwarded = headers("x-forwarded-for", &[&value]);
        Client::of("127.0.0.1".parse().unwrap(), &forwarded, &loopback());
        let accepted = headers("accept-language", &[&value]);
        Language::of(&accepted);
    }
}
