use fakes::wrong_answers::{WIZARD, WRONG};

use super::wizard::{ENGLISH, FRENCH, field, field_of};
use super::{Empty, tells_no_secret};
use crate::support::command_line::text;

/// Nothing is written, and the field and the message that helps are shown in
/// the dialog's language, or with the name of the variable.
#[test]
fn each_wrong_answer_has_the_message_that_helps() {
    for wrong in &WRONG {
        for language in [None, Some("enu"), Some("fre")] {
            let empty = Empty::new();
            let mut command = empty.command(&["setup", "--from-env"]);
            command.envs(WIZARD).envs(wrong.answers.iter().copied());
            command.envs(language.map(|language| ("SYNOPKG_DSM_LANGUAGE", language)));
            let done = command.output().unwrap();

            let told = text(&done.stderr);
            assert_eq!(done.status.code(), Some(2), "{}: {told}", wrong.mistake);
            let (start, part) = match language {
                None => (
                    format!("\n  {}, {}: ", field(wrong.field), wrong.field),
                    wrong.english,
                ),
                Some("fre") => (
                    format!("\n  {} : ", field_of(FRENCH, wrong.field)),
                    wrong.french,
                ),
                Some(_) => (
                    format!("\n  {}: ", field_of(ENGLISH, wrong.field)),
                    wrong.english,
                ),
            };
            let (_, message) = told.split_once(&start).unwrap_or_else(|| {
                panic!("{}: {start} in {told}", wrong.mistake);
            });
            let line = message.lines().next().unwrap();
            assert!(line.contains(part), "{}: {told}", wrong.mistake);
            tells_no_secret(&done);
            assert_eq!(empty.names(), [""; 0]);
        }
    }
}

#[test]
fn a_checkbox_is_true_or_false() {
    let empty = Empty::new();
    let mut command = empty.command(&["setup", "--from-env"]);
    command.envs(WIZARD).env("wizard_apply_dsm", "yes");
    let done = command.output().unwrap();
    assert_eq!(done.status.code(), Some(2), "{done:?}");
    let told = text(&done.stderr);
    assert!(told.contains("wizard_apply_dsm: has to be"), "{told}");
    assert_eq!(empty.names(), [""; 0]);
}
