//! Query strings and form bodies, as bytes: a client may send anything.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// All characters but the unreserved ones (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// More than any client needs. Each parameter uses about 100 bytes of memory,
/// so without a limit, 16 kB of `a&` would use 50 times their size.
pub const MAX_PARAMETERS: usize = 64;

/// The parameters of a query or a form (`application/x-www-form-urlencoded`).
#[derive(Debug, Default)]
pub struct Parameters(Vec<(Vec<u8>, Vec<u8>)>);

/// A query or a form has more than [`MAX_PARAMETERS`]; contains the first ones.
#[derive(Debug, thiserror::Error)]
#[error("there are more than {MAX_PARAMETERS} parameters")]
pub struct TooManyParameters(pub Parameters);

/// Why a parameter is rejected; has its name, never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum ParameterError {
    #[error("the parameter {0} is given twice")]
    Doubled(&'static str),
    #[error("the parameter {0} is missing")]
    Missing(&'static str),
    #[error("the parameter {0} is not UTF-8 text")]
    NotText(&'static str),
}

impl Parameters {
    /// Parses a query or form. A part without `=` is a name without a value,
    /// and an invalid escape is not decoded.
    pub fn parse(encoded: &[u8]) -> Result<Self, TooManyParameters> {
        let pairs = encoded.split(|&byte| byte == b'&');
        let mut pairs = pairs.filter(|pair| !pair.is_empty());
        let first = pairs.by_ref().take(MAX_PARAMETERS).map(|pair| {
            let end = pair.iter().position(|&byte| byte == b'=');
            let (name, value) = match end {
                Some(end) => (pair.get(..end), pair.get(end + 1..)),
                None => (Some(pair), None),
            };
            (decode(name), decode(value))
        });
        let first = Self(first.collect());
        match pairs.next() {
            None => Ok(first),
            Some(_) => Err(TooManyParameters(first)),
        }
    }

    /// Returns the name of each parameter, also of one without a value.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|(name, _)| name.as_slice())
    }

    /// Returns the bytes of a parameter. An empty one is treated as missing,
    /// and a duplicate is an error (RFC 6749, section 3.1).
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

    /// Returns the text of a parameter, or `None` if it is missing.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, ParameterError> {
        self.bytes(name)?
            .map(std::str::from_utf8)
            .transpose()
            .map_err(|_| ParameterError::NotText(name))
    }

    /// Returns the text of a required parameter.
    pub fn required(&self, name: &'static str) -> Result<&str, ParameterError> {
        self.text(name)?.ok_or(ParameterError::Missing(name))
    }
}

/// Returns the first 200 characters of `text`, so that a request cannot fill a
/// log line or a page.
pub fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

fn decode(encoded: Option<&[u8]>) -> Vec<u8> {
    let spaced: Vec<u8> = encoded
        .unwrap_or_default()
        .iter()
        .map(|&byte| if byte == b'+' { b' ' } else { byte })
        .collect();
    percent_decode(&spaced).collect()
}

/// Percent-encodes all but the unreserved characters of `text`.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Percent-encodes all but the unreserved characters of `bytes`.
pub fn encode_bytes(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, RESERVED).to_string()
}

/// Adds `pairs`, whose values are encoded already, to the query of `url`.
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
        let parameters = Parameters::parse(b"state=%FF%00a+b%2B&nonce=x%3Dy=z&flag").unwrap();
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
        let parameters = Parameters::parse(b"a=1&a=1&b=&b=2").unwrap();
        assert_eq!(parameters.text("a"), Err(ParameterError::Doubled("a")));
        assert_eq!(parameters.text("b"), Ok(Some("2")));
    }

    #[test]
    fn more_than_64_parameters_are_rejected() {
        let many = "a&".repeat(MAX_PARAMETERS - 1);
        let query = |end: &str| format!("&&{many}{end}");
        let parse = |end: &str| Parameters::parse(query(end).as_bytes());
        assert_eq!(parse("state=x&&").unwrap().text("state"), Ok(Some("x")));
        let TooManyParameters(first) = parse("state=x&b").unwrap_err();
        assert_eq!(first.text("state"), Ok(Some("x")));
        assert_eq!(first.0.len(), MAX_PARAMETERS);
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_parsed(bytes in any::<Vec<u8>>()) {
            let _ = Parameters::parse(&bytes).map(|parsed| parsed.text("state").is_ok());
        }

        #[test]
        fn what_was_encoded_comes_back(value in prop::collection::vec(any::<u8>(), 1..200)) {
            let query = format!("state={}", encode_bytes(&value));
            let parameters = Parameters::parse(query.as_bytes()).unwrap();
            prop_assert_eq!(parameters.bytes("state"), Ok(Some(value.as_slice())));
        }
    }
}
