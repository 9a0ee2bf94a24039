//! `dex.yaml` and its variables → a config of ours.

use std::collections::BTreeMap;

use anyhow::bail;
use serde_json::Value;
use toml::Table;

use super::variables::Variables;
use super::yaml::{leaves, parse, path_of, take, text_of};
use crate::config::urls;
use domain::base::secret::Secret;

/// The connector whose ID is part of each `sub` that Dex has issued.
const CONNECTOR: &str = "google";

/// The default of the fork for `SYNO_URL`.
const DSM_URL: &str = "http://localhost:5000";

/// What replaces settings of Dex that have no key here, by the start of their
/// path.
const NOTES: [(&str, &str); 13] = [
    ("storage", "the state is always SQLite, in state.sqlite3"),
    (
        "expiry",
        "an ID token is valid for one hour, and no refresh tokens exist",
    ),
    (
        "oauth2.skipApprovalScreen",
        "an approval screen does not exist",
    ),
    (
        "oauth2.alwaysShowLoginScreen",
        "a choice of connectors does not exist",
    ),
    ("oauth2", "the only response type is code"),
    ("telemetry", "metrics are in metrics.address"),
    (
        "grpc",
        "an API for clients does not exist; edit [[clients]]",
    ),
    ("frontend", "the pages cannot be changed"),
    (
        "web",
        "set listen.tls-certificate and listen.tls-private-key to serve HTTPS directly",
    ),
    ("enablePasswordDB", "only Google accounts can sign in"),
    ("staticPasswords", "only Google accounts can sign in"),
    (
        "connectors",
        "the only connector is Google, and it reads no groups",
    ),
    (
        "staticClients",
        "every client has a secret, and none trusts another",
    ),
];

/// A config of ours, and what became of each setting.
pub(super) struct Converted {
    pub(super) config: Table,
    /// File names and contents.
    pub(super) secrets: Vec<(String, Secret<String>)>,
    /// Dex's path, our key and, unless it is a secret, the value.
    pub(super) carried: Vec<(String, String)>,
    /// Dex's path, and what replaces it.
    pub(super) left: Vec<(String, &'static str)>,
}

/// Converts the `dex.yaml` in `text`.
pub(super) fn convert(text: &str, variables: &mut Variables) -> anyhow::Result<Converted> {
    let mut dex = Dex {
        tree: parse(text)?,
        variables,
        config: Table::new(),
        secrets: Vec::new(),
        carried: Vec::new(),
    };
    dex.issuer_and_web()?;
    dex.google()?;
    dex.dsm();
    dex.clients()?;
    dex.log();
    let unset: Vec<&str> = dex.variables.unset.iter().map(String::as_str).collect();
    if !unset.is_empty() {
        bail!(
            "these variables are not set: {}. Give them by --env-file, --compose or the environment",
            unset.join(", ")
        );
    }
    Ok(Converted {
        left: leaves(&dex.tree).into_iter().map(noted).collect(),
        config: dex.config,
        secrets: dex.secrets,
        carried: dex.carried,
    })
}

fn noted(path: String) -> (String, &'static str) {
    let is_part = |start: &str| {
        let rest = path.strip_prefix(start);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let note = NOTES.iter().find(|(start, _)| is_part(start));
    let note = note.map_or("unknown here", |(_, note)| *note);
    (path, note)
}

struct Dex<'v> {
    tree: Value,
    variables: &'v mut Variables,
    config: Table,
    secrets: Vec<(String, Secret<String>)>,
    carried: Vec<(String, String)>,
}

impl Dex<'_> {
    /// Returns the text at `pointer`, with its variables replaced.
    fn text(&mut self, pointer: &str) -> Option<String> {
        let text = text_of(&take(&mut self.tree, pointer)?)?;
        Some(self.variables.expand(&text))
    }

    fn required(&mut self, pointer: &str) -> anyhow::Result<String> {
        match self.text(pointer) {
            Some(text) => Ok(text),
            None => bail!("{} is missing", path_of(pointer)),
        }
    }

    fn texts(&mut self, pointer: &str) -> Vec<String> {
        let found = take(&mut self.tree, pointer);
        let items = found
            .as_ref()
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let texts: Vec<String> = items.filter_map(text_of).collect();
        texts
            .iter()
            .map(|text| self.variables.expand(text))
            .collect()
    }

