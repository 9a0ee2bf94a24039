//! Query strings and form bodies: a stranger's bytes, byte for byte.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// All but the unreserved characters (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The parameters of a query or a form (`application/x-www-form-urlencoded`).
#[derive(Debug, Default)]
pub struct Parameters(Vec<(Vec<u8>, Vec<u8>)>);

/// What is wrong with one parameter. Carries its name, never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// RFC 6749, section 3.1: parameters must not be included more than once.
    #[error("the parameter {0} is given twice")]
    Doubled(&'static str),
    /// It must be there.
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    /// Its bytes are not UTF-8.
    #[error("the parameter {0} is not UTF-8 text")]
    NotText(&'static str),
}

impl Parameters {
    /// Takes a query or form apart. Never fails: what has no `=` is a name
    /// without a value, and a stray `%` stands for itself.
    pub fn parse(encoded: &[u8]) -> Self {
        let pairs = encoded.split(|&byte| byte == b'&');
        Self(
            pairs
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let end = pair.iter().position(|&byte| byte == b'=');
                    let (name, value) = match end {
                        Some(end) => (pair.get(..end), pair.get(end + 1..)),
                        None => (Some(pair), None),
                    };
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    /// The bytes of one parameter. One without a value counts as left out
    /// (RFC 6749, section 3.1).
    pub fn bytes(&self, name: &'static str) -> Result<Option<&[u8]>, ParameterError> {
        let mut values = self
            .0
            .iter()
            .filter(|(key, value)| key == name.as_bytes() && !value.is_empty());
        let first = values.next();
        if values.next().is_some() {
            return Err(ParameterError::Doubled(name));
        }
        Ok(first.map(|(_, value)| value.as_slice()))
    }

    /// The text of one parameter, or `None` when it is left out.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, ParameterError> {
        self.bytes(name)?
            .map(std::str::from_utf8)
            .transpose()
            .map_err(|_| ParameterError::NotText(name))
    }

    /// The text of one parameter that must be there.
    pub fn required(&self, name: &'static str) -> Result<&str, ParameterError> {
        self.text(name)?.ok_or(ParameterError::Missing(name))
    }
}

fn decode(encoded: Option<&[u8]>) -> Vec<u8> {
    let spaced: Vec<u8> = encoded
        .unwrap_or_default()
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    percent_decode(&spaced).collect()
}

/// `text` with everything but unreserved characters percent-encoded.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The same for bytes that need not be text.
pub fn encode_bytes(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, RESERVED).to_string()
}

/// `url` with `pairs` added to its query, whether it has one or not.
pub fn with_query<'a>(url: &str, pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut whole = url.to_owned();
    for (name, encoded) in pairs {
        whole.push(if whole.contains('?') { '&' } else { '?' });
        whole.push_str(name);
        whole.push('=');
        whole.push_str(&encoded);
    }
    whole
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_value_comes_out_byte_for_byte() {
        let parameters = Parameters::parse(b"state=%FF%00a+b%2B&nonce=x%3Dy=z&flag");
        assert_eq!(
            parameters.bytes("state"),
            Ok(Some(b"\xff\0a b+".as_slice()))
        );
        assert_eq!(parameters.text("nonce"), Ok(Some("x=y=z")));
        assert_eq!(parameters.text("flag"), Ok(None));
        assert_eq!(
            parameters.text("state"),
            Err(ParameterError::NotText("state"))
        );
        assert_eq!(
            parameters.required("code"),
            Err(ParameterError::Missing("code"))
        );
    }

    #[test]
    fn a_doubled_parameter_is_an_error_even_when_both_are_equal() {
        let parameters = Parameters::parse(b"a=1&a=1&b=&b=2");
        assert_eq!(parameters.text("a"), Err(ParameterError::Doubled("a")));
        assert_eq!(parameters.text("b"), Ok(Some("2")));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_parsed(bytes in any::<Vec<u8>>()) {
            let _ = Parameters::parse(&bytes).text("state");
        }

        #[test]
        fn what_was_encoded_comes_back(value in prop::collection::vec(any::<u8>(), 1..200)) {
            let query = format!("state={}", encode_bytes(&value));
            let parameters = Parameters::parse(query.as_bytes());
            prop_assert_eq!(parameters.bytes("state"), Ok(Some(value.as_slice())));
        }
    }
}
