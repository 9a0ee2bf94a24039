//! The sentences: a plain table, a page and a language at a time.

use super::{Action, Page, Text};
use crate::directory::Refusal;
use crate::http::request::Language;

use Language::{English, French};

impl Page<'_> {
    /// What the page says.
    pub(super) fn text(self, language: Language) -> Text {
        match self {
            Page::Landing { name, nas } => landing(language, name, nas),
            Page::Refused {
                refusal,
                address,
                slow,
                retry,
            } => {
                let mut text = refused(language, refusal, address.unwrap_or_default(), retry);
                text.paragraphs.extend(slow.then(|| slowness(language)));
                text
            }
            Page::GoogleFailed { retry } => google_failed(language, retry),
            Page::BadRequest
            | Page::BadCallback
            | Page::NoSuchLogin
            | Page::AlreadyUsed
            | Page::TooMany
            | Page::Broken
            | Page::NotFound => plain(language, &self),
        }
    }
}

fn text(title: &str, paragraphs: &[&str]) -> Text {
    Text {
        title: title.to_owned(),
        paragraphs: paragraphs.iter().map(|&text| text.to_owned()).collect(),
        action: None,
    }
}

fn landing(language: Language, name: &str, nas: &str) -> Text {
    let (title, paragraph, label) = match language {
        English => (
            format!("Sign in to {name} with Google"),
            "This page only helps to sign in. There is nothing to do here: go to the NAS and \
             choose the Google button there.",
            "Go to the NAS",
        ),
        French => (
            format!("Se connecter à {name} avec Google"),
            "Cette page sert seulement à se connecter. Il n’y a rien à faire ici : allez sur le \
             NAS et choisissez-y le bouton Google.",
            "Aller sur le NAS",
        ),
    };
    Text {
        title,
        paragraphs: vec![paragraph.to_owned()],
        action: Some(Action {
            label,
            href: nas.to_owned(),
        }),
    }
}

fn google_failed(language: Language, retry: String) -> Text {
    let (mut text, label) = match language {
        English => (
            text(
                "Google did not answer as it should",
                &[
                    "Nothing is wrong with your account. Wait a moment, then try again. If it \
                   happens again, tell the person who looks after the NAS.",
                ],
            ),
            "Try again",
        ),
        French => (
            text(
                "Google n’a pas répondu comme prévu",
                &[
                    "Votre compte n’est pas en cause. Attendez un instant, puis réessayez. Si cela \
                   se reproduit, parlez-en à la personne qui s’occupe du NAS.",
                ],
            ),
            "Réessayer",
        ),
    };
    text.action = Some(Action { label, href: retry });
    text
}

fn refused(language: Language, refusal: Refusal, address: &str, retry: String) -> Text {
    let (title, paragraphs) = match language {
        English => refused_in_english(refusal, address),
        French => refused_in_french(refusal, address),
    };
    let label = match (language, refusal.is_temporary()) {
        (English, false) => "Choose another Google account",
        (English, true) => "Try again",
        (French, false) => "Choisir un autre compte Google",
        (French, true) => "Réessayer",
    };
    Text {
        title: title.to_owned(),
        paragraphs,
        action: Some(Action { label, href: retry }),
    }
}

/// Whoever was added a minute ago is to know that another try may help.
fn slowness(language: Language) -> String {
    let text = match language {
        English => {
            "The NAS was slow to answer, so what was changed there a moment ago may not count \
             yet. Wait a minute, then try again."
        }
        French => {
            "Le NAS a été lent à répondre : ce qui vient d’y être changé ne compte peut-être pas \
             encore. Attendez une minute, puis réessayez."
        }
    };
    text.to_owned()
}

