use fakes::dsm::{Api, Instead};
use google_to_synology_sso::clients::dsm::Reaction::{PauseSignIns, Report, Retry};
use google_to_synology_sso::clients::dsm::{Call, Code, DsmError, Reaction};

use super::{Home, ONE_READING, told};

/// Each code, our reaction, and some words of the advice.
const OF_A_LIST: [(i64, Reaction, &str); 21] = [
    (100, Retry, "without saying why"),
    (101, Report, "report this as a bug"),
    (102, Report, "DSM 7 is needed"),
    (103, Report, "SynoToken"),
    (104, Report, "DSM 7 is needed"),
    (
        105,
        Report,
        "in Control Panel > User & Group, and let dsm.url be a loopback address",
    ),
    (106, Retry, "too old"),
    (107, Retry, "another sign-in"),
    (109, Retry, "busy"),
    (110, Retry, "busy"),
    (111, Retry, "busy"),
    (114, Report, "report this as a bug"),
    (117, Retry, "busy"),
    (118, Retry, "busy"),
    (119, Retry, "does not know the session"),
    (120, Report, "report this as a bug"),
    (150, Retry, "another address"),
    (160, Report, "Application Privileges"),
    (402, Report, "into the group administrators"),
    // Codes from 400 on are about passwords only for a sign-in.
    (407, Retry, "not known here"),
    (3205, Retry, "not known here"),
];

const OF_A_SIGN_IN: [(i64, Reaction, &str); 18] = [
    (100, Retry, "without saying why"),
    (104, Report, "DSM 7 is needed"),
    (105, Report, "administrators"),
    (119, Retry, "does not know the session"),
    (160, Report, "Application Privileges"),
    (400, PauseSignIns, "dsm.password-file"),
    (401, PauseSignIns, "enable dsm.account"),
    (402, PauseSignIns, "Application Privileges"),
    (403, PauseSignIns, "knows no device token"),
    (404, PauseSignIns, "setup --otp again, with a new code"),
    (405, PauseSignIns, "refuses the sign-in"),
    (406, PauseSignIns, "has none yet"),
    (407, PauseSignIns, "block list"),
    (408, PauseSignIns, "cannot change it"),
    (409, PauseSignIns, "has expired"),
    (410, PauseSignIns, "must be changed"),
    (411, PauseSignIns, "unlock it"),
    (449, PauseSignIns, "or with one-time codes"),
];

#[tokio::test]
async fn each_code_of_a_list_has_its_reaction_and_its_advice() {
    for (call, api) in [
        (Call::ListUsers, Api::Users),
        (Call::ListAdministrators, Api::Members),
    ] {
        for (number, reaction, advice) in OF_A_LIST {
            check(call, api, number, reaction, advice).await;
        }
    }
}

#[tokio::test]
async fn each_code_of_a_sign_in_has_its_reaction_and_its_advice() {
    for (number, reaction, advice) in OF_A_SIGN_IN {
        check(Call::SignIn, Api::SignIn, number, reaction, advice).await;
    }
}

async fn check(call: Call, api: Api, number: i64, reaction: Reaction, advice: &str) {
    let home = Home::new().await;
    home.dsm.always(api, Instead::Code(number));
    let error = home.failure_of(api).await;

    let expected = Code::of(call, number);
    let DsmError::Refused { call: asked, code } = error else {
        panic!("{error:?} for {number}");
    };
    assert_eq!((asked, code), (call, expected), "for {number}");
    assert_eq!(error.reaction(), reaction, "{error}");
    let text = told(&error);
    assert!(text.contains(advice), "{text}");
    assert!(text.contains(&number.to_string()), "{text}");
    assert!(text.contains(&call.to_string()), "{text}");
}

#[tokio::test]
async fn an_unknown_refusal_of_a_sign_in_is_one_all_the_same() {
    check(
        Call::SignIn,
        Api::SignIn,
        498,
        PauseSignIns,
        "not known here",
    )
    .await;
}

#[tokio::test]
async fn no_refused_sign_in_is_tried_twice() {
    for number in (400..=411).chain([449, 105, 119, 107, 498]) {
        let home = Home::new().await;
        home.dsm.always(Api::SignIn, Instead::Code(number));
        home.failure().await;
        assert_eq!(home.dsm.calls(), [Api::SignIn], "after {number}");
    }
}

#[tokio::test]
async fn a_dsm_without_auth_version_7_is_asked_once_with_6() {
    let home = Home::new().await;
    home.dsm
        .change(|behaviour| behaviour.highest_auth_version = 6);

    home.read().await.unwrap();

    let expected = [(Api::SignIn, "7"), (Api::SignIn, "6"), (Api::SignOut, "6")];
    assert_eq!(auth_versions(&home), expected.map(owned));
    let counts = home.dsm.counts();
    assert_eq!((counts.sign_outs, counts.open_sessions), (1, 0));
}

