//! Formats events as lines, and writes them.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anstream::{AutoStream, ColorChoice};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::LogError;
use super::budget::{self, Budget};
use super::file::LogFile;
use super::format::{Fields, Head, Style};
use crate::config::{Log, LogFormat};
use crate::machine::clock::time_of_line;

/// Writes each event with the fields of the spans around it.
#[derive(Clone, Debug)]
pub(super) struct Lines(Arc<Mutex<Output>>);

impl Lines {
    pub(super) fn new(output: Output) -> Self {
        Self(Arc::new(Mutex::new(output)))
    }

    pub(super) fn replace(&self, output: Output) {
        *self.lock() = output;
    }

    pub(super) fn have_file(&self) -> bool {
        self.lock().file.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Output> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else {
            return;
        };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            record.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let budget = Budget::current();
        let Some(skipped) = budget.as_deref().map_or(Some(0), Budget::next) else {
            return;
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(around) = span.extensions().get::<Fields>() {
                fields.append(around);
            }
        }
        let metadata = event.metadata();
        let mut output = self.lock();
        if skipped > 0 {
            output.warn(&budget::message(skipped));
        }
        let bytes = output.line(*metadata.level(), metadata.target(), &fields);
        if let Some(budget) = budget {
            budget.wrote(bytes);
        }
    }
}

/// The format and the destination of lines.
#[derive(Debug)]
pub(super) struct Output {
    style: Style,
    zone: TimeZone,
    file: Option<LogFile>,
    lost: Lost,
}

/// The lines that could not be written to the file.
#[derive(Debug, Default)]
struct Lost {
    lines: u64,
    why: Option<io::Error>,
}

impl Output {
    pub(super) fn open(log: &Log, zone: &TimeZone) -> Result<Self, LogError> {
        let file = log.file.as_deref().map(LogFile::open).transpose()?;
        let style = match log.format {
            LogFormat::Json => Style::Json,
            LogFormat::Text if file.is_none() && wants_colour() => Style::Colour,
            LogFormat::Text => Style::Text,
        };
        Ok(Self {
            style,
            zone: zone.clone(),
            file,
            lost: Lost::default(),
        })
    }

    /// Writes a warning about the log itself.
    fn warn(&mut self, message: &str) {
        let mut fields = Fields::default();
        fields.put("message", message);
        self.line(Level::WARN, env!("CARGO_CRATE_NAME"), &fields);
    }

    /// Writes a line, and returns its length in bytes.
    fn line(&mut self, level: Level, target: &str, fields: &Fields) -> usize {
        let line = self.render(level, target, fields);
        let Some(file) = &mut self.file else {
            to_standard_error(&line);
            return line.len();
        };
        if let Err(error) = file.write(&line) {
            // A full disk must not end a sign-in. The service manager may still
            // save standard error.
            self.lost.lines += 1;
            self.lost.why = Some(error);
            to_standard_error(&line);
            return line.len();
        }
        self.report_losses();
        line.len()
    }

    /// Writes, after a line that could be written, how many before it could
    /// not.
    fn report_losses(&mut self) {
        let Some(why) = self.lost.why.take() else {
            return;
        };
        let mut fields = Fields::default();
        fields.put("message", "lines before this one could not be written here");
        fields.put("lines", &self.lost.lines.to_string());
        fields.put("error", &why.to_string());
        let line = self.render(Level::WARN, env!("CARGO_CRATE_NAME"), &fields);
        let file = self.file.as_mut();
        match file.map_or(Ok(()), |file| file.write(&line)) {
            Ok(()) => self.lost.lines = 0,
            Err(_) => self.lost.why = Some(why),
        }
    }

    fn render(&self, level: Level, target: &str, fields: &Fields) -> String {
        let time = Timestamp::try_from(time_of_line()).unwrap_or_default();
        let head = Head {
            time: time.to_zoned(self.zone.clone()),
            level,
            target,
        };
        fields.line(&head, self.style)
    }
}

fn wants_colour() -> bool {
    AutoStream::choice(&io::stderr()) != ColorChoice::Never
}

fn to_standard_error(line: &str) {
    // An error cannot be reported anywhere.
    let _ = io::stderr().lock().write_all(line.as_bytes());
}
