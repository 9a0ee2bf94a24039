//! The NAS: it is switched off and on with its daemon, its DSM, its clock and
//! its network, each of which may be late or wrong.

use std::fs;
use std::mem;
use std::path::PathBuf;
use std::time::Duration;

use domain::base::clock::{Clock, UnixTime};
use fakes::dsm::Api;
use fakes::google::{Endpoint, Trouble};
use fakes::house::{House, Plan, SCHEDULE_FILE};
use serde_json::json;

use super::calendar::{Boot, Told, WrongClock};
use super::household::Household;
use super::timetable::{ORDINARY, Timetable, at, day, local, paris};
use crate::support::built::state;
use crate::support::timers::pass as timers_believe;

pub(crate) const MINUTE: Duration = Duration::from_mins(1);

const DOCUMENTS: [Endpoint; 2] = [Endpoint::Discovery, Endpoint::Keys];

/// The NAS, and Google.
pub(crate) struct Nas {
    pub(crate) house: House,
    /// The timetable in DSM.
    pub(crate) timetable: Timetable,
    told: Told,
    /// How far its clock is ahead, in seconds.
    ahead: i64,
}

impl Nas {
    /// A new NAS on a Monday; it is off, and its clock is right.
    pub(crate) async fn set_up(household: &Household) -> Self {
        let mut house = House::planned(Plan {
            more: "[keys]\nrotate-after = \"90d\"".to_owned(),
            ..Plan::default()
        })
        .await;
        household.live_in(&house);
        house.jobs().users.refresh().await.unwrap();
        house.stop().await;
        house.time_zone = paris();
        house.plan().warmed_up = false;
        Self {
            house,
            timetable: ORDINARY,
            told: Told::ByFile,
            ahead: 0,
        }
    }

    /// The time that its clock shows.
    pub(crate) fn now(&self) -> UnixTime {
        self.house.clock.now()
    }

    /// Sets another timetable in DSM.
    pub(crate) fn set_timetable(&mut self, timetable: Timetable, told: Told) {
        (self.timetable, self.told) = (timetable, told);
        self.tell_timetable();
    }

    fn tell_timetable(&self) {
        let file = self.house.home.path().join(SCHEDULE_FILE);
        let nothing = json!({"poweron_tasks": [], "poweroff_tasks": []});
        let answer = match self.told {
            Told::ByFile => {
                fs::write(file, self.timetable.file()).unwrap();
                // The file is enough.
                nothing
            }
            Told::ByApi => {
                drop(fs::remove_file(file));
                self.timetable.answer()
            }
        };
        let dsm = &self.house.dsm;
        dsm.change(|behaviour| behaviour.power_schedule = answer);
    }

    /// Switches the NAS on at `on`, and after a while starts the daemon,
    /// without DSM and Google.
    pub(crate) async fn boots(&mut self, on: UnixTime, boot: &Boot, clock: WrongClock) {
        self.house.clock.advance(on.since(self.now()));
        self.house.clock.switch_on();
        self.house.clock.advance(Duration::from_mins(boot.minutes));
        self.set_clock(clock);
        self.tell_timetable();
        self.house.dsm.forget_sessions();
        if boot.dsm_minutes > 0 {
            self.house.dsm.always(Api::SignIn, boot.dsm_is.clone());
        }
        if boot.google_minutes > 0 {
            self.google_is_gone();
        }
        self.house.start().await;
    }

    fn set_clock(&mut self, clock: WrongClock) {
        let right = self.now().seconds();
        let shown = match clock {
            WrongClock::Right => right,
            WrongClock::Shows(date) => {
                at(day(date).to_datetime(local(self.now()).time())).seconds()
            }
            WrongClock::HoursFast(hours) => right + hours * 3600,
        };
        self.house.clock.set(shown);
        self.ahead = shown - right;
        self.house.google.set_date_offset(-self.ahead);
    }

    /// NTP sets the clock; not during a refresh of the users, whose time would
    /// be wrong.
    pub(crate) async fn clock_is_set(&mut self) {
        self.dsm_is_left().await;
        let right = self.now().seconds() - self.ahead;
        self.house.clock.set(right);
        self.house.google.set_date_offset(0);
        self.ahead = 0;
    }

    fn google_is_gone(&self) {
        for endpoint in DOCUMENTS {
            self.house.google.fail(endpoint, Trouble::Status(503));
        }
    }

    pub(crate) fn google_is_back(&self) {
        for endpoint in DOCUMENTS {
            self.house.google.mend(endpoint);
        }
    }

