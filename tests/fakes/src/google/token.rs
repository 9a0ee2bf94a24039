//! ID tokens: valid ones, and one falsified property at a time.

use std::fmt::Write;
use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::Person;

/// The number of keys to rotate through. One more is an attacker's.
pub const KEYS: usize = 13;

/// The index of a key that Google never publishes.
pub const STRANGER: usize = KEYS;

/// The contents of an ID token: user, client and login.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The issuer.
    pub issuer: String,
    /// The audience.
    pub client_id: String,
    /// The user.
    pub person: Person,
    /// The nonce of the authorization request.
    pub nonce: Option<String>,
    /// The access token that is issued with it.
    pub access_token: String,
    /// Time of issue, in seconds since the epoch.
    pub now: i64,
    /// The index of the signing key.
    pub key: usize,
}

/// An ID token before it is signed. Every part can be falsified.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The JOSE header.
    pub header: Map<String, Value>,
    /// The claims.
    pub claims: Map<String, Value>,
    /// The key and algorithm that sign it.
    pub signer: Signer,
    /// Appended to the JSON of the claims before its last brace, for what a map
    /// cannot represent.
    pub raw_claims: String,
}

/// What signs an ID token.
#[derive(Clone, Debug)]
pub enum Signer {
    /// RSASSA-PKCS1-v1_5 with SHA-256, by one of the keys.
    Rs256(usize),
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512(usize),
    /// HMAC with SHA-256.
    Hs256(Vec<u8>),
    /// No signature.
    Nothing,
}

/// A way in which an ID token is invalid. Each is detected by its own check;
/// those marked "valid" must be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// `iss` is another provider.
    OtherIssuer,
    /// `aud` is another client.
    OtherAudience,
    /// `aud` has us and another client.
    TwoAudiences,
    /// `aud` has us alone, in an array. Valid.
    AudienceArray,
    /// `azp` is another client.
    OtherParty,
    /// It expired an hour ago.
    Expired,
    /// It was issued an hour in the future.
    FromTheFuture,
    /// `exp` is missing.
    NoExpiry,
    /// `iat` is missing.
    NoIssueTime,
    /// `nbf` is in an hour.
    NotBefore,
    /// `nonce` belongs to another login.
    OtherNonce,
    /// `nonce` is missing.
    NoNonce,
    /// `alg` is `none`, without a signature.
    AlgNone,
    /// `alg` is HS256, with the public key as secret.
    HmacWithPublicKey,
    /// `alg` is HS256, with the client secret as secret.
    HmacWithClientSecret,
    /// `alg` is RS512, with the right key.
    Rs512,
    /// The right `kid`, but the signature of an unpublished key.
    StrangersSignature,
    /// The `kid` and signature of an unpublished key.
    UnknownKid,
    /// `kid` is missing.
    NoKid,
    /// A header member that must be understood.
    Critical,
    /// `at_hash` of another access token.
    OtherAtHash,
    /// `at_hash` is missing. Valid.
    NoAtHash,
    /// `email_verified` is `false`.
    UnverifiedAddress,
    /// `email_verified` is `"true"`, as in Google's sample. Valid.
    VerifiedAsString,
    /// `email_verified` is the number 1.
    VerifiedAsNumber,
    /// `email_verified` is missing.
    NoVerified,
    /// `email` is missing.
    NoEmail,
    /// `sub` is missing.
    NoSubject,
    /// `sub` is empty.
    EmptySubject,
    /// `sub` has 256 characters.
    LongSubject,
    /// `sub` is there twice.
    TwoSubjects,
}

impl Draft {
    /// Creates the claims that Google sends.
    ///
    /// The claims are those of Google's "OpenID Connect" guide; that `at_hash`
    /// comes with a code's ID token is a guess from such tokens.
    pub fn honest(facts: &Facts) -> Self {
        let person = &facts.person;
        let mut claims = json!({
            "iss": facts.issuer,
            "azp": facts.client_id,
            "aud": facts.client_id,
            "sub": person.subject,
            "email": person.address,
            "email_verified": person.verified,
            "at_hash": at_hash(&facts.access_token),
            "name": person.name,
            "picture": "https://lh3.googleusercontent.com/a/fake=s96-c",
            "given_name": person.name.split(' ').next().unwrap_or_default(),
            "iat": facts.now,
            "exp": facts.now + 3600,
        });
        if let Some(nonce) = &facts.nonce {
            claims["nonce"] = json!(nonce);
        }
        if let Some(domain) = &person.hosted_domain {
            claims["hd"] = json!(domain);
        }
        Self {
            header: object(json!({"alg": "RS256", "kid": kid(facts.key), "typ": "JWT"})),
            claims: object(claims),
            signer: Signer::Rs256(facts.key),
            raw_claims: String::new(),
        }
    }