    fn count(&self, key: &str) -> usize {
        self.tree
            .get(key)
            .and_then(Value::as_array)
            .map_or(0, Vec::len)
    }

    fn carry(&mut self, from: &str, section: &str, key: &str, value: impl Into<toml::Value>) {
        let value = value.into();
        let name = if section.is_empty() {
            key.to_owned()
        } else {
            format!("{section}.{key}")
        };
        self.carried
            .push((from.to_owned(), format!("{name} = {value}")));
        self.set(section, key, value);
    }

    fn set(&mut self, section: &str, key: &str, value: impl Into<toml::Value>) {
        let mut table = &mut self.config;
        if !section.is_empty() {
            let entry = table.entry(section).or_insert_with(|| Table::new().into());
            let Some(inner) = entry.as_table_mut() else {
                return;
            };
            table = inner;
        }
        table.insert(key.to_owned(), value.into());
    }

    /// The file of a secret is named in the config, and its content is not in
    /// the output.
    fn carry_secret(&mut self, from: &str, key: &str, file: &str, secret: String) {
        self.carried
            .push((from.to_owned(), format!("{key}, in the file {file}")));
        self.secrets.push((file.to_owned(), Secret::new(secret)));
    }

    fn issuer_and_web(&mut self) -> anyhow::Result<()> {
        let issuer = self.required("/issuer")?;
        self.carry("issuer", "", "issuer", issuer);
        let Some(address) = self.text("/web/http") else {
            return Ok(());
        };
        let port = address
            .rsplit_once(':')
            .and_then(|(_, port)| port.parse::<u16>().ok());
        let Some(port) = port else {
            bail!("web.http does not end in a port: {address}");
        };
        // The reverse proxy of the NAS is on the same machine; a container had
        // to listen on all addresses.
        self.carry("web.http", "listen", "address", format!("127.0.0.1:{port}"));
        Ok(())
    }

    fn google(&mut self) -> anyhow::Result<()> {
        let Some(connector) = self.connector()? else {
            bail!("connectors has none with type google");
        };
        let id = self.required(&format!("{connector}/id"))?;
        if id != CONNECTOR {
            bail!(
                "the id of the connector is {id}. With another id than google, every sub would \
                 change, and clients would not recognise the users"
            );
        }
        take(&mut self.tree, &format!("{connector}/name"));
        let inner = |key: &str| format!("{connector}/config/{key}");
        if let Some(issuer) = self.text(&inner("issuer")) {
            self.carry(&path_of(&inner("issuer")), "google", "issuer", issuer);
        }
        let client_id = self.required(&inner("clientID"))?;
        self.carry(
            &path_of(&inner("clientID")),
            "google",
            "client-id",
            client_id,
        );
        let secret = self.required(&inner("clientSecret"))?;
        let (key, file) = ("client-secret-file", super::GOOGLE_SECRET);
        self.carry_secret(
            &path_of(&inner("clientSecret")),
            &format!("google.{key}"),
            file,
            secret,
        );
        self.set("google", key, file);
        self.redirect_uri(&inner("redirectURI"))?;
        let domains = self.texts(&inner("hostedDomains"));
        if !domains.is_empty() {
            self.carry(
                &path_of(&inner("hostedDomains")),
                "google",
                "hosted-domains",
                domains,
            );
        }
        if let Some(prompt) = self.text(&inner("promptType")) {
            self.carry(&path_of(&inner("promptType")), "google", "prompt", prompt);
        }
        Ok(())
    }

    /// Returns the pointer of the connector for Google; removes its type.
    fn connector(&mut self) -> anyhow::Result<Option<String>> {
        let mut found = None;
        for index in 0..self.count("connectors") {
            let pointer = format!("/connectors/{index}");
            let kind = self.tree.pointer(&format!("{pointer}/type"));
            if kind.and_then(Value::as_str) != Some(CONNECTOR) {
                continue;
            }
            if found.is_some() {
                bail!("connectors has two with type google");
            }
            take(&mut self.tree, &format!("{pointer}/type"));
            found = Some(pointer);
        }
        Ok(found)
    }

