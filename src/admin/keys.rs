//! The section with the signing keys, and their rotation.

use askama::Template;

use super::context::Context;
use super::section::{Done, Form, Html, Needs, NotDone, Section};
use super::unreadable::Unreadable;
use crate::control::{Key, Request, Signs};
use crate::http::Language;

const ROTATE: &str = "rotate-keys";
const ROTATE_NOW: &str = "rotate-keys-now";

pub(super) const SECTION: Section = Section {
    show: |context| Box::pin(show(context)),
    forms: &[
        Form {
            name: ROTATE,
            needs: Needs::FreshSignIn,
            submit: |context, _| Box::pin(rotate(context, Signs::Announced)),
        },
        Form {
            name: ROTATE_NOW,
            needs: Needs::FreshSignIn,
            submit: |context, _| Box::pin(rotate(context, Signs::Now)),
        },
    ],
};

#[derive(Template)]
#[template(path = "keys.html")]
struct Keys {
    language: Language,
    listed: Vec<Row>,
    rotate: Html,
    rotate_now: Html,
}

struct Row {
    kid: String,
    /// What the key does, and since or until when.
    state: String,
}

async fn show(context: &Context<'_>) -> Html {
    let language = context.language;
    let keys: Vec<Key> = match context.ask(Request::KeysList).await {
        Ok(keys) => keys,
        Err(refused) => return Unreadable::html(heading(language), &refused),
    };
    let row = |key: Key| Row {
        state: state(context, &key),
        kid: key.kid,
    };
    Html::of(&Keys {
        language,
        listed: keys.into_iter().map(row).collect(),
        rotate: context.form(ROTATE),
        rotate_now: context.form(ROTATE_NOW),
    })
}

fn heading(language: Language) -> &'static str {
    language.say("Signing keys", "Clés de signature")
}

fn state(context: &Context<'_>, key: &Key) -> String {
    let from = context.local(key.signs_from);
    let gone = key.gone_after.map(|time| context.local(time));
    let gone = gone.unwrap_or_default();
    match (key.state.as_str(), context.language) {
        ("signing", Language::English) => format!("signs, since {from}"),
        ("signing", Language::French) => format!("signe, depuis le {from}"),
        ("next", Language::English) => format!("published; signs from {from}"),
        ("next", Language::French) => format!("publiée\u{a0}; signera à partir du {from}"),
        ("retired", Language::English) => format!("signs no more; removed after {gone}"),
        ("retired", Language::French) => format!("ne signe plus\u{a0}; supprimée après le {gone}"),
        (other, _) => other.to_owned(),
    }
}

async fn rotate(context: &Context<'_>, signs: Signs) -> Result<Done, NotDone> {
    let _: Vec<Key> = context.ask(Request::KeysRotate { signs }).await?;
    let text = match signs {
        Signs::Announced => context.language.say(
            "The next key is published, and will sign in two days.",
            "La clé suivante est publiée\u{a0}; elle signera dans deux jours.",
        ),
        Signs::Now => context.language.say(
            "A new key signs from now on. All other keys are deleted.",
            "Une nouvelle clé signe à partir de maintenant. Toutes les autres sont supprimées.",
        ),
    };
    Ok(Done::Changed(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::context::testing::Canned;
    use crate::control::Time;
    use domain::base::clock::UnixTime;

    fn key(kid: &str, state: &str) -> Key {
        let time = |seconds: i64| Time(UnixTime::from_seconds(1_795_417_200 + seconds));
        Key {
            kid: kid.to_owned(),
            state: state.to_owned(),
            created: time(0),
            signs_from: time(60),
            gone_after: (state == "retired").then(|| time(120)),
        }
    }

    async fn shown(language: Language) -> String {
        let keys = [key("a", "next"), key("b", "signing"), key("<c>", "retired")];
        let canned = Canned::default().with(Request::KeysList, &keys);
        let html = canned.visit(language, "", async |context| show(context).await);
        html.await.as_str().to_owned()
    }

    #[tokio::test]
    async fn each_key_has_its_state_in_words() {
        let english = shown(Language::English).await;
        for words in [
            "published; signs from 2026-11-23 07:01",
            "signs, since 2026-11-23 07:01",
            "signs no more; removed after 2026-11-23 07:02",
        ] {
            assert!(english.contains(words), "{words} in {english}");
        }
        assert!(!english.contains("<c>"), "{english}");
        let french = shown(Language::French).await;
        assert!(french.contains("signe, depuis le 2026-11-23"), "{french}");
    }

    #[tokio::test]
    async fn rotate_and_rotate_now_are_two_requests() {
        for (form, signs, text) in [
            (ROTATE, Signs::Announced, "in two days"),
            (ROTATE_NOW, Signs::Now, "All other keys are deleted"),
        ] {
            let request = Request::KeysRotate { signs };
            let canned = Canned::default().with(request.clone(), &[key("a", "signing")]);
            let found = SECTION.forms.iter().find(|it| it.name == form).unwrap();
            assert_eq!(found.needs, Needs::FreshSignIn);
            let fields = domain::base::parameters::Parameters::default();
            let submit = async |context: &Context<'_>| (found.submit)(context, &fields).await;
            let done = canned.visit(Language::English, "", submit).await;
            assert!(matches!(&done, Ok(Done::Changed(told)) if told.contains(text)));
            assert_eq!(*canned.asked.lock().unwrap(), [request]);
        }
    }
}
