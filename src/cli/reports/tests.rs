//! Each report as the user sees it.

use std::time::Duration;

use super::super::control_client::Report;
use super::super::table::tests::reader;
use crate::control::{
    Applied, Change, Directory, Explanation, Google, Job, Key, Link, LinkOfUser, Power, Problem,
    Refreshed, Refusal, Reloaded, Rule, SignIn, Status, Time, User,
};

fn ago(minutes: u64) -> Time {
    Time(reader().now.minus(Duration::from_mins(minutes)))
}

fn check(report: &impl Report, expected: &str) {
    let table = report.to_table(&reader());
    assert_eq!(table, expected, "\n{table}");
}

fn status() -> Status {
    Status {
        version: "0.1.0".to_owned(),
        started: ago(190),
        directory: Directory {
            users: Some(6),
            refreshed: Some(ago(4)),
            next_refresh: Some(Time(reader().now.plus(Duration::from_mins(56)))),
            error: None,
        },
        power: Power::default(),
        google: Google {
            keys_refreshed: None,
            error: Some("no connection".to_owned()),
        },
        jobs: vec![Job {
            name: "users".to_owned(),
            next: Some(Time(reader().now.plus(Duration::from_mins(56)))),
        }],
        sign_ins: vec![SignIn {
            at: ago(7),
            user: "jeanne".to_owned(),
            address: "maman@gmail.com".to_owned(),
            client: "synology".to_owned(),
        }],
        refusals: vec![Refusal {
            at: ago(10),
            name: "address-unknown".to_owned(),
            address: Some("inconnu@gmail.com".to_owned()),
            user: None,
        }],
        problems: Vec::new(),
        apply: None,
    }
}

#[test]
fn a_problem_is_its_name_and_a_sentence() {
    let mut wrong = status();
    wrong.problems = vec![Problem {
        at: ago(10),
        name: "client-unknown".to_owned(),
        message: "no client is called \"synolgy\u{1b}\": clients.id in the config is \"synology\""
            .to_owned(),
    }];
    let table = wrong.to_table(&reader());
    assert!(
        table.ends_with(
            "\n\nRECENT PROBLEMS\n2026-11-22 19:20  client-unknown\n    no client is called \
             \"synolgy\u{fffd}\": clients.id in the config is \"synology\"\n"
        ),
        "{table}"
    );
}

#[test]
fn status_is_one_screen() {
    check(
        &status(),
        "google-to-synology-sso 0.1.0, running for 3 h 10 min, since 2026-11-22 16:20

Users          6, listed by DSM 2026-11-22 19:26 (4 min ago)
Google's keys  not fetched yet
               the last attempt failed: no connection
Power          no schedule is known: always on

JOB    NEXT
users  2026-11-22 20:26 (in 56 min)

SIGNED IN         DSM USER  GOOGLE ADDRESS   CLIENT
2026-11-22 19:23  jeanne    maman@gmail.com  synology

REFUSED           WHY              GOOGLE ADDRESS     DSM USER
2026-11-22 19:20  address-unknown  inconnu@gmail.com  -
",
    );
    let mut on_hold = status();
    on_hold.directory.error = Some(format!("DSM {}", "lets nobody in ".repeat(8)));
    let table = on_hold.to_table(&reader());
    let longest = table.lines().map(str::len).max();
    assert!(longest <= Some(80), "{table}");
    let mut quiet = status();
    quiet.sign_ins.clear();
    quiet.refusals.clear();
    let table = quiet.to_table(&reader());
    assert!(
        table.ends_with("\n\nNo sign-in is recorded yet.\n\nNo refused sign-in is recorded.\n"),
        "{table}"
    );
    // Of a busy family, only the newest; JSON has all.
    let mut busy = status();
    busy.sign_ins = vec![busy.sign_ins[0].clone(); 200];
    busy.refusals = vec![busy.refusals[0].clone(); 100];
    let table = busy.to_table(&reader());
    assert_eq!(table.matches("maman@gmail.com").count(), 10, "{table}");
    assert_eq!(table.matches("inconnu@gmail.com").count(), 20, "{table}");
}

