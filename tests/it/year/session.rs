//! From a power-on to the next power-off.

use std::time::Duration;

use domain::base::clock::UnixTime;
use fakes::browser::Browser;
use fakes::dsm::{Api, Instead};

use super::Year;
use super::calendar::{Boot, BriefPowerCut, Day, End, WrongClock};
use super::household::{Change, Member};
use super::judge::{assert_foreseen, assert_is_spent, redeemed_once};
use super::nas::{MINUTE, soon};
use super::timetable::halfway;
use crate::support::disk::copied;
use crate::support::timers::out_of_patience;

const HOUR: Duration = Duration::from_hours(1);
const MAX_AGE: Duration = Duration::from_hours(7 * 24);
const BEFORE_POWER_OFF: Duration = Duration::from_mins(10);

impl Year {
    /// Returns when the NAS went off.
    pub(crate) async fn session(&mut self, on: UnixTime, today: &Day) -> UnixTime {
        self.morning(on, today).await;
        let off = self.nas.timetable.next_off(self.nas.now());
        self.midday(halfway(self.nas.now(), off), today).await;
        // The power-off may have been moved.
        let off = self.nas.timetable.next_off(self.nas.now());
        if let Some(cut) = today.brief_power_cut {
            self.brief_power_cut(cut, off).await;
        }
        match today.end {
            End::PowerOff | End::Damage => self.evening(off, today).await,
            End::PowerCut | End::PowerCutAndDamage => self.power_cut(off).await,
        }
        if matches!(today.end, End::Damage | End::PowerCutAndDamage) {
            self.nas.is_damaged();
        }
        self.nas.now()
    }

    async fn morning(&mut self, on: UnixTime, today: &Day) {
        if today.google_rotates {
            self.nas.house.google.rotate_keys();
            self.judge.tally.googles_rotations += 1;
        }
        let is_stale = on.since(self.nas.now()) > MAX_AGE;
        self.nas.boots(on, &today.boot, today.clock).await;
        self.judge.tally.damages += self.nas.states_set_aside();
        self.judge.finds_all(&self.nas, &self.household);
        if today.clock != WrongClock::Right {
            self.wrong_clock().await;
        }
        let since = self.nas.now();
        if is_stale {
            self.no_user_is_known().await;
        } else {
            self.first_sign_in(&today.boot).await;
        }
        self.judge.reads_keys(&self.nas).await;
        self.schedule_is_known();
        self.wakes_up(&today.boot, since).await;
        // Users disabled last night are rejected now.
        for member in self.household.members() {
            if self.household.finds(&member) == Err("account-disabled") {
                self.sees(&member).await;
            }
        }
    }

    /// Sign-ins fail and nothing is saved until NTP sets the clock.
    async fn wrong_clock(&mut self) {
        let grants = self.nas.house.rows("grants");
        let member = self.admitted_member();
        let mut browser = Browser::new();
        let arrived = self.nas.house.arrive(&mut browser, member.subject, "");
        let arrived = arrived.await;
        assert_eq!(arrived.status, 503, "{arrived:?}");
        assert_eq!(arrived.refusal(), Some("clock-wrong"));
        assert_eq!(self.nas.house.rows("grants"), grants);
        for _ in 0..=self.chance.below(3) {
            self.nas.pass(MINUTE).await;
        }
        self.nas.clock_is_set().await;
        self.judge.tally.wrong_clocks += 1;
    }

    /// Whichever source it is read from.
    fn schedule_is_known(&mut self) {
        let off = self.nas.timetable.next_off(self.nas.now());
        assert_foreseen(&self.nas, off.minus(BEFORE_POWER_OFF));
        self.judge.reads_plans(&self.nas);
    }

    /// With the users on disk.
    async fn first_sign_in(&mut self, boot: &Boot) {
        let member = self.admitted_member();
        self.sees(&member).await;
        if boot.dsm_minutes > 0 {
            self.judge.tally.before_dsm += 1;
        }
    }

