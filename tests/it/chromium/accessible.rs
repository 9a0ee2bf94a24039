//! Accessibility: pages on a phone, in dark mode, with a screen reader, by
//! keyboard, and with large text.

use std::collections::BTreeSet;

use fakes::chromium::{Chromium, DESKTOP, PHONE, Screen};
use fakes::google::{Endpoint, Person, Trouble};
use fakes::house::{House, JEANNE};
use serde_json::{Value, json};

/// As long as an address may be, and partly from right to left.
const LONG: &str = "דוד.and.a.very.long.name.that.never.ends.and.never.breaks.at.all@\
                    xn--a-domain-without-any-end-or-place-to-break-it.example";

/// One of each kind: with an address and a hint, with a hint, with steps, with
/// none of them.
const PAGES: [&str; 7] = [
    "checklist",
    "refused",
    "Google fails",
    "/",
    "/callback",
    "/auth",
    "/nowhere",
];

/// WCAG 2.2, success criterion 1.4.10.
const NARROW: Screen = Screen {
    width: 320,
    ..PHONE
};

const TABLET: Screen = Screen {
    width: 768,
    ..DESKTOP
};

/// Opens the administrator's section, and all others.
pub(super) const OPEN: &str =
    "document.querySelectorAll('details').forEach(each => each.open = true)";

async fn show(page: &str, house: &House, browser: &Chromium) {
    let person = match page {
        "refused" => "David",
        "Google fails" => "Jeanne Martin",
        "checklist" => return browser.open(&house.url("/")).await,
        "/" => {
            house.sign_in(JEANNE, "").await;
            return browser.open(&house.url("/")).await;
        }
        path => return browser.open(&house.url(path)).await,
    };
    house.google.set_people(vec![
        Person::new("1", LONG, "\u{202e}David 🦊"),
        Person::new("2", JEANNE, "Jeanne Martin"),
    ]);
    browser.open(&house.authorization_request("")).await;
    if page == "Google fails" {
        let trouble = Trouble::Status(500);
        house.google.fail_once(Endpoint::Token, trouble);
    }
    browser.link(person).await.click().await;
}

#[tokio::test]
async fn nothing_is_cut_off_or_scrolls_sideways_on_any_screen() {
    let house = House::new().await;
    for language in ["en", "fr"] {
        let browser = Chromium::start(language).await;
        for page in PAGES {
            show(page, &house, &browser).await;
            assert_eq!(super::language(&browser).await, language);
            browser.run(OPEN, json!([])).await;
            assert_fits(&browser, page).await;
        }
    }
}

pub(super) async fn assert_fits(browser: &Chromium, page: &str) {
    for screen in [NARROW, PHONE, TABLET, DESKTOP] {
        browser.put_on(screen).await;
        let width = browser.run(WIDTH, json!([])).await.as_f64().unwrap();
        assert!(width <= f64::from(screen.width), "{page}: {width}");
    }
}

/// Text at twice the size must fit too.
pub(super) const WIDTH: &str = "document.documentElement.style.fontSize = '200%';
    const boxes = [...document.querySelectorAll('body *')];
    const right = boxes.map(each => each.getBoundingClientRect().right);
    return Math.max(document.documentElement.scrollWidth, ...right)";

/// WCAG 2.2, success criteria 1.4.3 and 1.4.11: 4.5 to 1, and 3 to 1 for the
/// button on the card.
#[tokio::test]
async fn every_word_stands_out_by_day_and_by_night() {
    let house = House::new().await;
    let browser = Chromium::start("en").await;
    let mut grounds = BTreeSet::new();
    for page in PAGES {
        show(page, &house, &browser).await;
        for screen in [DESKTOP, DESKTOP.dark()] {
            browser.put_on(screen).await;
            assert_readable(&browser, page).await;
            let button = format!("{LUMINANCE}{BUTTON}");
            let button = browser.run(&button, json!([])).await.as_f64().unwrap();
            assert!(button >= 3.0, "{page}: {button} on {screen:?}");
            let body = browser.find("body").await;
            grounds.insert(body.style("background-color").await);
        }
    }
    assert_eq!(grounds.len(), 2, "{grounds:?}");
}

