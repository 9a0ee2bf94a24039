//! `explain`: why a Google account is signed in or refused, rule by rule.

use fakes::browser::Browser;
use fakes::dsm::FakeUser;
use fakes::google::Person;
use fakes::house::{House, JEANNE, Plan, by_name, family};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::support::command_line::{EXAMPLE, Home, text};
use crate::support::control::{command, report, socket};
use crate::support::disk::disk;

/// An address that DSM does not know.
const UNKNOWN: &str = "inconnu@gmail.com";

/// Returns the answer for `address`.
async fn explained(house: &House, address: &str) -> Value {
    report(house, &["explain", address]).await
}

/// Returns the answer for `address` at the time `at`.
async fn explained_at(house: &House, address: &str, at: &str) -> Value {
    report(house, &["explain", address, "--at", at]).await
}

/// What `explain` prints for a reader.
async fn told(house: &House, arguments: &[&str]) -> String {
    let output = command(house, &[&["explain"], arguments].concat()).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    text(&output.stdout).to_owned()
}

async fn list(house: &House, users: Vec<FakeUser>) {
    house.dsm.set_users(users);
    house.jobs().users.refresh().await.unwrap();
}

/// The verdict, and the rule that refuses: `account-expired 5`.
fn refused_by(explained: &Value) -> String {
    let rules = explained["rules"].as_array().unwrap();
    let failed = rules.iter().find(|rule| rule["result"] == "fail");
    let verdict = explained["verdict"].as_str().unwrap();
    let words = failed.map(|rule| format!("{verdict} {}", rule["rule"]));
    words.unwrap_or_else(|| verdict.to_owned())
}

fn message(explained: &Value, rule: usize) -> &str {
    explained["rules"][rule - 1]["message"].as_str().unwrap()
}

#[tokio::test]
async fn jeanne_is_explained_before_and_after_her_first_sign_in() {
    let house = House::new().await;
    let before = explained(&house, "jeanne.martin@gmail.com").await;
    assert_eq!(
        before,
        json!({
            "address": "jeanne.martin@gmail.com",
            "at": "2026-03-02T06:30:00Z",
            "verdict": "ok",
            "user": "jeanne",
            "rules": [
                {"rule": 1, "result": "pass",
                 "message": "assumed: Google has verified the address"},
                {"rule": 2, "result": "skip",
                 "message": "no alias in the config has this address"},
                {"rule": 3, "result": "skip",
                 "message": "no Google account is linked by this address"},
                {"rule": 4, "result": "pass", "message": "jeanne has this e-mail in DSM"},
                {"rule": 5, "result": "pass", "message": "jeanne is active, and not denied"},
                {"rule": 6, "result": "pass", "message": "no other Google account is linked to \
                 jeanne by jeanne.martin@gmail.com"},
                {"rule": 7, "result": "pass", "message": "the sign-in links the account to \
                 jeanne by jeanne.martin@gmail.com"},
            ],
            "claims": {
                "email": "jeanne.martin@gmail.com",
                "email_verified": true,
                "username": "jeanne",
                "preferred_username": "jeanne",
            },
        })
    );

    let (_, access_token) = house.sign_in(JEANNE, "").await;
    let after = explained(&house, "jeanne.martin@gmail.com").await;
    assert_eq!(after["user"], "jeanne");
    assert_eq!(after["rules"][2]["result"], "pass");
    let stays = "the account stays linked to jeanne by Jeanne.Martin@gmail.com; nothing is written";
    assert_eq!(message(&after, 7), stays);
    // What DSM gets; only Google knows the name.
    let mut userinfo = house.userinfo(&access_token).await.json();
    userinfo.as_object_mut().unwrap().remove("name").unwrap();
    assert_eq!(after["claims"], userinfo);
}

/// Each refusal is also that of a real sign-in.
#[tokio::test]
async fn each_rule_refuses_as_it_refuses_a_sign_in() {
    let more = "[users]\nadministrators = \"alias\"\ndeny = [\"denied\"]\n\
                [[users.alias]]\ngoogle = \"papa@gmail.com\"\ndsm = \"paul\"\n\
                [[users.alias]]\ngoogle = \"lost@gmail.com\"\ndsm = \"lost\"\n";
    let mut house = House::planned(Plan {
        google: "hosted-domains = [\"gmail.com\", \"example.com\", \"example.net\"]".to_owned(),
        more: more.to_owned(),
        ..Plan::default()
    })
    .await;
    let mut users = family();
    users.push(FakeUser::new("twin", "twins@example.com"));
    users.push(FakeUser::new("twin2", "twins@example.com"));
    users.push(FakeUser::new("off", "off@example.com").expired("now"));
    users.push(FakeUser::new("ended", "ended@example.com").expired("2026/3/1"));
    users.push(FakeUser::new("denied", "denied@example.com"));
    list(&house, users).await;
    let hosted = |address: &str| {
        let (_, domain) = address.split_once('@').unwrap();
        Person {
            hosted_domain: (domain != "gmail.com").then(|| domain.to_owned()),
            ..Person::new(address, address, "A Person")
        }
    };
    let cases = [
        ("jeanne.martin@gmail.com", "domain-not-allowed 1"),
        ("lea@other.example", "domain-not-allowed 1"),
        ("lea@example.net", "ok"),
        ("unknown@example.com", "address-unknown 4"),
        ("twins@example.com", "address-ambiguous 4"),
        ("off@example.com", "account-disabled 5"),
        ("ended@example.com", "account-expired 5"),
        ("denied@example.com", "account-denied 5"),
        ("paul@example.com", "administrator-refused 5"),
    ];
    let check = async |house: &House, cases: &[(&str, &str)]| {
        for (address, expected) in cases {
            house.google.set_people(vec![hosted(address)]);
            let explained = explained(house, address).await;
            assert_eq!(refused_by(&explained), *expected, "{explained:#}");
            let shown = house.arrive(&mut Browser::new(), address, "").await;
            let refused = shown.refusal().unwrap_or("ok");
            assert_eq!(explained["verdict"], refused, "{address}");
        }
    };
    check(&house, &cases).await;

    // Without hosted-domains, the accounts at gmail.com pass rule 1.
    house.stop().await;
    house.plan().google = String::new();
    house.start().await;
    let aliases = [
        ("papa@gmail.com", "ok"),
        ("lost@gmail.com", "address-unknown 2"),
    ];
    check(&house, &aliases).await;
}

