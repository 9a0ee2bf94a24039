//! `dsm.power`: whether the daemon knows when the NAS switches off.

use super::Inspection;
use super::words::explained;
use crate::config::ScheduleUse;
use crate::doctor::Finding;
use domain::model::power::{Outlook, Source};

const NAME: &str = "dsm.power";
const DIALOG: &str = "Control Panel > Hardware & Power > Power Schedule";

/// The power schedule, as far as the finding needs it.
#[derive(Clone, Debug, Default)]
pub struct PowerSeen {
    /// Where the schedule in use was read; `None` if there is none.
    pub source: Option<Source>,
    /// What it says about the next days.
    pub outlook: Option<Outlook>,
    /// Why DSM's web API did not tell it.
    pub error: Option<String>,
}

impl Inspection<'_> {
    pub(super) fn power(&self) -> Finding {
        let config = &self.config.power;
        if config.schedule == ScheduleUse::Off {
            let message = "power.schedule is off: the daemon plans as if the NAS were always on";
            return Finding::ok(NAME, message);
        }
        let seen = &self.power;
        let zone = self.zone.iana_name().unwrap_or("of this machine");
        let plan = seen.outlook.map(|outlook| {
            let words = outlook.in_words(self.zone, self.now);
            format!("{words} (time zone {zone})")
        });
        let plan = plan.unwrap_or_else(|| "the daemon plans as if it were always on".to_owned());
        if let Some(error) = &seen.error {
            let message = format!("{}; {plan}. Compare it with {DIALOG}", explained(error));
            return Finding::warn(NAME, message);
        }
        match (seen.source, self.obstacle()) {
            (Some(Source::File), _) => {
                let file = config.file.display();
                Finding::ok(NAME, format!("read from {file}: {plan}"))
            }
            (Some(Source::Api), _) => Finding::ok(NAME, format!("read from DSM: {plan}")),
            (Some(Source::State), Some(why)) => {
                Finding::not_tested(NAME, &format!("{why}; as last known: {plan}"))
            }
            (None, Some(why)) => Finding::not_tested(NAME, why),
            (Some(Source::State), None) => Finding::ok(NAME, format!("as last known: {plan}")),
            (None, None) => {
                let message = format!("DSM's power schedule was not read; {plan}. See {DIALOG}");
                Finding::warn(NAME, message)
            }
        }
    }
}
