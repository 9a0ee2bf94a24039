//! Asks a person at a terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use nix::sys::signal::{SigSet, Signal};
use zeroize::Zeroizing;

use super::questions::{Answers, Echo, OnEnter, Question};
use crate::config::validate::Given;
use crate::logging;
use crate::machine::random::OsRandom;
use domain::base::random::Random;
use domain::base::secret::Secret;

/// Whether somebody is there to be asked.
pub(super) fn somebody_is_there() -> bool {
    io::stdin().is_terminal()
}

/// Asks all questions, each until its answer is of good form.
pub(super) fn ask_everything() -> anyhow::Result<Answers> {
    say(
        "The first values; each is explained. Enter takes what stands in brackets,\n\
         and Ctrl-C ends this with nothing written.\n",
    )?;
    Answers::gather(Given::defaults(), |question, given| {
        ask(question, given, None)
    })
}

/// The same where there are values already, as far as `present` knows them.
pub(super) fn ask_for_changes<'a>(
    given: Given,
    present: impl Fn(&Question) -> Option<&'a Secret<String>>,
) -> anyhow::Result<Answers> {
    say(
        "The present values; each is explained. Enter keeps what stands in brackets,\n\
         and Ctrl-C ends this with nothing written.\n",
    )?;
    Answers::gather(given, |question, given| {
        ask(question, given, present(question))
    })
}

fn ask(
    question: &Question,
    given: &Given,
    present: Option<&Secret<String>>,
) -> anyhow::Result<Secret<String>> {
    let hint = match (present, question.on_enter) {
        (Some(value), _) if question.echo == Echo::On => format!(" [{}]", plain(value.expose())),
        (Some(_), _) => " [the present one]".to_owned(),
        (None, OnEnter::AskAgain) => String::new(),
        (None, OnEnter::Take(default)) => format!(" [{default}]"),
        (None, OnEnter::Invent) => " [a random one]".to_owned(),
    };
    let prompt = format!("{}{hint}: ", question.prompt);
    say(&format!("\n{}\n", question.explanation))?;
    let problem = present.and_then(|value| (question.check)(value.expose(), given).err());
    if let Some(message) = problem {
        say(&format!("  The present value {}.\n", plain(&message)))?;
    }
    loop {
        let (answer, is_trimmed) = question.trimmed(read(&prompt, question.echo)?);
        if is_trimmed {
            say("  White space at the beginning or the end was removed.\n")?;
        }
        let answer = match (present, question.on_enter) {
            _ if !answer.expose().is_empty() => answer,
            // Whether all of it is valid is told at the end.
            (Some(value), _) => return Ok(value.clone()),
            (None, OnEnter::Take(default)) => Secret::new(default.to_owned()),
            (None, OnEnter::Invent) => invent()?,
            (None, OnEnter::AskAgain) => answer,
        };
        match (question.check)(answer.expose(), given) {
            Ok(()) => return Ok(answer),
            Err(message) => say(&format!("  The answer {message}.\n"))?,
        }
    }
}

/// What a config says, without what steers a terminal.
fn plain(text: &str) -> String {
    text.replace(|character| !logging::is_plain(character), "\u{fffd}")
}

fn read(prompt: &str, echo: Echo) -> anyhow::Result<Secret<String>> {
    match echo {
        Echo::On => {
            say(prompt)?;
            read_line()
        }
        Echo::Off => {
            // At Ctrl-C rpassword raises the signal before it gives the
            // terminal its echo back: it has to wait for that.
            let interrupt = SigSet::from_iter([Signal::SIGINT]);
            interrupt.thread_block()?;
            let answer = rpassword::prompt_password(prompt);
            interrupt.thread_unblock()?;
            Ok(Secret::new(answer.context("read from the terminal")?))
        }
    }
}

/// One line of standard input, without blanks around it.
pub(super) fn read_line() -> anyhow::Result<Secret<String>> {
    let mut line = Zeroizing::new(String::new());
    let read = io::stdin().lock().read_line(&mut line);
    if read.context("read from standard input")? == 0 {
        bail!("standard input ended; nothing was written");
    }
    Ok(Secret::new(line.trim().to_owned()))
}

/// Questions are no results: they go to standard error.
pub(super) fn say(text: &str) -> anyhow::Result<()> {
    let mut output = io::stderr().lock();
    let written = output.write_all(text.as_bytes());
    written
        .and_then(|()| output.flush())
        .context("write to standard error")
}

fn invent() -> anyhow::Result<Secret<String>> {
    let random: &dyn Random = &OsRandom::default();
    Ok(Secret::new(random.token::<32>()?))
}