#[tokio::test]
async fn a_second_google_account_and_a_renamed_user_are_explained() {
    let house = House::new().await;
    house.sign_in(JEANNE, "").await;
    let mut renamed = family();
    by_name(&mut renamed, "jeanne").name = "jeanne2".to_owned();
    list(&house, renamed).await;
    let explained = explained(&house, JEANNE).await;
    assert_eq!(explained["user"], "jeanne2");
    let lapsed = "but the link is not valid: DSM does not list this user";
    assert!(message(&explained, 3).ends_with(lapsed), "{explained:#}");
    let now = "the sign-in links the account to jeanne2 by Jeanne.Martin@gmail.com; until now it \
               was linked to jeanne by Jeanne.Martin@gmail.com";
    assert_eq!(message(&explained, 7), now);

    // Two accounts are linked by the address, and DSM lists the user of none.
    house
        .state()
        .execute_batch("UPDATE links SET dsm_user = 'gone'")
        .unwrap();
    let another =
        "INSERT INTO links (issuer, subject, address, canonical, dsm_user, by_alias, since)
         SELECT issuer, '7', address, canonical, 'gone', by_alias, since + 1 FROM links";
    house.state().execute_batch(another).unwrap();
    let explained = report(&house, &["explain", JEANNE]).await;
    assert_eq!(refused_by(&explained), "linked-to-another 6");
    let advice = "; if this is the right person, run links remove gone";
    assert!(message(&explained, 6).ends_with(advice), "{explained:#}");
    assert_eq!(explained["user"], Value::Null);
    assert_eq!(explained["claims"], Value::Null);
}

/// DSM disables an account at the beginning of a day, local time.
#[tokio::test]
async fn a_time_is_rfc_3339_or_local_time_of_the_nas() {
    let mut house = House::new().await;
    house.stop().await;
    house.time_zone = TimeZone::get("Europe/Paris").unwrap();
    house.start().await;
    let mut users = family();
    by_name(&mut users, "lea").expired = Some("2026/3/5".to_owned());
    list(&house, users).await;
    for (at, instant, expected) in [
        ("2026-03-04 23:59", "2026-03-04T22:59:00Z", "ok"),
        (
            "2026-03-05 00:00",
            "2026-03-04T23:00:00Z",
            "account-expired 5",
        ),
        (
            "2026-03-04T23:30:00Z",
            "2026-03-04T23:30:00Z",
            "account-expired 5",
        ),
        ("2026-03-04T23:30:00+01:00", "2026-03-04T22:30:00Z", "ok"),
    ] {
        let explained = explained_at(&house, "lea@example.net", at).await;
        assert_eq!(explained["at"], instant);
        assert_eq!(refused_by(&explained), expected, "{at}");
    }
    let active = explained(&house, "lea@example.net").await;
    assert_eq!(
        message(&active, 5),
        "lea is active until 2026/3/5, and not denied"
    );
}

#[tokio::test]
async fn later_than_max_age_the_result_of_a_newer_list_is_told() {
    let house = House::new().await;
    let later = explained_at(&house, JEANNE, "2026-03-20 12:00").await;
    assert_eq!(refused_by(&later), "directory-stale 2");
    assert_eq!(later["user"], Value::Null);
    assert_eq!(
        message(&later, 2),
        "at this time, the user list is 18 d 5 h old, and dsm.max-age is 7 d 0 h; if DSM has \
         listed the same users again by then, the result is ok"
    );
    let earlier = explained_at(&house, JEANNE, "2026-02-20 12:00").await;
    assert_eq!(refused_by(&earlier), "directory-stale 2");
}

