//! The seal: whatever an attacker puts into a cookie, only a cookie that we
//! sealed opens, and only for its login.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::base::clock::UnixTime;
use domain::base::ids::{ClientId, GoogleIssuer};
use domain::base::secret::Secret;
use domain::model::login::cookie::{Sealer, UnsealError};
use domain::model::login::{
    AuthorizationRequest, CodeChallenge, HintedUser, LoginId, PendingLogin, Prompt, Scope,
};
use domain::model::relying_party::{RegisteredRedirect, RelyingParty};
use fakes::time::MONDAY_MORNING;
use google_to_synology_sso::machine::random::OsRandom;
use proptest::prelude::*;
use url::Url;

fn id() -> LoginId {
    LoginId::new([1; 12])
}

fn now() -> UnixTime {
    UnixTime::from_seconds(MONDAY_MORNING)
}

fn sealer() -> Sealer {
    Sealer::new(&Secret::new([7; 32])).unwrap()
}

fn parties() -> Vec<RelyingParty> {
    let uri = "https://nas.example.com/".to_owned();
    let parsed = Url::parse(&uri).unwrap();
    vec![RelyingParty {
        id: ClientId::new("synology"),
        name: "Synology".to_owned(),
        secret: Secret::new("secret".to_owned()),
        secret_file: std::path::PathBuf::new(),
        redirect_uris: vec![RegisteredRedirect::new(uri, &parsed)],
        require_pkce: false,
    }]
}

fn asked() -> AuthorizationRequest {
    let parties = parties();
    AuthorizationRequest {
        client: ClientId::new("synology"),
        redirect: parties[0].trust("https://nas.example.com").unwrap(),
        state: Some(b"\xff s".to_vec()),
        nonce: Some("n-\u{e9}".to_owned()),
        scope: Scope::parse("openid profile"),
        challenge: Some(CodeChallenge([5; 32])),
        max_age: Some(3600),
        prompt: Prompt::Ask {
            login: false,
            select_account: true,
            consent: false,
        },
        login_hint: None,
        hinted: Some(HintedUser::of("somebody")),
    }
}

fn sealed(request: AuthorizationRequest) -> String {
    let login = PendingLogin {
        id: id(),
        state_secret: Secret::new([2; 16]),
        google_nonce: Secret::new([3; 32]),
        google_verifier: Secret::new([4; 32]),
        google_issuer: GoogleIssuer::new("https://accounts.google.com"),
        started: now(),
        request,
    };
    sealer().seal(&login, &OsRandom::default()).unwrap()
}

fn open(value: &str) -> Result<PendingLogin, UnsealError> {
    sealer().open(id(), value, &parties(), now())
}

#[test]
fn a_sealed_cookie_opens_for_its_login_for_15_minutes() {
    let value = sealed(asked());
    let opened = open(&value).unwrap();
    assert_eq!(opened.request, asked());
    assert_eq!(opened.google_nonce.expose(), &[3; 32]);

    let open = |id, seconds: i64| {
        let now = UnixTime::from_seconds(MONDAY_MORNING + seconds);
        sealer().open(id, &value, &parties(), now).map(|_| ())
    };
    assert_eq!(open(id(), 900), Ok(()));
    assert_eq!(open(id(), 901), Err(UnsealError::Expired));
    // A clock that was set back a little.
    assert_eq!(open(id(), -300), Ok(()));
    assert_eq!(open(id(), -301), Err(UnsealError::Expired));
    assert_eq!(open(LoginId::new([2; 12]), 0), Err(UnsealError::Forged));
    let nobody = sealer().open(id(), &value, &[], now());
    assert_eq!(nobody.unwrap_err(), UnsealError::Unregistered);
    let other_key = Sealer::new(&Secret::new([8; 32])).unwrap();
    let opened = other_key.open(id(), &value, &parties(), now());
    assert_eq!(opened.unwrap_err(), UnsealError::Forged);
}

#[test]
fn no_two_seals_of_one_login_are_alike() {
    assert_ne!(sealed(asked()), sealed(asked()));
}

proptest! {
    #[test]
    fn any_request_comes_back_as_it_went_in(
        state in prop::option::of(prop::collection::vec(any::<u8>(), 0..1400)),
        nonce in prop::option::of(".{0,200}"),
        challenge in prop::option::of(any::<[u8; 32]>()),
        max_age in any::<Option<u32>>(),
        scope in "(openid|email|profile| )*",
        prompt in prop::sample::select(vec![
            Prompt::Unspecified,
            Prompt::Silent,
            Prompt::Ask { login: true, select_account: true, consent: true },
            Prompt::Ask { login: true, select_account: false, consent: false },
            Prompt::Ask { login: false, select_account: false, consent: true },
            Prompt::Ask { login: false, select_account: true, consent: false },
        ]),
    ) {
        let request = AuthorizationRequest {
            state,
            nonce,
            challenge: challenge.map(CodeChallenge),
            max_age,
            scope: Scope::parse(&scope),
            prompt,
            ..asked()
        };
        let opened = open(&sealed(request.clone())).unwrap();
        prop_assert_eq!(opened.request, request);
    }

    #[test]
    fn one_bit_makes_it_a_forgery(place in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed(asked())).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let opened = open(&URL_SAFE_NO_PAD.encode(bytes));
        prop_assert_eq!(opened.map(|_| ()), Err(UnsealError::Forged));
    }

    #[test]
    fn a_part_of_it_is_a_forgery(length in any::<prop::sample::Index>()) {
        let value = sealed(asked());
        let length = length.index(value.len());
        prop_assert_eq!(open(&value[..length]).map(|_| ()), Err(UnsealError::Forged));
    }

    #[test]
    fn any_bytes_are_a_forgery(bytes in any::<Vec<u8>>(), text in "\\PC*") {
        let opened = open(&URL_SAFE_NO_PAD.encode(bytes));
        prop_assert_eq!(opened.map(|_| ()), Err(UnsealError::Forged));
        prop_assert_eq!(open(&text).map(|_| ()), Err(UnsealError::Forged));
    }
}

#[test]
fn time_never_overflows() {
    let value = sealed(asked());
    for seconds in [i64::MIN, -1, 0, i64::MAX] {
        let opened = sealer().open(id(), &value, &parties(), UnixTime::from_seconds(seconds));
        assert_eq!(opened.unwrap_err(), UnsealError::Expired);
    }
    let _ = now().plus(Duration::MAX);
}
