//! The published keys, and which of them signed an ID token.

use fakes::browser::Browser;
use fakes::house::House;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

/// Returns the published keys.
pub(crate) async fn published(house: &House) -> JwkSet {
    let keys = Browser::new().get(&house.url("/keys")).await;
    assert_eq!(keys.header("cache-control"), "max-age=3600");
    serde_json::from_str(&keys.body).unwrap()
}

pub(crate) fn names(keys: &JwkSet) -> Vec<&str> {
    let keys = keys.keys.iter();
    keys.map(|key| key.common.key_id.as_deref().unwrap())
        .collect()
}

pub(crate) fn signer(token: &str) -> String {
    decode_header(token).unwrap().kid.unwrap()
}

/// Verifies a token like a client that cached `keys`.
#[track_caller]
pub(crate) fn assert_verifies(token: &str, keys: &JwkSet) {
    let kid = signer(token);
    let key = keys.find(&kid).unwrap_or_else(|| panic!("{kid}: {keys:?}"));
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&["synology"]);
    // The library would use the machine's clock.
    validation.validate_exp = false;
    let key = DecodingKey::from_jwk(key).unwrap();
    decode::<Value>(token, &key, &validation).unwrap();
}
