//! Debian's Chromium, controlled by WebDriver: a browser that draws pages,
//! applies their policies and opens pop-ups.
//!
//! WebDriver (W3C) is JSON over HTTP. Other features, such as dark mode and the
//! accessibility tree, use the DevTools protocol, which chromedriver forwards.

mod element;
mod start;

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tempfile::TempDir;

pub use self::element::Element;

/// Two minutes: the machine may be busy.
const POLLS: u32 = 2400;
const POLL: Duration = Duration::from_millis(50);

/// A browser with its own cookies, which runs until it is dropped.
#[derive(Debug)]
pub struct Chromium {
    client: Client<HttpConnector, Full<Bytes>>,
    session: String,
    driver: Child,
    /// The `/proc/PID/cmdline` of the browser process.
    command_line: PathBuf,
    _profile: TempDir,
}

/// The properties of a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// Whether the user prefers dark pages.
    pub dark: bool,
}

/// A phone held upright.
pub const PHONE: Screen = Screen {
    width: 390,
    height: 844,
    dark: false,
};

/// A common desktop screen.
pub const DESKTOP: Screen = Screen {
    width: 1280,
    height: 800,
    dark: false,
};

impl Screen {
    /// Returns the same screen with dark pages preferred.
    #[must_use]
    pub fn dark(mut self) -> Self {
        self.dark = true;
        self
    }
}

impl Chromium {
    /// Starts a browser whose user reads `language`, such as `fr-FR`. It
    /// accepts self-signed certificates.
    pub async fn start(language: &str) -> Self {
        start::start(language).await
    }

