//! The report of `status`.

use std::iter;

use super::super::control_client::Report;
use super::super::table::{Cell, Reader, Tone, wrapped};
use crate::control::{Directory, Status};
use domain::base::clock::span_in_words;
use domain::model::power::Outlook;

impl Report for Status {
    fn to_table(&self, reader: &Reader) -> String {
        let uptime = reader.now.since(self.started.0);
        let mut text = format!(
            "google-to-synology-sso {}, running for {}, since {}\n\n",
            Cell::printable(&self.version),
            span_in_words(uptime),
            reader.time(self.started)
        );
        text.push_str(&self.directory.lines(reader));
        let fetched = self.google.keys_refreshed;
        let keys = fetched.map_or_else(|| "not fetched yet".to_owned(), |at| reader.when(at));
        text.push_str(&line("Google's keys", &keys));
        text.push_str(&failure(reader, self.google.error.as_deref()));
        text.push_str(&lines("Power", &self.power_words(reader)));
        text.push_str(&self.apply_lines(reader));
        text.push('\n');
        let jobs = self.jobs.iter();
        let jobs = jobs.map(|job| {
            let next = job.next.map(|next| reader.when(next));
            [Cell::new(&job.name), Cell::optional(next)]
        });
        text.push_str(&reader.table(["JOB", "NEXT"], jobs));
        text.push('\n');
        text.push_str(&self.sign_in_lines(reader));
        text.push('\n');
        text.push_str(&self.refusal_lines(reader));
        text.push_str(&self.problem_lines(reader));
        text
    }
}

impl Status {
    /// What the wizard asked the daemon to write in DSM, if it did.
    fn apply_lines(&self, reader: &Reader) -> String {
        let Some(applied) = &self.apply else {
            return String::new();
        };
        let text = format!("{}: {}", reader.time(applied.at), applied.message);
        let tone = match applied.result.as_str() {
            "done" => Tone::Good,
            _ => Tone::Bad,
        };
        toned_lines(reader, "DSM settings", &text, tone)
    }

    fn sign_in_lines(&self, reader: &Reader) -> String {
        if self.sign_ins.is_empty() {
            return "No sign-in is recorded yet.\n".to_owned();
        }
        let sign_ins = self.sign_ins.iter().take(MOST_SIGN_INS).map(|sign_in| {
            [
                Cell::new(reader.time(sign_in.at)),
                Cell::new(&sign_in.user),
                Cell::new(&sign_in.address),
                Cell::new(&sign_in.client),
            ]
        });
        reader.table(
            ["SIGNED IN", "DSM USER", "GOOGLE ADDRESS", "CLIENT"],
            sign_ins,
        )
    }

    fn refusal_lines(&self, reader: &Reader) -> String {
        if self.refusals.is_empty() {
            return "No refused sign-in is recorded.\n".to_owned();
        }
        let refusals = self.refusals.iter().take(MOST_REFUSALS).map(|refused| {
            [
                Cell::new(reader.time(refused.at)),
                Cell::toned(&refused.name, Tone::Bad),
                Cell::optional(refused.address.as_deref()),
                Cell::optional(refused.user.as_deref()),
            ]
        });
        reader.table(["REFUSED", "WHY", "GOOGLE ADDRESS", "DSM USER"], refusals)
    }

    /// Each problem with its message below it.
    fn problem_lines(&self, reader: &Reader) -> String {
        if self.problems.is_empty() {
            return String::new();
        }
        let mut text = format!("\n{}\n", reader.painted("RECENT PROBLEMS", Tone::Heading));
        for problem in &self.problems {
            let name = reader.painted(&Cell::printable(&problem.name), Tone::Bad);
            let head = [
                reader.time(problem.at),
                "  ".to_owned(),
                name,
                "\n".to_owned(),
            ];
            text.extend(head);
            for line in wrapped(&Cell::printable(&problem.message), MESSAGE_INDENT) {
                text.extend([" ".repeat(MESSAGE_INDENT), line, "\n".to_owned()]);
            }
        }
        text
    }

    fn power_words(&self, reader: &Reader) -> String {
        let source = match self.power.source.as_deref() {
            None => return "no schedule is known: always on".to_owned(),
            Some("off") => return "always on (power.schedule is off)".to_owned(),
            Some("file") => "from DSM's file",
            Some("api") => "from DSM's web API",
            Some("state") => "from the state, read before this start",
            Some(other) => other,
        };
        let outlook = Outlook {
            next_off: self.power.next_off.map(|time| time.0),
            next_on: self.power.next_on.map(|time| time.0),
        };
        let words = outlook.in_words(&reader.zone, reader.now);
        Cell::printable(&format!("{words} ({source})"))
    }
}

impl Directory {
    fn lines(&self, reader: &Reader) -> String {
        let users = match (self.users, self.refreshed) {
            (Some(users), Some(at)) => format!("{users}, listed by DSM {}", reader.when(at)),
            (_, _) => "DSM has not listed them yet".to_owned(),
        };
        line("Users", &users) + &failure(reader, self.error.as_deref())
    }
}

/// As many as let the report fit on a screen; `--json` prints all.
const MOST_SIGN_INS: usize = 10;
const MOST_REFUSALS: usize = 20;

/// The column where a problem's message begins.
const MESSAGE_INDENT: usize = 4;

/// The column where the texts of `status` begin.
const INDENT: usize = 15;

fn line(name: &str, text: &str) -> String {
    format!("{name:<INDENT$}{text}\n")
}

/// Returns as many lines as `text` needs.
fn lines(name: &str, text: &str) -> String {
    let names = iter::once(name).chain(iter::repeat(""));
    let lines = names.zip(wrapped(text, INDENT));
    lines.map(|(name, text)| line(name, &text)).collect()
}

fn failure(reader: &Reader, error: Option<&str>) -> String {
    let Some(error) = error else {
        return String::new();
    };
    let error = format!("the last attempt failed: {error}");
    toned_lines(reader, "", &error, Tone::Bad)
}

/// As [`lines`], for a text from outside.
fn toned_lines(reader: &Reader, name: &str, text: &str, tone: Tone) -> String {
    let names = iter::once(name).chain(iter::repeat(""));
    let lines = names.zip(wrapped(&Cell::printable(text), INDENT));
    lines
        .map(|(name, text)| line(name, &reader.painted(&text, tone)))
        .collect()
}
