//! The claims of ID tokens and userinfo.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::TOKEN_LIFE;
use crate::base::clock::UnixTime;
use crate::base::ids::{DsmUsername, GoogleSubject};
use crate::base::oauth::at_hash;
use crate::base::secret::Secret;
use crate::model::login::{GoogleIdentity, GrantedCode};

/// The connector ID in the `sub` that Dex makes.
const DEX_CONNECTOR: &str = "google";

/// Claims in the order in which they are documented.
#[derive(Debug)]
pub struct Claims(Vec<(String, Value)>);

impl Serialize for Claims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The config of all tokens.
#[derive(Debug)]
pub struct Issuing<'a> {
    /// The `iss` of all tokens.
    pub issuer: &'a str,
    /// The config's `username-claim`, which has the DSM user name.
    pub username_claim: &'a str,
}

impl Issuing<'_> {
    /// Returns the claims of an ID token (OpenID Connect Core, sections 2 and
    /// 3.1.3.6). Without `nbf`: DSM would reject it if its clock was behind.
    pub fn id_token(
        &self,
        granted: &GrantedCode,
        access_token: &Secret<String>,
        jti: String,
        now: UnixTime,
    ) -> Claims {
        let mut claims = vec![
            claim("iss", self.issuer),
            claim("sub", subject(&granted.identity.account.subject)),
            claim("aud", granted.client.as_str()),
            claim("exp", now.plus(TOKEN_LIFE).seconds()),
            claim("iat", now.seconds()),
        ];
        claims.extend(
            granted
                .auth_time
                .map(|time| claim("auth_time", time.seconds())),
        );
        claims.extend(granted.nonce.as_deref().map(|nonce| claim("nonce", nonce)));
        claims.push(claim("at_hash", at_hash(access_token)));
        claims.push(claim("jti", jti));
        claims.extend(self.person(&granted.identity, &granted.user));
        Claims(claims)
    }

    /// Returns the claims of userinfo (Core, section 5.3.2). DSM reads the user
    /// name here (docs/development/dsm-facts.md, section 1.3).
    pub fn userinfo(&self, identity: &GoogleIdentity, user: &DsmUsername) -> Claims {
        let mut claims = vec![claim("sub", subject(&identity.account.subject))];
        claims.extend(self.person(identity, user));
        Claims(claims)
    }

    /// Returns the claims of userinfo for an account whose `sub` is unknown,
    /// because it has never signed in.
    pub fn without_sub(&self, identity: &GoogleIdentity, user: &DsmUsername) -> Claims {
        Claims(self.person(identity, user).collect())
    }

    fn person(
        &self,
        identity: &GoogleIdentity,
        user: &DsmUsername,
    ) -> impl Iterator<Item = (String, Value)> + use<> {
        let mut claims = vec![
            claim("email", identity.address.as_written()),
            claim("email_verified", true),
        ];
        claims.extend(identity.name.as_deref().map(|name| claim("name", name)));
        claims.push(claim(self.username_claim, user.as_str()));
        if self.username_claim != "preferred_username" {
            claims.push(claim("preferred_username", user.as_str()));
        }
        claims.into_iter()
    }
}

fn claim(name: &str, value: impl Into<Value>) -> (String, Value) {
    (name.to_owned(), value.into())
}

/// Returns the `sub` that Dex would make, so that clients that stored it still
/// know the user: unpadded base64url of the protobuf `{1: subject, 2:
/// connector}`.
pub fn subject(google: &GoogleSubject) -> String {
    let mut message = Vec::new();
    for (tag, text) in [(0x0a, google.as_str()), (0x12, DEX_CONNECTOR)] {
        message.push(tag);
        push_length(&mut message, text.len());
        message.extend_from_slice(text.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(message)
}

/// Appends a protobuf varint.
fn push_length(message: &mut Vec<u8>, mut length: usize) {
    loop {
        let [lowest, ..] = length.to_le_bytes();
        length >>= 7;
        if length == 0 {
            return message.push(lowest & 0x7f);
        }
        message.push(lowest | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(google: &str, expected: &str) {
        assert_eq!(subject(&GoogleSubject::new(google)), expected);
    }

    #[test]
    fn sub_is_the_string_that_dex_makes() {
        // Dex's own test vector shape: {1: "…", 2: "google"}.
        check("108", "CgMxMDgSBmdvb2dsZQ");
        check(
            "114080537323475023837",
            "ChUxMTQwODA1MzczMjM0NzUwMjM4MzcSBmdvb2dsZQ",
        );
    }

    #[test]
    fn a_long_subject_gets_a_two_byte_length() {
        let decoded = URL_SAFE_NO_PAD.decode(subject(&GoogleSubject::new("x".repeat(200))));
        let bytes = decoded.unwrap();
        assert_eq!(&bytes[..3], &[0x0a, 0xc8, 0x01]);
        assert_eq!(bytes.len(), 3 + 200 + 2 + "google".len());
    }

    #[test]
    fn at_hash_is_the_left_half() {
        // OpenID Connect Core, appendix A.3.
        let token = Secret::new("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y".to_owned());
        assert_eq!(at_hash(&token), "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