    /// The users on disk are too old, and DSM is not up yet.
    async fn no_user_is_known(&mut self) {
        let member = self.admitted_member();
        let shown = out_of_patience(&self.nas.house, member.subject).await;
        assert_eq!(shown.status, 503, "{shown:?}");
        assert_eq!(shown.refusal(), Some("directory-stale"));
        self.nas.pass(MINUTE).await;
        self.nas.dsm_is_up();
        self.sees(&member).await;
        self.judge.tally.stale += 1;
    }

    /// DSM comes up, and lists its users for the first time `since` then; then
    /// Google can be reached.
    async fn wakes_up(&mut self, boot: &Boot, since: UnixTime) {
        for _ in 0..boot.dsm_minutes {
            self.nas.pass(MINUTE).await;
        }
        let is_read = || {
            let refreshed = self.nas.house.jobs().users.report().refreshed;
            refreshed.is_some_and(|at| since <= at && at <= self.nas.now())
        };
        self.nas.dsm_is_up();
        self.nas.minute_brings("the users", is_read).await;
        self.household.is_read();
        self.judge.reads_plans(&self.nas);
        if boot.google_minutes == 0 {
            return;
        }
        for _ in 0..boot.google_minutes {
            self.nas.pass(MINUTE).await;
        }
        self.nas.google_is_back();
        let is_fresh = || !self.nas.house.bridge().upstream.stale();
        let what = "Google's documents";
        self.nas.minute_brings(what, is_fresh).await;
    }

    /// Any user may sign in; a change in DSM takes effect within an hour.
    async fn midday(&mut self, time: UnixTime, today: &Day) {
        self.nas.pass_until(time).await;
        self.nas.reads_users().await;
        self.keys_are_rotated().await;
        let members = self.household.members();
        let member = self.chance.one_of(&members).clone();
        self.sees(&member).await;
        self.judge.reads_keys(&self.nas).await;
        self.judge.reads_plans(&self.nas);
        if today.timetable.is_none() && today.midday.is_empty() {
            return;
        }
        if let Some((timetable, told)) = today.timetable {
            self.nas.set_timetable(timetable, told);
            self.judge.tally.timetables += 1;
        }
        self.live(&today.midday);
        self.nas.pass(HOUR).await;
        self.nas.reads_users().await;
        self.household.is_read();
        for member in self.household.members() {
            self.sees(&member).await;
        }
        self.judge.reads_plans(&self.nas);
    }

    /// If a rotation is due.
    async fn keys_are_rotated(&self) {
        let house = &self.nas.house;
        soon("the keys are rotated when they are due", || {
            house.jobs().minutes.passed();
            let planned = house.jobs().planned();
            let mut planned = planned.iter().filter(|job| job.name == "key-rotation");
            planned.all(|job| job.next.is_some_and(|next| next > self.nas.now()))
        })
        .await;
    }

    async fn brief_power_cut(&mut self, cut: BriefPowerCut, off: UnixTime) {
        self.some_time_passes(off).await;
        let [spent, unspent, away] = [(); 3].map(|()| self.admitted_member());
        let house = &self.nas.house;
        let spent_code = house.code(spent.subject, "").await;
        redeemed_once(house, &spent_code).await;
        let code = house.code(unspent.subject, "").await;
        let mut browser = Browser::new();
        let back = house.choose(&mut browser, away.subject, "").await;

        self.judge.remembers(&self.nas);
        self.nas.loses_power().await;
        let since = self.nas.now();
        let mut boot = Boot::by(&mut self.chance);
        match cut {
            BriefPowerCut::Crash => {
                (boot.dsm_minutes, boot.google_minutes) = (0, 0);
                self.nas.house.start().await;
            }
            BriefPowerCut::Minutes(minutes) => {
                let on = self.nas.now().plus(Duration::from_mins(minutes));
                self.nas.boots(on, &boot, WrongClock::Right).await;
            }
        }

        let house = &self.nas.house;
        assert_is_spent(house, &spent_code).await;
        match cut {
            BriefPowerCut::Crash => {
                let user = redeemed_once(house, &code).await;
                assert_eq!(Some(&*user), unspent.user);
            }
            // A code is valid for a minute.
            BriefPowerCut::Minutes(_) => assert_is_spent(house, &code).await,
        }
        let mut reconnected = Browser::new();
        reconnected.cookies.clone_from(&browser.cookies);
        let arrived = reconnected.get(&back).await;
        let user = redeemed_once(house, &arrived.answered("code").unwrap()).await;
        assert_eq!(Some(&*user), away.user);
        for member in [spent, unspent, away] {
            self.household.is_in(&member);
        }
        self.judge.finds_all(&self.nas, &self.household);
        self.schedule_is_known();
        self.wakes_up(&boot, since).await;
        self.judge.tally.brief_power_cuts += 1;
    }

