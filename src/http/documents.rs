//! The discovery document, built from the config for each request: clients
//! seldom read it.

use serde_json::json;

use crate::app::AppState;

/// OpenID Connect Discovery 1.0, section 3, and RFC 8414, section 2. It lists a
/// capability if and only if it exists (docs/reference/http.md).
pub(super) fn discovery(app: &AppState) -> String {
    let issuer = &app.config.issuer;
    let claims = "iss sub aud exp iat auth_time nonce at_hash email email_verified name";
    let mut claims: Vec<&str> = claims.split(' ').collect();
    claims.push(&app.config.username_claim);
    if app.config.username_claim != "preferred_username" {
        claims.push("preferred_username");
    }
    let document = json!({
        "issuer": issuer.as_str(),
        "authorization_endpoint": issuer.endpoint("/auth"),
        "token_endpoint": issuer.endpoint("/token"),
        "userinfo_endpoint": issuer.endpoint("/userinfo"),
        "jwks_uri": issuer.endpoint("/keys"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "email", "profile"],
        "claims_supported": claims,
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    });
    document.to_string()
}
