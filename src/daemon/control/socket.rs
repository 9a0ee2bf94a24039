//! The socket's file: its owner's alone from the first moment, gone at the
//! end.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixSocket, UnixStream};

/// Whoever asks is one person at a terminal.
const BACKLOG: u32 = 16;

const OWNER_ALONE: u32 = 0o600;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// It is not ours to replace.
    #[error("there is a file at {0} that is not a socket; control.socket chooses another place")]
    NotASocket(PathBuf),
    /// A daemon with another state has the same path.
    #[error("another daemon answers at {0}; control.socket chooses another place")]
    InUse(PathBuf),
    /// It cannot be made.
    #[error("make the socket {path}")]
    Make {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Listens at a path, and removes the file when dropped.
#[derive(Debug)]
pub struct Socket {
    path: PathBuf,
    listener: UnixListener,
}

impl Socket {
    /// Listens at `path`, in place of a daemon that has died.
    pub async fn bind(path: &Path) -> Result<Self, SocketError> {
        let make = |source| SocketError::Make {
            path: path.to_owned(),
            source,
        };
        if UnixStream::connect(path).await.is_ok() {
            return Err(SocketError::InUse(path.to_owned()));
        }
        match fs::symlink_metadata(path) {
            Ok(file) if file.file_type().is_socket() => fs::remove_file(path).map_err(make)?,
            Ok(_) => return Err(SocketError::NotASocket(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(make(error)),
        }
        let listener = listen(path).map_err(make)?;
        Ok(Self {
            path: path.to_owned(),
            listener,
        })
    }

    /// The next who asks.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // It may be gone already, with its directory.
        let _ = fs::remove_file(&self.path);
    }
}

/// Linux gives the file the mode of the socket that is bound (unix(7) does not
/// say so; `net/unix/af_unix.c` does), so that there is no moment between the
/// two. The path's own mode is set all the same, for a kernel that does not.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let socket = UnixSocket::new_stream()?;
    let private = || Permissions::from_mode(OWNER_ALONE);
    let same_socket = File::from(socket.as_fd().try_clone_to_owned()?);
    same_socket.set_permissions(private())?;
    socket.bind(path)?;
    fs::set_permissions(path, private())?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use tokio::net::UnixSocket;

    use super::{Socket, SocketError};

    #[tokio::test]
    async fn the_socket_is_its_owners_alone_and_goes_with_the_daemon() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("control.sock");
        let socket = Socket::bind(&path).await.unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_dead_daemons_socket_is_replaced_and_a_live_ones_is_not() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("control.sock");
        let dead = UnixSocket::new_stream().unwrap();
        dead.bind(&path).unwrap();
        drop(dead);
        assert!(path.exists());
        let _live = Socket::bind(&path).await.unwrap();
        let second = Socket::bind(&path).await.unwrap_err();
        assert!(matches!(second, SocketError::InUse(_)), "{second}");
        assert!(path.exists());
    }

    #[tokio::test]
    async fn somebodys_file_is_not_taken_for_a_socket() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("control.sock");
        fs::write(&path, "precious").unwrap();
        let error = Socket::bind(&path).await.unwrap_err();
        assert!(matches!(error, SocketError::NotASocket(_)), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
}
