use fakes::browser::Browser;
use fakes::dsm::settings::{Settings, proxy_rule};
use fakes::dsm::{Api, FakeDsm, Instead};
use fakes::house::encode;
use serde_json::{Value, json};

const SSO_CLIENT: &str = "SYNO.Core.Directory.OIDC.SSO";
const SSO_PROFILE: &str = "SYNO.Core.Directory.SSO.Profile";
const REVERSE_PROXY: &str = "SYNO.Core.AppPortal.ReverseProxy";

/// A program in a session of the account.
struct Program {
    dsm: FakeDsm,
    sid: String,
    token: String,
}

impl Program {
    async fn new() -> Self {
        Self::with(7).await
    }

    /// Signs in with this version of `SYNO.API.Auth`.
    async fn with(version: u32) -> Self {
        let dsm = FakeDsm::start().await;
        let form = format!(
            "api=SYNO.API.Auth&method=login&version={version}&account=sso-reader\
             &passwd=correct+horse+battery+staple&enable_syno_token=yes"
        );
        let answer = post(&dsm, &form).await;
        let text = |name: &str| answer["data"][name].as_str().unwrap().to_owned();
        let (sid, token) = (text("sid"), text("synotoken"));
        Self { dsm, sid, token }
    }

    async fn calls(&self, api: &str, method: &str, parameters: &[(&str, &str)]) -> Value {
        self.calls_with(
            &format!("&SynoToken={}", self.token),
            api,
            method,
            parameters,
        )
        .await
    }

    async fn calls_with(
        &self,
        token: &str,
        api: &str,
        method: &str,
        parameters: &[(&str, &str)],
    ) -> Value {
        let sid = &self.sid;
        let form = format!("api={api}&method={method}&version=1&_sid={sid}{token}");
        let encoded = |(name, value): &(&str, &str)| format!("&{name}={}", encode(value));
        let form = form + &parameters.iter().map(encoded).collect::<String>();
        post(&self.dsm, &form).await
    }

    /// Makes a change that DSM must reject with `code`, and changes nothing.
    async fn is_refused(&self, code: i64, api: &str, method: &str, parameters: &[(&str, &str)]) {
        let before = self.stored();
        let answer = self.calls(api, method, parameters).await;
        assert_eq!(
            code_of(&answer),
            Some(code),
            "{method} {parameters:?}: {answer}"
        );
        assert_eq!(self.stored(), before, "{method} {parameters:?}");
    }

    async fn changes(&self, api: &str, method: &str, parameters: &[(&str, &str)]) {
        let answer = self.calls(api, method, parameters).await;
        assert_eq!(answer, json!({"success": true}), "{method} {parameters:?}");
    }

    fn stored(&self) -> Settings {
        self.dsm.behaviour().settings
    }
}

async fn post(dsm: &FakeDsm, form: &str) -> Value {
    let url = dsm.url() + "/webapi/entry.cgi";
    Browser::new().post(&url, form).await.json()
}

fn code_of(answer: &Value) -> Option<i64> {
    answer["error"]["code"].as_i64()
}

fn rule(host: &str, port: u16) -> Value {
    let mut rule = proxy_rule(host, port);
    let keys = rule.as_object_mut().unwrap();
    keys.remove("UUID");
    keys.remove("_key");
    rule
}

#[tokio::test]
async fn the_sso_client_keeps_what_is_not_sent() {
    let program = Program::new().await;
    program.dsm.change(|dsm| {
        dsm.settings = Settings::of("https://old.example.com", "old", "https://nas/");
    });
    let changes = [
        ("profile", "\"oidc\""),
        ("oidc_name", "\"Google & \\\"family\\\"\""),
        ("oidc_allow_local_user", "false"),
        (
            "oidc_wellknown",
            "\"https://login.example.com/.well-known\"",
        ),
    ];
    program.changes(SSO_CLIENT, "set", &changes).await;

    let Settings {
        client, profile, ..
    } = program.stored();
    assert_eq!(client["oidc_name"], "Google & \"family\"");
    assert_eq!(client["oidc_allow_local_user"], false);
    assert_eq!(client["oidc_client_secret"], "old");
    let endpoint = "https://old.example.com/auth";
    assert_eq!(client["oidc_authorization_endpoint"], endpoint);
    assert_eq!(client.get("profile"), None);
    assert_eq!(profile, json!({"sso_enable": true, "sso_profile": "oidc"}));
}

#[tokio::test]
async fn values_that_are_not_json_change_nothing() {
    let program = Program::new().await;
    let oidc = ("profile", "\"oidc\"");
    let name = ("oidc_name", "\"Google\"");
    for (code, parameters) in [
        (120, [oidc, ("oidc_name", "Google")]),
        (120, [oidc, ("oidc_name", "true")]),
        (120, [oidc, ("oidc_allow_local_user", "\"true\"")]),
        (120, [("profile", "oidc"), name]),
        (120, [("profile", "\"azure\""), name]),
        (114, [name, name]),
    ] {
        program
            .is_refused(code, SSO_CLIENT, "set", &parameters)
            .await;
    }
    let enable = ("sso_enable", "true");
    for (code, parameters) in [
        (120, [enable, ("sso_profile", "oidc")]),
        (120, [enable, ("sso_profile", "\"other\"")]),
        (120, [("sso_enable", "yes"), ("sso_profile", "\"oidc\"")]),
        (114, [enable, enable]),
    ] {
        program
            .is_refused(code, SSO_PROFILE, "set", &parameters)
            .await;
    }
}

