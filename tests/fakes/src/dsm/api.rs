//! The responses of the fake DSM, and the source of each.
//!
//! "Recorded": others saw it on a device and published it; the key after it is
//! the source.
//!
//! - mib: mib1185/py-synologydsm-api, its recorded answers of DSM 5 to 7
//! - probed: pmilano1/synology-dsm-api, `docs/api-reference/probed`, DSM 7.4
//! - schemas: mikespub/synology, `tools/schemas`, from a live DSM
//! - mock: supermarsx/sortOfRemoteNG, its own mock of DSM and shape tests
//! - N4S4: N4S4/synology-api
//! - mael: the struct and the sample answer in maelvls/dex, DSM 7.2
//! - dsmaccess, dsm-mini: the projects of these names, live on DSM 7.2.2 to
//!   7.4 over loopback
//! - guide: Synology's "DSM Login Web API Guide"
//! - HA: home-assistant/core, issues #54238 and #103627
//!
//! "Guess": not published anywhere.

use serde_json::{Value, json};

use super::{Api, FakeUser, Instead, State, writes};
use crate::server::{Received, Reply, reply};

/// An open session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    sid: String,
    /// `None` if the sign-in did not request one.
    token: Option<String>,
    /// The version of `SYNO.API.Auth`.
    pub(super) version: u32,
}

/// A response before it is sent.
#[derive(Debug)]
pub(super) struct Plain {
    status: u16,
    content_type: &'static str,
    cookie: Option<String>,
    body: String,
}

impl Plain {
    /// Recorded (mib): JSON with status 200, even for failures.
    pub(super) fn json(json: &Value) -> Self {
        Self {
            status: 200,
            content_type: "application/json; charset=\"UTF-8\"",
            cookie: None,
            body: json.to_string(),
        }
    }

    /// Recorded (mib, probed): the code in an object.
    pub(super) fn failure(code: i64) -> Self {
        Self::json(&json!({"error": {"code": code}, "success": false}))
    }

    pub(super) fn success(data: &Value) -> Self {
        Self::json(&json!({"data": data, "success": true}))
    }

    /// Guess: a starting DSM is known to respond with pages (the Dex fork
    /// crashed on them), but their text is not known.
    pub(super) fn page(status: u16) -> Self {
        Self {
            status,
            content_type: "text/html",
            cookie: None,
            body: "<!DOCTYPE html><title>DSM</title><p>The system is getting ready.</p>".into(),
        }
    }

    /// Recorded with nginx 1.22.1.
    pub(super) fn plain_to_https() -> Self {
        Self {
            status: 400,
            content_type: "text/html",
            cookie: None,
            body: "<html>\r\n\
                <head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n\
                <body>\r\n\
                <center><h1>400 Bad Request</h1></center>\r\n\
                <center>The plain HTTP request was sent to HTTPS port</center>\r\n\
                <hr><center>nginx/1.22.1</center>\r\n\
                </body>\r\n\
                </html>\r\n"
                .into(),
        }
    }

    /// Guess: a proxy may cut a response off.
    pub(super) fn cut(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }

    /// Guess: JSON allows spaces before it.
    pub(super) fn after(mut self, blanks: usize) -> Self {
        self.body.insert_str(0, &" ".repeat(blanks));
        self
    }

    pub(super) fn reply(self) -> Reply {
        let mut reply = reply(self.status, self.content_type, self.body);
        if let Some(cookie) = self.cookie {
            let cookie = cookie.parse().unwrap();
            reply.headers_mut().insert("set-cookie", cookie);
        }
        reply
    }
}

impl State {
    /// Records `request`, and returns what replaces its response.
    pub(super) fn begin(&mut self, request: &Received) -> Option<Instead> {
        self.requests.push(request.clone());
        let api = Api::of(request)?;
        if api == Api::Users {
            self.counts.user_lists += 1;
        }
        let queue = self.behaviour.next.get_mut(&api);
        let next = queue.and_then(std::collections::VecDeque::pop_front);
        let instead = next.or_else(|| self.behaviour.always.get(&api).cloned());
        if let (Api::SignIn, Some(Instead::Code(_))) = (api, &instead) {
            self.counts.refused_sign_ins += 1;
        }
        instead
    }

