use super::*;
use crate::admin::context::testing::Canned;
use crate::control::{Examination, Freshness, LeftPlace, Time};
use crate::doctor::dsm::Compared;
use domain::base::clock::UnixTime;

fn compared(place: &str, field: &str, [dsm, ours]: [Option<&str>; 2]) -> Compared {
    Compared {
        place: place.to_owned(),
        field: field.to_owned(),
        dsm: dsm.map(str::to_owned),
        ours: ours.map(str::to_owned),
        same: dsm == ours,
    }
}

/// Values that steer the page, if they are not escaped.
fn hostile() -> Vec<Compared> {
    let hostile = "<b>\u{202e}&".to_owned() + &"x".repeat(100_000);
    vec![
        compared("sso-client", "enabled", [Some("false"), Some("true")]),
        compared(
            "sso-client",
            "application_id",
            [Some(&hostile), Some("synology")],
        ),
        compared("sso-client", "application_secret", [None, None]),
        compared(
            "reverse-proxy",
            "source",
            [None, Some("https://login.example.com:443")],
        ),
    ]
}

fn plan(left: Vec<LeftPlace>) -> SettingsPlan {
    SettingsPlan {
        rows: hostile(),
        left,
        seen: "fingerprint".to_owned(),
    }
}

fn shown(done: Result<Done, NotDone>) -> String {
    match done {
        Ok(Done::Shown(html)) => html.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}

async fn preview(canned: &Canned, language: Language) -> String {
    let visit =
        async |context: &Context<'_>| super::plan(context, Direction::Apply, Reading::First).await;
    shown(canned.visit(language, "", visit).await)
}

async fn submitted(canned: &Canned, fields: &str) -> Result<Done, NotDone> {
    let fields = Parameters::parse(fields.as_bytes()).unwrap();
    let visit = async |context: &Context<'_>| write(context, Direction::Apply, &fields).await;
    canned.visit(Language::English, "", visit).await
}

#[tokio::test]
async fn values_of_dsm_are_escaped_and_short() {
    let canned = Canned::default().with(Request::PlanApply, &plan(Vec::new()));
    for language in [Language::English, Language::French] {
        let html = preview(&canned, language).await;
        assert!(
            !html.contains("<b>") && !html.contains('\u{202e}'),
            "{html}"
        );
        assert!(html.len() < 10_000, "{}", html.len());
        assert!(html.contains("https://login.example.com:443"), "{html}");
    }
}

#[tokio::test]
async fn what_points_elsewhere_has_a_form_of_its_own() {
    let left = LeftPlace {
        place: "sso-client".to_owned(),
        fields: ["enabled", "application_id", "application_secret"]
            .map(str::to_owned)
            .into(),
        why: "DSM offers \"azure\"".to_owned(),
    };
    let canned = Canned::default().with(Request::PlanApply, &plan(vec![left]));
    let html = preview(&canned, Language::English).await;
    let (first, second) = html.split_once("<h2>What points elsewhere</h2>").unwrap();
    assert!(
        !first.contains("Application ID") && !first.contains("replace"),
        "{first}"
    );
    assert!(second.contains("Application ID"), "{second}");
    assert!(second.contains("DSM offers &#34;azure&#34;"), "{second}");
    assert!(
        second.contains("name=\"force\" value=\"replace\""),
        "{second}"
    );
    let french = preview(&canned, Language::French).await;
    assert!(french.contains("<bdi lang=\"en\">DSM offers"), "{french}");
}

#[tokio::test]
async fn only_the_explicit_choice_forces() {
    for (fields, force) in [
        ("seen=fingerprint", false),
        ("seen=fingerprint&force=on", false),
        ("seen=fingerprint&force=replace", true),
    ] {
        let canned = Canned::default();
        drop(submitted(&canned, fields).await);
        let seen = "fingerprint".to_owned();
        let asked = canned.asked.lock().unwrap();
        assert_eq!(*asked, [Request::Apply { seen, force }], "{fields}");
    }
}

#[tokio::test]
async fn without_a_preview_nothing_is_written() {
    let canned = Canned::default().with(Request::PlanApply, &plan(Vec::new()));
    let html = shown(submitted(&canned, "force=replace").await);
    assert!(html.contains("Nothing was written"), "{html}");
    assert_eq!(*canned.asked.lock().unwrap(), [Request::PlanApply]);
}

#[tokio::test]
async fn what_dsm_rejected_is_shown() {
    let seen = "fingerprint".to_owned();
    let request = Request::Apply { seen, force: false };
    let written = SettingsWritten {
        rows: Vec::new(),
        left: Vec::new(),
        problems: vec!["DSM rejected <it>".to_owned()],
    };
    let canned = Canned::default().with(request, &written);
    let html = shown(submitted(&canned, "seen=fingerprint").await);
    assert!(html.contains("DSM rejected &#60;it&#62;"), "{html}");
}

#[tokio::test]
async fn the_present_values_are_beside_ours_once_they_are_read() {
    let values = ValuesToEnter {
        dsm: Vec::new(),
        clients: Vec::new(),
        google: crate::control::GoogleForm {
            issuer: "https://accounts.google.com".to_owned(),
            client_id: "1234".to_owned(),
            application_type: String::new(),
            authorized_javascript_origins: Vec::new(),
            authorized_redirect_uris: vec!["https://login.example.com/callback".to_owned()],
            scopes: Vec::new(),
            audience: String::new(),
        },
    };
    let examined = |compared| Examined {
        freshness: Freshness::Kept,
        last: Some(Examination {
            at: Time(UnixTime::from_seconds(1_795_417_200)),
            findings: Vec::new(),
            compared,
        }),
    };
    let html = async |compared, language| {
        let canned = Canned::default()
            .with(Request::Values, &values)
            .with(Request::Findings, &examined(compared));
        let html = canned.visit(language, "", async |context| show(context).await);
        html.await.as_str().to_owned()
    };
    let unread = html(Vec::new(), Language::English).await;
    assert!(unread.contains("Enter these values in DSM."), "{unread}");
    let read = html(hostile(), Language::French).await;
    assert!(read.contains("Lu le 2026-11-23 07:00"), "{read}");
    assert!(read.contains("Valeurs différentes\u{a0}: 3."), "{read}");
    assert!(read.contains("<bdi>désactivé</bdi>"), "{read}");
    assert!(read.contains("<bdi>(masqué)</bdi>"), "{read}");
    assert!(
        read.contains("https://login.example.com/callback"),
        "{read}"
    );
}
