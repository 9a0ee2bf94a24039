//! Every key of the config file: its name, its default as written in the file,
//! its sentence on the reference page, its type, and what is accepted.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::changes::Setting;
use super::reader::{Entry, Section};
use super::urls::{self, PlainHttp};
use super::values::{self, Files, domain, duration, duration_between, identifier, line};
use super::{AdminAccess, LogFormat, LogLevel, ScheduleUse, between, claims, google_client};
use crate::machine::tls::TlsFiles;
use domain::base::address::CanonicalAddress;
use domain::base::ids::{ClientId, GoogleIssuer};
use domain::base::issuer::Issuer;
use domain::base::secret::Secret;
use domain::model::keys::{KEPT_AFTER, PUBLISHED_BEFORE};
use domain::model::relying_party::RelyingParty;
use domain::signin::directory::AdministratorPolicy;

/// Each refresh makes DSM list all its users.
const LEAST_REFRESH: Duration = Duration::from_mins(1);

/// Jobs run once a minute.
const LEAST_BEFORE_POWER_OFF: Duration = Duration::from_mins(1);

/// The NAS may be switched off every day.
const MOST_BEFORE_POWER_OFF: Duration = Duration::from_hours(24);

/// A key is published before and after it signs; with a shorter rotation,
/// most published keys would not be in use.
const LEAST_ROTATION: Duration = PUBLISHED_BEFORE.saturating_add(KEPT_AFTER);

/// The cookie of each login contains it, and four of them fit in 4 kB.
const MAX_CLIENT_ID: usize = 64;

/// The command that creates the device token.
const MAKE_DEVICE_TOKEN: &str = "sudo -u google-to-synology-sso google-to-synology-sso setup --otp";

/// A name on a page, or of an account.
pub(super) const MAX_LINE: usize = 100;

/// Google's client IDs have about 70 bytes.
pub(super) const MAX_GOOGLE_CLIENT_ID: usize = 255;

