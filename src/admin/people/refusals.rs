//! The last refused sign-ins. An administrator can say who a refused Google
//! account is: from then on, it signs in as that DSM user.

use std::collections::HashMap;

use askama::Template;

use super::{explained, field, words};
use crate::admin::context::Context;
use crate::admin::section::{Done, Form, Html, Needs, NotDone, Section};
use crate::admin::text::{isolated, shown};
use crate::admin::unreadable::Unreadable;
use crate::control::{
    Account, Chosen, LinkChosen, RefusedAccount, Request, Time, User, WhyNotLinked,
};
use crate::http::Language;
use domain::base::parameters::Parameters;

const LINK: &str = "link-refused";

pub(in crate::admin) const SECTION: Section = Section {
    show: |context| Box::pin(show(context)),
    forms: &[Form {
        name: LINK,
        needs: Needs::FreshSignIn,
        submit: |context, fields| Box::pin(link(context, fields)),
    }],
};

/// Up to so many users, each refusal has a list of all names to choose from.
/// With more, the page would be too large: the name is typed, and the browser
/// completes it.
const MOST_OPTIONS: usize = 50;

/// The names with which the browser completes a typed one.
const MOST_NAMES: usize = 1000;

#[derive(Template)]
#[template(path = "refusals.html")]
struct Refusals<'a> {
    language: Language,
    rows: Vec<Row<'a>>,
    /// The users that an account can be linked to.
    users: Vec<&'a str>,
    is_list: bool,
    link: Html,
}

/// The refusals of one account, or of one address without an account.
struct Row<'a> {
    at: String,
    reason: &'a str,
    address: Option<String>,
    /// The DSM user, if one was found.
    user: Option<String>,
    /// How often, if it was several times.
    times: Option<String>,
    /// What was done about it.
    done: Option<String>,
    /// Chooses the account in the form.
    account: Option<(&'a Account, Time)>,
}

async fn show(context: &Context<'_>) -> Html {
    let language = context.language;
    let read = tokio::try_join!(
        context.ask::<Vec<RefusedAccount>>(Request::Refusals),
        context.ask::<Vec<User>>(Request::Users),
    );
    let (refusals, users) = match read {
        Ok(read) => read,
        Err(refused) => return Unreadable::html(heading(language), &refused),
    };
    let could_use_a_link = |user: &&User| {
        let is_excluded = ["account-disabled", "account-expired", "account-denied"];
        !user.is_missing() && !is_excluded.contains(&user.verdict.as_str())
    };
    let users = users.iter().filter(could_use_a_link);
    let users: Vec<&str> = users.map(|user| user.name.as_str()).collect();
    Html::of(&Refusals {
        language,
        rows: rows(context, &refusals),
        is_list: users.len() <= MOST_OPTIONS,
        users: users.into_iter().take(MOST_NAMES).collect(),
        link: context.form(LINK),
    })
}

fn heading(language: Language) -> &'static str {
    language.say("Recent refusals", "Refus récents")
}

/// Returns a row for each account, by its last refusal; the last refusal
/// decides whether it can be linked.
fn rows<'a>(context: &Context<'_>, refusals: &'a [RefusedAccount]) -> Vec<Row<'a>> {
    let who = |refused: &'a RefusedAccount| match &refused.account {
        Some(account) => (Some(account.subject.as_str()), None),
        None => (None, Some(refused.address.as_deref())),
    };
    let mut times: HashMap<_, usize> = HashMap::new();
    for refused in refusals {
        *times.entry(who(refused)).or_default() += 1;
    }
    let last = refusals.iter().filter_map(|refused| {
        let times = times.remove(&who(refused))?;
        Some(row(context, refused, times))
    });
    last.collect()
}

fn row<'a>(context: &Context<'_>, refused: &'a RefusedAccount, times: usize) -> Row<'a> {
    let language = context.language;
    let [english, french] =
        words::about_account(&refused.refusal).unwrap_or([&refused.refusal, &refused.refusal]);
    let linked = refused.linked.as_deref().map(isolated);
    let can_be_linked = refused.can_be_linked && linked.is_none();
    let account = refused.account.as_ref().filter(|_| can_be_linked);
    Row {
        at: context.local(refused.at),
        reason: language.say(english, french),
        address: refused.address.as_deref().map(shown),
        user: refused.user.as_deref().map(shown),
        times: (times > 1).then(|| match language {
            Language::English => format!("{times} times"),
            Language::French => format!("{times} fois"),
        }),
        done: linked.map(|user| match language {
            Language::English => format!("Now linked to {user}"),
            Language::French => format!("Désormais lié à {user}"),
        }),
        account: account.map(|account| (account, refused.at)),
    }
}