    async fn power_cut(&mut self, off: UnixTime) {
        self.some_time_passes(off).await;
        self.judge.remembers(&self.nas);
        self.nas.loses_power().await;
        self.judge.tally.power_cuts += 1;
    }

    async fn evening(&mut self, off: UnixTime, today: &Day) {
        self.nas.pass_until(off.minus(3 * BEFORE_POWER_OFF)).await;
        self.refreshes_if_due().await;
        self.schedule_is_known();
        let begun = off.minus(BEFORE_POWER_OFF);
        if today.busy_evening {
            self.dsm_is_busy(begun).await;
        } else {
            self.nas.pass_until(begun).await;
        }
        self.is_made_ready(begun).await;
        self.live(&today.last_minute);
        self.nas.pass_until(off).await;
        self.judge.remembers(&self.nas);
        self.nas.goes_off().await;
        self.judge.finds_ready(&self.nas, off);
    }

    async fn refreshes_if_due(&mut self) {
        let report = self.nas.house.jobs().users.report();
        if self.nas.now().since(report.refreshed.unwrap()) >= HOUR {
            self.nas.reads_users().await;
        }
    }

    /// DSM is busy at `begun`, and is asked again.
    async fn dsm_is_busy(&mut self, begun: UnixTime) {
        let dsm = self.nas.house.dsm.clone();
        let before = dsm.counts().refused_sign_ins;
        dsm.next(Api::SignIn, Instead::Code(109));
        self.nas.pass_until(begun).await;
        soon("DSM says that it is busy", || {
            dsm.counts().refused_sign_ins > before
        })
        .await;
        self.nas.pass(MINUTE).await;
        self.judge.tally.busy_evenings += 1;
    }

    /// The last refresh before the night.
    async fn is_made_ready(&mut self, begun: UnixTime) {
        let house = &self.nas.house;
        soon("all is ready for the night", || {
            house.jobs().minutes.passed();
            let refreshed = house.jobs().users.report().refreshed;
            let copied: i64 = copied(house, "SELECT min(fetched) FROM documents");
            refreshed >= Some(begun) && copied >= begun.seconds()
        })
        .await;
    }

    fn live(&mut self, changes: &[Change]) {
        for change in changes {
            self.household.change(*change);
            self.judge.tally.changes += 1;
        }
        self.household.live_in(&self.nas.house);
    }

    /// Ends before the evening begins.
    async fn some_time_passes(&mut self, off: UnixTime) {
        let left = off.since(self.nas.now()).as_secs() / 60;
        let minutes = self.chance.below(left.saturating_sub(90).max(1));
        self.nas.pass(Duration::from_mins(minutes)).await;
    }

    /// A user who can sign in.
    fn admitted_member(&mut self) -> Member {
        let welcome = self.household.welcome();
        self.chance.one_of(&welcome).clone()
    }

    async fn sees(&mut self, member: &Member) {
        self.judge
            .sees(&self.nas, &mut self.household, member)
            .await;
    }
}