/// Declares a struct of the config, and `from_section`, which reads it.
///
/// A field is `name: Type = kind("key", default) => read;`. `kind` is a method
/// of [`Section`], the default is TOML, and the doc comment is the key's text
/// on the reference page. All keys are read, also after an invalid one. The
/// statements after `then` see each field as an `Option`: they check what
/// concerns two keys, and convert values.
macro_rules! section {
    (
        $(#[$meta:meta])*
        $Table:ident, |$section:ident $(, $arg:ident: $Arg:ty)*| {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $Type:ty = $kind:ident($name:literal $(, $default:tt)?) => $read:expr;
            )+
        }
        $(without_key { $($(#[$extra_doc:meta])+ $extra:ident: $Extra:ty = $value:expr;)+ })?
        $(then { $($rules:tt)* })?
    ) => {
        $(#[$meta])*
        pub struct $Table {
            $($(#[doc = $doc])+ pub $field: $Type,)+
            $($($(#[$extra_doc])+ pub $extra: $Extra,)+)?
        }

        impl $Table {
            pub(super) fn from_section($section: &mut Section<'_> $(, $arg: $Arg)*) -> Option<Self> {
                $(
                    let $field = $section.$kind(
                        $name, concat!($($doc),+).trim_ascii_start(), $(stringify!($default),)?
                        $read,
                    );
                )+
                $($($rules)*)?
                Some(Self { $($field: $field?,)+ $($($extra: $value,)+)? })
            }
        }
    };
}

section! {
    /// The whole config file, with every default filled in and every path
    /// resolved against the file's directory.
    #[derive(Clone, Debug)]
    Config, |section, files: Files<'_>| {
        /// The public URL of this service. It may have a path, such as `/dex`,
        /// and no query; http is accepted only for a loopback host.
        issuer: Issuer = required("issuer") => |entry| entry.text(Issuer::parse);
        /// The claim with the name of the DSM user, which is also sent as
        /// `preferred_username`. Any other registered claim is rejected.
        username_claim: String = or_default("username-claim", "username") =>
            |entry| entry.text(claims::username_claim);
        /// The address of the service.
        listen: Listen = table("listen") => |section| Listen::from_section(section, files);
        /// The OpenID provider that authenticates users.
        google: Google = table("google") => |section| Google::from_section(section, files);
        /// The NAS that users sign in to.
        dsm: Dsm = table("dsm") => |section| Dsm::from_section(section, files);
        /// When the NAS is on.
        power: Power = table("power") => |section| Power::from_section(section, files);
        /// Which users may sign in, in addition to the rules of DSM.
        users: Users = table("users") => Users::from_section;
        /// The programs that may request logins: DSM, and any other OpenID
        /// client. At least one.
        clients: Vec<RelyingParty> = tables("clients") => {
            let mut ids = HashSet::new();
            move |section: &mut Section<'_>| relying_party(section, files, &mut ids)
        };
        /// The keys that sign ID tokens.
        keys: Keys = table("keys") => Keys::from_section;
        /// The database of the daemon.
        storage: PathBuf = table("storage") => |section| {
            let doc = "The database, beside the config by default. Its directory must exist.";
            section.or_default("path", doc, "\"state.sqlite3\"", |entry| {
                entry.text(|text| files.in_existing_directory(text))
            })
        };
        /// What is logged, and how.
        log: Log = table("log") => |section| Log::from_section(section, files);
        /// The socket on which the daemon answers commands.
        control_socket: PathBuf = table("control") => |section| {
            let doc = "The socket for `status`, `users`, `links`, `keys` and `reload`, beside the \
                       config by default. It is created with mode 0600; its directory must exist.";
            section.or_default("socket", doc, "\"control.sock\"", |entry| {
                entry.text(|text| files.socket(text))
            })
        };
        /// The administration page at `/admin`.
        admin_access: AdminAccess = table("admin") => |section| {
            let doc = "Who reaches the administration page: `off` (no one), `local` (only \
                       loopback, private, link-local and unique local addresses) or `anywhere`. \
                       It also needs the Google sign-in of a DSM administrator.";
            section.or_default("access", doc, "\"local\"", Entry::word)
        };
        /// The address at which a monitoring program reads the daemon.
        metrics_address: Option<SocketAddr> = table("metrics") => |section| {
            let doc = "IP address and port, for `/metrics` in Prometheus' text format over http. \
                       Without it, nothing is counted. An address that is neither loopback nor \
                       private causes a warning.";
            section.optional("address", doc, |entry| entry.text(values::socket_address))
        };
    }
    without_key {
        /// The config file itself.
        file: PathBuf = PathBuf::new();
        /// Every key and its value, for a reload to compare.
        settings: Vec<Setting> = Vec::new();
    }
    then {
        if let (Some(issuer), Some(google), Some(clients)) = (&issuer, &google, &clients) {
            between::note_where_browsers_go(section, issuer, google, clients);
        }
        if let (Some(listen), Some(Some(metrics))) = (&listen, metrics_address) {
            between::note_same_listener(section, listen.address, metrics);
        }
    }
}

section! {
    /// `[listen]`: the address of the service.
    #[derive(Clone, Debug, PartialEq, Eq)]
    Listen, |section, files: Files<'_>| {
        /// IP address and port. The default is for a reverse proxy on this
        /// machine.
        // Dex's port, so that an existing proxy rule stays valid.
        address: SocketAddr = or_default("address", "127.0.0.1:5556") =>
            |entry| entry.text(values::socket_address);
        /// The proxies whose `X-Forwarded-For` is used, only for rate limits
        /// and the log. `/0` causes a warning, because every client could then
        /// choose its own address.
        trusted_proxies: Vec<IpNet> =
            or_default("trusted-proxies", ["127.0.0.1/32", "::1/128"]) =>
            |entry| entry.each(|entry| entry.text(values::network));
        /// The certificate and its chain in PEM form, to serve HTTPS without a
        /// proxy; it needs `tls-private-key`. Both files are read again when
        /// they change. `check` and the log warn about a certificate that
        /// clients reject: an incomplete chain, expired, not yet valid, or for
        /// another host than the issuer's.
        tls_certificate: Option<PathBuf> = optional("tls-certificate") =>
            |entry| entry.text(|text| files.path(text));
        /// The private key in PEM form; it needs `tls-certificate`.
        tls_private_key: Option<PathBuf> = optional("tls-private-key") =>
            |entry| entry.text(|text| files.path(text));
    }
    then {
        if let (Some(certificate), Some(private_key)) = (&tls_certificate, &tls_private_key) {
            between::note_tls(section, certificate.as_ref(), private_key.as_ref());
        }
    }
}

impl Listen {
    /// Returns the files of the certificate if this service serves HTTPS.
    pub fn tls(&self) -> Option<TlsFiles> {
        Some(TlsFiles {
            certificate: self.tls_certificate.clone()?,
            private_key: self.tls_private_key.clone()?,
        })
    }
}

section! {
    /// `[google]`: the OpenID provider that authenticates users.
    #[derive(Clone, Debug)]
    Google, |section, files: Files<'_>| {
        /// The client ID from the Google console.
        client_id: String = required("client-id") => |entry| {
            entry.text(|text| {
                google_client::no_json(text)?;
                identifier(MAX_GOOGLE_CLIENT_ID)(text)
            })
        };
        /// A file with the client secret from the Google console.
        client_secret: Secret<String> = required("client-secret-file") =>
            |entry| entry.text(|text| files.secret(text));
        /// The issuer of Google or of any other OpenID provider; http is
        /// accepted only for a loopback host.
        issuer: GoogleIssuer = or_default("issuer", "https://accounts.google.com") =>
            |entry| entry.text(urls::google_issuer);
        /// What Google asks if the client does not send `prompt`:
        /// `select_account`, `consent` or both; `""` sends no `prompt`.
        // Families share browsers: without it, Google silently takes the
        // account that signed in last.
        prompt: Option<String> = or_default("prompt", "select_account") =>
            |entry| entry.text(values::prompt);
        /// Whether an account is matched by its address only if Google runs
        /// the mailbox: gmail.com, googlemail.com, or a Workspace domain (the
        /// `hd` claim).
        authoritative_addresses_only: bool =
            or_default("authoritative-addresses-only", false) => Entry::flag;
        /// The Workspace domains (the `hd` claim, in any case) whose accounts
        /// may sign in. Without it, any account.
        hosted_domains: Option<Vec<String>> = optional("hosted-domains") =>
            |entry| entry.one_or_more(|entry| entry.text(domain));
    }
    then {
        if issuer.as_ref().is_some_and(|issuer| issuer.as_str() == urls::GOOGLE) {
            between::note_google_client(section, client_id.as_deref(), client_secret.as_ref());
        }
        let client_secret = client_secret.map(|file| file.secret);
        let prompt = prompt.map(|prompt| prompt.value);
    }
}

section! {
    /// `[dsm]`: the NAS that users sign in to.
    #[derive(Clone, Debug, PartialEq, Eq)]
    Dsm, |section, files: Files<'_>| {
        /// The address of DSM, without a path; https, unless its host is
        /// loopback. A final slash is removed.
        url: String = required("url") => |entry| entry.text(urls::dsm);
        /// The DSM administrator account that reads the user list.
        account: String = required("account") => |entry| entry.text(line(MAX_LINE));
        /// A file with the password of the account. It is read at each sign-in
        /// to DSM, so a new password needs no restart.
        password_file: PathBuf = required("password-file") =>
            |entry| entry.text(|text| files.secret(text).map(|file| file.path));
        /// The time between two reads of the user list, at least `1m`.
        refresh: Duration = or_default("refresh", "1h") =>
            |entry| entry.text(duration_between(LEAST_REFRESH, None));
        /// The time-out of each request to DSM.
        // DSM is slow while a NAS wakes up.
        timeout: Duration = or_default("timeout", "30s") => |entry| entry.text(duration);
        /// The age from which the cached user list is not used any more.
        // A week in which DSM's API fails locks no user out.
        max_age: Duration = or_default("max-age", "7d") => |entry| entry.text(duration);
        /// Whether any certificate of DSM is accepted, for https at a loopback
        /// address, where the certificate is for the public host.
        accept_invalid_certificate: bool =
            or_default("accept-invalid-certificate", false) => Entry::flag;
        /// A file with the token that `setup --otp` got from DSM, for an
        /// account with 2-factor sign-in. It is read at each sign-in to DSM.
        device_token_file: Option<PathBuf> = optional("device-token-file") =>
            |entry| entry.text(|text| files.secret_to_come(text, MAKE_DEVICE_TOKEN));
    }
    then {
        if let Some(url) = &url
            && accept_invalid_certificate == Some(true)
            && !urls::is_loopback_https(url)
        {
            section.note(
                "accept-invalid-certificate",
                "is only for a url with https and a loopback host: at any other address, an \
                 attacker could read the traffic",
            );
        }
        let device_token_file = device_token_file.map(|file| file.map(|file| file.0));
    }
}

section! {
    /// `[power]`: when the NAS is on.
    #[derive(Clone, Debug, PartialEq, Eq)]
    Power, |section, files: Files<'_>| {
        /// `auto` uses DSM's power schedule; `off` means that the NAS is
        /// always on.
        schedule: ScheduleUse = or_default("schedule", "auto") => Entry::word;
        /// The file in which DSM keeps the schedule. If it cannot be read, the
        /// schedule comes from DSM's web API.
        file: PathBuf = or_default("file", "/etc/power_sched.conf") =>
            |entry| entry.text(|text| files.path(text));
        /// How long before each power-off the user list is read, `1m` to `1d`.
        // DSM may take minutes, with failed attempts.
        refresh_before_power_off: Duration = or_default("refresh-before-power-off", "10m") =>
            |entry| entry.text(duration_between(LEAST_BEFORE_POWER_OFF, Some(MOST_BEFORE_POWER_OFF)));
    }
}

section! {
    /// `[keys]`: the keys that sign ID tokens.
    #[derive(Clone, Debug, PartialEq, Eq)]
    Keys, |section| {
        /// How long a key signs before the next one replaces it: at least
        /// `4d`, or `never`.
        rotate_after: Option<Duration> = or_default("rotate-after", "90d") =>
            |entry| entry.text(values::rotation(LEAST_ROTATION));
    }
    then {
        let rotate_after = rotate_after.map(|rotation| rotation.value);
    }
}

section! {
    /// `[users]`: which users may sign in, in addition to the rules of DSM.
    #[derive(Clone, Debug, PartialEq, Eq)]
    Users, |section| {
        /// Whether DSM administrators may sign in: `allow`, `alias` (only by
        /// an alias) or `refuse`.
        administrators: AdministratorPolicy = or_default("administrators", "allow") =>
            Entry::word;
        /// DSM users that are rejected, in any case. `admin`, `guest` and
        /// `root` always are.
        deny: Vec<String> = or_default("deny", []) =>
            |entry| entry.each(|entry| entry.text(line(MAX_LINE)));
        /// Google addresses for DSM users who have another address, or none.
        aliases: Vec<Alias> = or_default("alias", []) => |entry| {
            let mut addresses = HashSet::new();
            entry.each(|alias| alias.table(|section| Alias::from_section(section, &mut addresses)))
        };
    }
}

section! {
    /// `[[users.alias]]`: a Google address for a DSM user.
    #[derive(Clone, Debug, PartialEq, Eq)]
    Alias, |section, addresses: &mut HashSet<CanonicalAddress>| {
        /// The Google address, in no other alias; for gmail.com, dots and
        /// `+tag` are ignored.
        google: CanonicalAddress = required("google") => |entry| {
            entry.text(|text| {
                let address = CanonicalAddress::of(text).ok_or("has to be an e-mail address")?;
                if !addresses.insert(address.clone()) {
                    return Err("is the address of an earlier alias, by Google's own rule");
                }
                Ok(address)
            })
        };
        /// The DSM user, in any case.
        dsm: String = required("dsm") => |entry| entry.text(line(MAX_LINE));
    }
}

section! {
    /// `[log]`: what is logged, and how.
    #[derive(Clone, Debug, PartialEq, Eq)]
    Log, |section, files: Files<'_>| {
        /// The lowest level that is logged: `error`, `warn`, `info`, `debug`
        /// or `trace`.
        level: LogLevel = or_default("level", "info") => Entry::word;
        /// `text` for people, `json` for programs.
        format: LogFormat = or_default("format", "text") => Entry::word;
        /// A log file with mode 0600. At 1 MiB it is rotated; the five previous
        /// files end in `.1` to `.5`. Without it, the log goes to standard
        /// error.
        file: Option<PathBuf> = optional("file") =>
            |entry| entry.text(|text| files.in_existing_directory(text));
    }
}

/// Reads one of `[[clients]]`; `ids` are those of the earlier ones.
fn relying_party(
    section: &mut Section<'_>,
    files: Files<'_>,
    ids: &mut HashSet<String>,
) -> Option<RelyingParty> {
    let doc = "The `client_id` of the client, DSM's \"Application ID\". Each client has another.";
    let id = section.required("id", doc, |entry| {
        entry.text(|text| {
            let id = identifier(MAX_CLIENT_ID)(text)?;
            if !ids.insert(id.clone()) {
                return Err("is the id of an earlier client".to_owned());
            }
            Ok(id)
        })
    });
    section.set_default("name", id.as_deref());
    let doc = "The name of the client on pages. Without it, the `id`.";
    let name = section.optional("name", doc, |entry| entry.text(line(MAX_LINE)));
    let doc = "A file with the `client_secret` of the client, DSM's \"Application secret\".";
    let secret = section.required("secret-file", doc, |entry| {
        entry.text(|text| files.secret(text))
    });
    let doc = "Whether a redirect URI with http is accepted at any private address, not only at \
               this machine's own.";
    let plain_http = section.or_default("allow-http-redirect", doc, "false", |entry| {
        entry.flag().map(PlainHttp::from_flag)
    });
    let doc = "The URIs to which browsers may return, byte for byte as the client sends them; at \
               least one. The scheme of an app is accepted if it contains a dot, such as \
               `app.example:///callback` (RFC 8252).";
    let redirect_uris = section.required("redirect-uris", doc, |entry| {
        // An invalid flag is reported itself, and not the URIs that need it.
        let plain_http = plain_http.unwrap_or(PlainHttp::Allowed);
        entry.one_or_more(|entry| entry.text(|text| urls::redirect(text, plain_http)))
    });
    let doc = "Whether the authorization requests of the client must have a PKCE challenge. DSM \
               is not known to send one.";
    let require_pkce = section.or_default("require-pkce", doc, "false", Entry::flag);
    plain_http?;
    let secret = secret?;
    Some(RelyingParty {
        id: ClientId::new(id?),
        name: name??,
        secret: secret.secret,
        secret_file: secret.path,
        redirect_uris: redirect_uris?,
        require_pkce: require_pkce?,
    })
}
