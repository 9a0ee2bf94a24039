//! The facts in one request.

use crate::base::parameters::Parameters;

/// The fact that [`Observations`](super::Observations) compare.
pub(super) const USER_AGENT: &str = "user-agent";

/// The fact of a token request that got tokens.
pub(super) const REDEEMED: &str = "code";

/// In characters.
const LONGEST_TEXT: usize = 60;

/// The headers whose text is noted. They describe the program, not a request.
const QUOTED_HEADERS: [&str; 3] = [USER_AGENT, "accept", "content-type"];

/// The headers that are named; others are only counted. The first group comes
/// from clients, the second from proxies.
const HEADERS: [&str; 36] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "dpop",
    "expect",
    "from",
    "host",
    "if-modified-since",
    "if-none-match",
    "keep-alive",
    "origin",
    "pragma",
    "range",
    "referer",
    "te",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-requested-with",
    "x-syno-token",
    "forwarded",
    "via",
    "x-forwarded-by",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
];

/// The parameters that are named and have no fact of their own.
const PARAMETERS: [&str; 27] = [
    "access_type",
    "acr_values",
    "audience",
    "claims",
    "claims_locales",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "display",
    "dpop_jkt",
    "grant_type",
    "hd",
    "id_token_hint",
    "login_hint",
    "nonce",
    "password",
    "refresh_token",
    "registration",
    "request",
    "request_uri",
    "resource",
    "scope",
    "state",
    "ui_locales",
    "username",
];

/// The scopes that are named, among them those that people enter in DSM
/// (docs/development/dsm-facts.md, section 1.2).
const SCOPES: [&str; 8] = [
    "openid",
    "email",
    "profile",
    "groups",
    "offline_access",
    "preferred_username",
    "address",
    "phone",
];

/// A property of a request, such as `nonce`, and its value, such as `missing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The name of the property.
    pub name: &'static str,
    /// Its value, such as `missing`.
    pub value: String,
}

impl Fact {
    /// Creates a fact whose value is one of a few words.
    pub fn new(name: &'static str, value: &str) -> Self {
        Self {
            name,
            value: value.to_owned(),
        }
    }
}

/// Returns the facts in the parameters of an authorization request.
pub fn of_authorization(parameters: &Parameters) -> Vec<Fact> {
    let fact = |name, describe: fn(&[u8]) -> String| described(parameters, name, describe);
    let mut facts = vec![
        fact("response_type", |value| one_of(value, &["code"])),
        fact("response_mode", |value| {
            one_of(value, &["query", "fragment", "form_post"])
        }),
        fact("redirect_uri", final_slash),
        fact("scope", |value| words(value, &SCOPES)),
        fact("state", length),
        fact("nonce", length),
        fact("code_challenge", length),
        fact("code_challenge_method", |value| {
            one_of(value, &["S256", "plain"])
        }),
        fact("prompt", |value| {
            words(value, &["none", "login", "consent", "select_account"])
        }),
        fact("max_age", |value| one_of(value, &["0"])),
    ];
    let others = other_parameters(parameters, &facts);
    facts.push(others);
    facts
}

/// Returns the facts in the form of a token request.
pub fn of_token_request(form: &Parameters) -> Vec<Fact> {
    let mut facts = vec![
        described(form, "redirect_uri", final_slash),
        described(form, "code_verifier", length),
    ];
    let others = other_parameters(form, &facts);
    facts.push(others);
    facts
}

/// Returns the fact of a token request whose code was valid.
pub fn of_redeemed_code() -> Fact {
    Fact::new(REDEEMED, "redeemed")
}

/// Returns the facts in the headers of a request, whose names are in lower
/// case.
pub fn of_headers(headers: &[(&str, &[u8])]) -> Vec<Fact> {
    let quoted = QUOTED_HEADERS.into_iter().map(|name| {
        let first = headers.iter().find(|(found, _)| *found == name);
        Fact {
            name,
            value: text_of(first.map(|(_, value)| *value)),
        }
    });
    let mut facts: Vec<Fact> = quoted.collect();
    let names = headers.iter().map(|(name, _)| name.as_bytes());
    facts.push(Fact {
        name: "headers",
        value: named(names, &HEADERS),
    });
    facts
}

