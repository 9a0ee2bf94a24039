//! The inspection of DSM without a daemon.

use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::power::PowerSeen;
use super::users::UsersSeen;
use super::{Access, DsmReport, Inspection, TIME_IN_ALL, TIME_TO_READ, open_ports, settings_after};
use crate::app;
use crate::clients::dsm::{DsmError, read_schedule_file};
use crate::config::Config;
use crate::logging::error_chain;
use crate::store::{Glimpse, glimpse};
use domain::base::clock::UnixTime;
use domain::model::power::{Reading, Source};
use domain::model::user_list::UserList;
use domain::signin::directory::{Link, Moment, Snapshot};

/// Reads DSM as the daemon would, in one session, and returns the findings.
/// Sends no request during a sign-in pause that the daemon has saved; writes
/// nothing.
///
/// Takes 25 s at most.
pub async fn inspect_alone(config: &Config, zone: &TimeZone, now: UnixTime) -> DsmReport {
    let start = Instant::now();
    let path = config.storage.clone();
    // A state that cannot be read has a check of its own.
    let known = spawn_blocking(move || glimpse(&path).unwrap_or_default()).await;
    let Glimpse { pause, links } = known.unwrap_or_default();
    let mut inspection = Inspection {
        config,
        access: Access::NoAnswer,
        paused_until: None,
        open_ports: Vec::new(),
        users: None,
        power: PowerSeen::default(),
        settings: None,
        zone,
        now,
    };
    let paused = pause.and_then(|pause| Some((pause.end(now)?, pause.reason)));
    if let Some((until, reason)) = paused {
        inspection.access = Access::Paused { until, reason };
        inspection.see_schedule_file().await;
        return inspection.report();
    }
    let reading = inspection.read(start + TIME_TO_READ, &links);
    // What was read before is kept.
    drop(timeout_at(start + TIME_IN_ALL, reading).await);
    inspection.report()
}

impl Inspection<'_> {
    async fn read(&mut self, deadline: Instant, links: &[Link]) {
        let client = app::dsm_client(self.config);
        let mut session = client.session().await;
        session.set_deadline(deadline);
        let read = session.list_users(&Arc::default()).await;
        let failure = read.as_ref().err();
        let is_file_useless = self.see_schedule_file().await;
        if is_file_useless && failure.is_none() {
            let schedule = session.power_schedule().await;
            self.see_schedule(schedule);
        }
        self.settings = settings_after(&session, failure).await;
        session.end().await;
        match read {
            Ok(reading) => {
                let (administrators, error) = match reading.administrators {
                    Ok(administrators) => (administrators, None),
                    Err(error) => (None, Some(error_chain(&error))),
                };
                let users = reading.users.unwrap_or_default();
                let list = UserList {
                    users,
                    administrators,
                };
                self.judge(list, links, error);
                self.access = Access::Read;
            }
            Err(error) => {
                self.open_ports = open_ports(&error).await;
                self.access = Access::Failed(error);
            }
        }
    }

    fn judge(&mut self, list: UserList, links: &[Link], administrators_error: Option<String>) {
        let snapshot = Snapshot::new(Arc::new(list), self.now);
        let instant = jiff::Timestamp::from_second(self.now.seconds()).unwrap_or_default();
        let moment = Moment {
            now: self.now,
            today: instant.to_zoned(self.zone.clone()).date(),
        };
        let policy = app::policy(self.config);
        let seen = UsersSeen::judged(&snapshot, links, &policy, moment, administrators_error);
        self.users = Some(seen);
    }

    /// Reads DSM's own file; returns whether DSM has to be asked instead.
    async fn see_schedule_file(&mut self) -> bool {
        match read_schedule_file(&self.config.power).await {
            None => false,
            Some(Ok(reading)) => {
                self.know_schedule(&reading, Source::File);
                false
            }
            Some(Err(_)) => true,
        }
    }

    fn see_schedule(&mut self, read: Result<Reading, DsmError>) {
        match read {
            Ok(reading) => self.know_schedule(&reading, Source::Api),
            Err(error) => self.power.error = Some(error_chain(&error)),
        }
    }

    fn know_schedule(&mut self, reading: &Reading, source: Source) {
        self.power.source = Some(source);
        self.power.outlook = Some(reading.schedule.outlook(self.zone, self.now));
    }
}
