//! The file of the control socket. Only its owner can open it, from the moment
//! it exists.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixSocket, UnixStream};

/// The length of the queue of connections.
const BACKLOG: u32 = 16;

const OWNER_ONLY: u32 = 0o600;

/// Why the socket cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    #[error("there is a file at {0} that is not a socket; control.socket chooses another place")]
    NotASocket(PathBuf),
    /// A daemon with another state uses the same path.
    #[error("another daemon uses {0}; control.socket chooses another place")]
    InUse(PathBuf),
    #[error("cannot create the socket {path}")]
    Create { path: PathBuf, source: io::Error },
}

/// A listener that removes its file when dropped.
#[derive(Debug)]
pub(crate) struct Socket {
    path: PathBuf,
    listener: UnixListener,
}

impl Socket {
    /// Listens at `path`. Replaces the file of a daemon that has died.
    pub(crate) async fn bind(path: &Path) -> Result<Self, SocketError> {
        let create = |source| SocketError::Create {
            path: path.to_owned(),
            source,
        };
        if UnixStream::connect(path).await.is_ok() {
            return Err(SocketError::InUse(path.to_owned()));
        }
        match fs::symlink_metadata(path) {
            Ok(file) if file.file_type().is_socket() => fs::remove_file(path).map_err(create)?,
            Ok(_) => return Err(SocketError::NotASocket(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(create(error)),
        }
        let listener = listen(path).map_err(create)?;
        Ok(Self {
            path: path.to_owned(),
            listener,
        })
    }

    pub(crate) async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // An error means that it is gone already, with its directory.
        let _ = fs::remove_file(&self.path);
    }
}

/// Linux creates the file with the mode of the socket that is bound (unix(7)
/// does not say so; `net/unix/af_unix.c` does), so it is private from the
/// beginning. The mode is set again for a kernel that does not.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let socket = UnixSocket::new_stream()?;
    let private = || Permissions::from_mode(OWNER_ONLY);
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
    async fn an_existing_file_is_not_replaced_by_the_socket() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("control.sock");
        fs::write(&path, "precious").unwrap();
        let error = Socket::bind(&path).await.unwrap_err();
        assert!(matches!(error, SocketError::NotASocket(_)), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }
}