    /// Applies the lie.
    pub fn falsify(&mut self, lie: Lie, client_secret: &str) {
        let now = self.claims["iat"].as_i64().unwrap();
        let honest_key = match self.signer {
            Signer::Rs256(key) | Signer::Rs512(key) => key,
            Signer::Hs256(_) | Signer::Nothing => 0,
        };
        match lie {
            Lie::OtherIssuer => self.claim("iss", "https://accounts.example.com"),
            Lie::OtherAudience => self.claim("aud", "other.apps.googleusercontent.com"),
            Lie::TwoAudiences => {
                let ours = self.claims["aud"].clone();
                self.claim("aud", json!([ours, "other.apps.googleusercontent.com"]));
            }
            Lie::AudienceArray => {
                let ours = self.claims["aud"].clone();
                self.claim("aud", json!([ours]));
            }
            Lie::OtherParty => self.claim("azp", "other.apps.googleusercontent.com"),
            Lie::Expired => {
                self.claim("iat", now - 7200);
                self.claim("exp", now - 3600);
            }
            Lie::FromTheFuture => {
                self.claim("iat", now + 3600);
                self.claim("exp", now + 7200);
            }
            Lie::NotBefore => self.claim("nbf", now + 3600),
            Lie::OtherNonce => self.claim("nonce", "another login's"),
            Lie::OtherAtHash => self.claim("at_hash", at_hash("another access token")),
            Lie::UnverifiedAddress => self.claim("email_verified", false),
            Lie::VerifiedAsString => self.claim("email_verified", "true"),
            Lie::VerifiedAsNumber => self.claim("email_verified", 1),
            Lie::EmptySubject => self.claim("sub", ""),
            Lie::LongSubject => self.claim("sub", "1".repeat(256)),
            Lie::NoExpiry => self.drop_claim("exp"),
            Lie::NoIssueTime => self.drop_claim("iat"),
            Lie::NoNonce => self.drop_claim("nonce"),
            Lie::NoAtHash => self.drop_claim("at_hash"),
            Lie::NoVerified => self.drop_claim("email_verified"),
            Lie::NoEmail => self.drop_claim("email"),
            Lie::NoSubject => self.drop_claim("sub"),
            Lie::TwoSubjects => self.raw_claims.push_str(r#","sub":"1""#),
            Lie::AlgNone => self.signed_by("none", Signer::Nothing),
            Lie::HmacWithPublicKey => {
                let secret = key(honest_key).public_key().as_ref().to_vec();
                self.signed_by("HS256", Signer::Hs256(secret));
            }
            Lie::HmacWithClientSecret => {
                self.signed_by("HS256", Signer::Hs256(client_secret.as_bytes().to_vec()));
            }
            Lie::Rs512 => self.signed_by("RS512", Signer::Rs512(honest_key)),
            Lie::StrangersSignature => self.signer = Signer::Rs256(STRANGER),
            Lie::UnknownKid => {
                self.header.insert("kid".to_owned(), json!(kid(STRANGER)));
                self.signer = Signer::Rs256(STRANGER);
            }
            Lie::NoKid => {
                self.header.remove("kid");
            }
            Lie::Critical => {
                self.header.insert("crit".to_owned(), json!(["b64"]));
            }
        }
    }

    /// Sets a claim.
    pub fn claim(&mut self, name: &str, value: impl Into<Value>) {
        self.claims.insert(name.to_owned(), value.into());
    }

    /// Leaves a claim out.
    pub fn drop_claim(&mut self, name: &str) {
        self.claims.remove(name);
    }

    /// Returns the signed token in compact form.
    pub fn sign(&self) -> String {
        let header = serde_json::to_vec(&self.header).unwrap();
        let mut claims = serde_json::to_string(&self.claims).unwrap();
        claims.insert_str(claims.len() - 1, &self.raw_claims);
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(claims)
        );
        let signature = match &self.signer {
            Signer::Rs256(index) => rsa(*index, &RSA_PKCS1_SHA256, &message),
            Signer::Rs512(index) => rsa(*index, &RSA_PKCS1_SHA512, &message),
            Signer::Hs256(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
                hmac::sign(&key, message.as_bytes()).as_ref().to_vec()
            }
            Signer::Nothing => Vec::new(),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn signed_by(&mut self, alg: &str, signer: Signer) {
        self.header.insert("alg".to_owned(), json!(alg));
        self.signer = signer;
    }
}

/// Returns the name of a key: 40 hexadecimal digits, as Google's are.
pub fn kid(index: usize) -> String {
    let hash = digest(&SHA256, key(index).public_key().as_ref());
    let mut kid = String::new();
    for byte in &hash.as_ref()[..20] {
        write!(kid, "{byte:02x}").unwrap();
    }
    kid
}

/// Returns a public key with the members of Google's JWK set.
pub fn jwk(index: usize) -> Value {
    let (modulus, exponent) = components(key(index).public_key().as_ref());
    json!({
        "alg": "RS256",
        "e": URL_SAFE_NO_PAD.encode(exponent),
        "kid": kid(index),
        "kty": "RSA",
        "n": URL_SAFE_NO_PAD.encode(modulus),
        "use": "sig",
    })
}

/// The left half of the access token's SHA-256 (OpenID Connect Core, section
/// 3.1.3.6).
pub fn at_hash(access_token: &str) -> String {
    let hash = digest(&SHA256, access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}

/// Generated once for the process, each at first use: generating one takes
/// longer than most tests.
fn key(index: usize) -> &'static RsaKeyPair {
    static MADE: [OnceLock<RsaKeyPair>; KEYS + 1] = [const { OnceLock::new() }; KEYS + 1];
    MADE[index].get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

fn rsa(index: usize, padding: &'static dyn RsaEncoding, message: &str) -> Vec<u8> {
    let key = key(index);
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        padding,
        &SystemRandom::new(),
        message.as_bytes(),
        &mut signature,
    )
    .unwrap();
    signature
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017, appendix A.1.1) of
/// 2048 bits: a sequence's head, an integer's head and a zero byte come first,
/// another integer's head in between.
fn components(der: &[u8]) -> (&[u8], &[u8]) {
    assert_eq!(der[..9], [0x30, 0x82, 1, 0x0a, 2, 0x82, 1, 1, 0]);
    assert_eq!(der[265], 2);
    (&der[9..265], &der[267..])
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is no object"),
    }
}
