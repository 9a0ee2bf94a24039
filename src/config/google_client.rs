//! What Google's console gives: a client ID, its secret, and a JSON file with
//! both. Each of the three is easily pasted in the place of another, and a
//! secret in the place of the ID is part of the URL that every browser gets.

/// Every client ID of Google's ends so.
const ENDING: &str = ".apps.googleusercontent.com";

/// Returns what is wrong with `text` as the client ID of any provider.
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

/// Returns what is wrong with `text` as a client ID of Google's.
pub(super) fn client_id(text: &str) -> Result<(), String> {
    if text.strip_suffix(ENDING).is_none_or(str::is_empty) {
        return Err(format!(
            "does not end in {ENDING}, as every client ID of Google's does. If this is the \
             secret, swap the two"
        ));
    }
    Ok(())
}

/// Returns what is wrong with `text` as a client secret of Google's.
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
            "begins or ends with white space, which no secret of Google's does; remove it"
                .to_owned(),
        );
    }
    Ok(())
}
