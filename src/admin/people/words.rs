//! What a verdict or a refusal means, for the administrator, in English and
//! French. The tables of the commands have the same words.

/// The words for a name of the rules.
struct Words {
    name: &'static str,
    /// About a DSM user, whose name is before it.
    user: [&'static str; 2],
    /// About a Google account that was refused.
    account: [&'static str; 2],
}

/// Returns what the verdict `name` says about a DSM user, in English and
/// French; their name is the subject.
pub(crate) fn about_user(name: &str) -> Option<[&'static str; 2]> {
    let words = WORDS.iter().find(|words| words.name == name)?;
    Some(words.user).filter(|[english, _]| !english.is_empty())
}

/// Returns why a Google account was refused, in English and French.
pub(in crate::admin) fn about_account(name: &str) -> Option<[&'static str; 2]> {
    let words = WORDS.iter().find(|words| words.name == name)?;
    Some(words.account).filter(|[english, _]| !english.is_empty())
}

/// The names of the verdicts, in the order of the explanations below a table.
pub(crate) fn verdicts() -> impl Iterator<Item = &'static str> {
    let of_users = WORDS.iter().filter(|words| !words.user[0].is_empty());
    of_users.map(|words| words.name)
}

const NONE: [&str; 2] = ["", ""];

const WORDS: [Words; 13] = [
    Words {
        name: "no-address",
        user: [
            "has no e-mail in DSM, and no alias in the config",
            "n’a ni adresse e-mail dans DSM, ni alias dans la configuration",
        ],
        account: NONE,
    },
    Words {
        name: "address-not-verified",
        user: NONE,
        account: [
            "Google has not verified the address of this account.",
            "Google n’a pas vérifié l’adresse de ce compte.",
        ],
    },
    Words {
        name: "domain-not-allowed",
        user: NONE,
        account: [
            "The Workspace domain of this account may not sign in (google.hosted-domains).",
            "Le domaine Workspace de ce compte n’est pas autorisé (google.hosted-domains).",
        ],
    },
    Words {
        name: "address-unknown",
        user: [
            "an alias names this user, but DSM does not list it",
            "un alias désigne cet utilisateur, absent de la liste de DSM",
        ],
        account: [
            "No DSM user has this e-mail.",
            "Aucun utilisateur de DSM n’a cette adresse e-mail.",
        ],
    },
    Words {
        name: "address-ambiguous",
        user: [
            "several DSM users have this e-mail; remove it from all but one",
            "plusieurs utilisateurs de DSM ont cette adresse e-mail\u{a0}; ne la laissez qu’à un seul",
        ],
        account: [
            "Several DSM users have this e-mail.",
            "Plusieurs utilisateurs de DSM ont cette adresse e-mail.",
        ],
    },
    Words {
        name: "address-not-authoritative",
        user: [
            "Google does not host this mailbox; to accept it, add an alias",
            "cette boîte aux lettres n’est pas hébergée par Google\u{a0}; pour l’accepter, ajoutez un \
             alias",
        ],
        account: [
            "Google does not host this mailbox.",
            "Cette boîte aux lettres n’est pas hébergée par Google.",
        ],
    },
    Words {
        name: "account-disabled",
        user: ["is disabled in DSM", "est désactivé dans DSM"],
        account: [
            "The DSM user is disabled.",
            "L’utilisateur de DSM est désactivé.",
        ],
    },
    Words {
        name: "account-expired",
        user: ["has expired in DSM", "a expiré dans DSM"],
        account: [
            "The DSM user has expired.",
            "L’utilisateur de DSM a expiré.",
        ],
    },
    Words {
        name: "account-denied",
        user: [
            "is in users.deny, or one of DSM's own accounts",
            "figure dans users.deny, ou est un compte propre à DSM",
        ],
        account: [
            "The DSM user is in users.deny, or one of DSM's own accounts.",
            "L’utilisateur figure dans users.deny, ou est un compte propre à DSM.",
        ],
    },
    Words {
        name: "administrator-refused",
        user: [
            "is an administrator, and users.administrators refuses them",
            "est administrateur, ce que users.administrators refuse",
        ],
        account: [
            "The DSM user is an administrator, and users.administrators refuses them.",
            "L’utilisateur est administrateur, ce que users.administrators refuse.",
        ],
    },
    Words {
        name: "linked-to-another",
        user: [
            "is linked to another Google account",
            "est lié à un autre compte Google",
        ],
        account: [
            "The DSM user is linked to another Google account with this address.",
            "L’utilisateur est lié à un autre compte Google qui a cette adresse.",
        ],
    },
    Words {
        name: "directory-stale",
        user: [
            "the user list is too old",
            "la liste des utilisateurs est trop ancienne",
        ],
        account: [
            "The list of DSM's users was not available.",
            "La liste des utilisateurs de DSM n’était pas disponible.",
        ],
    },
    Words {
        name: "clock-wrong",
        user: NONE,
        account: [
            "The clock of the NAS was wrong.",
            "L’horloge du NAS n’était pas à l’heure.",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use domain::signin::directory::Refusal;

    #[test]
    fn every_refusal_has_words() {
        for words in &WORDS {
            let known = Refusal::named(words.name, 0).is_some() || words.name == "no-address";
            assert!(known, "{}", words.name);
        }
        let refusals = WORDS.iter().filter(|words| words.name != "no-address");
        assert_eq!(refusals.count(), 12);
        assert!(about_account("ok").is_none());
    }
}
