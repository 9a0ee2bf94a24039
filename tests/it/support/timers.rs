//! Timers that fire early: seconds pass in milliseconds.

use std::time::Duration;

use fakes::browser::{Browser, Shown};
use fakes::house::House;

/// Returns what `person` sees after waiting for a DSM that does not respond.
/// Seconds pass in milliseconds meanwhile.
pub(crate) async fn out_of_patience(house: &House, person: &str) -> Shown {
    in_fast_motion(5, arrive(house, person)).await
}

/// Returns the result of `work`. A second passes every `pace` milliseconds.
pub(crate) async fn in_fast_motion<T>(pace: u64, work: impl Future<Output = T>) -> T {
    let seconds_pass = async {
        loop {
            tokio::time::sleep(Duration::from_millis(pace)).await;
            pass(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        result = work => result,
        () = seconds_pass => unreachable!(),
    }
}

/// Advances timers by `span`; sockets are not affected.
pub(crate) async fn pass(span: Duration) {
    let _frozen = Frozen::now();
    tokio::time::advance(span).await;
}

/// Pauses the runtime's time until dropped, also if the test is cancelled.
struct Frozen;

impl Frozen {
    fn now() -> Self {
        tokio::time::pause();
        Self
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        tokio::time::resume();
    }
}

pub(crate) async fn arrive(house: &House, person: &str) -> Shown {
    house.arrive(&mut Browser::new(), person, "").await
}
