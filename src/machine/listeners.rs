//! The sockets of this machine that listen, and their processes.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// `st` of a socket that listens (Linux, `include/net/tcp_states.h`).
const LISTENING: &str = "0A";

/// A socket that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The user of its process.
    pub uid: u32,
    inode: u64,
}

/// A running process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The process ID.
    pub pid: u32,
    /// The name of its program, which the process can change.
    pub name: String,
}

impl Listener {
    /// Returns the socket that listens on `address`, or on all addresses with
    /// the same port, if the kernel shows it.
    pub fn on(address: SocketAddr) -> Option<Self> {
        ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .find_map(|table| Self::in_table(&table, address))
    }

    fn in_table(table: &str, address: SocketAddr) -> Option<Self> {
        table.lines().skip(1).find_map(|line| {
            let mut fields = line.split_ascii_whitespace();
            let local = local_address(fields.nth(1)?)?;
            // After the remote address.
            let state = fields.nth(1)?;
            let takes = local.port() == address.port()
                && (local.ip() == address.ip()
                    || local.ip().is_unspecified()
                    || address.ip().is_unspecified());
            // After the queues, the timer and the retransmissions.
            let uid = fields.nth(3)?.parse().ok()?;
            // After the timeout.
            let inode = fields.nth(1)?.parse().ok()?;
            (state == LISTENING && takes).then_some(Self { uid, inode })
        })
    }

    /// Returns the process that has the socket open. `None` for a process of
    /// another user: the kernel shows its files to root only.
    pub fn process(self) -> Option<Process> {
        let socket = PathBuf::from(format!("socket:[{}]", self.inode));
        let processes = fs::read_dir("/proc").ok()?.flatten();
        let pid = processes
            .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
            .find(|pid| has_open(*pid, &socket))?;
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        Some(Process {
            pid,
            name: name.trim_end().to_owned(),
        })
    }
}

fn has_open(pid: u32, socket: &PathBuf) -> bool {
    let files = fs::read_dir(format!("/proc/{pid}/fd"));
    let mut files = files.into_iter().flatten().flatten();
    files.any(|file| fs::read_link(file.path()).is_ok_and(|target| target == *socket))
}

/// Reads `0100007F:15B4`: each 32 bits of the address as a number in the byte
/// order of this machine, then the port.
fn local_address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::with_capacity(16);
    let mut rest = ip;
    while let Some((word, more)) = rest.split_at_checked(8) {
        bytes.extend(u32::from_str_radix(word, 16).ok()?.to_ne_bytes());
        rest = more;
    }
    let ip: IpAddr = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(v4) => Ipv4Addr::from(v4).into(),
        Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_process_of_a_socket_is_found() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let listener = Listener::on(socket.local_addr().unwrap()).unwrap();
        assert_eq!(listener.uid, nix::unistd::geteuid().as_raw());
        let process = listener.process().unwrap();
        assert_eq!(process.pid, std::process::id());
        assert!(!process.name.is_empty());
    }

    /// As Linux 6.1 writes it on a machine with little-endian numbers.
    #[cfg(target_endian = "little")]
    #[test]
    fn the_owner_of_a_port_is_found_in_the_kernels_tables() {
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   \
                    uid  timeout inode\n";
        let line = |local: &str, state: &str, uid: u32| {
            format!(
                "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000  {uid} \
                 0 654 1 00000000507e5c45 100 0 0 10 0\n"
            )
        };
        let check = |table: &[String], address: &str, expected: Option<u32>| {
            let table = format!("{head}{}", table.concat());
            let found = Listener::in_table(&table, address.parse().unwrap());
            let found = found.map(|listener| (listener.uid, listener.inode));
            let expected = expected.map(|uid: u32| (uid, 654));
            assert_eq!(found, expected, "{address} in {table}");
        };
        let ours = line("0100007F:15B4", LISTENING, 1000);
        check(std::slice::from_ref(&ours), "127.0.0.1:5556", Some(1000));
        check(std::slice::from_ref(&ours), "0.0.0.0:5556", Some(1000));
        check(std::slice::from_ref(&ours), "127.0.0.1:5557", None);
        check(std::slice::from_ref(&ours), "10.0.0.1:5556", None);
        let connected = line("0100007F:15B4", "01", 33);
        check(&[connected, ours], "127.0.0.1:5556", Some(1000));
        let all = line("00000000000000000000000000000000:15B4", LISTENING, 7);
        check(&[all], "127.0.0.1:5556", Some(7));
        let mapped = line("0000000000000000FFFF00000100007F:15B4", LISTENING, 8);
        check(&[mapped], "127.0.0.1:5556", Some(8));
        let v6 = line("00000000000000000000000001000000:15B4", LISTENING, 9);
        check(&[v6], "[::1]:5556", Some(9));
        check(
            &["damaged".to_owned(), "0: x y".to_owned()],
            "[::1]:5556",
            None,
        );
    }
}
