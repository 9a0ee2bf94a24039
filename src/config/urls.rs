//! The URLs in the config: redirect URIs, DSM, Google.

use domain::base::ids::GoogleIssuer;
use domain::base::issuer::Issuer;
use domain::base::web_url::{WebUrl, WebUrlError, strange_character};
use domain::model::relying_party::RegisteredRedirect;

/// The login's cookie contains it, with `state` and `nonce`.
const MAX_REDIRECT: usize = 1_000;

/// The `issuer` in the discovery document of Google.
pub(crate) const GOOGLE: &str = "https://accounts.google.com";

/// Whether a redirect URI may be http beyond this machine: a client's
/// `allow-http-redirect`.
#[derive(Clone, Copy)]
pub(crate) enum PlainHttp {
    LoopbackOnly,
    Allowed,
}

impl PlainHttp {
    pub(super) fn from_flag(flag: bool) -> Self {
        if flag {
            Self::Allowed
        } else {
            Self::LoopbackOnly
        }
    }
}

/// Checks a client's redirect URI, and returns it byte for byte.
pub(super) fn redirect(text: &str, plain_http: PlainHttp) -> Result<RegisteredRedirect, String> {
    if is_private_use(text) {
        let strange = strange_character(text).map(WebUrlError::Character);
        strange.map_or(Ok(()), |error| Err(error.to_string()))?;
        no_fragment_nor_too_long(text)?;
        return Ok(RegisteredRedirect::private_use(text.to_owned()));
    }
    let url = WebUrl::parse(text).map_err(|error| error.to_string())?;
    no_fragment_nor_too_long(text)?;
    if url.is_https() || url.is_loopback() {
        return Ok(RegisteredRedirect::new(text.to_owned(), url.parsed()));
    }
    match plain_http {
        PlainHttp::LoopbackOnly => Err(
            "has to be https; for a DSM on http at a private address set allow-http-redirect = true"
                .to_owned(),
        ),
        PlainHttp::Allowed if url.is_public_ip() => Err(
            "has to be https: its host is a public address, and allow-http-redirect is for \
             private ones"
                .to_owned(),
        ),
        PlainHttp::Allowed => Ok(RegisteredRedirect::new(text.to_owned(), url.parsed())),
    }
}

/// Whether `text` has the scheme of an app, which contains a dot (RFC 8252,
/// section 7.1), such as `app.example:///callback`. The schemes of browsers,
/// such as `javascript`, do not.
fn is_private_use(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let of_a_scheme = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
    scheme.contains('.')
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(of_a_scheme)
        && rest.starts_with('/')
}

fn no_fragment_nor_too_long(text: &str) -> Result<(), String> {
    if let Some((before, _)) = text.split_once('#') {
        // RFC 6749, section 3.1.2. Administrators copy it from the address
        // bar of DSM's login page, where it can be seen.
        return Err(format!(
            "has a #: DSM's login page shows /#/signin, but that part never leaves the browser; \
             leave it off, here and in DSM, and type {before}"
        ));
    }
    if text.len() > MAX_REDIRECT {
        return Err(format!("is longer than {MAX_REDIRECT} bytes"));
    }
    Ok(())
}

/// Whether `redirect` leads to this service: the same scheme, host and port as
/// `issuer`, and its path or a path below it.
pub(super) fn leads_to(issuer: &Issuer, redirect: &str) -> bool {
    let (Ok(ours), Ok(theirs)) = (WebUrl::parse(issuer.as_str()), WebUrl::parse(redirect)) else {
        return false;
    };
    let below = theirs.path().strip_prefix(issuer.path());
    let same_path = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    ours.parsed().origin() == theirs.parsed().origin() && same_path
}

/// Rejects a redirect URI that [leads to](leads_to) this service.
pub(super) fn not_to_itself(issuer: &Issuer, redirect: &str) -> Result<(), String> {
    if !leads_to(issuer, redirect) {
        return Ok(());
    }
    Err(format!(
        "leads to this service itself (issuer {issuer}), not to DSM: enter the URL that is typed \
         for DSM. The service needs a host name, a port or a path of its own"
    ))
}

/// Whether `redirect` looks like the redirect URI of this service at Google. A
/// client on this machine may be a test.
pub(crate) fn is_googles(redirect: &str) -> bool {
    WebUrl::parse(redirect).is_ok_and(|url| {
        let path = url.path().to_ascii_lowercase();
        path.strip_suffix('/')
            .unwrap_or(&path)
            .ends_with("/callback")
            && !url.is_loopback()
    })
}

