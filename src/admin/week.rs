//! The week as a picture: when the NAS was and will be on, when jobs ran, when
//! users signed in and when sign-ins were refused, in a row for each day. Times
//! in, SVG out.
//!
//! Each row is a clock from 0 to 24 h, so that the same time of day is at the
//! same place in all rows. An hour that does not exist, since the clocks are
//! set forward, is hatched; so is one that occurs twice, which is drawn twice
//! at half the width.

mod days;
mod rows;
mod words;

use std::fmt;

use askama::Template;

use self::rows::Row;
use self::words::Labels;
use super::context::Context;
use super::section::{Html, Section};
use super::unreadable::Unreadable;
use crate::control::Request;
use crate::control::week::Week;
use crate::http::Language;

pub(crate) use days::around;

/// The lines of text that a day and the other parts are high.
const TOP: f64 = 2.2;
const ROW: f64 = 2.5;
const LEGEND_LINE: f64 = 1.9;

/// The pixels of a line of text in a file, and what is above and below.
const LINE_IN_FILE: f64 = 13.0;
const MARGINS_OF_FILE: f64 = 60.0;

pub(super) const SECTION: Section = Section {
    show: |context| Box::pin(show(context)),
    forms: &[],
};

#[derive(Template)]
#[template(path = "week.html")]
struct WeekSection {
    language: Language,
    picture: String,
}

async fn show(context: &Context<'_>) -> Html {
    let language = context.language;
    let week: Week = match context.ask(Request::Week).await {
        Ok(week) => week,
        Err(refused) => return Unreadable::html(heading(language), &refused),
    };
    let picture = draw(&week, language, Place::Page).unwrap_or_else(|error| {
        tracing::error!(%error, "cannot draw the week");
        String::new()
    });
    Html::of(&WeekSection { language, picture })
}

fn heading(language: Language) -> &'static str {
    language.say("The week", "La semaine")
}

/// Where the picture is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a page: as wide as the place for it, with text that grows with that
    /// of the page. The page's policy allows the picture's style.
    Page,
    /// In a file of its own.
    File,
}

#[derive(Template)]
#[template(path = "week.svg", escape = "html")]
struct Picture<'a> {
    is_file: bool,
    language: &'static str,
    labels: &'a Labels,
    title: String,
    description: String,
    hours: [Hour; 5],
    rows: Vec<Row>,
    legend: Vec<LegendEntry>,
    end_of_rows: Number,
    height: Number,
    pixels: Number,
}

/// A vertical line, with its text above it.
struct Hour {
    x: Number,
    text: &'static str,
    anchor: &'static str,
}

/// A symbol with its meaning below the rows.
struct LegendEntry {
    symbol: &'static str,
    x: Number,
    y: Number,
    text: String,
}

/// A length, with two digits at most.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = (self.0 * 100.0).round() / 100.0;
        write!(f, "{rounded}")
    }
}

/// Returns `week` as SVG, with its texts in `language`.
pub(crate) fn draw(week: &Week, language: Language, place: Place) -> askama::Result<String> {
    let labels = words::labels(language);
    let rows = rows::all(week, labels);
    let end_of_rows = TOP + ROW * lines(rows.len());
    let legend = legend(week, &rows, labels, end_of_rows + 1.2);
    let height = end_of_rows + 0.6 + LEGEND_LINE * lines(legend.len().div_ceil(2));
    let picture = Picture {
        is_file: place == Place::File,
        language: labels.tag,
        labels,
        title: labels.title(week),
        description: labels.description(week, &rows),
        hours: hours(),
        rows,
        legend,
        end_of_rows: Number(end_of_rows),
        height: Number(height),
        pixels: Number((height * LINE_IN_FILE + MARGINS_OF_FILE).ceil()),
    };
    picture.render()
}

fn lines(count: usize) -> f64 {
    u32::try_from(count).map_or(0.0, f64::from)
}

fn hours() -> [Hour; 5] {
    let texts = ["0 h", "6 h", "12 h", "18 h", "24 h"];
    let mut share = -0.25;
    texts.map(|text| {
        share += 0.25;
        Hour {
            x: rows::x(share),
            text,
            anchor: match text {
                "24 h" => "end",
                _ => "middle",
            },
        }
    })
}

/// Only what may be in the picture: a clock change is rare.
fn legend(week: &Week, rows: &[Row], labels: &Labels, top: f64) -> Vec<LegendEntry> {
    let mut entries = vec![
        ("meant", labels.meant_on),
        ("on", labels.was_on),
        ("sign-in", labels.sign_in),
        ("refusal", labels.refusal),
        ("job", labels.job),
        ("planned", labels.planned),
    ];
    if week.jobs.iter().any(|job| job.failed) {
        entries.push(("failed", labels.failed));
    }
    if rows.iter().any(|row| !row.unknown.is_empty()) {
        entries.push(("unknown", labels.unknown));
    }
    if rows.iter().any(|row| row.change.is_some()) {
        entries.push(("change", labels.clock_change));
    }
    entries.push(("now", labels.now));
    let entries = entries.into_iter().enumerate();
    entries
        .map(|(index, (symbol, text))| LegendEntry {
            symbol,
            x: Number(if index % 2 == 0 { 0.0 } else { 50.0 }),
            y: Number(top + LEGEND_LINE * lines(index / 2)),
            text: text.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
