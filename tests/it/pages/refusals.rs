//! Google verified the user, but the NAS does not accept them.

use fakes::browser::{Browser, Shown};
use fakes::dsm::FakeUser;
use fakes::google::token::Lie;
use fakes::google::{Endpoint, Person, Trouble};
use fakes::house::{House, JEANNE, claims, family};
use url::Url;

use super::{follow, french};

const UNKNOWN: &str = "inconnu@gmail.com";

fn assert_refused(shown: &Shown, refusal: &str, house: &House) {
    assert_eq!(shown.status, 403, "{refusal}: {shown:?}");
    assert_eq!(shown.refusal(), Some(refusal));
    assert!(!shown.headers.contains_key("location"), "{shown:?}");
    assert!(shown.headers("set-cookie")[0].ends_with("Max-Age=0"));
    assert_eq!(house.rows("grants"), 0, "{refusal}");
}

#[tokio::test]
async fn each_refusal_has_its_name_and_shows_the_google_address() {
    let house = House::new().await;
    let check = async |user: Option<FakeUser>, person: &str, refusal: &str| {
        let mut users = family();
        users.extend(user);
        house.dsm.set_users(users);
        house.jobs().users.refresh().await.unwrap();
        let mut pages = Vec::new();
        for mut browser in [Browser::new(), french()] {
            let shown = house.arrive(&mut browser, person, "").await;
            assert_refused(&shown, refusal, &house);
            assert!(shown.body.contains(person), "{refusal}: {}", shown.body);
            pages.push(shown.body);
        }
        assert!(pages[0].contains("<html lang=\"en\">"), "{refusal}");
        assert!(pages[1].contains("<html lang=\"fr\">"), "{refusal}");
    };
    let user = |name: &str| Some(FakeUser::new(name, UNKNOWN));
    let expired = |text: &str| user("igor").map(|user| user.expired(text));
    check(None, UNKNOWN, "address-unknown").await;
    check(None, "lea@example.net", "address-not-verified").await;
    check(expired("now"), UNKNOWN, "account-disabled").await;
    check(expired("2026/3/1"), UNKNOWN, "account-expired").await;
    check(user("Root"), UNKNOWN, "account-denied").await;
    let twin = Some(FakeUser::new("jean", "jeannemartin@gmail.com"));
    check(twin, JEANNE, "address-ambiguous").await;
}

/// Google did not verify the address, so it is not looked up in DSM.
#[tokio::test]
async fn an_unverified_address_is_refused_before_the_directory() {
    let house = House::new().await;
    house.google.set_people(vec![Person {
        verified: false,
        ..Person::new("1", JEANNE, "Not Jeanne")
    }]);
    let shown = house.arrive(&mut Browser::new(), JEANNE, "").await;
    assert_refused(&shown, "address-not-verified", &house);
    assert!(shown.body.contains("Google does not vouch"));
}

#[tokio::test]
async fn a_user_without_an_address_can_choose_another_account() {
    let house = House::new().await;
    house.google.lie(Some(Lie::NoEmail));
    for (mut browser, title) in [
        (Browser::new(), "Google sent no e-mail address"),
        (french(), "Google n’a pas envoyé d’adresse"),
    ] {
        let shown = house.arrive(&mut browser, JEANNE, "").await;
        assert_refused(&shown, "address-not-verified", &house);
        assert!(shown.body.contains(title), "{}", shown.body);
        assert!(shown.link().contains("prompt=select_account"));
    }
}

#[tokio::test]
async fn an_address_is_text_and_nothing_else() {
    let house = House::new().await;
    let hostile = "\"<script>alert('1')</script>&amp;\"@example.com";
    house
        .google
        .set_people(vec![Person::new("1", hostile, "Mallory")]);
    for mut browser in [Browser::new(), french()] {
        let shown = house.arrive(&mut browser, hostile, "").await;
        assert_refused(&shown, "address-unknown", &house);
        assert!(!shown.body.contains("<script"), "{}", shown.body);
        assert!(!shown.body.contains("&amp;\""), "{}", shown.body);
        let escaped = "&#34;&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;\
                       &#38;amp;&#34;@example.com";
        assert!(shown.body.contains(escaped), "{}", shown.body);
    }
}

#[tokio::test]
async fn the_link_lets_another_account_sign_in_to_the_same_client() {
    let house = House::new().await;
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let more = format!(
        "+%FF%26&nonce=n%20%2B&scope=openid+email&code_challenge={challenge}\
         &code_challenge_method=S256&prompt=consent&login_hint={UNKNOWN}"
    );
    let mut browser = Browser::new();
    let shown = house.arrive(&mut browser, UNKNOWN, &more).await;
    assert_refused(&shown, "address-unknown", &house);

    let link = shown.link();
    assert!(link.starts_with(&house.url("/auth?")), "{link}");
    assert!(link.contains("&state=12345678%20%FF%26&"), "{link}");
    let again = follow(&shown, &mut browser, &house).await;
    assert_eq!(again.answered("prompt").as_deref(), Some("select_account"));
    // The hinted account is the one that cannot sign in, so the hint is
    // dropped.
    assert_eq!(again.answered("login_hint"), None);

    let callback = house.google.choose(again.location(), JEANNE);
    let arrived = browser.get(callback.as_str()).await;
    let location = arrived.location();
    assert!(location.contains("&state=12345678%20%FF%26&"), "{location}");
    let code = arrived.answered("code").unwrap();
    let tokens = house
        .redeem(&code, &format!("&code_verifier={verifier}"))
        .await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let tokens = tokens.json();
    assert_eq!(tokens["scope"], "openid email");
    let claims = claims(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["username"], "jeanne");
    assert_eq!(claims["nonce"], "n +");
}

