//! The config in effect, and a reload after a preview.

use askama::Template;

use super::context::Context;
use super::people::words;
use super::section::{Done, Form, Html, Needs, NotDone, Section};
use super::text::short;
use super::unreadable::Unreadable;
use crate::control::{AccessChange, Change, ConfigValue, Refused, ReloadPlan, Reloaded, Request};
use crate::http::Language;
use domain::base::parameters::Parameters;

const PREVIEW: &str = "preview-reload";
const RELOAD: &str = "reload";

/// The accounts that one list names.
const MOST_NAMED: usize = 200;

pub(super) const SECTION: Section = Section {
    show: |context| Box::pin(show(context)),
    forms: &[
        Form {
            name: PREVIEW,
            needs: Needs::Session,
            submit: |context, _| Box::pin(preview(context)),
        },
        Form {
            name: RELOAD,
            needs: Needs::Session,
            submit: |context, fields| Box::pin(reload(context, fields)),
        },
    ],
};

#[derive(Template)]
#[template(path = "config.html")]
struct Config {
    language: Language,
    values: Vec<Value>,
    preview: Html,
}

struct Value {
    key: String,
    text: String,
}

#[derive(Template)]
#[template(path = "reload.html")]
struct Preview {
    language: Language,
    /// The plan, or the problems of the file.
    plan: Result<Plan, Vec<String>>,
    seen: Seen,
}

struct Plan {
    changes: Vec<Changed>,
    access: Vec<Group>,
    other_dsm: bool,
    /// Whether the administrator who looks at the page loses access.
    you_lose: bool,
    takes_access: bool,
    reload: Html,
    seen: String,
}

struct Changed {
    key: String,
    from: String,
    to: String,
    needs_restart: bool,
}

/// Accounts with the same kind of change.
struct Group {
    heading: &'static str,
    lines: Vec<String>,
    more: usize,
}

/// Whether the administrator has accepted another plan than this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    NotYet,
    Another,
}

async fn show(context: &Context<'_>) -> Html {
    let language = context.language;
    let values: Vec<ConfigValue> = match context.ask(Request::Config).await {
        Ok(values) => values,
        Err(refused) => return Unreadable::html(heading(language), &refused),
    };
    let value = |value: ConfigValue| Value {
        text: shown(language, value.value, value.secret),
        key: value.key,
    };
    Html::of(&Config {
        language,
        values: values.into_iter().map(value).collect(),
        preview: context.form(PREVIEW),
    })
}

fn heading(language: Language) -> &'static str {
    language.say("Config in effect", "Configuration en vigueur")
}

async fn preview(context: &Context<'_>) -> Result<Done, NotDone> {
    let planned = context.ask(Request::PlanReload).await;
    Ok(previewed(context, planned, Seen::NotYet))
}

fn previewed(context: &Context<'_>, planned: Result<ReloadPlan, Refused>, seen: Seen) -> Done {
    Done::Shown(Html::of(&Preview {
        language: context.language,
        plan: match planned {
            Ok(planned) => Ok(plan(context, planned)),
            Err(refused) => Err(refused.message.lines().map(short).collect()),
        },
        seen,
    }))
}

/// Puts the config in effect that was previewed; shows another preview if it
/// has changed since.
async fn reload(context: &Context<'_>, fields: &Parameters) -> Result<Done, NotDone> {
    let accepted = fields.text("seen").ok().flatten().unwrap_or_default();
    let planned: Result<ReloadPlan, Refused> = context.ask(Request::PlanReload).await;
    let seen = match planned {
        Ok(plan) if plan.seen == accepted => Some(plan.seen),
        other => return Ok(previewed(context, other, Seen::Another)),
    };
    let reloaded: Reloaded = context.ask(Request::Reload { seen }).await?;
    let text = if reloaded.changes.iter().any(|change| change.needs_restart) {
        context.language.say(
            "The config was read again. A part of it takes effect at the next start of the daemon.",
            "La configuration a été relue. Une partie prendra effet au prochain démarrage du \
             service.",
        )
    } else {
        context.language.say(
            "The config was read again, and is in effect.",
            "La configuration a été relue\u{a0}; elle est en vigueur.",
        )
    };
    Ok(Done::Changed(text.to_owned()))
}

