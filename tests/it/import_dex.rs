use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use fakes::browser::Browser;
use fakes::dsm_login::{DsmLogin, SsoSettings, Stored};
use fakes::google::{CLIENT_ID, CLIENT_SECRET};
use fakes::house::{House, JEANNE, Plan};
use tempfile::TempDir;

use crate::support::built::Built;
use crate::support::command_line::{bare, text};
use crate::support::process::free_port;

/// The `dex.yaml` of a family that uses the fork.
const DEX: &str = "\
issuer: https://login.example.com/dex
storage: { type: sqlite3, config: { file: dex.sqlite } }
web: { http: \"0.0.0.0:5556\" }
logger: { level: debug }
oauth2: { skipApprovalScreen: true, alwaysShowLoginScreen: false }
staticClients:
- id: synology
  name: 'Synology'
  redirectURIs: ['https://nas.example.com/']
  secret: foo
connectors:
- type: google
  id: google
  name: Google
  config:
    issuer: https://accounts.google.com
    clientID: $GOOGLE_CLIENT_ID
    clientSecret: $GOOGLE_CLIENT_SECRET
    redirectURI: https://login.example.com/dex/callback
enablePasswordDB: false
";

const VARIABLES: &str = "\
# of docker run
SYNO_URL=http://127.0.0.1:5000
SYNO_USER=anna.admin
SYNO_PASSWD=pa$$word = \"x
GOOGLE_CLIENT_ID=1234.apps.googleusercontent.com
GOOGLE_CLIENT_SECRET=\"GOCSPX-correct-horse\"
";

/// A directory with `dex.yaml`, `dex.env` and an empty `home` for the config.
struct Migration(TempDir);

impl Migration {
    fn new(dex: &str, variables: &str) -> Self {
        let migration = Self(fakes::house::private_directory());
        fs::create_dir(migration.path("home")).unwrap();
        fs::set_permissions(migration.path("home"), fs::Permissions::from_mode(0o700)).unwrap();
        migration.write("dex.yaml", dex);
        migration.write("dex.env", variables);
        migration
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn import(&self, arguments: &[&str]) -> Output {
        import_into(&self.path("home/config.toml"), self.0.path(), arguments)
    }

    /// Imports with `dex.env` and returns the output.
    fn imported(&self) -> String {
        let output = self.import(&["--env-file", "dex.env"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output.stdout).to_owned()
    }

    /// Imports with `dex.env`, which fails and writes nothing; returns the
    /// error.
    fn rejected(&self) -> String {
        let output = self.import(&["--env-file", "dex.env"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_eq!(text(&output.stdout), "");
        let left: Vec<_> = fs::read_dir(self.path("home")).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        text(&output.stderr).to_owned()
    }

    fn config(&self) -> toml::Table {
        let text = fs::read_to_string(self.path("home/config.toml")).unwrap();
        text.parse().unwrap()
    }

    fn secret(&self, name: &str) -> String {
        let path = self.path("home").join(name);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        fs::read_to_string(path).unwrap()
    }
}

fn import_into(config: &Path, directory: &Path, arguments: &[&str]) -> Output {
    let mut command = bare(&["import-dex", "dex.yaml"]);
    command.arg("--config").arg(config).args(arguments);
    command.current_dir(directory).output().unwrap()
}

#[test]
fn every_setting_is_carried_over_or_named() {
    let migration = Migration::new(DEX, VARIABLES);
    let printed = migration.imported();

    let (carried, left) = printed.split_once("Not carried over:").unwrap();
    for line in [
        "issuer = \"https://login.example.com/dex\"",
        "listen.address = \"127.0.0.1:5556\"",
        "log.level = \"debug\"",
        "clients[0].id = \"synology\"",
        "clients[0].redirect-uris = [\"https://nas.example.com/\"]",
        "google.client-id = \"1234.apps.googleusercontent.com\"",
        "dsm.url = \"http://127.0.0.1:5000\"",
        "dsm.account = \"anna.admin\"",
    ] {
        assert!(carried.contains(line), "{line}: {printed}");
    }
    for path in [
        "storage.type",
        "storage.config.file",
        "oauth2.skipApprovalScreen",
        "oauth2.alwaysShowLoginScreen",
        "enablePasswordDB",
    ] {
        assert!(left.contains(&format!("\n  {path} ")), "{path}: {printed}");
    }
    let config = migration.config();
    assert_eq!(
        config["issuer"].as_str(),
        Some("https://login.example.com/dex")
    );
    assert_eq!(config["clients"][0]["id"].as_str(), Some("synology"));
    assert!(
        config.get("username-claim").is_none(),
        "the default is the fork's"
    );
}

#[test]
fn secrets_are_in_files_and_never_printed() {
    let migration = Migration::new(DEX, VARIABLES);
    let output = migration.import(&["--env-file", "dex.env"]);
    assert_eq!(
        migration.secret("google-client-secret"),
        "GOCSPX-correct-horse\n"
    );
    assert_eq!(migration.secret("dsm-password"), "pa$$word = \"x\n");
    assert_eq!(migration.secret("synology-client-secret"), "foo\n");
    for printed in [text(&output.stdout), text(&output.stderr)] {
        for secret in ["correct-horse", "pa$$word", "foo"] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
}

#[test]
fn a_short_secret_is_kept_with_a_warning() {
    let migration = Migration::new(DEX, VARIABLES);
    let output = migration.import(&["--env-file", "dex.env"]);
    let warned = text(&output.stderr);
    assert!(warned.contains("clients[0].secret-file: "), "{warned}");
    assert_eq!(migration.secret("synology-client-secret"), "foo\n");
}

#[test]
fn a_config_that_exists_is_kept_unless_forced() {
    let migration = Migration::new(DEX, VARIABLES);
    migration.imported();
    let before = fs::read(migration.path("home/config.toml")).unwrap();
    let other = DEX.replace("5556", "5557");
    migration.write("dex.yaml", &other);
    let output = migration.import(&["--env-file", "dex.env"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains("config.toml"), "{output:?}");
    assert_eq!(
        fs::read(migration.path("home/config.toml")).unwrap(),
        before
    );

    let output = migration.import(&["--env-file", "dex.env", "--force"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let address = migration.config()["listen"]["address"].clone();
    assert_eq!(address.as_str(), Some("127.0.0.1:5557"));
}

#[test]
fn all_variables_that_are_not_set_are_named() {
    let migration = Migration::new(DEX, "SYNO_URL=http://127.0.0.1:5000\nSYNO_PASSWD=\n");
    let error = migration.rejected();
    for name in [
        "GOOGLE_CLIENT_ID",
        "GOOGLE_CLIENT_SECRET",
        "SYNO_USER",
        "SYNO_PASSWD",
    ] {
        assert!(error.contains(name), "{error}");
    }
    assert!(!error.contains("SYNO_URL"), "{error}");
}

#[test]
fn variables_come_from_the_environment_if_no_file_has_them() {
    let migration = Migration::new(DEX, "");
    let mut command = bare(&["import-dex", "dex.yaml", "--env-file", "dex.env"]);
    command
        .arg("--config")
        .arg(migration.path("home/config.toml"));
    for (name, value) in [
        ("SYNO_USER", "anna.admin"),
        ("SYNO_PASSWD", "from the environment"),
        ("GOOGLE_CLIENT_ID", "1234.apps.googleusercontent.com"),
        ("GOOGLE_CLIENT_SECRET", "GOCSPX-correct-horse"),
    ] {
        command.env(name, value);
    }
    let output = command.current_dir(migration.path("")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(migration.secret("dsm-password"), "from the environment\n");
    // The default of the fork.
    let url = migration.config()["dsm"]["url"].clone();
    assert_eq!(url.as_str(), Some("http://localhost:5000"));
}

#[test]
fn variables_come_from_a_compose_file_or_an_export() {
    let map = "services:\n  dex:\n    image: dex\n    environment:\n      SYNO_USER: anna.admin\n      \
               SYNO_PASSWD: 'pa$$word'\n      SYNO_URL: ${URL:-https://127.0.0.1:5001}\n      \
               GOOGLE_CLIENT_ID: 1234.apps.googleusercontent.com\n      \
               GOOGLE_CLIENT_SECRET: GOCSPX-correct-horse\n";
    let list = "services:\n  dex:\n    environment:\n    - SYNO_USER=anna.admin\n    \
                - SYNO_PASSWD=pa$$word\n    - SYNO_URL=https://127.0.0.1:5001\n    \
                - GOOGLE_CLIENT_ID=1234.apps.googleusercontent.com\n    \
                - GOOGLE_CLIENT_SECRET=GOCSPX-correct-horse\n";
    let export = r#"{"image": "dex", "env_variables": [
        {"key": "SYNO_USER", "value": "anna.admin"}, {"key": "SYNO_PASSWD", "value": "pa$word"},
        {"key": "SYNO_URL", "value": "https://127.0.0.1:5001"},
        {"key": "GOOGLE_CLIENT_ID", "value": "1234.apps.googleusercontent.com"},
        {"key": "GOOGLE_CLIENT_SECRET", "value": "GOCSPX-correct-horse"}]}"#;
    for file in [map, list, export] {
        let migration = Migration::new(DEX, "");
        migration.write("compose.yaml", file);
        let output = migration.import(&["--compose", "compose.yaml"]);
        assert_eq!(output.status.code(), Some(0), "{file}: {output:?}");
        assert_eq!(migration.secret("dsm-password"), "pa$word\n", "{file}");
        let dsm = migration.config()["dsm"].clone();
        assert_eq!(
            dsm["url"].as_str(),
            Some("https://127.0.0.1:5001"),
            "{file}"
        );
        assert_eq!(
            dsm["accept-invalid-certificate"].as_bool(),
            Some(true),
            "{file}"
        );
    }
}

#[test]
fn what_cannot_be_carried_over_is_an_error_that_says_why() {
    let check = |from: &str, to: &str, expected: &str| {
        let dex = DEX.replacen(from, to, 1);
        assert_ne!(dex, DEX, "{from}");
        let error = Migration::new(&dex, VARIABLES).rejected();
        assert!(error.contains(expected), "{to}: {error}");
    };
    check("id: google", "id: gmail", "every sub would change");
    check("type: google", "type: oidc", "has none with type google");
    check(
        "/dex/callback",
        "/callback",
        "https://login.example.com/dex/callback",
    );
    check(
        "issuer: https://login",
        "x: https://login",
        "issuer is missing",
    );
    check(
        "secret: foo",
        "public: true",
        "staticClients[0].secret is missing",
    );
    check("0.0.0.0:5556", "0.0.0.0", "web.http");
    check("- id: synology", "- id: [", "not valid YAML");
    check(
        "['https://nas.example.com/']",
        "['https://nas.example.com/#/signin']",
        "redirect-uris",
    );
    check(
        "https://login.example.com/dex\n",
        "http://login.example.com/dex\n",
        "callback",
    );
}

#[test]
fn other_settings_of_dex_are_named_each_with_what_replaces_it() {
    let dex = format!(
        "{DEX}expiry: {{ idTokens: 24h }}\ntelemetry: {{ http: 0.0.0.0:5558 }}\n\
         grpc: {{ addr: 0.0.0.0:5557 }}\nfrontend: {{ theme: dark }}\n\
         staticPasswords: [{{ email: a@example.com, hash: x }}]\nunheard: 1\n"
    );
    let dex = dex
        .replace("  secret: foo", "  secret: foo\n  trustedPeers: [other]")
        .replace(
            "    clientID",
            "    groups: [g]\n    hostedDomains: [example.com]\n    clientID",
        )
        .replace("5556\" }", "5556\", https: 0.0.0.0:5554 }");
    let migration = Migration::new(&dex, VARIABLES);
    let printed = migration.imported();
    let (_, left) = printed.split_once("Not carried over:").unwrap();
    for path in [
        "expiry.idTokens",
        "telemetry.http",
        "grpc.addr",
        "frontend.theme",
        "staticPasswords[0].email",
        "staticClients[0].trustedPeers[0]",
        "connectors[0].config.groups[0]",
        "web.https",
        "unheard",
    ] {
        assert!(left.contains(&format!("\n  {path} ")), "{path}: {printed}");
    }
    let domains = migration.config()["google"]["hosted-domains"].clone();
    assert_eq!(domains[0].as_str(), Some("example.com"));
}

/// What DSM has saved for Dex stays as it is: the short secret, too.
#[tokio::test]
async fn a_login_with_the_settings_made_for_dex_works_afterwards() {
    let mut house = House::for_built_daemon(Plan::default(), free_port()).await;
    house.plan().path = "/dex".to_owned();
    let login = DsmLogin::start().await;
    let issuer = house.issuer();
    login.configure(SsoSettings {
        well_known: format!("{issuer}/.well-known/openid-configuration"),
        client_id: "synology".to_owned(),
        client_secret: "foo".to_owned(),
        redirect_uri: login.url(),
        scope: String::new(),
        username_claim: "username".to_owned(),
        stored: Stored::default(),
    });
    let home = house.home.path().to_owned();
    let dex = DEX
        .replace("https://login.example.com/dex", &issuer)
        .replace("5556", &house.address.port().to_string())
        .replace("https://nas.example.com/", &login.url())
        .replace("https://accounts.google.com", house.google.issuer());
    fs::write(home.join("dex.yaml"), dex).unwrap();
    let variables = format!(
        "SYNO_URL={}\nSYNO_USER=sso-reader\nSYNO_PASSWD={}\nGOOGLE_CLIENT_ID={CLIENT_ID}\n\
         GOOGLE_CLIENT_SECRET={CLIENT_SECRET}\n",
        house.dsm.url(),
        house.dsm.behaviour().password
    );
    fs::write(home.join("dex.env"), variables).unwrap();
    let output = import_into(&home.join("config.toml"), &home, &["--env-file", "dex.env"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");

    let daemon = Built::configured(house);
    daemon.has_saved_users_and_documents().await;
    let mut browser = Browser::new();
    let start = browser.get(&format!("{}/sso/start", login.url())).await;
    let to_google = browser.get(start.location()).await;
    let callback = daemon.house.google.choose(to_google.location(), JEANNE);
    let back = browser.get(callback.as_str()).await;
    let page = browser.get(back.location()).await;
    assert!(
        page.body.contains("Signed in as <b id=\"user\">jeanne</b>"),
        "{page:?}"
    );
}
