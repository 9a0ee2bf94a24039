//! The README's picture: a page of the daemon on a phone. Its source is beside
//! it, so that a test notices when the picture is out of date.

use crate::browser::Browser;
use crate::house::House;

/// The picture, from the root of the repository.
pub const PICTURE: &str = "docs/pictures/sign-in-phone.png";

/// The HTML that the picture shows, from the root of the repository.
pub const SOURCE: &str = "docs/pictures/sign-in-phone.html";

/// A Google account that the NAS does not know.
const UNKNOWN: &str = "inconnu@gmail.com";

/// Returns the HTML of the page in English, without its link and its
/// reference, which differ each time.
pub async fn source() -> String {
    let house = House::new().await;
    let mut browser = Browser::new().with_header("accept-language", "en");
    let shown = house.arrive(&mut browser, UNKNOWN, "").await;
    let html = shown.body.replace("&#38;", "&").replace(&shown.link(), "#");
    let (before, _) = html.split_once("</code>, <code>").unwrap();
    let (_, reference) = before.rsplit_once("<code>").unwrap();
    html.replace(reference, "000000000000")
}
