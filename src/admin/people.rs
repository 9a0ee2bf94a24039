//! The DSM users: who can sign in, who cannot and why, and how each is linked.

pub(super) mod refusals;
pub(super) mod sign_ins;
pub(super) mod words;

use std::collections::HashMap;

use askama::Template;

use super::context::Context;
use super::section::{Done, Form, Html, Needs, NotDone, Section};
use super::text::{isolated, shown};
use super::unreadable::Unreadable;
use crate::control::{LinkOrigin, RemovedLinks, Request, Status, Time, User, twins};
use crate::http::Language;
use domain::base::address::quoted;
use domain::base::parameters::Parameters;

const REMOVE: &str = "remove-link";

pub(super) const SECTION: Section = Section {
    show: |context| Box::pin(show(context)),
    forms: &[Form {
        name: REMOVE,
        needs: Needs::FreshSignIn,
        submit: |context, fields| Box::pin(remove(context, fields)),
    }],
};

/// The most rows of a table. A search finds the others.
const MOST_ROWS: usize = 200;

/// With more users, the page has a search box.
const FEW: usize = 20;

#[derive(Template)]
#[template(path = "people.html")]
struct People<'a> {
    language: Language,
    summary: String,
    /// What is searched for, if there is a search box.
    search: Option<String>,
    rows: Vec<Row<'a>>,
    /// What the table leaves out.
    more: Option<String>,
    remove: Html,
}

/// A DSM user, or links to one that DSM does not list.
#[derive(Default)]
struct Row<'a> {
    /// For the form, unchanged.
    user: &'a str,
    name: String,
    can_sign_in: bool,
    /// `None`: the verdict says all.
    reason: Option<&'a str>,
    email: Option<String>,
    /// Each is a line below the e-mail.
    remarks: Vec<String>,
    links: Vec<LinkRow>,
    last_sign_in: Option<String>,
}

struct LinkRow {
    address: String,
    since: String,
    /// When the user was linked to another account or address.
    moved: Option<String>,
    is_in_use: bool,
}

async fn show(context: &Context<'_>) -> Html {
    let read = tokio::try_join!(
        context.ask::<Vec<User>>(Request::Users),
        context.ask::<Vec<LinkOrigin>>(Request::LinkOrigins),
        context.ask::<Status>(Request::Status),
    );
    let (users, links, status) = match read {
        Ok(read) => read,
        Err(refused) => return Unreadable::html(heading(context.language), &refused),
    };
    let search = context.query.text("search").ok().flatten();
    let search = search.unwrap_or_default().trim().to_lowercase();
    let found = |user: &&User| {
        let fields = [Some(user.name.as_str()), user.email.as_deref()];
        let mut fields = fields.into_iter().flatten();
        search.is_empty() || fields.any(|field| field.to_lowercase().contains(&search))
    };
    let listed = Listed::of(&users, &links);
    let count = users.iter().filter(found).count() + listed.gone.len();
    let rows = users.iter().filter(found).take(MOST_ROWS);
    let mut rows: Vec<Row<'_>> = rows.map(|user| listed.row(context, user)).collect();
    let gone = listed.gone.iter().take(MOST_ROWS);
    rows.extend(gone.map(|(name, links)| gone_row(context, name, links)));
    Html::of(&People {
        language: context.language,
        summary: summary(context, &users, &status),
        search: (users.len() > FEW).then(|| shown(&search)),
        more: more(context.language, count.saturating_sub(rows.len())),
        rows,
        remove: context.form(REMOVE),
    })
}

fn heading(language: Language) -> &'static str {
    language.say("DSM users", "Utilisateurs de DSM")
}

