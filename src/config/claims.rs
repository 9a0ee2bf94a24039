//! The name of the claim that carries DSM's user name.

/// Claims that mean something else to a relying party: the JSON Web Token
/// Claims registry of the IANA
/// (<https://www.iana.org/assignments/jwt/jwt.xhtml>), which has those of
/// OpenID Connect. `preferred_username` is missing here: the user name is
/// what it means. `username`, our default, is registered for token
/// introspection (RFC 7662) alone.
const REGISTERED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    // OpenID Connect Core, section 5.1, and the claims of ID tokens.
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "profile",
    "picture",
    "website",
    "email",
    "email_verified",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "phone_number",
    "phone_number_verified",
    "address",
    "updated_at",
    "azp",
    "nonce",
    "auth_time",
    "at_hash",
    "c_hash",
    "s_hash",
    "acr",
    "amr",
    "sub_jwk",
    "_claim_names",
    "_claim_sources",
    "sid",
    "events",
    "toe",
    "txn",
    "sub_id",
    // OAuth: proof of possession, token exchange, access tokens, DPoP.
    "cnf",
    "act",
    "scope",
    "client_id",
    "may_act",
    "roles",
    "groups",
    "entitlements",
    "token_introspection",
    "authorization_details",
    "htm",
    "htu",
    "ath",
    "ace_profile",
    "cnonce",
    "exi",
    "rdap_allowed_purposes",
    "rdap_dnt_allowed",
    // Identity assurance.
    "verified_claims",
    "place_of_birth",
    "nationalities",
    "birth_family_name",
    "birth_given_name",
    "birth_middle_name",
    "salutation",
    "title",
    "msisdn",
    "also_known_as",
    "vot",
    "vtm",
    // Verifiable credentials, selective disclosure, status lists.
    "vc",
    "vp",
    "vct",
    "_sd",
    "_sd_alg",
    "sd_hash",
    "status",
    "status_list",
    "ttl",
    // Telephony.
    "sip_from_tag",
    "sip_date",
    "sip_callid",
    "sip_cseq_num",
    "sip_via_branch",
    "orig",
    "dest",
    "mky",
    "rph",
    "attest",
    "origid",
    "jcard",
    "div",
    "opt",
    "sph",
    "rcd",
    "rcdi",
    "crn",
    "msgi",
    "atc",
    // Content delivery.
    "cdniv",
    "cdnicrit",
    "cdniip",
    "cdniuc",
    "cdniets",
    "cdnistt",
    "cdnistd",
    "sig_val_claims",
    "at_use_nbr",
    "geohash",
    // Attestation.
    "eat_nonce",
    "ueid",
    "sueids",
    "oemid",
    "hwmodel",
    "hwversion",
    "oemboot",
    "dbgstat",
    "location",
    "eat_profile",
    "submods",
    "uptime",
    "bootcount",
    "bootseed",
    "dloas",
    "swname",
    "swversion",
    "manifests",
    "measurements",
    "measres",
    "intuse",
];

/// Longer than any name that DSM's field is given.
const MAX_BYTES: usize = 64;

/// The claim's name, as far as it means nothing else.
pub(super) fn username_claim(text: &str) -> Result<String, String> {
    let expected = |b: u8| b.is_ascii_alphanumeric() || b"_.:/-".contains(&b);
    if text.is_empty() || text.len() > MAX_BYTES || !text.bytes().all(expected) {
        return Err(format!(
            "has to be 1 to {MAX_BYTES} letters, digits or any of '_', '.', ':', '/', '-'"
        ));
    }
    if REGISTERED.contains(&text) {
        return Err(
            "is a registered claim with a meaning of its own; use username or preferred_username"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::username_claim;

    #[test]
    fn a_claim_with_another_meaning_is_refused() {
        let check = |input: &str, expected: bool| {
            assert_eq!(username_claim(input).is_ok(), expected, "{input:?}");
        };
        check("username", true);
        check("preferred_username", true);
        check("https://nas.example.com/user", true);
        check("urn:nas:user-name", true);
        check("sub", false);
        check("email", false);
        check("name", false);
        check("groups", false);
        check("at_hash", false);
        check("", false);
        check("user name", false);
        check("us\u{e9}r", false);
        check(&"u".repeat(64), true);
        check(&"u".repeat(65), false);
    }
}