fn plan(context: &Context<'_>, planned: ReloadPlan) -> Plan {
    let language = context.language;
    let access = planned.access;
    let is_own = |change: &AccessChange| change.from.as_deref() == Some(context.administrator);
    let (gains, others): (Vec<_>, Vec<_>) = access.iter().partition(|it| it.from.is_none());
    let (loses, moves): (Vec<_>, Vec<_>) = others.into_iter().partition(|it| it.to.is_none());
    let loses_heading = language.say("Would lose access:", "Perdraient l’accès\u{a0}:");
    let moves_heading = language.say(
        "Would sign in as another user:",
        "Se connecteraient avec un autre utilisateur\u{a0}:",
    );
    let gains_heading = language.say("Would get access:", "Obtiendraient l’accès\u{a0}:");
    let groups = [
        group(language, loses_heading, &loses),
        group(language, moves_heading, &moves),
        group(language, gains_heading, &gains),
    ];
    let changed = |change: Change| Changed {
        from: value_of_change(language, change.from, change.secret),
        to: value_of_change(language, change.to, change.secret),
        key: change.key,
        needs_restart: change.needs_restart,
    };
    Plan {
        changes: planned.changes.into_iter().map(changed).collect(),
        access: groups.into_iter().flatten().collect(),
        other_dsm: planned.other_dsm,
        you_lose: loses.iter().any(|change| is_own(change)),
        takes_access: !loses.is_empty() || !moves.is_empty(),
        reload: context.form(RELOAD),
        seen: planned.seen,
    }
}

fn group(language: Language, heading: &'static str, changes: &[&AccessChange]) -> Option<Group> {
    let lines = changes.iter().take(MOST_NAMED).map(|change| {
        let AccessChange {
            address,
            from,
            to,
            refusal,
        } = change;
        let refusal = refusal.as_deref().unwrap_or_default();
        let [english, french] = words::about_account(refusal).unwrap_or([refusal, refusal]);
        let why = language.say(english, french);
        let colon = language.say(": ", "\u{a0}: ");
        let line = match (from, to) {
            (Some(from), Some(to)) => format!("{address}{colon}{from} → {to}"),
            (Some(from), None) => format!("{address} ({from}){colon}{why}"),
            (None, Some(to)) => format!("{address}{colon}{to}"),
            (None, None) => address.clone(),
        };
        short(&line)
    });
    (!changes.is_empty()).then(|| Group {
        heading,
        lines: lines.collect(),
        more: changes.len().saturating_sub(MOST_NAMED),
    })
}

/// Returns the value of a key; of a secret, only whether it is set.
fn shown(language: Language, value: Option<String>, secret: bool) -> String {
    if secret {
        return language.say("set", "défini").to_owned();
    }
    let none = || language.say("none", "aucune valeur").to_owned();
    value.map_or_else(none, |value| short(&value))
}

