//! The values that `setup` asks for, on a terminal or by Package Center's
//! wizard.

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
    pub(super) on_enter: OnEnter,
    pub(super) echo: Echo,
    pub(super) ends: Ends,
    /// Returns why an answer is invalid, to be printed after its name.
    pub(super) check: fn(&str, &Given) -> Result<(), String>,
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

/// Whether what is typed is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    On,
    Off,
}

/// What to do with white space around an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Trim,
    Keep,
}

impl Question {
    /// Returns the answer without white space around it, if that is not part of
    /// it, and whether any was removed.
    pub(super) fn trimmed(&self, text: Secret<String>) -> (Secret<String>, bool) {
        let trimmed = text.expose().trim();
        match self.ends {
            Ends::Trim if trimmed != text.expose().as_str() => {
                (Secret::new(trimmed.to_owned()), true)
            }
            Ends::Trim | Ends::Keep => (text, false),
        }
    }
}

/// Valid answers to all questions.
pub(super) struct Answers {
    pub(super) issuer: Secret<String>,
    pub(super) redirect_uri: Secret<String>,
    pub(super) google_client_id: Secret<String>,
    pub(super) google_client_secret: Secret<String>,
    pub(super) dsm_url: Secret<String>,
    pub(super) dsm_account: Secret<String>,
    pub(super) dsm_password: Secret<String>,
    pub(super) client_secret: Secret<String>,
}

impl Answers {
    /// Asks all questions. `given` has the other values that the checks need.
    pub(super) fn gather<E>(
        given: Given,
        mut ask: impl FnMut(&Question, &Given) -> Result<Secret<String>, E>,
    ) -> Result<Self, E> {
        let [
            issuer,
            redirect,
            google,
            google_secret,
            url,
            account,
            password,
            secret,
        ] = &QUESTIONS;
        let issuer = ask(issuer, &given)?;
        let given = given.with_issuer(issuer.expose());
        let mut ask = |question| ask(question, &given);
        Ok(Self {
            issuer,
            redirect_uri: ask(redirect)?,
            google_client_id: ask(google)?,
            google_client_secret: ask(google_secret)?,
            dsm_url: ask(url)?,
            dsm_account: ask(account)?,
            dsm_password: ask(password)?,
            client_secret: ask(secret)?,
        })
    }
}

impl Answers {
    /// Returns the answers in the order of [`QUESTIONS`].
    pub(super) fn in_order(&self) -> [&Secret<String>; 8] {
        [
            &self.issuer,
            &self.redirect_uri,
            &self.google_client_id,
            &self.google_client_secret,
            &self.dsm_url,
            &self.dsm_account,
            &self.dsm_password,
            &self.client_secret,
        ]
    }
}

/// All questions, in the order in which they are asked.
pub(super) const QUESTIONS: [Question; 8] = [
    Question {
        variable: "wizard_issuer",
        explanation: "The public URL of this service. Browsers and the NAS itself reach it \
                      there,\nby HTTPS. Such as https://login.example.com",
        prompt: "Public URL of this service",
        on_enter: OnEnter::AskAgain,
        echo: Echo::On,
        ends: Ends::Trim,
        check: validate::issuer,
    },
    Question {
        variable: "wizard_redirect_uri",
        explanation: "The URL that you type to reach DSM, up to the first /; it goes into DSM's\nSSO \
                      settings too. Such as https://nas.example.com/",
        prompt: "URL of DSM in the browser",
        on_enter: OnEnter::AskAgain,
        echo: Echo::On,
        ends: Ends::Trim,
        check: validate::redirect_uri,
    },
    Question {
        variable: "wizard_google_client_id",
        explanation: "From the Google console, APIs & Services > Credentials: an OAuth\nclient of \
                      the type Web application.",
        prompt: "Google's client ID",
        on_enter: OnEnter::AskAgain,
        echo: Echo::On,
        ends: Ends::Trim,
        check: validate::google_client_id,
    },
    Question {
        variable: "wizard_google_client_secret",
        explanation: "The secret that the Google console shows with it. It is not shown here.",
        prompt: "Google's client secret",
        on_enter: OnEnter::AskAgain,
        echo: Echo::Off,
        ends: Ends::Trim,
        check: google_secret,
    },
    Question {
        variable: "wizard_dsm_url",
        explanation: "The URL of DSM's web API, from this machine.",
        prompt: "DSM's own URL",
        on_enter: OnEnter::Take("http://127.0.0.1:5000"),
        echo: Echo::On,
        ends: Ends::Trim,
        check: validate::dsm_url,
    },
    Question {
        variable: "wizard_dsm_account",
        explanation: "A DSM account with which this service reads the list of users. It must be\nan \
                      administrator, because DSM lists its users only to administrators.",
        prompt: "DSM account",
        on_enter: OnEnter::Take("sso-reader"),
        echo: Echo::On,
        ends: Ends::Trim,
        check: validate::dsm_account,
    },
    Question {
        variable: "wizard_dsm_password",
        explanation: "The password of that account. It is not shown here.",
        prompt: "Password of the DSM account",
        on_enter: OnEnter::AskAgain,
        echo: Echo::Off,
        ends: Ends::Keep,
        check: password,
    },
    Question {
        variable: "wizard_client_secret",
        explanation: "A secret between DSM and this service, DSM's \"Application secret\".\nIt is not \
                      shown here.",
        prompt: "Application secret",
        on_enter: OnEnter::Generate,
        echo: Echo::Off,
        ends: Ends::Trim,
        check: client_secret,
    },
];

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
