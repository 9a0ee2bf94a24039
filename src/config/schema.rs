//! Each section of the file, key by key: what is accepted, and the default
//! where there is one.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use super::reader::{Entry, Section};
use super::values::{Files, domain, duration, duration_from, identifier, line, one_of};
use super::{
    Alias, Config, Dsm, Google, Keys, Listen, Log, LogFormat, LogLevel, Power, ScheduleUse, Users,
    between, claims, google_client, urls,
};
use crate::machine::tls::{self, TlsFileError, TlsFiles};
use domain::base::address::CanonicalAddress;
use domain::base::ids::{ClientId, GoogleIssuer};
use domain::base::issuer::Issuer;
use domain::model::keys::{KEPT_AFTER, PUBLISHED_BEFORE};
use domain::model::relying_party::RelyingParty;
use domain::signin::directory::AdministratorPolicy;

/// Loopback: a proxy on this machine is what faces the Internet. Dex's port,
/// so that an existing proxy rule goes on working.
pub(super) const DEFAULT_ADDRESS: SocketAddr =
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5556);

/// Families share browsers: without it, Google silently takes whoever signed
/// in last.
const DEFAULT_PROMPT: &str = "select_account";

/// A new DSM user waits this long at most, and a miss refreshes at once.
const DEFAULT_REFRESH: Duration = Duration::from_hours(1);

/// Each refresh makes DSM list all its users.
const LEAST_REFRESH: Duration = Duration::from_mins(1);

/// Long, since DSM is slow while a NAS wakes up.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// A week with DSM's API out of order locks nobody out.
const DEFAULT_MAX_AGE: Duration = Duration::from_hours(7 * 24);

/// DSM's own place for it.
const DEFAULT_SCHEDULE: &str = "/etc/power_sched.conf";

/// DSM may take minutes, with tries that fail.
const DEFAULT_BEFORE_POWER_OFF: Duration = Duration::from_mins(10);

/// The jobs look at the clock once a minute.
const LEAST_BEFORE_POWER_OFF: Duration = Duration::from_mins(1);

/// Tasks come every day: earlier would be before the last one.
const MOST_BEFORE_POWER_OFF: Duration = Duration::from_hours(24);

/// Long enough that nobody notices, short enough that a stolen key is worth
/// little.
const DEFAULT_ROTATION: Duration = Duration::from_hours(90 * 24);

/// A key is published before it signs and after; two of three would be on
/// their way at any time.
const LEAST_ROTATION: Duration = PUBLISHED_BEFORE.saturating_add(KEPT_AFTER);

/// Beside the config.
const DEFAULT_STORAGE: &str = "state.sqlite3";

/// Beside the config.
const DEFAULT_SOCKET: &str = "control.sock";

/// The system's own limit: `sun_path` has 108 bytes, the last of them zero.
const MAX_SOCKET_PATH: usize = 107;

/// It travels in the cookie of each login, of which four fit in 4 kB.
const MAX_CLIENT_ID: usize = 64;

/// Who makes the file that is to come.
const MAKE_DEVICE_TOKEN: &str = "sudo -u google-to-synology-sso google-to-synology-sso setup --otp";

/// A name on a page, or of an account.
pub(super) const MAX_LINE: usize = 100;

/// Google's own have some 70 bytes.
pub(super) const MAX_GOOGLE_CLIENT_ID: usize = 255;

/// The whole file. Every section is read before the first bad one ends it.
pub(super) fn read(file: &mut Section<'_>, files: Files<'_>) -> Option<Config> {
    let issuer = file.required("issuer", |entry| entry.text(Issuer::parse));
    let username_claim = file.or_default("username-claim", "username".to_owned(), |entry| {
        entry.text(claims::username_claim)
    });
    let listen = file.section("listen", |section| listen(section, files));
    let google = file.section("google", |section| google(section, files));
    let dsm = file.section("dsm", |section| dsm(section, files));
    let power = file.section("power", |section| power(section, files));
    let users = file.section("users", users);
    let mut ids = HashSet::new();
    let clients = file.required("clients", |entry| {
        entry.one_or_more(|client| client.table(|section| relying_party(section, files, &mut ids)))
    });
    let keys = file.section("keys", keys);
    let storage = file.section("storage", |section| storage(section, files));
    let log = file.section("log", |section| log(section, files));
    let control_socket = file.section("control", |section| control(section, files));
    if let (Some(issuer), Some(google), Some(clients)) = (&issuer, &google, &clients) {
        between::note_where_browsers_go(file, issuer, google, clients);
    }
    Some(Config {
        file: PathBuf::new(),
        issuer: issuer?,
        username_claim: username_claim?,
        listen: listen?,
        google: google?,
        dsm: dsm?,
        power: power?,
        users: users?,
        clients: clients?,
        keys: keys?,
        storage: storage?,
        log: log?,
        control_socket: control_socket?,
    })
}