fn refused_in_english(refusal: Refusal, address: &str) -> (&'static str, Vec<String>) {
    let ask = "Choose another Google account, or ask the person who looks after the NAS.";
    let (title, cause) = match refusal {
        Refusal::AddressNotVerified => (
            "Google has not verified this address",
            format!(
                "Google does not vouch that {address} is yours. Confirm the address at Google first."
            ),
        ),
        Refusal::AddressUnknown => (
            "The NAS does not know this Google account",
            format!(
                "You signed in to Google as {address}, but nobody on the NAS has that address."
            ),
        ),
        Refusal::AddressAmbiguous => (
            "Several people on the NAS have this address",
            format!(
                "You signed in to Google as {address}, but more than one person on the NAS has that address, so the NAS cannot tell who you are."
            ),
        ),
        Refusal::DomainNotAllowed => (
            "This Google account is not of the right organisation",
            format!(
                "You signed in to Google as {address}, but the NAS only lets in the accounts of certain organisations."
            ),
        ),
        Refusal::AddressNotAuthoritative => (
            "The NAS cannot rely on this address",
            format!(
                "You signed in to Google as {address}, whose mailbox is not at Google. The NAS only trusts addresses that Google itself looks after."
            ),
        ),
        Refusal::AdministratorRefused => (
            "Administrators do not sign in with Google here",
            format!(
                "You signed in to Google as {address}, which belongs to an administrator of the NAS. Administrators use their name and password."
            ),
        ),
        Refusal::LinkedToAnother => (
            "Another Google account is in use for this person",
            format!(
                "You signed in to Google as {address}, but that person of the NAS already signs in with another Google account that had the same address."
            ),
        ),
        Refusal::AccountDisabled => (
            "Your account on the NAS is switched off",
            format!(
                "You signed in to Google as {address}. The NAS knows that address, but the account is switched off."
            ),
        ),
        Refusal::AccountExpired => (
            "Your account on the NAS has expired",
            format!(
                "You signed in to Google as {address}. The NAS knows that address, but the account was only meant to last until a certain day."
            ),
        ),
        Refusal::AccountDenied => (
            "This account of the NAS is not for Google sign-in",
            format!(
                "You signed in to Google as {address}, which belongs to an account of the NAS as which nobody may sign in with Google."
            ),
        ),
        Refusal::DirectoryStale => {
            return (
                "The NAS is not ready yet",
                vec!["The NAS has not yet told us who may sign in. It may still be starting. Wait a minute, then try again. If it lasts, tell the person who looks after the NAS.".to_owned()],
            );
        }
        Refusal::ClockWrong { ahead } => {
            return (
                "The clock of the NAS is wrong",
                vec![
                    format!("It is {} compared with Google’s, so Google’s answers look too old or too new.", off_in_english(ahead)),
                    "Tell the person who looks after the NAS: Control Panel > Regional Options > Time, synchronise with an NTP server.".to_owned(),
                ],
            );
        }
    };
    (title, vec![cause, ask.to_owned()])
}

fn refused_in_french(refusal: Refusal, address: &str) -> (&'static str, Vec<String>) {
    let ask = "Choisissez un autre compte Google, ou demandez à la personne qui s’occupe du NAS.";
    let (title, cause) = match refusal {
        Refusal::AddressNotVerified => (
            "Google n’a pas vérifié cette adresse",
            format!(
                "Google ne garantit pas que {address} est à vous. Confirmez d’abord l’adresse chez Google."
            ),
        ),
        Refusal::AddressUnknown => (
            "Le NAS ne connaît pas ce compte Google",
            format!(
                "Vous êtes connecté à Google avec {address}, mais personne sur le NAS n’a cette adresse."
            ),
        ),
        Refusal::AddressAmbiguous => (
            "Plusieurs personnes du NAS ont cette adresse",
            format!(
                "Vous êtes connecté à Google avec {address}, mais plusieurs personnes du NAS ont cette adresse : le NAS ne peut pas savoir qui vous êtes."
            ),
        ),
        Refusal::DomainNotAllowed => (
            "Ce compte Google n’est pas de la bonne organisation",
            format!(
                "Vous êtes connecté à Google avec {address}, mais le NAS n’accepte que les comptes de certaines organisations."
            ),
        ),
        Refusal::AddressNotAuthoritative => (
            "Le NAS ne peut pas se fier à cette adresse",
            format!(
                "Vous êtes connecté à Google avec {address}, dont la boîte aux lettres n’est pas chez Google. Le NAS ne se fie qu’aux adresses dont Google s’occupe lui-même."
            ),
        ),
        Refusal::AdministratorRefused => (
            "Ici, les administrateurs ne se connectent pas avec Google",
            format!(
                "Vous êtes connecté à Google avec {address}, qui appartient à un administrateur du NAS. Les administrateurs utilisent leur nom et leur mot de passe."
            ),
        ),
        Refusal::LinkedToAnother => (
            "Un autre compte Google sert déjà pour cette personne",
            format!(
                "Vous êtes connecté à Google avec {address}, mais cette personne du NAS se connecte déjà avec un autre compte Google qui avait la même adresse."
            ),
        ),
        Refusal::AccountDisabled => (
            "Votre compte sur le NAS est désactivé",
            format!(
                "Vous êtes connecté à Google avec {address}. Le NAS connaît cette adresse, mais le compte est désactivé."
            ),
        ),
        Refusal::AccountExpired => (
            "Votre compte sur le NAS a expiré",
            format!(
                "Vous êtes connecté à Google avec {address}. Le NAS connaît cette adresse, mais le compte ne devait durer que jusqu’à un certain jour."
            ),
        ),
        Refusal::AccountDenied => (
            "Ce compte du NAS n’est pas fait pour Google",
            format!(
                "Vous êtes connecté à Google avec {address}, qui appartient à un compte du NAS avec lequel personne ne peut se connecter par Google."
            ),
        ),
        Refusal::DirectoryStale => {
            return (
                "Le NAS n’est pas encore prêt",
                vec!["Le NAS n’a pas encore dit qui peut se connecter. Il est peut-être en train de démarrer. Attendez une minute, puis réessayez. Si cela dure, parlez-en à la personne qui s’occupe du NAS.".to_owned()],
            );
        }
        Refusal::ClockWrong { ahead } => {
            return (
                "L’horloge du NAS n’est pas à l’heure",
                vec![
                    format!("Elle a {} par rapport à celle de Google, dont les réponses semblent donc trop vieilles ou trop récentes.", off_in_french(ahead)),
                    "Dites-le à la personne qui s’occupe du NAS : Panneau de configuration > Options régionales > Heure, synchroniser avec un serveur NTP.".to_owned(),
                ],
            );
        }
    };
    (title, vec![cause, ask.to_owned()])
}

