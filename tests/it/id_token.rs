//! Google's ID token: valid ones pass, each lie is rejected by name.

use domain::base::clock::UnixTime;
use domain::base::ids::GoogleIssuer;
use domain::base::secret::Secret;
use domain::model::login::GoogleIdentity;
use domain::signin::google::{Expected, GoogleKeys, IdTokenError, UnverifiedIdToken};
use fakes::google::token::{self, Draft, Facts, Lie, STRANGER, Signer};
use fakes::google::{CLIENT_ID, CLIENT_SECRET, family};
use fakes::time::MONDAY_MORNING;
use proptest::prelude::*;

const NONCE: &str = "hIhTYDMdIxr2q1uT7wX0nR5SGYUTIFgkbXIyn3dC3gk";
const GOOGLE: &str = "https://accounts.google.com";

/// One test in each line: the lie, and the expected error.
macro_rules! lies {
    ($($story:ident: $lie:ident => $caught:expr;)*) => {
        $(
            #[test]
            fn $story() {
                assert_eq!(judge(&lying(Lie::$lie)).unwrap_err(), $caught);
            }
        )*
    };
}

lies! {
    another_issuer_is_refused: OtherIssuer
        => IdTokenError::WrongIssuer("https://accounts.example.com".to_owned());
    another_audience_is_refused: OtherAudience => IdTokenError::WrongAudience;
    an_audience_beside_us_is_refused: TwoAudiences => IdTokenError::WrongAudience;
    another_authorized_party_is_refused: OtherParty
        => IdTokenError::WrongAuthorizedParty("other.apps.googleusercontent.com".to_owned());
    an_expired_token_is_refused: Expired => IdTokenError::Expired {
        expired: at(-3600),
        now: at(0),
    };
    a_token_from_the_future_is_refused: FromTheFuture => IdTokenError::NotYetValid {
        begins: at(3600),
        now: at(0),
    };
    a_token_that_is_not_to_be_used_yet_is_refused: NotBefore => IdTokenError::NotYetValid {
        begins: at(3600),
        now: at(0),
    };
    a_token_without_an_end_is_refused: NoExpiry => IdTokenError::NoTime("exp");
    a_token_without_a_begin_is_refused: NoIssueTime => IdTokenError::NoTime("iat");
    another_logins_nonce_is_refused: OtherNonce => IdTokenError::OtherNonce;
    a_token_without_a_nonce_is_refused: NoNonce => IdTokenError::NoNonce;
    an_unsigned_token_is_refused: AlgNone => IdTokenError::Algorithm("none".to_owned());
    a_public_key_is_no_shared_secret: HmacWithPublicKey
        => IdTokenError::Algorithm("HS256".to_owned());
    the_client_secret_signs_nothing: HmacWithClientSecret
        => IdTokenError::Algorithm("HS256".to_owned());
    another_rsa_algorithm_is_refused: Rs512 => IdTokenError::Algorithm("RS512".to_owned());
    a_strangers_signature_is_refused: StrangersSignature => IdTokenError::BadSignature;
    a_strangers_key_is_refused: UnknownKid => IdTokenError::UnknownKey(token::kid(STRANGER));
    a_token_that_names_no_key_is_refused: NoKid => IdTokenError::NoKeyId;
    a_header_that_we_must_understand_is_refused: Critical => IdTokenError::CriticalHeader;
    another_access_tokens_hash_is_refused: OtherAtHash => IdTokenError::OtherAccessToken;
    a_token_without_an_address_is_refused: NoEmail => IdTokenError::NoAddress;
    a_token_about_nobody_is_refused: NoSubject => IdTokenError::BadSubject;
    an_empty_subject_is_refused: EmptySubject => IdTokenError::BadSubject;
    an_overlong_subject_is_refused: LongSubject => IdTokenError::BadSubject;
    a_claim_that_is_there_twice_is_refused: TwoSubjects
        => IdTokenError::Malformed("claims are not the JSON of an ID token");
    an_unverified_address_is_refused: UnverifiedAddress => not_verified();
    a_number_verifies_no_address: VerifiedAsNumber => not_verified();
    silence_verifies_no_address: NoVerified => not_verified();
}

