//! Arbitrary input gets a response, never a server error, and never a redirect
//! to anything but Google or a registered redirect URI.

use fakes::house::{House, Plan};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// Sends a GET request for `/auth` with these bytes as query; returns the
/// response byte for byte.
async fn get(house: &House, query: &[u8]) -> String {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    let request = [
        b"GET /auth?".as_slice(),
        query,
        b" HTTP/1.1\r\nhost: nas\r\nconnection: close\r\n\r\n",
    ];
    stream.write_all(&request.concat()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn judge((runtime, house): &(Runtime, House), query: &[u8]) -> Result<(), TestCaseError> {
    let answer = runtime.block_on(get(house, query));
    let status = answer.split(' ').nth(1).unwrap_or_default();
    prop_assert!(["303", "400"].contains(&status), "{answer}");
    let location = answer
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    if let Some(location) = location {
        let google = format!("{}/o/oauth2/v2/auth?", house.google.issuer());
        let known = [
            "https://nas.example.com/?error=",
            "https://nas.example.com?error=",
            &google,
        ];
        prop_assert!(
            known.iter().any(|known| location.starts_with(known)),
            "{location}"
        );
    }
    prop_assert_eq!(status == "303", location.is_some());
    Ok(())
}

/// Known names with valid values, or arbitrary text.
fn parameter() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(vec![
        "client_id",
        "redirect_uri",
        "response_type",
        "state",
        "nonce",
        "scope",
        "prompt",
        "max_age",
        "code_challenge",
        "code_challenge_method",
        "login_hint",
        "request",
        "response_mode",
        "foo",
    ]);
    let known = prop::sample::select(vec![
        "synology",
        "code",
        "https%3A%2F%2Fnas.example.com%2F",
        "https://nas.example.com",
        "https%3A%2F%2Fevil.example%2F",
        "none",
        "login",
        "S256",
        "0",
        "",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    ]);
    let known = known.prop_map(|value| value.as_bytes().to_vec());
    let value = prop_oneof![3 => known, 1 => one_line()];
    (name, value).prop_map(|(name, value)| [name.as_bytes(), b"=", &value].concat())
}

/// Bytes that do not end a request line.
fn one_line() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>().prop_filter("ends it", |byte| !b"\r\n \t\0".contains(byte));
    prop::collection::vec(byte, 0..200)
}

/// A house for all cases of a property.
fn house() -> (Runtime, House) {
    let runtime = Runtime::new().unwrap();
    let house = runtime.block_on(House::planned(Plan::default()));
    (runtime, house)
}

#[test]
fn any_parameters_are_answered() {
    let place = house();
    let right = "client_id=synology&redirect_uri=https%3A%2F%2Fnas.example.com%2F";
    let trusted = prop_oneof![Just(""), Just(right)];
    proptest!(|(trusted in trusted, parameters in prop::collection::vec(parameter(), 0..8))| {
        let mut query = trusted.as_bytes().to_vec();
        for parameter in parameters {
            query.push(b'&');
            query.extend(parameter);
        }
        judge(&place, &query)?;
    });
    assert_eq!(place.1.rows("grants"), 0);
}

#[test]
fn any_bytes_are_answered() {
    let place = house();
    proptest!(|(query in one_line())| judge(&place, &query)?);
    assert_eq!(place.1.rows("grants"), 0);
}
