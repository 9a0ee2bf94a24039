//! The section as an administrator reads it, and its form.

use super::super::tests::{YESTERDAY, user};
use super::*;
use crate::admin::context::testing::Canned;

const SUBJECT: &str = "117700123456789012345";

fn account(subject: &str) -> Account {
    Account {
        issuer: "https://accounts.google.com".to_owned(),
        subject: subject.to_owned(),
    }
}

fn refusal(name: &str, subject: &str, address: &str) -> RefusedAccount {
    RefusedAccount {
        at: YESTERDAY,
        refusal: name.to_owned(),
        address: Some(address.to_owned()),
        user: None,
        account: Some(account(subject)),
        can_be_linked: true,
        linked: None,
    }
}

fn canned(refusals: &[RefusedAccount], users: &[User]) -> Canned {
    Canned::default()
        .with(Request::Refusals, &refusals)
        .with(Request::Users, &users)
}

async fn shown_in(language: Language, canned: &Canned) -> String {
    let html = canned.visit(language, "", async |context| show(context).await);
    html.await.as_str().to_owned()
}

fn family() -> Vec<User> {
    vec![
        user("admin", "", "account-disabled"),
        user("lea", "", "no-address"),
        user("Paul", "p@ex.fr", "ok"),
    ]
}

#[tokio::test]
async fn each_account_has_one_form_with_the_users_who_can_sign_in() {
    let refusals = [
        refusal("address-unknown", SUBJECT, "inconnu@gmail.com"),
        refusal("address-unknown", SUBJECT, "inconnu@gmail.com"),
        refusal("address-ambiguous", "2", "two@ex.fr"),
    ];
    let canned = canned(&refusals, &family());
    let html = shown_in(Language::English, &canned).await;
    assert_eq!(html.matches("<form").count(), 2, "{html}");
    for text in [
        "<bdi dir=\"ltr\">inconnu@gmail.com</bdi>",
        "2026-11-22 06:30 <span class=\"hint\">(2 times)</span>",
        "No DSM user has this e-mail.",
        "name=\"subject\" value=\"117700123456789012345\"",
        "name=\"at\" value=\"2026-11-22T06:30:00Z\"",
        "<option value=\"\"></option><option value=\"lea\">lea</option><option \
         value=\"Paul\">Paul</option></select>",
    ] {
        assert!(html.contains(text), "{text}\n{html}");
    }
    assert!(!html.contains("value=\"admin\""));
    let html = shown_in(Language::French, &canned).await;
    assert!(html.contains("Plusieurs utilisateurs de DSM ont cette adresse e-mail."));
    assert!(html.contains("(2 fois)"), "{html}");
}

#[tokio::test]
async fn what_a_link_cannot_admit_has_no_form() {
    let mut unverified = refusal("address-not-verified", "1", "a@ex.fr");
    unverified.account = None;
    unverified.can_be_linked = false;
    let mut elsewhere = refusal("domain-not-allowed", "2", "b@ex.fr");
    elsewhere.can_be_linked = false;
    // Allowed before the config was changed; the last refusal counts.
    let before = refusal("address-unknown", "2", "b@ex.fr");
    let mut linked = refusal("address-unknown", "3", "c@ex.fr");
    linked.linked = Some("lea".to_owned());
    let canned = canned(&[unverified, elsewhere, before, linked], &family());
    let html = shown_in(Language::English, &canned).await;
    assert!(!html.contains("<form"), "{html}");
    assert!(html.contains("Google has not verified the address of this account."));
    assert!(html.contains("Now linked to \u{2068}lea\u{2069}"));
}

#[tokio::test]
async fn with_many_users_a_name_is_typed() {
    let users: Vec<User> = (0..10_000)
        .map(|n| user(&format!("u{n}"), "", "no-address"))
        .collect();
    let refusals: Vec<RefusedAccount> = (0..100)
        .map(|n| refusal("address-unknown", &n.to_string(), "x@ex.fr"))
        .collect();
    let html = shown_in(Language::English, &canned(&refusals, &users)).await;
    assert_eq!(
        html.matches("<input name=\"user\" list=\"users\"").count(),
        100
    );
    assert_eq!(html.matches("<option").count(), MOST_NAMES);
    assert!(html.len() < 250_000, "{}", html.len());
}

