//! Commands that ask a daemon which runs in the test.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use fakes::house::House;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::spawn_blocking;

use super::command_line::{bare, text};
use super::process::until;

/// Runs `arguments` with the config of `house`, once its control socket is
/// open.
pub(crate) async fn command(house: &House, arguments: &[&str]) -> Output {
    let socket = socket(house);
    until("the daemon answers", || {
        std::os::unix::net::UnixStream::connect(&socket).is_ok()
    })
    .await;
    command_at_once(house, arguments).await
}

/// Runs `arguments` immediately, whether the control socket is open or not.
pub(crate) fn command_at_once(
    house: &House,
    arguments: &[&str],
) -> impl Future<Output = Output> + Send + 'static {
    let mut command = bare(arguments);
    command
        .arg("--config")
        .arg(house.home.path().join("config.toml"));
    command.stdin(Stdio::null());
    // The daemon that answers runs on this thread.
    let output = spawn_blocking(move || command.output().unwrap());
    async move { output.await.unwrap() }
}

/// Returns the JSON output of a command that must succeed.
pub(crate) async fn report(house: &House, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    let output = command(house, &arguments).await;
    assert_eq!(text(&output.stderr), "", "{arguments:?}");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    let report = text(&output.stdout);
    assert!(report.ends_with('\n') && report.lines().count() == 1);
    serde_json::from_str(report).unwrap()
}

/// Asks the daemon of `house` by its control socket; returns the whole answer.
pub(crate) async fn answer(house: &House, request: &Value) -> Value {
    let path = socket(house);
    until("the control socket is open", || path.exists()).await;
    let mut stream = UnixStream::connect(path).await.unwrap();
    let line = format!("{request}\n");
    stream.write_all(line.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    serde_json::from_str(&answer).unwrap()
}

pub(crate) fn socket(house: &House) -> PathBuf {
    house.home.path().join("control.sock")
}