/// Returns whether a request for a document has a User-Agent. One that a
/// client has sent in a token request is `known`.
pub fn of_user_agent(value: Option<&[u8]>, known: impl Fn(&str) -> bool) -> Fact {
    let text = text_of(value);
    let value = match (is_absent(&text), known(&text)) {
        (true, _) => &text,
        (false, true) => "as in token requests",
        (false, false) => "another",
    };
    Fact::new(USER_AGENT, value)
}

/// Returns whether a header with this [text](text_of) is missing or empty.
pub(super) fn is_absent(text: &str) -> bool {
    matches!(text, MISSING | EMPTY)
}

/// Returns the first characters of a header's value, without any that could
/// control a terminal.
pub fn text_of(value: Option<&[u8]>) -> String {
    let Some(value) = value else {
        return MISSING.to_owned();
    };
    if value.is_empty() {
        return EMPTY.to_owned();
    }
    let plain = |byte: &u8| match byte {
        b' '..=b'~' => char::from(*byte),
        _ => '?',
    };
    value.iter().take(LONGEST_TEXT).map(plain).collect()
}

/// Returns `count` as a fact; a large number, as after days of monitoring, says
/// nothing more.
pub(super) fn count(name: &'static str, count: u32) -> Fact {
    let value = match count {
        0..=9 => count.to_string(),
        _ => "10 or more".to_owned(),
    };
    Fact { name, value }
}

const MISSING: &str = "missing";
const EMPTY: &str = "empty";

fn described(
    parameters: &Parameters,
    name: &'static str,
    describe: impl Fn(&[u8]) -> String,
) -> Fact {
    let is_there = || parameters.names().any(|found| found == name.as_bytes());
    let value = match parameters.bytes(name) {
        Ok(Some(value)) => describe(value),
        Ok(None) if is_there() => EMPTY.to_owned(),
        Ok(None) => MISSING.to_owned(),
        Err(_) => "repeated".to_owned(),
    };
    Fact { name, value }
}

fn other_parameters(parameters: &Parameters, facts: &[Fact]) -> Fact {
    let names = parameters.names();
    let others = names.filter(|name| facts.iter().all(|fact| fact.name.as_bytes() != *name));
    Fact {
        name: "other parameters",
        value: named(others, &PARAMETERS),
    }
}

/// Returns the known ones of `names` in the order of the list, and how many
/// others there are.
fn named<'a>(names: impl Iterator<Item = &'a [u8]>, known: &[&'static str]) -> String {
    let names: Vec<&[u8]> = names.collect();
    let is_there = |word: &&&str| names.contains(&word.as_bytes());
    let mut words: Vec<&str> = known.iter().filter(is_there).copied().collect();
    let is_known = |name: &&&[u8]| known.iter().any(|word| word.as_bytes() == **name);
    let others = names.len() - names.iter().filter(is_known).count();
    let more = format!("and {others} more");
    if others > 0 {
        words.push(&more);
    }
    if words.is_empty() {
        return "none".to_owned();
    }
    words.join(" ")
}

/// Returns the known ones of the words in `value`.
fn words(value: &[u8], known: &[&'static str]) -> String {
    let words = value.split(|byte| *byte == b' ');
    named(words.filter(|word| !word.is_empty()), known)
}

fn one_of(value: &[u8], known: &[&'static str]) -> String {
    let found = known.iter().find(|word| word.as_bytes() == value);
    (*found.unwrap_or(&"another value")).to_owned()
}

fn length(value: &[u8]) -> String {
    format!("{} bytes", value.len())
}

fn final_slash(value: &[u8]) -> String {
    let with = value.ends_with(b"/");
    if with { "with" } else { "without" }.to_owned() + " a final slash"
}