#[test]
fn another_time_is_a_usage_error_and_no_daemon_is_75() {
    let home = Home::with(EXAMPLE);
    for (at, code, expected) in [
        (&["--at", "tomorrow"][..], 2, "--at"),
        (
            &["--at", "2026-12-01"],
            2,
            "\"2026-12-01 23:10\" in local time",
        ),
        (&["--at", "2026-02-30 12:00"], 2, "--at"),
        (&["--at"], 2, "--at"),
        (&["--at", "2026-12-01 23:10"], 75, "is not running"),
        (&[], 75, "is not running"),
    ] {
        let arguments = [&["explain", JEANNE], at].concat();
        let output = home.command(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert_eq!(text(&output.stdout), "");
        let complaint = text(&output.stderr);
        assert!(complaint.contains(expected), "{complaint}");
    }
}

#[tokio::test]
async fn nothing_is_written_and_dsm_is_not_asked() {
    let mut house = House::new().await;
    house.sign_in(JEANNE, "").await;
    house.stop().await;
    house.start().await;
    report(&house, &["users"]).await;
    let (written, asked) = (disk(&house), house.dsm.requests().len());
    for address in [JEANNE, UNKNOWN, "lea@example.net", "no address"] {
        explained(&house, address).await;
        explained_at(&house, address, "2026-03-20 12:00").await;
    }
    assert_eq!(house.dsm.requests().len(), asked);
    assert!(disk(&house) == written, "a file was written");
    let status = report(&house, &["status"]).await;
    assert_eq!(status["refusals"], json!([]), "a question is not a sign-in");
    assert_eq!(status["sign_ins"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_person_reads_the_rules_in_plain_words() {
    let house = House::new().await;
    let table = told(&house, &["jeanne.martin@gmail.com"]).await;
    let (head, rest) = table.split_once("\n\n").unwrap();
    assert!(
        head.starts_with("jeanne.martin@gmail.com, 2026-03-02 "),
        "{table}"
    );
    assert!(head.ends_with("\nsigned in as jeanne"), "{table}");
    for line in [
        "RULE                        FOUND\n",
        "1 Verified            pass  assumed: Google has verified the address\n",
        "3 By link             skip  no Google account is linked by this address\n",
        "6 Not another's       pass  no other Google account is linked to jeanne by\n\
         \x20                           jeanne.martin@gmail.com\n",
        "\nCLAIM               VALUE\n",
        "email_verified      true\n",
        "sub: known after the first sign-in\n",
    ] {
        assert!(
            rest.contains(line) || table.contains(line),
            "{line}: {table}"
        );
    }
    assert!(!table.contains('\u{1b}'), "it is not for a terminal");
    let refused = told(&house, &[UNKNOWN]).await;
    assert!(
        refused.contains("\nrefused: address-unknown\n"),
        "{refused}"
    );
    assert!(!refused.contains("CLAIM"), "{refused}");
    for table in [table, refused] {
        let longest = table.lines().map(str::len).max();
        assert!(longest <= Some(80), "{table}");
    }
}

/// DSM users choose their own e-mail, and an administrator may paste anything.
#[tokio::test]
async fn a_name_or_an_address_cannot_steer_the_terminal() {
    const HOSTILE: &str = "\u{1b}[2J\u{9b}2J\u{202e}moc.elgoog";
    let house = House::new().await;
    let mut users = family();
    by_name(&mut users, "lea").name = HOSTILE.to_owned();
    list(&house, users).await;
    let address = format!("{HOSTILE}@example.com");
    for arguments in [
        &["explain", "lea@example.net"][..],
        &["explain", "lea@example.net", "--json"],
        &["explain", &address],
        &["explain", &address, "--json"],
    ] {
        let output = command(&house, arguments).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let shown = text(&output.stdout);
        let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert_eq!(shown.chars().find(|c| steers(*c)), None, "{shown:?}");
    }
    // Programs get the text unchanged.
    let lea = explained(&house, "lea@example.net").await;
    assert_eq!(lea["user"], HOSTILE);
    let invalid = explained(&house, &address).await;
    assert_eq!(refused_by(&invalid), "address-unknown 4");
    assert_eq!(invalid["address"], address);
    let escaped = "\"\\u{1b}[2J\\u{9b}2J\\u{202e}moc.elgoog@example.com\" is not a valid e-mail";
    assert!(message(&invalid, 4).starts_with(escaped), "{invalid:#}");
}

#[tokio::test]
async fn an_address_that_is_too_long_for_a_request_is_an_error() {
    let house = House::new().await;
    let long = format!("{}@example.com", "x".repeat(10_000));
    let output = command(&house, &["explain", &long]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let complaint = text(&output.stderr);
    assert!(complaint.contains("too long"), "{complaint}");
    assert!(complaint.len() < 200, "{complaint}");
    // A shorter one is judged.
    let shorter = format!("{}@example.com", "x".repeat(3_000));
    let unknown = explained(&house, &shorter).await;
    assert_eq!(refused_by(&unknown), "address-unknown 4");

    // Another program that does not look at its request first.
    let mut stream = UnixStream::connect(socket(&house)).await.unwrap();
    let request = json!({"command": "explain", "address": long, "at": null});
    stream
        .write_all(format!("{request}\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let message = answer["refused"]["message"].as_str().unwrap();
    assert_eq!(message, "the request is longer than 4096 bytes");
}
