//! Google and DSM around an installed daemon, without a change to its config.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use fakes::certificates::Authorities;
use fakes::google::{CLIENT_ID, CLIENT_SECRET, FakeGoogle};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, Plan, REDIRECT_URI};
use google_to_synology_sso::http;
use google_to_synology_sso::machine::clock::SystemClock;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use crate::lifecycle::{Answers, answers};

/// Google and DSM for a daemon on port 5556 of the test's own machine, which
/// resolves Google's name to itself and trusts the certificates in `store`, a
/// file that this function writes.
pub(crate) async fn house(store: &Path) -> House {
    let authorities = Authorities::new("Public");
    fs::write(store, &authorities.root).unwrap();
    let plan = Plan {
        issuer: Some("https://login.example.com".to_owned()),
        ..Plan::default()
    };
    let mut house = House::for_built_daemon(plan, 5556).await;
    house.google = google(&authorities).await;
    house
}

/// The wizard's answers for a sign-in at `house`.
pub(crate) fn entered(house: &House) -> Answers {
    answers(&[
        ("wizard_redirect_uri", REDIRECT_URI),
        ("wizard_client_secret", CLIENT_SECRET_OF_DSM),
        ("wizard_google_client_id", CLIENT_ID),
        ("wizard_google_client_secret", CLIENT_SECRET),
        ("wizard_dsm_url", &house.dsm.url()),
        ("wizard_dsm_password", &house.dsm.behaviour().password),
    ])
}

/// Google at its own name and port.
pub(crate) async fn google(authorities: &Authorities) -> FakeGoogle {
    let plain = http::listen(([127, 0, 0, 1], 0).into()).unwrap();
    let behind = plain.local_addr().unwrap();
    let acceptor = authorities.issue("accounts.google.com", -1..60).acceptor();
    let front = TcpListener::bind("127.0.0.1:443").await.unwrap();
    spawn(async move {
        loop {
            let (stream, _) = front.accept().await.unwrap();
            let acceptor = acceptor.clone();
            spawn(async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                let mut google = TcpStream::connect(behind).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut google).await;
            });
        }
    });
    let google = FakeGoogle::behind(
        "https://accounts.google.com",
        plain,
        Arc::new(SystemClock::new()),
    );
    google.register_redirect_uris(&["https://login.example.com/callback"]);
    google
}

#[expect(clippy::disallowed_methods, reason = "a test's tasks end with it")]
fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(work));
}
