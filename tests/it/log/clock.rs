//! A wrong clock prevents all sign-ins: the log says so once, and how to
//! correct it.

use fakes::house::House;
use google_to_synology_sso::config::{LogFormat, LogLevel};

use crate::support::captured_log::CapturedLog;

#[tokio::test]
async fn a_clock_that_disagrees_with_googles_is_logged_once() {
    let mut log = CapturedLog::up(LogLevel::INFO, LogFormat::Text);
    let house = House::new().await;
    log.news();
    let mut check = async |googles_offset: i64, expected: Option<&str>| {
        house.google.set_date_offset(googles_offset);
        // Two documents are fetched, each with its date.
        house.bridge().upstream.refresh().await.unwrap();
        let news = log.news();
        assert_eq!(news.len(), usize::from(expected.is_some()), "{news:?}");
        let Some(expected) = expected else {
            return;
        };
        assert!(news[0].contains(expected), "{news:?}");
    };
    let mend = "Control Panel > Regional Options > Time";
    check(0, None).await;
    check(60, None).await;
    check(-60, None).await;

    check(61, Some(mend)).await;
    check(61, None).await;
    check(90, None).await;
    // Daylight saving time set by hand.
    check(3600, Some("Time behind=1h")).await;
    check(-7200, Some("Time ahead=2h")).await;

    check(
        5,
        Some("INFO  this machine's clock agrees with Google's again"),
    )
    .await;
    check(0, None).await;
    check(61, Some(mend)).await;
}
