//! What a family member does, in Chromium: the NAS's page, its pop-up, Google's
//! chooser, and back; with nginx and TLS in between.

mod a_day_of_a_parent;
mod accessible;
mod administration;
mod axe;
mod help;

use fakes::chromium::{Chromium, PHONE};
use fakes::dsm_login::{DsmLogin, SsoSettings, Stored};
use fakes::house::{CLIENT_SECRET_OF_DSM, House, Plan};
use google_to_synology_sso::clients::http_client::Trust;
use tempfile::TempDir;
use url::Url;

use crate::support::nginx::{self, Ports};
use crate::support::process::{Process, free_port};

#[tokio::test(flavor = "multi_thread")]
async fn jeanne_signs_in() {
    let home = Home::new().await;
    let browser = Chromium::start("en-GB").await;

    home.click_the_button(&browser).await;
    browser.link("Jeanne Martin").await.click().await;
    home.assert_signed_in(&browser, "jeanne").await;
}

/// None of our headers separates the pop-up from its opener.
#[tokio::test(flavor = "multi_thread")]
async fn a_french_person_is_refused_and_takes_the_other_account() {
    let home = Home::new().await;
    let browser = Chromium::start("fr-FR,fr").await;
    browser.put_on(PHONE).await;

    home.click_the_button(&browser).await;
    browser.link("Igor Inconnu").await.click().await;
    assert_eq!(refusal(&browser).await, "address-unknown");
    assert_eq!(language(&browser).await, "fr");
    let page = browser.text().await;
    assert!(page.contains("inconnu@gmail.com"), "{page}");
    let whom = "demandez à la personne qui s’occupe du NAS";
    assert!(page.contains(whom), "{page}");

    let link = browser.link("Choisir un autre compte Google").await;
    link.click().await;
    browser.link("Jeanne Martin").await.click().await;
    home.assert_signed_in(&browser, "jeanne").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_loaded_again_says_so_and_leads_to_the_nas() {
    let home = Home::new().await;
    let browser = Chromium::start("en-GB").await;

    home.click_the_button(&browser).await;
    browser.link("Igor Inconnu").await.click().await;
    browser.reload().await;
    let page = browser.text().await;
    assert!(page.contains("This sign-in was already used"), "{page}");

    browser.link("Go to the NAS").await.click().await;
    assert_eq!(browser.url().await, format!("{}/", home.nas));
}

async fn refusal(browser: &Chromium) -> String {
    let meta = browser.find("meta[name=refusal]").await;
    meta.property("content").await
}

async fn language(browser: &Chromium) -> String {
    browser.find("html").await.property("lang").await
}

/// The NAS, the daemon on it, and nginx in front of both.
struct Home {
    house: House,
    /// The URL of the NAS as users type it.
    nas: String,
    _login: DsmLogin,
    _nginx: Process,
    _directory: TempDir,
}

impl Home {
    async fn new() -> Self {
        let https = free_port();
        let nas = format!("https://nas.localhost:{https}");
        // Unlike a browser, the fake NAS does not resolve names below
        // localhost.
        let issuer = format!("https://localhost:{https}");
        let house = House::planned(Plan {
            issuer: Some(issuer.clone()),
            client: format!("redirect-uris = [\"{nas}/\"]"),
            ..Plan::default()
        })
        .await;
        let login = DsmLogin::trusting(Trust::DangerousAnyCertificate).await;
        login.configure(SsoSettings {
            well_known: format!("{issuer}/.well-known/openid-configuration"),
            client_id: "synology".to_owned(),
            client_secret: CLIENT_SECRET_OF_DSM.to_owned(),
            redirect_uri: format!("{nas}/"),
            scope: String::new(),
            username_claim: "username".to_owned(),
            stored: Stored::default(),
        });
        let ports = Ports {
            https,
            nas: Url::parse(&login.url()).unwrap().port().unwrap(),
            provider: house.address.port(),
        };
        let directory = tempfile::tempdir().unwrap();
        Self {
            _nginx: nginx::start(ports, directory.path()),
            house,
            nas,
            _login: login,
            _directory: directory,
        }
    }

    /// Opens the pop-up and switches to it; it shows Google.
    async fn click_the_button(&self, browser: &Chromium) {
        browser.open(&self.nas).await;
        let front = browser.windows().await;
        browser.find("#sso").await.click().await;
        let two = async |browser: &Chromium| browser.windows().await.len() == 2;
        browser.until("the pop-up opens", two).await;
        let mut windows = browser.windows().await.into_iter();
        let pop_up = windows.find(|window| !front.contains(window)).unwrap();
        browser.look_at(&pop_up).await;
        let google = self.house.google.issuer();
        let there = async |browser: &Chromium| browser.url().await.starts_with(google);
        browser.until("Google asks who it is", there).await;
    }

    /// The URL of the administration page.
    fn administration_page(&self) -> String {
        format!("{}/admin", self.house.issuer())
    }

    /// The pop-up has closed, and its opener shows the user.
    async fn assert_signed_in(&self, browser: &Chromium, user: &str) {
        let one = async |browser: &Chromium| browser.windows().await.len() == 1;
        browser.until("the pop-up closes", one).await;
        browser.look_at(&browser.windows().await[0]).await;
        let words = format!("Signed in as {user}");
        let said = async |browser: &Chromium| browser.text().await.contains(&words);
        browser.until(&words, said).await;
    }
}
