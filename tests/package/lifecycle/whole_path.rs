//! From the package file to the first sign-in: five values and a yes in Package
//! Center's dialog. No file is edited, and no command is run.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command};

use fakes::browser::Browser;
use fakes::certificates::Authorities;
use fakes::dsm::FakeDsm;
use fakes::dsm_login::DsmLogin;
use fakes::google::{CLIENT_ID, CLIENT_SECRET, FakeGoogle};
use fakes::house::{JEANNE, family};
use fakes::reverse_proxy::{Desktop, Rule};
use google_to_synology_sso::clients::http_client::Trust;
use google_to_synology_sso::http;
use regress::Regex;
use serde_json::{Value, json};

use crate::built::root;
use crate::machine::run;

use super::nas::{Answers, Nas};
use super::{get, on_a_nas, until};

/// The address of the NAS, as the router knows it. Google has port 443 of
/// 127.0.0.1.
const NAS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[test]
fn five_values_and_one_yes_lead_to_a_sign_in() {
    on_a_nas(|nas, package| {
        let entered = Entered::in_the(&dialog(package), &known());

        install_and_sign_in(nas, package, &entered);

        entered.is_what_the_guide_counts();
    });
}

#[test]
fn an_address_left_empty_is_that_of_googles_file() {
    on_a_nas(|nas, package| {
        let mut known = known();
        known.insert("wizard_issuer", String::new());
        let entered = Entered::in_the(&dialog(package), &known);

        install_and_sign_in(nas, package, &entered);

        assert_eq!(entered.values.len(), 4, "{:?}", entered.values);
    });
}

fn install_and_sign_in(nas: &Nas, package: &Path, entered: &Entered) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let home = Home::new(nas).await;

        let ran = nas.install(package, &entered.answers);

        assert_eq!(ran.code, 0, "{ran:?}");
        until("the daemon has entered the settings in DSM", || {
            let page = get("/").unwrap_or_default();
            page.contains("The settings were entered in DSM, as chosen")
        });
        let mut nginx = home.apply_rule(&nas.at("/tmp/nginx"));
        home.sign_in().await;
        nginx.kill().unwrap();
        nginx.wait().unwrap();
    });
}

fn dialog(package: &Path) -> Value {
    let dialog = fs::read_to_string(package.join("WIZARD_UIFILES/install_uifile"));
    serde_json::from_str(&dialog.unwrap()).unwrap()
}

/// The password that the administrator gave to the account in DSM.
const PASSWORD: &str = "correct horse battery staple";

/// What the administrator has at hand, by the keys of the fields.
fn known() -> BTreeMap<&'static str, String> {
    let file = json!({"web": {
        "client_id": CLIENT_ID,
        "project_id": "family",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
        "client_secret": CLIENT_SECRET,
        "redirect_uris": ["https://login.example.com/callback"],
    }});
    BTreeMap::from([
        ("wizard_google_client_id", file.to_string()),
        ("wizard_issuer", "https://login.example.com".to_owned()),
        ("wizard_redirect_uri", "https://nas.example.com/".to_owned()),
        ("wizard_dsm_account", "sso-reader".to_owned()),
        ("wizard_dsm_password", PASSWORD.to_owned()),
        ("wizard_apply_dsm", "true".to_owned()),
    ])
}

/// What the administrator enters in the dialog.
struct Entered {
    answers: Answers,
    /// The values, by the labels of their fields.
    values: Vec<String>,
    /// The labels of the boxes that are ticked.
    yeses: Vec<String>,
}

impl Entered {
    /// Fills in each field that `dialog` has, and no other.
    fn in_the(dialog: &Value, known: &BTreeMap<&str, String>) -> Self {
        let mut entered = Self {
            answers: Answers::new(),
            values: Vec::new(),
            yeses: Vec::new(),
        };
        let steps = dialog.as_array().unwrap().iter();
        let items = steps.flat_map(|step| step["items"].as_array().unwrap());
        for item in items.filter(|item| item["subitems"].is_array()) {
            for field in item["subitems"].as_array().unwrap() {
                entered.fill_in(field, item["type"] == "multiselect", known);
            }
        }
        entered
    }

    fn fill_in(&mut self, field: &Value, is_a_box: bool, known: &BTreeMap<&str, String>) {
        let [key, label] = ["key", "desc"].map(|name| field[name].as_str().unwrap().to_owned());
        let Some(value) = known.get(key.as_str()) else {
            panic!("the administrator does not know {label} ({key})");
        };
        assert!(accepts(field, value), "{label}: {value}");
        if is_a_box {
            self.yeses.push(label);
        } else if !value.is_empty() {
            self.values.push(label);
        }
        self.answers.insert(key, value.clone());
    }

