//! Answers in the wizard that cannot work, each with a part of the message that
//! helps.

/// The JSON that the Google console offers for the family's client.
pub const GOOGLE_JSON: &str = r#"{"web":{"client_id":"1234.apps.googleusercontent.com","project_id":"family-1234","auth_uri":"https://accounts.google.com/o/oauth2/auth","token_uri":"https://oauth2.googleapis.com/token","auth_provider_x509_cert_url":"https://www.googleapis.com/oauth2/v1/certs","client_secret":"GOCSPX-correct-horse","redirect_uris":["https://login.example.com/callback"]}}"#;

/// The family's answers in the wizard, which has no other fields.
pub const WIZARD: [(&str, &str); 6] = [
    (CLIENT, GOOGLE_JSON),
    (ISSUER, ""),
    (HOME, "https://nas.example.com/"),
    (ACCOUNT, "sso-reader"),
    (PASSWORD, "battery staple"),
    ("wizard_apply_dsm", "false"),
];

const CLIENT: &str = "wizard_google_client_id";
const ISSUER: &str = "wizard_issuer";
const HOME: &str = "wizard_redirect_uri";
const ACCOUNT: &str = "wizard_dsm_account";
const PASSWORD: &str = "wizard_dsm_password";

/// A wrong answer.
#[derive(Clone, Copy, Debug)]
pub struct Wrong {
    /// What the user did.
    pub mistake: &'static str,
    /// The variables that differ from [`WIZARD`].
    pub answers: &'static [(&'static str, &'static str)],
    /// The variable of the field that the message names.
    pub field: &'static str,
    /// A part of the message.
    pub english: &'static str,
    /// A part of the message in a French dialog.
    pub french: &'static str,
}

const fn wrong(
    mistake: &'static str,
    answers: &'static [(&'static str, &'static str)],
    field: &'static str,
    english: &'static str,
    french: &'static str,
) -> Wrong {
    Wrong {
        mistake,
        answers,
        field,
        english,
        french,
    }
}

/// What a French dialog says about each other value for the JSON.
const WHOLE_FILE: &str = "doit être tout le contenu du fichier client_secret_….json";

