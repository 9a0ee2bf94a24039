//! The section of the signing keys, and the form that rotates them.

use askama::Template;

use super::context::Context;
use super::section::{Done, Form, Html, Needs, Section};
use crate::control::{Key, Refused, Request, Signs};
use crate::http::Language;

const ROTATE: &str = "rotate-keys";

pub(super) const SECTION: Section = Section {
    show: |context| Box::pin(show(context)),
    forms: &[Form {
        name: ROTATE,
        needs: Needs::FreshSignIn,
        submit: |context, _| Box::pin(rotate(context)),
    }],
};

#[derive(Template)]
#[template(path = "keys.html")]
struct Keys {
    language: Language,
    listed: Result<Vec<Key>, Refused>,
    rotate: Html,
}

async fn show(context: &Context<'_>) -> Html {
    Html::of(&Keys {
        language: context.language,
        listed: context.ask(Request::KeysList).await,
        rotate: context.form(ROTATE),
    })
}

async fn rotate(context: &Context<'_>) -> Result<Done, Refused> {
    let signs = Signs::Announced;
    let _: Vec<Key> = context.ask(Request::KeysRotate { signs }).await?;
    let text = context.language.say(
        "The next key is published, and will sign in two days.",
        "La clé suivante est publiée ; elle signera dans deux jours.",
    );
    Ok(Done::Changed(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::context::testing::Canned;

    #[tokio::test]
    async fn the_keys_are_shown_and_rotated() {
        let signs = Signs::Announced;
        let canned = Canned::default()
            .with(Request::KeysList, &Vec::<Key>::new())
            .with(Request::KeysRotate { signs }, &Vec::<Key>::new());
        let shown = canned
            .visit(Language::English, "", async |context| show(context).await)
            .await;
        assert!(
            shown
                .as_str()
                .contains("name=\"form\" value=\"rotate-keys\"")
        );
        let done = canned
            .visit(Language::French, "", async |context| rotate(context).await)
            .await;
        assert!(matches!(done, Ok(Done::Changed(text)) if text.contains("deux jours")));
        assert_eq!(
            *canned.asked.lock().unwrap(),
            [Request::KeysList, Request::KeysRotate { signs }]
        );
    }
}