    pub(crate) fn dsm_is_up(&self) {
        self.house.dsm.as_usual(Api::SignIn);
        self.house.dsm.release();
    }

    /// Advances the time of a running NAS: its clock, timers, and the jobs.
    pub(crate) async fn pass(&self, span: Duration) {
        self.dsm_is_left().await;
        self.house.clock.advance(span);
        timers_believe(span).await;
        self.house.jobs().minutes.passed();
        self.comes_to_rest().await;
    }

    /// Waits until all requests to DSM are answered.
    async fn comes_to_rest(&self) {
        let mut before = self.house.dsm.counts();
        let mut still = 0;
        while still < 20 {
            // Also waits for files that are being read.
            tokio::task::spawn_blocking(|| ()).await.unwrap();
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            let now = self.house.dsm.counts();
            still = if now == before { still + 1 } else { 0 };
            before = now;
        }
    }

    /// Waits for DSM, whose requests would otherwise seem to take the simulated
    /// time.
    async fn dsm_is_left(&self) {
        let dsm = &self.house.dsm;
        if !comes(|| dsm.counts().open_sessions == 0).await {
            // A session whose sign-in was answered after the request was
            // cancelled.
            dsm.forget_sessions();
        }
    }

    /// Advances the time until `time`.
    pub(crate) async fn pass_until(&self, time: UnixTime) {
        self.pass(time.since(self.now())).await;
    }

    /// Runs the work of a minute; on a busy machine it may take longer than the
    /// simulated minute.
    pub(crate) async fn minute_brings(&self, what: &str, mut holds: impl FnMut() -> bool) {
        for _ in 0..10 {
            self.pass(MINUTE).await;
            if comes(&mut holds).await {
                return;
            }
        }
        panic!("in vain: {what}");
    }

    /// Waits for the refresh that is due at this time.
    pub(crate) async fn reads_users(&self) {
        soon("the users are read when they are due", || {
            self.house.jobs().minutes.passed();
            self.house.jobs().users.report().refreshed == Some(self.now())
        })
        .await;
    }

    /// The scheduled power-off.
    pub(crate) async fn goes_off(&mut self) {
        self.house.stop().await;
    }

    /// A power cut: only what is on disk now remains.
    pub(crate) async fn loses_power(&mut self) {
        let left = tempfile::tempdir().unwrap();
        let disk = self.house.home.path();
        // The store does not checkpoint while another connection is open. It
        // may write parts of the journal back, but the journal stays complete.
        let beside = self.house.state();
        beside.execute_batch("BEGIN IMMEDIATE").unwrap();
        for suffix in ["", "-wal", ".copy"] {
            let file = state(&self.house, suffix);
            let name = file.file_name().unwrap();
            fs::copy(&file, left.path().join(name)).unwrap();
        }
        drop(beside);
        let schedule = disk.join(SCHEDULE_FILE);
        if schedule.exists() {
            fs::copy(schedule, left.path().join(SCHEDULE_FILE)).unwrap();
        }
        // From here on the daemon writes to a directory that is not used again.
        let gone = mem::replace(&mut self.house.home, left);
        self.house.stop().await;
        drop(gone);
    }

    /// Overwrites the first page of the state.
    pub(crate) fn is_damaged(&self) {
        let path = state(&self.house, "");
        let mut bytes = fs::read(&path).unwrap();
        bytes[..4096].fill(0);
        fs::write(path, bytes).unwrap();
    }

    /// How many damaged states the last start has set aside.
    pub(crate) fn states_set_aside(&self) -> usize {
        let files = fs::read_dir(self.house.home.path()).unwrap();
        let files = files.map(|file| file.unwrap().path());
        let is_aside = |path: &PathBuf| path.to_string_lossy().contains("sqlite3.damaged-");
        let aside: Vec<PathBuf> = files.filter(is_aside).collect();
        for path in &aside {
            fs::remove_file(path).unwrap();
        }
        let is_journal = |path: &&PathBuf| path.to_string_lossy().ends_with("-wal");
        aside.len() - aside.iter().filter(is_journal).count()
    }
}

/// Polls until `holds` like [`crate::support::process::until`], but more often:
/// a year has many days.
pub(crate) async fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..240 {
        if comes(&mut holds).await {
            return;
        }
    }
    panic!("in vain: {what}");
}

/// Whether `holds` becomes true within half a second.
async fn comes(mut holds: impl FnMut() -> bool) -> bool {
    for _ in 0..500 {
        if holds() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    false
}
