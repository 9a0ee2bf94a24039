use fakes::browser::Browser;
use fakes::dsm::settings::Settings;
use fakes::dsm_login::DsmLogin;
use fakes::house::{House, JEANNE, Plan};

use super::{stored, succeeds};
use crate::support::process::until;

#[tokio::test]
async fn after_apply_dsm_signs_a_user_in_with_what_it_has_stored() {
    let login = DsmLogin::start().await;
    let house = House::planned(Plan {
        client: format!("redirect-uris = [{:?}]", login.url()),
        ..Plan::default()
    })
    .await;
    until("the daemon has read the users twice", || {
        house.dsm.counts().sign_outs == 2
    })
    .await;
    house.dsm.change(|dsm| dsm.settings = Settings::default());
    login.belongs_to(&house.dsm);
    let mut browser = Browser::new();
    let page = browser.get(&login.url()).await;
    assert!(!page.body.contains("Continue with Google"), "{page:?}");

    succeeds(&house, &["--apply", "--yes"]).await;

    let page = browser.get(&login.url()).await;
    assert!(page.body.contains("Continue with Google"), "{page:?}");
    let start = browser.get(&format!("{}/sso/start", login.url())).await;
    let to_google = browser.get(start.location()).await;
    let callback = house.google.choose(to_google.location(), JEANNE);
    let back = browser.get(callback.as_str()).await;
    let page = browser.get(back.location()).await;
    let signed_in = "Signed in as <b id=\"user\">jeanne</b>";
    assert!(page.body.contains(signed_in), "{page:?}");

    // The public URL is the daemon itself, so no rule is needed.
    assert_eq!(house.dsm.writes().len(), 2);
    succeeds(&house, &["--undo", "--yes"]).await;
    assert_eq!(stored(&house.dsm), Settings::default());
    let page = browser.get(&login.url()).await;
    assert!(!page.body.contains("Continue with Google"), "{page:?}");
}