    /// Prints the count, and compares it with the one that the guide gives.
    #[expect(clippy::print_stdout, reason = "the count is what the test is for")]
    fn is_what_the_guide_counts(&self) {
        let (values, yeses) = (self.values.len(), self.yeses.len());
        println!("entered: {values} values and {yeses} yes");
        for label in self.values.iter().chain(&self.yeses) {
            println!("- {label}");
        }
        let guide = fs::read_to_string(root().join("docs/guides/install-on-a-nas.md")).unwrap();
        let count = format!("**{values}, and {} yes**", ["no", "one", "two"][yeses]);
        assert!(guide.contains(&count), "the guide does not say {count}");
        for label in self.values.iter().chain(&self.yeses) {
            let row = format!("\n| {label} | ");
            assert!(guide.contains(&row), "the guide does not have {label}");
        }
    }
}

/// Whether the dialog lets the administrator go on with `value` in `field`.
fn accepts(field: &Value, value: &str) -> bool {
    let Some(expression) = field["validator"]["regex"]["expr"].as_str() else {
        return true;
    };
    if value.is_empty() {
        return field["validator"]["allowBlank"] == true;
    }
    let expression = expression.strip_prefix('/').unwrap();
    let expression = expression.strip_suffix('/').unwrap();
    Regex::new(expression).unwrap().find(value).is_some()
}

/// A NAS as before the installation, except for an account, the family's e-mail
/// addresses and a certificate; and Google.
struct Home {
    google: FakeGoogle,
    dsm: FakeDsm,
    /// DSM's own page.
    login: DsmLogin,
    authorities: Authorities,
}

impl Home {
    async fn new(nas: &Nas) -> Self {
        let authorities = Authorities::new("Public");
        let hosts = format!(
            "127.0.0.1 localhost accounts.google.com\n{NAS} login.example.com nas.example.com\n"
        );
        fs::write(nas.at("/etc/hosts"), hosts).unwrap();
        let store = nas.at("/etc/ssl/certs/ca-certificates.crt");
        fs::write(store, &authorities.root).unwrap();
        // This process is DSM, too.
        for path in ["/etc/hosts", "/etc/ssl/certs"] {
            let same = nas.at(path);
            run(Command::new("mount").arg("--bind").arg(same).arg(path));
        }
        let dsm = FakeDsm::on(http::listen(([127, 0, 0, 1], 5000).into()).unwrap());
        dsm.set_users(family());
        dsm.change(|dsm| PASSWORD.clone_into(&mut dsm.password));
        let login = DsmLogin::trusting(Trust::SystemAuthorities).await;
        login.belongs_to(&dsm);
        Self {
            google: crate::neighbours::google(&authorities).await,
            dsm,
            login,
            authorities,
        }
    }

    /// DSM does what the rule that it has stored says.
    fn apply_rule(&self, directory: &Path) -> Child {
        let rules = self.dsm.behaviour().settings.proxy;
        let [entry] = rules.as_slice() else {
            panic!("{rules:?}");
        };
        let rule = Rule::stored(entry, self.authorities.issue("*.example.com", -1..60));
        let pages = self.login.url();
        let pages = pages.strip_prefix("http://").unwrap();
        let desktop = Desktop {
            address: NAS,
            pages: Some(pages.parse().unwrap()),
        };
        let nginx = Path::new("/usr/sbin/nginx");
        assert!(nginx.exists(), "nginx is missing: run tests/prepare");
        let nginx = rule.nginx(desktop, directory, nginx).spawn().unwrap();
        until("the reverse proxy listens", || {
            TcpStream::connect((NAS, rule.port)).is_ok()
        });
        nginx
    }

    /// Jeanne clicks the button.
    async fn sign_in(&self) {
        let mut browser = Browser::trusting(&self.authorities.root);
        let front = browser.get("https://nas.example.com/").await;
        assert!(front.body.contains("Continue with Google"), "{front:?}");
        let to_us = browser.get("https://nas.example.com/sso/start").await;
        assert_eq!(to_us.status, 302, "{to_us:?}");
        let to_google = browser.get(to_us.location()).await;
        assert_eq!(to_google.status, 303, "{to_google:?}");
        let callback = self.google.choose(to_google.location(), JEANNE);
        let to_dsm = browser.get(callback.as_str()).await;
        assert_eq!(to_dsm.status, 303, "{to_dsm:?}");
        let shown = browser.get(to_dsm.location()).await;
        let signed_in = r#"Signed in as <b id="user">jeanne</b>"#;
        assert!(shown.body.contains(signed_in), "{shown:?}");
        let ours = browser.get("https://login.example.com/").await;
        let is_done = ours.body.contains("there is nothing to do here");
        assert!(is_done, "{ours:?}");
    }
}
