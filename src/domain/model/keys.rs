//! The keys that sign ID tokens, and the JWKS that publishes them.

mod set;

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::ids::KeyId;
use crate::base::secret::Secret;
use crate::model::login::IdToken;

pub use set::{
    KEPT_AFTER, KeySet, KeyState, KeyStatus, PUBLISHED_BEFORE, Rotation, RotationRefused,
    ScheduledKey, rfc3339,
};

/// An RSA key of 2048 bits: DSM rejects elliptic curves
/// (docs/development/dsm-facts.md, section 1.2).
pub struct SigningKey {
    kid: KeyId,
    pair: RsaKeyPair,
    header: String,
    jwk: String,
}

/// Why a signing key cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum KeyError {
    #[error("cannot make an RSA key on this machine")]
    Generate,
    #[error("the key is damaged")]
    Damaged,
    #[error("cannot sign with the signing key")]
    Sign,
}

impl SigningKey {
    /// Makes a key and returns it as PKCS #8, which [`SigningKey::from_pkcs8`]
    /// reads.
    pub fn generate() -> Result<Secret<Vec<u8>>, KeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generate)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Generate)?;
        Ok(Secret::new(der.as_ref().to_vec()))
    }

    /// Reads a saved key. Its `kid` is its thumbprint (RFC 7638), so it never
    /// changes.
    pub fn from_pkcs8(pkcs8: &Secret<Vec<u8>>) -> Result<Self, KeyError> {
        let pair = RsaKeyPair::from_pkcs8(pkcs8.expose()).map_err(|_| KeyError::Damaged)?;
        let public = pair.public_key();
        let modulus = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let exponent = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
        let members = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
        let thumbprint = digest::digest(&digest::SHA256, members.as_bytes());
        let kid = URL_SAFE_NO_PAD.encode(thumbprint);
        let header = format!(r#"{{"alg":"RS256","typ":"JWT","kid":"{kid}"}}"#);
        let jwk = format!(
            r#"{{"kty":"RSA","use":"sig","alg":"RS256","kid":"{kid}","n":"{modulus}","e":"{exponent}"}}"#
        );
        Ok(Self {
            kid: KeyId::new(kid),
            pair,
            header: URL_SAFE_NO_PAD.encode(header),
            jwk,
        })
    }

    /// Returns the ID by which the JWKS and the tokens name this key.
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// Signs `claims`, a JSON object, as a JWT with RS256 (RFC 7515,
    /// section 5.1).
    pub fn sign(&self, claims: &[u8]) -> Result<IdToken, KeyError> {
        let mut token = String::with_capacity(1200);
        token.push_str(&self.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let mut signature = [0; 256];
        // The random source is for blinding; RS256 itself is deterministic.
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                token.as_bytes(),
                &mut signature,
            )
            .map_err(|_| KeyError::Sign)?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(IdToken(Secret::new(token)))
    }

    /// Returns whether this key made `signature` over `message`, with RS256.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = self.pair.public_key().as_ref();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public)
            .verify(message, signature)
            .is_ok()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}