#[tokio::test]
async fn hostile_addresses_and_names_are_text() {
    let mut refused = refusal("<b>x</b>", "\"><script>", "\"<img src=x>\u{202e}\"@ex.fr");
    refused.user = Some("<i>lea</i>".to_owned());
    let users = [user("<u>paul</u>\"", "", "ok")];
    let html = shown_in(Language::English, &canned(&[refused], &users)).await;
    for hostile in ["<b>", "<script", "<img", "<i>", "<u>", "\u{202e}"] {
        assert!(!html.contains(hostile), "{hostile}\n{html}");
    }
}

async fn submit(canned: &Canned, form: &str) -> Result<Done, NotDone> {
    let fields = Parameters::parse(form.as_bytes()).unwrap();
    canned
        .visit(Language::English, "", async |context| {
            link(context, &fields).await
        })
        .await
}

const FORM: &str = "issuer=https%3A%2F%2Faccounts.google.com&subject=117700123456789012345\
     &at=2026-11-22T06%3A30%3A00Z&user=lea";

fn answering(chosen: &Chosen) -> Canned {
    let request = Request::LinkChosen(LinkChosen {
        account: account(SUBJECT),
        at: YESTERDAY,
        user: "lea".to_owned(),
    });
    Canned::default().with(request, chosen)
}

#[tokio::test]
async fn the_form_says_what_it_has_linked() {
    let linked = |before: Option<&str>| Chosen::Linked {
        user: "lea".to_owned(),
        address: "inconnu@gmail.com".to_owned(),
        before: before.map(str::to_owned),
    };
    let lea = "\u{2068}inconnu@gmail.com\u{2069} is linked to \u{2068}lea\u{2069}";
    for (before, behind) in [
        (None, ": the next click of this person signs in."),
        (Some("lea"), ": the next click of this person signs in."),
        (
            Some("paul"),
            ", and no longer to \u{2068}paul\u{2069}: the next click of this person signs in as \
             \u{2068}lea\u{2069}.",
        ),
    ] {
        let done = submit(&answering(&linked(before)), FORM).await;
        let expected = format!("{lea}{behind}");
        assert!(
            matches!(&done, Ok(Done::Changed(text)) if *text == expected),
            "{done:?}"
        );
    }
}

#[tokio::test]
async fn the_form_says_why_nothing_is_linked() {
    for (why, text) in [
        (WhyNotLinked::NotRecent, "no longer in the list"),
        (WhyNotLinked::NotAccepted, "Google has not verified"),
        (WhyNotLinked::AnotherIssuer, "previous google.issuer"),
        (WhyNotLinked::InvalidAddress, "no valid e-mail address"),
        (WhyNotLinked::NoSuchUser, "no user of exactly this name"),
        (WhyNotLinked::Alias, "names \u{2068}jeanne\u{2069}"),
        (
            WhyNotLinked::Refused("linked-to-another".to_owned()),
            "linked to \u{2068}jeanne\u{2069}. If this is the new account",
        ),
        (
            WhyNotLinked::Refused("account-disabled".to_owned()),
            "would still be refused. The DSM user is disabled.",
        ),
    ] {
        let chosen = Chosen::NotLinked {
            why,
            user: Some("jeanne".to_owned()),
        };
        let told = match submit(&answering(&chosen), FORM).await {
            Err(NotDone::Explained(told)) => told,
            other => panic!("{other:?}"),
        };
        assert!(told.starts_with("Nothing was changed"), "{told}");
        assert!(told.contains(text), "{told}");
    }
}

#[tokio::test]
async fn an_incomplete_form_asks_for_nothing() {
    for name in ["issuer", "subject", "at", "user"] {
        let canned = Canned::default();
        let fields = FORM.split('&').filter(|field| !field.starts_with(name));
        let form = fields.collect::<Vec<_>>().join("&");
        submit(&canned, &form).await.unwrap_err();
        submit(&canned, &format!("{FORM}&{name}=x"))
            .await
            .unwrap_err();
        assert!(canned.asked.lock().unwrap().is_empty(), "{name}");
    }
    let canned = Canned::default();
    let form = FORM.replace("2026", "soon");
    submit(&canned, &form).await.unwrap_err();
    assert!(canned.asked.lock().unwrap().is_empty());
}
