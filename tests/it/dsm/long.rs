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

/// On somebody's thread a login may be waiting. The pieces of the answer are
/// joined there, which is not the long part of it.
const TURN: Duration = Duration::from_millis(20);

#[tokio::test]
async fn a_long_list_keeps_nobodys_thread_busy() {
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

/// Does `work` and takes turns with it on this thread: the most CPU time that
/// `work` took at once. Other programs do not count.
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
    // The kernel brings the figure up to date when it has a choice to make.
    thread::yield_now();
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// A DSM on a thread of its own, until it is dropped: what it takes to write
/// the list does not count.
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
