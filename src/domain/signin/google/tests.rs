//! What goes to Google, and what comes from it: form by form.

use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

use super::callback::login_of_state;
use super::*;
use crate::base::clock::UnixTime;
use crate::base::ids::ClientId;
use crate::base::parameters::Parameters;
use crate::model::login::{AuthorizationRequest, LoginId, Scope};
use crate::model::relying_party::{RegisteredRedirect, RelyingParty};

const SELECT: Option<&str> = Some("select_account");

#[test]
fn the_redirect_to_google_has_state_nonce_and_challenge() {
    let metadata = metadata(&json!({}));
    let url = authorization_url(&metadata, &client(), &pending(), None);
    // The challenge was computed by another tool: openssl dgst -sha256 of the
    // verifier, in base64url.
    let expected = "https://accounts.google.com/o/oauth2/v2/auth?response_type=code\
        &client_id=1234.apps.googleusercontent.com\
        &redirect_uri=https%3A%2F%2Flogin.example.com%2Fdex%2Fcallback\
        &scope=openid+email+profile\
        &state=AQEBAQEBAQEBAQEB.AgICAgICAgICAgICAgICAg\
        &nonce=AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM\
        &code_challenge=T2o7tabHLReFa-FfYudH74jfgTnww4QRyFARZMHBvdg\
        &code_challenge_method=S256\
        &prompt=select_account";
    assert_eq!(url, expected);
}

#[test]
fn an_endpoints_own_query_is_kept() {
    let endpoint = "https://accounts.google.com/auth?tenant=a%20b";
    let metadata = metadata(&json!({"authorization_endpoint": endpoint}));
    let url = authorization_url(
        &metadata,
        &client(),
        &pending(),
        Some("a+b@example.com&x=y"),
    );
    assert!(url.starts_with("https://accounts.google.com/auth?tenant=a%20b&response_type=code&"));
    assert!(url.ends_with("&login_hint=a%2Bb%40example.com%26x%3Dy"));
}

#[test]
fn the_clients_prompt_beats_the_configs() {
    let ask = |select_account, consent| Prompt::Ask {
        login: false,
        select_account,
        consent,
    };
    let check = |configured: Option<&str>, asked, max_age: bool, expected: Option<&str>| {
        let client = GoogleClient {
            prompt: configured.map(str::to_owned),
            ..client()
        };
        let mut pending = pending();
        pending.request.prompt = asked;
        pending.request.max_age = max_age.then_some(3600);
        let url = authorization_url(&metadata(&json!({})), &client, &pending, None);
        let url = Url::parse(&url).unwrap();
        let prompts: Vec<_> = url
            .query_pairs()
            .filter_map(|(name, value)| (name == "prompt").then_some(value))
            .collect();
        let prompts: Vec<&str> = prompts.iter().map(AsRef::as_ref).collect();
        let expected: Vec<&str> = expected.into_iter().collect();
        assert_eq!(prompts, expected, "{configured:?} {asked:?} {max_age}");
    };
    let both = Some("select_account consent");
    check(SELECT, Prompt::Unspecified, false, SELECT);
    check(None, Prompt::Unspecified, false, None);
    check(Some(""), Prompt::Unspecified, false, None);
    check(Some("consent"), Prompt::Unspecified, false, Some("consent"));
    check(SELECT, Prompt::Silent, false, Some("none"));
    check(SELECT, ask(false, true), false, Some("consent"));
    check(None, ask(true, false), false, SELECT);
    check(None, ask(true, true), false, both);
    // With max_age.
    check(None, Prompt::Unspecified, true, SELECT);
    check(SELECT, Prompt::Unspecified, true, SELECT);
    check(Some("consent"), Prompt::Unspecified, true, both);
    check(None, ask(false, true), true, both);
    check(None, Prompt::Silent, true, Some("none"));
}

#[test]
fn a_login_asked_for_again_is_a_sign_in_of_age_zero() {
    let ask = |login| Prompt::Ask {
        login,
        select_account: true,
        consent: false,
    };
    let check = |prompt, max_age: Option<u32>, expected: Option<&str>| {
        let mut pending = pending();
        pending.request.prompt = prompt;
        pending.request.max_age = max_age;
        let url = authorization_url(&metadata(&json!({})), &client(), &pending, None);
        let url = Url::parse(&url).unwrap();
        let found = url.query_pairs().find(|(name, _)| name == "max_age");
        let found = found.map(|(_, value)| value.into_owned());
        assert_eq!(found.as_deref(), expected, "{prompt:?} {max_age:?}");
    };
    check(Prompt::Unspecified, None, None);
    check(Prompt::Unspecified, Some(10_000), Some("10000"));
    check(Prompt::Silent, Some(1), Some("1"));
    check(ask(false), None, None);
    check(ask(false), Some(0), Some("0"));
    check(ask(true), None, Some("0"));
    check(ask(true), Some(10_000), Some("0"));
}

