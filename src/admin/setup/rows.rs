//! The settings of DSM as rows of a table.

use super::super::health::field;
use super::super::text::short;
use crate::control::SettingsPlan;
use crate::doctor::dsm::Compared;
use crate::http::Language;

/// The settings of one dialog of DSM.
pub(super) struct Dialog {
    /// The path of the dialog.
    pub(super) place: &'static str,
    pub(super) rows: Vec<Row>,
}

/// A setting of DSM beside ours.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) dsm: String,
    pub(super) ours: String,
    pub(super) is_same: bool,
}

/// A place that points elsewhere.
pub(super) struct Left {
    /// The English text of the daemon.
    pub(super) why: String,
    pub(super) dialogs: Vec<Dialog>,
}

/// Returns `compared` by dialog, in this order.
pub(super) fn of<'a>(
    compared: impl Iterator<Item = &'a Compared>,
    language: Language,
) -> Vec<Dialog> {
    let mut dialogs: Vec<Dialog> = Vec::new();
    for row in compared {
        let place = place(&row.place, language);
        let shown = Row::of(row, language);
        match dialogs.last_mut().filter(|dialog| dialog.place == place) {
            Some(dialog) => dialog.rows.push(shown),
            None => dialogs.push(Dialog {
                place,
                rows: vec![shown],
            }),
        }
    }
    dialogs
}

/// Returns the places of `plan` that are not written without consent.
pub(super) fn left(plan: &SettingsPlan, language: Language) -> Vec<Left> {
    let left = plan.left.iter().map(|left| {
        let rows = plan
            .rows
            .iter()
            .filter(|row| !row.same && row.place == left.place && left.fields.contains(&row.field));
        Left {
            why: short(&left.why),
            dialogs: of(rows, language),
        }
    });
    left.collect()
}

impl Row {
    fn of(row: &Compared, language: Language) -> Self {
        Self {
            label: label(&row.field, language).to_owned(),
            dsm: value(row, row.dsm.as_deref(), language),
            ours: value(row, row.ours.as_deref(), language),
            is_same: row.same,
        }
    }
}

/// Returns the path of the dialog.
fn place(place: &str, language: Language) -> &'static str {
    if place == "reverse-proxy" {
        return language.say(
            "Control Panel > Login Portal > Advanced > Reverse Proxy",
            "Panneau de configuration > Portail de connexion > Avancé > Proxy inversé",
        );
    }
    language.say(
        "Control Panel > Domain/LDAP > SSO Client",
        "Panneau de configuration > Domaine/LDAP > Client SSO",
    )
}

fn label(name: &str, language: Language) -> &str {
    match (field(name, language), name) {
        (Some(label), _) => label,
        (None, "source") => language.say("Source", "Source"),
        (None, "destination") => language.say("Destination", "Destination"),
        (None, _) => name,
    }
}

/// DSM's values may be long, and have any characters.
fn value(row: &Compared, value: Option<&str>, language: Language) -> String {
    let text = match (row.field.as_str(), value) {
        ("application_secret", None) => language.say("(not shown)", "(masqué)"),
        (_, None) => language.say("(none)", "(aucun)"),
        (_, Some("")) => language.say("(empty)", "(vide)"),
        ("enabled", Some("true")) => language.say("on", "activé"),
        ("enabled", Some("false")) => language.say("off", "désactivé"),
        (_, Some(value)) => return short(value),
    };
    text.to_owned()
}
