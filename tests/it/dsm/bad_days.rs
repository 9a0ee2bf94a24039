use std::sync::Arc;
use std::time::Duration;

use fakes::dsm::{Api, Instead};
use google_to_synology_sso::clients::dsm::{DsmClient, DsmError, Reaction};

use super::{Home, told};

#[tokio::test]
async fn a_dsm_that_hangs_at_sign_in_is_given_up_and_retried() {
    let home = Home::with(|settings| settings.timeout = Duration::from_millis(50)).await;
    home.dsm.next(Api::SignIn, Instead::Hang);
    let error = home.failure().await;
    assert!(matches!(error, DsmError::Timeout { .. }), "{error:?}");
    assert_eq!(error.reaction(), Reaction::Retry);
    assert!(told(&error).contains("dsm.timeout"), "{error}");
    assert!(told(&error).contains("no answer within 50ms"), "{error}");
}

#[tokio::test]
async fn a_list_that_hangs_is_given_up_and_signed_out() {
    // Long enough for the three requests that do not hang.
    let home = Home::with(|settings| settings.timeout = Duration::from_secs(1)).await;
    home.dsm.next(Api::Users, Instead::Hang);
    let error = home.failure().await;
    assert!(matches!(error, DsmError::Timeout { .. }), "{error:?}");
    assert_eq!(home.dsm.calls(), [Api::SignIn, Api::Users, Api::SignOut]);
}

#[tokio::test]
async fn a_web_page_instead_of_json_is_a_dsm_that_starts() {
    for api in [Api::SignIn, Api::Users, Api::Members] {
        let home = Home::new().await;
        home.dsm.next(api, Instead::Html);
        let error = home.failure_of(api).await;
        assert!(matches!(error, DsmError::WebPage { .. }), "{error:?}");
        assert_eq!(error.reaction(), Reaction::Retry);
    }
}

#[tokio::test]
async fn json_that_is_cut_off_is_asked_for_again() {
    for api in [Api::Users, Api::Members] {
        let home = Home::new().await;
        home.dsm.next(api, Instead::Cut);
        let error = home.failure_of(api).await;
        assert!(matches!(error, DsmError::NotJson { .. }), "{error:?}");
        assert_eq!(error.reaction(), Reaction::Retry);
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_not_read() {
    let home = Home::new().await;
    home.dsm.next(Api::Users, Instead::Huge(128 * 1024 * 1024));
    let error = home.failure().await;
    assert!(matches!(error, DsmError::TooLarge { .. }), "{error:?}");
    assert_eq!(error.reaction(), Reaction::Report);
}

#[tokio::test]
async fn any_status_but_200_is_a_dsm_that_starts_or_no_dsm() {
    for status in [201, 400, 403, 404, 429, 500, 502, 503] {
        let home = Home::new().await;
        home.dsm.next(Api::Users, Instead::Status(status));
        let error = home.failure().await;
        assert!(matches!(error, DsmError::Status { .. }), "{error:?}");
        assert_eq!(error.reaction(), Reaction::Retry);
        assert!(told(&error).contains(&status.to_string()), "{error}");
    }
}

#[tokio::test]
async fn a_closed_port_is_reported() {
    let home = Home::new().await;
    let settings = home.dsm.settings(home.directory.path());
    // A free port.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = DsmClient::new(google_to_synology_sso::clients::dsm::DsmSettings {
        url: format!("http://{address}"),
        ..settings
    });
    let error = client.list_users(&Arc::default()).await.unwrap_err();
    assert!(matches!(error, DsmError::Unreachable { .. }), "{error:?}");
    assert_eq!(error.reaction(), Reaction::Retry);
    assert!(told(&error).contains("refused"), "{}", told(&error));
}

#[tokio::test]
async fn a_url_that_is_none_is_reported() {
    let home = Home::with(|settings| "not a url".clone_into(&mut settings.url)).await;
    let error = home.failure().await;
    assert!(matches!(error, DsmError::Impossible { .. }), "{error:?}");
    assert_eq!(error.reaction(), Reaction::Report);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_names_the_setting() {
    let on_5001 = "set dsm.url = \"https://127.0.0.1:5001\" and \
                   dsm.accept-invalid-certificate = true";
    let on_443 = "set dsm.url = \"https://127.0.0.1:443\" and";
    for (location, advice) in [
        ("https://nas.example.com:5001/webapi/entry.cgi", on_5001),
        ("https://nas.example.com/", on_443),
        (
            "http://nas.example.com/?x",
            "to http://nas.example.com, and",
        ),
        ("/index.html", "to another page, and"),
        ("", "to another page, and"),
    ] {
        let home = Home::new().await;
        home.dsm
            .next(Api::SignIn, Instead::Redirect(location.to_owned()));
        let error = home.failure().await;
        assert!(matches!(error, DsmError::Redirect { .. }), "{error:?}");
        assert_eq!(error.reaction(), Reaction::Report);
        assert!(told(&error).contains(advice), "{error}");
        assert_eq!(home.dsm.calls(), [Api::SignIn]);
    }
}

#[tokio::test]
async fn a_redirect_from_localhost_keeps_the_host() {
    let home = Home::with(|settings| {
        settings.url = settings.url.replace("127.0.0.1", "localhost");
    })
    .await;
    let to = "https://nas.example.com:5001/".to_owned();
    home.dsm.next(Api::SignIn, Instead::Redirect(to));
    let error = home.failure().await;
    let advice = "set dsm.url = \"https://localhost:5001\" and dsm.accept-invalid";
    assert!(told(&error).contains(advice), "{error}");
}

#[tokio::test]
async fn nginx_with_https_at_the_port_names_the_other_scheme() {
    let home = Home::new().await;
    home.dsm.next(Api::SignIn, Instead::PlainToHttps);
    let error = home.failure().await;
    assert!(matches!(error, DsmError::OtherScheme { .. }), "{error:?}");
    assert_eq!(error.reaction(), Reaction::Report);
    let advice = format!(
        "set dsm.url = \"{}\" and dsm.accept-invalid-certificate = true",
        home.dsm.url().replace("http:", "https:")
    );
    assert!(told(&error).contains(&advice), "{error}");
}

#[tokio::test]
async fn an_error_is_reported_even_if_the_sign_out_fails_too() {
    let home = Home::new().await;
    home.dsm.next(Api::Users, Instead::Status(502));
    home.dsm.next(Api::SignOut, Instead::Html);
    let error = home.read().await.unwrap_err();
    assert!(matches!(error, DsmError::Status { .. }), "{error:?}");
}
