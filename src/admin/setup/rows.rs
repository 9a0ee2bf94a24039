//! The settings of DSM as rows of a table.

use super::super::health::field;
use super::super::text::short;
use crate::control::SettingsPlan;
use crate::doctor::dsm::Compared;
use crate::http::Language;

/// A setting of DSM beside ours.
pub(super) struct Row {
    /// The dialog, with its path.
    pub(super) place: &'static str,
    pub(super) label: String,
    pub(super) dsm: String,
    pub(super) ours: String,
    pub(super) is_same: bool,
}

/// A place that points elsewhere.
pub(super) struct Left {
    pub(super) place: &'static str,
    /// The English text of the daemon.
    pub(super) why: String,
    pub(super) rows: Vec<Row>,
}

/// Returns `compared` as rows.
pub(super) fn of<'a>(compared: impl Iterator<Item = &'a Compared>, language: Language) -> Vec<Row> {
    compared.map(|row| Row::of(row, language)).collect()
}

/// Returns the places of `plan` that are not written without consent.
pub(super) fn left(plan: &SettingsPlan, language: Language) -> Vec<Left> {
    let left = plan.left.iter().map(|left| {
        let rows = plan
            .rows
            .iter()
            .filter(|row| !row.same && row.place == left.place && left.fields.contains(&row.field));
        Left {
            place: place(&left.place, language),
            why: short(&left.why),
            rows: of(rows, language),
        }
    });
    left.collect()
}

impl Row {
    fn of(row: &Compared, language: Language) -> Self {
        Self {
            place: place(&row.place, language),
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
