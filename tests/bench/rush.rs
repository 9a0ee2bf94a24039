//! Many users who sign in at once.

use std::time::Duration;

use crate::login::{Client, Connections};
use crate::measure::{median, milliseconds, now};
use crate::process::Threads;
use crate::report::{Report, Target};
use crate::{House, account, pupil};

const CLIENTS_AT_ONCE: usize = 16;
const RUSH: Duration = Duration::from_secs(5);

/// The number of users who sign in at the same moment, and of repetitions; the
/// worst is reported.
pub(crate) const CROWD: usize = 300;
const CROWDS: u32 = 5;

/// A few users sign in without a pause.
pub(crate) fn sixteen(house: &House, report: &mut Report) {
    let daemon = house.start();
    let clients = || {
        (0..CLIENTS_AT_ONCE).map(|_| Client::new(house.address, &house.google, Connections::Kept))
    };
    house
        .runtime
        .block_on(rush(clients(), Duration::from_millis(500)));
    let (daemons, ours) = (daemon.threads(), Threads::of("self"));
    let begun = now();
    let logins = house.runtime.block_on(rush(clients(), RUSH));
    let passed = begun.elapsed().as_secs_f64();
    let daemons = daemon.threads().since(&daemons).cpu.as_secs_f64();
    let ours = Threads::of("self").since(&ours).cpu.as_secs_f64();

    let count = f64::from(u32::try_from(logins.len()).unwrap());
    let middle = median(logins.iter().copied());
    let slowest = logins.iter().max().unwrap();
    report.line(
        "16 clients at once: logins",
        count / passed,
        "/s",
        Target::Above(450.0),
    );
    report.line(
        "the median login",
        milliseconds(middle),
        " ms",
        Target::None,
    );
    report.line(
        "the slowest login",
        milliseconds(*slowest),
        " ms",
        Target::None,
    );
    report.line(
        "CPUs that the daemon used",
        daemons / passed,
        "",
        Target::None,
    );
    report.line(
        "CPUs that clients and fakes used",
        ours / passed,
        "",
        Target::None,
    );
    report.line(
        "memory then (RSS)",
        daemon.memory("VmRSS"),
        " MiB",
        Target::None,
    );
    daemon.stop();
}

/// As many users as a school at the same moment, each with a connection and
/// an account.
pub(crate) fn crowd(house: &House, report: &mut Report) {
    let daemon = house.start();
    let pupils = || {
        (0..CROWD).map(|number| {
            Client::new(house.address, &house.google, Connections::Kept)
                .of(account(number), pupil(number))
        })
    };
    let rounds = (0..CROWDS).map(|_| house.runtime.block_on(at_once(pupils())));
    let logins: Vec<_> = rounds.flatten().collect();
    let failed = logins.iter().filter(|login| login.is_err()).count();
    let slowest = logins.iter().flatten().max().unwrap();
    report.line(
        "300 logins at once, 5 times: failed",
        f64::from(u32::try_from(failed).unwrap()),
        "",
        Target::Below(1.0),
    );
    report.line(
        "the slowest of them",
        milliseconds(*slowest),
        " ms",
        Target::Below(1000.0),
    );
    report.line(
        "memory then (RSS)",
        daemon.memory("VmRSS"),
        " MiB",
        Target::None,
    );
    daemon.stop();
}

/// Returns how long it took until each of `clients` was signed in.
async fn at_once(clients: impl Iterator<Item = Client>) -> Vec<Result<Duration, String>> {
    let begun = now();
    let clients: Vec<_> = clients
        .map(|mut client| {
            in_background(async move {
                client.sign_in().await?;
                Ok(begun.elapsed())
            })
        })
        .collect();
    let mut logins = Vec::new();
    for client in clients {
        logins.push(client.await.unwrap());
    }
    logins
}

/// Returns the duration of each login that `clients` finished within `span`.
async fn rush(clients: impl Iterator<Item = Client>, span: Duration) -> Vec<Duration> {
    let end = now() + span;
    let clients: Vec<_> = clients
        .map(|mut client| {
            in_background(async move {
                let mut logins = Vec::new();
                while now() < end {
                    let begun = now();
                    client.sign_in().await.unwrap();
                    logins.push(begun.elapsed());
                }
                logins
            })
        })
        .collect();
    let mut logins = Vec::new();
    for client in clients {
        logins.extend(client.await.unwrap());
    }
    logins
}

#[expect(clippy::disallowed_methods, reason = "a bench's tasks end with it")]
fn in_background<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(task)
}
