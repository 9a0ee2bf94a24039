//! `doctor`: tests everything that a sign-in needs, for real.

mod report;
mod secrets;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use arguments::Doctor;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout, timeout_at};

use super::new_file::NewFile;
use super::table::{Cell, Reader, Tone};
use super::{FAILED, check, code_of, complain, control_client, print_result};
use crate::app::Sighting;
use crate::config::Config;
use crate::control::{Request, Status};
use crate::doctor::dsm::DsmReport;
use crate::doctor::{
    self, Answer, CONFIG, DaemonAccess, Finding, GROUPS, Outcome, as_line_of_config,
    of_invalid_config,
};

use report::Addresses;

/// The whole run; the checks have time-outs that are shorter.
const PATIENCE: Duration = Duration::from_secs(30);

/// The daemon answers from memory.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(4);

/// Runs all checks with the config in `path` and prints their findings; returns
/// the exit code.
pub(super) fn doctor(path: &Path, options: &Doctor, file: Option<NewFile>) -> u8 {
    let (config, of_config, code) = match Config::load(path) {
        Ok(config) => {
            let (findings, _) = if doctor::is_read_only(&config) {
                check::judge_without_files(path, &config)
            } else {
                check::judge(path, &config)
            };
            (Some(config), findings, 0)
        }
        Err(error) => (None, of_invalid_config(&error), code_of(&error)),
    };
    let of_config = of_config.into_iter().map(as_line_of_config).collect();
    let mut lines = Lines::new(of_config, options.json);
    match config {
        Some(config) => {
            if let Err(error) = test(&config, &mut lines) {
                complain(&format!("cannot run the checks: {error}"));
                return FAILED;
            }
        }
        None => lines.finish("the config is invalid"),
    }
    let lost = lines.lost;
    let all = lines.all();
    let failed = all.iter().any(|finding| finding.result == Outcome::Fail);
    let mut code = if failed && code == 0 { FAILED } else { code };
    if options.json {
        code = print_result(&check::as_json(&all), code);
    }
    if lost != 0 {
        code = lost;
    }
    match file {
        Some(file) => write_report(file, &report::text(path, &all, addresses(options)), code),
        None => code,
    }
}

fn addresses(options: &Doctor) -> Addresses {
    if options.with_addresses {
        Addresses::Whole
    } else {
        Addresses::Shortened
    }
}

/// Returns `code`, or [`FAILED`] if the report cannot be written.
fn write_report(file: NewFile, text: &str, code: u8) -> u8 {
    let path = file.path().display().to_string();
    if let Err(error) = file.write(text) {
        complain(&format!("cannot write the report {path}: {error}"));
        return FAILED;
    }
    complain(&format!(
        "wrote the report {path}; read it before you publish it: it has names of users and hosts"
    ));
    code
}

fn test(config: &Config, lines: &mut Lines) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let daemon = runtime.block_on(Socket::of(config));
    let (sender, mut receiver) = unbounded_channel();
    runtime.block_on(async {
        let checks = async move { doctor::run(config, &daemon, &sender).await };
        let deadline = Instant::now() + PATIENCE;
        tokio::join!(
            async { drop(timeout_at(deadline, checks).await) },
            lines.receive(&mut receiver)
        )
    });
    // A DNS query cannot be cancelled.
    runtime.shutdown_background();
    lines.finish("no result within 30 s");
    Ok(())
}

/// The control socket of the daemon.
pub(super) struct Socket {
    path: PathBuf,
    absence: Option<String>,
}

impl Socket {
    pub(super) async fn of(config: &Config) -> Self {
        let mut socket = Self {
            path: config.control_socket.clone(),
            absence: None,
        };
        socket.absence = socket
            .ask::<Status>(Request::Status, ANSWER_TIMEOUT)
            .await
            .err();
        socket
    }

    /// A daemon that hangs must not use up the time of the other checks.
    async fn ask<R: DeserializeOwned + Send + 'static>(
        &self,
        request: Request,
        patience: Duration,
    ) -> Result<R, String> {
        let path = self.path.clone();
        let asked = spawn_blocking(move || control_client::report(&path, &request, patience));
        match timeout(patience, asked).await {
            Ok(Ok(Ok(report))) => Ok(report),
            Ok(Ok(Err(error))) => Err(error.message().to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the daemon does not answer".to_owned()),
        }
    }
}

