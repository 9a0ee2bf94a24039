//! Everything that a request works with.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::Zoned;
use jiff::tz::TimeZone;

use super::doctor_nonces::DoctorNonces;
use super::metrics::Metrics;
use super::problems::{Problem, Problems, Source};
use super::used_logins::UsedLogins;
use crate::clients::dsm::DsmClient;
use crate::clients::refresh_coordinator::RefreshCoordinator;
use crate::clients::upstream::Upstream;
use crate::config::{Config, ScheduleUse};
use crate::store::key_ring::KeyRing;
use crate::store::{Store, WizardResult};
use domain::base::clock::{Clock, UnixTime};
use domain::base::random::Random;
use domain::model::login::GoogleIdentity;
use domain::model::login::cookie::Sealer;
use domain::model::power::{KnownSchedule, Outlook};
use domain::model::relying_party::RelyingParty;
use domain::signin::directory::{self, Admission, Link, Moment, Policy, Refused, Snapshot};
use domain::signin::google::GoogleClient;
use domain::signin::token::claims::Issuing;

/// Everything that a request may use. A reload creates another one, which
/// shares the parts that do not depend on the config: hence each `Arc`.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names explain the fields")]
pub struct AppState {
    pub config: Config,
    /// The client of Google.
    pub upstream: Arc<Upstream>,
    pub dsm: Arc<DsmClient>,
    pub store: Arc<Store>,
    pub keys: Arc<KeyRing>,
    /// Seals logins in progress into cookies.
    pub sealer: Arc<Sealer>,
    /// The users; `None` before DSM's first answer.
    pub snapshot: Arc<ArcSwapOption<Snapshot>>,
    /// The last known power schedule, even if the config turns it off: plan by
    /// [`Self::power_schedule`].
    pub power: Arc<ArcSwapOption<KnownSchedule>>,
    /// Starts refreshes of the users for logins and people.
    pub refresh_coordinator: Arc<RefreshCoordinator>,
    pub policy: Arc<Policy>,
    /// The clients of the config, and the administration page.
    pub parties: Arc<[RelyingParty]>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    /// The NAS's time zone: accounts end at its midnight.
    pub time_zone: TimeZone,
    pub problems: Arc<Problems>,
    /// The counters; `None` if the config does not turn the metrics on.
    pub metrics: Option<Arc<Metrics>>,
    pub used_logins: Arc<UsedLogins>,
    /// The nonces of `doctor`.
    pub doctor_nonces: Arc<DoctorNonces>,
    /// The names of the checks of `doctor` that failed with this config.
    pub failed_checks: Arc<ArcSwap<Vec<String>>>,
    /// What became of the installation's choice to enter the settings in DSM.
    pub wizard_result: Arc<ArcSwapOption<WizardResult>>,
}

impl AppState {
    /// Our registration at Google.
    pub fn google(&self) -> &GoogleClient {
        self.upstream.client()
    }

    /// Returns the time and the local date.
    pub fn moment(&self) -> Moment {
        self.moment_at(self.clock.now())
    }

    /// Returns `now` and its local date.
    pub fn moment_at(&self, now: UnixTime) -> Moment {
        let today = self.local(now).date();
        Moment { now, today }
    }

    /// Returns `time` in the local time zone, for the log.
    pub fn local_time(&self, time: UnixTime) -> String {
        let local = self.local(time);
        local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    fn local(&self, time: UnixTime) -> Zoned {
        let instant = jiff::Timestamp::from_second(time.seconds()).unwrap_or_default();
        instant.to_zoned(self.time_zone.clone())
    }

    /// Notes `problem` for `status`.
    pub fn note_problem(&self, source: Source, problem: Problem) {
        self.problems.note(self.clock.now(), source, problem);
    }

    /// Returns the schedule to plan by; `None` if none is known, or the config
    /// turns it off.
    pub fn power_schedule(&self) -> Option<Arc<KnownSchedule>> {
        match self.config.power.schedule {
            ScheduleUse::Auto => self.power.load_full(),
            ScheduleUse::Off => None,
        }
    }

    /// Returns when the NAS next goes off and comes on.
    pub fn power_outlook(&self) -> Option<Outlook> {
        let known = self.power_schedule()?;
        let now = self.clock.now();
        Some(known.schedule.outlook(&self.time_zone, now))
    }

    /// Returns the local time of the next power-off, such as `23:00`, if it is
    /// within `span`.
    pub(crate) fn soon_off(&self, span: Duration) -> Option<String> {
        let off = self.power_outlook()?.next_off?;
        let is_soon = off.since(self.clock.now()) <= span;
        is_soon.then(|| self.local(off).strftime("%H:%M").to_string())
    }

    /// Returns when something that is planned for `time` runs: not while the
    /// NAS is meant to be off.
    pub fn when_on(&self, time: UnixTime) -> UnixTime {
        let Some(known) = self.power_schedule() else {
            return time;
        };
        let time = time.max(self.clock.now());
        known.schedule.when_on(&self.time_zone, time)
    }

    /// Returns the function that decides about a sign-in by the users and the
    /// policy of now. The caller runs it inside a database transaction.
    pub(crate) fn judge(
        &self,
        moment: Moment,
    ) -> impl Fn(&GoogleIdentity, &[Link]) -> Result<Admission, Refused> + Send + use<> {
        let snapshot = self.snapshot.load_full();
        let policy = Arc::clone(&self.policy);
        move |identity, links| {
            directory::judge(identity, links, snapshot.as_deref(), &policy, moment)
        }
    }

    pub(crate) fn issuing(&self) -> Issuing<'_> {
        Issuing {
            issuer: self.config.issuer.as_str(),
            username_claim: &self.config.username_claim,
        }
    }
}
