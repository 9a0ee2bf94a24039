//! The daemon's log, as entries of the ledger.

use std::fmt;
use std::fmt::Write;
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::ledger::{Party, Pen, client_of};

/// Sends the log of this process to `pen`. The daemon logs each request at
/// `debug`; the rest is logged at the default level.
pub(crate) fn start(pen: Pen) -> Result<(), TryInitError> {
    let targets = Targets::new()
        .with_target("google_to_synology_sso", LevelFilter::DEBUG)
        .with_default(LevelFilter::WARN);
    tracing_subscriber::registry()
        .with(Notes(pen).with_filter(targets))
        .try_init()
}

struct Notes(Pen);

impl<S: Subscriber> Layer<S> for Notes {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line::default();
        event.record(&mut line);
        if let Some((what, end)) = line.answered() {
            let who = client_of(Party::Daemon, &line.path);
            self.0.asked(who, Party::Daemon, what, end);
        } else if *event.metadata().level() <= Level::INFO {
            let Line { message, more, .. } = line;
            let level = event.metadata().level();
            self.0.logged(format!("{level} {message}{more}"));
        }
    }
}

/// One log event: the fields of "answered", and all others as text.
#[derive(Default)]
struct Line {
    message: String,
    method: String,
    path: String,
    status: Option<u16>,
    microseconds: Option<u64>,
    more: String,
}

impl Line {
    fn answered(&self) -> Option<(String, (u16, Duration))> {
        if self.message != "answered" {
            return None;
        }
        let took = Duration::from_micros(self.microseconds?);
        let what = format!("{} {}", self.method, self.path);
        Some((what, (self.status?, took)))
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}");
        match field.name() {
            "message" => self.message = value,
            "method" => self.method = value,
            "path" => self.path = value,
            "status" => self.status = value.parse().ok(),
            "microseconds" => self.microseconds = value.parse().ok(),
            name => {
                let _ = write!(self.more, " {name}={value}");
            }
        }
    }
}
