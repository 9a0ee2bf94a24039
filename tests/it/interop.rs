//! Software from other projects signs in through us: Apache's
//! `mod_auth_openidc` as client, oidc-provider-mock as Google, nginx in front
//! with TLS, curl as the browser. This checks our reading of the standards
//! against theirs.

mod browser;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use fakes::dsm::FakeDsm;
use tempfile::TempDir;

use self::browser::{Browser, Page};
use crate::support::nginx::{self, Ports, filled, write_public};
use crate::support::process::{Process, free_port, tool};

const DAEMON: &str = env!("CARGO_BIN_EXE_google-to-synology-sso");

/// Google's accounts. As with Google, none has a DSM username.
const GOOGLE_ACCOUNTS: [&str; 2] = [
    r#"{"sub":"1001","email":"jeanne@gmail.com","email_verified":true,"name":"Jeanne"}"#,
    r#"{"sub":"1002","email":"nobody@gmail.com","email_verified":true}"#,
];

/// For the control: an account of a provider that sends the username itself.
const NAMED_ACCOUNT: &str = r#"{"sub":"1001","username":"jeanne"}"#;

const CLIENT_SECRET: &str = "vei7Eiquai2thahngoh8Iv4eiGh2eiqu";

#[tokio::test(flavor = "multi_thread")]
async fn apache_signs_in_through_us() {
    let dsm = FakeDsm::start().await;
    let world = World::around_us(&dsm.url());

    let page = world.sign_in("1001");

    assert_eq!(page.url, world.protected_page(), "{}", page.body);
    assert_eq!(page.status, "200");
    assert_eq!(variable(&page, "REMOTE_USER"), "jeanne");
    assert_in_json(&page, "OIDC_userinfo_json", "username", "jeanne");
    assert_in_json(&page, "OIDC_userinfo_json", "email", "jeanne@gmail.com");
    assert_in_json(&page, "OIDC_id_token_payload", "iss", &world.issuer());
    // Apache requested each of these and got a response.
    let requests = world.requests();
    for asked in [
        "GET /.well-known/openid-configuration 200",
        "POST /token 200",
        "GET /keys 200",
        "GET /userinfo 200",
    ] {
        let line = format!("login.localhost {asked}\n");
        assert!(requests.contains(&line), "no {line} in\n{requests}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_user_stays_on_our_page() {
    let dsm = FakeDsm::start().await;
    let world = World::around_us(&dsm.url());

    let page = world.sign_in("1002");

    assert_eq!(page.status, "403");
    assert!(page.url.starts_with(&world.issuer()), "{}", page.url);
    let refusal = r#"<meta name="refusal" content="address-unknown">"#;
    assert!(page.body.contains(refusal), "{}", page.body);
    // The client was not informed.
    let requests = world.requests();
    assert!(
        !requests.contains("nas.localhost GET /callback"),
        "{requests}"
    );
}

/// The control: the same nginx and Apache, with a provider that they are known
/// to work with. If this fails too, the fault is not ours.
#[test]
fn the_same_set_up_works_without_us() {
    let world = World::without_us();

    let page = world.sign_in("1001");

    assert_eq!(page.url, world.protected_page(), "{}", page.body);
    assert_eq!(variable(&page, "REMOTE_USER"), "jeanne");
    assert_in_json(&page, "OIDC_userinfo_json", "username", "jeanne");
}

/// All programs, until dropped.
struct World {
    https: u16,
    // Dropped before the directory, which has their logs.
    processes: Vec<Process>,
    directory: TempDir,
}

impl World {
    /// Our daemon, with oidc-provider-mock as its Google.
    fn around_us(dsm: &str) -> Self {
        let (google, daemon) = (free_port(), free_port());
        let mut world = Self::behind_nginx(daemon);
        let home = world.directory.path().join("daemon");
        fs::create_dir(&home).unwrap();
        let secrets = [
            ("google-client-secret", "any: this Google does not mind"),
            ("dsm-password", "correct horse battery staple"),
            ("client-secret", CLIENT_SECRET),
        ];
        for (file, secret) in secrets {
            fs::write(home.join(file), secret).unwrap();
            fs::set_permissions(home.join(file), fs::Permissions::from_mode(0o600)).unwrap();
        }
        let values = [
            ("https", world.https.to_string()),
            ("provider", daemon.to_string()),
            ("google", google.to_string()),
            ("dsm", dsm.to_owned()),
        ];
        let config = home.join("config.toml");
        fs::write(
            &config,
            filled(include_str!("interop/config.toml"), &values),
        )
        .unwrap();

        world.start(&mut provider_mock(google, &GOOGLE_ACCOUNTS), google);
        world.start(
            Command::new(DAEMON).arg("--config").arg(config).arg("run"),
            daemon,
        );
        world
    }

    /// oidc-provider-mock as the provider itself.
    fn without_us() -> Self {
        let provider = free_port();
        let mut world = Self::behind_nginx(provider);
        world.start(&mut provider_mock(provider, &[NAMED_ACCOUNT]), provider);
        world
    }

    /// nginx and Apache, without a provider yet.
    fn behind_nginx(provider: u16) -> Self {
        let (https, apache) = (free_port(), free_port());
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let values = [
            ("https", https.to_string()),
            ("apache", apache.to_string()),
            ("provider", provider.to_string()),
            ("directory", path.display().to_string()),
            ("client-secret", CLIENT_SECRET.to_owned()),
        ];
        for (file, template) in [
            ("apache.conf", include_str!("interop/apache.conf")),
            ("htdocs/index.html", include_str!("interop/index.html")),
        ] {
            write_public(&path.join(file), &filled(template, &values));
        }
        let ports = Ports {
            https,
            nas: apache,
            provider,
        };
        let nginx = nginx::start(ports, path);
        let path = path.to_owned();
        let mut world = Self {
            https,
            processes: vec![nginx],
            directory,
        };
        world.start(
            Command::new(tool("apache2"))
                .args(["-X", "-f"])
                .arg(path.join("apache.conf")),
            apache,
        );
        world
    }

    fn start(&mut self, command: &mut Command, port: u16) {
        let process = Process::start(command, port, self.directory.path());
        self.processes.push(process);
    }

    fn issuer(&self) -> String {
        format!("https://login.localhost:{}", self.https)
    }

    fn protected_page(&self) -> String {
        format!("https://nas.localhost:{}/", self.https)
    }

    /// Opens the protected page and picks an account at the sign-in form.
    fn sign_in(&self, account: &str) -> Page {
        let browser = Browser {
            directory: self.directory.path(),
        };
        let form = browser.open(&self.protected_page());
        assert!(form.body.contains("Authorize Client"), "{form:?}");
        browser.submit(&form, &format!("sub={account}"))
    }

    /// The requests that nginx forwarded: name, method, path and status, line
    /// by line.
    fn requests(&self) -> String {
        fs::read_to_string(self.directory.path().join("requests.log")).unwrap()
    }
}

fn provider_mock(port: u16, accounts: &[&str]) -> Command {
    let mut command = Command::new(tool("oidc-provider-mock"));
    command.args(["--require-nonce", "true", "--port", &port.to_string()]);
    for account in accounts {
        command.args(["--user-claims", account]);
    }
    command
}

/// A variable of the protected page's environment.
fn variable(page: &Page, name: &str) -> String {
    let start = format!("{name}=");
    let mut lines = page.body.lines();
    lines
        .find_map(|line| line.strip_prefix(&start))
        .unwrap_or_else(|| panic!("no {name} in\n{}", page.body))
        .replace("&quot;", "\"")
}

fn assert_in_json(page: &Page, name: &str, key: &str, expected: &str) {
    let document: serde_json::Value = serde_json::from_str(&variable(page, name)).unwrap();
    assert_eq!(document[key], expected, "{document}");
}
