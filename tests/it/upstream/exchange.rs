//! A whole login at Google: the browser goes there and returns with a code,
//! which is exchanged for an identity.

use std::time::Duration;

use domain::base::clock::UnixTime;
use domain::base::ids::{ClientId, GoogleIssuer};
use domain::base::parameters::Parameters;
use domain::base::secret::Secret;
use domain::model::login::{
    AuthorizationRequest, GoogleIdentity, LoginId, PendingLogin, Prompt, Scope,
};
use domain::model::relying_party::{RegisteredRedirect, RelyingParty};
use domain::signin::google::callback::login_of_state;
use domain::signin::google::{
    CallbackAnswer, CallbackError, CallbackOutcome, Expected, GoogleTokens, IdTokenError,
    TokenAnswerError, authorization_url,
};
use fakes::google::token::Lie;
use fakes::google::{CLIENT_SECRET, Endpoint, ResponseIssuer, Trouble};
use google_to_synology_sso::clients::http_client::{HttpClient, HttpClientError, Trust};
use google_to_synology_sso::clients::upstream::UpstreamError;
use hyper::Request;
use url::Url;

use super::World;

#[tokio::test]
async fn a_person_who_chooses_an_account_is_known() {
    let world = World::new().await;
    let identity = sign_in(&world).await.unwrap();
    assert_eq!(identity.address.as_written(), "Jeanne.Martin@gmail.com");
    assert_eq!(identity.account.issuer.as_str(), world.google.issuer());
}

#[tokio::test]
async fn a_provider_that_wants_client_secret_basic_gets_it() {
    let world = World::new().await;
    world.google.edit_discovery(|document| {
        document["token_endpoint_auth_methods_supported"] =
            serde_json::json!(["client_secret_basic"]);
    });
    sign_in(&world).await.unwrap();
}

/// Like an enterprise server that lists only the methods of clients without a
/// secret.
#[tokio::test]
async fn a_provider_that_lists_no_secret_gets_it_in_the_form() {
    let world = World::new().await;
    world.google.edit_discovery(|document| {
        document["token_endpoint_auth_methods_supported"] = serde_json::json!(["none"]);
    });
    sign_in(&world).await.unwrap();
}

#[tokio::test]
async fn a_new_key_is_fetched_during_a_sign_in() {
    let world = World::new().await;
    sign_in(&world).await.unwrap();
    world.google.rotate_keys();
    sign_in(&world).await.unwrap();
    assert_eq!(world.google.requests(Endpoint::Keys), 2);
}

#[tokio::test]
async fn a_lie_on_the_wire_is_caught() {
    let world = World::new().await;
    world.google.lie(Some(Lie::OtherNonce));
    let error = sign_in(&world).await.unwrap_err();
    assert!(
        matches!(error, Failure::IdToken(IdTokenError::OtherNonce)),
        "{error:?}"
    );
    world.google.lie(Some(Lie::AlgNone));
    let error = sign_in(&world).await.unwrap_err();
    let Failure::Upstream(UpstreamError::Exchange { source, .. }) = error else {
        panic!("{error:?}")
    };
    assert!(matches!(
        source,
        TokenAnswerError::IdToken(IdTokenError::Algorithm(_))
    ));
}

#[tokio::test]
async fn a_code_is_good_once() {
    let world = World::new().await;
    let pending = pending(&world);
    let code = code(&world, &pending).await;
    world.upstream.exchange(&pending, &code).await.unwrap();
    let error = world.upstream.exchange(&pending, &code).await.unwrap_err();
    assert!(refused_as(&error, "invalid_grant"), "{error:?}");
}

#[tokio::test]
async fn a_code_is_of_no_use_without_its_logins_verifier() {
    let world = World::new().await;
    let code = code(&world, &pending(&world)).await;
    let another = PendingLogin {
        google_verifier: Secret::new([9; 32]),
        ..pending(&world)
    };
    let error = world.upstream.exchange(&another, &code).await.unwrap_err();
    assert!(refused_as(&error, "invalid_grant"), "{error:?}");
}

#[tokio::test]
async fn the_answer_tells_googles_time() {
    let world = World::new().await;
    world.google.set_date_offset(7200);
    let pending = pending(&world);
    let code = code(&world, &pending).await;
    let answer = world.upstream.exchange(&pending, &code).await.unwrap();
    let googles = world.now().plus(Duration::from_hours(2));
    assert_eq!(answer.1, Some(googles));
    let error = verify(&world, &pending, answer).await.unwrap_err();
    let Failure::IdToken(IdTokenError::NotYetValid { begins, .. }) = error else {
        panic!("{error:?}")
    };
    assert_eq!(begins, googles);
}

