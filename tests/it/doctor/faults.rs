//! Planted faults, and what `doctor` says about each.

/// The certificate of the public name is rejected.
mod certificates;
/// DSM cannot be read, or its users cannot sign in.
mod dsm;
/// Google cannot be reached, or does not know this service.
mod google;
/// This machine: its clock, disk, port and config.
mod machine;
/// The reverse proxy does not lead to the daemon.
mod proxy;
/// The public name does not lead to the NAS.
mod routes;
/// DSM's own sign-in is not set up for this service.
mod sso_client;

use std::collections::BTreeSet;
use std::time::Duration;

use google_to_synology_sso::doctor::{Finding, GROUPS, Outcome};
use tokio::time::Instant;

use crate::doctor::stage::Stage;
use crate::doctor::stage::network::Network;
use crate::support::command_line::text;

/// The whole run of `doctor` takes 30 s; its start on a busy machine more.
const PATIENCE: Duration = Duration::from_secs(45);

/// A row of the table.
pub(crate) struct Fault {
    what: &'static str,
    plant: fn(&mut Stage<'_>),
    /// The check that names it.
    check: &'static str,
    result: Outcome,
    /// In its message: the dialog in which to correct it, or what to do.
    advice: &'static str,
    /// The checks that cannot be made because of it.
    untested: &'static [&'static [&'static str]],
}

impl Fault {
    /// A fault that prevents sign-ins.
    pub(crate) const fn fail(check: &'static str, advice: &'static str) -> Self {
        Self {
            what: "",
            plant: |_| {},
            check,
            result: Outcome::Fail,
            advice,
            untested: &[],
        }
    }

    /// A fault that is worth attention.
    pub(crate) const fn warn(check: &'static str, advice: &'static str) -> Self {
        let mut fault = Self::fail(check, advice);
        fault.result = Outcome::Warn;
        fault
    }

    /// Sets what is wrong.
    pub(crate) const fn when(mut self, what: &'static str, plant: fn(&mut Stage<'_>)) -> Self {
        self.what = what;
        self.plant = plant;
        self
    }

    /// Sets the checks that cannot be made.
    pub(crate) const fn hides(mut self, checks: &'static [&'static [&'static str]]) -> Self {
        self.untested = checks;
        self
    }
}

/// All faults, by the test that plants them.
const TABLES: [&[Fault]; 7] = [
    certificates::FAULTS,
    dsm::FAULTS,
    google::FAULTS,
    machine::FAULTS,
    proxy::FAULTS,
    routes::FAULTS,
    sso_client::FAULTS,
];

#[test]
fn the_guide_names_the_same_dialog_for_each_check() {
    let guide = include_str!("../../../docs/guides/when-it-fails.md");
    let faults: Vec<&Fault> = TABLES.iter().copied().flatten().collect();
    assert!(faults.len() >= 40, "{}", faults.len());
    let all = GROUPS.iter().flat_map(|(_, names)| *names);
    for name in all {
        assert!(guide.contains(&format!("`{name}`")), "{name}");
    }
    for fault in faults {
        let check = format!("`{}`", fault.check);
        let is_of_it = |row: &&str| {
            row.starts_with("| ")
                && row
                    .split(" | ")
                    .next()
                    .is_some_and(|cell| cell.contains(&check))
        };
        let row = guide.lines().find(is_of_it);
        let row = row.unwrap_or_else(|| panic!("{check} is not in the guide"));
        let is_dialog = fault.advice.contains(" > ");
        assert!(
            !is_dialog || row.contains(fault.advice),
            "{}: {row}",
            fault.advice
        );
    }
}

/// Plants each fault in a stage of its own, and compares what `doctor` says.
pub(crate) fn play(network: &Network, faults: &[Fault]) {
    let wrong: Vec<String> = faults
        .iter()
        .flat_map(|fault| differences(network, fault))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn differences(network: &Network, fault: &Fault) -> Vec<String> {
    let mut stage = Stage::new(network);
    (fault.plant)(&mut stage);
    let began = Instant::now();
    let output = stage.doctor(&["--json"]);
    let took = began.elapsed();
    let found: Vec<Finding> = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{}: {error}: {output:?}", fault.what));
    let mut wrong = Vec::new();
    let names: Vec<&str> = found.iter().map(|finding| finding.name.as_str()).collect();
    let all: Vec<&str> = GROUPS
        .iter()
        .flat_map(|(_, names)| *names)
        .copied()
        .collect();
    if names != all {
        wrong.push(format!("the checks are {names:?}"));
    }
    if took > PATIENCE {
        wrong.push(format!("it took {took:?}"));
    }
    let code = match (fault.check, fault.result) {
        ("config", _) => 78,
        (_, Outcome::Fail) => 1,
        (_, Outcome::Ok | Outcome::Warn) => 0,
    };
    if output.status.code() != Some(code) || !output.stderr.is_empty() {
        wrong.push(format!("{}: {}", output.status, text(&output.stderr)));
    }
    let (untested, other): (Vec<&Finding>, Vec<&Finding>) = found
        .iter()
        .filter(|finding| finding.result != Outcome::Ok)
        .partition(|finding| finding.message.starts_with("not tested: "));
    let is_the_fault = |finding: &&Finding| {
        finding.name == fault.check
            && finding.result == fault.result
            && finding.message.contains(fault.advice)
    };
    // A daemon that does not run has a line of its own, whatever the cause.
    let names_the_fault = |finding: &&Finding| {
        finding.name == "daemon" && finding.message.ends_with(&format!("({})", fault.check))
    };
    let (_, other): (Vec<&Finding>, Vec<&Finding>) = other.into_iter().partition(names_the_fault);
    if other.len() != 1 || !other.iter().all(is_the_fault) {
        let wanted = (fault.check, fault.result, fault.advice);
        wrong.push(format!("instead of {wanted:?}: {other:#?}"));
    }
    let untested: BTreeSet<&str> = untested
        .iter()
        .map(|finding| finding.name.as_str())
        .collect();
    let wanted: BTreeSet<&str> = fault.untested.iter().copied().flatten().copied().collect();
    if untested != wanted {
        let too_many: Vec<_> = untested.difference(&wanted).collect();
        let missing: Vec<_> = wanted.difference(&untested).collect();
        wrong.push(format!(
            "also not tested: {too_many:?}, but tested: {missing:?}"
        ));
    }
    wrong
        .into_iter()
        .map(|what| format!("{}: {what}", fault.what))
        .collect()
}