async fn link(context: &Context<'_>, fields: &Parameters) -> Result<Done, NotDone> {
    let language = context.language;
    let field = |name| field(language, fields, name).map(str::to_owned);
    let at = Time::try_from(field("at")?).map_err(|_| explained(not_recent(language)))?;
    let request = Request::LinkChosen(LinkChosen {
        account: Account {
            issuer: field("issuer")?,
            subject: field("subject")?,
        },
        at,
        user: field("user")?,
    });
    match context.ask(request).await? {
        Chosen::Linked {
            user,
            address,
            before,
        } => {
            let (user, address) = (isolated(&user), isolated(&address));
            Ok(Done::Changed(linked(language, &user, &address, before)))
        }
        Chosen::NotLinked { why, user } => {
            let user = user.as_deref().map(isolated).unwrap_or_default();
            Err(explained(&not_linked(language, &why, &user)))
        }
    }
}

fn linked(language: Language, user: &str, address: &str, before: Option<String>) -> String {
    let before = before.map(|before| isolated(&before));
    let before = before.filter(|before| before != user);
    match (language, before) {
        (Language::English, None) => {
            format!("{address} is linked to {user}: the next click of this person signs in.")
        }
        (Language::English, Some(before)) => format!(
            "{address} is linked to {user}, and no longer to {before}: the next click of this \
             person signs in as {user}."
        ),
        (Language::French, None) => format!(
            "{address} est lié à {user}\u{a0}: le prochain clic de cette personne la connecte."
        ),
        (Language::French, Some(before)) => format!(
            "{address} est lié à {user}, et non plus à {before}\u{a0}: le prochain clic de cette \
             personne la connecte comme {user}."
        ),
    }
}

fn not_recent(language: Language) -> &'static str {
    language.say(
        "Nothing was changed: this refusal is no longer in the list. Ask the person to try again.",
        "Rien n’a été modifié\u{a0}: ce refus ne figure plus dans la liste. Demandez à la personne de \
         réessayer.",
    )
}

/// Why nothing was changed. `user` is the DSM user who is the reason.
fn not_linked(language: Language, why: &WhyNotLinked, user: &str) -> String {
    let (english, french) = match why {
        WhyNotLinked::NotRecent => return not_recent(language).to_owned(),
        WhyNotLinked::NotAccepted => (
            "Google has not verified this account, or its domain may not sign in.".to_owned(),
            "Google n’a pas vérifié ce compte, ou son domaine n’est pas autorisé.".to_owned(),
        ),
        WhyNotLinked::AnotherIssuer => (
            "the account belongs to a previous google.issuer.".to_owned(),
            "ce compte appartient à un ancien google.issuer.".to_owned(),
        ),
        WhyNotLinked::InvalidAddress => (
            "the account has no valid e-mail address.".to_owned(),
            "ce compte n’a pas d’adresse e-mail valide.".to_owned(),
        ),
        WhyNotLinked::NoSuchUser => (
            "DSM lists no user of exactly this name.".to_owned(),
            "DSM n’a pas d’utilisateur de ce nom exact.".to_owned(),
        ),
        WhyNotLinked::Alias => (
            format!("an alias in the config comes first, and names {user} for this address."),
            format!(
                "un alias de la configuration est prioritaire, et désigne {user} pour cette adresse."
            ),
        ),
        WhyNotLinked::Refused(name) if name == "linked-to-another" => (
            format!(
                "another Google account with this address is linked to {user}. If this is the new \
                 account of the same person, remove that link first."
            ),
            format!(
                "un autre compte Google qui a cette adresse est lié à {user}. Si celui-ci est le \
                 nouveau compte de la même personne, supprimez d’abord ce lien."
            ),
        ),
        WhyNotLinked::Refused(name) => {
            let [english, french] = words::about_account(name).unwrap_or([name, name]);
            (
                format!("the account would still be refused. {english}"),
                format!("le compte serait toujours refusé. {french}"),
            )
        }
    };
    match language {
        Language::English => format!("Nothing was changed: {english}"),
        Language::French => format!("Rien n’a été modifié\u{a0}: {french}"),
    }
}

#[cfg(test)]
mod tests;
