//! `cargo screenshots`: every page of the real daemon, as Chromium draws it, in
//! both languages, on a phone and a desktop screen, light and dark.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a tool for whoever works on the pages"
)]

mod administration;
mod album;
mod scene;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use fakes::chromium::{Chromium, DESKTOP, PHONE, Screen};
use fakes::picture;
use serde_json::json;

use self::administration::VIEWS;
use self::album::Album;
use self::scene::SCENES;

/// The page in the README, on a phone, without the empty end.
const IN_THE_README: &str = "address-unknown";
const IN_THE_README_SCREEN: Screen = Screen {
    height: 640,
    ..PHONE
};

#[tokio::main]
async fn main() -> ExitCode {
    let album = Album::new();
    let mut wrong = Vec::new();
    for language in ["en", "fr"] {
        wrong.extend(take(language, &album).await);
    }
    println!("{}", album.bind());
    for problem in &wrong {
        println!("NOT WHAT IT SHOULD BE: {problem}");
    }
    match wrong.as_slice() {
        [] => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Takes all pages in one language; returns those that are not what their name
/// says.
async fn take(language: &str, album: &Album) -> Vec<String> {
    let browser = Chromium::start(language).await;
    let mut pages = BTreeMap::new();
    let mut wrong = Vec::new();
    for scene in SCENES {
        let _stage = scene.play(&browser).await;
        let said = browser.run(SAID, json!([])).await.to_string();
        if let Some(twin) = pages.insert(said.clone(), scene.name) {
            wrong.push(format!("{} is {twin}", scene.name));
        }
        let shown = browser.run(REFUSAL, json!([])).await;
        if shown.as_str() != scene.refusal {
            wrong.push(format!("{} is {shown}: {said}", scene.name));
        }
        draw(&browser, &format!("{}.{language}", scene.name), album).await;
        if (scene.name, language) == (IN_THE_README, "en") {
            browser.put_on(IN_THE_README_SCREEN).await;
            draw_for_the_readme(&browser.screenshot().await).await;
        }
    }
    let house = administration::furnished(&browser).await;
    for view in VIEWS {
        view.show(&browser, &house).await;
        draw(&browser, &format!("{}.{language}", view.name), album).await;
    }
    wrong
}

/// Adds the pictures of the page that the browser shows.
async fn draw(browser: &Chromium, name: &str, album: &Album) {
    for (device, screen) in [("phone", PHONE), ("desktop", DESKTOP)] {
        let name = format!("{name}.{device}");
        browser.put_on(screen).await;
        album.add(&format!("{name}.light"), &browser.screenshot().await);
        browser.put_on(screen.dark()).await;
        album.add(&format!("{name}.dark"), &browser.screenshot().await);
    }
}

/// Writes the README's picture, and the source of its page.
async fn draw_for_the_readme(screenshot: &[u8]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    fs::write(root.join(picture::PICTURE), screenshot).unwrap();
    fs::write(root.join(picture::SOURCE), picture::source().await).unwrap();
}

/// Without the reference, which is always different. Pages of other servers
/// have no `main`.
const SAID: &str = "
    const main = document.querySelector('main')?.innerText ?? document.title;
    const notes = [...document.querySelectorAll('footer p')].map((note) => note.textContent);
    return main + notes.filter((note) => !/^R(e|é)f(e|é)rence/.test(note)).join('')";
const REFUSAL: &str = "return document.querySelector('meta[name=refusal]')?.content";
