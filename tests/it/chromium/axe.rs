//! axe-core's rules on every page of the daemon, by day and by night. Among
//! them are those of WCAG 2.2 AA for contrast, names, landmarks and targets.

#[path = "../../screenshots/scene.rs"]
mod scene;

use std::fs;
use std::path::Path;

use fakes::chromium::{Chromium, DESKTOP, PHONE};
use serde_json::json;

use self::scene::SCENES;

#[tokio::test]
async fn axe_finds_nothing_wrong_on_any_page() {
    let axe = axe();
    let browser = Chromium::start("en").await;
    for scene in SCENES {
        let _stage = scene.play(&browser).await;
        assert_eq!(
            browser.run(REFUSAL, json!([])).await.as_str(),
            scene.refusal
        );
        assert_no_violations(&browser, &axe, scene.name).await;
    }
}

pub(super) async fn assert_no_violations(browser: &Chromium, axe: &str, page: &str) {
    browser.run(axe, json!([])).await;
    for screen in [PHONE, DESKTOP.dark()] {
        browser.put_on(screen).await;
        let found = browser.run(VIOLATIONS, json!([])).await;
        assert_eq!(found, json!([]), "{page} on {screen:?}");
    }
}

/// Returns the text of axe-core, which `tests/prepare` has downloaded.
pub(super) fn axe() -> String {
    let build = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = build.with_file_name("axe-core").join("axe.min.js");
    fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{}: {error}; run tests/prepare", file.display()))
}

const REFUSAL: &str = "return document.querySelector('meta[name=refusal]')?.content";

/// The administrator's section is open: what is hidden is not examined.
const VIOLATIONS: &str = "
    document.querySelectorAll('details').forEach(each => each.open = true);
    return axe.run().then(({ violations }) =>
        violations.map(({ id, nodes }) => [id, nodes.map(node => node.html)]))";