pub(super) async fn assert_readable(browser: &Chromium, page: &str) {
    let texts = browser.run(&format!("{LUMINANCE}{TEXTS}"), json!([])).await;
    let texts = texts.as_array().unwrap();
    assert!(texts.len() >= 4, "{page}: {texts:?}");
    for text in texts {
        let contrast = text["contrast"].as_f64().unwrap();
        assert!(contrast >= 4.5, "{page}: {text}");
        let size = text["size"].as_f64().unwrap();
        assert!(size >= 15.0, "{page}: {text}");
    }
}

/// WCAG 2.2, "relative luminance" and "contrast ratio". All colours here are
/// opaque.
const LUMINANCE: &str = "
    const channels = colour => colour.match(/[0-9.]+/g).map(Number);
    const linear = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const luminance = colour => {
        const [r, g, b] = channels(colour).map(linear);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = element => {
        const colour = getComputedStyle(element).backgroundColor;
        return channels(colour)[3] === 0 ? ground(element.parentElement) : colour;
    };
    const ratio = (one, other) => {
        const both = [luminance(one), luminance(other)];
        return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    };";

/// The button against the card.
const BUTTON: &str = "return ratio(ground(document.querySelector('.action a')),
    ground(document.querySelector('main')))";

const TEXTS: &str = "
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const text = walker.currentNode.data.trim();
        if (!text) continue;
        const element = walker.currentNode.parentElement;
        const style = getComputedStyle(element);
        const contrast = ratio(style.color, ground(element));
        found.push({ text, contrast, size: parseFloat(style.fontSize) });
    }
    return found";

#[tokio::test]
async fn a_screen_reader_hears_it_in_order() {
    let house = House::new().await;
    let browser = Chromium::start("en").await;
    for page in PAGES {
        show(page, &house, &browser).await;
        let title = browser.run("return document.title", json!([])).await;
        let heading = browser.find("h1").await.text().await;
        assert_eq!(title.as_str(), Some(heading.as_str()), "{page}");
        assert_eq!(super::language(&browser).await, "en");
        let mut expected = vec!["main", "heading 1", "link"];
        if page != "/" {
            expected.extend(["contentinfo", "heading 2"]);
        }
        assert_eq!(outline(&browser).await, expected, "{page}");
    }
}

/// Landmarks, headings and links, in the order of the accessibility tree.
async fn outline(browser: &Chromium) -> Vec<String> {
    let tree = browser
        .devtools("Accessibility.getFullAXTree", json!({}))
        .await;
    let nodes = tree["nodes"].as_array().unwrap();
    let mut heard = Vec::new();
    let mut ahead = vec![&nodes[0]["nodeId"]];
    while let Some(id) = ahead.pop() {
        let Some(node) = nodes.iter().find(|node| node["nodeId"] == *id) else {
            continue;
        };
        heard.extend(landmark(node));
        let children = node["childIds"].as_array();
        ahead.extend(children.into_iter().flatten().rev());
    }
    heard
}

fn landmark(node: &Value) -> Option<String> {
    let role = node["role"]["value"].as_str()?;
    let mut properties = node["properties"].as_array()?.iter();
    match role {
        "main" | "contentinfo" | "link" => Some(role.to_owned()),
        "heading" => {
            let level = properties.find(|each| each["name"] == "level")?;
            Some(format!("heading {}", level["value"]["value"]))
        }
        _ => None,
    }
}

#[tokio::test]
async fn the_link_has_focus_by_tab_and_is_large_enough() {
    const TAB: char = '\u{e004}';
    const ENTER: char = '\u{e007}';
    let house = House::new().await;
    let browser = Chromium::start("en").await;
    for page in PAGES {
        show(page, &house, &browser).await;
        let link = browser.find("main a").await;
        assert_eq!(link.style("outline-style").await, "none", "{page}");
        browser.press(TAB).await;
        let focused = browser.focused().await;
        assert_eq!(focused.role().await, "link", "{page}");
        assert_eq!(focused.label().await, link.text().await, "{page}");
        assert_eq!(focused.style("outline-style").await, "solid", "{page}");
        assert_eq!(focused.style("outline-width").await, "3px", "{page}");
        let height = "return document.querySelector('main a').offsetHeight";
        let height = browser.run(height, json!([])).await;
        assert!(height.as_f64().unwrap() >= 44.0, "{page}: {height}");
    }

    browser.open(&house.authorization_request("")).await;
    browser.link("David").await.click().await;
    browser.press(TAB).await;
    browser.press(ENTER).await;
    let google = house.google.issuer();
    let there = async |browser: &Chromium| browser.url().await.starts_with(google);
    browser.until("Google asks again", there).await;
}
