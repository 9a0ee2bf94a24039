use super::*;
use crate::control::{Directory, Google};
use crate::doctor::Finding;

/// Sunday, 2026-03-01, 12:00 in Paris.
const NOW: i64 = 1_772_362_800;

fn at(hours: i64) -> Time {
    Time(UnixTime::from_seconds(NOW + hours * 3600))
}

fn well() -> Status {
    Status {
        version: String::new(),
        started: at(-48),
        directory: Directory {
            users: Some(6),
            refreshed: Some(at(-1)),
            next_refresh: None,
            error: None,
        },
        power: Power {
            source: Some("api".to_owned()),
            next_off: Some(at(11)),
            next_on: Some(at(19)),
        },
        google: Google {
            keys_refreshed: Some(at(-1)),
            error: None,
        },
        jobs: Vec::new(),
        sign_ins: Vec::new(),
        refusals: Vec::new(),
        problems: Vec::new(),
        apply: None,
    }
}

fn found(findings: Vec<Finding>) -> Examination {
    Examination {
        at: at(-1),
        findings,
        compared: Vec::new(),
    }
}

fn sentences(status: &Status, can_sign_in: usize, last: Option<&Examination>) -> [String; 2] {
    let facts = Facts {
        status,
        can_sign_in,
        last,
    };
    let zone = TimeZone::get("Europe/Paris").unwrap();
    [Language::English, Language::French].map(|language| {
        facts.sentence(Reader {
            language,
            now: UnixTime::from_seconds(NOW),
            zone: &zone,
        })
    })
}

/// What the sentence says before the users and the power schedule.
fn beginning(status: &Status, findings: Vec<Finding>) -> [String; 2] {
    let last = found(findings);
    sentences(status, 5, Some(&last)).map(|sentence| {
        let end = sentence.find(". ").unwrap();
        sentence[..end].to_owned()
    })
}

/// What the sentence says about the power schedule.
fn ending(next_off: Option<Time>, next_on: Option<Time>) -> [String; 2] {
    let mut status = well();
    status.power = Power {
        next_off,
        next_on,
        source: None,
    };
    let sentences = sentences(&status, 1, Some(&found(Vec::new())));
    let before = [
        "All is well. One person can sign in",
        "Tout va bien. Une personne peut se connecter",
    ];
    let mut before = before.into_iter();
    sentences.map(|sentence| {
        let ending = sentence.strip_prefix(before.next().unwrap());
        ending.unwrap_or_else(|| panic!("{sentence}")).to_owned()
    })
}

#[test]
fn all_is_well() {
    let last = found(vec![Finding::ok("dsm.reach", "")]);
    assert_eq!(
        sentences(&well(), 5, Some(&last)),
        [
            "All is well. Five people can sign in; the NAS switches off at 23:00.",
            "Tout va bien. Cinq personnes peuvent se connecter\u{a0}; le NAS s’éteint à 23:00."
        ]
    );
    let [english, french] = sentences(&well(), 13, Some(&last));
    assert!(english.contains(" 13 people can sign in;"), "{english}");
    assert!(french.contains(" 13 personnes peuvent"), "{french}");
}

#[test]
fn faults_are_counted_and_what_was_not_tested_is_not() {
    let one = vec![
        Finding::fail("public.dns", "no such name"),
        Finding::not_tested("public.reach", "no address"),
        Finding::warn("public.forwarded", "missing"),
    ];
    assert_eq!(
        beginning(&well(), one.clone()),
        [
            "One thing needs attention",
            "Un point demande votre attention"
        ]
    );
    let two = [one, vec![Finding::fail("config", "invalid")]].concat();
    assert_eq!(
        beginning(&well(), two),
        [
            "Two things need attention",
            "Deux points demandent votre attention"
        ]
    );
}

#[test]
fn remarks_do_not_hide_that_sign_ins_work() {
    assert_eq!(
        beginning(&well(), vec![Finding::warn("public.forwarded", "missing")]),
        [
            "Sign-ins work; one thing is worth a look",
            "Les connexions fonctionnent\u{a0}; un point est à vérifier"
        ]
    );
    // Without a fault that explains it, "not tested" is one more.
    let untested = vec![
        Finding::warn("public.forwarded", "missing"),
        Finding::not_tested("google.client", "no result within a minute"),
        Finding::not_tested("google.discovery", "no result within a minute"),
    ];
    assert_eq!(
        beginning(&well(), untested),
        [
            "Sign-ins work; two things are worth a look",
            "Les connexions fonctionnent\u{a0}; deux points sont à vérifier"
        ]
    );
}

