//! A day of the parent who looks after the NAS, on a phone: through nginx with
//! TLS, and with the policies that only a browser applies.

use std::time::Duration;

use fakes::chromium::{Chromium, PHONE};
use fakes::dsm::settings::Settings;
use fakes::house::CLIENT_SECRET_OF_DSM;
use serde_json::json;

use super::{Home, refusal};

#[tokio::test(flavor = "multi_thread")]
async fn paul_admits_a_person_removes_a_link_and_writes_the_settings() {
    let home = Home::new().await;
    let unconfigured = Settings::default();
    home.house.dsm.change(|dsm| dsm.settings = unconfigured);
    let family = Chromium::start("en-GB").await;
    home.click_the_button(&family).await;
    family.link("Jeanne Martin").await.click().await;
    home.assert_signed_in(&family, "jeanne").await;
    home.click_the_button(&family).await;
    family.link("Igor Inconnu").await.click().await;
    assert_eq!(refusal(&family).await, "address-unknown");

    let paul = Paul::opens_the_page(&home).await;
    paul.reads("Health", "Three people can sign in").await;

    paul.goes_to("People").await;
    paul.reads("Recent refusals", "inconnu@gmail.com").await;
    paul.clicks("//option[@value='lea']").await;
    paul.presses("Link").await;
    paul.is_told("the next click of this person signs in").await;
    let again = family.link("Choose another Google account").await;
    again.click().await;
    family.link("Igor Inconnu").await.click().await;
    home.assert_signed_in(&family, "lea").await;

    home.house.clock.advance(Duration::from_secs(601));
    paul.goes_to("People").await;
    let row = "//tr[th[contains(., 'jeanne')]]";
    paul.clicks(&format!("{row}//summary")).await;
    paul.presses("Remove the link of jeanne").await;
    paul.reads("Please sign in again", "not older than 10 minutes")
        .await;
    paul.0.link("Sign in again").await.click().await;
    paul.chooses_his_account(&home).await;
    paul.goes_to("People").await;
    paul.clicks(&format!("{row}//summary")).await;
    paul.presses("Remove the link of jeanne").await;
    paul.is_told("jeanne").await;
    paul.is_told("is no longer linked to").await;

    paul.goes_to("Set-up").await;
    paul.presses("Write them into DSM").await;
    let issuer = home.house.issuer();
    paul.reads("These values would change", &issuer).await;
    assert_eq!(home.house.dsm.writes(), []);
    paul.presses("Yes, write them").await;
    paul.is_told("The settings were written to DSM.").await;
    let written = home.house.dsm.behaviour().settings.client;
    assert_eq!(written["oidc_client_secret"], CLIENT_SECRET_OF_DSM);

    let old = paul.opens_beside("Keys and config").await;
    paul.presses("Sign out").await;
    paul.reads("You are signed out", "signed in to Google")
        .await;
    let before = home.house.rows("signing_keys");
    paul.looks_at(&old).await;
    paul.presses("Rotate").await;
    paul.reads("Your session has ended", "Nothing was changed")
        .await;
    assert_eq!(home.house.rows("signing_keys"), before);
    paul.0
        .link("To the administration page")
        .await
        .click()
        .await;
    paul.is_at(home.house.google.issuer()).await;

    let mut blocked = paul.0.console().await;
    blocked.retain(|message| !message.contains("the server responded with a status of"));
    assert_eq!(blocked, Vec::<String>::new());
}

/// Paul's phone.
struct Paul(Chromium);

impl Paul {
    /// Opens the page, and signs in with Google.
    async fn opens_the_page(home: &Home) -> Self {
        let phone = Chromium::start("en-GB").await;
        phone.put_on(PHONE).await;
        phone.open(&home.administration_page()).await;
        let paul = Self(phone);
        paul.chooses_his_account(home).await;
        paul
    }

    async fn chooses_his_account(&self, home: &Home) {
        self.is_at(home.house.google.issuer()).await;
        self.0.link("Paul Martin").await.click().await;
        self.is_at(&home.administration_page()).await;
    }

    async fn is_at(&self, url: &str) {
        let there = async |phone: &Chromium| phone.url().await.starts_with(url);
        self.0.until(url, there).await;
    }

    async fn goes_to(&self, page: &str) {
        self.0.link(page).await.click().await;
        assert_eq!(self.0.find("h1").await.text().await, page);
    }

    /// Opens `page` in another tab, and returns that.
    async fn opens_beside(&self, page: &str) -> String {
        let here = self.0.windows().await;
        let open = "window.open(arguments[0])";
        let url = self.0.link(page).await.property("href").await;
        self.0.run(open, json!([url])).await;
        let mut windows = self.0.windows().await.into_iter();
        let tab = windows.find(|window| !here.contains(window)).unwrap();
        self.looks_at(&tab).await;
        let loaded = async |phone: &Chromium| phone.text().await.contains("Rotate");
        self.0.until(page, loaded).await;
        self.looks_at(&here[0]).await;
        tab
    }

    async fn looks_at(&self, tab: &str) {
        self.0.look_at(tab).await;
        self.0.devtools("Page.bringToFront", json!({})).await;
    }

    async fn clicks(&self, path: &str) {
        self.0.find_path(path).await.click().await;
    }

    async fn presses(&self, button: &str) {
        self.0.leave_by(self.0.button(button).await).await;
    }

    /// The page has these `words`, and below them the `others`.
    async fn reads(&self, words: &str, others: &str) {
        let page = self.0.text().await;
        let (_, below) = page.split_once(words).unwrap_or_else(|| panic!("{page}"));
        assert!(below.contains(others), "{others}: {page}");
    }

    /// The last form had this effect.
    async fn is_told(&self, words: &str) {
        let notice = self.0.find("[role=status]").await.text().await;
        assert!(notice.contains(words), "{words}: {notice}");
    }
}
