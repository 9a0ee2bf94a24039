//! The last lines of the log.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::cli::package;
use crate::config::Redacted;

const LINES: usize = 200;

/// Lines are far shorter than 2 kB.
const BYTES: u64 = 400 << 10;

/// Returns the last lines of the log of the daemon with the config in `path`,
/// or where they are.
pub(super) fn last_lines(path: &Path, config: &Redacted) -> String {
    let Some(log) = config.log_file.clone().or_else(|| package::log(path)) else {
        return format!(
            "not in a file: log.file is not set. With systemd: journalctl --unit {} --lines {LINES}",
            arguments::NAME
        );
    };
    let current = match tail(&log) {
        Ok(lines) => lines,
        Err(error) => return format!("cannot read {}: {error}", log.display()),
    };
    let mut lines = Vec::new();
    if current.len() < LINES {
        lines = tail(&rotated(&log)).unwrap_or_default();
    }
    lines.extend(current);
    let first = lines.len().saturating_sub(LINES);
    let last = lines.get(first..).unwrap_or_default();
    format!("{}\n{}", log.display(), last.join("\n"))
}

fn rotated(log: &Path) -> PathBuf {
    let mut path = log.as_os_str().to_owned();
    path.push(".1");
    path.into()
}

/// Returns the whole lines in the last [`BYTES`] of the file.
fn tail(path: &Path) -> io::Result<Vec<String>> {
    // To open a pipe would wait for a writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let start = length.saturating_sub(BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let cut = usize::from(start > 0);
    Ok(text.lines().skip(cut).map(str::to_owned).collect())
}
