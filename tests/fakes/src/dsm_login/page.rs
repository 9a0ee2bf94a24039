//! The pages that the user sees. DSM's own page is larger, and how its pop-up
//! reports to its opener is not published.

const STYLE: &str = "body{font:1rem system-ui;max-width:26rem;margin:3rem auto;padding:0 1rem}\
     button{font:inherit;padding:.8rem 1.2rem}";

/// The front page: a button that opens the pop-up.
pub(super) fn front() -> String {
    document(
        r#"<h1>Sign in to your NAS</h1>
<button id="sso" type="button">Continue with Google</button>
<p id="outcome" role="status"></p>
<script>
const outcome = document.getElementById("outcome");
document.getElementById("sso").addEventListener("click", () => {
  // Blocked pop-ups cause most reports of "not privilege".
  const popUp = window.open("/sso/start", "sso", "popup,width=520,height=720");
  outcome.textContent = popUp ? "" : "not privilege";
});
window.addEventListener("message", (event) => {
  if (event.origin === location.origin && event.data.signedIn) {
    outcome.textContent = "Signed in as " + event.data.signedIn;
  }
});
</script>"#,
    )
}

/// The front page of a DSM without SSO: no button. Guess: its other text.
pub(super) fn without_sso() -> String {
    document("<h1>Sign in to your NAS</h1>")
}

/// The pop-up's last page: reports to its opener, and closes.
pub(super) fn signed_in(user: &str) -> String {
    // As JSON it is a JavaScript string; `<` could still end the script.
    let quoted = serde_json::Value::from(user).to_string();
    let quoted = quoted.replace('<', "\\u003c");
    document(&format!(
        r#"<p role="status">Signed in as <b id="user">{}</b></p>
<script>
if (window.opener) {{
  window.opener.postMessage({{ signedIn: {quoted} }}, location.origin);
  window.close();
}}
</script>"#,
        escaped(user)
    ))
}

/// The pop-up's page when a login fails; it stays open.
pub(super) fn failure(text: &str) -> String {
    document(&format!(
        r#"<p role="alert">{}</p><p><a href="/">Back</a></p>"#,
        escaped(text)
    ))
}

fn document(body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Synology DSM (a fake)</title>\n<style>{STYLE}</style>\n{body}\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