/// As [`shown`], for a secret that has changed.
fn value_of_change(language: Language, value: Option<String>, secret: bool) -> String {
    if secret {
        return language.say("a secret", "un secret").to_owned();
    }
    shown(language, value, secret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::context::testing::Canned;
    use crate::control::Refreshed;

    fn access(address: &str, from: Option<&str>, to: Option<&str>) -> AccessChange {
        AccessChange {
            address: address.to_owned(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            refusal: to.is_none().then(|| "account-denied".to_owned()),
        }
    }

    fn change(key: &str, secret: bool) -> Change {
        let value = |text: &str| (!secret).then(|| text.to_owned());
        Change {
            key: key.to_owned(),
            from: value("1h"),
            to: value("2h"),
            secret,
            needs_restart: key == "listen.address",
        }
    }

    fn planned(access: Vec<AccessChange>) -> ReloadPlan {
        ReloadPlan {
            changes: vec![
                change("dsm.refresh", false),
                change("listen.address", false),
            ],
            access,
            other_dsm: false,
            seen: "f00d".to_owned(),
        }
    }

    async fn previewed(canned: Canned, language: Language) -> String {
        let shown = canned.visit(language, "", async |context| preview(context).await);
        match shown.await {
            Ok(Done::Shown(html)) => html.as_str().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    async fn preview_of(plan: &ReloadPlan) -> String {
        let canned = Canned::default().with(Request::PlanReload, plan);
        previewed(canned, Language::English).await
    }

    #[tokio::test]
    async fn a_secret_shows_only_that_it_is_set() {
        let value = |key: &str, value: Option<&str>, secret| ConfigValue {
            key: key.to_owned(),
            value: value.map(str::to_owned),
            secret,
        };
        let values = [
            value("dsm.password-file", Some("hunter2"), true),
            value("users.deny", None, false),
            value("issuer", Some("https://<b>"), false),
            value("users.alias", Some(&"x".repeat(9_000)), false),
        ];
        let canned = Canned::default().with(Request::Config, &values.as_slice());
        let shown = canned.visit(Language::English, "", async |context| show(context).await);
        let shown = shown.await;
        let text = shown.as_str();
        assert!(text.contains("<code>dsm.password-file</code></dt><dd><bdi>set</bdi></dd>"));
        assert!(!text.contains("hunter2"), "{text}");
        assert!(text.contains("<code>users.deny</code></dt><dd><bdi>none</bdi></dd>"));
        assert!(!text.contains("<b>") && text.len() < 3_000, "{text}");
    }

    #[tokio::test]
    async fn the_preview_says_who_loses_gains_and_becomes_another_user() {
        let plan = planned(vec![
            access("jeanne@example.com", Some("jeanne"), None),
            access("<l\u{202e}ea>@example.com", Some("lea"), Some("boss")),
            access("igor@example.com", None, Some("igor")),
        ]);
        let text = preview_of(&plan).await;
        for words in [
            "Would lose access:</strong></p>\n<ul>\n<li><bdi>jeanne@example.com (jeanne): The DSM user is in users.deny",
            "Would sign in as another user:</strong></p>\n<ul>\n<li><bdi>&#60;l\\u{202e}ea&#62;@example.com: lea → boss",
            "Would get access:</strong></p>\n<ul>\n<li><bdi>igor@example.com: igor</bdi></li>",
            "\"Now\"><bdi>1h</bdi></td><td data-label=\"Then\"><bdi>2h</bdi></td>",
            "name=\"seen\" value=\"f00d\"",
            "(after a restart of the daemon)",
            "class=\"danger\"",
        ] {
            assert!(text.contains(words), "{words} in {text}");
        }
        assert!(!text.contains("You would no longer"), "{text}");
        let canned = Canned::default().with(Request::PlanReload, &plan);
        let french = previewed(canned, Language::French).await;
        assert!(french.contains("Perdraient l’accès\u{a0}:"), "{french}");
        let loses = "(jeanne)\u{a0}: L’utilisateur figure dans users.deny";
        assert!(french.contains(loses), "{french}");
    }

    #[tokio::test]
    async fn administrators_are_warned_that_they_lock_themselves_out() {
        let plan = planned(vec![access("paul@example.com", Some("Paul"), None)]);
        let text = preview_of(&plan).await;
        assert!(text.contains("You would no longer be able"), "{text}");
    }

    #[tokio::test]
    async fn a_large_family_is_counted() {
        let all = (0..10_000).map(|number| access(&format!("{number}@a.b"), None, Some("x")));
        let text = preview_of(&planned(all.collect())).await;
        assert!(text.contains("and more: 9800"), "{text}");
        assert_eq!(text.matches("@a.b").count(), 200);
    }

    #[tokio::test]
    async fn a_changed_secret_is_not_shown() {
        let plan = ReloadPlan {
            changes: vec![change("google.client-secret-file", true)],
            ..planned(Vec::new())
        };
        let text = preview_of(&plan).await;
        assert!(text.contains("\"Now\"><bdi>a secret</bdi></td>"), "{text}");
        assert!(text.contains("No one would gain or lose access."), "{text}");
    }

    #[tokio::test]
    async fn without_a_change_there_is_nothing_to_accept() {
        let plan = ReloadPlan {
            changes: Vec::new(),
            ..planned(Vec::new())
        };
        let text = preview_of(&plan).await;
        assert!(text.contains("Nothing would change."), "{text}");
        assert!(!text.contains("name=\"seen\""), "{text}");
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_used_has_no_yes() {
        // The test refuses what it has no report for.
        let text = previewed(Canned::default(), Language::English).await;
        assert!(
            text.contains("<bdi>no report was given to the test</bdi>"),
            "{text}"
        );
        assert!(!text.contains("<form"), "{text}");
    }

    #[tokio::test]
    async fn a_reload_asks_for_what_was_previewed() {
        let reloaded = Reloaded {
            changes: vec![change("dsm.refresh", false)],
            directory: Refreshed {
                users: Some(6),
                error: None,
            },
        };
        let seen = Some("f00d".to_owned());
        let plan = planned(Vec::new());
        let canned = || {
            let request = Request::Reload { seen: seen.clone() };
            let canned = Canned::default().with(Request::PlanReload, &plan);
            canned.with(request, &reloaded)
        };
        let submitted = async |canned: &Canned, fields: &str| {
            let fields = Parameters::parse(fields.as_bytes()).unwrap();
            let submit = async |context: &Context<'_>| reload(context, &fields).await;
            canned.visit(Language::English, "", submit).await.unwrap()
        };
        let accepted = canned();
        let done = submitted(&accepted, "seen=f00d").await;
        assert!(matches!(&done, Done::Changed(told) if told.contains("in effect")));
        let asked = [Request::PlanReload, Request::Reload { seen: seen.clone() }];
        assert_eq!(*accepted.asked.lock().unwrap(), asked);
        for other in ["seen=f00", "", "seen=f00d&seen=f00d"] {
            let canned = canned();
            let done = submitted(&canned, other).await;
            let stale = "have changed since they were shown";
            assert!(matches!(&done, Done::Shown(html) if html.as_str().contains(stale)));
            assert_eq!(*canned.asked.lock().unwrap(), [Request::PlanReload]);
        }
    }
}
