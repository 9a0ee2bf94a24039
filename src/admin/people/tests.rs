//! The section as an administrator reads it.

use super::*;
use crate::admin::context::testing::Canned;
use crate::control::{Directory, Google, Link, LinkOfUser, Power, SignIn};
use domain::base::clock::UnixTime;

/// 2026-11-22T06:30:00Z, the day before [`Canned::visit`].
pub(super) const YESTERDAY: Time = Time(UnixTime::from_seconds(1_795_329_000));

pub(super) fn user(name: &str, email: &str, verdict: &str) -> User {
    User {
        name: name.to_owned(),
        email: (!email.is_empty()).then(|| email.to_owned()),
        verdict: verdict.to_owned(),
        link: None,
        aliases: Vec::new(),
        last_sign_in: None,
    }
}

pub(super) fn status(sign_ins: Vec<SignIn>) -> Status {
    Status {
        version: "0.2.0".to_owned(),
        started: YESTERDAY,
        directory: Directory {
            users: Some(2),
            refreshed: Some(YESTERDAY),
            next_refresh: None,
            error: None,
        },
        power: Power::default(),
        google: Google {
            keys_refreshed: None,
            error: None,
        },
        jobs: Vec::new(),
        sign_ins,
        refusals: Vec::new(),
        problems: Vec::new(),
        apply: None,
    }
}

fn origin(user: &str, address: &str, by: &str) -> LinkOrigin {
    LinkOrigin {
        user: user.to_owned(),
        issuer: "https://accounts.google.com".to_owned(),
        subject: format!("of {address}"),
        address: address.to_owned(),
        by: by.to_owned(),
        since: YESTERDAY,
    }
}

fn canned(users: &[User], links: &[LinkOrigin]) -> Canned {
    Canned::default()
        .with(Request::Users, &users)
        .with(Request::LinkOrigins, &links)
        .with(Request::Status, &status(Vec::new()))
}

async fn shown_in(language: Language, canned: &Canned, query: &str) -> String {
    let html = canned.visit(language, query, async |context| show(context).await);
    html.await.as_str().to_owned()
}

async fn shown_to(canned: &Canned, query: &str) -> String {
    shown_in(Language::English, canned, query).await
}

/// A family of which each member is another case.
fn family() -> (Vec<User>, Vec<LinkOrigin>) {
    let mut lea = user("lea", "", "ok");
    lea.link = Some(LinkOfUser {
        subject: "of lea@gmail.com".to_owned(),
        address: "lea@gmail.com".to_owned(),
        since: YESTERDAY,
        moved: Some(YESTERDAY),
    });
    lea.last_sign_in = Some(YESTERDAY);
    let mut alias = user("ghost", "", "address-unknown");
    alias.aliases = vec!["maman@gmail.com".to_owned()];
    let users = vec![
        lea,
        user("paul", "two@ex.fr", "address-ambiguous"),
        user("Paul2", "TWO@ex.fr", "address-ambiguous"),
        user("typo", "Gina <gina@gmail.com>", "no-address"),
        alias,
    ];
    let links = vec![
        origin("lea", "lea@gmail.com", "administrator"),
        origin("LEA", "old@ex.fr", "address"),
        origin("renamed", "r@ex.fr", "alias"),
    ];
    (users, links)
}

#[tokio::test]
async fn each_user_is_shown_with_verdict_e_mail_and_link() {
    let (users, links) = family();
    let html = shown_to(&canned(&users, &links), "").await;
    for text in [
        "1 of 4 users can sign in with Google. DSM listed them on 2026-11-22 06:30.",
        "<bdi dir=\"ltr\">lea@gmail.com</bdi> <span class=\"hint\">since 2026-11-22 06:30, by an \
         administrator</span><br><span class=\"hint\">Another account or address until 2026-11-22",
        "since 2026-11-22 06:30, by e-mail; not in use",
        "several DSM users have this e-mail",
        "Same e-mail: \u{2068}Paul2\u{2069}",
        "Not a valid address: &#34;Gina &#60;gina@gmail.com&#62;&#34;",
        "Alias in the config: \u{2068}maman@gmail.com\u{2069}",
        "an alias names this user, but DSM does not list it",
        "DSM does not list this user, but a Google account is linked to it",
        "<input type=\"hidden\" name=\"user\" value=\"renamed\">",
    ] {
        assert!(html.contains(text), "{text}\n{html}");
    }
    // One for Lea, and one for the user who is gone.
    assert_eq!(html.matches("class=\"danger\"").count(), 2);
    assert!(!html.contains("type=\"search\""));
}

