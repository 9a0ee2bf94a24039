use std::fs;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use domain::model::user_list::UserList;
use fakes::dsm::{FakeDsm, FakeUser};
use google_to_synology_sso::clients::dsm::DsmClient;
use tokio_util::sync::CancellationToken;

const USERS: usize = 30_000;

/// A login may be waiting on the same thread. The parts of the response are
/// joined there, which is fast.
const TURN: Duration = Duration::from_millis(20);

#[tokio::test]
async fn a_long_list_does_not_block_the_thread() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = Elsewhere::start();
    let client = DsmClient::new(elsewhere.dsm.settings(home.path()));
    let (reading, longest) = with_turns(client.list_users(&Arc::default())).await;
    assert!(longest < TURN, "the first time {longest:?}");
    let known = Arc::new(UserList {
        users: reading.unwrap().users.unwrap(),
        administrators: None,
    });
    assert_eq!(known.users.len(), USERS);
    let (reading, longest) = with_turns(client.list_users(&known)).await;
    assert!(longest < TURN, "unchanged {longest:?}");
    assert_eq!(reading.unwrap().users, None);
}

/// Runs `work` on this thread in turns: returns the most CPU time that `work`
/// took at once, without other programs.
async fn with_turns<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let mut longest = Duration::ZERO;
    let turns = async {
        let mut last = own_cpu();
        loop {
            tokio::task::yield_now().await;
            let now = own_cpu();
            longest = longest.max(now.saturating_sub(last));
            last = now;
        }
    };
    let done = tokio::select! {
        done = work => done,
        () = turns => unreachable!(),
    };
    (done, longest)
}

/// The CPU time of this thread so far.
fn own_cpu() -> Duration {
    // The kernel updates the figure when it schedules.
    thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// A DSM on its own thread, until it is dropped: the time to write the list is
/// not measured.
struct Elsewhere {
    dsm: FakeDsm,
    stop: CancellationToken,
}

impl Elsewhere {
    fn start() -> Self {
        let (made, dsm) = mpsc::channel();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                made.send(FakeDsm::start().await).unwrap();
                stopped.cancelled().await;
            });
        });
        let dsm = dsm.recv().unwrap();
        let user = |n| FakeUser::new(&format!("user{n}"), &format!("user{n}@example.com"));
        dsm.set_users((0..USERS).map(user).collect::<Vec<_>>());
        Self { dsm, stop }
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
