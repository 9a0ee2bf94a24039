//! What setup asks DSM itself: at which URL it answers, its own name, and
//! whether the account can be used.

use std::path::PathBuf;

use url::Url;

use super::dialog::{Rejection, Remark};
use super::questions::{DEFAULT_DSM_URL, DSM_ACCOUNT, DSM_PASSWORD};
use crate::clients::dsm::{
    Code, DsmClient, DsmError, DsmSettings, FIRST_TIMEOUT, FirstVisit, WebSettings, find,
};
use crate::config::urls;
use domain::base::secret::Secret;
use domain::base::web_url::is_loopback;

/// The most bytes of a host name (RFC 1035, section 2.3.4).
const LONGEST_NAME: usize = 255;

/// The account for the only sign-in.
pub(super) struct Account<'a> {
    pub(super) name: &'a str,
    pub(super) password: &'a Secret<String>,
    /// The file of the device token, if the config names one.
    pub(super) device_token: Option<PathBuf>,
}

/// What DSM said at the sign-in.
pub(super) enum Visit {
    /// DSM rejects the value of this question.
    Rejected(&'static str, Rejection),
    /// The account could not be tested, for this reason.
    Untested(Remark),
    /// The account can be used.
    Done {
        /// Another URL at which DSM answers, by its true ports.
        better_url: Option<String>,
        /// The URL of DSM in the browser, if DSM knows its own name.
        home: Option<String>,
    },
}

/// Returns the URL at which DSM answers, of those that a NAS usually has, and
/// that with the port of `home`, the URL of DSM in the browser.
pub(super) fn find_here(home: Option<&str>) -> anyhow::Result<Option<String>> {
    let usual = [DEFAULT_DSM_URL, "https://127.0.0.1:5001"].map(str::to_owned);
    let urls: Vec<String> = usual.into_iter().chain(home.and_then(here)).collect();
    find_first(&urls)
}

/// Returns the URL at which DSM answers, if it answers at `url`.
pub(super) fn find_at(url: &str) -> anyhow::Result<Option<String>> {
    find_first(&[url.trim_end_matches('/').to_owned()])
}

/// Returns the port of `home` on this machine.
fn here(home: &str) -> Option<String> {
    let url = Url::parse(home).ok()?;
    let port = url.port_or_known_default()?;
    Some(format!("{}://127.0.0.1:{port}", url.scheme()))
}

fn find_first(urls: &[String]) -> anyhow::Result<Option<String>> {
    in_runtime(async {
        let mut found = None;
        for url in urls {
            found = find(url).await;
            if found.is_some() {
                break;
            }
        }
        found
    })
}

/// Signs in to the DSM at `url` once, and out again.
pub(super) fn visit(url: &str, account: &Account<'_>) -> anyhow::Result<Visit> {
    let client = DsmClient::new(DsmSettings {
        url: url.to_owned(),
        account: account.name.to_owned(),
        // The password is not in a file yet.
        password_file: PathBuf::new(),
        device_token_file: account.device_token.clone(),
        timeout: FIRST_TIMEOUT,
        accept_invalid_certificate: urls::is_loopback_https(url),
    });
    let visit = in_runtime(async {
        let visit = match client.visit(account.password).await {
            Ok(visit) => visit,
            Err(error) => return refused(&error),
        };
        if let Some(rejected) = without_rights(url, &visit) {
            return rejected;
        }
        let web = visit.web.ok();
        Visit::Done {
            better_url: better_url(url, web.as_ref()).await,
            home: web.as_ref().and_then(home_of),
        }
    })?;
    Ok(visit)
}

/// Returns DSM's own port, if `url` has another one of this machine, as that of
/// a reverse proxy, and DSM answers there.
async fn better_url(url: &str, web: Option<&WebSettings>) -> Option<String> {
    let here = Url::parse(url).ok().filter(is_loopback)?;
    let port = here.port_or_known_default()?;
    let web = web.filter(|web| ![web.http_port, web.https_port].contains(&port))?;
    find(&if web.redirects_to_https {
        format!("https://127.0.0.1:{}", web.https_port)
    } else {
        format!("http://127.0.0.1:{}", web.http_port)
    })
    .await
}

/// Returns the URL of DSM in the browser.
fn home_of(web: &WebSettings) -> Option<String> {
    let name = web.name.as_deref()?;
    let name = (name.len() <= LONGEST_NAME).then_some(name)?;
    Some(if web.https_port == 443 {
        format!("https://{name}/")
    } else {
        format!("https://{name}:{}/", web.https_port)
    })
}

/// DSM lists its users only to administrators. To a remote client it may do so
/// for another reason.
fn without_rights(url: &str, visit: &FirstVisit) -> Option<Visit> {
    let code = visit.users.as_ref().err().and_then(DsmError::code)?;
    let is_here = Url::parse(url).is_ok_and(|url| is_loopback(&url));
    if !code.is_about_rights() {
        return None;
    }
    if !is_here {
        return Some(untested(&visit.users.as_ref().err()?.to_string()));
    }
    let rejection = Rejection::new(
        "is not an administrator, and DSM lists its users only to administrators: put it into the \
         group administrators in Control Panel > User & Group",
        "n'est pas administrateur, et DSM ne fournit la liste de ses utilisateurs qu'aux \
         administrateurs : ajoutez-le au groupe administrators dans Panneau de configuration > \
         Utilisateur et groupe",
    );
    Some(Visit::Rejected(DSM_ACCOUNT, rejection))
}

/// Returns what a failed sign-in means for the answers.
fn refused(error: &DsmError) -> Visit {
    let number = error.code().map(Code::number);
    let (field, english, french) = match number {
        Some(400) => (
            DSM_PASSWORD,
            "DSM rejects it for this account: the account name or the password is wrong. After ten \
             wrong sign-ins, DSM blocks this machine for a while",
            "est refusé par DSM pour ce compte : le nom du compte ou le mot de passe est erroné. \
             Après dix connexions erronées, DSM bloque cette machine pendant un certain temps",
        ),
        Some(401) => (
            DSM_ACCOUNT,
            "is disabled in DSM: enable it in Control Panel > User & Group",
            "est désactivé dans DSM : activez-le dans Panneau de configuration > Utilisateur et \
             groupe",
        ),
        Some(402) => (
            DSM_ACCOUNT,
            "may not sign in to DSM: allow DSM to it in Control Panel > Application Privileges",
            "n'est pas autorisé à se connecter à DSM : autorisez-lui DSM dans Panneau de \
             configuration > Privilèges d'application",
        ),
        Some(408..=410) => (
            DSM_PASSWORD,
            "has expired, or must be changed: set a new one in Control Panel > User & Group",
            "a expiré ou doit être modifié : définissez-en un nouveau dans Panneau de \
             configuration > Utilisateur et groupe",
        ),
        Some(411) => (
            DSM_ACCOUNT,
            "is locked by DSM: wait, or unlock it in Control Panel > Security > Account",
            "est verrouillé par DSM : attendez, ou déverrouillez-le dans Panneau de configuration \
             > Sécurité > Compte",
        ),
        Some(403 | 406) => return Visit::Untested(second_factor()),
        Some(_) | None => return untested(&error.to_string()),
    };
    Visit::Rejected(field, Rejection::new(english, french))
}

fn second_factor() -> Remark {
    Remark {
        english: "DSM wants a second factor for the DSM account. Afterwards, run by SSH: sudo -u \
                  google-to-synology-sso google-to-synology-sso setup --otp"
            .to_owned(),
        french: "DSM demande un second facteur pour le compte DSM. Exécutez ensuite par SSH : \
                 sudo -u google-to-synology-sso google-to-synology-sso setup --otp"
            .to_owned(),
    }
}

fn untested(error: &str) -> Visit {
    Visit::Untested(Remark {
        english: format!("the DSM account was not tested: {error}"),
        french: format!(
            "le compte DSM n'a pas été testé ; message du programme, en anglais : {error}"
        ),
    })
}

/// Says where DSM answers.
pub(super) fn found(url: &str) -> Remark {
    Remark {
        english: format!("DSM answers at {url}"),
        french: format!("DSM répond à l'adresse {url}"),
    }
}

/// Says that DSM does not answer, and what to do about it.
pub(super) fn silent(url: &str) -> Remark {
    Remark {
        english: format!(
            "DSM did not answer at {url}, so the DSM account was not tested. If DSM has another \
             port, enter its URL afterwards, by SSH: sudo -u google-to-synology-sso \
             google-to-synology-sso setup"
        ),
        french: format!(
            "DSM n'a pas répondu à l'adresse {url} ; le compte DSM n'a donc pas été testé. Si DSM \
             utilise un autre port, saisissez ensuite son URL par SSH : sudo -u \
             google-to-synology-sso google-to-synology-sso setup"
        ),
    }
}

fn in_runtime<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let done = runtime.block_on(work);
    // A DNS query may still be running.
    runtime.shutdown_background();
    Ok(done)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::{better_url, here, home_of, in_runtime};
    use crate::clients::dsm::WebSettings;