#[tokio::test]
async fn a_rule_is_created_changed_and_deleted() {
    let program = Program::new().await;
    let other = proxy_rule("photos.example.com", 5001);
    program
        .dsm
        .change(|dsm| dsm.settings.proxy.push(other.clone()));
    let entry = rule("login.example.com", 5556).to_string();
    program
        .changes(REVERSE_PROXY, "create", &[("entry", &entry)])
        .await;

    let [first, created] = &program.stored().proxy[..] else {
        panic!("{:?}", program.stored().proxy);
    };
    assert_eq!(*first, other);
    assert_eq!(created["backend"]["port"], 5556);
    assert_eq!(created["UUID"], created["_key"]);
    assert_ne!(created["UUID"], other["UUID"]);

    let mut moved = created.clone();
    moved["backend"]["port"] = 5557.into();
    program
        .changes(REVERSE_PROXY, "update", &[("entry", &moved.to_string())])
        .await;
    assert_eq!(program.stored().proxy, [other.clone(), moved.clone()]);

    let uuids = json!([moved["UUID"]]).to_string();
    program
        .changes(REVERSE_PROXY, "delete", &[("uuids", &uuids)])
        .await;
    assert_eq!(program.stored().proxy, [other]);
}

#[tokio::test]
async fn a_bad_entry_gets_4151_and_a_second_rule_4154() {
    let program = Program::new().await;
    let existing = proxy_rule("login.example.com", 5557);
    program
        .dsm
        .change(|dsm| dsm.settings.proxy.push(existing.clone()));
    let mut text = rule("nas.example.com", 5000);
    text["frontend"]["port"] = "443".into();
    let quoted = Value::from(rule("nas.example.com", 5000).to_string()).to_string();
    for entry in ["", "{}", "login.example.com", &quoted, &text.to_string()] {
        let entry = [("entry", entry)];
        program
            .is_refused(4151, REVERSE_PROXY, "create", &entry)
            .await;
        program
            .is_refused(4151, REVERSE_PROXY, "update", &entry)
            .await;
    }
    program.is_refused(4151, REVERSE_PROXY, "create", &[]).await;
    let again = rule("login.example.com", 5556).to_string();
    program
        .is_refused(4154, REVERSE_PROXY, "create", &[("entry", &again)])
        .await;
    // Without its UUID and key.
    program
        .is_refused(4151, REVERSE_PROXY, "update", &[("entry", &again)])
        .await;
    for (code, uuids) in [(120, "one"), (120, "\"one\""), (4151, "[\"one\"]")] {
        program
            .is_refused(code, REVERSE_PROXY, "delete", &[("uuids", uuids)])
            .await;
    }
    program.is_refused(114, REVERSE_PROXY, "delete", &[]).await;
}

#[tokio::test]
async fn a_change_needs_the_token_rights_and_on_7_4_a_new_session() {
    let change = [("sso_enable", "true"), ("sso_profile", "\"oidc\"")];
    let program = Program::new().await;
    for token in ["", "&SynoToken=token-of-yesterday"] {
        let answer = program.calls_with(token, SSO_PROFILE, "set", &change).await;
        assert_eq!(code_of(&answer), Some(119), "{token}");
    }
    program
        .dsm
        .change(|dsm| dsm.account_is_administrator = false);
    program.is_refused(105, SSO_PROFILE, "set", &change).await;

    let old = Program::with(6).await;
    old.dsm
        .change(|dsm| dsm.rejects_writes_of_old_sessions = true);
    old.is_refused(402, SSO_PROFILE, "set", &change).await;
    assert_eq!(code_of(&old.calls(SSO_PROFILE, "get", &[]).await), None);
    let new = Program::new().await;
    new.dsm
        .change(|dsm| dsm.rejects_writes_of_old_sessions = true);
    new.changes(SSO_PROFILE, "set", &change).await;
}

#[tokio::test]
async fn a_change_may_hang_before_or_after_it_is_made() {
    let change = [("sso_enable", "true"), ("sso_profile", "\"oidc\"")];
    for (instead, stored) in [(Instead::Hang, false), (Instead::HangAfterwards, true)] {
        let program = Program::new().await;
        program.dsm.next(Api::SetSsoProfile, instead);
        tokio::select! {
            answer = program.calls(SSO_PROFILE, "set", &change) => panic!("{answer}"),
            () = program.dsm.wait_until(|counts| counts.hanging == 1) => {}
        }
        program.dsm.wait_until(|counts| counts.hanging == 0).await;
        assert_eq!(program.stored().profile["sso_enable"], stored);
    }
}

#[tokio::test]
async fn a_session_may_end_in_between_or_dsm_store_something_else() {
    let change = [("sso_enable", "true"), ("sso_profile", "\"oidc\"")];
    let program = Program::new().await;
    program.dsm.next(Api::SetSsoProfile, Instead::SessionLost);
    program.is_refused(119, SSO_PROFILE, "set", &change).await;

    let program = Program::new().await;
    let other = json!({"sso_profile": "azure"});
    program.dsm.next(Api::SetSsoProfile, Instead::Stores(other));
    program.changes(SSO_PROFILE, "set", &change).await;
    let stored = json!({"sso_enable": true, "sso_profile": "azure"});
    assert_eq!(program.stored().profile, stored);
    program.dsm.next(
        Api::CreateProxyRule,
        Instead::Stores(json!({"description": "new"})),
    );
    let entry = rule("login.example.com", 5556).to_string();
    program
        .changes(REVERSE_PROXY, "create", &[("entry", &entry)])
        .await;
    assert_eq!(program.stored().proxy[0]["description"], "new");
}