#[tokio::test]
async fn a_french_administrator_reads_french() {
    let (users, links) = family();
    let html = shown_in(Language::French, &canned(&users, &links), "").await;
    for text in [
        "Utilisateurs qui peuvent se connecter avec Google\u{a0}: 1 sur 4.",
        "depuis le 2026-11-22 06:30, par un administrateur",
        "plusieurs utilisateurs de DSM ont cette adresse",
        "Même adresse e-mail\u{a0}: \u{2068}Paul2\u{2069}",
    ] {
        assert!(html.contains(text), "{text}\n{html}");
    }
}

#[tokio::test]
async fn hostile_names_are_escaped_isolated_and_shortened() {
    let name = "<script>alert(1)</script>\"'\u{202e}\u{2069}\u{7}";
    let long = format!("{}@ex.fr", "a".repeat(5000));
    let users = [
        user(name, "two@ex.fr", "address-ambiguous"),
        user("paul", "two@ex.fr", "<b>verdict</b>"),
        user("long", &long, "ok"),
    ];
    let links = [origin(name, "<img src=x>@ex.fr", "<i>")];
    let html = shown_to(&canned(&users, &links), "").await;
    for hostile in [
        "<script",
        "<img",
        "<b>",
        "<i>",
        "\u{202e}\u{2069}\u{7}</bdi>",
        "aaaa@ex.fr",
    ] {
        assert!(!html.contains(hostile), "{hostile}\n{html}");
    }
    let isolated = html.matches("\u{2068}").count();
    assert_eq!(isolated, html.matches("\u{2069}").count() - 1, "\n{html}");
    // The form has the whole name, which the daemon compares.
    assert!(html.contains("\u{202e}\u{2069}\u{7}\"><button"), "{html}");
    assert!(html.len() < 6000, "{}", html.len());
}

#[tokio::test]
async fn of_ten_thousand_users_two_hundred_are_shown() {
    let crowd = |verdict| (0..10_000).map(move |n| user(&format!("User{n}"), "x@ex.fr", verdict));
    let users: Vec<User> = crowd("address-ambiguous").collect();
    let links: Vec<LinkOrigin> = (0..10_000)
        .map(|n| origin(&format!("gone{n}"), "x@ex.fr", "address"))
        .collect();
    let canned = canned(&users, &links);
    let html = shown_to(&canned, "").await;
    assert!(html.contains("0 of 10000 users can sign in"));
    assert!(html.contains("19600 more are not shown"), "{}", html.len());
    assert!(html.len() < 1_000_000, "{}", html.len());
    let html = shown_to(&canned, "search=USER9999").await;
    assert!(html.contains("<bdi>User9999</bdi>") && !html.contains("<bdi>User9998</bdi>"));
    assert!(html.contains("name=\"search\" value=\"user9999\""));
}

#[tokio::test]
async fn a_link_is_removed_by_the_users_name() {
    let removed = vec![Link {
        user: "lea".to_owned(),
        issuer: String::new(),
        subject: String::new(),
        address: "lea@gmail.com".to_owned(),
        since: YESTERDAY,
    }];
    let request = Request::LinksRemove {
        user: "lea".to_owned(),
    };
    let canned = Canned::default().with(request, &RemovedLinks(removed));
    let submit = async |form: &str| {
        let fields = Parameters::parse(form.as_bytes()).unwrap();
        canned
            .visit(Language::English, "", async |context| {
                remove(context, &fields).await
            })
            .await
    };
    let done = submit("user=lea").await;
    let notice = "\u{2068}lea\u{2069} is no longer linked to \u{2068}lea@gmail.com\u{2069}.";
    assert!(matches!(&done, Ok(Done::Changed(text)) if text.starts_with(notice)));
    // The second of two tabs.
    assert!(submit("user=paul").await.is_err());
    assert!(submit("").await.is_err());
    assert_eq!(canned.asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_report_that_fails_is_an_error_in_its_place() {
    let html = shown_to(&Canned::default(), "").await;
    assert!(
        html.contains("<p class=\"notice bad\" lang=\"en\">no report was given to the test</p>")
    );
}