#[tokio::test]
async fn a_bad_answer_of_the_token_endpoint_is_named() {
    let world = World::new().await;
    let check = async |trouble, expected: fn(&UpstreamError) -> bool| {
        world.google.fail_once(Endpoint::Token, trouble);
        let pending = pending(&world);
        let code = code(&world, &pending).await;
        let error = world.upstream.exchange(&pending, &code).await.unwrap_err();
        assert!(expected(&error), "{error:?}");
        assert_shows_no_secret(&error, &code);
    };
    check(Trouble::OAuthError("invalid_client"), |error| {
        refused_as(error, "invalid_client")
    })
    .await;
    check(Trouble::Status(503), |error| {
        matches!(error, UpstreamError::Status { status: 503, .. })
    })
    .await;
    check(Trouble::Html, |error| {
        because(error, &TokenAnswerError::NotAnAnswer)
    })
    .await;
    let no_id_token = serde_json::json!({"access_token": "a", "token_type": "Bearer"});
    check(Trouble::Json(no_id_token), |error| {
        because(error, &TokenAnswerError::NoIdToken)
    })
    .await;
    check(Trouble::Redirect, |error| {
        matches!(error, UpstreamError::Transport { source, .. }
            if matches!(**source, HttpClientError::Redirect { .. }))
    })
    .await;
    check(Trouble::TooLarge, |error| {
        matches!(error, UpstreamError::Transport { source, .. }
            if matches!(**source, HttpClientError::TooLarge(_)))
    })
    .await;
}

#[tokio::test]
async fn a_refusal_comes_back_with_its_state() {
    let world = World::new().await;
    let metadata = world.upstream.metadata().await.unwrap();
    let pending = pending(&world);
    let url = authorization_url(&metadata, world.upstream.client(), &pending, None);
    for (said, told) in [
        ("access_denied", "access_denied"),
        ("login_required", "login_required"),
        ("admin_policy_enforced", "server_error"),
    ] {
        let back = world.google.refuse(&url, said);
        let answer = brought_back(&back);
        assert!(answer.answers(&pending));
        answer.check_issuer(&metadata, &pending).unwrap();
        assert!(matches!(answer.outcome, CallbackOutcome::Refused(error) if error == told));
    }
}

#[tokio::test]
async fn a_response_of_another_issuer_is_a_mix_up() {
    let world = World::new().await;
    let metadata = world.upstream.metadata().await.unwrap();
    let pending = pending(&world);
    let url = authorization_url(&metadata, world.upstream.client(), &pending, None);
    let answer = |issuer| {
        world.google.set_response_issuer(issuer);
        let back = world.google.choose(&url, "paul@example.com");
        let answer = brought_back(&back);
        answer.check_issuer(&metadata, &pending)
    };
    answer(ResponseIssuer::Right).unwrap();
    let missing = answer(ResponseIssuer::Missing).unwrap_err();
    assert!(matches!(missing, CallbackError::NoIssuer));
    let other = answer(ResponseIssuer::Other("https://evil.example".to_owned())).unwrap_err();
    assert!(matches!(other, CallbackError::OtherIssuer { .. }));
}

#[tokio::test]
async fn the_chooser_lists_all_accounts_and_its_links_lead_back() {
    let world = World::new().await;
    let metadata = world.upstream.metadata().await.unwrap();
    let pending = pending(&world);
    let client = world.upstream.client();
    let url = authorization_url(&metadata, client, &pending, Some("inconnu@gmail.com"));
    let browser = HttpClient::new(Trust::SystemAuthorities, Duration::from_secs(10));
    let page = browser.get(Request::get(&url), 1 << 20).await.unwrap();
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(page.contains("Jeanne Martin") && page.contains("paul@example.com"));
    let links = page.split("href=\"").skip(1);
    let links: Vec<String> = links
        .map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"))
        .collect();
    let back = follow(&browser, &format!("{}{}", world.google.issuer(), links[0])).await;
    let answer = brought_back(&back);
    let CallbackOutcome::Code(code) = &answer.outcome else {
        panic!("{answer:?}")
    };
    let tokens = world.upstream.exchange(&pending, code).await.unwrap();
    let identity = verify(&world, &pending, tokens).await.unwrap();
    assert_eq!(identity.address.as_written(), "inconnu@gmail.com");

    let cancel = links.last().unwrap();
    let back = follow(&browser, &format!("{}{cancel}", world.google.issuer())).await;
    let answer = brought_back(&back);
    assert!(matches!(
        answer.outcome,
        CallbackOutcome::Refused("access_denied")
    ));
}