fn off_in_english(ahead: i64) -> String {
    let direction = if ahead > 0 { "fast" } else { "slow" };
    format!("{} {direction}", span(ahead, "days", "years"))
}

fn off_in_french(ahead: i64) -> String {
    let direction = if ahead > 0 { "d’avance" } else { "de retard" };
    format!("{} {direction}", span(ahead, "jours", "ans"))
}

/// `2 h 5 min`, `3 min`, `61 s` in both languages; longer ones in words.
fn span(seconds: i64, days: &str, years: &str) -> String {
    let seconds = seconds.unsigned_abs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    match (hours, minutes) {
        (0, 0..=1) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours @ 1..=47, minutes) => format!("{hours} h {minutes} min"),
        (hours, _) if hours < 24 * 730 => format!("{} {days}", hours / 24),
        (hours, _) => format!("{} {years}", hours / 24 / 365),
    }
}

/// Pages on which nothing varies and nothing can be done but start again.
fn plain(language: Language, page: &Page<'_>) -> Text {
    let (title, paragraph) = match language {
        English => plain_in_english(page),
        French => plain_in_french(page),
    };
    text(title, &[paragraph])
}

fn plain_in_english(page: &Page<'_>) -> (&'static str, &'static str) {
    match page {
        Page::BadRequest => (
            "This sign-in link is not right",
            "The NAS asked for something that we do not know. Tell the person who looks after \
             the NAS: its SSO settings and ours do not fit together.",
        ),
        Page::BadCallback => (
            "This is not a complete answer from Google",
            "Go back to the NAS and choose the Google button again.",
        ),
        Page::NoSuchLogin => (
            "This sign-in has ended",
            "It took too long, or it was begun in another browser, or this browser refuses \
             cookies. Go back to the NAS and choose the Google button again.",
        ),
        Page::AlreadyUsed => (
            "This sign-in was already used",
            "A sign-in works once. Go back to the NAS and choose the Google button again.",
        ),
        Page::TooMany => (
            "Too many tries",
            "Wait a minute, then go back to the NAS and choose the Google button again.",
        ),
        Page::NotFound => ("There is nothing here", "Check the address of this page."),
        Page::Broken | Page::Landing { .. } | Page::GoogleFailed { .. } | Page::Refused { .. } => (
            "Something went wrong here",
            "It is not your fault. Wait a moment, then go back to the NAS and try again. If it \
             happens again, tell the person who looks after the NAS.",
        ),
    }
}

fn plain_in_french(page: &Page<'_>) -> (&'static str, &'static str) {
    match page {
        Page::BadRequest => (
            "Ce lien de connexion n’est pas correct",
            "Le NAS a demandé quelque chose que nous ne connaissons pas. Dites à la personne qui \
             s’occupe du NAS que ses réglages SSO et les nôtres ne correspondent pas.",
        ),
        Page::BadCallback => (
            "Cette réponse de Google est incomplète",
            "Retournez sur le NAS et choisissez de nouveau le bouton Google.",
        ),
        Page::NoSuchLogin => (
            "Cette connexion est terminée",
            "Elle a duré trop longtemps, ou elle a été commencée dans un autre navigateur, ou ce \
             navigateur refuse les cookies. Retournez sur le NAS et choisissez de nouveau le \
             bouton Google.",
        ),
        Page::AlreadyUsed => (
            "Cette connexion a déjà servi",
            "Une connexion ne sert qu’une fois. Retournez sur le NAS et choisissez de nouveau le \
             bouton Google.",
        ),
        Page::TooMany => (
            "Trop d’essais",
            "Attendez une minute, puis retournez sur le NAS et choisissez de nouveau le bouton \
             Google.",
        ),
        Page::NotFound => ("Il n’y a rien ici", "Vérifiez l’adresse de cette page."),
        Page::Broken | Page::Landing { .. } | Page::GoogleFailed { .. } | Page::Refused { .. } => (
            "Quelque chose s’est mal passé ici",
            "Ce n’est pas votre faute. Attendez un instant, puis retournez sur le NAS et \
             réessayez. Si cela se reproduit, parlez-en à la personne qui s’occupe du NAS.",
        ),
    }
}
