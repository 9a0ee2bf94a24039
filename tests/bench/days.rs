//! The memory after days of use: it must not grow from day to day.

use std::time::Duration;

use fakes::flood::floods;

use crate::House;
use crate::login::Connections;
use crate::report::{Report, Target};

const DAYS: u32 = 10;

/// Ten for each of a hundred people.
const LOGINS: u32 = 1000;

/// More than one an hour: each reload refreshes the users, too.
const REFRESHES: u32 = 20;

/// A day; over all days, each kind occurs at least once.
const FLOODS: usize = 2;

/// In MiB.
const MOST: f64 = 16.0;

/// From the second day to the last, in MiB.
const MOST_GROWTH: f64 = 1.0;

/// Days with logins, refreshes, and floods of each kind in turn.
pub(crate) fn ten(house: &House, report: &mut Report) {
    house.write_config(house.google.issuer(), &house.dsm.url());
    let daemon = house.start();
    let mut floods = floods().into_iter().cycle();
    let mut second_day = 0.0;
    for day in 1..=DAYS {
        for _ in 0..REFRESHES {
            daemon.reload();
            house
                .sign_in(LOGINS / REFRESHES, Connections::OneEach)
                .unwrap();
        }
        let before = daemon.memory("VmRSS");
        for flood in floods.by_ref().take(FLOODS) {
            house.runtime.block_on(crate::floods::once(house, &flood));
        }
        std::thread::sleep(Duration::from_secs(1));
        if day == 2 {
            second_day = before;
        }
        if day == 1 || day == DAYS {
            let name = format!("memory after day {day}, before its floods");
            report.line(&name, before, " MiB", Target::Below(MOST));
            let after = daemon.memory("VmRSS");
            report.line("    after them", after, " MiB", Target::Below(MOST));
        }
        if day == DAYS {
            let grown = before - second_day;
            let target = Target::Below(MOST_GROWTH);
            report.line("    growth since day 2", grown, " MiB", target);
        }
    }
    daemon.stop();
    house.write_config(house.google.issuer(), crate::NOBODY);
}
