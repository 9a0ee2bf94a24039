//! DSM's reverse proxy, which is nginx.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::certificates::Certificate;
use crate::dsm::settings::proxy_rule;
use crate::nginx::{filled, write_public};

/// A rule of the reverse proxy, and the certificate that DSM's dialog assigns
/// to its name.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The source.
    pub host: String,
    /// The port of nginx.
    pub port: u16,
    /// Whether nginx encrypts.
    pub is_https: bool,
    /// The certificate of the source.
    pub certificate: Certificate,
    /// The host to which it leads.
    pub destination_host: String,
    /// The port to which it leads.
    pub destination: u16,
    /// Whether it is DSM's, and not that of a proxy beside it.
    pub is_of_dsm: bool,
    /// nginx's directives for the headers.
    pub headers: String,
    /// nginx's directives, if they differ from those that DSM writes;
    /// `{{pass}}` is DSM's.
    pub instead: Option<&'static str>,
}

/// What nginx does besides the rule.
#[derive(Clone, Copy, Debug)]
pub struct Desktop {
    /// The address of the NAS.
    pub address: Ipv4Addr,
    /// The server of DSM's own pages, for every other name; `None`: a page that
    /// says so.
    pub pages: Option<SocketAddr>,
}

impl Default for Desktop {
    fn default() -> Self {
        Self {
            address: Ipv4Addr::UNSPECIFIED,
            pages: None,
        }
    }
}

impl Rule {
    /// Returns the rule of the installation guide, from https at `host` to
    /// `port` of this machine.
    pub fn of_the_guide(host: &str, port: u16, certificate: Certificate) -> Self {
        Self::stored(&proxy_rule(host, port), certificate)
    }

    /// Returns what DSM does with `entry`, which its API has stored. That DSM
    /// writes the directives for the connection was seen by others in its nginx
    /// configuration; guess: the same ones in all versions, and that those of
    /// `customize_headers` follow them.
    pub fn stored(entry: &Value, certificate: Certificate) -> Self {
        let (from, to) = (&entry["frontend"], &entry["backend"]);
        assert_eq!(to["protocol"], 0, "the daemon serves http: {entry}");
        let mut headers = [
            "proxy_set_header Host $http_host;",
            "proxy_set_header X-Real-IP $remote_addr;",
            "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
            "proxy_set_header X-Forwarded-Proto $scheme;",
        ]
        .map(str::to_owned)
        .to_vec();
        let custom = entry["customize_headers"].as_array().into_iter().flatten();
        headers.extend(custom.map(|header| {
            let [name, value] = ["name", "value"].map(|key| header[key].as_str().unwrap());
            format!("proxy_set_header {name} {value};")
        }));
        Self {
            host: from["fqdn"].as_str().unwrap().to_owned(),
            port: port(from),
            is_https: from["protocol"] == 1,
            certificate,
            destination_host: to["fqdn"].as_str().unwrap().to_owned(),
            destination: port(to),
            is_of_dsm: true,
            headers: headers.join("\n            "),
            instead: None,
        }
    }

    /// Returns it as DSM's API lists it.
    pub fn entry(&self) -> Option<Value> {
        let mut entry = proxy_rule(&self.host, self.destination);
        entry["frontend"]["port"] = self.port.into();
        entry["frontend"]["protocol"] = u8::from(self.is_https).into();
        self.is_of_dsm.then_some(entry)
    }

    /// Writes nginx's files to `directory`, and returns the command that starts
    /// it, without the path of the program.
    pub fn nginx(&self, desktop: Desktop, directory: &Path, program: &Path) -> Command {
        let pass = |to: &str| format!("proxy_pass http://{to};");
        let page = "default_type text/html;
            return 200 \"<!DOCTYPE html><title>Synology DiskStation</title>\";";
        let pages = desktop.pages.map(|pages| pass(&pages.to_string()));
        let tls = if self.is_https { "ssl" } else { "" };
        let destination = format!("{}:{}", self.destination_host, self.destination);
        let values = [
            ("address", desktop.address.to_string()),
            ("port", self.port.to_string()),
            ("tls", tls.to_owned()),
            ("pages", pages.unwrap_or_else(|| page.to_owned())),
            ("host", self.host.clone()),
            ("headers", self.headers.clone()),
            ("response", self.instead.unwrap_or("{{pass}}").to_owned()),
            ("pass", pass(&destination)),
        ];
        let config = filled(include_str!("reverse_proxy.conf"), &values);
        write_public(&directory.join("proxy.conf"), &config);
        write_public(&directory.join("certificate.pem"), &self.certificate.chain);
        write_public(&directory.join("key.pem"), &self.certificate.key);
        fs::create_dir_all(directory.join("tmp")).unwrap();
        let mut nginx = Command::new(program);
        nginx.args(["-e", "stderr", "-c", "proxy.conf", "-p"]);
        nginx.arg(directory);
        nginx
    }
}

fn port(end: &Value) -> u16 {
    end["port"].as_u64().unwrap().try_into().unwrap()
}
