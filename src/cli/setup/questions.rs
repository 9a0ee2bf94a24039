//! The values that `setup` asks for, on a terminal or by Package Center's
//! wizard.

use std::collections::HashMap;

use super::dialog::Rejection;
use super::edit::Step::{self, Index, Key};
use super::google_file::{self, GoogleFile};
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
    pub(super) check: fn(&str, &Interview) -> Result<(), Rejection>,
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
    pub(super) fn completed(&self, text: &str, so_far: &Interview) -> Option<String> {
        if !matches!(self.variable, ISSUER | REDIRECT_URI) || text.contains("://") {
            return None;
        }
        let completed = format!("https://{text}");
        (self.check)(&completed, so_far)
            .is_ok()
            .then_some(completed)
    }
}

pub(super) const CLIENT_ID: &str = "wizard_google_client_id";
pub(super) const CLIENT_SECRET_OF_GOOGLE: &str = "wizard_google_client_secret";
pub(super) const ISSUER: &str = "wizard_issuer";
pub(super) const REDIRECT_URI: &str = "wizard_redirect_uri";
pub(super) const DSM_ACCOUNT: &str = "wizard_dsm_account";
pub(super) const DSM_PASSWORD: &str = "wizard_dsm_password";
pub(super) const DSM_URL: &str = "wizard_dsm_url";
pub(super) const APPLICATION_SECRET: &str = "wizard_client_secret";

/// The URL of a DSM whose administrator has not changed its ports.
pub(super) const DEFAULT_DSM_URL: &str = "http://127.0.0.1:5000";

/// Answers by the variable of their question.
pub(super) type Answers = HashMap<&'static str, Secret<String>>;

/// The answers so far, and what the checks of others need to know of them.
pub(super) struct Interview {
    given: Given,
    client: Option<GoogleFile>,
    pub(super) answers: Answers,
}

impl Interview {
    /// Begins with the values in `given`, and no answers.
    pub(super) fn new(given: Given) -> Self {
        Self {
            given,
            client: None,
            answers: Answers::new(),
        }
    }

    /// Takes an answer that the question's check has accepted. The Google
    /// console's JSON in the place of the client ID is both ID and secret.
    pub(super) fn accept(&mut self, question: &Question, answer: Secret<String>) {
        if question.variable == ISSUER {
            self.know_issuer(answer.expose());
        }
        let file = GoogleFile::parse(answer.expose()).ok();
        let Some(file) = file.filter(|_| question.variable == CLIENT_ID) else {
            self.answers.insert(question.variable, answer);
            return;
        };
        let names = [CLIENT_ID, CLIENT_SECRET_OF_GOOGLE];
        self.answers
            .extend(names.into_iter().zip(file.credentials()));
        if let Ok(issuer) = file.issuer() {
            self.know_issuer(issuer);
        }
        self.client = Some(file);
    }

    /// Returns the issuer that the JSON of the Google console implies, if it is
    /// valid.
    pub(super) fn proposed_issuer(&self) -> Option<String> {
        let issuer = self.client.as_ref()?.issuer().ok()?;
        issuer_is_valid(issuer, self)
            .is_ok()
            .then(|| issuer.to_owned())
    }

    /// Returns the issuer that the JSON of the Google console implies, or what
    /// is wrong with the JSON; `None` without a JSON.
    pub(super) fn issuer_of_client(&self) -> Option<Result<&str, Rejection>> {
        Some(self.client.as_ref()?.issuer())
    }

    fn know_issuer(&mut self, issuer: &str) {
        self.given = self.given.clone().with_issuer(issuer);
    }
}

/// Returns the question whose answer is in `variable`.
pub(super) fn question(variable: &str) -> &'static Question {
    let mut questions = QUESTIONS.iter();
    let found = questions.find(|question| question.variable == variable);
    // Each of the names above is that of a question.
    found.unwrap_or(&QUESTIONS[0])
}

