//! Compares the answers of the wizard with an existing config.

use super::questions::{Answers, QUESTIONS, Question};
use crate::config::Config;
use crate::machine::secret_file::read_secret_file;
use domain::base::issuer::Issuer;
use domain::base::secret::Secret;

/// Returns the questions whose answers differ from `config`. DSM is the client
/// `synology`, else the first one.
pub(super) fn differing(config: &Config, answers: &Answers) -> Vec<&'static Question> {
    let mut clients = config.clients.iter();
    let dsm = clients.find(|client| client.id.as_str() == "synology");
    let dsm = dsm.or(config.clients.first());
    let is_same = |question: &Question| match question.variable {
        "wizard_issuer" => {
            let answer = Issuer::parse(answers.issuer.expose());
            answer.is_ok_and(|answer| answer.as_str() == config.issuer.as_str())
        }
        "wizard_redirect_uri" => {
            dsm.is_some_and(|client| client.trust(answers.redirect_uri.expose()).is_some())
        }
        "wizard_google_client_id" => config.google.client_id == *answers.google_client_id.expose(),
        "wizard_google_client_secret" => {
            equal(&config.google.client_secret, &answers.google_client_secret)
        }
        "wizard_dsm_url" => config.dsm.url == answers.dsm_url.expose().trim_end_matches('/'),
        "wizard_dsm_account" => config.dsm.account == *answers.dsm_account.expose(),
        "wizard_dsm_password" => {
            let kept = read_secret_file(&config.dsm.password_file);
            kept.is_ok_and(|kept| equal(&kept, &answers.dsm_password))
        }
        "wizard_client_secret" => {
            dsm.is_some_and(|client| equal(&client.secret, &answers.client_secret))
        }
        _ => true,
    };
    let questions = QUESTIONS.iter();
    questions.filter(|question| !is_same(question)).collect()
}

fn equal(kept: &Secret<String>, answer: &Secret<String>) -> bool {
    kept.matches(answer.expose().as_bytes())
}