#[test]
fn an_honest_token_says_who_it_is() {
    let identity = judge(&honest().sign()).unwrap();
    assert_eq!(identity.account.issuer.as_str(), GOOGLE);
    assert_eq!(identity.account.subject.as_str(), "114025187463509912886");
    assert_eq!(identity.address.as_written(), "paul@example.com");
    assert_eq!(identity.hosted_domain.as_deref(), Some("example.com"));
    assert_eq!(identity.name.as_deref(), Some("Paul Martin"));
    assert_eq!(identity.auth_time, None);
}

#[test]
fn accepted_variants_of_googles_token_are_verified() {
    for lie in [Lie::AudienceArray, Lie::NoAtHash, Lie::VerifiedAsString] {
        judge(&lying(lie)).unwrap_or_else(|error| panic!("{lie:?}: {error}"));
    }
    let mut bare = honest();
    for claim in ["azp", "name", "hd", "picture", "given_name"] {
        bare.drop_claim(claim);
    }
    let identity = judge(&bare.sign()).unwrap();
    assert_eq!((identity.name, identity.hosted_domain), (None, None));
}

#[test]
fn auth_time_of_google_is_read() {
    let mut draft = honest();
    draft.claim("auth_time", MONDAY_MORNING - 90);
    assert_eq!(judge(&draft.sign()).unwrap().auth_time, Some(at(-90)));
}

#[test]
fn both_spellings_of_googles_issuer_are_accepted() {
    let mut draft = honest();
    draft.claim("iss", "accounts.google.com");
    let identity = judge(&draft.sign()).unwrap();
    assert_eq!(identity.account.issuer.as_str(), GOOGLE);

    let other = GoogleIssuer::new("https://login.example.com");
    draft.claim("iss", "login.example.com");
    let error = judge_as(&draft.sign(), &other).unwrap_err();
    assert_eq!(
        error,
        IdTokenError::WrongIssuer("login.example.com".to_owned())
    );
    draft.claim("iss", "accounts.google.com");
    let error = judge_as(&draft.sign(), &other).unwrap_err();
    assert_eq!(
        error,
        IdTokenError::WrongIssuer("accounts.google.com".to_owned())
    );
}

#[test]
fn two_clocks_may_differ_by_a_minute() {
    let check = |iat: i64, exp: i64, good: bool| {
        let mut draft = honest();
        draft.claim("iat", MONDAY_MORNING + iat);
        draft.claim("exp", MONDAY_MORNING + exp);
        assert_eq!(judge(&draft.sign()).is_ok(), good, "{iat} {exp}");
    };
    check(60, 3660, true);
    check(61, 3661, false);
    check(-3600, -59, true);
    check(-3600, -60, false);
}

#[test]
fn absurd_times_are_no_reason_to_panic() {
    for (claim, value) in [
        ("exp", serde_json::json!(i64::MIN)),
        ("iat", serde_json::json!(i64::MAX)),
        ("iat", serde_json::json!(1e300)),
        ("exp", serde_json::json!(-1e300)),
        ("nbf", serde_json::json!(u64::MAX)),
        ("exp", serde_json::json!("2026-03-02")),
        ("auth_time", serde_json::json!([1])),
    ] {
        let mut draft = honest();
        draft.claim(claim, value);
        judge(&draft.sign()).unwrap_err();
    }
    let mut draft = honest();
    draft.claim("iat", 1_772_432_999.5);
    judge(&draft.sign()).unwrap();
}

#[test]
fn every_spelling_of_no_algorithm_is_refused() {
    for alg in [
        "None", "NONE", "nOnE", "", "rs256", "RS256 ", "PS256", "ES256",
    ] {
        let mut draft = honest();
        draft.header.insert("alg".to_owned(), alg.into());
        for signer in [Signer::Nothing, Signer::Rs256(0)] {
            draft.signer = signer;
            let error = judge(&draft.sign()).unwrap_err();
            assert_eq!(error, IdTokenError::Algorithm(alg.to_owned()));
        }
    }
}

#[test]
fn a_key_in_the_header_is_not_looked_at() {
    let mut draft = honest();
    draft.header.insert("jwk".to_owned(), token::jwk(STRANGER));
    draft.signer = Signer::Rs256(STRANGER);
    assert_eq!(
        judge(&draft.sign()).unwrap_err(),
        IdTokenError::BadSignature
    );
}