impl DaemonAccess for Socket {
    fn absence(&self) -> Option<&str> {
        self.absence.as_deref()
    }

    fn inspect_dsm(&self) -> Answer<'_, DsmReport> {
        Box::pin(self.ask(Request::Doctor, PATIENCE))
    }

    fn nonce(&self) -> Answer<'_, String> {
        Box::pin(self.ask(Request::DoctorNonce, ANSWER_TIMEOUT))
    }

    fn seen(&self, nonce: String) -> Answer<'_, Option<Sighting>> {
        let request = Request::DoctorSeen { nonce };
        Box::pin(self.ask(request, ANSWER_TIMEOUT))
    }
}

/// The findings, each printed once it and all before it are known.
struct Lines {
    /// By check, in the order of [`GROUPS`].
    slots: Vec<Slot>,
    printed: usize,
    /// The exit code if a line could not be written, else 0.
    lost: u8,
    form: Form,
}

struct Slot {
    name: &'static str,
    /// The heading above it, if it is the first of its group.
    group: Option<&'static str>,
    findings: Vec<Finding>,
}

enum Form {
    Json,
    Text { reader: Reader, terminal: bool },
}

impl Lines {
    fn new(of_config: Vec<Finding>, json: bool) -> Self {
        let slots = GROUPS.iter().flat_map(|(group, names)| {
            names.iter().enumerate().map(|(index, name)| Slot {
                name,
                group: (index == 0).then_some(*group),
                findings: Vec::new(),
            })
        });
        let form = if json {
            Form::Json
        } else {
            Form::Text {
                reader: control_client::reader(),
                terminal: io::stdout().is_terminal(),
            }
        };
        let mut lines = Self {
            slots: slots.collect(),
            printed: 0,
            lost: 0,
            form,
        };
        if let Some(slot) = lines.slots.iter_mut().find(|slot| slot.name == CONFIG) {
            slot.findings = of_config;
        }
        lines.print();
        lines
    }

    async fn receive(&mut self, findings: &mut UnboundedReceiver<Finding>) {
        while let Some(finding) = findings.recv().await {
            self.add(finding);
            self.print();
        }
    }

    fn add(&mut self, finding: Finding) {
        let slot = self.slots.iter_mut().find(|slot| slot.name == finding.name);
        if let Some(slot) = slot {
            slot.findings.push(finding);
        }
    }

    /// Adds a finding for each check that has none.
    fn finish(&mut self, why: &str) {
        for slot in &mut self.slots {
            if slot.findings.is_empty() {
                slot.findings.push(Finding::not_tested(slot.name, why));
            }
        }
        self.print();
    }

    fn print(&mut self) {
        let Form::Text { reader, terminal } = &self.form else {
            return;
        };
        let mut text = String::new();
        let clear = if *terminal { "\r\u{1b}[2K" } else { "" };
        let open = self.slots.iter().skip(self.printed);
        for slot in open.take_while(|slot| !slot.findings.is_empty()) {
            let heading = slot.group.map(|group| reader.painted(group, Tone::Heading));
            let gap = if self.printed == 0 { "" } else { "\n" };
            text.extend(heading.map(|heading| format!("{gap}{heading}\n")));
            text.extend(slot.findings.iter().map(|finding| line(finding, reader)));
            self.printed += 1;
        }
        let waiting = self.slots.get(self.printed).filter(|_| *terminal);
        let waiting = waiting.map_or_else(String::new, |slot| format!("…    {}", slot.name));
        // Complained of once.
        if self.lost == 0 {
            self.lost = print_result(&format!("{clear}{text}{waiting}"), 0);
        }
    }

    fn all(self) -> Vec<Finding> {
        let slots = self.slots.into_iter();
        slots.flat_map(|slot| slot.findings).collect()
    }
}

fn line(finding: &Finding, reader: &Reader) -> String {
    let tone = match finding.result {
        Outcome::Ok => Tone::Good,
        Outcome::Warn => Tone::Plain,
        Outcome::Fail => Tone::Bad,
    };
    let word = reader.painted(finding.result.word(), tone);
    let message = Cell::printable(&finding.message);
    format!("{word} {}: {message}\n", finding.name)
}
