//! The daemon between DSM, DSM's reverse proxy, a router and Google, each with
//! its place in a network of its own.

pub(crate) mod front;
pub(crate) mod nameserver;
pub(crate) mod network;
mod task;

use std::fs;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use fakes::certificates::{Authorities, Certificate};
use fakes::google::FakeGoogle;
use fakes::house::{House, Plan};
use fakes::reverse_proxy::{Desktop, Rule};
use google_to_synology_sso::http;
use google_to_synology_sso::machine::clock::SystemClock;

use self::front::{Conduct, Front};
use self::nameserver::{Answer, Nameserver};
use self::network::{GOOGLE, HOME, NAS, Network, run};
use crate::support::command_line::bare;
use crate::support::nginx::write_public;
use crate::support::process::{Process, tool, until};

/// The public name, as in the issuer.
pub(crate) const NAME: &str = "login.example.com";

/// Google's issuer is the real one: the network has another owner of its name.
pub(crate) const NAME_OF_GOOGLE: &str = "accounts.google.com";

pub(crate) const HTTPS: u16 = 443;

/// The port of the daemon.
pub(crate) const OURS: u16 = 5556;

/// A page of a web server that has nothing to do with us.
pub(crate) const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\
                               connection: close\r\n\r\n<!DOCTYPE html><h1>Welcome</h1>";

/// Everything that a sign-in needs, until a test breaks a part of it.
pub(crate) struct Stage<'n> {
    pub(crate) network: &'n Network,
    pub(crate) house: House,
    pub(crate) names: Nameserver,
    pub(crate) authorities: Authorities,
    /// What has port 443 of the router.
    pub(crate) router: Option<Front>,
    /// What has port 443 of Google.
    pub(crate) google: Option<Front>,
    pub(crate) daemon: Option<Process>,
    rule: Rule,
    proxy: Option<Process>,
    /// Servers that a test has added.
    pub(crate) others: Vec<Front>,
}

impl<'n> Stage<'n> {
    /// Starts everything, and waits until the daemon has read DSM and Google.
    pub(crate) fn new(network: &'n Network) -> Self {
        let mut stage = Self::without_daemon(network);
        stage.start_daemon();
        let house = &stage.house;
        network
            .runtime
            .block_on(until("the first refresh has ended", || {
                let is_saved = house.rows("users") > 0 && house.rows("documents") == 2;
                is_saved && house.dsm.counts().open_sessions == 0
            }));
        stage
    }

    /// Starts everything but the daemon.
    pub(crate) fn without_daemon(network: &'n Network) -> Self {
        network.plug_in();
        let plan = Plan {
            issuer: Some(format!("https://{NAME}")),
            ..Plan::default()
        };
        let (house, google) = network.runtime.block_on(async {
            let mut house = House::for_built_daemon(plan, OURS).await;
            let listener = http::listen(([127, 0, 0, 1], 0).into()).unwrap();
            let address = listener.local_addr().unwrap();
            let url = format!("https://{NAME_OF_GOOGLE}");
            house.google = FakeGoogle::behind(&url, listener, Arc::new(SystemClock::new()));
            (house, address)
        });
        let authorities = Authorities::new("Public");
        let mut stage = Self {
            network,
            house,
            names: Nameserver::start(network),
            rule: Rule::of_the_guide(NAME, OURS, authorities.issue(NAME, -1..60)),
            authorities,
            router: None,
            google: None,
            daemon: None,
            proxy: None,
            others: Vec::new(),
        };
        stage.names.set(NAME, leads_to(HOME));
        stage.names.set(NAME_OF_GOOGLE, leads_to(GOOGLE));
        let certificate = stage.authorities.issue(NAME_OF_GOOGLE, -1..60);
        stage.google = Some(stage.front(GOOGLE, Some(&certificate), Conduct::Forward(google)));
        let nas = (NAS, HTTPS).into();
        stage.router = Some(stage.front(HOME, None, Conduct::Forward(nas)));
        write_public(&stage.store(), &stage.authorities.root);
        stage.house.write_config();
        stage.start_proxy();
        stage
    }

