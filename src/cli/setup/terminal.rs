//! Asks a person at a terminal.

use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use nix::sys::signal::{SigSet, Signal};
use zeroize::Zeroizing;

use super::questions::{Answers, Echo, OnEnter, Question};
use crate::random::{OsRandom, Random};
use crate::secret::Secret;

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
    Answers::gather(ask)
}

fn ask(question: &Question) -> anyhow::Result<Secret<String>> {
    let hint = match question.on_enter {
        OnEnter::AskAgain => String::new(),
        OnEnter::Take(default) => format!(" [{default}]"),
        OnEnter::Invent => " [a random one]".to_owned(),
    };
    let prompt = format!("{}{hint}: ", question.prompt);
    say(&format!("\n{}\n", question.explanation))?;
    loop {
        let answer = read(&prompt, question.echo)?;
        let answer = match question.on_enter {
            OnEnter::Take(default) if answer.expose().is_empty() => Secret::new(default.to_owned()),
            OnEnter::Invent if answer.expose().is_empty() => invent()?,
            OnEnter::AskAgain | OnEnter::Take(_) | OnEnter::Invent => answer,
        };
        match (question.check)(answer.expose()) {
            Ok(()) => return Ok(answer),
            Err(message) => say(&format!("  The answer {message}.\n"))?,
        }
    }
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
