use super::*;
use crate::admin::context::testing::Canned;
use crate::control::{Directory, Google, Power, Problem, Time};
use domain::base::clock::UnixTime;

/// Monday, 2026-11-23, 06:00 UTC: an hour before the visit.
const BEFORE: Time = Time(UnixTime::from_seconds(1_795_413_600));

fn status() -> Status {
    Status {
        version: String::new(),
        started: BEFORE,
        directory: Directory {
            users: Some(2),
            refreshed: Some(BEFORE),
            next_refresh: None,
            error: None,
        },
        power: Power::default(),
        google: Google {
            keys_refreshed: Some(BEFORE),
            error: None,
        },
        jobs: Vec::new(),
        sign_ins: Vec::new(),
        refusals: Vec::new(),
        problems: vec![Problem {
            at: BEFORE,
            name: "client-secret".to_owned(),
            message: "<i>\u{202e}".to_owned(),
        }],
        apply: None,
    }
}

fn user(verdict: &str) -> User {
    User {
        name: verdict.to_owned(),
        email: None,
        verdict: verdict.to_owned(),
        link: None,
        aliases: Vec::new(),
        last_sign_in: None,
    }
}

fn canned(findings: Vec<Finding>, freshness: Freshness) -> Canned {
    let last = Examination {
        at: BEFORE,
        findings,
        compared: Vec::new(),
    };
    Canned::default()
        .with(Request::Status, &status())
        .with(Request::Users, &vec![user("ok"), user("no-address")])
        .with(
            Request::Findings,
            &Examined {
                freshness,
                last: Some(last),
            },
        )
}

async fn html(canned: &Canned, language: Language) -> String {
    let visit = async |context: &Context<'_>| show(context).await;
    canned.visit(language, "", visit).await.as_str().to_owned()
}

fn faults() -> Vec<Finding> {
    vec![
        Finding::ok("daemon", "the daemon is running"),
        Finding::fail("dsm.sign-in", "DSM says <400>; correct it"),
        Finding::not_tested("dsm.users", "DSM refused the sign-in"),
    ]
}

#[tokio::test]
async fn the_sentence_comes_first_and_then_what_to_do() {
    let canned = canned(faults(), Freshness::Kept);
    let html = html(&canned, Language::English).await;
    let sentence = html.find("One thing needs attention. One person can sign in.");
    let fault = html.find("DSM says &#60;400&#62;; correct it");
    let all = html.find("All checks");
    assert!(
        sentence.is_some() && sentence < fault && fault < all,
        "{html}"
    );
    let open = html.get(sentence.unwrap()..all.unwrap()).unwrap();
    assert!(
        open.contains("not tested") && !open.contains("is running"),
        "{open}"
    );
    assert!(html.contains("2026-11-23 06:00"), "{html}");
}

#[tokio::test]
async fn the_french_page_marks_what_is_english() {
    let canned = canned(faults(), Freshness::Running);
    let html = html(&canned, Language::French).await;
    assert!(
        html.contains("Connexion du compte</strong>, demande votre attention"),
        "{html}"
    );
    assert!(html.contains("<bdi lang=\"en\">DSM says"), "{html}");
    assert!(html.contains("Des vérifications sont en cours."), "{html}");
    // Text from clients is escaped, too.
    assert!(
        html.contains("<bdi lang=\"en\">&#60;i&#62;\\u{202e}</bdi>"),
        "{html}"
    );
}

#[tokio::test]
async fn a_click_is_answered_in_words() {
    let said = async |canned: &Canned, language| {
        let visit = async |context: &Context<'_>| check_again(context).await;
        match canned.visit(language, "", visit).await {
            Ok(Done::Read(text)) => text,
            other => panic!("{other:?}"),
        }
    };
    for (freshness, words) in [
        (Freshness::New, "Everything was checked."),
        (Freshness::TooSoon, "less than 30 seconds ago"),
        (Freshness::Running, "Load this page again"),
    ] {
        let examined = Examined {
            freshness,
            last: None,
        };
        let canned = Canned::default().with(Request::Examine, &examined);
        let text = said(&canned, Language::English).await;
        assert!(text.contains(words), "{text}");
        assert_ne!(text, said(&canned, Language::French).await);
    }
}

#[tokio::test]
async fn reading_dsm_again_says_what_came_of_it() {
    for (outcome, error, words) in [
        (ReadOutcome::Ended, None, "DSM was read again: 7 users."),
        (ReadOutcome::Ended, Some("no route"), "The reason is below."),
        (ReadOutcome::TooOften, None, "was not read"),
        (ReadOutcome::Paused, Some("400"), "are paused"),
        (ReadOutcome::TakesLonger, None, "in the background"),
    ] {
        let read = ReadAgain {
            outcome,
            users: Some(7),
            error: error.map(str::to_owned),
        };
        let canned = Canned::default().with(Request::Refresh, &read);
        let visit = async |context: &Context<'_>| read_dsm(context).await;
        let done = canned.visit(Language::English, "", visit).await;
        let Ok(Done::Read(text)) = done else {
            panic!("{done:?}");
        };
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn a_daemon_that_cannot_report_says_why() {
    let html = html(&Canned::default(), Language::French).await;
    assert!(html.contains("no report was given to the test"), "{html}");
}