/// Rejects an `issuer` to which Google sends no browser: "Hosts cannot be raw
/// IP addresses. Localhost IP addresses are exempted from this rule."
/// (developers.google.com, OAuth 2.0 for Web Server Applications, redirect URI
/// validation rules)
pub(super) fn google_leads_back(issuer: &str) -> Result<(), String> {
    let is_bare_ip = |url: WebUrl<'_>| url.is_ip() && !url.is_loopback();
    if WebUrl::parse(issuer).is_ok_and(is_bare_ip) {
        return Err(
            "has an IP address as its host, which Google does not accept as a redirect URI: use \
             a host name that browsers and the NAS can look up"
                .to_owned(),
        );
    }
    Ok(())
}

/// Rejects an `issuer` with the port that is for the reverse proxy, where
/// browsers would find http.
pub(super) fn not_the_plain_port(issuer: &str, http_port: Option<u16>) -> Result<(), String> {
    let url = WebUrl::parse(issuer).map_err(|error| error.to_string())?;
    let port = url.parsed().port().filter(|port| Some(*port) == http_port);
    match port.filter(|_| url.is_https() && !url.is_loopback()) {
        None => Ok(()),
        Some(port) => Err(format!(
            "has the port {port}, where this service serves http and no https: use the port of \
             the reverse proxy. It is mostly 443, and then the URL has no port"
        )),
    }
}

