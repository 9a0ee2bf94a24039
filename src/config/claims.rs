//! The name of the claim that carries DSM's user name.

/// Claims that mean something else to a relying party, separated by spaces:
/// the JSON Web Token Claims registry of the IANA
/// (<https://www.iana.org/assignments/jwt/jwt.xhtml>), in its order and
/// without `preferred_username`, which means the user name. `username`, the
/// default, is registered only for token introspection (RFC 7662).
const REGISTERED: &str = "
    iss sub aud exp nbf iat jti
    name given_name family_name middle_name nickname profile picture
    website email email_verified gender birthdate zoneinfo locale
    phone_number phone_number_verified address updated_at azp nonce
    auth_time at_hash c_hash s_hash acr amr sub_jwk _claim_names
    _claim_sources sid events toe txn sub_id
    cnf act scope client_id may_act roles groups entitlements
    token_introspection authorization_details htm htu ath ace_profile
    cnonce exi rdap_allowed_purposes rdap_dnt_allowed
    verified_claims place_of_birth nationalities birth_family_name
    birth_given_name birth_middle_name salutation title msisdn
    also_known_as vot vtm
    vc vp vct _sd _sd_alg sd_hash status status_list ttl
    sip_from_tag sip_date sip_callid sip_cseq_num sip_via_branch orig dest
    mky rph attest origid jcard div opt sph rcd rcdi crn msgi atc
    cdniv cdnicrit cdniip cdniuc cdniets cdnistt cdnistd sig_val_claims
    at_use_nbr geohash
    eat_nonce ueid sueids oemid hwmodel hwversion oemboot dbgstat location
    eat_profile submods uptime bootcount bootseed dloas swname swversion
    manifests measurements measres intuse
";

/// Longer than any name for DSM's field.
const MAX_BYTES: usize = 64;

/// Returns the name of the claim, unless it means something else.
pub(super) fn username_claim(text: &str) -> Result<String, String> {
    let expected = |b: u8| b.is_ascii_alphanumeric() || b"_.:/-".contains(&b);
    if text.is_empty() || text.len() > MAX_BYTES || !text.bytes().all(expected) {
        return Err(format!(
            "has to be 1 to {MAX_BYTES} letters, digits or any of '_', '.', ':', '/', '-'"
        ));
    }
    if REGISTERED.split_whitespace().any(|claim| claim == text) {
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
