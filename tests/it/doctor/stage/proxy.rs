//! DSM's reverse proxy, which is nginx.

use std::fs;
use std::path::Path;
use std::process::Command;

use fakes::dsm::settings::proxy_rule;
use serde_json::Value;

use super::certificates::Certificate;
use super::{HTTPS, NAME, OURS};
use crate::support::nginx::{filled, write_public};
use crate::support::process::{Process, tool};

/// The rule for the public name.
#[derive(Clone)]
pub(crate) struct Rule {
    /// The source.
    pub(crate) host: &'static str,
    /// The port of nginx.
    pub(crate) port: u16,
    pub(crate) is_https: bool,
    pub(crate) certificate: Certificate,
    /// The port of this machine to which it leads.
    pub(crate) destination: u16,
    /// Whether it is DSM's, and not that of a proxy beside it.
    pub(crate) is_of_dsm: bool,
    /// nginx's directives for the headers.
    pub(crate) headers: &'static str,
    /// nginx's directives, if they differ from those that DSM writes;
    /// `{{pass}}` is DSM's.
    pub(crate) instead: Option<&'static str>,
}

impl Rule {
    /// The rule of the installation guide. That DSM writes these directives
    /// was seen by others in its nginx configuration; guess: the same ones in
    /// all versions.
    pub(super) fn of_the_guide(certificate: Certificate) -> Self {
        Self {
            host: NAME,
            port: HTTPS,
            is_https: true,
            certificate,
            destination: OURS,
            is_of_dsm: true,
            headers: "proxy_set_header Host $http_host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;",
            instead: None,
        }
    }

    /// Returns it as DSM's API lists it.
    pub(super) fn entry(&self) -> Option<Value> {
        let mut entry = proxy_rule(self.host, self.destination);
        entry["frontend"]["port"] = self.port.into();
        entry["frontend"]["protocol"] = u8::from(self.is_https).into();
        self.is_of_dsm.then_some(entry)
    }
}

/// Starts nginx with `rule`, with its files in `directory`.
pub(super) fn start(rule: &Rule, directory: &Path) -> Process {
    let pass = format!("proxy_pass http://127.0.0.1:{};", rule.destination);
    let tls = if rule.is_https { "ssl" } else { "" };
    let values = [
        ("port", rule.port.to_string()),
        ("tls", tls.to_owned()),
        ("host", rule.host.to_owned()),
        ("headers", rule.headers.to_owned()),
        ("response", rule.instead.unwrap_or("{{pass}}").to_owned()),
        ("pass", pass),
    ];
    let config = filled(include_str!("proxy.conf"), &values);
    write_public(&directory.join("proxy.conf"), &config);
    write_public(&directory.join("certificate.pem"), &rule.certificate.chain);
    write_public(&directory.join("key.pem"), &rule.certificate.key);
    fs::create_dir_all(directory.join("tmp")).unwrap();
    let mut nginx = Command::new(tool("nginx"));
    nginx.args(["-e", "stderr", "-c", "proxy.conf", "-p"]);
    nginx.arg(directory);
    Process::start(&mut nginx, rule.port, directory)
}