fn listen(section: &mut Section<'_>, files: Files<'_>) -> Option<Listen> {
    let address = section.or_default("address", DEFAULT_ADDRESS, |entry| {
        entry.text(|text| {
            text.parse()
                .map_err(|_| "has to be an IP address and a port, such as 127.0.0.1:5556")
        })
    });
    let this_machine = vec![
        IpNet::from(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        IpNet::from(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ];
    let trusted_proxies = section.or_default("trusted-proxies", this_machine, |entry| {
        entry.each(|entry| entry.text(network))
    });
    let path = |entry: Entry<'_>| entry.text(|text| files.path(text)).map(Some);
    let certificate = section.or_default("tls-certificate", None, path);
    let private_key = section.or_default("tls-private-key", None, path);
    let tls = match (certificate?, private_key?) {
        (None, None) => None,
        (Some(certificate), Some(private_key)) => {
            let files = TlsFiles {
                certificate,
                private_key,
            };
            try_tls(section, &files);
            Some(files)
        }
        (Some(_), None) => {
            section.note("tls-private-key", "is missing: tls-certificate needs it");
            None
        }
        (None, Some(_)) => {
            section.note("tls-certificate", "is missing: tls-private-key needs it");
            None
        }
    };
    Some(Listen {
        address: address?,
        trusted_proxies: trusted_proxies?,
        tls,
    })
}

/// A bare address is a network of one.
fn network(text: &str) -> Result<IpNet, &'static str> {
    let bare = text.parse::<IpAddr>().map(IpNet::from);
    bare.or_else(|_| text.parse::<IpNet>().map(|network| network.trunc()))
        .map_err(|_| "has to be an IP address or a network, such as 10.0.0.0/8")
}

/// What cannot be served with is better told now than at the first browser.
fn try_tls(section: &Section<'_>, files: &TlsFiles) {
    let Err(error) = tls::load(files) else { return };
    let (key, path) = match error {
        TlsFileError::CertificateUnreadable(_)
        | TlsFileError::CertificateForm(_)
        | TlsFileError::NoCertificate => ("tls-certificate", &files.certificate),
        TlsFileError::PrivateKeyFile(_)
        | TlsFileError::NoPrivateKey
        | TlsFileError::Mismatch(_)
        | TlsFileError::Unsupported(_) => ("tls-private-key", &files.private_key),
    };
    section.note(key, format!("names {}, which {error}", path.display()));
}

fn google(section: &mut Section<'_>, files: Files<'_>) -> Option<Google> {
    let client_id = section.required("client-id", |entry| {
        entry.text(|text| {
            google_client::no_json(text)?;
            identifier(MAX_GOOGLE_CLIENT_ID)(text)
        })
    });
    let client_secret = section.required("client-secret-file", |entry| {
        entry.text(|text| Ok::<_, String>((files.secret(text)?, files.path(text)?)))
    });
    let default = GoogleIssuer::new(urls::GOOGLE);
    let issuer = section.or_default("issuer", default, |entry| entry.text(urls::google_issuer));
    let default = Some(DEFAULT_PROMPT.to_owned());
    let prompt = section.or_default("prompt", default, |entry| entry.text(prompt));
    let authoritative = section.or_default("authoritative-addresses-only", false, Entry::flag);
    let hosted_domains = section.or_default("hosted-domains", None, |entry| {
        entry.one_or_more(|entry| entry.text(domain)).map(Some)
    });
    let is_google = issuer
        .as_ref()
        .is_some_and(|it| it.as_str() == urls::GOOGLE);
    if let Some(Err(message)) = client_id.as_deref().map(google_client::client_id)
        && is_google
    {
        section.note("client-id", message);
    }
    let (client_secret, path) = client_secret?;
    if let Err(message) = google_client::client_secret(client_secret.expose())
        && is_google
    {
        let path = path.display();
        section.note(
            "client-secret-file",
            format!("names {path}, whose content {message}"),
        );
    }
    Some(Google {
        client_id: client_id?,
        client_secret,
        issuer: issuer?,
        prompt: prompt?,
        authoritative_addresses_only: authoritative?,
        hosted_domains: hosted_domains?,
    })
}

/// The words that Google knows; it answers any other with an error page.
fn prompt(text: &str) -> Result<Option<String>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut words = text.split(' ');
    if words.clone().any(|word| word == "none") {
        return Err(
            "has none, which forbids Google to show anything: nobody could sign in there; \
             use \"\" to leave the choice to Google",
        );
    }
    if !words.all(|word| matches!(word, "select_account" | "consent")) {
        return Err("has to be select_account, consent, both with a space between, or \"\"");
    }
    Ok(Some(text.to_owned()))
}

