//! DSM's JSON, as it comes, and what we make of it.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Call;
use super::code::Code;
use super::error::{DsmError, ListRefusal};
use crate::ids::DsmUsername;
use crate::user_list::ListedUser;

/// The `data` of DSM's answer to `call`, when it was a success.
pub(super) fn data<T: DeserializeOwned>(call: Call, body: &[u8]) -> Result<T, DsmError> {
    if body.trim_ascii_start().starts_with(b"<") {
        return Err(DsmError::WebPage { call });
    }
    // Twice over the same bytes, since only a success has data of our shape.
    let verdict: VerdictWire = parse(call, body)?;
    if !verdict.success {
        // A failure without a code is as unexplained as one with code 100.
        let number = verdict.error.and_then(|error| error.code);
        let code = number.map_or(Code::Unknown, |number| Code::of(call, number));
        return Err(DsmError::Refused { call, code });
    }
    let answer: DataWire<T> = parse(call, body)?;
    Ok(answer.data)
}

/// That DSM's answer to `call` was a success, whatever `data` it brings.
pub(super) fn success(call: Call, body: &[u8]) -> Result<(), DsmError> {
    data::<Option<serde::de::IgnoredAny>>(call, body).map(|_| ())
}

fn parse<T: DeserializeOwned>(call: Call, body: &[u8]) -> Result<T, DsmError> {
    serde_json::from_slice(body).map_err(|source| DsmError::from_json(call, source))
}

#[derive(Deserialize)]
struct VerdictWire {
    success: bool,
    error: Option<FailureWire>,
}

/// `errors` beside it may be absent, an object or a list; nothing here needs
/// it.
#[derive(Deserialize)]
struct FailureWire {
    code: Option<i64>,
}

#[derive(Deserialize)]
struct DataWire<T> {
    data: T,
}

/// What a sign-in brings. Not `Debug`: it must not be printed.
#[derive(Deserialize)]
pub(super) struct SignedInWire {
    pub(super) sid: String,
    /// Absent when DSM's protection against forged requests is off.
    pub(super) synotoken: Option<String>,
    /// The device token, as DSM 7 was recorded to call it.
    pub(super) device_id: Option<String>,
    /// The same as Synology's guide calls it. Of the two, what was recorded
    /// counts: some sign-ins without a second factor bring a `did`, too.
    pub(super) did: Option<String>,
}

/// A part of a list. Both lists, users and members, call their rows `users`.
#[derive(Deserialize)]
pub(super) struct PageWire<R> {
    /// How many rows the whole list has.
    pub(super) total: Option<usize>,
    pub(super) users: Vec<R>,
}

#[derive(Deserialize)]
pub(super) struct UserWire {
    name: Option<String>,
    email: Option<String>,
    expired: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct MemberWire {
    name: Option<String>,
}

/// The list of users, when it can be one.
pub(super) fn users(rows: Vec<UserWire>) -> Result<Vec<ListedUser>, ListRefusal> {
    let users: Vec<ListedUser> = plausible(rows)?;
    refuse_twins(users.iter().map(|user| &user.name))?;
    Ok(users)
}

/// The list of administrators, when it can be one, by name: DSM may list them
/// in any order. The account that lists is one of them, so none is no list.
pub(super) fn administrators(rows: Vec<MemberWire>) -> Result<Vec<DsmUsername>, ListRefusal> {
    let mut names: Vec<DsmUsername> = plausible(rows)?;
    refuse_twins(names.iter())?;
    names.sort();
    Ok(names)
}

fn plausible<W, R: TryFrom<W, Error = ListRefusal>>(rows: Vec<W>) -> Result<Vec<R>, ListRefusal> {
    if rows.is_empty() {
        return Err(ListRefusal::Empty);
    }
    rows.into_iter().map(R::try_from).collect()
}

impl TryFrom<UserWire> for ListedUser {
    type Error = ListRefusal;

    fn try_from(row: UserWire) -> Result<Self, ListRefusal> {
        Ok(Self {
            name: named(row.name)?,
            email: row.email.filter(|email| !email.is_empty()),
            expired: row.expired,
        })
    }
}

impl TryFrom<MemberWire> for DsmUsername {
    type Error = ListRefusal;

    fn try_from(row: MemberWire) -> Result<Self, ListRefusal> {
        named(row.name)
    }
}

fn named(name: Option<String>) -> Result<DsmUsername, ListRefusal> {
    let name = name.filter(|name| !name.is_empty());
    name.map(DsmUsername::new).ok_or(ListRefusal::Nameless)
}

fn refuse_twins<'a>(names: impl Iterator<Item = &'a DsmUsername>) -> Result<(), ListRefusal> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(ListRefusal::Twins(name.as_str().to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIST: &str = r#"{"data":{"offset":0,"total":2,"users":[
        {"name":"admin","email":"","expired":"now"},
        {"name":"mael","email":"Mael@example.com","expired":"normal"}]},"success":true}"#;

    /// Every reading that there is.
    fn read(body: &[u8]) {
        let _ = success(Call::SignOut, body);
        let _ = data::<SignedInWire>(Call::SignIn, body);
        let page = data::<PageWire<UserWire>>(Call::ListUsers, body);
        let _ = page.map(|page| users(page.users));
        let page = data::<PageWire<MemberWire>>(Call::ListAdministrators, body);
        let _ = page.map(|page| administrators(page.users));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body: Vec<u8>) {
            read(&body);
        }

        #[test]
        fn no_damage_to_a_list_makes_it_panic(
            place in 0..LIST.len(),
            byte: u8,
            end in 0..=LIST.len(),
        ) {
            let mut body = LIST.as_bytes().to_vec();
            body[place] = byte;
            body.truncate(end);
            read(&body);
        }

        #[test]
        fn a_sign_in_is_never_quoted(secret in "[a-z]{12}") {
            for body in [
                format!(r#"{{"success":true,"data":"{secret}"}}"#),
                format!(r#"{{"success":true,"data":{{"sid":{{"{secret}":1}}}}}}"#),
                format!(r#"{{"success":true,"data":{{"sid":"x","synotoken":["{secret}"]}}}}"#),
                format!(r#"{{"success":"{secret}"}}"#),
                format!(r#"{{"success":true,"data":{{"sid":"{secret}"#),
            ] {
                let Err(error) = data::<SignedInWire>(Call::SignIn, body.as_bytes()) else {
                    panic!("{body} is no sign-in");
                };
                prop_assert!(!format!("{error} {error:?}").contains(&secret), "{error:?}");
            }
        }
    }
}
