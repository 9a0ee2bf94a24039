//! Timers that fire early: seconds pass in milliseconds.

use std::time::Duration;

use fakes::browser::{Browser, Shown};
use fakes::house::House;

/// What `person` is told who waits for a DSM that does not answer. Seconds
/// pass in milliseconds meanwhile.
pub(crate) async fn out_of_patience(house: &House, person: &str) -> Shown {
    let seconds_pass = async {
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            pass(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        shown = arrive(house, person) => shown,
        () = seconds_pass => unreachable!(),
    }
}

/// Timers believe that `span` has passed; what is under way on sockets goes
/// on as it was.
pub(crate) async fn pass(span: Duration) {
    let _frozen = Frozen::now();
    tokio::time::advance(span).await;
}

/// The runtime's time stands still until this is dropped, be it since nobody
/// waits for its end any more.
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