#[test]
fn the_secret_travels_in_the_form_where_google_takes_it_there() {
    let request = token_request(TokenAuthentication::Post);
    assert_eq!(
        request.form.expose(),
        "grant_type=authorization_code&code=4%2F0A+b&\
         redirect_uri=https%3A%2F%2Flogin.example.com%2Fdex%2Fcallback&\
         code_verifier=BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ&\
         client_id=1234.apps.googleusercontent.com&client_secret=a%3Ab%2Bc+d"
    );
    assert!(request.authorization.is_none());
}

#[test]
fn id_and_secret_are_encoded_before_they_share_a_header() {
    let request = token_request(TokenAuthentication::Basic);
    assert!(!request.form.expose().contains("client_"));
    let header = request.authorization.unwrap();
    let pair = STANDARD.decode(header.expose().strip_prefix("Basic ").unwrap());
    assert_eq!(
        pair.unwrap(),
        b"1234.apps.googleusercontent.com:a%3Ab%2Bc+d"
    );
    assert!(!format!("{header:?}").contains("Basic"));
}

#[test]
fn a_discovery_document_must_be_the_issuers_own() {
    for issuer in ["https://accounts.google.com/", "https://evil.example", ""] {
        let error = parse_metadata(&json!({"issuer": issuer})).unwrap_err();
        assert!(
            matches!(error, MetadataError::OtherIssuer { .. }),
            "{issuer}"
        );
    }
}

#[test]
fn no_secret_goes_to_an_endpoint_without_tls() {
    for member in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        for url in [
            "http://accounts.google.com/x",
            "http://127.0.0.1/x",
            "https://accounts.google.com/x#y",
            "javascript:alert(1)",
            "/token",
            "",
        ] {
            let error = parse_metadata(&json!({member: url})).unwrap_err();
            let named = matches!(error, MetadataError::BadEndpoint { member: named, .. } if named == member);
            assert!(named, "{member} {url}");
        }
    }
}

#[test]
fn a_provider_on_this_machine_needs_no_tls_there() {
    let check = |issuer: &str, endpoint: &str, good: bool| {
        let document = document(&json!({"issuer": issuer, "token_endpoint": endpoint}));
        let parsed = GoogleMetadata::parse(&document, &GoogleIssuer::new(issuer));
        assert_eq!(parsed.is_ok(), good, "{issuer} {endpoint}");
    };
    check("http://127.0.0.1:8080", "http://127.0.0.1:8080/token", true);
    check("http://localhost:8080", "http://[::1]:8080/token", true);
    check("http://127.0.0.1:8080", "http://example.com/token", false);
    check(
        "http://localhost.example.com",
        "http://127.0.0.1/token",
        false,
    );
    check("https://localhost", "http://localhost/token", false);
}

#[test]
fn post_is_taken_before_basic_and_basic_when_nothing_is_said() {
    let check = |methods: Value, expected: Option<TokenAuthentication>| {
        let document = json!({"token_endpoint_auth_methods_supported": methods});
        let found = parse_metadata(&document).ok();
        assert_eq!(found.map(|one| one.token_authentication), expected);
    };
    let basic = "client_secret_basic";
    let post = "client_secret_post";
    check(json!([basic, post]), Some(TokenAuthentication::Post));
    check(
        json!(["private_key_jwt", basic]),
        Some(TokenAuthentication::Basic),
    );
    check(Value::Null, Some(TokenAuthentication::Basic));
    check(json!(["none"]), Some(TokenAuthentication::PostUnlisted));
    check(json!(["none", basic]), Some(TokenAuthentication::Basic));
    check(json!(["none", "private_key_jwt"]), None);
    check(json!(["private_key_jwt"]), None);
    check(json!([]), None);
}

#[test]
fn only_keys_that_verify_rs256_are_kept() {
    let check = |key: Value, kept: bool| {
        let keys = json!({"keys": [rsa_key("other", &json!({})), key]});
        let keys = GoogleKeys::parse(keys.to_string().as_bytes()).unwrap();
        assert!(keys.contains("other"));
        assert_eq!(keys.contains("k"), kept, "{key}");
    };
    check(rsa_key("k", &json!({})), true);
    check(rsa_key("k", &json!({"use": null, "alg": null})), true);
    check(rsa_key("k", &json!({"key_ops": ["verify"]})), true);
    check(rsa_key("k", &json!({"key_ops": ["encrypt"]})), false);
    check(rsa_key("k", &json!({"use": "enc"})), false);
    check(rsa_key("k", &json!({"alg": "RS512"})), false);
    check(rsa_key("k", &json!({"alg": "HS256"})), false);
    check(rsa_key("k", &json!({"kty": "EC"})), false);
    check(rsa_key("k", &json!({"kty": "oct"})), false);
    check(rsa_key("k", &json!({"n": "AQAB"})), false);
    check(rsa_key("k", &json!({"n": "%"})), false);
    check(rsa_key("k", &json!({"n": null})), false);
    check(json!({"kid": "k"}), false);
    check(json!("k"), false);
}

