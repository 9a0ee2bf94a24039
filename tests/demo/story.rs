//! The output of the demo, in 100 columns.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::household::Household;
use crate::ledger::{Deed, Entry, Party};
use crate::{Arguments, walk};

/// The expected result for each of the fake Google's users; the daemon decides,
/// not this text.
const PEOPLE: &str = "  Jeanne Martin   Jeanne.Martin@gmail.com   signs in as jeanne
  Paul Martin     paul@example.com          signs in as Paul
  Léa Martin      lea@example.net           is refused: Google has not verified her address
  Igor Inconnu    inconnu@gmail.com         is refused: no user of the NAS has this address";

/// Runs the whole demo; returns after the sign-in with `--once`, otherwise
/// never.
pub(crate) async fn tell(household: Household, arguments: &Arguments) -> anyhow::Result<()> {
    say(&format!(
        "Three servers on this machine:\n\n{}\n",
        household.addresses()
    ))?;
    household.warmed_up().await?;
    let title = "The daemon starts: it reads the users of DSM and the documents of Google";
    show(&household, title, &household.ledger.next().await)?;

    let person = &arguments.person;
    let signed_in = walk::sign_in(&household.login.url(), person).await;
    let entries = household.ledger.so_far().await;
    show(
        &household,
        &format!("{person} clicks DSM's button"),
        &entries,
    )?;
    let user = signed_in?;
    ensure!(
        entries.iter().any(Entry::is_our_token_answer),
        "the daemon's log does not tell its requests"
    );

    walk::look_at_picture(&household.picture.url(), &user).await?;

    let id_token = household.login.id_token();
    let id_token = id_token.context("DSM got no ID token")?;
    say(&format!(
        "DSM has signed {person} in as its user {user}. The ID token that it got:\n\n{}\n",
        decoded(&id_token)?
    ))?;
    if arguments.once {
        return Ok(());
    }

    say(&format!(
        "Now you. Open {}/ in a browser, click, and choose:\n\n{PEOPLE}\n\nThe last sign-in as a \
         picture: {}/\nThe administration page, for Paul: {}\n\nCtrl-C ends it.\n",
        household.login.url(),
        household.picture.url(),
        household.admin(),
    ))?;
    loop {
        let entries = household.ledger.next().await;
        say(&format!(
            "\n{}\n{}",
            household.time_of_day(),
            table(&entries)
        ))?;
    }
}

/// Prints a table of events with its headings.
fn show(household: &Household, title: &str, entries: &[Entry]) -> io::Result<()> {
    say(&format!(
        "{}  {title}\n\n  at ms  who      asks    {:37}  answer  took ms\n{}",
        household.time_of_day(),
        "what",
        table(entries)
    ))
}

/// One line for each, with milliseconds since the first.
fn table(entries: &[Entry]) -> String {
    let start = entries.first().map(|entry| entry.at).unwrap_or_default();
    entries.iter().map(|entry| line(entry, start)).collect()
}

fn line(entry: &Entry, start: Duration) -> String {
    let at = milliseconds(entry.at.saturating_sub(start));
    let who = entry.who;
    let line = match &entry.deed {
        Deed::Asked {
            server,
            what,
            status,
            took,
        } => {
            let took = milliseconds(*took);
            let why = why(*server, what);
            format!("{at:>7.2}  {who:7}  {server:6}  {what:37}  {status:>6}  {took:>7.2}  {why}")
        }
        Deed::Logged(line) => format!("{at:>7.2}  {who:7}  logs    {line}"),
    };
    format!("{}\n", line.trim_end())
}

fn milliseconds(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

/// The purpose of a request, in at most 18 characters.
fn why(server: Party, what: &str) -> &'static str {
    match (server, what) {
        (Party::Dsm, "POST SYNO.API.Auth login") => "as sso-reader",
        (Party::Dsm, "POST SYNO.Core.User list") => "names, addresses",
        (Party::Dsm, "POST SYNO.Core.Group.Member list") => "administrators",
        (Party::Dsm, "GET /") => "the login page",
        (Party::Dsm, "GET /sso/start") => "its pop-up",
        (Party::Dsm, "GET /?code=…") => "back, with a code",
        (Party::Google, "GET /oauth2/v3/certs") => "its signing keys",
        (Party::Google, "GET /o/oauth2/v2/auth") => "account chooser",
        (Party::Google, "GET /chosen") => "one is chosen",
        (Party::Google, "POST /token") => "who is it?",
        (Party::Daemon, "GET /auth") => "on to Google",
        (Party::Daemon, "GET /callback") => "may they sign in?",
        (Party::Daemon, "POST /token") => "the code, once",
        (Party::Daemon, "GET /userinfo") => "the user's name",
        (Party::Daemon, "GET /keys") => "is the token ours?",
        _ => "",
    }
}

impl Entry {
    fn is_our_token_answer(&self) -> bool {
        match &self.deed {
            Deed::Asked {
                server,
                what,
                status,
                ..
            } => *server == Party::Daemon && what == "POST /token" && *status == 200,
            Deed::Logged(_) => false,
        }
    }
}

/// Header and claims of a JWT, indented.
pub(crate) fn decoded(token: &str) -> anyhow::Result<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, _signature] = parts.as_slice() else {
        anyhow::bail!("the ID token has not three parts");
    };
    let pretty = |part: &str| -> anyhow::Result<String> {
        let value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?;
        Ok(serde_json::to_string_pretty(&value)?)
    };
    Ok(format!("{}\n{}", pretty(header)?, pretty(claims)?))
}

fn say(text: &str) -> io::Result<()> {
    let mut terminal = io::stdout().lock();
    writeln!(terminal, "{text}")?;
    terminal.flush()
}
