//! What `users`, `links` and `status` show for each DSM user.

use fakes::browser::Browser;
use fakes::dsm::FakeUser;
use fakes::google::Person;
use fakes::house::{House, JEANNE, Plan, family};
use google_to_synology_sso::config::{LogFormat, LogLevel};
use serde_json::{Value, json};

use crate::support::captured_log::CapturedLog;
use crate::support::command_line::text;
use crate::support::control::{command, report};

const JEANNES_SUBJECT: &str = "103547991597142817347";

async fn table(house: &House, arguments: &[&str]) -> String {
    let output = command(house, arguments).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    text(&output.stdout).to_owned()
}

/// The row of `name` in `users`.
async fn told(house: &House, name: &str) -> Value {
    let users = report(house, &["users"]).await;
    let mut users = users.as_array().unwrap().iter();
    let found = users.find(|user| user["name"] == name);
    found.unwrap().clone()
}

async fn list(house: &House, users: Vec<FakeUser>) {
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
}

async fn refusal(house: &House, person: &str) -> Option<String> {
    let shown = house.arrive(&mut Browser::new(), person, "").await;
    shown.refusal().map(str::to_owned)
}

/// Jeanne's DSM session is open on a shared computer.
#[tokio::test]
async fn a_link_that_moved_is_shown_with_the_date_after_a_restart() {
    let mut house = House::new().await;
    let mut people = vec![Person::new(JEANNES_SUBJECT, JEANNE, "Jeanne")];
    people.push(Person::new("7", "another@gmail.com", "Somebody Else"));
    house.google.set_people(people);
    house.sign_in(JEANNE, "").await;
    assert_eq!(told(&house, "jeanne").await["link"]["moved"], Value::Null);
    assert!(!table(&house, &["status"]).await.contains("LINK MOVED"));

    let mut changed = family();
    let jeanne = changed.iter_mut().find(|user| user.name == "jeanne");
    jeanne.unwrap().email = Some("another@gmail.com".to_owned());
    list(&house, changed).await;
    let (claims, _) = house.sign_in("another@gmail.com", "").await;
    assert_eq!(claims["username"], "jeanne");

    for _ in 0..2 {
        let link = told(&house, "jeanne").await["link"].clone();
        assert_eq!(link["subject"], "7");
        assert_eq!(link["moved"], link["since"]);
        let users = table(&house, &["users"]).await;
        let expected = "\nlinked to another Google account or address, jeanne: 2026-03-02 ";
        assert!(users.contains(expected), "{users}");
        let status = table(&house, &["status"]).await;
        assert!(status.contains("\nLINK MOVED "), "{status}");
        assert!(status.contains("  jeanne    another@gmail.com"), "{status}");
        house.stop().await;
        house.start().await;
    }

    // The e-mail is changed back; that it was changed is still shown.
    list(&house, family()).await;
    house.sign_in(JEANNE, "").await;
    let link = told(&house, "jeanne").await["link"].clone();
    assert_eq!(link["subject"], JEANNES_SUBJECT);
    assert_ne!(link["moved"], Value::Null);
    // Neither an unchanged link nor its date is written.
    let kept = house.look_up::<Option<i64>>("SELECT moved FROM links WHERE subject <> '7'");
    assert_eq!(kept, None);
}

#[tokio::test]
async fn a_link_that_gets_another_address_has_moved() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let renamed = Person::new(JEANNES_SUBJECT, "jeanne.new@gmail.com", "Jeanne");
    house.google.set_people(vec![renamed]);
    house.sign_in("jeanne.new@gmail.com", "").await;
    assert_eq!(told(&house, "jeanne").await["link"]["moved"], Value::Null);
    let mut changed = family();
    let jeanne = changed.iter_mut().find(|user| user.name == "jeanne");
    jeanne.unwrap().email = Some("jeanne.new@gmail.com".to_owned());
    list(&house, changed).await;
    house.sign_in("jeanne.new@gmail.com", "").await;
    let link = told(&house, "jeanne").await["link"].clone();
    assert_eq!(link["moved"], link["since"]);
}

#[tokio::test]
async fn a_renamed_user_is_not_another_google_accounts() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let mut renamed = family();
    let jeanne = renamed.iter_mut().find(|user| user.name == "jeanne");
    jeanne.unwrap().name = "jeanne2".to_owned();
    list(&house, renamed).await;
    let another = Person::new("7", JEANNE, "Somebody Else");
    let jeanne = Person::new(JEANNES_SUBJECT, JEANNE, "Jeanne");

    house.google.set_people(vec![another.clone()]);
    let refused = refusal(&house, "7").await;
    assert_eq!(refused.as_deref(), Some("linked-to-another"));
    assert_eq!(told(&house, "jeanne2").await["verdict"], "ok");

    house.google.set_people(vec![jeanne]);
    let (claims, _) = house.sign_in(JEANNE, "").await;
    assert_eq!(claims["username"], "jeanne2");

    // Until an administrator removes the link.
    house.google.set_people(vec![another]);
    let refused = refusal(&house, "7").await;
    assert_eq!(refused.as_deref(), Some("linked-to-another"));
    report(&house, &["links", "remove", "jeanne2"]).await;
    let (claims, _) = house.sign_in(JEANNE, "").await;
    assert_eq!(claims["username"], "jeanne2");
}

