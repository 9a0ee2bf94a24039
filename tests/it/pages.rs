//! The pages that a user sees when a login fails: the reason, in the user's
//! language, and what to do next.

mod headers;
mod refusals;
mod secrets;
mod temporary;

use fakes::browser::{Browser, Shown};
use fakes::house::House;

/// Follows the page's link to Google with the same request.
async fn follow(shown: &Shown, browser: &mut Browser, house: &House) -> Shown {
    let again = browser.get(&house.back(&shown.link())).await;
    assert_eq!(again.status, 303, "{again:?}");
    assert!(again.location().starts_with(house.google.issuer()));
    again
}

/// A browser whose user reads French.
fn french() -> Browser {
    Browser::new().with_header("accept-language", "fr-FR,fr;q=0.9,en;q=0.8")
}
