//! The log of a daemon that runs in the test.

use std::fs;
use std::path::PathBuf;

use google_to_synology_sso::config::{Log, LogFormat, LogLevel};
use google_to_synology_sso::logging;
use jiff::tz::TimeZone;
use tempfile::TempDir;
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};

/// Captures the log of this thread, which runs the whole house.
pub(crate) struct CapturedLog {
    _home: TempDir,
    path: PathBuf,
    read: usize,
    _guard: DefaultGuard,
    _second: Dispatch,
}

impl CapturedLog {
    pub(crate) fn up(level: LogLevel, format: LogFormat) -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("log");
        let file = Some(path.clone());
        let log = Log {
            level,
            format,
            file,
        };
        let (subscriber, _) = logging::subscriber(&log, &TimeZone::UTC).unwrap();
        Self {
            _home: home,
            path,
            read: 0,
            _guard: tracing::subscriber::set_default(subscriber),
            // With only one subscriber, tracing would disable a line for all
            // threads if another test's thread reached it first.
            _second: Dispatch::new(NoSubscriber::default()),
        }
    }

    /// How often `words` were logged.
    pub(crate) fn count(&self, words: &str) -> usize {
        self.text().matches(words).count()
    }

    /// All lines so far.
    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.path).unwrap()
    }

    /// The lines since the last call.
    pub(crate) fn news(&mut self) -> Vec<String> {
        let text = self.text();
        let news = text[self.read..].lines().map(str::to_owned).collect();
        self.read = text.len();
        news
    }

    /// The only line since the last call, without its time: the text before the
    /// request's id, and the id.
    pub(crate) fn only_line(&mut self, case: &str) -> (String, String) {
        let mut news = self.news();
        // Lines about a new link and the first message of DSM do not end a
        // login.
        news.retain(|line| !line.contains(" WARN  linked a Google account "));
        news.retain(|line| !line.contains(" INFO  users refreshed "));
        news.retain(|line| !line.contains(" INFO  power schedule"));
        assert_eq!(news.len(), 1, "{case}: {news:?}");
        let (_, line) = news[0].split_once(' ').unwrap();
        let (words, id) = line.rsplit_once(" request=").unwrap();
        assert_eq!(id.len(), 12, "{case}: {line}");
        (words.to_owned(), id.to_owned())
    }
}