fn dsm(section: &mut Section<'_>, files: Files<'_>) -> Option<Dsm> {
    let url = section.required("url", |entry| entry.text(urls::dsm));
    let account = section.required("account", |entry| entry.text(line(MAX_LINE)));
    let password_file = section.required("password-file", |entry| {
        entry.text(|text| {
            files.secret(text)?;
            files.path(text)
        })
    });
    let refresh = section.or_default("refresh", DEFAULT_REFRESH, |entry| {
        entry.text(duration_from(LEAST_REFRESH))
    });
    let timeout = section.or_default("timeout", DEFAULT_TIMEOUT, |entry| entry.text(duration));
    let max_age = section.or_default("max-age", DEFAULT_MAX_AGE, |entry| entry.text(duration));
    let any_certificate = section.or_default("accept-invalid-certificate", false, Entry::flag);
    let device_token_file = section.or_default("device-token-file", None, |entry| {
        entry
            .text(|text| files.secret_to_come(text, MAKE_DEVICE_TOKEN))
            .map(Some)
    });
    let url = url?;
    if any_certificate == Some(true) && !url.is_loopback_https {
        section.note(
            "accept-invalid-certificate",
            "is only for a url with https and a loopback host: anywhere else somebody could \
             stand in between",
        );
    }
    Some(Dsm {
        url: url.text,
        account: account?,
        password_file: password_file?,
        refresh: refresh?,
        timeout: timeout?,
        max_age: max_age?,
        accept_invalid_certificate: any_certificate?,
        device_token_file: device_token_file?,
    })
}

fn power(section: &mut Section<'_>, files: Files<'_>) -> Option<Power> {
    let uses = [("auto", ScheduleUse::Auto), ("off", ScheduleUse::Off)];
    let schedule = section.or_default("schedule", ScheduleUse::Auto, |entry| {
        entry.text(one_of(&uses))
    });
    let file = section.or_default("file", PathBuf::from(DEFAULT_SCHEDULE), |entry| {
        entry.text(|text| files.path(text))
    });
    let before = section.or_default(
        "refresh-before-power-off",
        DEFAULT_BEFORE_POWER_OFF,
        |entry| entry.text(before_power_off),
    );
    Some(Power {
        schedule: schedule?,
        file: file?,
        refresh_before_power_off: before?,
    })
}

fn before_power_off(text: &str) -> Result<Duration, String> {
    let duration = duration_from(LEAST_BEFORE_POWER_OFF)(text)?;
    if duration > MOST_BEFORE_POWER_OFF {
        return Err("has to be 1d at most".to_owned());
    }
    Ok(duration)
}

fn keys(section: &mut Section<'_>) -> Option<Keys> {
    let rotate_after = section.or_default("rotate-after", Some(DEFAULT_ROTATION), |entry| {
        entry.text(|text| match text {
            "never" => Ok(None),
            _ => duration_from(LEAST_ROTATION)(text)
                .map(Some)
                .map_err(|message| message + ", or never"),
        })
    });
    Some(Keys {
        rotate_after: rotate_after?,
    })
}

fn users(section: &mut Section<'_>) -> Option<Users> {
    let policies = [
        ("allow", AdministratorPolicy::Allow),
        ("alias", AdministratorPolicy::ByAliasOnly),
        ("refuse", AdministratorPolicy::Refuse),
    ];
    let administrators =
        section.or_default("administrators", AdministratorPolicy::Allow, |entry| {
            entry.text(one_of(&policies))
        });
    let deny = section.or_default("deny", Vec::new(), |entry| {
        entry.each(|entry| entry.text(line(MAX_LINE)))
    });
    let mut addresses = HashSet::new();
    let aliases = section.or_default("alias", Vec::new(), |entry| {
        entry.each(|alias| alias.table(|section| alias_of(section, &mut addresses)))
    });
    Some(Users {
        administrators: administrators?,
        deny: deny?,
        aliases: aliases?,
    })
}

