//! Names and messages of the wizard's fields, in the language of Package
//! Center's dialog.

use super::questions::Question;

/// The language of a message about an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wording {
    /// English with the name of the variable, for a script that sets it.
    Variables,
    English,
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

    /// Returns the name of the field.
    pub(super) fn name(self, question: &Question) -> String {
        match self {
            Self::Variables => format!("{}, {}", question.prompt, question.variable),
            Self::English => question.prompt.to_owned(),
            Self::French => french(question.variable).0.to_owned(),
        }
    }

    /// Returns a line about an invalid answer. `message` is English; a French
    /// dialog gets the rule for the field instead.
    pub(super) fn problem(self, question: &Question, message: &str) -> String {
        let name = self.name(question);
        match self {
            Self::Variables | Self::English => format!("{name}: {message}"),
            Self::French => format!("{name} : {}", french(question.variable).1),
        }
    }
}

/// Returns the French wizard's name of a field, and the rule for its value.
fn french(variable: &str) -> (&str, &'static str) {
    match variable {
        "wizard_issuer" => (
            "URL publique de ce service",
            "doit être une adresse comme https://login.example.com, réservée à ce service, sans ? \
             ni #, et sans /callback",
        ),
        "wizard_redirect_uri" => (
            "URL de DSM dans le navigateur",
            "doit être l'adresse de DSM, comme https://nas.example.com/, sans #/signin ni /callback",
        ),
        "wizard_google_client_id" => (
            "ID client de Google",
            "doit être l'ID affiché par la console Google, qui se termine par \
             .apps.googleusercontent.com",
        ),
        "wizard_google_client_secret" => (
            "Code secret du client Google",
            "doit être le code secret affiché par la console Google, sur une ligne, et non l'ID",
        ),
        "wizard_dsm_url" => (
            "URL de DSM, vue du NAS",
            "doit être une adresse comme http://127.0.0.1:5000, en https pour une autre machine, \
             sans rien après le port",
        ),
        "wizard_dsm_account" => (
            "Compte DSM",
            "doit être le nom d'un compte DSM, de 100 caractères au maximum",
        ),
        "wizard_dsm_password" => (
            "Mot de passe du compte DSM",
            "doit être un mot de passe, sur une ligne",
        ),
        "wizard_client_secret" => (
            "Secret de l'application",
            "doit comporter au moins 16 caractères, sur une ligne",
        ),
        other => (other, "n'est pas valide"),
    }
}
