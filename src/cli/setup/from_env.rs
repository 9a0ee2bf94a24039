//! `setup --from-env`: takes the values from Package Center's wizard, and what
//! is missing from DSM.

use std::path::Path;

use super::dialog::{Rejection, Remark};
use super::dsm::{self, Account, Visit};
use super::questions::{
    DEFAULT_DSM_URL, DSM_ACCOUNT, DSM_PASSWORD, DSM_URL, Interview, REDIRECT_URI, question,
};
use super::wizard::{Filled, Wizard};
use super::{EntersInDsm, Existing, change, tell, write};
use crate::cli::{BAD_USAGE, FAILED, complain};
use crate::config::Config;
use domain::base::secret::Secret;

/// Writes the config in `path` from the wizard's variables; returns the exit
/// code.
pub(super) fn run(path: &Path, existing: Existing, client: Option<&str>) -> u8 {
    let mut filled = match Wizard::read(client) {
        Wizard::Skipped => return 0,
        Wizard::Invalid(problems) => return reject(&problems),
        Wizard::Answered(filled) => filled,
    };
    let kept = match existing {
        Existing::Keep => Config::load(path).ok(),
        Existing::Replace => None,
    };
    if let Some(config) = kept {
        complain(&compare(&config, &filled));
        return FAILED;
    }
    match complete(&mut filled) {
        Ok(Ok(())) => {}
        Ok(Err(problem)) => return reject(&[problem]),
        Err(error) => return tell(Err(error)),
    }
    if !filled.remarks.is_empty() {
        complain(&format!("remarks:\n  {}", filled.remarks.join("\n  ")));
    }
    let enters = if filled.applies {
        EntersInDsm::Daemon
    } else {
        EntersInDsm::Person
    };
    tell(write(path, filled.interview.answers, existing, enters))
}

fn reject(problems: &[String]) -> u8 {
    let problems = problems.join("\n  ");
    complain(&format!("nothing was written:\n  {problems}"));
    BAD_USAGE
}

/// Names the answers that differ from `config` and were not used.
fn compare(config: &Config, filled: &Filled) -> String {
    let wording = filled.wording;
    let differing = change::differing(config, &filled.interview.answers).into_iter();
    let apply = filled.applies.then(|| wording.apply().to_owned());
    let names = differing.map(|question| wording.name(question));
    let names: Vec<String> = names
        .chain(apply)
        .map(|name| format!("\n  {name}"))
        .collect();
    let kept = format!("nothing was written: {} exists", config.file.display());
    if names.is_empty() {
        return format!("{kept}, and all answers agree with it");
    }
    format!(
        "{kept}; --force replaces it and its secret files. These answers differ from it:{}",
        names.concat()
    )
}

/// Finds DSM, tests the account there, and adds what DSM knows. Returns what
/// is wrong with an answer.
fn complete(filled: &mut Filled) -> anyhow::Result<Result<(), String>> {
    let wording = filled.wording;
    let interview = &mut filled.interview;
    let expected = text(interview, DSM_URL).unwrap_or_else(|| DEFAULT_DSM_URL.to_owned());
    let bare = expected.trim_end_matches('/');
    let found = if bare == DEFAULT_DSM_URL {
        dsm::find_here(text(interview, REDIRECT_URI).as_deref())?
    } else {
        dsm::find_at(bare)?
    };
    let Some(mut url) = found else {
        let remark = dsm::silent(bare);
        filled.remarks.push(wording.text(&remark).to_owned());
        interview.accept(question(DSM_URL), Secret::new(expected));
        return Ok(fill_home(filled, None, Some(&remark)));
    };
    let empty = Secret::new(String::new());
    let account = Account {
        name: &text(interview, DSM_ACCOUNT).unwrap_or_default(),
        password: interview.answers.get(DSM_PASSWORD).unwrap_or(&empty),
        device_token: None,
    };
    let (mut home, mut obstacle) = (None, None);
    match dsm::visit(&url, &account)? {
        Visit::Rejected(variable, why) => {
            return Ok(Err(wording.problem(question(variable), &why)));
        }
        Visit::Untested(remark) => {
            filled.remarks.push(wording.text(&remark).to_owned());
            obstacle = Some(remark);
        }
        Visit::Done {
            better_url,
            home: said,
        } => {
            url = better_url.unwrap_or(url);
            home = said;
        }
    }
    if url == bare {
        url = expected;
    } else {
        let remark = dsm::found(&url);
        filled.remarks.push(wording.text(&remark).to_owned());
    }
    interview.accept(question(DSM_URL), Secret::new(url));
    Ok(fill_home(filled, home, obstacle.as_ref()))
}

/// Takes the URL of DSM in the browser from DSM, if it was left empty.
fn fill_home(
    filled: &mut Filled,
    home: Option<String>,
    obstacle: Option<&Remark>,
) -> Result<(), String> {
    let (interview, wording) = (&mut filled.interview, filled.wording);
    if interview.answers.contains_key(REDIRECT_URI) {
        return Ok(());
    }
    let asked = question(REDIRECT_URI);
    let Some(home) = home else {
        return Err(wording.problem(asked, &unknown_home(obstacle)));
    };
    if let Err(why) = (asked.check)(&home, interview) {
        let why = Rejection::new(
            format!(
                "is empty, and DSM's own name gives {home}, which {}",
                why.english
            ),
            format!(
                "est vide, et le nom que DSM se connaît donne {home}, qui ne convient pas : \
                 saisissez l'adresse que vous tapez dans le navigateur pour accéder à DSM"
            ),
        );
        return Err(wording.problem(asked, &why));
    }
    let change = Remark {
        english: format!("{home}, by the name and port that DSM has for itself"),
        french: format!("{home}, d'après le nom et le port que DSM se connaît"),
    };
    filled.remarks.push(wording.change(asked, &change));
    interview.accept(asked, Secret::new(home));
    Ok(())
}

fn unknown_home(obstacle: Option<&Remark>) -> Rejection {
    let (english, french) = match obstacle {
        None => (
            "DSM knows no name of its own".to_owned(),
            "DSM ne se connaît pas de nom".to_owned(),
        ),
        Some(remark) => (remark.english.clone(), remark.french.clone()),
    };
    Rejection::new(
        format!(
            "is empty: enter the address that you type in the browser to reach DSM, such as \
             https://nas.example.com/, because {english}"
        ),
        format!(
            "est vide : saisissez l'adresse que vous tapez dans le navigateur pour accéder à \
             DSM, par exemple https://nas.example.com/, car {french}"
        ),
    )
}

fn text(interview: &Interview, variable: &str) -> Option<String> {
    let answer = interview.answers.get(variable)?;
    Some(answer.expose().clone())
}
