//! The pages that the user sees. DSM's own page is larger, and how its pop-up
//! reports to its opener is not published. Guess: how the form for the account
//! of the NAS and the button are arranged. The look is invented.

const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#d9e6e4;--card:#fff;--text:#172625;--quiet:#4b5f5d;\
--line:#cfdcda;--edge:#6f8583;--strong:#0b5d57;--on:#fff}\
@media(prefers-color-scheme:dark){:root{--ground:#0e1a19;--card:#182826;--text:#eaf4f2;\
--quiet:#aec3c0;--line:#34504c;--edge:#7d9a96;--strong:#7fd6c9;--on:#06231f}}\
*{box-sizing:border-box}\
body{margin:0;padding:8vh 1rem 2rem;font:1rem/1.5 system-ui,sans-serif;\
background:var(--ground);color:var(--text);overflow-wrap:anywhere}\
main{max-width:24rem;margin:0 auto;padding:1.75rem;background:var(--card);\
border:1px solid var(--line);border-radius:1rem}\
.nas{display:block;margin:0 0 1rem}h1{font-size:1.375rem;margin:0 0 1.25rem}\
p{margin:0 0 1rem}p:empty{margin:0}main>:last-child{margin-bottom:0}a{color:var(--strong)}\
label{display:block;margin:0 0 .875rem;color:var(--quiet)}\
input{display:block;width:100%;min-height:2.75rem;padding:.5rem .75rem;font:inherit;\
color:var(--text);background:var(--card);border:1px solid var(--edge);border-radius:.5rem}\
button{display:block;width:100%;min-height:2.75rem;padding:.5rem 1rem;font:inherit;\
font-weight:600;border:2px solid var(--strong);border-radius:.5rem;background:var(--strong);\
color:var(--on);cursor:pointer}#sso{background:none;color:var(--strong)}\
.or{display:flex;align-items:center;gap:.75rem;margin:1rem 0;color:var(--quiet)}\
.or::before,.or::after{content:'';flex:1;border-top:1px solid var(--line)}\
[role=status]{color:var(--quiet)}#outcome{margin:1rem 0 0}";

/// An invented box with two bays.
const NAS: &str = r##"<svg class="nas" viewBox="0 0 48 48" width="48" height="48" aria-hidden="true"><rect x="4" y="6" width="40" height="34" rx="5" fill="#12514c"/><rect x="9" y="11" width="30" height="10" rx="2" fill="#d9e6e4"/><rect x="9" y="25" width="30" height="10" rx="2" fill="#d9e6e4"/><circle cx="34" cy="16" r="2" fill="#1c9a6b"/><circle cx="34" cy="30" r="2" fill="#1c9a6b"/><path d="M10 40h6v3h-6zm22 0h6v3h-6z" fill="#12514c"/></svg>"##;

/// The form for the account of the NAS. No account here has a password.
const FORM: &str = r#"<form id="own">
<label>Account <input name="account" autocomplete="off"></label>
<label>Password <input name="password" type="password" autocomplete="off"></label>
<button>Sign in</button>
</form>"#;

/// The front page: the account of the NAS, and a button that opens the pop-up.
/// After a sign-in, the page goes to `next`, if that is set.
pub(super) fn front(next: Option<&str>) -> String {
    let next = script_string(next.unwrap_or_default());
    document(&format!(
        r#"<h1>Sign in to your NAS</h1>
{FORM}
<p class="or">or</p>
<button id="sso" type="button">Continue with Google</button>
<p id="outcome" role="status"></p>
<script>
const outcome = document.getElementById("outcome");
document.getElementById("own").addEventListener("submit", (event) => {{
  event.preventDefault();
  outcome.textContent = "This NAS is a fake, without passwords. Use the other button.";
}});
document.getElementById("sso").addEventListener("click", () => {{
  // Blocked pop-ups cause most reports of "not privilege".
  const popUp = window.open("/sso/start", "sso", "popup,width=520,height=720");
  outcome.textContent = popUp ? "" : "not privilege";
}});
window.addEventListener("message", (event) => {{
  if (event.origin === location.origin && event.data.signedIn) {{
    outcome.textContent = "Signed in as " + event.data.signedIn;
    if ({next}) location = {next};
  }}
}});
</script>"#
    ))
}

/// The front page of a DSM without SSO: no button. Guess: its other text.
pub(super) fn without_sso() -> String {
    document(&format!("<h1>Sign in to your NAS</h1>\n{FORM}"))
}

/// The pop-up's last page: reports to its opener, and closes.
pub(super) fn signed_in(user: &str) -> String {
    let quoted = script_string(user);
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
         <title>Synology DSM (a fake)</title>\n<style>{STYLE}</style>\n\
         <main>{NAS}\n{body}\n</main>\n</html>\n"
    )
}

/// As JSON, text is a JavaScript string; `<` could still end the script.
fn script_string(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.replace('<', "\\u003c")
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}
