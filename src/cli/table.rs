//! Tables and times for a terminal.

use std::time::Duration;

use jiff::tz::TimeZone;
use unicode_width::UnicodeWidthStr;

use crate::control::Time;
use crate::logging::is_plain;
use domain::base::clock::{UnixTime, span_in_words};

/// The length of the longest e-mail address (RFC 5321, section 4.5.3.1.3).
const WIDEST: usize = 254;

/// The time, the time zone and the colours of the terminal.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) now: UnixTime,
    pub(super) zone: TimeZone,
    pub(super) paint: Paint,
}

/// Whether to print colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Colours,
}

/// The colour of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Heading,
    Good,
    Bad,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self::toned(text, Tone::Plain)
    }

    pub(super) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        // All other rows would be padded to its width.
        let text = Self::short(&text.into());
        Self { text, tone }
    }

    /// Returns the printable form of `text`, cut off if it is very long.
    pub(super) fn short(text: &str) -> String {
        let mut text = Self::printable(text);
        if let Some((end, _)) = text.char_indices().nth(WIDEST) {
            text.truncate(end);
            text.push('\u{2026}');
        }
        text
    }

    /// Replaces control characters in text from DSM or Google, which could move
    /// the cursor or reverse the line.
    pub(super) fn printable(text: &str) -> String {
        text.replace(|character| !is_plain(character), "\u{fffd}")
    }

    /// Returns a cell with `-` for `None`.
    pub(super) fn optional(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(|| Self::new("-"), Self::new)
    }
}

impl Reader {
    /// Returns aligned columns under their headings.
    pub(super) fn table<const N: usize>(
        &self,
        headings: [&str; N],
        rows: impl IntoIterator<Item = [Cell; N]>,
    ) -> String {
        let headings = headings.map(|text| Cell::toned(text, Tone::Heading));
        let rows: Vec<[Cell; N]> = std::iter::once(headings).chain(rows).collect();
        let mut widths = [0; N];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.text.width().max(*width);
            }
        }
        let lines = rows.iter().map(|row| self.line(row, &widths));
        lines.collect()
    }

    fn line(&self, row: &[Cell], widths: &[usize]) -> String {
        let mut line = String::new();
        let mut gap = 0;
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&" ".repeat(gap));
            line.push_str(&self.painted(&cell.text, cell.tone));
            gap = width.saturating_sub(cell.text.width()) + 2;
        }
        line.push('\n');
        line
    }

    /// Returns `text` in the colour of `tone`, if colours are printed.
    pub(super) fn painted(&self, text: &str, tone: Tone) -> String {
        let code = match (self.paint, tone) {
            (Paint::Plain, _) | (_, Tone::Plain) => return text.to_owned(),
            (Paint::Colours, Tone::Heading) => "1",
            (Paint::Colours, Tone::Good) => "32",
            (Paint::Colours, Tone::Bad) => "31",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Returns the local time, to the minute.
    pub(super) fn time(&self, time: Time) -> String {
        let instant = jiff::Timestamp::from_second(time.0.seconds()).unwrap_or_default();
        let local = instant.to_zoned(self.zone.clone());
        local.strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// Returns the local time and its distance from now.
    pub(super) fn when(&self, time: Time) -> String {
        let seconds = time.0.seconds_after(self.now);
        let span = span_in_words(Duration::from_secs(seconds.unsigned_abs()));
        let distance = match seconds {
            0 => "now".to_owned(),
            1.. => format!("in {span}"),
            _ => format!("{span} ago"),
        };
        format!("{} ({distance})", self.time(time))
    }
}

/// The usual width of a terminal.
const WIDTH: usize = 80;

/// Wraps `text` to lines that fit behind `indent` spaces. A longer word gets a
/// line of its own.
pub(super) fn wrapped(text: &str, indent: usize) -> Vec<String> {
    let room = WIDTH.saturating_sub(indent);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let length = line.width() + 1 + word.width();
        if !line.is_empty() && length > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::tz::TimeZone;

    use super::{Cell, Paint, Reader, Tone, wrapped};
    use crate::control::Time;
    use domain::base::clock::UnixTime;

    /// Paris, on the evening of 2026-11-22.
    pub(in super::super) fn reader() -> Reader {
        Reader {
            now: UnixTime::from_seconds(1_795_372_200),
            zone: TimeZone::get("Europe/Paris").unwrap(),
            paint: Paint::Plain,
        }
    }

    #[test]
    fn columns_are_aligned_without_trailing_spaces() {
        let rows = [
            [Cell::new("Élodie"), Cell::new("ok")],
            [Cell::new("x"), Cell::optional(None::<String>)],
        ];
        let table = reader().table(["USER", "VERDICT"], rows);
        assert_eq!(table, "USER    VERDICT\nÉlodie  ok\nx       -\n");
    }

    /// Ideographs take two columns, combining accents none.
    #[test]
    fn columns_are_as_wide_as_a_terminal_shows_them() {
        let rows = ["\u{7530}\u{4e2d}", "e\u{301}lo", "jean"]
            .map(|name| [Cell::new(name), Cell::new("ok")]);
        let table = reader().table(["USER", "VERDICT"], rows);
        let expected = "USER  VERDICT\n\u{7530}\u{4e2d}  ok\ne\u{301}lo   ok\njean  ok\n";
        assert_eq!(table, expected);
    }

    #[test]
    fn colours_do_not_change_the_alignment() {
        let rows = || [[Cell::toned("ok", Tone::Good), Cell::new("jeanne")]];
        let reader = Reader {
            paint: Paint::Colours,
            ..reader()
        };
        assert_eq!(
            reader.table(["WHO", "IS"], rows()),
            "\u{1b}[1mWHO\u{1b}[0m  \u{1b}[1mIS\u{1b}[0m\n\u{1b}[32mok\u{1b}[0m   jeanne\n"
        );
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let rows = [[Cell::new("a\u{1b}[2Jb\nc\u{202e}d")]];
        assert_eq!(
            reader().table(["NAME"], rows),
            "NAME\na\u{fffd}[2Jb\u{fffd}c\u{fffd}d\n"
        );
    }

    #[test]
    fn a_very_long_name_does_not_widen_the_whole_table() {
        let rows = ["x".repeat(100_000), "jeanne".to_owned()];
        let rows = rows.map(|name| [Cell::new(name), Cell::new("ok")]);
        let table = reader().table(["NAME", "VERDICT"], rows);
        assert!(table.len() < 2_000, "{}", table.len());
        assert!(table.contains("x\u{2026}  ok"), "{table}");
    }

    #[test]
    fn times_are_local_and_have_their_distance() {
        let at = |seconds| Time(reader().now.plus(std::time::Duration::from_secs(seconds)));
        assert_eq!(reader().time(at(0)), "2026-11-22 19:30");
        assert_eq!(reader().when(at(3720)), "2026-11-22 20:32 (in 1 h 2 min)");
        let before = Time(reader().now.minus(std::time::Duration::from_mins(4)));
        assert_eq!(reader().when(before), "2026-11-22 19:26 (4 min ago)");
        assert_eq!(reader().when(at(0)), "2026-11-22 19:30 (now)");
    }

    #[test]
    fn a_long_sentence_is_broken_between_words() {
        let text = "the last try failed: cannot sign in";
        let lines = ["the last try failed:", "cannot sign in"];
        assert_eq!(wrapped(text, 60), lines);
        assert_eq!(wrapped(text, 45), [text]);
        assert_eq!(wrapped("a https://long", 75), ["a", "https://long"]);
    }
}
