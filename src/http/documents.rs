//! The discovery document. It follows the config, and is asked for too seldom
//! to be worth keeping.

use serde::Serialize;

use crate::app::AppState;

/// The discovery document.
pub(super) fn discovery(app: &AppState) -> Vec<u8> {
    serde_json::to_vec(&Discovery::new(app)).unwrap_or_default()
}

/// OpenID Connect Discovery 1.0, section 3, and RFC 8414, section 2. The
/// contract gives it whole: a capability that is not there is not listed.
#[expect(clippy::struct_excessive_bools, reason = "the document has them")]
#[derive(Serialize)]
struct Discovery<'a> {
    issuer: &'a str,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    response_types_supported: [&'a str; 1],
    response_modes_supported: [&'a str; 1],
    grant_types_supported: [&'a str; 1],
    subject_types_supported: [&'a str; 1],
    id_token_signing_alg_values_supported: [&'a str; 1],
    token_endpoint_auth_methods_supported: [&'a str; 2],
    code_challenge_methods_supported: [&'a str; 1],
    scopes_supported: [&'a str; 3],
    claims_supported: Vec<&'a str>,
    authorization_response_iss_parameter_supported: bool,
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
}

impl<'a> Discovery<'a> {
    fn new(app: &'a AppState) -> Self {
        let issuer = &app.config.issuer;
        let mut claims = vec![
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "auth_time",
            "nonce",
            "at_hash",
            "email",
            "email_verified",
            "name",
            app.config.username_claim.as_str(),
        ];
        if app.config.username_claim != "preferred_username" {
            claims.push("preferred_username");
        }
        Self {
            issuer: issuer.as_str(),
            authorization_endpoint: issuer.endpoint("/auth"),
            token_endpoint: issuer.endpoint("/token"),
            userinfo_endpoint: issuer.endpoint("/userinfo"),
            jwks_uri: issuer.endpoint("/keys"),
            response_types_supported: ["code"],
            response_modes_supported: ["query"],
            grant_types_supported: ["authorization_code"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ["RS256"],
            token_endpoint_auth_methods_supported: ["client_secret_post", "client_secret_basic"],
            code_challenge_methods_supported: ["S256"],
            scopes_supported: ["openid", "email", "profile"],
            claims_supported: claims,
            authorization_response_iss_parameter_supported: true,
            claims_parameter_supported: false,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
        }
    }
}
