//! What the four requests of a login work with.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use jiff::tz::TimeZone;

use super::problems::{Problem, Problems, Source};
use super::refusals::Refusals;
use super::used_logins::UsedLogins;
use crate::clients::dsm::DsmClient;
use crate::clients::refresh_coordinator::RefreshCoordinator;
use crate::clients::upstream::Upstream;
use crate::config::{Config, ScheduleUse};
use crate::store::Store;
use crate::store::key_ring::KeyRing;
use domain::base::clock::{Clock, UnixTime};
use domain::base::random::Random;
use domain::model::login::GoogleIdentity;
use domain::model::login::cookie::Sealer;
use domain::model::power::{KnownSchedule, Outlook};
use domain::signin::directory::{self, Admission, Link, Moment, Policy, Refused, Snapshot};
use domain::signin::google::GoogleClient;
use domain::signin::token::claims::Issuing;

/// Everything that a request may use. Built by the daemon, and anew, with the
/// parts of before that do not hang on the config, when that changes: so they
/// are behind an `Arc`, and a clone is another view of the same state.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The config.
    pub config: Config,
    /// The way to Google.
    pub upstream: Arc<Upstream>,
    /// The way to DSM.
    pub dsm: Arc<DsmClient>,
    /// The state.
    pub store: Arc<Store>,
    /// Sign ID tokens, each in its time.
    pub keys: Arc<KeyRing>,
    /// Seals logins in progress.
    pub sealer: Arc<Sealer>,
    /// The users; `None` before DSM's first answer.
    pub snapshot: Arc<ArcSwapOption<Snapshot>>,
    /// When the NAS is on; `None` before the first answer. Whoever plans asks
    /// [`Self::power_schedule`].
    pub power: Arc<ArcSwapOption<KnownSchedule>>,
    /// Where a login asks for newer ones.
    pub refresh_desk: Arc<RefreshCoordinator>,
    /// Who may sign in.
    pub policy: Arc<Policy>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// The NAS's time zone: accounts end at its midnight.
    pub time_zone: TimeZone,
    /// The last refusals.
    pub refusals: Arc<Refusals>,
    /// The last failures that are not refusals.
    pub problems: Arc<Problems>,
    /// Logins that were answered.
    pub spent: Arc<UsedLogins>,
}

impl AppState {
    /// What Google knows of us.
    pub fn google(&self) -> &GoogleClient {
        self.upstream.client()
    }

    /// Now, here.
    pub fn moment(&self) -> Moment {
        let now = self.clock.now();
        let instant = jiff::Timestamp::from_second(now.seconds()).unwrap_or_default();
        Moment {
            now,
            today: instant.to_zoned(self.time_zone.clone()).date(),
        }
    }

    /// `time` as a clock here shows it, for the log.
    pub fn local_time(&self, time: UnixTime) -> String {
        let instant = jiff::Timestamp::from_second(time.seconds()).unwrap_or_default();
        let local = instant.to_zoned(self.time_zone.clone());
        local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// Notes `problem` for `status`.
    pub fn note_problem(&self, source: Source, problem: Problem) {
        self.problems.note(self.clock.now(), source, problem);
    }

    /// The schedule to plan by; `None`: none is known, or the config says that
    /// there is none.
    pub fn power_schedule(&self) -> Option<Arc<KnownSchedule>> {
        match self.config.power.schedule {
            ScheduleUse::Auto => self.power.load_full(),
            ScheduleUse::Off => None,
        }
    }

    /// When the NAS next goes off and comes on, by that schedule.
    pub fn power_outlook(&self) -> Option<Outlook> {
        let known = self.power_schedule()?;
        let now = self.clock.now();
        Some(known.schedule.outlook(&self.time_zone, now))
    }

    /// The judgement as it stands at `moment`, to be made where the state is
    /// locked.
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
