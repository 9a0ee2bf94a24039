//! The wizard's answers are all that a sign-in needs: no file is edited.

use std::fs;
use std::future::Future;
use std::sync::Arc;

use fakes::google::{CLIENT_ID, CLIENT_SECRET, FakeGoogle};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, Plan, REDIRECT_URI};
use google_to_synology_sso::clock::SystemClock;
use google_to_synology_sso::http;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::nas::{Answers, Nas};
use super::{answers, choice, on_a_nas, serves, until};

/// Google under its own name, which leads to this machine here; the NAS
/// trusts who vouches for it.
async fn google(nas: &Nas) -> FakeGoogle {
    let plain = http::listen(([127, 0, 0, 1], 0).into()).unwrap();
    let behind = plain.local_addr().unwrap();
    let made = rcgen::generate_simple_self_signed(["accounts.google.com".to_owned()]).unwrap();
    fs::write(
        nas.at("/etc/ssl/certs/ca-certificates.crt"),
        made.cert.pem(),
    )
    .unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
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
    FakeGoogle::behind(
        "https://accounts.google.com",
        plain,
        Arc::new(SystemClock::new()),
    )
}

#[expect(clippy::disallowed_methods, reason = "a test's tasks end with it")]
fn spawn(work: impl Future<Output = ()> + Send + 'static) {
    drop(tokio::spawn(work));
}

/// The daemon's neighbours, on the NAS and far away.
async fn house(nas: &Nas) -> House {
    let plan = Plan {
        issuer: Some("https://login.example.com".to_owned()),
        ..Plan::default()
    };
    let mut house = House::for_built_daemon(plan, 5556).await;
    house.google = google(nas).await;
    house
        .google
        .register_redirect_uris(&["https://login.example.com/callback"]);
    house
}

/// What somebody enters who looks at Google's console, DSM and a note.
fn entered(house: &House) -> Answers {
    answers(&[
        ("wizard_redirect_uri", REDIRECT_URI),
        ("wizard_client_secret", CLIENT_SECRET_OF_DSM),
        ("wizard_google_client_id", CLIENT_ID),
        ("wizard_google_client_secret", CLIENT_SECRET),
        ("wizard_dsm_url", &house.dsm.url()),
        ("wizard_dsm_password", &house.dsm.behaviour().password),
    ])
}

#[test]
fn the_answers_alone_lead_to_a_sign_in() {
    on_a_nas(|nas, package| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let house = house(nas).await;
            let ran = nas.install(package, &entered(&house));
            assert_eq!(ran.code, 0, "{ran:?}");
            until("it serves", serves);

            let (claims, _) = house.sign_in(JEANNE, "").await;

            assert_eq!(claims["iss"], "https://login.example.com");
            assert_eq!(claims["username"], "jeanne");

            // Who is linked stays linked, in an upgrade and by what is kept.
            let before = links(nas);
            assert!(before.contains("jeanne"), "{before}");
            assert_eq!(nas.upgrade(package).code, 0);
            until("it serves", serves);
            assert_eq!(links(nas), before);
            nas.uninstall(&choice(false));
            nas.install(package, &Answers::new());
            until("it serves", serves);
            assert_eq!(links(nas), before);
            house.sign_in(JEANNE, "").await;
        });
    });
}

fn links(nas: &Nas) -> String {
    let mut told = String::new();
    // The command line's door opens a moment after the port.
    until("it tells", || {
        let ran = nas.ssh(0, &[super::PROGRAM, "links", "list"]);
        told.clone_from(&ran.log);
        ran.code == 0
    });
    told
}
