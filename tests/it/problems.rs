//! Wrong settings at DSM or Google are shown on the page, for the
//! administrator, and in `status`.

use fakes::browser::{Browser, Shown};
use fakes::google::token::Lie;
use fakes::google::{CLIENT_SECRET, Endpoint, Trouble};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, JEANNE, encode, token_form};
use serde_json::Value;

use crate::support::control::report;

/// Names and messages of the recent problems, the newest first.
async fn problems(house: &House) -> Vec<(String, String)> {
    let status = report(house, &["status"]).await;
    for secret in [CLIENT_SECRET, CLIENT_SECRET_OF_DSM] {
        assert!(!status.to_string().contains(secret), "{status}");
    }
    let problems = status["problems"].as_array().unwrap().iter();
    let text = |problem: &Value, field: &str| problem[field].as_str().unwrap().to_owned();
    problems
        .map(|it| (text(it, "problem"), text(it, "message")))
        .collect()
}

async fn the_only_problem(house: &House) -> (String, String) {
    let mut problems = problems(house).await;
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

/// The part of the page for the administrator.
fn administrators_part(shown: &Shown) -> &str {
    let (_, part) = shown.body.split_once("<footer>").unwrap();
    part
}

#[tokio::test]
async fn a_mistyped_application_id_is_named_with_the_right_one() {
    let house = House::new().await;
    let request = house.authorization_request("");
    let request = request.replace("client_id=synology", "client_id=synolgy");
    let mut shown = Browser::new().get(&request).await;
    assert_eq!(shown.status, 400);
    let part = administrators_part(&shown);
    assert!(part.contains("<code>synolgy</code>"), "{part}");
    assert!(part.contains("<code>synology</code>"), "{part}");

    house.clock.advance(std::time::Duration::from_mins(1));
    shown = Browser::new().get(&request).await;
    assert_eq!(shown.status, 400);
    let (name, message) = the_only_problem(&house).await;
    assert_eq!(name, "client-unknown");
    assert_eq!(
        message,
        "no client is called \"synolgy\": clients.id in the config is \"synology\""
    );
    let status = report(&house, &["status"]).await;
    assert_eq!(status["problems"][0]["at"], "2026-03-02T06:31:00Z");
}

#[tokio::test]
async fn another_redirect_uri_is_named_with_the_registered_one() {
    let house = House::new().await;
    let request = house.authorization_request("");
    let asked = encode("https://nas.example.com/#/signin");
    let registered = encode(fakes::house::REDIRECT_URI);
    let shown = Browser::new()
        .get(&request.replace(&registered, &asked))
        .await;
    assert_eq!(shown.status, 400);
    let part = administrators_part(&shown);
    assert!(part.contains("<code>https://nas.example.com/#/signin</code>"));
    assert!(part.contains("<code>https://nas.example.com/</code>"));
    let (name, message) = the_only_problem(&house).await;
    assert_eq!(name, "redirect-uri-unknown");
    assert!(message.contains("\"https://nas.example.com/#/signin\""));
    assert!(message.ends_with("lists \"https://nas.example.com/\""));
}

#[tokio::test]
async fn a_wrong_application_secret_is_named_and_not_shown() {
    let house = House::new().await;
    let code = house.code(JEANNE, "").await;
    let form = token_form(&code).replace("client_secret=a", "client_secret=guess");
    let answer = Browser::new().post(&house.url("/token"), &form).await;
    assert_eq!(answer.status, 401);
    let (name, message) = the_only_problem(&house).await;
    assert_eq!(name, "client-secret-wrong");
    assert!(message.contains("synology") && !message.contains("guess"));
    // A used code is not a wrong setting, but is recorded.
    house.redeem("made-up", "").await;
    let problems = problems(&house).await;
    assert_eq!(problems[0].0, "token-request-rejected");
    assert!(problems[0].1.contains("the code is unknown"));
}

#[tokio::test]
async fn a_token_request_rejected_by_google_has_its_own_page() {
    let house = House::new().await;
    let callback = format!("<code>{}</code>", house.url("/callback"));
    for (code, name, part) in [
        (
            "invalid_client",
            "google-invalid-client",
            "google.client-secret-file",
        ),
        (
            "redirect_uri_mismatch",
            "google-redirect-uri-mismatch",
            &callback,
        ),
        (
            "unauthorized_client",
            "google-client-rejected",
            "Web application",
        ),
        ("deleted_client", "google-client-rejected", "deleted_client"),
    ] {
        house
            .google
            .fail(Endpoint::Token, Trouble::OAuthError(code));
        let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
        assert_eq!(shown.status, 502, "{code}");
        let title = "Google rejects this service";
        assert!(shown.body.contains(title), "{code}: {}", shown.body);
        let said = administrators_part(&shown);
        assert!(said.contains(part), "{code}: {said}");
        assert!(said.contains(&format!("<code>{code}</code>")), "{said}");
        assert!(shown.link().contains("/auth?"), "the link begins anew");

        let silently = house
            .arrive(&mut Browser::new(), JEANNE, "&prompt=none")
            .await;
        let error = silently.answered("error");
        assert_eq!(error.as_deref(), Some("temporarily_unavailable"));
        let (noted, message) = problems(&house).await.remove(0);
        assert_eq!(noted, name, "{code}");
        assert!(message.contains(&format!("({code})")), "{message}");
    }
    house.google.mend(Endpoint::Token);
    house.code(JEANNE, "").await;
}

/// An error that Google sends by the browser goes to the client.
#[tokio::test]
async fn an_error_from_google_that_a_setting_causes_is_recorded() {
    let house = House::new().await;
    for code in ["access_denied", "unauthorized_client"] {
        let mut browser = Browser::new();
        let shown = browser.get(&house.authorization_request("")).await;
        let back = house.google.refuse(shown.location(), code);
        let shown = browser.get(back.as_str()).await;
        assert_eq!(shown.answered("error").as_deref(), Some(code));
    }
    let (name, message) = the_only_problem(&house).await;
    assert_eq!(name, "google-client-rejected");
    assert!(message.contains("unauthorized_client"), "{message}");
}

#[tokio::test]
async fn google_in_trouble_is_a_problem_with_its_reason() {
    let house = House::new().await;
    house
        .google
        .fail_once(Endpoint::Token, Trouble::Status(500));
    house.arrive(&mut Browser::new(), JEANNE, "").await;
    house.google.lie(Some(Lie::OtherAudience));
    house.arrive(&mut Browser::new(), JEANNE, "").await;
    let problems = problems(&house).await;
    let reasons = ["for another audience", "HTTP status 500"];
    assert_eq!(problems.len(), reasons.len(), "{problems:?}");
    for ((name, message), reason) in problems.iter().zip(reasons) {
        assert_eq!(name, "google-failed");
        assert!(message.contains(reason), "{message}");
    }
}

/// Forty client IDs from the Internet, and one from the home network.
#[tokio::test]
async fn strangers_do_not_push_out_the_familys_problem() {
    let house = House::new().await;
    let ask = async |id: &str, from: &str| {
        let request = house.authorization_request("");
        let request = request.replace("client_id=synology", &format!("client_id={id}"));
        let mut browser = Browser::new().with_header("x-forwarded-for", from);
        assert_eq!(browser.get(&request).await.status, 400);
    };
    ask("synolgy", "192.168.1.20").await;
    for number in 0..40 {
        ask(&format!("junk{number}"), "203.0.113.7").await;
    }
    let problems = problems(&house).await;
    assert!(problems.len() < 10, "{problems:?}");
    assert!(
        problems
            .iter()
            .any(|(_, message)| message.contains("synolgy"))
    );
    assert!(problems[0].1.contains("junk39"));
}
