//! Asks the questions on a terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use nix::sys::signal::{SigSet, Signal};
use zeroize::Zeroizing;

use super::google_file::GoogleFile;
use super::questions::{self, Answers, CLIENT_ID, ISSUER, OnEnter, Question};
use crate::config::validate::Given;
use crate::logging;
use crate::machine::random::OsRandom;
use domain::base::random::Random;
use domain::base::secret::Secret;

/// Returns whether standard input is a terminal.
pub(in super::super) fn is_interactive() -> bool {
    io::stdin().is_terminal()
}

/// Asks all questions, each until its answer is valid, after a text that begins
/// with `intro`. Offers the values in `present`. The client comes from the
/// JSON `client` of the Google console, if that is given.
pub(super) fn ask_all(
    intro: &str,
    given: Given,
    present: &Answers,
    client: Option<&str>,
) -> anyhow::Result<Answers> {
    say(&format!(
        "{intro} the value in brackets; Ctrl-C stops and\nwrites nothing.\n"
    ))?;
    questions::ask_all(given, |question, given| {
        let present = present.get(question.variable);
        let known = client.map(|client| of_client(question, given, present, client));
        match known.transpose()?.flatten() {
            Some(answer) => Ok(answer),
            None => ask(question, given, present),
        }
    })
}

/// Returns the answer that the JSON `client` of the Google console has.
fn of_client(
    question: &Question,
    given: &Given,
    present: Option<&Secret<String>>,
    client: &str,
) -> anyhow::Result<Option<Secret<String>>> {
    if question.variable == CLIENT_ID {
        (question.check)(client, given).map_err(|why| Invalid(format!("the file {why}")))?;
        return Ok(Some(Secret::new(client.to_owned())));
    }
    let file = GoogleFile::parse(client).map_err(|why| Invalid(format!("the file {why}")))?;
    let issuer = file.issuer().ok().map(str::to_owned);
    let issuer = issuer.filter(|issuer| (question.check)(issuer, given).is_ok());
    let Some(issuer) = issuer.filter(|_| question.variable == ISSUER && present.is_none()) else {
        return Ok(None);
    };
    say(&format!("\n{}: {issuer}, from the file\n", question.prompt))?;
    Ok(Some(Secret::new(issuer)))
}

/// A value that setup rejects without asking again.
#[derive(Debug, thiserror::Error)]
#[error("nothing was written: {0}")]
pub(super) struct Invalid(String);

fn ask(
    question: &Question,
    given: &Given,
    present: Option<&Secret<String>>,
) -> anyhow::Result<Secret<String>> {
    let hint = match (present, question.on_enter) {
        (Some(value), _) if question.file().is_none() => format!(" [{}]", plain(value.expose())),
        (Some(_), _) => " [the present one]".to_owned(),
        (None, OnEnter::AskAgain) => String::new(),
        (None, OnEnter::Take(default)) => format!(" [{default}]"),
        (None, OnEnter::Generate) => " [a random one]".to_owned(),
    };
    let prompt = format!("{}{hint}: ", question.prompt);
    say(&format!("\n{}\n", question.explanation))?;
    let problem = present.and_then(|value| (question.check)(value.expose(), given).err());
    if let Some(message) = problem {
        say(&format!("  The present value {}.\n", plain(&message)))?;
    }
    loop {
        let (answer, is_trimmed) = question.trimmed(read(question, &prompt)?);
        if is_trimmed {
            say("  White space at the beginning or the end was removed.\n")?;
        }
        let answer = match (present, question.on_enter) {
            _ if !answer.expose().is_empty() => answer,
            // The whole config is checked at the end.
            (Some(value), _) => return Ok(value.clone()),
            (None, OnEnter::Take(default)) => Secret::new(default.to_owned()),
            (None, OnEnter::Generate) => generate()?,
            (None, OnEnter::AskAgain) => answer,
        };
        if let Some(completed) = question.completed(answer.expose(), given) {
            say(&format!("  Completed to {}\n", plain(&completed)))?;
            return Ok(Secret::new(completed));
        }
        match (question.check)(answer.expose(), given) {
            Ok(()) => return Ok(answer),
            Err(message) => say(&format!("  The answer {message}.\n"))?,
        }
    }
}

/// Replaces terminal control characters.
fn plain(text: &str) -> String {
    text.replace(|character| !logging::is_plain(character), "\u{fffd}")
}

fn read(question: &Question, prompt: &str) -> anyhow::Result<Secret<String>> {
    if question.file().is_none() {
        say(prompt)?;
        return read_line();
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