#[tokio::test]
async fn a_silent_login_needs_a_signed_in_user() {
    let world = World::new().await;
    let metadata = world.upstream.metadata().await.unwrap();
    let mut pending = pending(&world);
    pending.request.prompt = Prompt::Silent;
    let url = authorization_url(&metadata, world.upstream.client(), &pending, None);
    let browser = HttpClient::new(Trust::SystemAuthorities, Duration::from_secs(10));
    let back = follow(&browser, &url).await;
    let answer = brought_back(&back);
    assert!(matches!(
        answer.outcome,
        CallbackOutcome::Refused("login_required")
    ));

    world.google.sign_in(Some("114025187463509912886"));
    let back = follow(&browser, &url).await;
    let answer = brought_back(&back);
    assert!(matches!(answer.outcome, CallbackOutcome::Code(_)));
}

#[derive(Debug)]
enum Failure {
    Upstream(UpstreamError),
    IdToken(IdTokenError),
}

async fn sign_in(world: &World) -> Result<GoogleIdentity, Failure> {
    let pending = pending(world);
    let code = code(world, &pending).await;
    let answer = world.upstream.exchange(&pending, &code).await;
    verify(world, &pending, answer.map_err(Failure::Upstream)?).await
}

async fn code(world: &World, pending: &PendingLogin) -> Secret<String> {
    let metadata = world.upstream.metadata().await.unwrap();
    let url = authorization_url(&metadata, world.upstream.client(), pending, None);
    let back = world.google.choose(&url, "Jeanne.Martin@gmail.com");
    let answer = brought_back(&back);
    assert_eq!(login_of_state(&answer.state), Some(pending.id));
    assert!(answer.answers(pending));
    answer.check_issuer(&metadata, pending).unwrap();
    match answer.outcome {
        CallbackOutcome::Code(code) => code,
        CallbackOutcome::Refused(error) => panic!("{error}"),
    }
}

async fn verify(
    world: &World,
    pending: &PendingLogin,
    (tokens, _): (GoogleTokens, Option<UnixTime>),
) -> Result<GoogleIdentity, Failure> {
    let keys = world.upstream.keys_for(tokens.id_token.kid()).await;
    let keys = keys.map_err(Failure::Upstream)?;
    let expected = Expected::of(world.upstream.client(), pending, &tokens.access_token);
    tokens
        .id_token
        .verify(&keys, &expected, world.now())
        .map_err(Failure::IdToken)
}

async fn follow(browser: &HttpClient, url: &str) -> Url {
    let error = browser.get(Request::get(url), 1 << 20).await.unwrap_err();
    let HttpClientError::Redirect { location } = error else {
        panic!("{error:?}")
    };
    Url::parse(&location).unwrap()
}

fn refused_as(error: &UpstreamError, code: &str) -> bool {
    because(error, &TokenAnswerError::Refused(code.to_owned()))
}

fn because(error: &UpstreamError, expected: &TokenAnswerError) -> bool {
    matches!(error, UpstreamError::Exchange { source, .. } if source == expected)
}

fn assert_shows_no_secret(error: &UpstreamError, code: &Secret<String>) {
    let shown = format!("{error:?} {error}");
    assert!(!shown.contains(code.expose().as_str()), "{shown}");
    assert!(!shown.contains(CLIENT_SECRET), "{shown}");
    assert!(!shown.contains("Bad Request"), "{shown}");
}

fn pending(world: &World) -> PendingLogin {
    let uri = "https://nas.example.com/".to_owned();
    let parsed = Url::parse(&uri).unwrap();
    let client = RelyingParty {
        id: ClientId::new("synology"),
        name: "Synology".to_owned(),
        secret: Secret::new("secret".to_owned()),
        secret_file: std::path::PathBuf::new(),
        redirect_uris: vec![RegisteredRedirect::new(uri.clone(), &parsed)],
        require_pkce: false,
    };
    PendingLogin {
        id: LoginId::new([1; 12]),
        state_secret: Secret::new([2; 16]),
        google_nonce: Secret::new([3; 32]),
        google_verifier: Secret::new([4; 32]),
        google_issuer: GoogleIssuer::new(world.google.issuer()),
        started: world.now(),
        request: AuthorizationRequest {
            redirect: client.trust(&uri).unwrap(),
            client: client.id,
            state: None,
            nonce: None,
            scope: Scope::default(),
            challenge: None,
            max_age: None,
            prompt: Prompt::Unspecified,
            login_hint: None,
            hinted: None,
        },
    }
}

/// The parameters of the callback.
fn brought_back(back: &Url) -> CallbackAnswer {
    let query = back.query().unwrap().as_bytes();
    CallbackAnswer::parse(&Parameters::parse(query).unwrap()).unwrap()
}
