//! The table of figures and targets.

/// Printed line by line, since a bench is slow.
#[derive(Default)]
pub(crate) struct Report {
    missed: Vec<String>,
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

    /// Prints one line. `unit` follows the figure, such as ` ms`.
    pub(crate) fn line(&mut self, what: &str, value: f64, unit: &str, target: Target) {
        let digits = match value.abs() {
            large if large >= 100.0 => 0,
            middling if middling >= 10.0 => 1,
            _ => 2,
        };
        let (wanted, met) = match target {
            Target::Below(most) => (format!("< {most}{unit}"), value < most),
            Target::Above(least) => (format!("> {least}{unit}"), value > least),
            Target::None => (String::new(), true),
        };
        let verdict = if met { "" } else { "  MISSED" };
        let measured = format!("{value:.digits$}{unit}");
        println!("{what:<58} {measured:>14}  {wanted}{verdict}");
        if !met {
            self.missed.push(what.to_owned());
        }
    }

    /// Prints the last line. A missed target is not an error: the machine may
    /// be busy.
    pub(crate) fn end(self) {
        match self.missed.len() {
            0 => println!("\nAll targets are met."),
            missed => println!("\n{missed} missed: {}.", self.missed.join("; ")),
        }
    }
}
