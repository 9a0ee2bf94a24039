use super::super::tests::{YESTERDAY, status};
use super::*;
use crate::admin::context::testing::Canned;
use crate::control::SignIn;

async fn shown_of(count: usize, user: &str) -> String {
    let sign_ins = (0..count).map(|n| SignIn {
        at: YESTERDAY,
        user: format!("{user}{n}"),
        address: "<img>@ex.fr".to_owned(),
        client: "synology".to_owned(),
    });
    let status = status(sign_ins.collect());
    let canned = Canned::default().with(Request::Status, &status);
    let html = canned.visit(Language::English, "", async |context| show(context).await);
    html.await.as_str().to_owned()
}

#[tokio::test]
async fn twenty_are_shown_and_the_others_after_a_click() {
    let html = shown_of(0, "lea").await;
    assert!(html.contains("No sign-in is recorded yet."));
    let html = shown_of(20, "lea").await;
    assert!(html.contains("2026-11-22 06:30") && !html.contains("<details>"));
    let html = shown_of(200, "lea").await;
    let (first, others) = html.split_once("<details>").unwrap();
    assert_eq!(first.matches("<bdi>lea").count(), 20);
    assert_eq!(others.matches("<bdi>lea").count(), 180);
    assert!(others.contains("Earlier sign-ins: 180"));
}

#[tokio::test]
async fn names_and_addresses_are_text() {
    let html = shown_of(30, "<b>").await;
    assert!(!html.contains("<b>") && !html.contains("<img>"), "{html}");
    assert!(html.contains("&#60;img&#62;@ex.fr"));
}
