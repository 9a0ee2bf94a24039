//! Asks the questions on a terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use nix::sys::signal::{SigSet, Signal};
use zeroize::Zeroizing;

use super::google_file::GoogleFile;
use super::questions::{Answers, CLIENT_ID, Interview, OnEnter, QUESTIONS, Question, question};
use crate::config::validate::Given;
use crate::logging;
use crate::machine::random::OsRandom;
use domain::base::random::Random;
use domain::base::secret::Secret;

/// Returns whether standard input is a terminal.
pub(in super::super) fn is_interactive() -> bool {
    io::stdin().is_terminal()
}

/// What Enter takes at a question.
#[derive(Clone, Copy)]
pub(super) enum Offer<'a> {
    /// What the question says.
    Usual,
    /// The value in the config.
    Present(&'a Secret<String>),
    /// A value that was found elsewhere.
    Proposal(&'a str),
}

/// Asks all questions, each until its answer is valid. Offers the values in
/// `present`. The client comes from the JSON `client` of the Google console, if
/// that is given.
pub(super) fn ask_all(
    given: Given,
    present: &Answers,
    client: Option<&str>,
) -> anyhow::Result<Answers> {
    introduce("The present values. Enter keeps")?;
    let mut interview = Interview::new(given);
    take_client(&mut interview, client)?;
    for question in &QUESTIONS {
        if interview.answers.contains_key(question.variable) {
            continue;
        }
        let present = present.get(question.variable);
        let offer = present.map_or(Offer::Usual, Offer::Present);
        ask_once(&mut interview, question, offer)?;
    }
    Ok(interview.answers)
}

/// Says what the prompts mean; `start` is the start of the first sentence.
pub(super) fn introduce(start: &str) -> anyhow::Result<()> {
    say(&format!(
        "{start} the value in brackets; Ctrl-C stops and\nwrites nothing.\n"
    ))
}

/// Takes the ID and the secret from the JSON `client` of the Google console.
pub(super) fn take_client(interview: &mut Interview, client: Option<&str>) -> anyhow::Result<()> {
    let Some(client) = client else {
        return Ok(());
    };
    let question = question(CLIENT_ID);
    (question.check)(client, interview)
        .map_err(|why| Invalid(format!("the file {}", why.english)))?;
    interview.accept(question, Secret::new(client.to_owned()));
    Ok(())
}

/// Asks `question` until its answer is valid, and takes that.
pub(super) fn ask_once(
    interview: &mut Interview,
    question: &Question,
    offer: Offer<'_>,
) -> anyhow::Result<()> {
    let answer = ask(question, interview, offer)?;
    interview.accept(question, answer);
    Ok(())
}

/// A value that setup rejects without asking again.
#[derive(Debug, thiserror::Error)]
#[error("nothing was written: {0}")]
pub(super) struct Invalid(pub(super) String);

fn ask(
    question: &Question,
    so_far: &Interview,
    offer: Offer<'_>,
) -> anyhow::Result<Secret<String>> {
    let hint = match (offer, question.on_enter) {
        (Offer::Present(value), _) if question.file().is_none() => {
            format!(" [{}]", plain(value.expose()))
        }
        (Offer::Present(_), _) => " [the present one]".to_owned(),
        (Offer::Proposal(value), _) => format!(" [{}]", plain(value)),
        (Offer::Usual, OnEnter::AskAgain) => String::new(),
        (Offer::Usual, OnEnter::Take(default)) => format!(" [{default}]"),
        (Offer::Usual, OnEnter::Generate) => " [a random one]".to_owned(),
    };
    let prompt = format!("{}{hint}: ", question.prompt);
    say(&format!("\n{}\n", question.explanation))?;
    if let Offer::Present(value) = offer
        && let Err(why) = (question.check)(value.expose(), so_far)
    {
        let why = plain(&why.english);
        say(&format!("  The present value {why}.\n"))?;
    }
    loop {
        let (answer, is_trimmed) = question.trimmed(read(question, &prompt)?);
        if is_trimmed {
            say("  White space at the beginning or the end was removed.\n")?;
        }
        let answer = match (offer, question.on_enter) {
            _ if !answer.expose().is_empty() => answer,
            // The whole config is checked at the end.
            (Offer::Present(value), _) => return Ok(value.clone()),
            (Offer::Proposal(value), _) => Secret::new(value.to_owned()),
            (Offer::Usual, OnEnter::Take(default)) => Secret::new(default.to_owned()),
            (Offer::Usual, OnEnter::Generate) => generate()?,
            (Offer::Usual, OnEnter::AskAgain) => answer,
        };
        if let Some(completed) = question.completed(answer.expose(), so_far) {
            say(&format!("  Completed to {}\n", plain(&completed)))?;
            return Ok(Secret::new(completed));
        }
        match (question.check)(answer.expose(), so_far) {
            Ok(()) => return Ok(answer),
            Err(why) => say(&format!("  The answer {}.\n", plain(&why.english)))?,
        }
    }
}

/// Replaces terminal control characters.
pub(super) fn plain(text: &str) -> String {
    text.replace(|character| !logging::is_plain(character), "\u{fffd}")
}

fn read(question: &Question, prompt: &str) -> anyhow::Result<Secret<String>> {
    if question.file().is_none() {
        say(prompt)?;
        return read_json_or_line(question);
    }
    // At Ctrl-C rpassword raises the signal before it restores the echo of the
    // terminal, so the signal must wait.
    let interrupt = SigSet::from_iter([Signal::SIGINT]);
    interrupt.thread_block()?;
    let answer = rpassword::prompt_password(prompt);
    interrupt.thread_unblock()?;
    Ok(Secret::new(
        answer.context("cannot read from the terminal")?,
    ))
}

/// Reads a line; if it begins the JSON of the Google console, which a viewer
/// may have broken into lines, also the rest. An empty line ends it.
fn read_json_or_line(question: &Question) -> anyhow::Result<Secret<String>> {
    let mut text = read_line()?;
    while question.variable == CLIENT_ID
        && GoogleFile::is_one(text.expose())
        && GoogleFile::is_cut_off(text.expose())
    {
        let line = read_line()?;
        if line.expose().is_empty() {
            break;
        }
        text = Secret::new(format!("{}\n{}", text.expose(), line.expose()));
    }
    Ok(text)
}

/// Reads a line of standard input, without white space around it.
pub(in super::super) fn read_line() -> anyhow::Result<Secret<String>> {
    let mut line = Zeroizing::new(String::new());
    let read = io::stdin().lock().read_line(&mut line);
    if read.context("cannot read from standard input")? == 0 {
        bail!("standard input ended; nothing was written");
    }
    Ok(Secret::new(line.trim().to_owned()))
}

/// Writes to standard error, because questions are not results.
pub(in super::super) fn say(text: &str) -> anyhow::Result<()> {
    let mut output = io::stderr().lock();
    let written = output.write_all(text.as_bytes());
    written
        .and_then(|()| output.flush())
        .context("cannot write to standard error")
}

/// Returns a random secret.
pub(super) fn generate() -> anyhow::Result<Secret<String>> {
    let random: &dyn Random = &OsRandom::default();
    Ok(Secret::new(random.token::<32>()?))
}
