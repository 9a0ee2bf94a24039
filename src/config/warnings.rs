//! What is allowed and still worth a word.

use super::{Alias, Config, Problem, directory_of, shared_directory};
use crate::relying_party::RelyingParty;

/// Whoever guesses a client's secret may redeem codes; DSM takes any length.
const SHORT_SECRET: usize = 16;

impl Config {
    /// Logs every warning, at start and after a reload.
    pub fn log_warnings(&self) {
        for Problem { key, message, .. } in self.warnings() {
            tracing::warn!(key, "the config is valid, but: {message}");
        }
    }

    /// What is good, and probably not meant: for `check` and for the log.
    pub fn warnings(&self) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut warn = |key: String, message: &str| {
            found.push(Problem {
                place: key.clone(),
                key,
                message: message.to_owned(),
            });
        };
        if let Some(mode) = shared_directory(&self.file) {
            warn(
                "config".to_owned(),
                &format!(
                    "group or others can write to its directory {} (mode {mode:04o}), and can put \
                     another config in its place: run chmod 700 on it. On DSM, an access control \
                     list can be the cause of this mode",
                    directory_of(&self.file).display()
                ),
            );
        }
        if self.listen.tls.is_none() && !self.listen.address.ip().is_loopback() {
            warn(
                "listen.address".to_owned(),
                "serves http to the network: codes and secrets can be read on the way from the proxy",
            );
        }
        for (index, range) in self.listen.trusted_proxies.iter().enumerate() {
            if range.prefix_len() == 0 {
                warn(
                    format!("listen.trusted-proxies[{index}]"),
                    "contains every address: any client can write another address into \
                     X-Forwarded-For and avoid the rate limits; list the proxies alone",
                );
            }
        }
        if self.dsm.max_age < self.dsm.refresh {
            warn(
                "dsm.max-age".to_owned(),
                "is shorter than refresh: between two refreshes nobody can sign in",
            );
        }
        let token_file = self.dsm.device_token_file.as_ref();
        if token_file.is_some_and(|path| !path.exists()) {
            warn(
                "dsm.device-token-file".to_owned(),
                "names a file that does not exist yet: run sudo -u google-to-synology-sso \
                 google-to-synology-sso setup --otp",
            );
        }
        for index in not_to_local_users(&self.users.aliases) {
            warn(
                format!("users.alias[{index}].dsm"),
                "looks like a domain or LDAP user: only local users of DSM are read",
            );
        }
        for (index, client) in self.clients.iter().enumerate() {
            if client.secret.expose().len() < SHORT_SECRET {
                warn(
                    format!("clients[{index}].secret-file"),
                    "holds a short secret; 32 random characters cannot be guessed",
                );
            }
            for uri in http_beyond_this_machine(client) {
                warn(
                    format!("clients[{index}].redirect-uris[{uri}]"),
                    "is http: codes can be read on the way",
                );
            }
        }
        found
    }
}

/// The places of aliases to `DOMAIN\user` or `user@domain`.
fn not_to_local_users(aliases: &[Alias]) -> impl Iterator<Item = usize> {
    let aliases = aliases.iter().enumerate();
    aliases.filter_map(|(index, alias)| alias.dsm.contains(['\\', '@']).then_some(index))
}

/// The places of these URIs in the client's list.
fn http_beyond_this_machine(client: &RelyingParty) -> impl Iterator<Item = usize> {
    let beyond = |text: &str| {
        let url = crate::web_url::WebUrl::parse(text);
        url.is_ok_and(|url| !url.is_https() && !url.is_loopback())
    };
    client
        .redirect_uris
        .iter()
        .enumerate()
        .filter_map(move |(index, uri)| beyond(uri.as_str()).then_some(index))
}