#[test]
fn status_says_what_the_wizard_wrote_in_dsm() {
    let applied = Applied {
        at: ago(10),
        result: "rejected".to_owned(),
        message: "DSM rejects\u{1b} changes by this account (402): enter the values of \
                  dsm-settings yourself"
            .to_owned(),
    };
    let with_result = Status {
        apply: Some(applied),
        ..status()
    };
    let table = with_result.to_table(&reader());
    let expected = "
Power          no schedule is known: always on
DSM settings   2026-11-22 19:20: DSM rejects\u{fffd} changes by this account (402):
               enter the values of dsm-settings yourself

JOB ";
    assert!(table.contains(expected), "{table}");
}

#[test]
fn status_shows_the_next_power_off_and_on_and_their_source() {
    let later = |hours| Some(Time(reader().now.plus(Duration::from_hours(hours))));
    let check = |source: &str, next_off, next_on, expected: &str| {
        let power = Power {
            source: Some(source.to_owned()),
            next_off,
            next_on,
        };
        let table = Status { power, ..status() }.to_table(&reader());
        let expected = format!("\nPower          {expected}\n\nJOB ");
        assert!(table.contains(&expected), "{table}");
    };
    check(
        "file",
        later(4),
        later(12),
        "switches off tonight at 23:30, in 4 h 0 min; on again tomorrow at
               07:30 (from DSM's file)",
    );
    check(
        "api",
        None,
        None,
        "nothing planned: always on (from DSM's web API)",
    );
    check(
        "state",
        later(4),
        None,
        "switches off tonight at 23:30, in 4 h 0 min; does not come on
               again by itself (from the state, read before this start)",
    );
    check("off", None, None, "always on (power.schedule is off)");
}

#[test]
fn users_have_their_verdict_and_its_reason() {
    let user = |name: &str, email: Option<&str>, verdict: &str| User {
        name: name.to_owned(),
        email: email.map(str::to_owned),
        verdict: verdict.to_owned(),
        link: None,
        aliases: Vec::new(),
        last_sign_in: None,
    };
    let linked = |subject: &str, address: &str, user: User| User {
        link: Some(LinkOfUser {
            subject: subject.to_owned(),
            address: address.to_owned(),
            since: ago(10),
            moved: None,
        }),
        last_sign_in: Some(ago(7)),
        ..user
    };
    let jeanne = user("jeanne", Some("jeanne@gmail.com"), "ok");
    let mimi = user("mimi", Some("mimi@example.com"), "ok");
    let users = vec![
        linked("1042", "Jeanne@gmail.com", jeanne),
        linked("1043", "maman@gmail.com", mimi),
        user("lea", Some("L.ea@gmail.com"), "address-ambiguous"),
        user("igor", Some("lea@googlemail.com"), "address-ambiguous"),
        user("box", None, "no-address"),
    ];
    check(
        &users,
        "\
USER    E-MAIL              VERDICT            LAST SIGN-IN      LINKED GOOGLE ACCOUNT
jeanne  jeanne@gmail.com    ok                 2026-11-22 19:23  1042
mimi    mimi@example.com    ok                 2026-11-22 19:23  1043 (maman@gmail.com)
lea     L.ea@gmail.com      address-ambiguous  -                 -
igor    lea@googlemail.com  address-ambiguous  -                 -
box     -                   no-address         -                 -

no-address: has no e-mail in DSM, and no alias in the config
address-ambiguous: several DSM users have this e-mail; remove it from all but one
same e-mail, lea@gmail.com: lea, igor
",
    );
    check(
        &Vec::<User>::new(),
        "DSM has not listed its users yet; status shows why.\n",
    );
}

#[test]
fn links_and_keys_are_tables() {
    let link = Link {
        user: "jeanne".to_owned(),
        issuer: "https://accounts.google.com".to_owned(),
        subject: "1042".to_owned(),
        address: "jeanne@gmail.com".to_owned(),
        since: ago(10),
    };
    let elsewhere = Link {
        user: "lea".to_owned(),
        issuer: "https://login.example.net".to_owned(),
        ..link.clone()
    };
    check(
        &vec![link.clone()],
        "\
USER    ADDRESS           GOOGLE ACCOUNT  SINCE
jeanne  jeanne@gmail.com  1042            2026-11-22 19:20
",
    );
    check(
        &vec![link, elsewhere],
        "\
USER    ADDRESS           GOOGLE ACCOUNT  SINCE             ISSUER
jeanne  jeanne@gmail.com  1042            2026-11-22 19:20  https://accounts.google.com
lea     jeanne@gmail.com  1042            2026-11-22 19:20  https://login.example.net
",
    );
    check(&Vec::<Link>::new(), "No Google account is linked yet.\n");
    let key = Key {
        kid: "RM7y0KxWTqxT5noMZCftXEfLJdoZQTMNXQriyQnEZg8".to_owned(),
        state: "signing".to_owned(),
        created: ago(10),
        signs_from: ago(9),
        gone_after: None,
    };
    check(
        &vec![key],
        "\
KEY            STATE    CREATED           SIGNS FROM        GONE AFTER
RM7y0KxWTqxT…  signing  2026-11-22 19:20  2026-11-22 19:21  -
",
    );
}

#[test]
fn a_reload_lists_each_change_and_whether_it_needs_a_restart() {
    let change = |key: &str, from: Option<&str>, to: Option<&str>| Change {
        key: key.to_owned(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        secret: false,
        needs_restart: false,
    };
    let mut reloaded = Reloaded {
        changes: vec![
            Change {
                needs_restart: true,
                ..change("listen.address", Some("127.0.0.1:1"), Some("127.0.0.1:2"))
            },
            change("users.deny", None, Some("igor")),
            Change {
                secret: true,
                ..change("google.client-secret-file", None, None)
            },
        ],
        directory: Refreshed {
            users: Some(6),
            error: None,
        },
    };
    check(
        &reloaded,
        "\
listen.address: 127.0.0.1:1 -> 127.0.0.1:2 (needs a restart)
users.deny: nothing -> igor
google.client-secret-file: changed
Changes that need a restart take effect when the daemon is restarted.
DSM has listed its users: 6.
",
    );
    reloaded.changes.clear();
    reloaded.directory.error = Some("no connection".to_owned());
    check(
        &reloaded,
        "\
Nothing has changed in the config.
Cannot read DSM's users; using the previous list: no connection
",
    );
}

#[test]
fn an_explanation_has_a_paragraph_for_each_rule() {
    let rule = |number, result: &str, message: &str| Rule {
        number,
        result: result.to_owned(),
        message: message.to_owned(),
    };
    let mut explained = Explanation {
        address: "lea@example.net".to_owned(),
        at: ago(0),
        verdict: "account-disabled".to_owned(),
        user: None,
        rules: vec![
            rule(1, "pass", "assumed: Google has verified the address"),
            rule(5, "fail", "lea is disabled in DSM"),
        ],
        claims: None,
    };
    check(
        &explained,
        "lea@example.net, 2026-11-22 19:30 (now)
refused: account-disabled

RULE                        FOUND
1 Verified            pass  assumed: Google has verified the address
5 Active and allowed  fail  lea is disabled in DSM
",
    );
    explained.verdict = "ok".to_owned();
    explained.user = Some("lea".to_owned());
    let long = "no other Google account is linked to lea by lea@example.net";
    explained.rules = vec![rule(6, "pass", long)];
    let claims = serde_json::json!({"email_verified": true, "username": "lea"});
    explained.claims = claims.as_object().cloned();
    check(
        &explained,
        "lea@example.net, 2026-11-22 19:30 (now)
signed in as lea

RULE                        FOUND
6 Not another's       pass  no other Google account is linked to lea by
                            lea@example.net

CLAIM           VALUE
email_verified  true
username        lea
sub: known after the first sign-in
",
    );
}
