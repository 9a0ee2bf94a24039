//! Warnings about a valid config.

use super::{Config, Problem, directory_of, shared_directory, urls};
use crate::machine::tls;
use domain::base::clock::UnixTime;
use domain::base::web_url::{WebUrl, is_private};
use domain::model::relying_party::RelyingParty;

/// The default ports of DSM's own pages.
const DSM_PORTS: [u16; 2] = [5000, 5001];

/// An attacker who guesses a client's secret can redeem codes, and DSM accepts
/// any length.
const SHORT_SECRET: usize = 16;

impl Config {
    /// Logs every warning, at start and after a reload.
    pub fn log_warnings(&self, now: UnixTime) {
        let warnings = self.warnings().into_iter();
        for Problem { key, message, .. } in warnings.chain(self.certificate_warnings(now)) {
            tracing::warn!(key, "the config is valid, but: {message}");
        }
    }

    /// Returns the reasons for which DSM and browsers reject the certificate
    /// at `now`.
    pub fn certificate_warnings(&self, now: UnixTime) -> Vec<Problem> {
        let Some(files) = self.listen.tls() else {
            return Vec::new();
        };
        let certificate = files.certificate.display();
        let rejections = tls::rejections(&files, &self.issuer.host(), now).into_iter();
        rejections
            .map(|why| Problem::at("listen.tls-certificate", format!("{certificate}: {why}")))
            .collect()
    }

    /// Returns what is valid and probably a mistake, for `check` and the log.
    pub fn warnings(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut warn = |key: &str, message: &str| found.push(Problem::at(key, message));
        if let Some(mode) = shared_directory(&self.file) {
            warn(
                "config",
                &format!(
                    "group or others can write to its directory {} (mode {mode:04o}), and can put \
                     another config in its place: run chmod 700 on it. On DSM, an access control \
                     list can be the cause of this mode",
                    directory_of(&self.file).display()
                ),
            );
        }
        if self.listen.tls().is_none() && !self.listen.address.ip().is_loopback() {
            warn(
                "listen.address",
                "serves http to the network: codes and secrets can be read on the way from the proxy",
            );
        }
        if let Some(address) = self.metrics_address
            && !is_private(address.ip())
        {
            warn(
                "metrics.address",
                "is neither a loopback nor a private address: anyone who can reach it can read, \
                 without a password, how many sign-ins succeed and fail",
            );
        }
        for (index, range) in self.listen.trusted_proxies.iter().enumerate() {
            if range.prefix_len() == 0 {
                warn(
                    &format!("listen.trusted-proxies[{index}]"),
                    "contains every address: any client can write another address into \
                     X-Forwarded-For and avoid the rate limits; list the proxies alone",
                );
            }
        }
        if let Some(message) = self.issuer_of_another() {
            warn("issuer", &message);
        }
        if self.dsm.max_age < self.dsm.refresh {
            warn(
                "dsm.max-age",
                "is shorter than refresh: no user can sign in between two refreshes",
            );
        }
        let token_file = self.dsm.device_token_file.as_ref();
        if token_file.is_some_and(|path| !path.exists()) {
            warn(
                "dsm.device-token-file",
                "names a file that does not exist yet: run sudo -u google-to-synology-sso \
                 google-to-synology-sso setup --otp",
            );
        }
        for (index, alias) in self.users.aliases.iter().enumerate() {
            // `DOMAIN\user` or `user@domain`.
            if !alias.dsm.contains(['\\', '@']) {
                continue;
            }
            warn(
                &format!("users.alias[{index}].dsm"),
                "looks like a domain or LDAP user: only local users of DSM are read",
            );
        }
        for (index, client) in self.clients.iter().enumerate() {
            for (key, message) in of_client(client) {
                warn(&format!("clients[{index}].{key}"), message);
            }
        }
        found
    }
}

/// Returns the warnings about a client, each with its key.
fn of_client(client: &RelyingParty) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    let secret = client.secret.expose();
    if secret.len() < SHORT_SECRET {
        found.push((
            "secret-file".to_owned(),
            "holds a short secret; 32 random characters cannot be guessed",
        ));
    }
    if secret.trim() != secret.as_str() {
        found.push((
            "secret-file".to_owned(),
            "holds a secret that begins or ends with white space, which the field in DSM may not \
             keep",
        ));
    }
    for (index, uri) in client.redirect_uris.iter().enumerate() {
        let key = format!("redirect-uris[{index}]");
        if client.is_dsm() && urls::is_googles(uri.as_str()) {
            found.push((
                key,
                "ends in /callback, as the redirect URI for Google does: DSM sends the URL that \
                 is typed for DSM, such as https://nas.example.com/",
            ));
        } else if is_http_beyond_this_machine(uri.as_str()) {
            found.push((key, "is http: codes can be read on the way"));
        }
    }
    found
}

fn is_http_beyond_this_machine(uri: &str) -> bool {
    WebUrl::parse(uri).is_ok_and(|url| !url.is_https() && !url.is_loopback())
}

impl Config {
    /// Returns why `issuer` is probably not the public URL of this service.
    fn issuer_of_another(&self) -> Option<String> {
        let port = self.listen.address.port();
        let http_port = self.listen.tls().is_none().then_some(port);
        if let Err(message) = urls::not_the_plain_port(self.issuer.as_str(), http_port) {
            return Some(message);
        }
        let message = "has the host and a port of DSM itself, which answers there: the service \
                       needs a host name, a port or a path of its own";
        self.is_at_dsms_own_port().then(|| message.to_owned())
    }

    /// Whether `issuer` is the address of DSM's own pages. With a path, a proxy
    /// there may lead to this service.
    fn is_at_dsms_own_port(&self) -> bool {
        let Ok(issuer) = WebUrl::parse(self.issuer.as_str()) else {
            return false;
        };
        let dsm = WebUrl::parse(&self.dsm.url);
        let of_dsm = dsm
            .ok()
            .and_then(|url| url.parsed().port_or_known_default());
        let port = issuer.parsed().port();
        let clients = self.clients.iter().filter(|client| client.is_dsm());
        let mut redirects = clients.flat_map(|client| &client.redirect_uris);
        self.issuer.path().is_empty()
            && port.is_some_and(|port| DSM_PORTS.contains(&port) || Some(port) == of_dsm)
            && redirects.any(|redirect| {
                let url = WebUrl::parse(redirect.as_str());
                url.is_ok_and(|url| url.parsed().host() == issuer.parsed().host())
            })
    }
}