/// One of `[[users.alias]]`; `addresses` are those of the aliases before it.
fn alias_of(section: &mut Section<'_>, addresses: &mut HashSet<CanonicalAddress>) -> Option<Alias> {
    let google = section.required("google", |entry| {
        entry.text(|text| {
            let form = "has to be an e-mail address";
            let address = CanonicalAddress::of(text).ok_or(form)?;
            if !addresses.insert(address.clone()) {
                return Err("is the address of an earlier alias, by Google's own rule");
            }
            Ok(address)
        })
    });
    let dsm = section.required("dsm", |entry| entry.text(line(MAX_LINE)));
    Some(Alias {
        google: google?,
        dsm: dsm?,
    })
}

/// One of `[[clients]]`; `ids` are those of the clients before it.
fn relying_party(
    section: &mut Section<'_>,
    files: Files<'_>,
    ids: &mut HashSet<String>,
) -> Option<RelyingParty> {
    let id = section.required("id", |entry| {
        entry.text(|text| {
            let id = identifier(MAX_CLIENT_ID)(text)?;
            if !ids.insert(id.clone()) {
                return Err("is the id of an earlier client".to_owned());
            }
            Ok(id)
        })
    });
    let default = id.clone().unwrap_or_default();
    let name = section.or_default("name", default, |entry| entry.text(line(MAX_LINE)));
    let secret = section.required("secret-file", |entry| {
        entry.text(|text| Ok::<_, String>((files.secret(text)?, files.path(text)?)))
    });
    let allow_http = section.or_default("allow-http-redirect", false, Entry::flag);
    let plain_http = urls::PlainHttp::from_flag(allow_http);
    let redirect_uris = section.required("redirect-uris", |entry| {
        entry.one_or_more(|entry| entry.text(|text| urls::redirect(text, plain_http)))
    });
    let require_pkce = section.or_default("require-pkce", false, Entry::flag);
    allow_http?;
    let (secret, secret_file) = secret?;
    Some(RelyingParty {
        id: ClientId::new(id?),
        name: name?,
        secret,
        secret_file,
        redirect_uris: redirect_uris?,
        require_pkce: require_pkce?,
    })
}

fn storage(section: &mut Section<'_>, files: Files<'_>) -> Option<PathBuf> {
    let path = section.or_default("path", None, |entry| {
        entry.text(|text| files.in_existing_directory(text).map(Some))
    });
    if let Some(path) = path? {
        return Some(path);
    }
    files
        .in_existing_directory(DEFAULT_STORAGE)
        .map_err(|message| section.note("path", message))
        .ok()
}

fn control(section: &mut Section<'_>, files: Files<'_>) -> Option<PathBuf> {
    let path = section.or_default("socket", None, |entry| {
        entry.text(|text| socket(files, text)).map(Some)
    });
    if let Some(path) = path? {
        return Some(path);
    }
    socket(files, DEFAULT_SOCKET)
        .map_err(|message| section.note("socket", message))
        .ok()
}

/// The socket of a file that may be good for nothing else.
pub(super) fn find_control_socket(bytes: &[u8], base: &Path) -> PathBuf {
    let text = String::from_utf8_lossy(bytes);
    let file: toml::Table = text.parse().unwrap_or_default();
    let control = file.get("control").and_then(toml::Value::as_table);
    let socket = control.and_then(|control| control.get("socket"));
    base.join(
        socket
            .and_then(toml::Value::as_str)
            .unwrap_or(DEFAULT_SOCKET),
    )
}

fn socket(files: Files<'_>, text: &str) -> Result<PathBuf, String> {
    let path = files.in_existing_directory(text)?;
    if path.as_os_str().len() > MAX_SOCKET_PATH {
        return Err(format!(
            "is longer than the {MAX_SOCKET_PATH} bytes that a socket's path may have"
        ));
    }
    Ok(path)
}

fn log(section: &mut Section<'_>, files: Files<'_>) -> Option<Log> {
    let levels = [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    let level = section.or_default("level", LogLevel::Info, |entry| entry.text(one_of(&levels)));
    let format = section.or_default("format", LogFormat::Text, |entry| {
        entry.text(one_of(&formats))
    });
    let file = section.or_default("file", None, |entry| {
        entry.text(|text| files.in_existing_directory(text).map(Some))
    });
    Some(Log {
        level: level?,
        format: format?,
        file: file?,
    })
}
