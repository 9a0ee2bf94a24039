use fakes::dsm::{Api, Instead};
use fakes::house::{House, JEANNE, Plan};
use serde_json::json;

use super::{UNCHANGED, at_rest, disk, refresh};

#[tokio::test]
async fn on_each_of_dsms_bad_days_those_of_before_sign_in() {
    let house = House::planned(Plan {
        dsm: "timeout = \"1s\"".to_owned(),
        ..Plan::default()
    });
    // Boxed because of clippy's limit for futures.
    let house = Box::pin(house).await;
    at_rest(&house).await;
    let before = disk(&house);
    let failure = || Instead::Json(json!({"success": false}));
    let elsewhere = || Instead::Redirect("https://nas.example.com:5001/".to_owned());
    for api in [Api::SignIn, Api::Users] {
        for (day, instead) in [
            ("slow", Instead::Hang),
            ("starting", Instead::Html),
            ("starting", Instead::Status(502)),
            ("cut off", Instead::Cut),
            ("something else", Instead::Huge(129 * 1024 * 1024)),
            ("failing", failure()),
            ("unwilling", Instead::Code(105)),
            ("moved", elsewhere()),
        ] {
            house.dsm.always(api, instead);
            let failed = house.jobs().users.refresh().await;
            assert!(failed.is_err(), "{api:?} {day}: {failed:?}");
            let report = house.jobs().users.report();
            assert!(report.error.is_some(), "{api:?} {day}");
            assert_eq!(report.paused_until, None, "{api:?} {day}");
            assert!(disk(&house) == before, "{api:?} {day}: written");
            house.dsm.as_usual(api);
            house.dsm.release();
            assert_eq!(refresh(&house).await, UNCHANGED, "{api:?} {day}");
            assert_eq!(house.jobs().users.report().error, None);
        }
    }
    house.sign_in(JEANNE, "").await;
}

#[tokio::test]
async fn a_session_that_is_lost_in_the_middle_is_no_failure() {
    let house = House::new().await;
    at_rest(&house).await;
    for code in [105, 106, 107, 119, 150] {
        for api in [Api::Users, Api::Members] {
            house.dsm.next(api, Instead::Code(code));
            assert_eq!(refresh(&house).await, UNCHANGED, "{code}");
            let report = house.jobs().users.report();
            assert_eq!(report.administrators_error, None, "{code}");
        }
    }
}