    /// The usual answer. The order of the checks is recorded (mock, probed):
    /// 101 to 104 with the version before the method, then 119, then 105,
    /// then the parameters.
    pub(super) fn usual(&mut self, request: &Received) -> Plain {
        // Recorded (mael, mib): DSM 7 has everything at entry.cgi; query.cgi
        // is older. Guess: the page for any other path.
        let path = request.uri.path();
        if !matches!(path, "/webapi/entry.cgi" | "/webapi/query.cgi") {
            return Plain::page(404);
        }
        let named = ["api", "method", "version"].map(|name| request.parameter(name));
        let [Some(api), Some(_), Some(version)] = named else {
            return Plain::failure(101);
        };
        let apis = self.apis();
        let Some((_, lowest, highest)) = apis.iter().find(|(name, ..)| *name == api) else {
            return Plain::failure(102);
        };
        if !version
            .parse()
            .is_ok_and(|v| (*lowest..=*highest).contains(&v))
        {
            return Plain::failure(104);
        }
        match Api::of(request) {
            None => Plain::failure(103),
            Some(Api::Info) => self.info(),
            Some(Api::SignIn) => self.sign_in(request),
            Some(Api::SignOut) => self.sign_out(request),
            Some(Api::Users) => self.with_rights(request, Self::users),
            Some(Api::Groups) => self.with_rights(request, Self::groups),
            Some(Api::Members) => self.with_rights(request, Self::members),
            Some(Api::PowerSchedule) => self.with_rights(request, Self::power_schedule),
            Some(Api::SsoProfile) => self.with_rights(request, Self::sso_profile),
            Some(Api::SsoClient) => self.with_rights(request, Self::sso_client),
            Some(Api::SsoDefault) => self.with_rights(request, Self::sso_default),
            Some(Api::ProxyRules) => self.with_rights(request, Self::proxy_rules),
            Some(Api::Web) => self.with_rights(request, Self::web),
            Some(Api::Version) => self.with_rights(request, Self::version),
            Some(Api::SetSsoClient) => self.write(request, writes::set_client),
            Some(Api::SetSsoProfile) => self.write(request, writes::set_profile),
            Some(Api::CreateProxyRule) => self.write(request, writes::create_rule),
            Some(Api::UpdateProxyRule) => self.write(request, writes::update_rule),
            Some(Api::DeleteProxyRule) => self.write(request, writes::delete_rules),
        }
    }