/// How many can sign in, in a sentence, and how old the list is.
fn summary(context: &Context<'_>, users: &[User], status: &Status) -> String {
    let language = context.language;
    let Some(read) = status.directory.refreshed else {
        let text = "DSM has not listed its users yet.";
        return language
            .say(
                text,
                "DSM n’a pas encore fourni la liste de ses utilisateurs.",
            )
            .to_owned();
    };
    let all = users.iter().filter(|user| !user.is_missing()).count();
    let can = users.iter().filter(|user| user.verdict == "ok").count();
    let read = context.local(read);
    match language {
        Language::English => {
            format!("{can} of {all} users can sign in with Google. DSM listed them on {read}.")
        }
        Language::French => format!(
            "Utilisateurs qui peuvent se connecter avec Google\u{a0}: {can} sur {all}. Liste \
             fournie par DSM le {read}."
        ),
    }
}

/// Returns what a table leaves out.
fn more(language: Language, count: usize) -> Option<String> {
    let text = match language {
        Language::English => format!("{count} more are not shown; search for a name or an e-mail."),
        Language::French => format!(
            "{count} autres ne sont pas affichés\u{a0}; cherchez un nom ou une adresse e-mail."
        ),
    };
    (count > 0).then_some(text)
}

/// The users, and what belongs to each of them.
struct Listed<'a> {
    links: HashMap<String, Vec<&'a LinkOrigin>>,
    /// The links of users that DSM does not list.
    gone: Vec<(&'a str, Vec<&'a LinkOrigin>)>,
    twins: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> Listed<'a> {
    fn of(users: &'a [User], origins: &'a [LinkOrigin]) -> Self {
        let mut links: HashMap<String, Vec<&LinkOrigin>> = HashMap::new();
        for link in origins {
            links
                .entry(link.user.to_lowercase())
                .or_default()
                .push(link);
        }
        let listed = users.iter().filter(|user| !user.is_missing());
        let mut gone = links.clone();
        for user in listed {
            gone.remove(&user.name.to_lowercase());
        }
        let mut gone: Vec<(&str, Vec<&LinkOrigin>)> = gone
            .into_values()
            .filter_map(|links| Some((links.first()?.user.as_str(), links)))
            .collect();
        gone.sort_by_key(|(name, _)| *name);
        let mut by_name: HashMap<&str, Vec<&str>> = HashMap::new();
        for having in twins(users).into_values() {
            for user in &having {
                let others = having.iter().filter(|other| other.name != user.name);
                let others = others.take(FEW).map(|other| other.name.as_str());
                by_name.insert(&user.name, others.collect());
            }
        }
        Self {
            links,
            gone,
            twins: by_name,
        }
    }

    fn row(&self, context: &Context<'_>, user: &'a User) -> Row<'a> {
        let language = context.language;
        let theirs = self.links.get(&user.name.to_lowercase());
        let theirs = theirs.filter(|_| !user.is_missing()).into_iter().flatten();
        let valid = user.link.as_ref();
        let links = theirs.map(|link| {
            let valid = valid.filter(|valid| valid.subject == link.subject);
            let moved = valid.and_then(|valid| valid.moved);
            link_row(context, link, (valid.is_some(), moved))
        });
        let [english, french] = words::about_user(&user.verdict).unwrap_or_default();
        let is_ok = user.verdict == "ok";
        Row {
            user: &user.name,
            name: shown(&user.name),
            can_sign_in: is_ok,
            reason: (!is_ok).then(|| language.say(english, french)),
            email: user
                .email
                .as_deref()
                .filter(|it| !it.trim().is_empty())
                .map(shown),
            remarks: self.remarks(language, user),
            links: links.take(FEW).collect(),
            last_sign_in: user.last_sign_in.map(|at| context.local(at)),
        }
    }

    /// What is to be known about the e-mail.
    fn remarks(&self, language: Language, user: &User) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(email) = user.invalid_email() {
            let email = shown(&quoted(email));
            remarks.push(match language {
                Language::English => format!("Not a valid address: {email}"),
                Language::French => format!("Adresse non valide\u{a0}: {email}"),
            });
        }
        let twins = self.twins.get(user.name.as_str()).into_iter().flatten();
        let twins: Vec<String> = twins.map(|name| isolated(name)).collect();
        if !twins.is_empty() {
            let twins = twins.join(", ");
            remarks.push(match language {
                Language::English => format!("Same e-mail: {twins}"),
                Language::French => format!("Même adresse e-mail\u{a0}: {twins}"),
            });
        }
        for address in user.aliases.iter().take(FEW) {
            let address = isolated(address);
            remarks.push(match language {
                Language::English => format!("Alias in the config: {address}"),
                Language::French => format!("Alias dans la configuration\u{a0}: {address}"),
            });
        }
        remarks
    }
}

