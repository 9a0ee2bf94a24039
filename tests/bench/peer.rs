//! The daemon beside a peer that anyone can install: glewlwyd of Debian, an
//! OpenID provider in C.
//!
//! The same client asks both in turn for their documents. Both have their state
//! in SQLite on the same disk, one RSA-2048 key for RS256, a log file at the
//! level info, and no TLS. What differs: glewlwyd authenticates the users by
//! itself, and has an administration API, other grants, and modules that it
//! loads at start. The daemon leaves the passwords to Google, keeps a list of
//! DSM's users, and reaches neither Google nor DSM here.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rcgen::{KeyPair, PKCS_RSA_SHA256};
use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::House;
use crate::measure::{microseconds, milliseconds, now};
use crate::process::Daemon;
use crate::report::{self, Report, Target};
use crate::starts::{STARTS, drop_cached_files, first_answer};

const INSTALL: &str = "glewlwyd is missing: sudo apt-get install glewlwyd";

/// The tables and the first rows that Debian's package creates.
const TABLES: &str = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";

/// The number of requests after which memory is read again.
const DOCUMENTS: usize = 300;

/// The number of requests for a figure of CPU time.
const REQUESTS: u32 = 200;

/// What [`Provider::run`] measures, and the unit.
const WARM: [(&str, &str); 7] = [
    ("start to the first document, no network", " ms"),
    ("memory then (RSS)", " MiB"),
    ("memory then, without files (RssAnon)", " MiB"),
    ("memory after 300 more requests (RSS)", " MiB"),
    ("CPU of a request for the discovery document", " µs"),
    ("CPU of a request for the keys", " µs"),
    ("size of the program with its libraries", " MB"),
];

/// What [`Provider::run_cold`] measures, and the unit.
const COLD: [(&str, &str); 2] = [
    ("cold start to the first document, no network", " ms"),
    ("read from the disk until then", " MB"),
];

/// Returns how to install glewlwyd, if it is not installed.
pub(crate) fn missing() -> Option<&'static str> {
    (!Path::new(TABLES).exists()).then_some(INSTALL)
}

/// Measures both.
pub(crate) fn beside(house: House, report: &mut Report) {
    if let Some(missing) = missing() {
        println!("not measured: a peer, since {missing}");
        return;
    }
    let both = [Provider::ours(house), Provider::glewlwyd()];
    lines(report, WARM, in_turn(&both, Provider::run));
    if let Err(error) = drop_cached_files() {
        println!("not measured: cold start, since only root can drop the cache of files: {error}");
        return;
    }
    lines(report, COLD, in_turn(&both, Provider::run_cold));
}

/// Measures `both` in turn, and returns the medians of each.
fn in_turn<const N: usize>(
    both: &[Provider; 2],
    run: impl Fn(&Provider) -> [f64; N],
) -> [[f64; N]; 2] {
    let mut runs = [Vec::new(), Vec::new()];
    for _ in 0..STARTS {
        for (provider, runs) in both.iter().zip(&mut runs) {
            runs.push(run(provider));
        }
    }
    runs.map(|runs| {
        std::array::from_fn(|number| report::median(runs.iter().map(|run| run[number])))
    })
}

