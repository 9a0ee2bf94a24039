//! What the checks of `doctor` are called on the page.

use crate::doctor::Outcome;
use crate::http::Language;

/// The groups of [`GROUPS`](crate::doctor::GROUPS), in French.
const GROUPS: [(&str, &str); 5] = [
    ("This machine", "Cette machine"),
    ("The public name", "Le nom public"),
    ("DSM", "DSM"),
    ("Google", "Google"),
    (
        "DSM's sign-in settings",
        "Les paramètres de connexion de DSM",
    ),
];

/// The checks, in English and French.
const CHECKS: [(&str, [&str; 2]); 28] = [
    ("config", ["Config file", "Fichier de configuration"]),
    ("daemon", ["Service", "Service"]),
    ("machine.clock", ["Clock", "Horloge"]),
    ("machine.disk", ["Disk", "Disque"]),
    ("machine.port", ["Port of the service", "Port du service"]),
    ("public.dns", ["Address of the name", "Adresse du nom"]),
    ("public.reach", ["Connection", "Connexion"]),
    ("public.tls", ["Certificate", "Certificat"]),
    (
        "public.daemon",
        ["Leads to this service", "Mène à ce service"],
    ),
    (
        "public.forwarded",
        ["Address of the visitor", "Adresse du visiteur"],
    ),
    ("dsm.reach", ["Connection", "Connexion"]),
    (
        "dsm.sign-in",
        ["Sign-in of the account", "Connexion du compte"],
    ),
    ("dsm.users", ["Users", "Utilisateurs"]),
    ("dsm.power", ["Power schedule", "Programme d’alimentation"]),
    ("google.discovery", ["Connection", "Connexion"]),
    ("google.client", ["OAuth client", "Client OAuth"]),
    ("sso-client.enabled", ["SSO client", "Client SSO"]),
    ("sso-client.profile", ["Profile", "Profil"]),
    (
        "sso-client.account_type",
        ["Account type", "Type de compte"],
    ),
    (
        "sso-client.well_known_url",
        ["Well-known URL", "URL connue (Well-known)"],
    ),
    (
        "sso-client.authorization_endpoint",
        ["Authorization endpoint", "Point d’accès d’autorisation"],
    ),
    (
        "sso-client.token_endpoint",
        ["Token endpoint", "Point d’accès des jetons"],
    ),
    (
        "sso-client.application_id",
        ["Application ID", "ID d’application"],
    ),
    (
        "sso-client.application_secret",
        ["Application secret", "Secret de l’application"],
    ),
    (
        "sso-client.redirect_uri",
        ["Redirect URI", "URI de redirection"],
    ),
    (
        "sso-client.scope",
        ["Authorization scope", "Champ d’autorisation"],
    ),
    (
        "sso-client.username_claim",
        ["Username claim", "Revendication du nom d’utilisateur"],
    ),
    ("reverse-proxy", ["Reverse proxy", "Proxy inversé"]),
];

/// Returns the heading of a group.
pub(super) fn group(english: &'static str, language: Language) -> &'static str {
    let found = GROUPS.iter().find(|(name, _)| *name == english);
    found.map_or(english, |(english, french)| language.say(english, french))
}

/// Returns the label of a check; its name if it has none.
pub(super) fn check(name: &str, language: Language) -> &str {
    let found = CHECKS.iter().find(|(check, _)| *check == name);
    found.map_or(name, |(_, [english, french])| language.say(english, french))
}

/// Returns the label of a field of DSM's SSO client; `None` if it is not one.
pub(in crate::admin) fn field(name: &str, language: Language) -> Option<&'static str> {
    let found = CHECKS
        .iter()
        .find(|(check, _)| check.strip_prefix("sso-client.") == Some(name));
    found.map(|(_, [english, french])| language.say(english, french))
}

/// Returns the result of a check in a word.
pub(super) fn result(result: Outcome, is_untested: bool, language: Language) -> &'static str {
    match result {
        Outcome::Ok => language.say("in order", "en ordre"),
        Outcome::Warn if is_untested => language.say("not tested", "non vérifié"),
        Outcome::Warn => language.say("worth a look", "à vérifier"),
        Outcome::Fail => language.say("needs attention", "demande votre attention"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor;

    #[test]
    fn every_check_has_a_label_in_both_languages() {
        for (heading, names) in doctor::GROUPS {
            assert!(
                GROUPS.iter().any(|(english, _)| *english == heading),
                "{heading}"
            );
            for name in names {
                assert_ne!(check(name, Language::French), *name);
            }
        }
        let names = doctor::GROUPS.iter().map(|(_, names)| names.len());
        assert_eq!(CHECKS.len(), names.sum::<usize>(), "no label is left over");
    }
}
