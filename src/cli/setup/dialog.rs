//! What Package Center's dialogs show of the answers given in its wizard: in
//! the dialog's language, by the names of the fields, never by variables.

use super::questions::Question;

/// How to name an answer and what is wrong with it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wording {
    /// With the variable, for a script that sets it.
    Variables,
    /// For a dialog in English.
    English,
    /// For a dialog in French.
    French,
}

impl Wording {
    /// By the value of `SYNOPKG_DSM_LANGUAGE`, which Package Center sets for
    /// the package's scripts. DSM shows English for other languages.
    pub(super) fn of(dsm_language: Option<&str>) -> Self {
        match dsm_language {
            None => Self::Variables,
            Some("fre") => Self::French,
            Some(_) => Self::English,
        }
    }

    /// The name of the field.
    pub(super) fn name(self, question: &Question) -> String {
        match self {
            Self::Variables => format!("{}, {}", question.prompt, question.variable),
            Self::English => question.prompt.to_owned(),
            Self::French => french(question.variable).0.to_owned(),
        }
    }

    /// One line about an invalid answer. `message` is English; a French dialog
    /// gets the rule for the field instead.
    pub(super) fn problem(self, question: &Question, message: &str) -> String {
        let name = self.name(question);
        match self {
            Self::Variables | Self::English => format!("{name}: {message}"),
            Self::French => format!("{name} : {}", french(question.variable).1),
        }
    }
}

/// The French wizard's name of a field, and what the field takes.
fn french(variable: &str) -> (&str, &'static str) {
    match variable {
        "wizard_issuer" => (
            "URL publique de ce service",
            "attend une adresse comme https://login.example.com, à un nom réservé à ce service, \
             sans ? ni #, et sans /callback",
        ),
        "wizard_redirect_uri" => (
            "URL de DSM dans le navigateur",
            "attend une adresse comme https://nas.example.com/, celle de DSM, sans #/signin ni \
             /callback",
        ),
        "wizard_google_client_id" => (
            "ID client de Google",
            "attend l'ID que la console Google affiche ; il finit par .apps.googleusercontent.com",
        ),
        "wizard_google_client_secret" => (
            "Code secret du client Google",
            "attend le code secret que la console Google affiche, sur une ligne ; ce n'est pas l'ID",
        ),
        "wizard_dsm_url" => (
            "URL de DSM, vue du NAS",
            "attend une adresse comme http://127.0.0.1:5000, ou en https pour une autre machine, \
             sans rien après le port",
        ),
        "wizard_dsm_account" => (
            "Compte DSM",
            "attend le nom d'un compte DSM, de 100 caractères au plus",
        ),
        "wizard_dsm_password" => (
            "Mot de passe du compte DSM",
            "attend un mot de passe, sur une ligne",
        ),
        "wizard_client_secret" => (
            "Secret de l'application",
            "attend 16 caractères ou plus, sur une ligne",
        ),
        other => (other, "n'est pas valable"),
    }
}