fn lines<const N: usize>(
    report: &mut Report,
    names: [(&str, &'static str); N],
    [ours, theirs]: [[f64; N]; 2],
) {
    for (number, (what, unit)) in names.into_iter().enumerate() {
        let (ours, theirs) = (ours[number], theirs[number]);
        report.line(what, ours, unit, Target::None);
        report.line("    glewlwyd", theirs, unit, Target::None);
        let ratio = theirs / ours;
        report.line("    glewlwyd / ours", ratio, "", Target::None);
    }
}

/// An OpenID provider that does not run yet.
struct Provider {
    home: TempDir,
    address: SocketAddr,
    start: Box<dyn Fn(&Path) -> Daemon>,
    discovery: &'static str,
    keys: &'static str,
}

impl Provider {
    /// The daemon, after its first day. The fakes end.
    fn ours(house: House) -> Self {
        let program = house.program;
        Self {
            home: house.home,
            address: house.address,
            start: Box::new(move |home| Daemon::start(&program, home)),
            discovery: "/.well-known/openid-configuration",
            keys: "/keys",
        }
    }

    /// Debian's glewlwyd, with its plug-in of OpenID Connect.
    fn glewlwyd() -> Self {
        let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        write_database(home.path(), address);
        write_config(home.path(), address);
        Self {
            home,
            address,
            start: Box::new(|home| {
                let mut glewlwyd = Command::new("glewlwyd");
                glewlwyd.arg("--config-file").arg(home.join("config"));
                Daemon::run(home, glewlwyd)
            }),
            discovery: "/api/oidc/.well-known/openid-configuration",
            keys: "/api/oidc/jwks",
        }
    }

    /// The figures of [`WARM`].
    fn run(&self) -> [f64; WARM.len()] {
        let (daemon, took) = self.until_first_answer();
        let (rss, own) = (daemon.memory("VmRSS"), daemon.memory("RssAnon"));
        for document in [self.discovery, self.keys].repeat(DOCUMENTS / 2) {
            first_answer(self.address, document);
        }
        let later = daemon.memory("VmRSS");
        let discovery = self.cpu(&daemon, self.discovery);
        let keys = self.cpu(&daemon, self.keys);
        let size = daemon.loaded();
        daemon.stop();
        let [discovery, keys] = [discovery, keys].map(microseconds);
        [milliseconds(took), rss, own, later, discovery, keys, size]
    }

    /// The figures of [`COLD`]: no file of the program is in memory, as after a
    /// boot.
    fn run_cold(&self) -> [f64; COLD.len()] {
        drop_cached_files().unwrap();
        let (daemon, took) = self.until_first_answer();
        let read = daemon.read();
        daemon.stop();
        [milliseconds(took), read]
    }

    fn until_first_answer(&self) -> (Daemon, Duration) {
        let begun = now();
        let daemon = (self.start)(self.home.path());
        first_answer(self.address, self.discovery);
        (daemon, begun.elapsed())
    }

    /// The CPU time of a request on one connection. glewlwyd has a thread for
    /// each connection, so the connection must live until the threads are read.
    fn cpu(&self, daemon: &Daemon, document: &str) -> Duration {
        let mut connection = BufReader::new(TcpStream::connect(self.address).unwrap());
        ask(&mut connection, document);
        let before = daemon.threads();
        (0..REQUESTS).for_each(|_| ask(&mut connection, document));
        daemon.threads().since(&before).cpu / REQUESTS
    }
}

/// Gets `document`, and keeps the connection.
fn ask(connection: &mut BufReader<TcpStream>, document: &str) {
    let request = format!("GET {document} HTTP/1.1\r\nhost: nas\r\n\r\n");
    connection.get_mut().write_all(request.as_bytes()).unwrap();
    let head = connection.by_ref().lines().map(Result::unwrap);
    let head: Vec<String> = head.take_while(|line| !line.is_empty()).collect();
    assert!(head[0].starts_with("HTTP/1.1 200"), "{head:?}");
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    connection.read_exact(&mut body).unwrap();
}

/// Creates what its package creates, and the row that its administration page
/// adds for the plug-in of OpenID Connect.
fn write_database(home: &Path, address: SocketAddr) {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let parameters = json!({
        "iss": format!("http://{address}/api/oidc"),
        "jwt-type": "rsa",
        "jwt-key-size": "256",
        "key": key.serialize_pem(),
        "cert": key.public_key_pem(),
        "code-duration": 600,
        "refresh-token-duration": 1_209_600,
        "access-token-duration": 3600,
        "allow-non-oidc": false,
        "auth-type-code-enabled": true,
        "auth-type-token-enabled": false,
        "auth-type-id-token-enabled": false,
        "auth-type-none-enabled": false,
        "auth-type-password-enabled": false,
        "auth-type-client-enabled": false,
        "auth-type-refresh-enabled": false,
    });
    let database = Connection::open(home.join("state.sqlite3")).unwrap();
    let tables = fs::read_to_string(TABLES).unwrap();
    database.execute_batch(&tables).unwrap();
    let plug_in = "INSERT INTO g_plugin_module_instance (gpmi_module, gpmi_name, gpmi_parameters)
                   VALUES ('oidc', 'oidc', ?)";
    database.execute(plug_in, [parameters.to_string()]).unwrap();
}

/// Debian's config with other paths, and without TLS.
fn write_config(home: &Path, address: SocketAddr) {
    let config = format!(
        "port={port}\nbind_address=\"127.0.0.1\"\nexternal_url=\"http://{address}/\"\n\
         log_mode=\"file\"\nlog_level=\"INFO\"\nlog_file=\"{home}/glewlwyd.log\"\n\
         static_files_path=\"/usr/share/glewlwyd/webapp/\"\n\
         user_module_path=\"/usr/lib/glewlwyd/user\"\n\
         client_module_path=\"/usr/lib/glewlwyd/client\"\n\
         user_auth_scheme_module_path=\"/usr/lib/glewlwyd/scheme\"\n\
         plugin_module_path=\"/usr/lib/glewlwyd/plugin\"\n\
         hash_algorithm=\"SHA512\"\n\
         database={{ type=\"sqlite3\" path=\"{home}/state.sqlite3\" }};\n",
        port = address.port(),
        home = home.display(),
    );
    fs::write(home.join("config"), config).unwrap();
}
