//! Encrypts what a browser keeps for us, so that it can neither read nor change
//! it.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::random::{Random, RandomError};
use super::secret::Secret;

/// A key for AES-256-GCM.
#[derive(Debug)]
pub struct SealingKey(LessSafeKey);

/// Why a value cannot be sealed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum SealError {
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("cannot seal a cookie")]
    Failed,
}

impl SealingKey {
    /// Takes the bytes of the key.
    pub fn new(key: &Secret<[u8; 32]>) -> Result<Self, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, key.expose()).map_err(|_| SealError::Failed)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Encrypts `plain` to base64url. Only [`Self::open`] with the same
    /// `purpose` opens it.
    pub fn seal(
        &self,
        purpose: &[u8],
        mut plain: Vec<u8>,
        random: &dyn Random,
    ) -> Result<String, SealError> {
        let nonce: [u8; NONCE_LEN] = random.bytes()?;
        self.0
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(purpose),
                &mut plain,
            )
            .map_err(|_| SealError::Failed)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &plain].concat()))
    }

    /// Decrypts `sealed`; `None` unless it was sealed with this key for this
    /// `purpose`.
    pub fn open(&self, purpose: &[u8], sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(purpose), &mut sealed);
        Some(opened.ok()?.to_vec())
    }
}