/// OpenID Connect Core, section 10.1.
#[test]
fn only_a_single_key_may_have_no_name() {
    let unnamed = rsa_key("", &json!({"kid": null}));
    let parse = |keys: Value| {
        let set = json!({"keys": keys}).to_string();
        GoogleKeys::parse(set.as_bytes())
    };
    let single = parse(json!([unnamed])).unwrap();
    assert!(single.only().is_some());
    assert!(!single.contains(""));
    // A key for another use is not counted.
    let encrypts = rsa_key("enc", &json!({"use": "enc"}));
    assert!(parse(json!([unnamed, encrypts])).unwrap().only().is_some());
    let beside_another = parse(json!([rsa_key("named", &json!({})), unnamed])).unwrap();
    assert_eq!(format!("{beside_another:?}"), "[Some(\"named\")]");
    parse(json!([unnamed, unnamed])).unwrap_err();
}

fn parsed(query: &str) -> Result<CallbackAnswer, CallbackError> {
    CallbackAnswer::parse(&Parameters::parse(query.as_bytes()).unwrap())
}

#[test]
fn the_callback_is_read_parameter_by_parameter() {
    let check = |query: &str, expected: &str| {
        let found = match parsed(query) {
            Ok(answer) => match answer.outcome {
                CallbackOutcome::Code(code) => format!("code {}", code.expose()),
                CallbackOutcome::Refused(error) => format!("refused {error}"),
            },
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{query}");
    };
    check("state=s&code=4%2F0A&scope=email&authuser=0", "code 4/0A");
    check("code=c+d&state=s&iss=i", "code c d");
    check(
        "state=s&error=access_denied&error_description=no",
        "refused access_denied",
    );
    check(
        "state=s&error=interaction_required",
        "refused interaction_required",
    );
    check("state=s&error=ACCESS_DENIED", "refused server_error");
    check("state=s&error=%3Cscript%3E", "refused server_error");
    check("code=c", "the parameter state is missing");
    check("state=&code=c", "the parameter state is missing");
    check("", "neither code nor error");
    check("state=s", "neither code nor error");
    check("state=s&code=&error=", "neither code nor error");
    check(
        "state=s&code=c&error=access_denied",
        "code and error at once",
    );
    check(
        "state=s&state=s&code=c",
        "the parameter state is given twice",
    );
    check("state=s&code=c&code=c", "the parameter code is given twice");
    check(
        "state=s&code=c&co%64e=d",
        "the parameter code is given twice",
    );
    check(
        "state=s&error=a&error=b",
        "the parameter error is given twice",
    );
    check(
        "state=s&code=c&iss=i&iss=i",
        "the parameter iss is given twice",
    );
}

#[test]
fn a_state_names_its_login_and_only_all_of_it_answers() {
    let pending = pending();
    let state = pending.google_state();
    assert_eq!(login_of_state(&state), Some(pending.id));
    for stranger in ["", ".", "AQEBAQEBAQEBAQEB", "AQEB.AgIC", "x.y.z"] {
        assert_eq!(login_of_state(stranger), None, "{stranger}");
    }
    let answers = |state: &str| {
        let answer = parsed(&format!("code=c&state={state}"));
        answer.unwrap().answers(&pending)
    };
    assert!(answers(&state));
    assert!(!answers(&state[..state.len() - 1]));
    assert!(!answers("AQEBAQEBAQEBAQEB.AwMDAwMDAwMDAwMDAwMDAw"));
}

#[test]
fn a_login_that_began_at_another_provider_ends() {
    let mut pending = pending();
    pending.google_issuer = GoogleIssuer::new("https://old.example.com");
    let answer = parsed("state=s&code=c&iss=https%3A%2F%2Fold.example.com");
    let error = answer
        .unwrap()
        .check_issuer(&metadata(&json!({})), &pending);
    assert!(matches!(error, Err(CallbackError::ProviderChanged { .. })));
}

#[test]
fn an_iss_that_was_not_promised_may_be_missing_but_not_wrong() {
    let metadata = metadata(&json!({"authorization_response_iss_parameter_supported": null}));
    let check = |query: &str| {
        let answer = parsed(query).unwrap();
        answer.check_issuer(&metadata, &pending())
    };
    check("state=s&code=c").unwrap();
    check("state=s&code=c&iss=https%3A%2F%2Faccounts.google.com").unwrap();
    check("state=s&code=c&iss=accounts.google.com").unwrap_err();
    check("state=s&error=access_denied&iss=https%3A%2F%2Fevil.example").unwrap_err();
}

#[test]
fn a_long_error_of_the_token_endpoint_is_cut() {
    let body = json!({"error": "é".repeat(10_000)}).to_string();
    let error = GoogleTokens::parse(body.as_bytes()).unwrap_err();
    assert_eq!(error, TokenAnswerError::Refused("é".repeat(200)));
}

proptest! {
    #[test]
    fn strangers_bytes_are_no_documents(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(GoogleMetadata::parse(&bytes, &client().issuer).is_err());
        prop_assert!(GoogleKeys::parse(&bytes).is_err());
        prop_assert!(GoogleTokens::parse(&bytes).is_err());
    }

    #[test]
    fn a_strangers_member_never_panics(
        member in "issuer|authorization_endpoint|token_endpoint|jwks_uri|keys|n|e|kid|kty|use|alg",
        text in ".*",
    ) {
        let _ = parse_metadata(&json!({&member: &text}));
        let keys = json!({"keys": [rsa_key("k", &json!({&member: &text})), &text]});
        let _ = GoogleKeys::parse(keys.to_string().as_bytes());
    }

    #[test]
    fn a_strangers_callback_never_panics(
        text in ".*",
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        name in "state|code|error|iss",
    ) {
        let _ = parsed(&text);
        let _ = login_of_state(&text);
        let encoded = percent_encoding::percent_encode(&bytes, percent_encoding::NON_ALPHANUMERIC);
        let query = format!("state=s&{name}={encoded}");
        if let Ok(answer) = parsed(&query) {
            prop_assert!(!answer.answers(&pending()));
        }
    }
}

fn client() -> GoogleClient {
    GoogleClient {
        issuer: GoogleIssuer::new("https://accounts.google.com"),
        client_id: "1234.apps.googleusercontent.com".to_owned(),
        client_secret: Secret::new("a:b+c d".to_owned()),
        redirect_uri: "https://login.example.com/dex/callback".to_owned(),
        prompt: SELECT.map(str::to_owned),
    }
}

fn token_request(token_authentication: TokenAuthentication) -> TokenRequest {
    let metadata = GoogleMetadata {
        token_authentication,
        ..metadata(&json!({}))
    };
    let code = Secret::new("4/0A b".to_owned());
    TokenRequest::new(&metadata, &client(), &pending().google_verifier(), &code)
}

fn metadata(changes: &Value) -> GoogleMetadata {
    parse_metadata(changes).unwrap()
}

fn parse_metadata(changes: &Value) -> Result<GoogleMetadata, MetadataError> {
    GoogleMetadata::parse(&document(changes), &client().issuer)
}

/// Google's discovery document, as far as we read it, with `changes`; a null
/// leaves a member out.
fn document(changes: &Value) -> Vec<u8> {
    let document = json!({
        "issuer": "https://accounts.google.com",
        "authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth",
        "token_endpoint": "https://oauth2.googleapis.com/token",
        "jwks_uri": "https://www.googleapis.com/oauth2/v3/certs",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "authorization_response_iss_parameter_supported": true,
    });
    changed(document, changes).to_string().into_bytes()
}

fn rsa_key(kid: &str, changes: &Value) -> Value {
    let modulus = URL_SAFE_NO_PAD.encode([0xc3; 256]);
    let key = json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": modulus, "e": "AQAB",
    });
    changed(key, changes)
}