/// All questions, in the order in which a person has the values at hand.
pub(super) static QUESTIONS: [Question; 8] = [
    Question {
        variable: CLIENT_ID,
        explanation: "The whole content of the client_secret_….json that the Google console\noffers \
                      for an OAuth client of the type Web application (APIs & Services >\n\
                      Credentials). Or its client ID alone.",
        prompt: "Google's client (JSON)",
        french_name: "Client Google (JSON)",
        french_rule: "doit être tout le contenu du fichier client_secret_….json que la console Google \
                      propose pour un client OAuth de type Application Web",
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
        variable: ISSUER,
        explanation: "The public URL of this service. Browsers and the NAS itself reach it \
                      there,\nby HTTPS. Such as https://login.example.com",
        prompt: "Public URL of this service",
        french_name: "URL publique de ce service",
        french_rule: "doit être une adresse comme https://login.example.com, réservée à ce service, avec un \
                      nom d'hôte et non une adresse IP, sans port 5556, sans ? ni #, et sans /callback",
        place: |_| vec![Key("issuer")],
        kind: Kind::Value,
        on_enter: OnEnter::AskAgain,
        check: issuer,
    },
    Question {
        variable: REDIRECT_URI,
        explanation: "The URL that you type to reach DSM, up to the first /; it goes into DSM's\nSSO \
                      settings too. Such as https://nas.example.com/",
        prompt: "URL of DSM in the browser",
        french_name: "URL de DSM dans le navigateur",
        french_rule: "doit être l'adresse de DSM, comme https://nas.example.com/, et non celle de ce service, \
                      en https, sans #/signin ni /callback",
        place: |dsm| vec![Key("clients"), Index(dsm), Key("redirect-uris"), Index(0)],
        kind: Kind::Value,
        on_enter: OnEnter::AskAgain,
        check: redirect_uri,
    },
    Question {
        variable: DSM_ACCOUNT,
        explanation: "A DSM account with which this service reads the list of users. It must be\nan \
                      administrator, because DSM lists its users only to administrators.",
        prompt: "DSM account",
        french_name: "Compte DSM",
        french_rule: "doit être le nom d'un compte DSM, de 100 caractères au maximum",
        place: |_| vec![Key("dsm"), Key("account")],
        kind: Kind::Value,
        on_enter: OnEnter::Take("sso-reader"),
        check: dsm_account,
    },
    Question {
        variable: DSM_PASSWORD,
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
        variable: DSM_URL,
        explanation: "The URL at which this machine reaches DSM. DSM's ports are in Control Panel >\nLogin \
                      Portal > DSM.",
        prompt: "DSM's own URL",
        french_name: "URL de DSM, vue du NAS",
        french_rule: "doit être une adresse comme http://127.0.0.1:5000, en https pour une autre machine, \
                      sans rien après le port",
        place: |_| vec![Key("dsm"), Key("url")],
        kind: Kind::Value,
        on_enter: OnEnter::Take(DEFAULT_DSM_URL),
        check: dsm_url,
    },
    Question {
        variable: APPLICATION_SECRET,
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

fn client_id(text: &str, so_far: &Interview) -> Result<(), Rejection> {
    let given = &so_far.given;
    if !GoogleFile::is_one(text) {
        google_file::not_another_value(text)?;
        return Ok(validate::google_client_id(text, given)?);
    }
    let file = GoogleFile::parse(text)?;
    let [id, secret] = file.credentials();
    validate::google_client_id(id.expose(), given)?;
    google_secret(secret.expose(), so_far)
}

fn google_secret(text: &str, so_far: &Interview) -> Result<(), Rejection> {
    validate::line(text, MAX_SECRET)?;
    Ok(validate::google_client_secret(text, &so_far.given)?)
}

fn issuer(text: &str, so_far: &Interview) -> Result<(), Rejection> {
    issuer_is_valid(text, so_far)?;
    let client = so_far.client.as_ref();
    client.map_or(Ok(()), |client| client.leads_back_to(text))
}

fn issuer_is_valid(text: &str, so_far: &Interview) -> Result<(), Rejection> {
    Ok(validate::issuer(text, &so_far.given)?)
}

fn redirect_uri(text: &str, so_far: &Interview) -> Result<(), Rejection> {
    Ok(validate::redirect_uri(text, &so_far.given)?)
}

fn dsm_account(text: &str, so_far: &Interview) -> Result<(), Rejection> {
    Ok(validate::dsm_account(text, &so_far.given)?)
}

fn dsm_url(text: &str, so_far: &Interview) -> Result<(), Rejection> {
    Ok(validate::dsm_url(text, &so_far.given)?)
}

fn client_secret(text: &str, _: &Interview) -> Result<(), Rejection> {
    validate::line(text, MAX_SECRET)?;
    if text.chars().count() < LEAST_CLIENT_SECRET {
        return Err(format!(
            "is shorter than {LEAST_CLIENT_SECRET} characters, so it can be guessed"
        )
        .into());
    }
    Ok(())
}

/// Spaces around a password are part of it.
fn password(text: &str, _: &Interview) -> Result<(), Rejection> {
    if text.ends_with(['\n', '\r']) {
        return Err(Rejection::new(
            "ends in a line break, which is not a part of a password: remove it",
            "se termine par un saut de ligne, qui ne fait pas partie d'un mot de passe : \
             supprimez-le",
        ));
    }
    validate::line(text.trim_matches(' '), MAX_SECRET)?;
    if text.len() > MAX_SECRET {
        return Err(format!("is longer than {MAX_SECRET} bytes").into());
    }
    Ok(())
}