/// Without a login to repeat, the page links to the NAS.
#[tokio::test]
async fn pages_without_a_login_link_to_the_nas() {
    let house = House::new().await;
    for path in [
        "/",
        "/nowhere",
        "/auth",
        "/callback",
        "/callback?state=x.y&code=c",
    ] {
        let shown = Browser::new().get(&house.url(path)).await;
        assert_eq!(shown.link(), "https://nas.example.com", "{path}");
    }
}

#[tokio::test]
async fn the_caretaker_finds_what_to_mend_and_a_reference_below() {
    let house = House::new().await;
    let shown = house.arrive(&mut Browser::new(), UNKNOWN, "").await;
    let (_, footer) = shown.body.split_once("<footer>").unwrap();
    assert!(
        footer.contains("Control Panel &#62; User &#38; Group"),
        "{footer}"
    );
    let (_, reference) = footer.split_once("Reference: <code>").unwrap();
    let (id, name) = reference.split_once("</code>, <code>").unwrap();
    assert_eq!(id.len(), 12, "{id}");
    assert!(name.starts_with("address-unknown</code>"), "{name}");
}

/// Parameters that DSM left out are not added.
#[tokio::test]
async fn the_link_of_a_bare_request_is_bare() {
    let house = House::new().await;
    let request = house
        .authorization_request("")
        .replace("&state=12345678", "");
    let mut browser = Browser::new();
    let shown = browser.get(&request).await;
    let callback = house.google.choose(shown.location(), UNKNOWN);
    let shown = browser.get(callback.as_str()).await;
    let link = Url::parse(&shown.link()).unwrap();
    let names: Vec<String> = link
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    assert_eq!(
        names,
        ["response_type", "client_id", "redirect_uri", "prompt"]
    );
}

#[tokio::test]
async fn the_longest_login_can_be_repeated_too() {
    let house = House::new().await;
    let redirect = fakes::house::encode(fakes::house::REDIRECT_URI);
    let state = "%FF".repeat((1400 - redirect.len() - "12345678".len()) / 3);
    let mut browser = Browser::new();
    let shown = house.arrive(&mut browser, UNKNOWN, &state).await;
    assert_refused(&shown, "address-unknown", &house);
    follow(&shown, &mut browser, &house).await;
}

#[tokio::test]
async fn a_page_is_in_the_language_that_its_reader_prefers() {
    let house = House::new().await;
    for (accepted, language) in [
        ("", "en"),
        ("en", "en"),
        ("fr", "fr"),
        ("FR", "fr"),
        ("fr-CA", "fr"),
        ("fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7", "fr"),
        ("en;q=0.5, fr;q=0.6", "fr"),
        ("fr;q=0.5,en;q=0.6", "en"),
        ("fr;q=0,en;q=0.1", "en"),
        ("fr;q=0", "en"),
        ("de,fr;q=0.3", "fr"),
        ("de", "en"),
        ("*", "en"),
        ("frr", "en"),
        ("fra-x,;;q=,fr;q=x", "en"),
    ] {
        let mut browser = Browser::new().with_header("accept-language", accepted);
        let shown = browser.get(&house.url("/auth")).await;
        let tag = format!("<html lang=\"{language}\">");
        assert!(shown.body.contains(&tag), "{accepted}: {}", shown.body);
        let french = shown.body.contains("Ce lien n’est pas correct");
        assert_eq!(french, language == "fr", "{accepted}");
    }
}

#[tokio::test]
async fn every_page_has_a_french_one() {
    let house = House::new().await;
    let mut browser = french();
    let shown = browser.get(&house.url("/nowhere")).await;
    assert!(shown.body.contains("Il n’y a rien ici"), "{}", shown.body);

    let callback = house.choose(&mut browser, JEANNE, "").await;
    let shown = french().get(&callback).await;
    assert!(
        shown.body.contains("Cette connexion a expiré"),
        "{}",
        shown.body
    );
    browser.get(&callback).await;
    let shown = browser.get(&callback).await;
    assert!(
        shown.body.contains("Ce lien a déjà été utilisé"),
        "{}",
        shown.body
    );
    let shown = browser.get(&house.url("/callback")).await;
    assert!(
        shown.body.contains("Réponse incomplète de Google"),
        "{}",
        shown.body
    );

    house
        .google
        .fail_once(Endpoint::Token, Trouble::Status(500));
    let shown = house.arrive(&mut browser, JEANNE, "").await;
    assert!(
        shown.body.contains("Réponse inattendue de Google"),
        "{}",
        shown.body
    );
    assert!(shown.body.contains("Réessayer"));
}
