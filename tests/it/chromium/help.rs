//! The help page on DSM's desktop, in a browser.

use std::path::Path;

use fakes::chromium::{Chromium, DESKTOP, PHONE};
use serde_json::json;

use super::accessible::{WIDTH, assert_readable};

async fn open(browser: &Chromium, page: &str) {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("spk/ui");
    browser
        .open(&format!("file://{}", ui.join(page).display()))
        .await;
}

#[tokio::test]
async fn it_is_read_on_a_telephone_and_at_night() {
    let browser = Chromium::start("en").await;
    for page in ["index.html", "fr.html"] {
        for screen in [PHONE, PHONE.dark(), DESKTOP, DESKTOP.dark()] {
            browser.put_on(screen).await;
            open(&browser, page).await;
            assert_readable(&browser, page).await;
        }
        browser.put_on(PHONE).await;
        let width = browser.run(WIDTH, json!([])).await;
        assert!(width.as_f64().unwrap() <= 390.0, "{page}: {width}");
    }
}

#[tokio::test]
async fn it_is_one_click_to_the_other_language() {
    let browser = Chromium::start("en").await;
    open(&browser, "index.html").await;
    for (link, language) in [("En français", "fr"), ("In English", "en")] {
        browser.link(link).await.click().await;
        assert_eq!(super::language(&browser).await, language);
    }
}
