//! `setup` on a terminal without a config: asks for the values, and DSM for
//! the rest.

use std::path::Path;

use arguments::Doctor;

use super::dsm::{self, Account, Visit};
use super::enter::Daemon;
use super::questions::{
    Answers, CLIENT_ID, CLIENT_SECRET_OF_GOOGLE, DEFAULT_DSM_URL, DSM_ACCOUNT, DSM_PASSWORD,
    DSM_URL, ISSUER, Interview, REDIRECT_URI, question,
};
use super::terminal::{self, Invalid, Offer, ask_once, plain, say};
use super::{EntersInDsm, Existing, look_for_existing, tell, write};
use crate::cli::doctor;
use crate::config::validate::Given;
use domain::base::secret::Secret;

/// Asks for the values of the config in `path` and writes it; returns the exit
/// code.
pub(super) fn from_terminal(path: &Path, existing: Existing, client: Option<&str>) -> u8 {
    let daemon = Daemon::of(path);
    let (answers, enters) = match ask(path, existing, client) {
        Ok(asked) => asked,
        Err(error) => return tell(Err(error)),
    };
    let code = tell(write(path, answers, existing, enters));
    if code == 0 && enters == EntersInDsm::Daemon {
        daemon.wait_for_settings(path);
        // What doctor finds does not change that the config was written.
        doctor::doctor(path, &Doctor::default(), None);
    }
    code
}

fn ask(
    path: &Path,
    existing: Existing,
    client: Option<&str>,
) -> anyhow::Result<(Answers, EntersInDsm)> {
    // Before the questions, not after them.
    look_for_existing(path, existing)?;
    terminal::introduce("The values of the config. Enter takes")?;
    let mut interview = Interview::new(Given::defaults());
    let mut found = dsm::find_here(None)?;
    ask_about_google(&mut interview, client)?;
    if found.is_none() {
        found = ask_where_dsm_is(&mut interview)?;
    }
    if let Some(url) = &found {
        say(&format!("\n{}.\n", dsm::found(&plain(url)).english))?;
        interview.accept(question(DSM_URL), Secret::new(url.clone()));
    }
    for variable in [DSM_ACCOUNT, DSM_PASSWORD] {
        ask_once(&mut interview, question(variable), Offer::Usual)?;
    }
    let home = match found {
        Some(url) => sign_in(&mut interview, &url)?,
        None => None,
    };
    if !interview.answers.contains_key(REDIRECT_URI) {
        if home.is_none() {
            say("\nDSM did not say its own name.\n")?;
        }
        let offer = home.as_deref().map_or(Offer::Usual, Offer::Proposal);
        ask_once(&mut interview, question(REDIRECT_URI), offer)?;
    }
    let enters = ask_who_enters(&interview)?;
    Ok((interview.answers, enters))
}

fn ask_about_google(interview: &mut Interview, client: Option<&str>) -> anyhow::Result<()> {
    terminal::take_client(interview, client)?;
    for variable in [CLIENT_ID, CLIENT_SECRET_OF_GOOGLE] {
        if !interview.answers.contains_key(variable) {
            ask_once(interview, question(variable), Offer::Usual)?;
        }
    }
    let asked = question(ISSUER);
    let proposed = interview.proposed_issuer();
    match proposed {
        Some(issuer) if client.is_some() => {
            let shown = plain(&issuer);
            say(&format!("\n{}: {shown}, from the file\n", asked.prompt))?;
            interview.accept(asked, Secret::new(issuer));
            Ok(())
        }
        Some(issuer) => ask_once(interview, asked, Offer::Proposal(&issuer)),
        None => ask_once(interview, asked, Offer::Usual),
    }
}

/// Asks for the URL of DSM in the browser, whose port may be that of DSM, and
/// if it is not, for DSM's own URL. Returns the URL at which DSM answers.
fn ask_where_dsm_is(interview: &mut Interview) -> anyhow::Result<Option<String>> {
    ask_once(interview, question(REDIRECT_URI), Offer::Usual)?;
    let home = interview.answers.get(REDIRECT_URI);
    let found = dsm::find_here(home.map(|home| home.expose().as_str()))?;
    if found.is_some() {
        return Ok(found);
    }
    say(&format!(
        "\nDSM does not answer at {DEFAULT_DSM_URL} or https://127.0.0.1:5001.\n"
    ))?;
    ask_once(interview, question(DSM_URL), Offer::Usual)?;
    let url = interview.answers.get(DSM_URL);
    let url = url.map_or(DEFAULT_DSM_URL, |url| url.expose());
    let found = dsm::find_at(url)?;
    if found.is_none() {
        let silent = dsm::silent(&plain(url)).english;
        say(&format!("  {silent}.\n"))?;
    }
    Ok(found)
}

/// Signs in to DSM at `url`. Returns the URL of DSM in the browser, if DSM
/// knows its own name.
fn sign_in(interview: &mut Interview, url: &str) -> anyhow::Result<Option<String>> {
    let answers = &interview.answers;
    let (Some(name), Some(password)) = (answers.get(DSM_ACCOUNT), answers.get(DSM_PASSWORD)) else {
        return Ok(None);
    };
    let account = Account {
        name: name.expose(),
        password,
        device_token: None,
    };
    let home = match dsm::visit(url, &account)? {
        Visit::Rejected(variable, why) => {
            let name = question(variable).prompt;
            return Err(Invalid(format!("{name}: {}", why.english)).into());
        }
        Visit::Untested(remark) => {
            say(&format!("  {}.\n", plain(&remark.english)))?;
            return Ok(None);
        }
        Visit::Done { better_url, home } => {
            if let Some(url) = better_url {
                say(&format!("\n{}.\n", dsm::found(&plain(&url)).english))?;
                interview.accept(question(DSM_URL), Secret::new(url));
            }
            home
        }
    };
    let check = question(REDIRECT_URI).check;
    Ok(home.filter(|home| check(home, interview).is_ok()))
}

/// Asks whether the daemon is to enter the settings in DSM.
fn ask_who_enters(interview: &Interview) -> anyhow::Result<EntersInDsm> {
    let issuer = interview.answers.get(ISSUER);
    let issuer = issuer.map_or_else(String::new, |issuer| plain(issuer.expose()));
    say(&format!(
        "\nDSM needs this service in its SSO client, and in its reverse proxy a rule for\n{issuer}. \
         What DSM has there for another service stays as it is.\n"
    ))?;
    loop {
        say("Enter these settings in DSM, and test everything? [Y/n]: ")?;
        let answer = terminal::read_line()?;
        match answer.expose().to_ascii_lowercase().as_str() {
            "" | "y" | "yes" => return Ok(EntersInDsm::Daemon),
            "n" | "no" => return Ok(EntersInDsm::Person),
            _ => {}
        }
    }
}
