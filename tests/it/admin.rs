//! Paul, who looks after the NAS, opens the administration page.

mod access;
mod attacks;
mod config;
mod forms;
mod health;
mod hostile;
mod keys;
mod people;
mod rights;
mod session;
mod set_up;
mod sign_in;

use fakes::browser::{Browser, Shown};
use fakes::house::{House, Plan};

/// Paul's address at Google; he is an administrator in DSM.
const PAUL: &str = "paul@example.com";

/// The ID of the page among the clients, encoded.
const PAGE: &str = "administration%20page";

/// A house whose service has a public name, behind a proxy on the NAS.
async fn public_house(more: &str) -> House {
    let plan = Plan {
        issuer: Some("https://login.example.com".to_owned()),
        more: more.to_owned(),
        ..Plan::default()
    };
    House::planned(plan).await
}

/// A browser at home, whose address the proxy forwards.
fn at_home() -> Browser {
    Browser::new().with_header("x-forwarded-for", "192.168.1.20")
}

/// Chooses `person` at Google after `to_auth`, a redirect to the sign-in.
/// Returns the last response that is not a redirect to another endpoint: that
/// of `/callback`, or of `/admin/callback`.
async fn through_google(
    house: &House,
    browser: &mut Browser,
    to_auth: &Shown,
    person: &str,
) -> Shown {
    let callback = to_callback(house, browser, to_auth, person).await;
    if callback.status != 303 {
        return callback;
    }
    browser.get(&house.back(callback.location())).await
}

/// As [`through_google`], to the redirect to `/admin/callback`.
async fn to_callback(house: &House, browser: &mut Browser, to_auth: &Shown, person: &str) -> Shown {
    assert_eq!(to_auth.status, 303, "{to_auth:?}");
    let to_google = browser.get(&house.back(to_auth.location())).await;
    assert_eq!(to_google.status, 303, "{to_google:?}");
    let callback = house.google.choose(to_google.location(), person);
    browser.get(&house.back(callback.as_str())).await
}

/// Opens the page and signs in as `person`; returns the last response.
async fn try_sign_in(house: &House, browser: &mut Browser, person: &str) -> Shown {
    let to_auth = browser.get(&house.url("/admin")).await;
    through_google(house, browser, &to_auth, person).await
}

/// Signs Paul in, in a browser at home.
async fn signed_in(house: &House) -> Browser {
    let mut browser = at_home();
    let shown = try_sign_in(house, &mut browser, PAUL).await;
    assert_eq!(shown.status, 303, "{shown:?}");
    browser
}

/// The name of the page that says why there is none.
fn message(shown: &Shown) -> &str {
    let mark = "<meta name=\"administration\" content=\"";
    let after = shown.body.split_once(mark).map(|(_, after)| after);
    let after = after.unwrap_or_else(|| panic!("{shown:?}"));
    after.split('"').next().unwrap()
}

/// The token of the form `name` on a page.
fn token(shown: &Shown, name: &str) -> String {
    let field =
        format!("name=\"form\" value=\"{name}\"><input type=\"hidden\" name=\"token\" value=\"");
    let after = shown.body.split_once(&field).map(|(_, after)| after);
    let after = after.unwrap_or_else(|| panic!("{shown:?}"));
    after.split('"').next().unwrap().to_owned()
}

/// Sends a form as a browser does that shows the page.
async fn submit(
    house: &House,
    browser: &mut Browser,
    path: &str,
    name: &str,
    token: &str,
) -> Shown {
    let origin = [house.issuer()];
    submit_from(house, browser, &origin, (path, name, token)).await
}

/// As [`submit`], with these `Origin` headers.
async fn submit_from(
    house: &House,
    browser: &mut Browser,
    origins: &[String],
    (path, name, token): (&str, &str, &str),
) -> Shown {
    let own = browser.headers.len();
    let origins = origins.iter().map(|origin| ("origin", origin.clone()));
    browser.headers.extend(origins);
    let form = format!("form={name}&token={token}");
    let shown = browser.post(&house.url(path), &form).await;
    browser.headers.truncate(own);
    shown
}

/// The page `path`, which the browser may open.
async fn open(house: &House, browser: &mut Browser, path: &str) -> Shown {
    let shown = browser.get(&house.url(path)).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    shown
}

/// Whether the page is shown; else the browser is sent to the sign-in.
async fn has_session(house: &House, browser: &mut Browser) -> bool {
    let shown = browser.get(&house.url("/admin")).await;
    assert!([200, 303].contains(&shown.status.as_u16()), "{shown:?}");
    shown.status == 200
}

/// How many signing keys are published: a rotation publishes another one.
async fn keys(house: &House) -> usize {
    let keys = Browser::new().get(&house.url("/keys")).await.json();
    keys["keys"].as_array().unwrap().len()
}
