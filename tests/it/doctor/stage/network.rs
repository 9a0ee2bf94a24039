//! A network of its own for each test: the NAS behind a router, and the
//! Internet beyond it.
//!
//! The test runs again as the first process in new namespaces, in which it is
//! the NAS. When that process ends, all others end, and every address and mount
//! is removed. Root is not necessary.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use fakes::namespaces;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tokio::runtime::Runtime;

use crate::support::process::tool;

/// The NAS.
pub(crate) const NAS: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 10);

/// The router, as the NAS sees it: its gateway and its nameserver.
pub(crate) const ROUTER: Ipv4Addr = Ipv4Addr::new(192, 168, 1, 1);

/// The router's address on the Internet. The public name leads here, and the
/// router forwards port 443 to the NAS, also for the NAS itself (hairpin NAT).
pub(crate) const HOME: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 5);

/// Google.
pub(crate) const GOOGLE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 7);

/// Another server on the Internet.
pub(crate) const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 9);

/// The address that the provider had given to the router before.
pub(crate) const FORMER_HOME: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 77);

/// A limit in case a process in the namespaces hangs.
const MOST_SECONDS: &str = "300";

/// The network around the NAS; the files of all programs.
pub(crate) struct Network {
    pub(crate) runtime: Runtime,
    outside: Outside,
}

/// Runs `story` on a NAS. The test's name is that of the closure `S`.
pub(crate) fn on_a_nas<S>(story: S)
where
    S: FnOnce(&Network),
{
    if namespaces::is_first_process() {
        return story(&Network::new());
    }
    let disk = tempfile::tempdir().unwrap();
    // Each process ends with its parent, even if that was killed.
    let ends_with_us = ["--pdeathsig", "KILL", "--"];
    let mut command = Command::new(tool("setpriv"));
    command.args(ends_with_us).arg(tool("timeout"));
    command.args(["--signal=KILL", MOST_SECONDS]);
    command.arg(tool("setpriv")).args(ends_with_us);
    command.arg(tool("unshare"));
    command.args(["--user", "--map-root-user", "--mount", "--net"]);
    command.current_dir(&disk).env("TMPDIR", disk.path());
    command.stdin(Stdio::null());
    namespaces::run_again::<S>(command);
}

impl Network {
    fn new() -> Self {
        let disk = env::current_dir().unwrap();
        run(&[
            "mount",
            "-t",
            "tmpfs",
            "-o",
            "mode=755,size=256m",
            "tmpfs",
            disk.to_str().unwrap(),
        ]);
        // The process looks at the directory below the mount until it enters
        // it again.
        env::set_current_dir(&disk).unwrap();
        for (name, text) in [
            ("resolv.conf", format!("nameserver {ROUTER}\n")),
            ("hosts", "127.0.0.1 localhost\n".to_owned()),
            ("nsswitch.conf", "hosts: files dns\n".to_owned()),
        ] {
            let ours = disk.join(name);
            fs::write(&ours, text).unwrap();
            let system = Path::new("/etc").join(name);
            run(&[
                "mount",
                "--bind",
                ours.to_str().unwrap(),
                system.to_str().unwrap(),
            ]);
        }
        let outside = Outside::new();
        let id = outside.holder.id().to_string();
        run(&["ip", "link", "set", "lo", "up"]);
        run(&[
            "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "lan", "netns", &id,
        ]);
        run(&["ip", "address", "add", &format!("{NAS}/24"), "dev", "eth0"]);
        run(&["ip", "link", "set", "eth0", "up"]);
        outside.run(&["ip", "link", "set", "lo", "up"]);
        outside.address("add", ROUTER, 24);
        outside.run(&["ip", "link", "set", "lan", "up"]);
        run(&["ip", "route", "add", "default", "via", &ROUTER.to_string()]);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let network = Self { runtime, outside };
        network.plug_in();
        network
    }

    /// Listens at an address of the router or of the Internet.
    pub(crate) fn listen(&self, address: Ipv4Addr, port: u16) -> TcpListener {
        let address = SocketAddrV4::new(address, port);
        self.outside.make(|| TcpListener::bind(address).unwrap())
    }

    /// Adds an address outside.
    pub(crate) fn add(&self, address: Ipv4Addr) {
        self.outside.address("add", address, 32);
    }

    /// Has the router drop all packets to `address`.
    pub(crate) fn unplug(&self, address: Ipv4Addr) {
        self.outside.address("delete", address, 32);
    }

    /// Undoes what tests have unplugged.
    pub(crate) fn plug_in(&self) {
        for address in [HOME, GOOGLE, ELSEWHERE] {
            self.outside.address("replace", address, 32);
        }
    }

    /// The socket of the router's nameserver.
    pub(crate) fn nameserver(&self) -> UdpSocket {
        self.outside.make(|| UdpSocket::bind((ROUTER, 53)).unwrap())
    }
}

/// The network namespace of the router and the Internet, as long as its only
/// process lives.
struct Outside {
    holder: Child,
}

impl Outside {
    fn new() -> Self {
        let mut command = Command::new(tool("unshare"));
        command.args(["--net", "--", "cat"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = command.spawn().unwrap();
        // Echoed once cat runs, which is after the namespace was made.
        holder.stdin.as_mut().unwrap().write_all(b"?").unwrap();
        let mut echo = [0];
        let output = holder.stdout.as_mut().unwrap();
        output.read_exact(&mut echo).unwrap();
        Self { holder }
    }

    /// Creates a socket in this namespace, which stays there.
    fn make<T: Send>(&self, socket: impl FnOnce() -> T + Send) -> T {
        let namespace = fs::File::open(format!("/proc/{}/ns/net", self.holder.id())).unwrap();
        let inside = || {
            move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            socket()
        };
        thread::scope(|scope| scope.spawn(inside).join().unwrap())
    }

    fn address(&self, change: &str, address: Ipv4Addr, bits: u8) {
        let address = format!("{address}/{bits}");
        self.run(&["ip", "address", change, &address, "dev", "lan"]);
    }

    fn run(&self, command: &[&str]) {
        let namespace = format!("--net=/proc/{}/ns/net", self.holder.id());
        run(&[&["nsenter", &namespace, "--"], command].concat());
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &[&str]) {
    let done = Command::new(tool(command[0])).args(&command[1..]).output();
    let done = done.unwrap();
    assert!(done.status.success(), "{command:?}: {done:?}");
}
