//! The table of figures and targets.

/// The figures of one program. Printed line by line, since a bench is slow.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
    is_silent: bool,
}

struct Line {
    what: String,
    value: f64,
    unit: &'static str,
    met: bool,
}

/// The target of a figure.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    Below(f64),
    Above(f64),
    /// Shown because it explains another line.
    None,
}

impl Report {
    /// Starts a report with a headline.
    pub(crate) fn new(headline: &str) -> Self {
        println!("\n{headline}\n");
        println!("{:<58} {:>14}  target", "", "measured");
        Self::default()
    }

    /// Collects figures for [`compare`].
    pub(crate) fn silent() -> Self {
        Self {
            is_silent: true,
            ..Self::default()
        }
    }

    /// Prints one line. `unit` follows the figure, such as ` ms`.
    pub(crate) fn line(&mut self, what: &str, value: f64, unit: &'static str, target: Target) {
        let (wanted, met) = match target {
            Target::Below(most) => (format!("< {most}{unit}"), value < most),
            Target::Above(least) => (format!("> {least}{unit}"), value > least),
            Target::None => (String::new(), true),
        };
        let verdict = if met { "" } else { "  MISSED" };
        let measured = shown(value, unit);
        if !self.is_silent {
            println!("{what:<58} {measured:>14}  {wanted}{verdict}");
        }
        self.lines.push(Line {
            what: what.to_owned(),
            value,
            unit,
            met,
        });
    }

    /// Prints the last line. A missed target is not an error: the machine may
    /// be busy.
    pub(crate) fn end(self) {
        let missed = self.lines.iter().filter(|line| !line.met);
        let missed: Vec<_> = missed.map(|line| line.what.as_str()).collect();
        match missed.len() {
            0 => println!("\nAll targets are met."),
            count => println!("\n{count} missed: {}.", missed.join("; ")),
        }
    }
}

/// Prints the medians of two programs, which were measured in turn, and their
/// ratio.
pub(crate) fn compare(before: &[Report], now: &[Report]) {
    println!("\n{:<58} {:>12} {:>12} {:>8}", "", "before", "now", "ratio");
    let lines = before.iter().chain(now).map(|report| report.lines.len());
    for number in 0..lines.min().unwrap_or_default() {
        let line = &now[0].lines[number];
        let of = |reports: &[Report]| median(reports.iter().map(|it| it.lines[number].value));
        let (before, now) = (of(before), of(now));
        println!(
            "{:<58} {:>12} {:>12} {:>8.2}",
            line.what,
            shown(before, line.unit),
            shown(now, line.unit),
            now / before
        );
    }
}

/// Returns the median.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn shown(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        large if large >= 100.0 => 0,
        middling if middling >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}{unit}")
}
