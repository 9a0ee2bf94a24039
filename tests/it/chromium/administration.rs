//! The pages of the administration page with the data of a family: axe-core's
//! rules, and no line that is too wide.

#[path = "../../screenshots/administration.rs"]
mod pages;

use fakes::chromium::Chromium;
use serde_json::json;

use self::pages::{VIEWS, furnished};
use super::accessible::{OPEN, assert_fits};
use super::axe::{assert_no_violations, axe};

#[tokio::test]
async fn the_pages_are_accessible_and_fit_in_english() {
    assert_good("en").await;
}

#[tokio::test]
async fn the_pages_are_accessible_and_fit_in_french() {
    assert_good("fr").await;
}

async fn assert_good(language: &str) {
    let axe = axe();
    let browser = Chromium::start(language).await;
    let house = furnished(&browser).await;
    for view in VIEWS {
        view.show(&browser, &house).await;
        assert_eq!(super::language(&browser).await, language);
        assert_no_violations(&browser, &axe, view.name).await;
        browser.run(OPEN, json!([])).await;
        assert_fits(&browser, view.name).await;
    }
}
