//! The fake's discovery document and account chooser.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::Person;
use super::face::face;
use crate::server::{Reply, redirect};

/// Has the same members as
/// <https://accounts.google.com/.well-known/openid-configuration>; all hosts
/// are one here. Google's document had
/// `authorization_response_iss_parameter_supported` set to `true` in 2026.
pub(super) fn discovery(url: &str) -> Value {
    json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/o/oauth2/v2/auth"),
        "device_authorization_endpoint": format!("{url}/device/code"),
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/v1/userinfo"),
        "revocation_endpoint": format!("{url}/revoke"),
        "jwks_uri": format!("{url}/oauth2/v3/certs"),
        "response_types_supported": [
            "code", "token", "id_token", "code token", "code id_token",
            "token id_token", "code token id_token", "none",
        ],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": [
            "aud", "email", "email_verified", "exp", "family_name",
            "given_name", "iat", "iss", "name", "picture", "sub",
        ],
        "code_challenge_methods_supported": ["plain", "S256"],
        "grant_types_supported": [
            "authorization_code", "refresh_token",
            "urn:ietf:params:oauth:grant-type:device_code",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ],
        "authorization_response_iss_parameter_supported": true,
    })
}

/// The account chooser: a link for each user, the hinted one first, and one to
/// go back without choosing. The look of Google's own page and of its links is
/// not public; only where they lead in the end is known.
pub(super) fn chooser(people: &[Person], query: &str, hint: Option<&str>) -> String {
    let hinted = |person: &&Person| Some(person.address.as_str()) == hint;
    let first = people.iter().filter(hinted);
    let others = people.iter().filter(|person| !hinted(person));
    let choices: Vec<String> = first
        .chain(others)
        .map(|person| choice(person, query))
        .collect();
    let choices = choices.concat();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Sign in with the fake Google</title><style>{STYLE}</style></head><body><main>\n\
         <h1>Choose an account</h1>\n\
         <p>This is a fake Google. It does not ask for a password.</p>\n<ul>\n{choices}</ul>\n\
         <p><a href=\"/chosen?{query}&amp;cancel=1\">Cancel</a></p>\n</main></body></html>\n",
        query = escaped(query),
    )
}

const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#f2efe9;--card:#fff;--text:#26221c;--quiet:#5f584d;\
--line:#e2dccf;--link:#7a4a00}\
@media(prefers-color-scheme:dark){:root{--ground:#1b1813;--card:#28241d;--text:#f4f0e8;\
--quiet:#bdb5a6;--line:#453e33;--link:#f0bf74}}\
body{margin:0;padding:8vh 1rem 2rem;font:1rem/1.4 system-ui,sans-serif;\
background:var(--ground);color:var(--text);overflow-wrap:anywhere}\
main{max-width:26rem;margin:0 auto;padding:1.5rem 1.75rem;background:var(--card);\
border:1px solid var(--line);border-radius:1rem;box-sizing:border-box}\
h1{font-size:1.375rem;margin:0 0 .25rem}p{margin:0 0 1rem;color:var(--quiet)}\
p:last-child{margin:1rem 0 0}p a{color:var(--link)}\
ul{list-style:none;padding:0;margin:0}li{border-top:1px solid var(--line)}\
li a{display:flex;align-items:center;gap:.875rem;padding:.75rem .5rem;color:inherit;\
text-decoration:none}li a:hover{background:var(--ground)}\
small{font-size:.9375rem;color:var(--quiet)}svg{flex:none}";

fn choice(person: &Person, query: &str) -> String {
    format!(
        "<li><a href=\"/chosen?{query}&amp;person={subject}\">{face}<span>{name}<br>\
         <small>{address}</small></span></a></li>\n",
        face = face(&person.subject),
        query = escaped(query),
        subject = escaped(&person.subject),
        name = escaped(&person.name),
        address = escaped(&person.address),
    )
}

/// Google's own page for errors about the request itself.
pub(super) const ERROR: &str = "/signin/oauth/error";

/// Redirects to [`ERROR`]. The path, `flowName`, and the form of `authError`,
/// a protobuf in base64 whose first field is the error, were recorded in 2026
/// by several projects, such as aosreminders (`redirect_uri_mismatch`) and
/// claritypledge (`deleted_client`). The text in the second field is a guess
/// for other errors than `invalid_client`.
pub(super) fn error_redirect(reason: &str, client_id: Option<&str>) -> Reply {
    let (code, text) = reason.split_once(": ").unwrap_or((reason, reason));
    let field = |number: u8, text: &str| {
        let length = u8::try_from(text.len()).unwrap();
        [&[number << 3 | 2, length], text.as_bytes()].concat()
    };
    let error = STANDARD.encode([field(1, code), field(2, text)].concat());
    let mut query = Serializer::new(String::new());
    query.append_pair("authError", &error);
    query.append_pair("client_id", client_id.unwrap_or("None"));
    query.append_pair("flowName", "GeneralOAuthFlow");
    redirect(&format!("{ERROR}?{}", query.finish()))
}

/// The text of that page.
pub(super) fn refused(reason: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><title>Error 400</title></head><body>\
         <h1>Access blocked: authorization error</h1><p>{}</p></body></html>\n",
        escaped(reason)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