/// All of them are rejected without DSM.
pub const WRONG: [Wrong; 34] = [
    wrong(
        "the client secret in the place of the JSON",
        &[(CLIENT, "GOCSPX-correct-horse")],
        CLIENT,
        "looks like the client secret: enter the whole content of the JSON",
        "est le code secret du client : saisissez tout le contenu du fichier JSON",
    ),
    wrong(
        "the client ID alone",
        &[(CLIENT, "1234.apps.googleusercontent.com")],
        CLIENT,
        "is the client ID without its secret: enter the whole content",
        "est l'ID client sans son code secret : saisissez tout le contenu",
    ),
    wrong(
        "an API key",
        &[(CLIENT, "AIzaSyA-0123456789abcdefghijklmnopqrstu")],
        CLIENT,
        "is an API key: create an OAuth client",
        "est une clé API : créez un client OAuth",
    ),
    wrong(
        "the JSON of a desktop client",
        &[(
            CLIENT,
            r#"{"installed":{"client_id":"1234.apps.googleusercontent.com","client_secret":"GOCSPX-correct-horse","redirect_uris":["http://localhost"]}}"#,
        )],
        CLIENT,
        "is for an OAuth client of the type Desktop app: create one",
        "est celui d'un client OAuth de type Application de bureau : créez-en un",
    ),
    wrong(
        "the key of a service account",
        &[(
            CLIENT,
            r#"{"type":"service_account","private_key":"GOCSPX-correct-horse"}"#,
        )],
        CLIENT,
        "is the key of a service account: create an OAuth client",
        "est la clé d'un compte de service : créez un client OAuth",
    ),
    wrong(
        "the JSON without its end",
        &[(
            CLIENT,
            r#"{"web":{"client_id":"1234.apps.googleusercontent.com","project_id":"fam"#,
        )],
        CLIENT,
        "without its end: copy the whole file",
        "sans sa fin : copiez tout le fichier",
    ),
    wrong(
        "the JSON without its beginning",
        &[(
            CLIENT,
            r#""client_id":"1234.apps.googleusercontent.com","client_secret":"GOCSPX-correct-horse"}}"#,
        )],
        CLIENT,
        "is a part of the JSON of the Google console: copy the whole file",
        "est une partie du JSON de la console Google : copiez tout le fichier",
    ),
    wrong(
        "the JSON twice",
        &[(CLIENT, r#"{"web":{}}{"web":{}}"#)],
        CLIENT,
        "is not the JSON that the Google console offers; download it again",
        "n'est pas le JSON que propose la console Google ; téléchargez-le",
    ),
    wrong(
        "the JSON of something else",
        &[(CLIENT, r#"{"name":"family"}"#)],
        CLIENT,
        "has no OAuth client of the type Web application",
        "ne contient pas de client OAuth de type Application Web",
    ),
    wrong(
        "a page of the console",
        &[(CLIENT, "<!doctype html><title>Google Cloud</title>")],
        CLIENT,
        "may only have",
        WHOLE_FILE,
    ),
    wrong(
        "the name of the file",
        &[(CLIENT, "client_secret_1234.apps.googleusercontent.com.json")],
        CLIENT,
        "does not end in .apps.googleusercontent.com",
        WHOLE_FILE,
    ),
    wrong(
        "a JSON without the secret",
        &[(
            CLIENT,
            r#"{"web":{"client_id":"1234.apps.googleusercontent.com","redirect_uris":["https://login.example.com/callback"]}}"#,
        )],
        CLIENT,
        "lacks the client ID or its secret",
        "ne contient pas l'ID client ou son code secret",
    ),
    wrong(
        "ID and secret swapped by hand in the JSON",
        &[(
            CLIENT,
            r#"{"web":{"client_id":"GOCSPX-correct-horse","client_secret":"1234.apps.googleusercontent.com","redirect_uris":["https://login.example.com/callback"]}}"#,
        )],
        CLIENT,
        "does not end in .apps.googleusercontent.com",
        WHOLE_FILE,
    ),
    wrong(
        "a client without a redirect URI of this service",
        &[(
            CLIENT,
            r#"{"web":{"client_id":"1234.apps.googleusercontent.com","client_secret":"GOCSPX-correct-horse","redirect_uris":["https://login.example.com/"]}}"#,
        )],
        ISSUER,
        "has no redirect URI that ends in /callback: add",
        "ne contient pas d'URI de redirection qui se termine par /callback : ajoutez",
    ),
    wrong(
        "a client with two callbacks",
        &[(
            CLIENT,
            r#"{"web":{"client_id":"1234.apps.googleusercontent.com","client_secret":"GOCSPX-correct-horse","redirect_uris":["https://login.example.com/callback","https://old.example.com/callback"]}}"#,
        )],
        ISSUER,
        "has two redirect URIs that end in /callback: enter",
        "contient deux URI de redirection qui se terminent par /callback : saisissez",
    ),
    wrong(
        "a client with a redirect URI without encryption",
        &[(
            CLIENT,
            r#"{"web":{"client_id":"1234.apps.googleusercontent.com","client_secret":"GOCSPX-correct-horse","redirect_uris":["http://login.example.com/callback"]}}"#,
        )],
        ISSUER,
        "has to be https",
        "doit être une adresse comme https://login.example.com",
    ),
    wrong(
        "a client with the NAS's IP address",
        &[(
            CLIENT,
            r#"{"web":{"client_id":"1234.apps.googleusercontent.com","client_secret":"GOCSPX-correct-horse","redirect_uris":["https://192.168.1.2/callback"]}}"#,
        )],
        ISSUER,
        "has an IP address as its host",
        "un nom d'hôte et non une adresse IP",
    ),
    wrong(
        "the two addresses swapped",
        &[
            (ISSUER, "https://nas.example.com"),
            (HOME, "https://login.example.com/"),
        ],
        ISSUER,
        "If this is the URL of DSM, swap the two",
        "Si cette adresse est celle de DSM, échangez les deux",
    ),
    wrong(
        "another address of this service than Google's client has",
        &[(ISSUER, "https://sso.example.com")],
        ISSUER,
        "has no redirect URI https://sso.example.com/callback",
        "ne contient pas l'URI de redirection https://sso.example.com/callback",
    ),
    wrong(
        "the redirect URI for Google as the address of this service",
        &[(ISSUER, "https://login.example.com/callback")],
        ISSUER,
        "what stands before it: https://login.example.com",
        "sans /callback",
    ),
    wrong(
        "the well-known URL as the address of this service",
        &[(
            ISSUER,
            "https://login.example.com/.well-known/openid-configuration",
        )],
        ISSUER,
        "what stands before it: https://login.example.com",
        "doit être une adresse comme https://login.example.com",
    ),
    wrong(
        "an address of this service without encryption",
        &[(ISSUER, "http://login.example.com")],
        ISSUER,
        "has to be https",
        "doit être une adresse comme https://login.example.com",
    ),
    wrong(
        "the port of the daemon in the address of this service",
        &[(ISSUER, "https://login.example.com:5556")],
        ISSUER,
        "has the port 5556",
        "sans port 5556",
    ),
    wrong(
        "an IP address as the address of this service",
        &[(ISSUER, "https://192.168.1.2")],
        ISSUER,
        "has an IP address as its host",
        "un nom d'hôte et non une adresse IP",
    ),
    wrong(
        "what the browser shows on DSM's login page",
        &[(HOME, "https://nas.example.com/#/signin")],
        HOME,
        "type https://nas.example.com/",
        "sans #/signin",
    ),
    wrong(
        "the address of this service for DSM",
        &[(HOME, "https://login.example.com/")],
        HOME,
        "leads to this service itself",
        "et non celle de ce service",
    ),
    wrong(
        "a callback for DSM",
        &[(HOME, "https://nas.example.com/callback")],
        HOME,
        "ends in /callback",
        "sans #/signin ni /callback",
    ),
    wrong(
        "DSM in the home network, without encryption",
        &[(HOME, "http://192.168.1.10:5000/")],
        HOME,
        "has to be https",
        "en https",
    ),
    wrong(
        "no address of DSM, while DSM does not answer",
        &[(HOME, "")],
        HOME,
        "enter the address that you type in the browser to reach DSM",
        "saisissez l'adresse que vous tapez dans le navigateur",
    ),
    wrong(
        "no account",
        &[(ACCOUNT, "")],
        ACCOUNT,
        "is empty",
        "doit être le nom d'un compte DSM",
    ),
    wrong(
        "an account over two lines",
        &[(ACCOUNT, "sso-reader\nadministrators")],
        ACCOUNT,
        "has a control character",
        "doit être le nom d'un compte DSM",
    ),
    wrong(
        "the password with the end of its line",
        &[(PASSWORD, "battery staple\n")],
        PASSWORD,
        "ends in a line break",
        "se termine par un saut de ligne",
    ),
    wrong(
        "a password of blanks",
        &[(PASSWORD, "   ")],
        PASSWORD,
        "is empty",
        "doit être un mot de passe",
    ),
    wrong(
        "no password",
        &[(PASSWORD, "")],
        PASSWORD,
        "is empty",
        "doit être un mot de passe",
    ),
];
