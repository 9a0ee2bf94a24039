//! Connections: the limit, and the time-outs.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use fakes::browser::Browser;
use fakes::house::House;
use google_to_synology_sso::daemon::lifecycle::GRACE;
use google_to_synology_sso::http;

use crate::support::server::{PLACES, allow_many_files, serve_with};
use crate::support::wire::Wire;

const HEALTHZ: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

async fn lives(wire: &mut Wire) {
    wire.send(HEALTHZ).await;
    assert_eq!(wire.answer().await, (200, "ok".to_owned()));
}

/// A connection that holds a place: it has begun a request.
async fn begun(address: SocketAddr) -> Wire {
    let mut wire = Wire::to(address).await;
    wire.send("GET").await;
    wire
}

/// It gets a response, after which the server closes it.
async fn is_closed_after_an_answer(mut wire: Wire) {
    lives(&mut wire).await;
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn a_connection_above_the_limit_waits_for_a_place() {
    allow_many_files();
    let house = House::new().await;
    let (address, _serving) = serve_with(&house, Duration::from_hours(1)).await;
    let mut inside = Vec::new();
    for _ in 0..PLACES {
        inside.push(begun(address).await);
    }

    let mut waiting = Wire::to(address).await;
    waiting.send(HEALTHZ).await;
    // While others are served by the same thread, it gets no response.
    for _ in 0..100 {
        Browser::new().get(&house.url("/healthz")).await;
        assert!(waiting.is_silent());
    }

    drop(inside.pop());
    assert_eq!(waiting.answer().await, (200, "ok".to_owned()));
}

#[tokio::test]
async fn one_client_cannot_hold_all_places() {
    allow_many_files();
    let house = House::new().await;
    let (address, _serving) = serve_with(&house, Duration::from_hours(1)).await;
    let mut inside = Vec::new();
    for _ in 0..380 {
        let mut wire = Wire::to(address).await;
        lives(&mut wire).await;
        lives(&mut wire).await;
        inside.push(wire);
    }
    for _ in 0..20 {
        inside.push(begun(address).await);
    }

    // The other places are for clients with few connections.
    for _ in 0..PLACES {
        is_closed_after_an_answer(Wire::to(address).await).await;
    }
    // An idle connection is closed when few places are left.
    for wire in inside.drain(..10) {
        is_closed_after_an_answer(wire).await;
    }
}

#[tokio::test]
async fn a_client_with_an_unfinished_head_is_disconnected() {
    let house = House::new().await;
    let (address, _serving) = serve_with(&house, Duration::from_millis(50)).await;
    for begun in [
        "",
        "GET",
        "GET /healthz HTTP/1.1\r\nHost: x\r\n",
        "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    ] {
        let mut wire = Wire::to(address).await;
        wire.send(begun).await;
        assert_eq!(wire.rest().await, "", "{begun:?}");
    }
    // The second request of a connection has the same time-out as the first.
    let mut wire = Wire::to(address).await;
    lives(&mut wire).await;
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let house = House::new().await;
    let (address, _serving) = serve_with(&house, Duration::from_millis(50)).await;
    for (path, sent) in [
        ("/token", ""),
        ("/token", "grant_type="),
        ("/auth", "client_id="),
    ] {
        let mut wire = Wire::to(address).await;
        wire.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{sent}"
        ))
        .await;
        assert_eq!(wire.answer().await.0, 408, "{path} {sent}");
        // Late bytes are not read as a second request.
        assert_eq!(wire.rest().await, "", "{path} {sent}");
    }
}

#[tokio::test]
async fn an_unread_body_does_not_hold_the_connection() {
    let house = House::new().await;
    let (address, _serving) = serve_with(&house, Duration::from_millis(50)).await;
    for path in ["/healthz", "/nothing"] {
        let mut wire = Wire::to(address).await;
        wire.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        ))
        .await;
        let (status, _) = wire.answer().await;
        assert!(matches!(status, 200 | 404), "{path}");
        assert_eq!(wire.rest().await, "", "{path}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_or_no_http_is_refused() {
    let house = House::new().await;
    for (case, head, expected) in [
        ("no HTTP", "\u{16}\u{3}\u{1}\r\n\r\n".to_owned(), 400),
        (
            "a header without an end",
            // As much as fits, so that all of it is read.
            "GET / HTTP/1.1\r\nX: ".to_owned() + &"x".repeat(16 * 1024 - 19),
            431,
        ),
        (
            "two lengths",
            "POST /token HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(),
            400,
        ),
    ] {
        let mut wire = Wire::to(house.address).await;
        wire.send(&head).await;
        let answer = wire.rest().await;
        let expected = format!("HTTP/1.1 {expected} ");
        assert!(answer.starts_with(&expected), "{case}: {answer:?}");
    }
}

#[tokio::test]
async fn a_stop_answers_what_is_in_flight_and_ends_what_is_idle() {
    let mut house = House::new().await;
    let mut idle = Wire::to(house.address).await;
    lives(&mut idle).await;
    let mut asking = Wire::to(house.address).await;
    let head = "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n\r\n";
    asking.send(head).await;
    // Its head was read: the server asks for the body.
    assert_eq!(asking.answer().await.0, 100);
    let google = house.google.clone();
    let answered = Cell::new(false);
    let asked = async {
        assert_eq!(idle.rest().await, "");
        // Enough time for a stop that does not wait.
        for _ in 0..100 {
            Browser::new().get(google.issuer()).await;
        }
        asking.send("a=bc").await;
        assert_eq!(asking.answer().await.0, 401);
        answered.set(true);
    };
    let stopped = async {
        house.stop().await;
        assert!(answered.get(), "the stop did not wait");
    };
    let both = async { tokio::join!(stopped, asked) };
    // No connection has to be aborted.
    tokio::time::timeout(GRACE, both).await.unwrap();
}

/// A client that finds the system's queue full tries again a second later; this
/// must not happen to a whole school.
#[tokio::test]
async fn a_crowd_that_comes_at_once_finds_room_to_wait() {
    let listener = http::listen(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    for number in 0..600 {
        let connected = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(900));
        waiting.push(connected.unwrap_or_else(|error| panic!("the {number}th: {error}")));
    }
}
