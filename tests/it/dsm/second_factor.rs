use std::path::PathBuf;
use std::sync::Arc;

use domain::base::secret::Secret;
use fakes::dsm::{Api, Instead, SecondFactor};
use fakes::house::write_secret;
use google_to_synology_sso::clients::dsm::{DsmError, Reaction};
use serde_json::json;

use super::{Home, told};

const CODE: &str = "123456";

impl Home {
    /// An account whose phone shows [`CODE`], and a client that uses the token
    /// in `dsm-device-token`.
    async fn with_second_factor() -> Self {
        let home = Self::with(|settings| {
            let beside = settings.password_file.with_file_name("dsm-device-token");
            settings.device_token_file = Some(beside);
        })
        .await;
        let factor = SecondFactor::new(CODE);
        home.dsm
            .change(|behaviour| behaviour.second_factor = Some(factor));
        home
    }

    fn token_file(&self) -> PathBuf {
        self.directory.path().join("dsm-device-token")
    }

    async fn trust_with(&self, code: &str) -> Result<Option<Secret<String>>, DsmError> {
        let code = Secret::new(code.to_owned());
        let trusted = self.client.trust_this_device(&code).await;
        assert_eq!(self.dsm.counts().open_sessions, 0);
        trusted
    }
}

#[tokio::test]
async fn one_code_opens_all_later_readings() {
    for key in ["device_id", "did"] {
        let home = Home::with_second_factor().await;
        home.dsm.change(|behaviour| {
            let factor = behaviour.second_factor.as_mut().unwrap();
            factor.key = key;
        });

        let token = home.trust_with(CODE).await.unwrap().unwrap();
        assert_eq!(token.expose(), "device-token-1");
        assert_eq!(home.dsm.calls(), [Api::SignIn, Api::SignOut]);
        write_secret(&home.token_file(), token.expose());

        home.client.list_users(&Arc::default()).await.unwrap();
        home.client.list_users(&Arc::default()).await.unwrap();
        assert_eq!(home.dsm.counts().refused_sign_ins, 0);
    }
}

#[tokio::test]
async fn a_wrong_code_is_told_and_not_tried_again() {
    let home = Home::with_second_factor().await;
    let error = home.trust_with("654321").await.unwrap_err();
    assert_eq!(home.dsm.calls(), [Api::SignIn]);
    assert_eq!(error.reaction(), Reaction::PauseSignIns);
    let text = told(&error);
    assert!(text.contains("with a new code"), "{text}");
    assert!(!format!("{text} {error:?}").contains("654321"), "{error:?}");
}

#[tokio::test]
async fn an_account_without_a_second_factor_gets_no_token() {
    let home = Home::with_second_factor().await;
    home.dsm.change(|behaviour| behaviour.second_factor = None);
    assert!(home.trust_with(CODE).await.unwrap().is_none());
}

#[tokio::test]
async fn a_token_that_dsm_has_forgotten_asks_for_a_new_one() {
    let home = Home::with_second_factor().await;
    write_secret(&home.token_file(), "of another year");
    let error = home.failure().await;
    let DsmError::Refused { code, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(code.number(), 403);
    assert!(told(&error).contains("setup --otp"), "{error}");
}

#[tokio::test]
async fn without_its_token_nothing_is_sent() {
    let home = Home::with_second_factor().await;
    for spoil in [None, Some(""), Some("two\nlines\n")] {
        if let Some(text) = spoil {
            std::fs::write(home.token_file(), text).unwrap();
        }
        let error = home.failure().await;
        assert_eq!(error.reaction(), Reaction::Report);
        let text = told(&error);
        assert!(text.contains("dsm.device-token-file"), "{text}");
        assert!(text.contains("setup --otp"), "{text}");
        assert_eq!(home.dsm.calls(), []);
    }
}

#[tokio::test]
async fn an_empty_token_is_none() {
    let home = Home::with_second_factor().await;
    for (data, expected) in [
        (json!({"sid": "s", "did": ""}), None),
        (json!({"sid": "s", "device_id": "", "did": "d"}), Some("d")),
    ] {
        let signed_in = json!({"success": true, "data": data});
        home.dsm.next(Api::SignIn, Instead::Json(signed_in));
        let token = home.trust_with(CODE).await.unwrap();
        assert_eq!(
            token.as_ref().map(|token| token.expose().as_str()),
            expected
        );
    }
}

#[tokio::test]
async fn a_new_token_counts_at_once() {
    let home = Home::with_second_factor().await;
    home.failure().await;
    let token = home.trust_with(CODE).await.unwrap().unwrap();
    write_secret(&home.token_file(), token.expose());
    home.client.list_users(&Arc::default()).await.unwrap();
}
