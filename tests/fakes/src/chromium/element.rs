//! An element of a page.

use serde_json::{Value, json};

use super::{Chromium, text};

/// The only key of an element reference (WebDriver, section 12.2).
const REFERENCE: &str = "element-6066-11e4-a52e-4f735466cecf";

/// An element of the page that is shown.
#[derive(Clone, Debug)]
pub struct Element<'a> {
    browser: &'a Chromium,
    id: String,
}

impl<'a> Element<'a> {
    pub(super) fn new(browser: &'a Chromium, reference: &Value) -> Self {
        let id = text(&reference[REFERENCE]);
        Self { browser, id }
    }

    /// Clicks the element, and waits until a page opened in the same window is
    /// loaded.
    pub async fn click(&self) {
        let what = format!("element/{}/click", self.id);
        self.browser.post(&what, json!({})).await;
    }

    /// Returns the visible text of the element.
    pub async fn text(&self) -> String {
        self.asked("text").await
    }

    /// Returns the accessibility role: `link`, `main`, `heading`.
    pub async fn role(&self) -> String {
        self.asked("computedrole").await
    }

    /// Returns the accessible name.
    pub async fn label(&self) -> String {
        self.asked("computedlabel").await
    }

    /// Returns one value of the computed style.
    pub async fn style(&self, property: &str) -> String {
        self.asked(&format!("css/{property}")).await
    }

    /// Returns one DOM property, such as `href`.
    pub async fn property(&self, name: &str) -> String {
        self.asked(&format!("property/{name}")).await
    }

    async fn asked(&self, what: &str) -> String {
        text(
            &self
                .browser
                .get(&format!("element/{}/{what}", self.id))
                .await,
        )
    }
}
