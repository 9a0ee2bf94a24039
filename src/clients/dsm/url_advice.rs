//! Advice which `dsm.url` to set if its scheme or port is wrong.

use url::Url;

use super::DsmSettings;
use domain::base::web_url::is_loopback;

/// Texts with status 400 of web servers that get plain HTTP at a port for
/// HTTPS: nginx, which DSM uses; Apache; Go.
const WANTS_HTTPS: [&[u8]; 3] = [
    b"plain HTTP request was sent to HTTPS port",
    b"speaking plain HTTP to an SSL-enabled server",
    b"HTTP request to an HTTPS server",
];

pub(super) fn wants_https(body: &[u8]) -> bool {
    WANTS_HTTPS
        .iter()
        .any(|text| body.windows(text.len()).any(|window| window == *text))
}

/// Returns the advice for a port that has the scheme that `dsm.url` does not
/// have.
pub(super) fn on_other_scheme(settings: &DsmSettings) -> String {
    let Ok(url) = Url::parse(&settings.url) else {
        return "correct dsm.url".to_owned();
    };
    let rest = settings.url.split_once("://").map_or("", |(_, rest)| rest);
    if url.scheme() != "https" {
        return format!(
            "the port expects https, and dsm.url has http: {}",
            set_https(settings, &format!("https://{}", rest.trim_end_matches('/')))
        );
    }
    let expects = "the port expects http, and dsm.url has https";
    if !is_loopback(&url) {
        return format!(
            "{expects}: set dsm.url to DSM's port for https, such as 5001, since http is only for a \
             loopback address"
        );
    }
    let without = if settings.accept_invalid_certificate {
        ", and remove dsm.accept-invalid-certificate"
    } else {
        ""
    };
    format!(
        "{expects}: set dsm.url = \"http://{}\"{without}",
        rest.trim_end_matches('/')
    )
}

/// Returns the advice for a redirect to `location`. DSM with "redirect to
/// HTTPS" sends its port, which is not 5001 everywhere; the path may be
/// anything and is left out.
pub(super) fn on_redirect(settings: &DsmSettings, location: &str) -> String {
    let target = Url::parse(location).ok();
    let own = Url::parse(&settings.url).ok();
    let https = target.as_ref().filter(|url| url.scheme() == "https");
    let port = https.and_then(Url::port_or_known_default);
    // Keeps the host: the redirect has the public one, through which DSM would
    // treat the daemon as a remote client.
    let own_host = own.as_ref().filter(|url| is_loopback(url));
    if let (Some(port), Some(host)) = (port, own_host.and_then(Url::host_str)) {
        return format!(
            "DSM redirects to HTTPS, and the password does not follow: {}",
            set_https(settings, &format!("https://{host}:{port}"))
        );
    }
    let origin = target.map_or_else(
        || "another page".to_owned(),
        |url| url.origin().ascii_serialization(),
    );
    format!(
        "it redirects to {origin}, and the password does not follow: set dsm.url to DSM's own \
         address, such as \"http://127.0.0.1:5000\""
    )
}

/// DSM's certificate names its public host, so that a loopback address needs
/// the exception.
fn set_https(settings: &DsmSettings, url: &str) -> String {
    let exception = if settings.accept_invalid_certificate {
        ""
    } else {
        " and dsm.accept-invalid-certificate = true"
    };
    format!("set dsm.url = \"{url}\"{exception}")
}
