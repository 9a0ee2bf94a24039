//! Client ID, client secret, and the JSON file with both, from the Google
//! console. Each is easily pasted in the place of another, and a secret in the
//! place of the ID would be in a URL that every browser receives.

/// The end of every client ID of Google.
const ENDING: &str = ".apps.googleusercontent.com";

/// Rejects the JSON file as the client ID of any provider.
pub(super) fn no_json(text: &str) -> Result<(), String> {
    if text.trim_start().starts_with('{') {
        return Err(
            "is the JSON of the Google console; enter only the value of its \"client_id\", which \
             ends in .apps.googleusercontent.com, and as the secret the value of its \
             \"client_secret\""
                .to_owned(),
        );
    }
    Ok(())
}

/// Rejects what cannot be a client ID of Google.
pub(super) fn client_id(text: &str) -> Result<(), String> {
    if text.strip_suffix(ENDING).is_none_or(str::is_empty) {
        return Err(format!(
            "does not end in {ENDING}, as every client ID of Google's does. If this is the \
             secret, swap the two"
        ));
    }
    Ok(())
}

/// Rejects what cannot be a client secret of Google.
pub(super) fn client_secret(text: &str) -> Result<(), String> {
    if text.trim_end().ends_with(ENDING) {
        return Err(format!(
            "is a client ID, which ends in {ENDING}. Enter the secret that the Google console \
             shows with it"
        ));
    }
    if text.trim_start().starts_with('{') {
        return Err(
            "is the JSON of the Google console; enter only the value of its \"client_secret\""
                .to_owned(),
        );
    }
    if text.trim() != text {
        return Err(
            "begins or ends with white space, unlike any secret of Google's; remove it".to_owned(),
        );
    }
    Ok(())
}