/// The links of a user that DSM does not list: they still exclude other
/// accounts with the same addresses.
fn gone_row<'a>(context: &Context<'_>, name: &'a str, links: &[&LinkOrigin]) -> Row<'a> {
    let links = links.iter().take(FEW);
    let language = context.language;
    Row {
        user: name,
        name: shown(name),
        reason: Some(language.say(
            "DSM does not list this user, but a Google account is linked to it",
            "DSM ne connaît pas cet utilisateur, mais un compte Google y est lié",
        )),
        links: links
            .map(|link| link_row(context, link, (false, None)))
            .collect(),
        ..Row::default()
    }
}

fn link_row(
    context: &Context<'_>,
    link: &LinkOrigin,
    (is_in_use, moved): (bool, Option<Time>),
) -> LinkRow {
    let language = context.language;
    let by = match link.by.as_str() {
        "alias" => language.say("by an alias", "par un alias"),
        "administrator" => language.say("by an administrator", "par un administrateur"),
        _ => language.say("by e-mail", "par l’adresse e-mail"),
    };
    let since = context.local(link.since);
    let moved = moved.map(|at| {
        let at = context.local(at);
        match language {
            Language::English => format!("Another account or address until {at}"),
            Language::French => format!("Autre compte ou adresse jusqu’au {at}"),
        }
    });
    LinkRow {
        address: shown(&link.address),
        since: match language {
            Language::English => format!("since {since}, {by}"),
            Language::French => format!("depuis le {since}, {by}"),
        },
        moved,
        is_in_use,
    }
}

async fn remove(context: &Context<'_>, fields: &Parameters) -> Result<Done, NotDone> {
    let language = context.language;
    let user = field(language, fields, "user")?.to_owned();
    let request = Request::LinksRemove { user: user.clone() };
    let removed: RemovedLinks = context.ask(request).await.map_err(|_| {
        explained(language.say(
            "The link could not be removed: there is none any more, or the state cannot be \
                 saved.",
            "Le lien n’a pas pu être supprimé\u{a0}: il n’existe plus, ou l’état ne peut pas être \
                 enregistré.",
        ))
    })?;
    let addresses = removed
        .0
        .iter()
        .take(FEW)
        .map(|link| isolated(&link.address));
    let addresses = addresses.collect::<Vec<_>>().join(", ");
    let user = isolated(&user);
    Ok(Done::Changed(match language {
        Language::English => format!(
            "{user} is no longer linked to {addresses}. The next sign-in is decided by alias and \
             e-mail."
        ),
        Language::French => format!(
            "{user} n’est plus lié à {addresses}. La prochaine connexion dépend de l’alias et de \
             l’adresse e-mail."
        ),
    }))
}

/// Returns a required field of a form.
fn field<'a>(
    language: Language,
    fields: &'a Parameters,
    name: &'static str,
) -> Result<&'a str, NotDone> {
    let message = language.say(
        "The form is not complete. Nothing was changed.",
        "Le formulaire est incomplet. Rien n’a été modifié.",
    );
    fields.required(name).map_err(|_| explained(message))
}

fn explained(text: &str) -> NotDone {
    NotDone::Explained(text.to_owned())
}

#[cfg(test)]
mod tests;
