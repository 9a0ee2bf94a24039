//! The report of `explain` as a table.

use std::iter;

use super::super::control_client::Report;
use super::super::table::{Cell, Reader, Tone, wrapped};
use crate::control::{Explanation, Rule};

/// The names of the seven rules.
const NAMES: [&str; 7] = [
    "Verified",
    "By alias",
    "By link",
    "By address",
    "Active and allowed",
    "Not another's",
    "Linked",
];

/// The widths of the columns with the rule and its result.
const RULE: usize = 22;
const RESULT: usize = 6;

impl Report for Explanation {
    fn to_table(&self, reader: &Reader) -> String {
        let (result, tone) = match &self.user {
            Some(user) => (format!("signed in as {user}"), Tone::Good),
            None => (format!("refused: {}", self.verdict), Tone::Bad),
        };
        let address = Cell::printable(&self.address);
        let result = reader.painted(&Cell::printable(&result), tone);
        let mut text = format!("{address}, {}\n{result}\n\n", reader.when(self.at));
        let head = format!("{:<RULE$}{:<RESULT$}FOUND", "RULE", "");
        text.extend([reader.painted(&head, Tone::Heading), "\n".to_owned()]);
        for rule in &self.rules {
            text.push_str(&rule.lines(reader));
        }
        let Some(claims) = &self.claims else {
            return text;
        };
        let rows = claims.iter().map(|(name, value)| {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            [Cell::new(name), Cell::new(value)]
        });
        text.push('\n');
        text.push_str(&reader.table(["CLAIM", "VALUE"], rows));
        if !claims.contains_key("sub") {
            text.push_str("sub: known after the first sign-in\n");
        }
        text
    }
}

impl Rule {
    fn lines(&self, reader: &Reader) -> String {
        let index = usize::from(self.number).wrapping_sub(1);
        let name = NAMES.get(index).copied().unwrap_or_default();
        let name = format!("{} {name}", self.number);
        let tone = match self.result.as_str() {
            "pass" => Tone::Good,
            "fail" => Tone::Bad,
            _ => Tone::Plain,
        };
        let result = Cell::printable(&self.result);
        let result = reader.painted(&format!("{result:<RESULT$}"), tone);
        let first = format!("{name:<RULE$}{result}");
        let next = " ".repeat(RULE + RESULT);
        let starts = iter::once(first).chain(iter::repeat(next));
        let message = wrapped(&Cell::printable(&self.message), RULE + RESULT);
        let lines = starts
            .zip(message)
            .flat_map(|(start, line)| [start, line, "\n".to_owned()]);
        lines.collect()
    }
}