#[tokio::test]
async fn a_session_of_auth_version_7_is_closed_with_7() {
    let home = Home::new().await;
    home.read().await.unwrap();
    let expected = [(Api::SignIn, "7"), (Api::SignOut, "7")];
    assert_eq!(auth_versions(&home), expected.map(owned));
}

#[tokio::test]
async fn a_dsm_with_neither_auth_version_is_asked_twice_only() {
    let home = Home::new().await;
    home.dsm
        .change(|behaviour| behaviour.highest_auth_version = 3);
    let error = home.failure().await;
    assert_eq!(error.reaction(), Report);
    let expected = [(Api::SignIn, "7"), (Api::SignIn, "6")];
    assert_eq!(auth_versions(&home), expected.map(owned));
}

/// Each sign-in and sign-out so far, with the version of `SYNO.API.Auth`.
fn auth_versions(home: &Home) -> Vec<(Api, String)> {
    let requests = home.dsm.requests();
    let of_auth = requests.iter().filter_map(|request| {
        let api = Api::of(request)?;
        let version = request.parameter("version")?;
        matches!(api, Api::SignIn | Api::SignOut).then_some((api, version))
    });
    of_auth.collect()
}

fn owned((api, version): (Api, &str)) -> (Api, String) {
    (api, version.to_owned())
}

#[tokio::test]
async fn a_wrong_password_is_told_without_the_password() {
    let home = Home::new().await;
    let ours = home.dsm.behaviour().password;
    home.dsm
        .change(|behaviour| behaviour.password = "changed last night".to_owned());
    let error = home.failure().await;
    assert_eq!(error.reaction(), PauseSignIns);
    assert!(!format!("{} {error:?}", told(&error)).contains(&ours));
}

#[tokio::test]
async fn a_session_that_ends_half_way_is_opened_once_more() {
    for number in [105, 106, 107, 119, 150, 402] {
        for (api, first_session) in [(Api::Users, 1), (Api::Members, 2)] {
            let home = Home::new().await;
            home.dsm.next(api, Instead::Code(number));

            home.read().await.unwrap();

            let mut expected = ONE_READING[..=first_session].to_vec();
            expected.push(Api::SignOut);
            expected.extend(ONE_READING);
            assert_eq!(home.dsm.calls(), expected, "after {number}");
            assert_eq!(home.dsm.counts().open_sessions, 0);
        }
    }
}

#[tokio::test]
async fn a_restart_of_dsm_between_two_requests_is_survived() {
    let home = Home::new().await;
    home.dsm.next(Api::Members, Instead::Hang);
    let restart = async {
        home.dsm.wait_until(|counts| counts.hanging == 1).await;
        home.dsm.forget_sessions();
        home.dsm.release();
    };
    let (list, ()) = tokio::join!(home.read(), restart);
    list.unwrap();
    assert_eq!(home.dsm.counts().sign_ins, 2);
}

#[tokio::test]
async fn an_account_without_the_right_is_asked_twice_and_reported() {
    let home = Home::new().await;
    home.dsm
        .change(|behaviour| behaviour.account_is_administrator = false);
    let error = home.failure().await;
    assert_eq!(error.reaction(), Report);
    let counts = home.dsm.counts();
    assert_eq!((counts.sign_ins, counts.sign_outs), (2, 2));
    assert_eq!(counts.user_lists, 2);
}

#[tokio::test]
async fn other_codes_do_not_open_a_second_session() {
    for number in [100, 101, 103, 109, 114, 120, 160, 3205] {
        let home = Home::new().await;
        home.dsm.next(Api::Users, Instead::Code(number));
        home.failure().await;
        let expected = [Api::SignIn, Api::Users, Api::SignOut];
        assert_eq!(home.dsm.calls(), expected, "after {number}");
    }
}

#[tokio::test]
async fn errors_that_come_with_details_are_read_too() {
    for error in [
        serde_json::json!({"code": 403, "errors": {"token": "t", "types": [{"type": "otp"}]}}),
        serde_json::json!({"code": 403, "errors": []}),
    ] {
        let home = Home::new().await;
        let answer = serde_json::json!({"success": false, "error": error});
        home.dsm.next(Api::SignIn, Instead::Json(answer));
        assert_eq!(home.failure().await.reaction(), PauseSignIns);
    }
}

#[tokio::test]
async fn a_failure_without_a_code_is_an_unexplained_one() {
    let home = Home::new().await;
    let answer = serde_json::json!({"success": false, "data": 1});
    home.dsm.next(Api::Users, Instead::Json(answer));
    let error = home.failure().await;
    let DsmError::Refused { code, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(code, Code::of(Call::ListUsers, 100));
}