#[test]
fn a_token_without_its_signature_is_refused() {
    let token = honest().sign();
    let (message, _) = token.rsplit_once('.').unwrap();
    let error = judge(&format!("{message}.")).unwrap_err();
    assert_eq!(error, IdTokenError::BadSignature);
}

#[test]
fn a_token_of_another_shape_is_malformed() {
    let token = honest().sign();
    let (message, _) = token.rsplit_once('.').unwrap();
    for other in [
        message,
        &format!("{token}."),
        &format!(".{token}"),
        "",
        "..",
    ] {
        let error = judge(other).unwrap_err();
        assert!(
            matches!(error, IdTokenError::Malformed(_)),
            "{other}: {error}"
        );
    }
}

#[test]
fn an_error_or_a_debug_print_shows_no_token() {
    let token = honest().sign();
    let parsed = UnverifiedIdToken::parse(&token).unwrap();
    let shown = format!("{parsed:?} {:?}", expected(&google(), &access_token()));
    for part in token.split('.') {
        assert!(!shown.contains(part));
    }
    assert!(!shown.contains(NONCE));
    assert!(!shown.contains(access_token().expose().as_str()));
}

proptest! {
    #[test]
    fn a_changed_token_never_verifies(place: prop::sample::Index, byte: u8) {
        let mut token = honest().sign().into_bytes();
        let place = place.index(token.len());
        prop_assume!(token[place] != byte);
        token[place] = byte;
        if let Ok(token) = String::from_utf8(token) {
            prop_assert!(judge(&token).is_err());
        }
    }

    #[test]
    fn a_cut_or_extended_token_never_verifies(end: prop::sample::Index, more in "[A-Za-z0-9_.=-]{1,8}") {
        let token = honest().sign();
        prop_assert!(judge(&token[..end.index(token.len())]).is_err());
        let extended = token + &more;
        prop_assert!(judge(&extended).is_err());
    }

    #[test]
    fn strangers_text_never_panics(text in "\\PC*", parts in prop::collection::vec("[A-Za-z0-9_-]*", 0..5)) {
        prop_assert!(judge(&text).is_err());
        prop_assert!(judge(&parts.join(".")).is_err());
    }

    #[test]
    fn strangers_claims_never_panic(name in "iss|aud|azp|exp|iat|nbf|nonce|at_hash|sub|email|email_verified|hd|name", value in json()) {
        let mut draft = honest();
        draft.claim(&name, value);
        let _ = judge(&draft.sign());
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".*".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::hash_map(".*", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn honest() -> Draft {
    Draft::honest(&Facts {
        issuer: GOOGLE.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        person: family()[1].clone(),
        nonce: Some(NONCE.to_owned()),
        access_token: access_token().expose().clone(),
        now: MONDAY_MORNING,
        key: 0,
    })
}

fn lying(lie: Lie) -> String {
    let mut draft = honest();
    draft.falsify(lie, CLIENT_SECRET);
    draft.sign()
}

fn judge(token: &str) -> Result<GoogleIdentity, IdTokenError> {
    judge_as(token, &google())
}

fn judge_as(token: &str, issuer: &GoogleIssuer) -> Result<GoogleIdentity, IdTokenError> {
    let keys = serde_json::json!({"keys": [token::jwk(1), token::jwk(0)]});
    let keys = GoogleKeys::parse(keys.to_string().as_bytes()).unwrap();
    let access_token = access_token();
    UnverifiedIdToken::parse(token)?.verify(&keys, &expected(issuer, &access_token), at(0))
}

fn expected<'a>(issuer: &'a GoogleIssuer, access_token: &'a Secret<String>) -> Expected<'a> {
    Expected {
        issuer,
        client_id: CLIENT_ID,
        nonce: Secret::new(NONCE.to_owned()),
        access_token,
    }
}

fn google() -> GoogleIssuer {
    GoogleIssuer::new(GOOGLE)
}

fn access_token() -> Secret<String> {
    Secret::new("ya29.a0AfB_byC".to_owned())
}

fn not_verified() -> IdTokenError {
    IdTokenError::AddressNotVerified {
        address: "paul@example.com".to_owned(),
    }
}

/// This many seconds after the test's time.
fn at(seconds: i64) -> UnixTime {
    UnixTime::from_seconds(MONDAY_MORNING + seconds)
}
