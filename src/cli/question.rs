//! The commands that ask the daemon.

use std::path::Path;

use arguments::{Arguments, Keys, Links, Question};
use clap::CommandFactory;
use clap::error::ErrorKind;

use super::control_client::{self, Form, PATIENCE, Report};
use super::new_file::NewFile;
use super::{FAILED, complain, print_clap, print_result, waiting};
use crate::admin::week::{self, Place};
use crate::control::week::Week;
use crate::control::{self, At, Request, Signs};
use crate::http::Language;

/// Prints the answer of the daemon whose config is `config`, or writes it to
/// `file`; returns the exit code.
pub(super) fn ask(question: Question, config: &Path, file: Option<NewFile>) -> u8 {
    match question {
        Question::Reload { json } => control_client::show::<control::Reloaded>(
            config,
            &Request::Reload { seen: None },
            Form::of(json),
        ),
        Question::Status { svg: Some(_), .. } => ask_for_picture(config, file),
        Question::Status { json, svg: None } => ask_for_status(config, Form::of(json)),
        Question::Users { json } => {
            with_origins::<Vec<control::User>>(config, &Request::Users, Form::of(json))
        }
        Question::Explain { address, at, json } => {
            ask_to_explain(config, address, at.as_deref(), Form::of(json))
        }
        Question::Links(links) => ask_for_links(config, links),
        Question::Keys(keys) => ask_for_keys(config, &keys),
    }
}

fn ask_for_status(config: &Path, form: Form) -> u8 {
    let (status, moved) = (Request::Status, Request::LinksMoved);
    let report = control_client::both::<control::Status, Vec<control::MovedLink>>(
        config, &status, &moved, form,
    );
    let unanswered = match report {
        Ok(report) => return print_result(&report, 0),
        Err(unanswered) => unanswered,
    };
    let waits = unanswered.may_wait();
    match waits.then(|| waiting::report(config, form)).flatten() {
        Some(report) => print_result(&report, 0),
        None => unanswered.complain(),
    }
}

/// Prints the picture of the week, unless there is a `file` for it.
fn ask_for_picture(config: &Path, file: Option<NewFile>) -> u8 {
    let week = control_client::ask_daemon_of::<Week>(config, &Request::Week, PATIENCE);
    let week = match week {
        Ok(week) => week,
        Err(unanswered) => return unanswered.complain(),
    };
    let picture = match week::draw(&week, Language::English, Place::File) {
        Ok(picture) => picture + "\n",
        Err(error) => {
            complain(&format!("cannot draw the picture: {error}"));
            return FAILED;
        }
    };
    let Some(file) = file else {
        return print_result(&picture, 0);
    };
    let path = file.path().display().to_string();
    if let Err(error) = file.write(&picture) {
        complain(&format!("cannot write the picture {path}: {error}"));
        return FAILED;
    }
    complain(&format!("wrote the picture {path}"));
    0
}

fn ask_to_explain(config: &Path, address: String, at: Option<&str>, form: Form) -> u8 {
    let at: Option<At> = match at.map(str::parse).transpose() {
        Ok(at) => at,
        Err(error) => {
            let message = format!("invalid value for '--at <TIME>': {error}");
            let error = Arguments::command().error(ErrorKind::ValueValidation, message);
            return print_clap(&error);
        }
    };
    let request = Request::Explain { address, at };
    control_client::show::<control::Explanation>(config, &request, form)
}

/// Prints the report of `request`, and below a table the links that an
/// administrator made.
fn with_origins<R: Report>(config: &Path, request: &Request, form: Form) -> u8 {
    let origins = Request::LinkOrigins;
    let report =
        control_client::both::<R, Vec<control::LinkOrigin>>(config, request, &origins, form);
    match report {
        Ok(report) => print_result(&report, 0),
        Err(unanswered) => unanswered.complain(),
    }
}

fn ask_for_links(config: &Path, links: Links) -> u8 {
    match links {
        Links::List { json } => {
            with_origins::<Vec<control::Link>>(config, &Request::LinksList, Form::of(json))
        }
        Links::Remove { user, json } => {
            let request = Request::LinksRemove { user };
            control_client::show::<control::RemovedLinks>(config, &request, Form::of(json))
        }
    }
}

fn ask_for_keys(config: &Path, keys: &Keys) -> u8 {
    let (request, json) = match *keys {
        Keys::List { json } => (Request::KeysList, json),
        Keys::Rotate { now, json } => {
            let signs = if now { Signs::Now } else { Signs::Announced };
            (Request::KeysRotate { signs }, json)
        }
    };
    control_client::show::<Vec<control::Key>>(config, &request, Form::of(json))
}