#[test]
fn what_happened_since_the_last_checks_counts_once() {
    let one = [
        "One thing needs attention",
        "Un point demande votre attention",
    ];
    let mut status = well();
    status.directory.error = Some("DSM does not answer".to_owned());
    assert_eq!(beginning(&status, vec![Finding::ok("dsm.reach", "")]), one);
    // The check says the same.
    let failed = vec![Finding::fail("dsm.reach", "DSM does not answer")];
    assert_eq!(beginning(&status, failed), one);
    status.directory.error = None;
    status.google.error = Some("no route".to_owned());
    assert_eq!(beginning(&status, Vec::new()), one);
    assert_eq!(
        beginning(&status, vec![Finding::fail("google.discovery", "")]),
        one
    );
}

#[test]
fn users_who_were_not_read_or_cannot_sign_in_are_a_fault() {
    let last = found(Vec::new());
    let [english, french] = sentences(&well(), 0, Some(&last));
    assert_eq!(
        english,
        "One thing needs attention. No user can sign in; the NAS switches off at 23:00."
    );
    assert!(
        french.contains("Aucun utilisateur ne peut se connecter"),
        "{french}"
    );
    let mut status = well();
    status.directory.users = None;
    let [english, french] = sentences(&status, 0, Some(&last));
    assert!(
        english.starts_with("One thing needs attention. The users have not been read from DSM yet"),
        "{english}"
    );
    assert!(french.contains("n’ont pas encore été lus"), "{french}");
}

#[test]
fn without_recent_checks_it_does_not_say_that_all_is_well() {
    let [english, french] = sentences(&well(), 5, None);
    assert_eq!(
        english,
        "Nothing has been checked since the start. Five people can sign in; the NAS switches off \
         at 23:00."
    );
    assert!(
        french.starts_with("Rien n’a été vérifié depuis le démarrage. "),
        "{french}"
    );
    let mut last = found(Vec::new());
    let mut then = |hours| {
        last.at = at(hours);
        sentences(&well(), 5, Some(&last))
    };
    assert!(then(-23)[0].starts_with("All is well."));
    assert!(then(-24)[0].starts_with("All was well at the last check, yesterday."));
    let [english, french] = then(-72);
    assert!(
        english.starts_with("All was well at the last check, 3 days ago."),
        "{english}"
    );
    assert!(french.contains("vérification, il y a 3 jours."), "{french}");
}

#[test]
fn the_power_off_is_on_an_unambiguous_day() {
    let off = |hours| ending(Some(at(hours)), None);
    assert_eq!(off(11)[0], "; the NAS switches off at 23:00.");
    assert_eq!(
        off(12),
        [
            "; the NAS switches off tomorrow at 00:00.",
            "\u{a0}; le NAS s’éteint demain à 00:00."
        ]
    );
    assert_eq!(
        off(5 * 24),
        [
            "; the NAS switches off on Friday at 12:00.",
            "\u{a0}; le NAS s’éteint vendredi à 12:00."
        ]
    );
    assert_eq!(
        off(7 * 24)[0],
        "; the NAS switches off on 2026-03-08 at 12:00."
    );
    // After the change to summer time.
    assert_eq!(
        off(28 * 24)[1],
        "\u{a0}; le NAS s’éteint le 2026-03-29 à 13:00."
    );
}

#[test]
fn without_a_schedule_nothing_is_said_about_it() {
    assert_eq!(ending(None, None), [".", "."]);
    // It never switches off by itself.
    assert_eq!(ending(None, Some(at(19))), [".", "."]);
}

#[test]
fn at_an_hour_when_it_is_meant_to_be_off_it_says_so() {
    assert_eq!(
        ending(Some(at(35)), Some(at(19))),
        [
            "; the NAS is meant to be off; it comes on tomorrow at 07:00.",
            "\u{a0}; le NAS devrait être éteint\u{a0}; il s’allume demain à 07:00."
        ]
    );
}
