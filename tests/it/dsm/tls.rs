use std::net::SocketAddr;
use std::sync::Arc;

use fakes::dsm::FakeDsm;
use google_to_synology_sso::clients::dsm::{DsmClient, DsmError, DsmSettings, Reaction};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::told;

#[tokio::test]
async fn dsms_own_certificate_is_rejected_with_the_setting_to_use() {
    let (dsm, client, _directory) = over_https(|_| {}).await;
    let error = client.list_users(&Arc::default()).await.unwrap_err();
    assert!(matches!(error, DsmError::Certificate { .. }), "{error:?}");
    assert_eq!(error.reaction(), Reaction::Report);
    let text = told(&error);
    assert!(
        text.contains("dsm.accept-invalid-certificate = true"),
        "{text}"
    );
    assert_eq!(dsm.calls(), []);
}

#[tokio::test]
async fn it_is_taken_when_the_administrator_allows_it() {
    let allow = |settings: &mut DsmSettings| settings.accept_invalid_certificate = true;
    let (_dsm, client, _directory) = over_https(allow).await;
    client.list_users(&Arc::default()).await.unwrap();
}

#[tokio::test]
async fn https_at_a_port_for_http_names_the_other_scheme() {
    for (allowed, and) in [
        (false, ""),
        (true, ", and remove dsm.accept-invalid-certificate"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let dsm = FakeDsm::start().await;
        let mut settings = dsm.settings(directory.path());
        settings.url = settings.url.replace("http:", "https:");
        settings.accept_invalid_certificate = allowed;
        let error = failure(settings).await;
        let advice = format!("set dsm.url = \"{}\"{and}. ", dsm.url());
        assert!(told(&error).contains(&advice), "{}", told(&error));
    }
}

#[tokio::test]
async fn http_at_a_port_for_https_names_the_other_scheme() {
    let (_dsm, client, _directory) = over_https(|_| {}).await;
    let mut settings = client.settings().clone();
    let https = settings.url.clone();
    settings.url = https.replace("https:", "http:");
    let error = failure(settings).await;
    let advice = format!("set dsm.url = \"{https}\" and dsm.accept-invalid-certificate = true");
    assert!(told(&error).contains(&advice), "{}", told(&error));
}

/// The error of a reading for which `dsm.url` has the wrong scheme.
async fn failure(settings: DsmSettings) -> DsmError {
    let client = DsmClient::new(settings);
    let error = client.list_users(&Arc::default()).await.unwrap_err();
    assert!(matches!(error, DsmError::OtherScheme { .. }), "{error:?}");
    assert_eq!(error.reaction(), Reaction::Report);
    error
}

async fn over_https(
    change: impl FnOnce(&mut DsmSettings),
) -> (FakeDsm, DsmClient, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let dsm = FakeDsm::start().await;
    let mut settings = dsm.settings(directory.path());
    let plain = settings.url.trim_start_matches("http://").parse().unwrap();
    settings.url = format!("https://{}", in_front_of(plain).await);
    change(&mut settings);
    (dsm, DsmClient::new(settings), directory)
}

/// Terminates TLS with a self-signed certificate, like DSM's.
#[expect(clippy::disallowed_methods, reason = "a test's tasks end with it")]
async fn in_front_of(plain: SocketAddr) -> SocketAddr {
    let own = rcgen::generate_simple_self_signed(["synology".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(own.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that rejects the certificate closes the connection here.
            let Ok(mut outside) = acceptor.accept(stream).await else {
                continue;
            };
            let mut inside = TcpStream::connect(plain).await.unwrap();
            tokio::spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    address
}
