//! Binds the address to listen on, and says which user has it if it is in use.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::clients::backoff::Backoff;
use crate::daemon::lifecycle::supervisor;
use crate::http;

/// `st` of a socket that listens (Linux, `include/net/tcp_states.h`).
const LISTENING: &str = "0A";

/// Binds `address`. Tries again while it is in use, and logs that once. `None`:
/// stopped before it was free.
pub(super) async fn bind(
    address: SocketAddr,
    stop: &CancellationToken,
) -> anyhow::Result<Option<TcpListener>> {
    let mut backoff = Backoff::new();
    let mut is_logged = false;
    loop {
        match http::listen(address) {
            Ok(listener) => return Ok(Some(listener)),
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                return Err(error).with_context(|| format!("cannot listen on {address}"));
            }
            Err(_) if !is_logged => {
                is_logged = true;
                let whose = owner(address).map_or_else(String::new, |uid| format!(" (uid {uid})"));
                tracing::error!(
                    "cannot listen on {address}: it is in use by another program{whose}; trying \
                     again until it is free. Stop that program, or change listen.address"
                );
                supervisor::status(&format!("waiting for {address}, which another program has"));
            }
            Err(_) => {}
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(None),
            () = tokio::time::sleep(backoff.next_wait()) => {}
        }
    }
}

/// Returns the uid of the process that listens on `address`, if the kernel
/// shows it.
fn owner(address: SocketAddr) -> Option<u32> {
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| owner_in(&table, address))
}

/// Returns the uid in the line for a socket that listens on `address`, or on
/// all addresses with the same port.
fn owner_in(table: &str, address: SocketAddr) -> Option<u32> {
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
        (state == LISTENING && takes).then_some(uid)
    })
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
    use std::io::{Read, Seek};
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_port_in_use_is_logged_once_and_taken_when_it_is_free() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let log = tracing_subscriber::fmt().with_writer(Arc::clone(&file));
        let _logging = tracing::subscriber::set_default(log.finish());
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = other.local_addr().unwrap();
        let stop = CancellationToken::new();
        let (bound, ()) = tokio::join!(bind(address, &stop), async {
            tokio::time::sleep(Duration::from_hours(1)).await;
            drop(other);
        });
        assert_eq!(bound.unwrap().unwrap().local_addr().unwrap(), address);
        let mut log = String::new();
        (&*file).rewind().unwrap();
        (&*file).read_to_string(&mut log).unwrap();
        let uid = nix::unistd::Uid::effective();
        let words = format!("in use by another program (uid {uid});");
        assert_eq!(log.matches(&words).count(), 1, "{log}");
        assert_eq!(log.matches("ERROR").count(), 1, "{log}");
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
            let found = owner_in(&table, address.parse().unwrap());
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