    /// Opens `url` and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        self.post("url", json!({ "url": url })).await;
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.post("refresh", json!({})).await;
    }

    /// Returns the URL of the page that is shown.
    pub async fn url(&self) -> String {
        text(&self.get("url").await)
    }

    /// Returns the visible text of the page.
    pub async fn text(&self) -> String {
        text(&self.run("return document.body.innerText", json!([])).await)
    }

    /// Returns the result of the JavaScript function body `script`. The browser
    /// itself runs it, so a page's policy does not block it.
    pub async fn run(&self, script: &str, arguments: Value) -> Value {
        let body = json!({ "script": script, "args": arguments });
        self.post("execute/sync", body).await
    }

    /// Returns the only element that `selector` finds.
    pub async fn find(&self, selector: &str) -> Element<'_> {
        let found = self.try_find("css selector", selector).await;
        found.unwrap_or_else(|problem| panic!("{selector}: {problem}"))
    }

    /// Returns the link whose text contains `words`.
    pub async fn link(&self, words: &str) -> Element<'_> {
        let found = self.try_find("partial link text", words).await;
        found.unwrap_or_else(|problem| panic!("{words}: {problem}"))
    }

    /// Returns the only element that the `XPath` expression `path` finds.
    pub async fn find_path(&self, path: &str) -> Element<'_> {
        let found = self.try_find("xpath", path).await;
        found.unwrap_or_else(|problem| panic!("{path}: {problem}"))
    }

    /// Returns the button whose text contains `words`.
    pub async fn button(&self, words: &str) -> Element<'_> {
        let path = format!("//button[contains(normalize-space(), \"{words}\")]");
        self.find_path(&path).await
    }

    /// Clicks an element that leads to another page, and waits for that, also
    /// if the server takes its time.
    pub async fn leave_by(&self, element: Element<'_>) {
        self.run("window.isLeft = false", json!([])).await;
        element.click().await;
        let next = "return window.isLeft !== false && document.readyState === 'complete'";
        let is_next = async |browser: &Self| browser.run(next, json!([])).await == true;
        self.until("the next page", is_next).await;
    }

    async fn try_find(&self, using: &str, value: &str) -> Result<Element<'_>, String> {
        let body = json!({ "using": using, "value": value });
        let found = self.ask("POST", "element", Some(body)).await?;
        Ok(Element::new(self, &found))
    }

    /// Presses a key at the focused element; `\u{e004}` is Tab, `\u{e007}`
    /// Enter.
    pub async fn press(&self, key: char) {
        let actions = json!([
            { "type": "keyDown", "value": key },
            { "type": "keyUp", "value": key },
        ]);
        let keyboard = json!([{ "type": "key", "id": "keyboard", "actions": actions }]);
        self.post("actions", json!({ "actions": keyboard })).await;
    }

    /// Returns the element that has the focus.
    pub async fn focused(&self) -> Element<'_> {
        Element::new(self, &self.get("element/active").await)
    }

    /// Returns all windows, in any order.
    pub async fn windows(&self) -> Vec<String> {
        let handles = self.get("window/handles").await;
        handles.as_array().unwrap().iter().map(text).collect()
    }

    /// Switches later commands to this window.
    pub async fn look_at(&self, window: &str) {
        self.post("window", json!({ "handle": window })).await;
    }

    /// Shows the page on a screen of this size.
    pub async fn put_on(&self, screen: Screen) {
        let phone = screen.width < 600;
        let metrics = json!({
            "width": screen.width, "height": screen.height,
            "deviceScaleFactor": 1, "mobile": phone,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
            .await;
        let scheme = if screen.dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let media = json!({ "features": features });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// Returns a PNG of the whole page, including the part below the screen.
    pub async fn screenshot(&self) -> Vec<u8> {
        let metrics = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let mut clip = metrics["cssContentSize"].clone();
        clip["scale"] = 1.into();
        let parameters = json!({ "clip": clip, "captureBeyondViewport": true });
        let picture = self.devtools("Page.captureScreenshot", parameters).await;
        STANDARD.decode(text(&picture["data"])).unwrap()
    }

    /// Returns the console's messages since the last call. The browser writes
    /// there what the policy of a page has blocked.
    pub async fn console(&self) -> Vec<String> {
        let messages = self.post("se/log", json!({ "type": "browser" })).await;
        let messages = messages.as_array().unwrap().iter();
        messages.map(|message| text(&message["message"])).collect()
    }

    /// Runs a command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.post("goog/cdp/execute", body).await
    }

    /// Polls until `holds` is true for the visible text.
    pub async fn until(&self, what: &str, holds: impl AsyncFn(&Self) -> bool) {
        for _ in 0..POLLS {
            if holds(self).await {
                return;
            }
            tokio::time::sleep(POLL).await;
        }
        panic!("in vain: {what}");
    }

    async fn get(&self, what: &str) -> Value {
        let answer = self.ask("GET", what, None).await;
        answer.unwrap_or_else(|problem| panic!("{what}: {problem}"))
    }

    async fn post(&self, what: &str, body: Value) -> Value {
        let answer = self.ask("POST", what, Some(body)).await;
        answer.unwrap_or_else(|problem| panic!("{what}: {problem}"))
    }

    async fn ask(&self, method: &str, what: &str, body: Option<Value>) -> Result<Value, String> {
        let url = format!("{}/{what}", self.session);
        ask(&self.client, method, &url, body).await
    }
}

impl Drop for Chromium {
    /// The browser ends when the pipe from its driver closes. Until then it
    /// writes into the profile, which could not be removed.
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        for _ in 0..POLLS {
            // The file is empty for a zombie process.
            let line = fs::read(&self.command_line).unwrap_or_default();
            if line.is_empty() {
                return;
            }
            thread::sleep(POLL);
        }
    }
}

fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Runs one WebDriver command and returns its value, or the error.
async fn ask(
    client: &Client<HttpConnector, Full<Bytes>>,
    method: &str,
    url: &str,
    body: Option<Value>,
) -> Result<Value, String> {
    let body = body.map_or_else(String::new, |body| body.to_string());
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .unwrap();
    let answer = client.request(request).await.unwrap();
    let is_good = answer.status().is_success();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    if !is_good {
        return Err(text(&body["value"]["message"]));
    }
    Ok(body["value"].take())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
