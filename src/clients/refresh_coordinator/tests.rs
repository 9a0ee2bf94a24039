use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::{Instant, sleep};

use super::*;
use domain::base::clock::UnixTime;

const SECOND: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(15);

/// Seconds that the test lets pass.
#[derive(Debug, Default)]
struct Seconds(AtomicU64);

impl Clock for Seconds {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(0)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

fn desk() -> (RefreshCoordinator, Arc<Seconds>) {
    let clock = Arc::new(Seconds::default());
    (RefreshCoordinator::new(clock.clone()), clock)
}

fn pass(clock: &Seconds, seconds: u64) {
    clock.0.fetch_add(seconds, Ordering::SeqCst);
}

/// The job makes one refresh, when it is wanted.
async fn refresh(desk: &RefreshCoordinator, takes: Duration) -> bool {
    desk.wanted().await;
    let running = desk.begin();
    sleep(takes).await;
    running.was_demanded
}

/// One login asks, and the job does its work.
async fn ask_and_refresh(desk: &RefreshCoordinator) -> RefreshOutcome {
    tokio::select! {
        asked = desk.ask(PATIENCE) => asked,
        () = async { loop { refresh(desk, SECOND).await; } } => unreachable!(),
    }
}

#[tokio::test(start_paused = true)]
async fn all_who_ask_wait_for_one_refresh() {
    let (desk, _) = desk();
    let begun = Instant::now();
    let late = async {
        sleep(3 * SECOND).await;
        desk.ask(PATIENCE).await
    };
    let (first, second, late, demanded) = tokio::join!(
        desk.ask(PATIENCE),
        desk.ask(PATIENCE),
        late,
        refresh(&desk, 12 * SECOND),
    );
    assert_eq!([first, second, late], [RefreshOutcome::Ended; 3]);
    assert!(!demanded);
    assert_eq!(begun.elapsed(), 12 * SECOND);
    assert!(!desk.state().is_under_way());
}

#[tokio::test(start_paused = true)]
async fn a_second_request_within_ten_seconds_is_refused_at_once() {
    let (desk, clock) = desk();
    assert_eq!(ask_and_refresh(&desk).await, RefreshOutcome::Ended);
    pass(&clock, 9);
    let begun = Instant::now();
    assert_eq!(desk.ask(PATIENCE).await, RefreshOutcome::TooOften);
    assert_eq!(begun.elapsed(), Duration::ZERO);
    pass(&clock, 1);
    assert_eq!(ask_and_refresh(&desk).await, RefreshOutcome::Ended);
}

#[tokio::test(start_paused = true)]
async fn sixty_an_hour_and_the_next_when_the_first_is_an_hour_ago() {
    let (desk, clock) = desk();
    for _ in 0..60 {
        assert_eq!(ask_and_refresh(&desk).await, RefreshOutcome::Ended);
        pass(&clock, 10);
    }
    assert_eq!(desk.ask(PATIENCE).await, RefreshOutcome::TooOften);
    pass(&clock, 3600 - 600 - 1);
    assert_eq!(desk.ask(PATIENCE).await, RefreshOutcome::TooOften);
    pass(&clock, 1);
    assert_eq!(ask_and_refresh(&desk).await, RefreshOutcome::Ended);
    assert_eq!(desk.ask(PATIENCE).await, RefreshOutcome::TooOften);
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_refresh_is_joined_and_uses_no_clients_allowance() {
    let (desk, _) = desk();
    let running = desk.begin();
    let (asked, ()) = tokio::join!(desk.ask(PATIENCE), async {
        sleep(SECOND).await;
        drop(running);
    });
    assert_eq!(asked, RefreshOutcome::Ended);
    assert_eq!(ask_and_refresh(&desk).await, RefreshOutcome::Ended);
}

#[tokio::test(start_paused = true)]
async fn a_slow_refresh_is_waited_for_so_long_and_goes_on() {
    let (desk, _) = desk();
    let begun = Instant::now();
    let (asked, _) = tokio::join!(desk.ask(PATIENCE), async {
        let demanded = refresh(&desk, 30 * SECOND).await;
        assert_eq!(begun.elapsed(), 30 * SECOND);
        demanded
    });
    assert_eq!(asked, RefreshOutcome::TakesLonger);
    let (desk, _) = self::desk();
    let begun = Instant::now();
    assert_eq!(desk.ask(PATIENCE).await, RefreshOutcome::TakesLonger);
    assert_eq!(begun.elapsed(), PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_waiter_does_not_disturb_the_others() {
    let (desk, _) = desk();
    tokio::select! {
        biased;
        asked = desk.ask(PATIENCE) => panic!("{asked:?}"),
        () = sleep(SECOND) => {}
    }
    let (asked, _) = tokio::join!(desk.ask(PATIENCE), refresh(&desk, SECOND));
    assert_eq!(asked, RefreshOutcome::Ended);
}

#[tokio::test(start_paused = true)]
async fn during_a_signin_pause_only_a_person_starts_a_refresh() {
    let (desk, clock) = desk();
    let refused = SigninPause::after(None, clock.now(), Vec::new(), String::new());
    desk.set_signin_pause(Some(refused));
    assert_eq!(desk.ask(PATIENCE).await, RefreshOutcome::Paused);
    assert_eq!(desk.state().wish, None);
    desk.demand_and_wait(Duration::ZERO).await;
    assert!(refresh(&desk, SECOND).await);
    desk.set_signin_pause(None);
    assert_eq!(ask_and_refresh(&desk).await, RefreshOutcome::Ended);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_requested_during_a_refresh_is_another_one() {
    let (desk, _) = desk();
    let running = desk.begin();
    assert!(!running.was_demanded);
    desk.demand_and_wait(Duration::ZERO).await;
    drop(running);
    assert!(refresh(&desk, SECOND).await);
    let again = timeout(PATIENCE, desk.wanted()).await;
    assert!(again.is_err(), "wanted once, made twice");
}
