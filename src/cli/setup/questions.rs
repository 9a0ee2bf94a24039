//! The values that `setup` asks for, on a terminal or by Package Center's
//! wizard.

use std::collections::HashMap;

use super::edit::Step::{self, Index, Key};
use super::google_file::GoogleFile;
use super::{CLIENT_SECRET, GOOGLE_SECRET, PASSWORD};
use crate::config::validate::{self, Given};
use domain::base::secret::Secret;

/// The most bytes of a secret, below the limit of a secret file.
const MAX_SECRET: usize = 4_000;

/// The fewest characters, so that the secret cannot be guessed.
const LEAST_CLIENT_SECRET: usize = 16;

/// A value to ask for.
pub(super) struct Question {
    /// The variable of Package Center's wizard, which also names the question.
    pub(super) variable: &'static str,
    /// The text above the prompt, in one or two lines.
    pub(super) explanation: &'static str,
    pub(super) prompt: &'static str,
    /// The French wizard's name of the field.
    pub(super) french_name: &'static str,
    /// The rule for its value, as a French dialog shows it.
    pub(super) french_rule: &'static str,
    /// Returns the key path in a config where DSM is the client of this index.
    pub(super) place: fn(usize) -> Vec<Step<'static>>,
    pub(super) kind: Kind,
    pub(super) on_enter: OnEnter,
    /// Returns why an answer is invalid, to be printed after its name.
    pub(super) check: fn(&str, &Given) -> Result<(), String>,
}

/// What an answer is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value of the config.
    Value,
    /// A secret, which is not shown; the config names the file that has it, by
    /// default this one.
    Secret(&'static str),
    /// As [`Kind::Secret`]; white space around it is part of it.
    Password(&'static str),
}

/// The meaning of an empty answer on a terminal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OnEnter {
    AskAgain,
    /// The default, which the package's wizard shows too.
    Take(&'static str),
    /// A random secret.
    Generate,
}

impl Question {
    /// Returns the default name of the file with the answer if that is secret.
    pub(super) fn file(&self) -> Option<&'static str> {
        match self.kind {
            Kind::Value => None,
            Kind::Secret(file) | Kind::Password(file) => Some(file),
        }
    }

    /// Returns the answer without white space around it, if that is not part of
    /// it, and whether any was removed.
    pub(super) fn trimmed(&self, text: Secret<String>) -> (Secret<String>, bool) {
        let trimmed = text.expose().trim();
        match self.kind {
            Kind::Value | Kind::Secret(_) if trimmed != text.expose().as_str() => {
                (Secret::new(trimmed.to_owned()), true)
            }
            Kind::Value | Kind::Secret(_) | Kind::Password(_) => (text, false),
        }
    }

    /// Returns the answer with `https://`, if it is a host name in the place of
    /// a public URL.
    pub(super) fn completed(&self, text: &str, given: &Given) -> Option<String> {
        if !matches!(self.variable, ISSUER | "wizard_redirect_uri") || text.contains("://") {
            return None;
        }
        let completed = format!("https://{text}");
        (self.check)(&completed, given).is_ok().then_some(completed)
    }
}

pub(super) const ISSUER: &str = "wizard_issuer";
pub(super) const CLIENT_ID: &str = "wizard_google_client_id";
pub(super) const CLIENT_SECRET_OF_GOOGLE: &str = "wizard_google_client_secret";

/// Answers by the variable of their question.
pub(super) type Answers = HashMap<&'static str, Secret<String>>;

/// Asks all questions. `given` has the other values that the checks need. The
/// Google console's JSON in the place of the client ID is both ID and secret.
pub(super) fn ask_all<E>(
    mut given: Given,
    mut ask: impl FnMut(&Question, &Given) -> Result<Secret<String>, E>,
) -> Result<Answers, E> {
    let mut answers = Answers::new();
    for question in &QUESTIONS {
        if answers.contains_key(question.variable) {
            continue;
        }
        let answer = ask(question, &given)?;
        if question.variable == ISSUER {
            given = given.with_issuer(answer.expose());
        }
        if question.variable == CLIENT_ID && GoogleFile::is_one(answer.expose()) {
            // The check has accepted it.
            let file = GoogleFile::parse(answer.expose()).map(GoogleFile::into_credentials);
            let names = [CLIENT_ID, CLIENT_SECRET_OF_GOOGLE];
            answers.extend(names.into_iter().zip(file.into_iter().flatten()));
            continue;
        }
        answers.insert(question.variable, answer);
    }
    Ok(answers)
}