fn changed(mut document: Value, changes: &Value) -> Value {
    let members = document.as_object_mut().unwrap();
    for (member, value) in changes.as_object().unwrap() {
        members.insert(member.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    document
}

fn pending() -> PendingLogin {
    let uri = "https://nas.example.com/".to_owned();
    let parsed = Url::parse(&uri).unwrap();
    let client = RelyingParty {
        id: ClientId::new("synology"),
        name: "Synology".to_owned(),
        secret: Secret::new("secret".to_owned()),
        secret_file: std::path::PathBuf::new(),
        redirect_uris: vec![RegisteredRedirect::new(uri.clone(), &parsed)],
        require_pkce: false,
    };
    PendingLogin {
        id: LoginId::new([1; 12]),
        state_secret: Secret::new([2; 16]),
        google_nonce: Secret::new([3; 32]),
        google_verifier: Secret::new([4; 32]),
        google_issuer: GoogleIssuer::new("https://accounts.google.com"),
        started: UnixTime::from_seconds(1_772_433_000),
        request: AuthorizationRequest {
            redirect: client.trust(&uri).unwrap(),
            client: client.id,
            state: None,
            nonce: None,
            scope: Scope::default(),
            challenge: None,
            max_age: None,
            prompt: Prompt::Unspecified,
            login_hint: None,
            hinted: None,
        },
    }
}