    /// The versions of each API. Recorded (mib, schemas): those of DSM 7. A
    /// test may lower that of `SYNO.API.Auth`. Guess: a release of DSM 7 with
    /// less than 7 exists.
    fn apis(&self) -> [(&'static str, u32, u32); 12] {
        [
            ("SYNO.API.Info", 1, 1),
            ("SYNO.API.Auth", 1, self.behaviour.highest_auth_version),
            ("SYNO.Core.User", 1, 1),
            ("SYNO.Core.Group", 1, 1),
            ("SYNO.Core.Group.Member", 1, 1),
            ("SYNO.Core.Hardware.PowerSchedule", 1, 1),
            ("SYNO.Core.Directory.SSO.Profile", 1, 1),
            ("SYNO.Core.Directory.OIDC.SSO", 1, 1),
            ("SYNO.Core.Directory.SSO.Setting", 1, 1),
            ("SYNO.Core.AppPortal.ReverseProxy", 1, 1),
            ("SYNO.Core.Web.DSM", 1, 2),
            ("SYNO.DSM.Info", 2, 2),
        ]
    }

    /// Recorded (mib): needs no session. Guess: the response lists all APIs,
    /// whatever `query` names.
    fn info(&self) -> Plain {
        let apis = self.apis().map(|(name, lowest, highest)| {
            let mut api = json!({"path": "entry.cgi", "minVersion": lowest, "maxVersion": highest});
            if name.starts_with("SYNO.Core.") {
                api["requestFormat"] = "JSON".into();
            }
            (name.to_owned(), api)
        });
        Plain::success(&Value::Object(apis.into_iter().collect()))
    }

    /// Recorded (dsmaccess, dsm-mini): versions 6 and 7 take the same
    /// parameters over loopback; a session of either may list.
    /// Recorded (mib, HA): `is_portal_port`, `sid`, the `synotoken` only when
    /// it was asked for, and the cookie `id`; 400 for a wrong account or
    /// password. Guess: 400 also for a missing one, and the second factor
    /// after the password.
    fn sign_in(&mut self, request: &Received) -> Plain {
        let account = request.parameter("account").unwrap_or_default();
        let password = request.parameter("passwd").unwrap_or_default();
        // Guess: DSM ignores the case of an account name.
        let named = account.eq_ignore_ascii_case(&self.behaviour.account);
        if !named || password != self.behaviour.password {
            self.counts.refused_sign_ins += 1;
            return Plain::failure(400);
        }
        let device_token = match self.second_factor(request) {
            Ok(token) => token,
            Err(refused) => {
                self.counts.refused_sign_ins += 1;
                return refused;
            }
        };
        let counts = &mut self.counts;
        counts.sign_ins += 1;
        counts.open_sessions += 1;
        counts.most_open_sessions = counts.most_open_sessions.max(counts.open_sessions);
        let sid = format!("sid-{}", counts.sign_ins);
        let wanted = request.parameter("enable_syno_token").as_deref() == Some("yes");
        let token = wanted.then(|| format!("token-{}", counts.sign_ins));
        let mut data = json!({"is_portal_port": false, "sid": sid});
        if let Some((key, token)) = device_token {
            data[key] = token.into();
        }
        if let Some(token) = &token {
            data["synotoken"] = token.clone().into();
        }
        self.sessions.push(Session {
            sid: sid.clone(),
            token,
            version: request.parameter("version").unwrap().parse().unwrap(),
        });
        let mut answer = Plain::success(&data);
        answer.cookie = Some(format!("id={sid}; max-age=604800; path=/; HttpOnly"));
        answer
    }

    /// Returns the key and value of the device token. Recorded: 403 with
    /// `errors` if no code was sent (HA, mib), 404 for a wrong code (mock), a
    /// token in the response to a right code with `enable_device_token`, and a
    /// sign-in by it together with its name (guide). Guesses: 403 for an
    /// unknown token or another name; an account without a second factor gets
    /// no token (mib has a response without it).
    fn second_factor(
        &mut self,
        request: &Received,
    ) -> Result<Option<(&'static str, String)>, Plain> {
        let Some(factor) = &mut self.behaviour.second_factor else {
            return Ok(None);
        };
        let name = request.parameter("device_name").unwrap_or_default();
        if let Some(code) = request.parameter("otp_code") {
            if code != factor.code {
                return Err(Plain::failure(404));
            }
            if request.parameter("enable_device_token").as_deref() != Some("yes") {
                return Ok(None);
            }
            let token = format!("device-token-{}", factor.devices.len() + 1);
            factor.devices.push((token.clone(), name));
            return Ok(Some((factor.key, token)));
        }
        let token = request.parameter("device_id").unwrap_or_default();
        if factor.devices.contains(&(token, name)) {
            return Ok(None);
        }
        let types = json!([{"type": "otp"}]);
        let errors = json!({"token": "an-enrolment", "types": types});
        let error = json!({"code": 403, "errors": errors});
        Err(Plain::json(&json!({"error": error, "success": false})))
    }

    /// Recorded (guide): `_sid`, and a response without data. Guess: 119 for an
    /// unknown session.
    fn sign_out(&mut self, request: &Received) -> Plain {
        let Some(session) = self.session(request) else {
            return Plain::failure(119);
        };
        self.sessions.retain(|open| open.sid != session.sid);
        self.counts.open_sessions = self.sessions.len();
        self.counts.sign_outs += 1;
        Plain::json(&json!({"success": true}))
    }

    /// Recorded: the session as `_sid` or as the cookie `id` (mib). Guess: two
    /// different ones are invalid.
    fn session(&self, request: &Received) -> Option<Session> {
        let cookies = request.headers.get("cookie");
        let cookies = cookies.and_then(|cookies| cookies.to_str().ok());
        let mut cookies = cookies.unwrap_or_default().split("; ");
        let cookie = cookies.find_map(|cookie| cookie.strip_prefix("id="));
        let named = one_of(request.parameter("_sid"), cookie.map(str::to_owned))?;
        self.sessions.iter().find(|open| open.sid == named).cloned()
    }

    /// Recorded (probed): 119 without the session or its token, and 105 for a
    /// user who is not an administrator (mock). The token comes as a header or
    /// a parameter (N4S4). Guess: the token is required if the session has one,
    /// also for lists, although some say that those work without.
    pub(super) fn rights(&self, request: &Received) -> Result<Session, Plain> {
        let header = request.headers.get("x-syno-token");
        let header = header.and_then(|token| token.to_str().ok());
        let token = one_of(request.parameter("SynoToken"), header.map(str::to_owned));
        let session = self.session(request);
        let session = session.filter(|open| open.token.is_none() || open.token == token);
        let session = session.ok_or_else(|| Plain::failure(119))?;
        if !self.behaviour.account_is_administrator {
            return Err(Plain::failure(105));
        }
        Ok(session)
    }

    fn with_rights(&self, request: &Received, list: fn(&Self, &Received) -> Plain) -> Plain {
        match self.rights(request) {
            Ok(_) => list(self, request),
            Err(refused) => refused,
        }
    }

    /// Recorded (mael, mock, schemas): `offset`, `total` and `users`, each with
    /// its name and the fields in `additional`. Guess: 120 for an unknown
    /// `type`.
    fn users(&self, request: &Received) -> Plain {
        let kind = text(request, "type").unwrap_or_else(|| "local".to_owned());
        if !matches!(kind.as_str(), "local" | "domain" | "ldap") {
            return Plain::failure(120);
        }
        let additional = request.parameter("additional").unwrap_or("[]".to_owned());
        let Ok(additional) = serde_json::from_str::<Vec<String>>(&additional) else {
            return Plain::failure(120);
        };
        let users = self.behaviour.users.iter();
        let rows = users.filter(|_| kind == "local");
        let rows = rows.map(|user| row(user, &additional)).collect();
        self.page(request, "users", rows)
    }

    /// Recorded (schemas, mock): `name`, `gid`, `description`, no members.
    fn groups(&self, request: &Received) -> Plain {
        let group = |name, gid| json!({"name": name, "gid": gid, "description": "System default"});
        let rows = vec![group("administrators", 101), group("users", 100)];
        self.page(request, "groups", rows)
    }

    /// Recorded (N4S4): `name`, `uid`, `description`. Guesses: 114 without a
    /// group; 3205 (N4S4: "cannot load group data") for an unknown group; the
    /// users outside the group for `ingroup=false`.
    fn members(&self, request: &Received) -> Plain {
        let Some(group) = text(request, "group") else {
            return Plain::failure(114);
        };
        if !matches!(group.as_str(), "administrators" | "users") {
            return Plain::failure(3205);
        }
        let inside = request.parameter("ingroup").as_deref() != Some("false");
        let users = self.behaviour.users.iter().zip(1024..);
        let members = users.filter(|(user, _)| (user.administrator || group == "users") == inside);
        let rows = members.map(
            |(user, uid)| json!({"name": user.name, "uid": uid, "description": user.description}),
        );
        self.page(request, "users", rows.collect())
    }

    /// Recorded (mock, N4S4): no parameters, and two lists of objects. Guess:
    /// that it needs an administrator's session, like the other lists.
    fn power_schedule(&self, _: &Received) -> Plain {
        Plain::success(&self.behaviour.power_schedule)
    }

    /// Recorded (mock, N4S4): `offset` in the response, and -1 as a `limit` for
    /// all. Guesses: 120 for a value that is not a number, and that a response
    /// may contain fewer rows than exist.
    fn page(&self, request: &Received, key: &str, rows: Vec<Value>) -> Plain {
        let number = |name: &str, default: i64| {
            let given = request.parameter(name);
            given.map_or(Ok(default), |given| given.parse::<i64>())
        };
        let (Ok(offset), Ok(limit)) = (number("offset", 0), number("limit", -1)) else {
            return Plain::failure(120);
        };
        let total = rows.len();
        let limit = usize::try_from(limit).unwrap_or(total);
        let limit = limit.min(self.behaviour.page_size.unwrap_or(total));
        let skipped = usize::try_from(offset).unwrap_or(0);
        let rows: Vec<Value> = rows.into_iter().skip(skipped).take(limit).collect();
        Plain::success(&json!({"offset": offset, "total": total, key: rows}))
    }
}

/// Recorded (mael): `email`, `expired` and `description` are text,
/// `2fa_status` is true or false; only the name without `additional`
/// (schemas).
fn row(user: &FakeUser, additional: &[String]) -> Value {
    let mut row = json!({"name": user.name});
    for key in additional {
        match key.as_str() {
            "email" if user.email.is_some() => row["email"] = user.email.clone().into(),
            "expired" if user.expired.is_some() => row["expired"] = user.expired.clone().into(),
            "description" => row["description"] = user.description.clone().into(),
            "2fa_status" => row["2fa_status"] = false.into(),
            _ => {}
        }
    }
    row
}

/// A text parameter of an API with JSON values. Recorded (mael, N4S4): DSM
/// accepts bare text too.
fn text(request: &Received, name: &str) -> Option<String> {
    let given = request.parameter(name)?;
    Some(serde_json::from_str(&given).unwrap_or(given))
}

/// Returns the value sent in one place or in both; `None` if they differ.
fn one_of(here: Option<String>, there: Option<String>) -> Option<String> {
    match (here, there) {
        (Some(here), Some(there)) => (here == there).then_some(here),
        (here, there) => here.or(there),
    }
}