#[tokio::test]
async fn links_of_the_previous_issuer_keep_no_account_out() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let moved_away = "UPDATE links SET issuer = 'https://previous.example'";
    house.state().execute_batch(moved_away).unwrap();
    let jeanne = told(&house, "jeanne").await;
    assert_eq!(jeanne["link"], Value::Null);
    assert_eq!(jeanne["verdict"], "ok");
    let (claims, _) = house.sign_in(JEANNE, "").await;
    assert_eq!(claims["username"], "jeanne");
    assert_eq!(house.rows("links"), 2);
}

#[tokio::test]
async fn an_invalid_e_mail_is_quoted_and_never_ok() {
    let house = House::new().await;
    let emails = [
        ("erin", "erin@gmail.com\u{a0}", true),
        ("nia", "\u{feff}nia@gmail.com", false),
        ("gina", "Gina <gina@gmail.com>", false),
        ("ida", "mailto:ida@gmail.com", false),
        ("leo", "leo @gmail.com", false),
        ("jon", "jon@gmail.com;", false),
        ("hugo", "hugo@gmail.com.", false),
        ("two", "two@gmail.com,three@gmail.com", false),
    ];
    let users = emails.map(|(name, email, _)| FakeUser::new(name, email));
    list(&house, users.to_vec()).await;
    // Each has the Google account that the administrator intended.
    let people = emails.map(|(name, _, _)| Person::new(name, &format!("{name}@gmail.com"), name));
    house.google.set_people(people.to_vec());
    for (name, _, is_valid) in emails {
        let expected = if is_valid { "ok" } else { "no-address" };
        assert_eq!(told(&house, name).await["verdict"], expected, "{name}");
        let refused = refusal(&house, name).await;
        assert_eq!(refused.is_none(), is_valid, "{name}: {refused:?}");
    }
    let table = table(&house, &["users"]).await;
    for line in [
        "invalid e-mail, nia: \"\\u{feff}nia@gmail.com\"; correct it in DSM\n",
        "invalid e-mail, gina: \"Gina <gina@gmail.com>\"; correct it in DSM\n",
        "invalid e-mail, hugo: \"hugo@gmail.com.\"; correct it in DSM\n",
    ] {
        assert!(table.contains(line), "{line}: {table}");
    }
    assert!(!table.contains("has no e-mail"), "{table}");
    assert!(!table.contains("erin:"), "{table}");
}

#[tokio::test]
async fn aliases_are_shown_with_and_without_a_user() {
    let aliases = [
        ("maman@gmail.com", "JEANNE"),
        ("m@example.com", "jeanne"),
        ("b@example.com", "CORP\\paul"),
        ("e@example.com", "le\u{301}a"),
    ];
    let tables = aliases
        .map(|(google, dsm)| format!("[[users.alias]]\ngoogle = {google:?}\ndsm = '{dsm}'\n"));
    let house = House::planned(Plan {
        more: tables.concat(),
        ..Plan::default()
    })
    .await;

    let users = report(&house, &["users"]).await;
    let users = users.as_array().unwrap();

    assert_eq!(users.len(), family().len() + 2);
    let jeanne = told(&house, "jeanne").await;
    assert_eq!(
        jeanne["aliases"],
        json!(["m@example.com", "maman@gmail.com"])
    );
    assert_eq!(told(&house, "lea").await["aliases"], json!([]));
    assert_eq!(
        users[users.len() - 2..],
        [
            json!({"name": "CORP\\paul", "email": null, "verdict": "address-unknown",
                   "link": null, "aliases": ["b@example.com"], "last_sign_in": null}),
            json!({"name": "le\u{301}a", "email": null, "verdict": "address-unknown",
                   "link": null, "aliases": ["e@example.com"], "last_sign_in": null}),
        ]
    );
    let table = table(&house, &["users"]).await;
    for line in [
        "\nalias, maman@gmail.com: jeanne\n",
        "\nalias, b@example.com: \"CORP\\paul\", which is not a local user of DSM",
        "\nalias, e@example.com: \"le\\u{301}a\", which is not a local user of DSM",
    ] {
        assert!(table.contains(line), "{line}: {table}");
    }
}

/// The page, the log and `users` name both halves of the alias.
#[tokio::test]
async fn an_alias_that_leads_to_no_user_is_named_where_it_fails() {
    let alias = "[[users.alias]]\ngoogle = \"inconnu@gmail.com\"\ndsm = \"jeane\"\n";
    let house = House::planned(Plan {
        more: alias.to_owned(),
        ..Plan::default()
    })
    .await;
    let log = CapturedLog::up(LogLevel::INFO, LogFormat::Text);

    let mut browser = Browser::new();
    let shown = house.arrive(&mut browser, "inconnu@gmail.com", "").await;

    assert_eq!(shown.refusal(), Some("address-unknown"));
    let (_, administrators) = shown.body.split_once("<footer>").unwrap();
    assert!(
        administrators.contains("<code>jeane</code>"),
        "{administrators}"
    );
    let line = "the alias inconnu@gmail.com names \"jeane\", which is not a local user of DSM";
    let log = log.text().replace("\\\"", "\"");
    assert!(log.contains(line), "{log}");
}

#[tokio::test]
async fn links_remove_does_not_show_the_user_as_linked() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let removed = table(&house, &["links", "remove", "jeanne"]).await;
    assert!(
        removed.starts_with("No longer linked:\n\nUSER "),
        "{removed}"
    );
    assert!(removed.contains("\njeanne  "), "{removed}");
}