/// All questions, in the order in which they are asked.
pub(super) const QUESTIONS: [Question; 8] = [
    Question {
        variable: ISSUER,
        explanation: "The public URL of this service. Browsers and the NAS itself reach it \
                      there,\nby HTTPS. Such as https://login.example.com",
        prompt: "Public URL of this service",
        french_name: "URL publique de ce service",
        french_rule: "doit être une adresse comme https://login.example.com, réservée à ce service, sans ? \
                      ni #, et sans /callback",
        place: |_| vec![Key("issuer")],
        kind: Kind::Value,
        on_enter: OnEnter::AskAgain,
        check: validate::issuer,
    },
    Question {
        variable: "wizard_redirect_uri",
        explanation: "The URL that you type to reach DSM, up to the first /; it goes into DSM's\nSSO \
                      settings too. Such as https://nas.example.com/",
        prompt: "URL of DSM in the browser",
        french_name: "URL de DSM dans le navigateur",
        french_rule: "doit être l'adresse de DSM, comme https://nas.example.com/, sans #/signin ni /callback",
        place: |dsm| vec![Key("clients"), Index(dsm), Key("redirect-uris"), Index(0)],
        kind: Kind::Value,
        on_enter: OnEnter::AskAgain,
        check: validate::redirect_uri,
    },
    Question {
        variable: CLIENT_ID,
        explanation: "From the Google console, APIs & Services > Credentials: an OAuth\nclient of \
                      the type Web application. Or the whole JSON of that client,\nwhich has the \
                      secret too.",
        prompt: "Google's client ID",
        french_name: "ID client de Google",
        french_rule: "doit être l'ID affiché par la console Google, qui se termine par \
                      .apps.googleusercontent.com, ou tout le contenu de son fichier JSON",
        place: |_| vec![Key("google"), Key("client-id")],
        kind: Kind::Value,
        on_enter: OnEnter::AskAgain,
        check: client_id,
    },
    Question {
        variable: CLIENT_SECRET_OF_GOOGLE,
        explanation: "The secret that the Google console shows with it. It is not shown here.",
        prompt: "Google's client secret",
        french_name: "Code secret du client Google",
        french_rule: "doit être le code secret affiché par la console Google, sur une ligne, et non l'ID",
        place: |_| vec![Key("google"), Key("client-secret-file")],
        kind: Kind::Secret(GOOGLE_SECRET),
        on_enter: OnEnter::AskAgain,
        check: google_secret,
    },
    Question {
        variable: "wizard_dsm_url",
        explanation: "The URL of DSM's web API, from this machine.",
        prompt: "DSM's own URL",
        french_name: "URL de DSM, vue du NAS",
        french_rule: "doit être une adresse comme http://127.0.0.1:5000, en https pour une autre machine, \
                      sans rien après le port",
        place: |_| vec![Key("dsm"), Key("url")],
        kind: Kind::Value,
        on_enter: OnEnter::Take("http://127.0.0.1:5000"),
        check: validate::dsm_url,
    },
    Question {
        variable: "wizard_dsm_account",
        explanation: "A DSM account with which this service reads the list of users. It must be\nan \
                      administrator, because DSM lists its users only to administrators.",
        prompt: "DSM account",
        french_name: "Compte DSM",
        french_rule: "doit être le nom d'un compte DSM, de 100 caractères au maximum",
        place: |_| vec![Key("dsm"), Key("account")],
        kind: Kind::Value,
        on_enter: OnEnter::Take("sso-reader"),
        check: validate::dsm_account,
    },
    Question {
        variable: "wizard_dsm_password",
        explanation: "The password of that account. It is not shown here.",
        prompt: "Password of the DSM account",
        french_name: "Mot de passe du compte DSM",
        french_rule: "doit être un mot de passe, sur une ligne",
        place: |_| vec![Key("dsm"), Key("password-file")],
        kind: Kind::Password(PASSWORD),
        on_enter: OnEnter::AskAgain,
        check: password,
    },
    Question {
        variable: "wizard_client_secret",
        explanation: "A secret between DSM and this service, DSM's \"Application secret\".\nIt is not \
                      shown here.",
        prompt: "Application secret",
        french_name: "Secret de l'application",
        french_rule: "doit comporter au moins 16 caractères, sur une ligne",
        place: |dsm| vec![Key("clients"), Index(dsm), Key("secret-file")],
        kind: Kind::Secret(CLIENT_SECRET),
        on_enter: OnEnter::Generate,
        check: client_secret,
    },
];

fn client_id(text: &str, given: &Given) -> Result<(), String> {
    if !GoogleFile::is_one(text) {
        return validate::google_client_id(text, given);
    }
    let file = GoogleFile::parse(text)?;
    given
        .issuer()
        .map_or(Ok(()), |issuer| file.leads_back_to(issuer))?;
    let [id, secret] = file.into_credentials();
    validate::google_client_id(id.expose(), given)?;
    google_secret(secret.expose(), given)
}

fn google_secret(text: &str, given: &Given) -> Result<(), String> {
    validate::line(text, MAX_SECRET)?;
    validate::google_client_secret(text, given)
}

fn client_secret(text: &str, _: &Given) -> Result<(), String> {
    validate::line(text, MAX_SECRET)?;
    if text.chars().count() < LEAST_CLIENT_SECRET {
        return Err(format!(
            "is shorter than {LEAST_CLIENT_SECRET} characters, so it can be guessed"
        ));
    }
    Ok(())
}

/// Spaces around a password are part of it.
fn password(text: &str, _: &Given) -> Result<(), String> {
    validate::line(text.trim_matches(' '), MAX_SECRET)?;
    if text.len() > MAX_SECRET {
        return Err(format!("is longer than {MAX_SECRET} bytes"));
    }
    Ok(())
}
