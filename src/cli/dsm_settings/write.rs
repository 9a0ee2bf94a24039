//! `dsm-settings --apply` and `--undo`: the daemon writes DSM's settings, after
//! a typed yes.

use std::io::{self, IsTerminal};
use std::path::Path;

use arguments::{Arguments, DsmSettings};
use clap::CommandFactory;
use clap::error::ErrorKind;

use super::compare::{as_json, count, table};
use super::diff;
use crate::cli::control_client::{self, Form, PATIENCE, Unanswered, ask_daemon_of};
use crate::cli::setup::terminal;
use crate::cli::{FAILED, complain, print_clap, print_result};
use crate::control::{LeftPlace, Request, SettingsPlan, SettingsWritten};

/// Which of the two commands it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Apply,
    Undo,
}

/// Lets the daemon of the config at `path` write what the administrator agrees
/// to; returns the exit code.
pub(super) fn write(path: &Path, options: &DsmSettings) -> u8 {
    if let Some(problem) = obstacle(options) {
        return print_clap(&Arguments::command().error(ErrorKind::ArgumentConflict, problem));
    }
    let direction = if options.undo {
        Direction::Undo
    } else {
        Direction::Apply
    };
    let done = carry_out(path, options, direction);
    done.unwrap_or_else(|unanswered| unanswered.complain())
}

/// Returns why the question cannot be asked.
fn obstacle(options: &DsmSettings) -> Option<&'static str> {
    if options.yes {
        return None;
    }
    if options.json {
        return Some("--json needs --yes, because it prints JSON only and cannot ask");
    }
    let is_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    (!is_terminal).then_some(
        "standard input and output are not a terminal, so the changes cannot be shown and agreed \
         to: use --yes to write them without a question, or --compare to see them",
    )
}

fn carry_out(path: &Path, options: &DsmSettings, direction: Direction) -> Result<u8, Unanswered> {
    let form = Form::of(options.json);
    let reader = control_client::reader();
    let plan: SettingsPlan = ask_daemon_of(path, &direction.plan(), PATIENCE)?;
    let changes = diff::text(&plan, options.force, &reader);
    if let Some(changes) = &changes {
        if form == Form::Table && print_result(changes, 0) != 0 {
            return Ok(FAILED);
        }
        if !options.yes && !direction.is_agreed_to() {
            complain("nothing was written: the answer was not the word yes");
            return Ok(FAILED);
        }
    }
    let request = direction.request(plan.seen, options.force);
    let written: SettingsWritten = ask_daemon_of(path, &request, PATIENCE)?;
    let has_nothing = written.rows.is_empty() && written.left.is_empty();
    if has_nothing && direction == Direction::Apply {
        complain("nothing was written: the config has no client that is a DSM");
        return Ok(FAILED);
    }
    let differing = written.rows.iter().filter(|row| !row.same).count();
    let text = match form {
        Form::Json => as_json(&written.rows),
        Form::Table if has_nothing => "There is nothing to undo.\n".to_owned(),
        Form::Table => {
            let gap = if changes.is_some() { "\n" } else { "" };
            let table = table(&written.rows, direction.heading(), &reader);
            format!("{gap}{table}{}", direction.closing(differing))
        }
    };
    let is_complete = differing == 0 && written.left.is_empty() && written.problems.is_empty();
    let code = print_result(&text, if is_complete { 0 } else { FAILED });
    for problem in &written.problems {
        complain(problem);
    }
    for left in &written.left {
        complain(&direction.left(left));
    }
    Ok(code)
}

impl Direction {
    fn plan(self) -> Request {
        match self {
            Self::Apply => Request::PlanApply,
            Self::Undo => Request::PlanUndo,
        }
    }

    fn request(self, seen: String, force: bool) -> Request {
        match self {
            Self::Apply => Request::Apply { seen, force },
            Self::Undo => Request::Undo { seen, force },
        }
    }

    /// Waits for a line; only `yes` agrees.
    fn is_agreed_to(self) -> bool {
        let question = match self {
            Self::Apply => "\nType yes to write this to DSM: ",
            Self::Undo => "\nType yes to restore this in DSM: ",
        };
        let answer = terminal::say(question).and_then(|()| terminal::read_line());
        answer.is_ok_and(|answer| answer.expose() == "yes")
    }

    /// The heading above the values to which DSM's are compared.
    fn heading(self) -> &'static str {
        match self {
            Self::Apply => "OURS",
            Self::Undo => "BEFORE",
        }
    }

    fn closing(self, differing: usize) -> String {
        match (self, differing) {
            (Self::Apply, 0) => "DSM has the same values.\n".to_owned(),
            (Self::Undo, 0) => "DSM has the values from before dsm-settings --apply.\n".to_owned(),
            (_, differing) => format!("{}.\n", count(differing)),
        }
    }

    fn left(self, left: &LeftPlace) -> String {
        let LeftPlace { place, why, .. } = left;
        let dialog = diff::dialog(place);
        let by_hand = match self {
            Self::Apply => "enter the values of dsm-settings",
            Self::Undo => "enter the values from before",
        };
        format!(
            "{place} was not changed: {why}. Use --force to replace it, or {by_hand} in {dialog}"
        )
    }
}
