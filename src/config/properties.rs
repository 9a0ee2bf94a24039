//! Whatever the bytes, the answer is a list of problems.

use std::path::Path;

use proptest::prelude::*;

use super::Config;
use super::tests::EXAMPLE;

/// A value of any type, to stand where another belongs.
fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>().prop_map(quoted),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| toml::Value::Float(number).to_string()),
        Just("[]".to_owned()),
        Just("[[1], {}]".to_owned()),
        Just("{}".to_owned()),
        Just("{ a.b = \"c\" }".to_owned()),
        Just("1979-05-27T07:32:00Z".to_owned()),
        "[0-9]{0,25}(s|m|h|d| ){0,3}".prop_map(quoted),
        "https?://[a-z0-9.:@\\[\\]%]{0,20}[/?#a-z.]{0,10}".prop_map(quoted),
    ]
}

fn quoted(text: impl Into<String>) -> String {
    toml::Value::String(text.into()).to_string()
}

/// Reads `bytes`, and holds what every answer has in common.
fn read_any(bytes: &[u8]) {
    // Nothing is read there, whatever file the bytes name by chance.
    let Err(problems) = Config::read(bytes, Path::new("/nowhere")) else {
        panic!("a config without its files is good");
    };
    assert!(!problems.is_empty());
    assert!(problems.iter().all(|problem| !problem.key.is_empty()));
}

proptest! {
    #[test]
    fn strangers_bytes_are_a_problem_and_no_panic(bytes in any::<Vec<u8>>()) {
        read_any(&bytes);
    }

    #[test]
    fn a_mangled_config_is_a_problem_and_no_panic(
        place in any::<prop::sample::Index>(),
        length in 0..20_usize,
        insert in any::<Vec<u8>>(),
    ) {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        let start = place.index(bytes.len());
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, insert);
        read_any(&bytes);
    }

    #[test]
    fn any_value_anywhere_is_a_problem_and_no_panic(
        values in prop::collection::vec(any_value(), 8),
    ) {
        let sections: [(&str, &[&str]); 10] = [
            ("", &["issuer", "username-claim", "listen", "google", "dsm", "clients", "storage", "log"]),
            ("[listen]", &["address", "trusted-proxies", "tls-certificate", "tls-private-key"]),
            ("[google]", &["client-id", "client-secret-file", "issuer", "prompt"]),
            ("[dsm]", &["url", "account", "password-file", "refresh", "timeout", "max-age", "accept-invalid-certificate"]),
            ("[[clients]]", &["id", "name", "secret-file", "redirect-uris", "require-pkce", "allow-http-redirect"]),
            ("[power]", &["schedule", "file", "refresh-before-power-off"]),
            ("[keys]", &["rotate-after"]),
            ("[storage]", &["path"]),
            ("[admin]", &["access"]),
            ("[log]", &["level", "format"]),
        ];
        for (header, keys) in sections {
            let lines = keys.iter().zip(&values).map(|(key, value)| format!("\n{key} = {value}"));
            let section: String = lines.collect();
            prop_assert!(section.parse::<toml::Table>().is_ok(), "{section}");
            read_any(format!("{header}{section}").as_bytes());
        }
    }
}
