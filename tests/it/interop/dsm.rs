//! Stands in for DSM until the fake that everybody uses is here.

use std::future::ready;

use fakes::server::{Received, Reply, Server, reply};

/// Lists one user, jeanne@gmail.com.
pub(super) async fn start() -> Server {
    Server::start(|request| ready(answer(&request))).await
}

fn answer(request: &Received) -> Reply {
    let api = request.parameter("api").unwrap_or_default();
    let method = request.parameter("method").unwrap_or_default();
    let body = match (api.as_str(), method.as_str()) {
        ("SYNO.API.Info", _) => INFO,
        ("SYNO.API.Auth", "login") => LOGIN,
        ("SYNO.API.Auth", _) => r#"{"success":true}"#,
        ("SYNO.Core.User", _) => USERS,
        ("SYNO.Core.Group.Member", _) => MEMBERS,
        _ => r#"{"error":{"code":102},"success":false}"#,
    };
    reply(200, "application/json", body)
}

const INFO: &str = r#"{"data":{
    "SYNO.API.Auth":{"path":"entry.cgi","minVersion":1,"maxVersion":7},
    "SYNO.Core.User":{"path":"entry.cgi","minVersion":1,"maxVersion":1},
    "SYNO.Core.Group.Member":{"path":"entry.cgi","minVersion":1,"maxVersion":1}
},"success":true}"#;

const LOGIN: &str = r#"{"data":{"did":"d","sid":"s","synotoken":"t"},"success":true}"#;

const USERS: &str = r#"{"data":{"offset":0,"total":2,"users":[
    {"name":"sso-reader","email":"","expired":"normal"},
    {"name":"jeanne","email":"Jeanne@gmail.com","expired":"normal"}
]},"success":true}"#;

const MEMBERS: &str = r#"{"data":{"offset":0,"total":1,"users":[
    {"name":"sso-reader","uid":1026}
]},"success":true}"#;
