use serde_json::{Value, json};

use crate::support::command_line::{EXAMPLE, Home, bare, text};

/// The tables of docs/guides/install-on-a-nas.md: field and value.
const FIELDS: [(&str, &str); 12] = [
    ("Profile", "OIDC"),
    ("Account type", "Domain/LDAP/local"),
    ("Name", "Google"),
    (
        "Well-known URL",
        "https://login.example.com/dex/.well-known/openid-configuration",
    ),
    ("Application ID", "synology"),
    ("Authorization scope", "openid email profile"),
    ("Username claim", "login"),
    ("Application type", "Web application"),
    ("Authorized JavaScript origins", "none"),
    (
        "Authorized redirect URIs",
        "https://login.example.com/dex/callback",
    ),
    ("Scopes", "openid email profile"),
    ("Audience", "External"),
];

/// The example with another path, another claim and two redirect URIs.
fn home() -> Home {
    let config = EXAMPLE
        .replace("login.example.com", "login.example.com/dex")
        .replace("\"username\"", "\"login\"")
        .replace(
            "[\"https://nas.example.com/\"]",
            "[\"https://nas.example.com/\", \"https://photos.example.com/\"]",
        );
    Home::with(&config)
}

#[test]
fn each_field_of_the_forms_has_its_value() {
    let home = home();
    let output = home.command(&["dsm-settings"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let printed = text(&output.stdout);
    let row = |field: &str| {
        let mut lines = printed.lines().map(str::trim);
        let line = lines.find_map(|line| line.strip_prefix(field)?.strip_prefix("  "));
        line.unwrap_or_else(|| panic!("{field}: {printed}")).trim()
    };
    for (field, value) in FIELDS {
        assert_eq!(row(field), value, "{field}");
    }
    assert_eq!(row("Redirect URI"), "https://nas.example.com/");
    assert!(
        printed.contains("\n                       https://photos.example.com/\n"),
        "{printed}"
    );
    let secret = home.path().with_file_name("synology-client-secret");
    assert!(printed.contains(secret.to_str().unwrap()), "{printed}");
    assert!(!printed.contains("correct-horse"), "{printed}");
}

#[test]
fn programs_get_the_same_as_json() {
    let home = home();
    // A relative path depends on the working directory; the output must not.
    let mut command = bare(&["--config", "config.toml", "dsm-settings", "--json"]);
    let here = command.current_dir(home.path().parent().unwrap());
    let output = here.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let issuer = "https://login.example.com/dex";
    let expected = json!({
        "dsm": [{
            "profile": "OIDC",
            "account_type": "Domain/LDAP/local",
            "name": "Google",
            "well_known_url": format!("{issuer}/.well-known/openid-configuration"),
            "application_id": "synology",
            "application_secret_file": home.path().with_file_name("synology-client-secret"),
            "redirect_uris": ["https://nas.example.com/", "https://photos.example.com/"],
            "authorization_scope": "openid email profile",
            "username_claim": "login",
        }],
        "clients": [],
        "google": {
            "issuer": "https://accounts.google.com",
            "client_id": "1234.apps.googleusercontent.com",
            "application_type": "Web application",
            "authorized_javascript_origins": [],
            "authorized_redirect_uris": [format!("{issuer}/callback")],
            "scopes": ["openid", "email", "profile"],
            "audience": "External",
        },
    });
    assert_eq!(printed, expected);
}

#[test]
fn a_client_that_is_not_dsm_gets_what_openid_clients_ask_for() {
    let config = format!(
        "{EXAMPLE}\n[[clients]]\nid = \"wiki\"\nname = \"The wiki\"\n\
         secret-file = \"synology-client-secret\"\n\
         redirect-uris = [\"https://wiki.example.com/oauth2/callback\", \"app.example:///callback\"]\n\
         [[clients]]\nid = \"second\"\nsecret-file = \"synology-client-secret\"\n\
         redirect-uris = [\"https://second.example.com\"]\n"
    );
    let home = Home::with(&config);
    let checked = home.check();
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");

    let output = home.command(&["dsm-settings", "--json"]).output().unwrap();
    let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let ids = |list: &str, key: &str| -> Vec<Value> {
        let list = printed[list].as_array().unwrap().iter();
        list.map(|form| form[key].clone()).collect()
    };
    assert_eq!(ids("dsm", "application_id"), ["synology", "second"]);
    assert_eq!(ids("clients", "client_id"), ["wiki"]);
    let issuer = "https://login.example.com";
    let expected = json!({
        "name": "The wiki",
        "issuer": issuer,
        "discovery_url": format!("{issuer}/.well-known/openid-configuration"),
        "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/keys"),
        "client_id": "wiki",
        "client_secret_file": home.path().with_file_name("synology-client-secret"),
        "redirect_uris": ["https://wiki.example.com/oauth2/callback", "app.example:///callback"],
        "scope": "openid email profile",
        "response_type": "code",
        "token_endpoint_auth_methods": ["client_secret_basic", "client_secret_post"],
        "code_challenge_method": "S256",
        "id_token_signing_alg": "RS256",
        "username_claim": "username",
    });
    assert_eq!(printed["clients"][0], expected);

    let output = home.command(&["dsm-settings"]).output().unwrap();
    let printed = text(&output.stdout);
    let wiki = printed.split("The wiki: an OpenID Connect client").nth(1);
    let wiki = wiki.unwrap_or_else(|| panic!("{printed}"));
    for line in [
        "Discovery URL           https://login.example.com/.well-known",
        "Client ID               wiki",
        "Redirect URI            https://wiki.example.com/oauth2/callback",
        "                        app.example:///callback",
        "Client authentication   client_secret_basic or client_secret_post",
    ] {
        assert!(wiki.contains(line), "{line}: {printed}");
    }
    assert!(!wiki.contains("Account type"), "{printed}");
}

#[test]
fn another_provider_has_other_forms() {
    let config = EXAMPLE.replace(
        "# issuer = \"https://accounts.google.com\"",
        "issuer = \"https://id.example.com\"",
    );
    let home = Home::with(&config);
    let output = home.command(&["dsm-settings"]).output().unwrap();
    let printed = text(&output.stdout);
    assert!(
        printed.contains("At the provider https://id.example.com"),
        "{printed}"
    );
    assert!(
        printed.contains("https://login.example.com/callback"),
        "{printed}"
    );
    assert!(!printed.contains("Google console"), "{printed}");
}

#[test]
fn a_bad_config_has_no_settings() {
    let home = Home::with(&EXAMPLE.replace("https://", "ftp://"));
    let output = home.command(&["dsm-settings"]).output().unwrap();
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    assert!(
        text(&output.stderr).contains("issuer: has to begin"),
        "{output:?}"
    );
}