/// Parses the address of DSM, below which `/webapi` is, and returns it without
/// a final slash.
pub(super) fn dsm(text: &str) -> Result<String, String> {
    let url = WebUrl::parse(text).map_err(|error| error.to_string())?;
    if !url.is_https() && !url.is_loopback() {
        return Err(
            "has to be https, since an administrator's password travels there; http is for a \
             loopback host only (127.0.0.1, ::1, localhost)"
                .to_owned(),
        );
    }
    let parsed = url.parsed();
    let is_more = parsed.query().is_some() || parsed.fragment().is_some();
    if is_more || !matches!(url.path(), "" | "/") {
        return Err(
            "has something behind host and port; leave it off, such as http://127.0.0.1:5000"
                .to_owned(),
        );
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// Whether `dsm.accept-invalid-certificate` may be set for this `dsm.url`.
pub(crate) fn is_loopback_https(dsm_url: &str) -> bool {
    WebUrl::parse(dsm_url).is_ok_and(|url| url.is_https() && url.is_loopback())
}

/// Checks an issuer, and returns it byte for byte, as ID tokens contain it.
pub(super) fn google_issuer(text: &str) -> Result<GoogleIssuer, String> {
    let url = WebUrl::issuer(text).map_err(|error| error.to_string())?;
    if url.parsed().host_str() == Some("accounts.google.com") && text != GOOGLE {
        return Err(format!(
            "has Google's host, but Google's issuer is {GOOGLE}"
        ));
    }
    Ok(GoogleIssuer::new(text))
}

#[cfg(test)]
mod tests {
    use super::{PlainHttp, dsm, google_issuer, is_loopback_https, leads_to, redirect};
    use domain::base::issuer::Issuer;

    #[test]
    fn redirect_uris_are_https_and_kept_as_written() {
        let check = |input: &str, expected: Result<(), &str>| {
            let found = redirect(input, PlainHttp::LoopbackOnly);
            match (found, expected) {
                (Ok(found), Ok(())) => assert_eq!(found.as_str(), input),
                (Err(message), Err(part)) => assert!(message.contains(part), "{input}: {message}"),
                (found, _) => panic!("{input}: {found:?}"),
            }
        };
        check("https://nas.example.com/", Ok(()));
        check("https://nas.example.com", Ok(()));
        check("https://NAS.example.com:443/a/../b?c=d&e=%20", Ok(()));
        check("http://localhost:8080/callback", Ok(()));
        check("http://[::1]/", Ok(()));
        check(
            "https://nas.example.com/#/signin",
            Err("type https://nas.example.com/"),
        );
        check("https://nas.example.com/#", Err("/#/signin"));
        check("http://nas.example.com/", Err("allow-http-redirect"));
        check("http://192.168.1.2/", Err("allow-http-redirect"));
        check("https://admin:x@nas.example.com/", Err("user information"));
        check("https://nas.example.com/ ", Err("' '"));
        check("https://nas.example.com/\r\n", Err("'\\r'"));
        check("https://nas.example.com/\"", Err("'\"'"));
        check("https://nas.example.com\\@evil.example/", Err("'\\\\'"));
        check("https://nas.example.com./", Err("correct it"));
        check("https://*.example.com/", Err("correct it"));
        check("https://nas..example.com/", Err("correct it"));
        check("https://-nas.example.com/", Err("correct it"));
        check("https://%6eas.example.com/", Err("correct it"));
        check("app.example:///callback", Ok(()));
        check("com.example.app:/oauth2redirect?a=b", Ok(()));
        check("app.example:///callback#", Err("has a #"));
        check("app.example:///call back", Err("' '"));
        check("app:///callback", Err("https://"));
        check("nas.example.com:5001/", Err("https://"));
        check("app.example:callback", Err("https://"));
        check("1app.example:///callback", Err("https://"));
        check("java script.x:///", Err("https://"));
        check("//nas.example.com/", Err("https://"));
        check("javascript:alert(1)", Err("https://"));
        check("", Err("https://"));
        let mut long = format!("https://nas.example.com/{}", "a".repeat(976));
        check(&long, Ok(()));
        long.push('a');
        check(&long, Err("1000 bytes"));
    }

    #[test]
    fn http_when_allowed_is_for_private_hosts() {
        let check = |input: &str, expected: bool| {
            let found = redirect(input, PlainHttp::Allowed).is_ok();
            assert_eq!(found, expected, "{input}");
        };
        check("http://192.168.1.2:5000/", true);
        check("http://nas.local/", true);
        check("http://nas/", true);
        check("https://8.8.8.8/", true);
        check("http://8.8.8.8/", false);
        check("http://[2001:4860:4860::8888]/", false);
        check("ftp://192.168.1.2/", false);
    }

    #[test]
    fn dsm_is_a_host_and_a_port() {
        let check = |input: &str, expected: Option<(&str, bool)>| {
            let found = dsm(input).ok();
            let found = found.as_deref().map(|url| (url, is_loopback_https(url)));
            assert_eq!(found, expected, "{input}");
        };
        check(
            "http://127.0.0.1:5000",
            Some(("http://127.0.0.1:5000", false)),
        );
        check(
            "http://127.0.0.1:5000/",
            Some(("http://127.0.0.1:5000", false)),
        );
        check(
            "https://localhost:5001/",
            Some(("https://localhost:5001", true)),
        );
        check(
            "https://nas.example.com",
            Some(("https://nas.example.com", false)),
        );
        check("http://nas.example.com", None);
        check("http://192.168.1.2:5000", None);
        check("http://127.0.0.1:5000/webapi", None);
        check("http://127.0.0.1:5000//", None);
        check("http://127.0.0.1:5000/?", None);
        check("http://127.0.0.1:5000/#", None);
        check("127.0.0.1:5000", None);
    }

    #[test]
    fn a_login_goes_back_to_the_client_and_not_to_us() {
        let check = |issuer: &str, redirect: &str, expected: bool| {
            let issuer = Issuer::parse(issuer).unwrap();
            assert_eq!(leads_to(&issuer, redirect), expected, "{issuer} {redirect}");
        };
        check(
            "https://login.example.com",
            "https://login.example.com/",
            true,
        );
        check(
            "https://login.example.com",
            "https://LOGIN.example.com:443",
            true,
        );
        check(
            "https://nas.example.com/sso",
            "https://nas.example.com/sso/a",
            true,
        );
        check(
            "https://nas.example.com/sso/",
            "https://nas.example.com/sso",
            true,
        );
        check(
            "https://nas.example.com/sso",
            "https://nas.example.com/",
            false,
        );
        check(
            "https://nas.example.com/sso",
            "https://nas.example.com/ssowat",
            false,
        );
        check(
            "https://nas.example.com:8443",
            "https://nas.example.com/",
            false,
        );
        check(
            "http://127.0.0.1:5556",
            "http://127.0.0.1:8080/callback",
            false,
        );
        check(
            "https://login.example.com",
            "app.example:///callback",
            false,
        );
    }

    #[test]
    fn any_provider_on_https_may_vouch() {
        let check = |input: &str, expected: bool| {
            let found = google_issuer(input);
            assert_eq!(found.is_ok(), expected, "{input}");
            assert!(found.is_err() || found.unwrap().as_str() == input);
        };
        check("https://accounts.google.com", true);
        check("https://id.example.com/realms/family/", true);
        check("http://127.0.0.1:8081", true);
        check("https://accounts.google.com/", false);
        check(
            "https://accounts.google.com/.well-known/openid-configuration",
            false,
        );
        check(
            "https://id.example.com/.well-known/openid-configuration",
            false,
        );
        check("http://id.example.com", false);
        check("https://id.example.com/?a", false);
        check("https://id.example.com/#a", false);
        check("accounts.google.com", false);
        check(
            &format!("https://id.example.com/{}", "a".repeat(255)),
            false,
        );
    }
}