    /// Starts a server at port 443 of an address outside.
    pub(crate) fn front(
        &self,
        address: Ipv4Addr,
        certificate: Option<&Certificate>,
        conduct: Conduct,
    ) -> Front {
        let listener = self.network.listen(address, HTTPS);
        Front::start(self.network, listener, certificate, conduct)
    }

    /// Adds a server outside.
    pub(crate) fn add(
        &mut self,
        address: Ipv4Addr,
        certificate: Option<&Certificate>,
        conduct: Conduct,
    ) {
        let front = self.front(address, certificate, conduct);
        self.others.push(front);
    }

    /// Changes the rule in DSM's reverse proxy.
    pub(crate) fn change_rule(&mut self, change: impl FnOnce(&mut Rule)) {
        change(&mut self.rule);
        self.start_proxy();
    }

    fn start_proxy(&mut self) {
        drop(self.proxy.take());
        let directory = self.house.home.path().join("proxy");
        let mut nginx = (self.rule).nginx(Desktop::default(), &directory, &tool("nginx"));
        self.proxy = Some(Process::start(&mut nginx, self.rule.port, &directory));
        let entry = self.rule.entry();
        self.house
            .dsm
            .change(|dsm| dsm.settings.proxy = entry.into_iter().collect());
    }

    /// Replaces a text of the config, and starts the daemon again.
    pub(crate) fn configure(&mut self, old: &str, new: &str) {
        self.edit(old, new);
        self.start_daemon();
    }

    /// Replaces a text of the config.
    pub(crate) fn edit(&self, old: &str, new: &str) {
        let path = self.house.home.path().join("config.toml");
        let config = fs::read_to_string(&path).unwrap();
        assert!(config.contains(old), "{old} in {config}");
        fs::write(&path, config.replace(old, new)).unwrap();
    }

    fn start_daemon(&mut self) {
        drop(self.daemon.take());
        let mut command = self.program(&["run"]);
        let home = self.house.home.path();
        self.daemon = Some(Process::start(&mut command, OURS, home));
    }

    /// Runs `doctor`.
    pub(crate) fn doctor(&self, arguments: &[&str]) -> Output {
        let mut command = self.program(&[&["doctor"], arguments].concat());
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// The program with the config, and with DSM's store of authorities.
    fn program(&self, arguments: &[&str]) -> Command {
        self.program_in(self.house.home.path(), arguments)
    }

    /// The same with the config in `home`.
    pub(crate) fn program_in(&self, home: &Path, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        command.arg("--config").arg(home.join("config.toml"));
        command.env_remove("SSL_CERT_DIR");
        command.env("SSL_CERT_FILE", self.store());
        command
    }

    /// Starts another web server on this machine.
    pub(crate) fn add_on_the_nas(&mut self, port: u16) {
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let conduct = Conduct::Respond(PAGE.to_owned());
        let front = Front::start(self.network, listener, None, conduct);
        self.others.push(front);
    }

    /// Leaves 32 MB of the disk.
    pub(crate) fn fill_disk(&self) {
        let home = self.house.home.path();
        let found = rustix::fs::statvfs(home).unwrap();
        let free = found.f_bavail * found.f_frsize;
        let length = usize::try_from(free - (32 << 20)).unwrap();
        fs::write(home.join("films"), vec![0; length]).unwrap();
    }

    /// As after an error of the file system.
    pub(crate) fn make_disk_read_only(&self) {
        let home = self.house.home.path().to_str().unwrap();
        run(&["mount", "--bind", home, home]);
        run(&["mount", "-o", "remount,bind,ro", home]);
    }

    fn store(&self) -> PathBuf {
        self.house.home.path().join("proxy/authorities.pem")
    }
}

/// A record of a name.
pub(crate) fn leads_to(address: impl Into<IpAddr>) -> Answer {
    Answer::Addresses(vec![address.into()])
}