    /// Ours is always below the issuer, and is registered at Google.
    fn redirect_uri(&mut self, pointer: &str) -> anyhow::Result<()> {
        let Some(uri) = self.text(pointer) else {
            return Ok(());
        };
        let issuer = self
            .config
            .get("issuer")
            .and_then(toml::Value::as_str)
            .unwrap_or_default();
        let ours = format!("{}/callback", issuer.trim_end_matches('/'));
        if uri != ours {
            bail!(
                "{} is {uri}, but here it is always {ours}: add that to the redirect URIs of the \
                 client in the Google console, then change it in dex.yaml",
                path_of(pointer)
            );
        }
        self.carried
            .push((path_of(pointer), "follows from issuer".to_owned()));
        Ok(())
    }

    fn dsm(&mut self) {
        let url = self.variables.find("SYNO_URL");
        let url = url.unwrap_or_else(|| DSM_URL.to_owned());
        if urls::is_loopback_https(&url) {
            self.set("dsm", "accept-invalid-certificate", true);
        }
        self.carry("SYNO_URL", "dsm", "url", url);
        let account = self.variables.get("SYNO_USER").unwrap_or_default();
        self.carry("SYNO_USER", "dsm", "account", account);
        let password = self.variables.get("SYNO_PASSWD").unwrap_or_default();
        let (key, file) = ("password-file", super::PASSWORD);
        self.carry_secret("SYNO_PASSWD", &format!("dsm.{key}"), file, password);
        self.set("dsm", key, file);
    }

    fn clients(&mut self) -> anyhow::Result<()> {
        let mut clients = Vec::new();
        let mut files = BTreeMap::new();
        for index in 0..self.count("staticClients") {
            let pointer = format!("/staticClients/{index}");
            let mut client = Table::new();
            let id = self.text_or_variable(&pointer, "id")?;
            let name = self.text(&format!("{pointer}/name"));
            let secret = self.text_or_variable(&pointer, "secret")?;
            let redirect_uris = self.texts(&format!("{pointer}/redirectURIs"));
            let file = file_name(&id, index, &mut files);
            let path = path_of(&pointer);
            let ours = format!("clients[{index}]");
            self.carried
                .push((format!("{path}.id"), format!("{ours}.id = {id:?}")));
            self.carry_secret(
                &format!("{path}.secret"),
                &format!("{ours}.secret-file"),
                &file,
                secret,
            );
            let uris = toml::Value::from(redirect_uris);
            self.carried.push((
                format!("{path}.redirectURIs"),
                format!("{ours}.redirect-uris = {uris}"),
            ));
            client.insert("name".to_owned(), name.unwrap_or_else(|| id.clone()).into());
            client.insert("id".to_owned(), id.into());
            client.insert("secret-file".to_owned(), file.into());
            client.insert("redirect-uris".to_owned(), uris);
            clients.push(client);
        }
        if clients.is_empty() {
            bail!("staticClients has no client");
        }
        self.config.insert("clients".to_owned(), clients.into());
        Ok(())
    }

    /// Dex also takes the value of `key` from the variable that `keyEnv` names.
    fn text_or_variable(&mut self, client: &str, key: &str) -> anyhow::Result<String> {
        let variable = self.text(&format!("{client}/{key}Env"));
        match variable {
            Some(name) => Ok(self.variables.get(&name).unwrap_or_default()),
            None => self.required(&format!("{client}/{key}")),
        }
    }

    fn log(&mut self) {
        for key in ["level", "format"] {
            let from = format!("logger.{key}");
            let Some(value) = self.text(&format!("/logger/{key}")) else {
                continue;
            };
            self.carry(&from, "log", key, value.to_ascii_lowercase());
        }
    }
}

/// Returns the name of the secret file of the client `id`; of two IDs that
/// differ only in unusual characters, the second one gets its number.
fn file_name(id: &str, index: usize, taken: &mut BTreeMap<String, usize>) -> String {
    let is_usual = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    let usual: String = id
        .chars()
        .filter(|character| is_usual(*character))
        .collect();
    let name = format!("{usual}-client-secret");
    let is_free = !usual.is_empty() && usual != CONNECTOR && !taken.contains_key(&name);
    let name = if is_free {
        name
    } else {
        format!("client-{index}-secret")
    };
    taken.insert(name.clone(), index);
    name
}
