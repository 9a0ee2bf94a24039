//! The requests of a browser during a sign-in.

use anyhow::{Context, bail, ensure};
use fakes::browser::{Browser, Shown};
use url::Url;

/// Signs `person` in at the DSM whose login page is `dsm`; returns the DSM
/// username on the last page.
pub(crate) async fn sign_in(dsm: &str, person: &str) -> anyhow::Result<String> {
    let mut browser = Browser::new();
    let page = browser.get(&format!("{dsm}/")).await;
    ensure!(
        page.body.contains("\"/sso/start\""),
        "DSM's login page has no button for the pop-up"
    );
    let pop_up = browser.get(&format!("{dsm}/sso/start")).await;
    let to_daemon = onward(&pop_up, "DSM")?;
    let to_google = onward(&browser.get(&to_daemon).await, "the daemon's /auth")?;
    let chooser = browser.get(&to_google).await;
    let choice = link_of(&chooser.body, person)
        .with_context(|| format!("Google's account chooser does not offer {person}"))?;
    let choice = Url::parse(&to_google)?.join(&choice)?;
    let back = onward(&browser.get(choice.as_str()).await, "Google")?;
    let to_dsm = onward(&browser.get(&back).await, "the daemon's /callback")?;
    let welcome = browser.get(&to_dsm).await;
    match between(&welcome.body, "<b id=\"user\">", "</b>") {
        Some(user) => Ok(user.to_owned()),
        None => bail!("DSM does not sign {person} in: {}", words(&welcome.body)),
    }
}

/// Checks that the page at `url` draws the whole sign-in of `user`.
pub(crate) async fn look_at_picture(url: &str, user: &str) -> anyhow::Result<()> {
    let page = Browser::new().get(&format!("{url}/")).await;
    let outcome = format!("The NAS has signed you in as {user}.");
    let steps = ["/sso/start", "/auth", "/chosen", "/callback", "/userinfo"];
    let steps = steps.map(|path| format!("<code>GET {path}</code>"));
    for expected in steps.iter().chain([&outcome]) {
        let has_it = page.body.contains(expected.as_str());
        ensure!(has_it, "the picture of the sign-in lacks {expected}");
    }
    Ok(())
}

/// Returns the URL to which `place` redirects.
fn onward(shown: &Shown, place: &str) -> anyhow::Result<String> {
    if let Some(refusal) = shown.refusal() {
        bail!("{place} refuses: {refusal}");
    }
    ensure!(
        shown.status.is_redirection() && !shown.location().is_empty(),
        "{place} answers {} and goes no further: {}",
        shown.status.as_u16(),
        words(&shown.body)
    );
    Ok(shown.location().to_owned())
}

/// Returns the chooser's link for a user.
fn link_of(chooser: &str, person: &str) -> Option<String> {
    let (before, _) = chooser.split_once(&format!("<small>{person}</small>"))?;
    let (_, link) = before.rsplit_once("href=\"")?;
    let (link, _) = link.split_once('"')?;
    Some(link.replace("&amp;", "&"))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, text) = text.split_once(before)?;
    text.split_once(after).map(|(found, _)| found)
}

/// Returns the text of a page, without its markup.
fn words(page: &str) -> String {
    let page = page.split("<title>").last().unwrap_or_default();
    let texts = page.split('<').filter_map(|part| part.split_once('>'));
    let words = texts.flat_map(|(_, text)| text.split_whitespace());
    let words = words.collect::<Vec<_>>().join(" ");
    words.trim_end_matches('.').to_owned()
}
