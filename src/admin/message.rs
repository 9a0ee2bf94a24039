//! Pages outside the frame: why there is no administration page now, and the
//! link to it.

use askama::Template;
use hyper::StatusCode;

use super::request::nas_name;
use crate::config::Config;
use crate::http::pages::reply_with_forms;
use crate::http::{Language, Reply};

/// Why a request does not get what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// The client's address is not local.
    Elsewhere,
    /// Google's answer or that of the service was an error.
    NotSignedIn,
    /// The sign-in was begun in another browser, or too long ago.
    NoSuchSignIn,
    NotAdministrator,
    /// The users of DSM are not known now.
    Unknown,
    /// A form without a session.
    SessionEnded,
    /// A form of another site, or one whose browser does not say.
    Foreign,
    /// A form that was used, or that was loaded too long ago.
    Stale,
    NeedsFreshSignIn,
    SignedOut,
    /// A request that no form of ours makes.
    Invalid,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Html<'a> {
    language: Language,
    message: Message,
    nas_name: &'a str,
    title: &'a str,
    href: &'a str,
    action: &'a str,
}

impl Message {
    /// Returns the page as a response, with a link that leads on.
    pub(super) fn reply(self, config: &Config, language: Language) -> Reply {
        let (path, english, french) = match self {
            Self::NeedsFreshSignIn | Self::NotAdministrator => {
                ("/admin/sign-in", "Sign in again", "Se connecter à nouveau")
            }
            Self::Elsewhere
            | Self::NotSignedIn
            | Self::NoSuchSignIn
            | Self::Unknown
            | Self::SessionEnded
            | Self::Foreign
            | Self::Stale
            | Self::SignedOut
            | Self::Invalid => (
                "/admin",
                "To the administration page",
                "Vers la page d’administration",
            ),
        };
        let html = Html {
            language,
            message: self,
            nas_name: nas_name(config),
            title: self.title(language),
            href: &config.issuer.endpoint(path),
            action: language.say(english, french),
        };
        reply_with_forms(self.status(), html.render())
    }

    fn status(self) -> StatusCode {
        match self {
            Self::SignedOut => StatusCode::OK,
            Self::NoSuchSignIn | Self::Invalid => StatusCode::BAD_REQUEST,
            Self::Unknown => StatusCode::SERVICE_UNAVAILABLE,
            Self::Elsewhere
            | Self::NotSignedIn
            | Self::NotAdministrator
            | Self::SessionEnded
            | Self::Foreign
            | Self::Stale
            | Self::NeedsFreshSignIn => StatusCode::FORBIDDEN,
        }
    }

    fn title(self, language: Language) -> &'static str {
        let [english, french] = match self {
            Self::Elsewhere => [
                "Only from the home network",
                "Seulement depuis le réseau local",
            ],
            Self::NotSignedIn => ["You are not signed in", "Vous n’êtes pas connecté"],
            Self::NoSuchSignIn => ["This sign-in has expired", "Cette connexion a expiré"],
            Self::NotAdministrator => [
                "For administrators of the NAS",
                "Réservé aux administrateurs du NAS",
            ],
            Self::Unknown => [
                "The users of the NAS are not known now",
                "Les utilisateurs du NAS ne sont pas connus",
            ],
            Self::SessionEnded => ["Your session has ended", "Votre session est terminée"],
            Self::Foreign => [
                "This form is not from this page",
                "Ce formulaire ne vient pas de cette page",
            ],
            Self::Stale => [
                "This form was already used, or has expired",
                "Ce formulaire a déjà servi ou a expiré",
            ],
            Self::NeedsFreshSignIn => ["Please sign in again", "Connectez-vous à nouveau"],
            Self::SignedOut => ["You are signed out", "Vous êtes déconnecté"],
            Self::Invalid => [
                "This request is not valid",
                "Cette requête n’est pas valide",
            ],
        };
        language.say(english, french)
    }

    /// Identifies the page for tests and scripts.
    fn name(self) -> &'static str {
        match self {
            Self::Elsewhere => "elsewhere",
            Self::NotSignedIn => "not-signed-in",
            Self::NoSuchSignIn => "no-such-sign-in",
            Self::NotAdministrator => "not-administrator",
            Self::Unknown => "unknown",
            Self::SessionEnded => "session-ended",
            Self::Foreign => "foreign-form",
            Self::Stale => "stale-form",
            Self::NeedsFreshSignIn => "needs-fresh-sign-in",
            Self::SignedOut => "signed-out",
            Self::Invalid => "invalid",
        }
    }
}
