//! What is asked for at first, by whomever: a person at a terminal, or Package
//! Center's wizard.

use crate::config::validate::{self, Given};
use domain::base::secret::Secret;

/// As much as a secret file may hold, but for its line's end.
const MAX_SECRET: usize = 4_000;

/// Whoever guesses it may redeem codes.
const LEAST_CLIENT_SECRET: usize = 16;

/// One value, and how to ask for it.
pub(super) struct Question {
    /// The variable in which Package Center's wizard hands it over.
    pub(super) variable: &'static str,
    /// What it is for, in a line or two.
    pub(super) explanation: &'static str,
    /// What stands before the cursor.
    pub(super) prompt: &'static str,
    /// What an empty answer means.
    pub(super) on_enter: OnEnter,
    /// Whether it may be seen while it is typed.
    pub(super) echo: Echo,
    /// Whether white space at its ends is part of an answer.
    pub(super) ends: Ends,
    /// What is wrong with an answer, to be read after its name.
    pub(super) check: fn(&str, &Given) -> Result<(), String>,
}

/// What an empty answer means to a person who is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum OnEnter {
    /// No answer.
    AskAgain,
    /// This one. The fields of the package's wizard are filled with it, too.
    Take(&'static str),
    /// A secret that we make.
    Invent,
}

/// Whether what is typed is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    On,
    Off,
}

/// What white space at the ends of an answer is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// Pasted by mistake.
    Trim,
    /// Part of the answer.
    Keep,
}

impl Question {
    /// The answer `text` as it is meant, and whether that differs.
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

/// What has been answered, each of good form.
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
    /// Asks all questions, in an order in which a person has the answers at
    /// hand. `given` is what the config says beside them.
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
    /// In the order of [`QUESTIONS`].
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

/// All of them.
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
                      settings, too. Such as https://nas.example.com/",
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
        explanation: "Where DSM's web API is, as seen from this machine.",
        prompt: "DSM's own URL",
        on_enter: OnEnter::Take("http://127.0.0.1:5000"),
        echo: Echo::On,
        ends: Ends::Trim,
        check: validate::dsm_url,
    },
    Question {
        variable: "wizard_dsm_account",
        explanation: "A DSM account for this service, that reads the list of users. It has to be\nan \
                      administrator, since DSM lists its users to nobody else.",
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
        on_enter: OnEnter::Invent,
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
            "is shorter than {LEAST_CLIENT_SECRET} characters, so that it can be guessed"
        ));
    }
    Ok(())
}

/// Blanks at its ends are part of a password.
fn password(text: &str, _: &Given) -> Result<(), String> {
    validate::line(text.trim_matches(' '), MAX_SECRET)?;
    if text.len() > MAX_SECRET {
        return Err(format!("is longer than {MAX_SECRET} bytes"));
    }
    Ok(())
}