    #[test]
    fn the_port_of_dsm_in_the_browser_is_tried_on_this_machine() {
        let check = |home: &str, expected: Option<&str>| {
            assert_eq!(here(home).as_deref(), expected, "{home}");
        };
        check("https://nas.example.com/", Some("https://127.0.0.1:443"));
        check(
            "https://nas.example.com:6021",
            Some("https://127.0.0.1:6021"),
        );
        check("http://127.0.0.1:8080/x", Some("http://127.0.0.1:8080"));
        check("nas.example.com", None);
    }

    #[test]
    fn dsms_name_and_port_are_its_url_in_the_browser() {
        let check = |name: Option<&str>, https_port: u16, expected: Option<&str>| {
            let web = WebSettings {
                http_port: 5000,
                https_port,
                redirects_to_https: false,
                name: name.map(str::to_owned),
            };
            assert_eq!(home_of(&web).as_deref(), expected);
        };
        check(
            Some("nas.example.com"),
            443,
            Some("https://nas.example.com/"),
        );
        check(
            Some("nas.example.com"),
            5001,
            Some("https://nas.example.com:5001/"),
        );
        check(None, 5001, None);
        check(Some(&"x".repeat(256)), 5001, None);
    }

    /// The ports that a DSM on another machine says are not ports of this one,
    /// where another DSM may answer.
    #[test]
    fn the_own_ports_of_another_machine_are_not_used_here() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let body = r#"{"success":true,"data":{"SYNO.API.Auth":{}}}"#;
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 1024]);
                let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
                let length = body.len();
                let _ = write!(stream, "{head}content-length: {length}\r\n\r\n{body}");
            }
        });
        let web = WebSettings {
            http_port: port,
            https_port: 5001,
            redirects_to_https: false,
            name: None,
        };
        let check = |url: &str, expected: Option<String>| {
            let found = in_runtime(better_url(url, Some(&web))).unwrap();
            assert_eq!(found, expected, "{url}");
        };
        let own = format!("http://127.0.0.1:{port}");
        check("https://127.0.0.1:8443", Some(own));
        check("https://attic.example.com:8443", None);
    }
}
