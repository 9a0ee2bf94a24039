//! DSM's JSON, and its conversion to our types.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::code::Code;
use super::error::{DsmError, ListRefusal};
use super::{Call, MAX_ROWS};
use domain::base::ids::DsmUsername;
use domain::model::user_list::{ListedUser, UserList};

/// Returns the `data` of a successful response to `call`.
pub(super) fn data<'a, T: Deserialize<'a>>(call: Call, body: &'a [u8]) -> Result<T, DsmError> {
    if body.trim_ascii_start().starts_with(b"<") {
        return Err(DsmError::WebPage { call });
    }
    // Parsed twice, because only a successful response has the expected data.
    let verdict: VerdictWire = parse(call, body)?;
    if !verdict.success {
        let number = verdict.error.and_then(|error| error.code);
        let code = Code::of(call, number.unwrap_or(Code::UNKNOWN));
        return Err(DsmError::Refused { call, code });
    }
    let answer: DataWire<T> = parse(call, body)?;
    Ok(answer.data)
}

/// Checks that the response to `call` is successful.
pub(super) fn success(call: Call, body: &[u8]) -> Result<(), DsmError> {
    data::<Option<IgnoredAny>>(call, body).map(|_| ())
}

fn parse<'a, T: Deserialize<'a>>(call: Call, body: &'a [u8]) -> Result<T, DsmError> {
    serde_json::from_slice(body).map_err(|source| DsmError::from_json(call, source))
}

#[derive(Deserialize)]
struct VerdictWire {
    success: bool,
    error: Option<FailureWire>,
}

#[derive(Deserialize)]
struct FailureWire {
    code: Option<i64>,
}

#[derive(Deserialize)]
struct DataWire<T> {
    data: T,
}

/// The response to a sign-in. Not `Debug`, because it must not be logged.
#[derive(Deserialize)]
pub(super) struct SignedInWire {
    pub(super) sid: String,
    /// Missing if DSM's protection against request forgery is off.
    pub(super) synotoken: Option<String>,
    /// The device token, by the name in recordings of DSM 7.
    pub(super) device_id: Option<String>,
    /// The device token, by the name in Synology's guide. Some sign-ins without
    /// a second factor also return it, so `device_id` takes precedence.
    pub(super) did: Option<String>,
}

/// A page of a list. Both lists, users and members, call their rows `users`.
#[derive(Deserialize)]
struct PageWire<'a> {
    /// The number of rows in the whole list.
    total: Option<usize>,
    #[serde(borrow)]
    users: &'a RawValue,
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

/// A row of one of the two lists.
pub(super) trait Row: Clone + PartialEq + Send + 'static {
    /// The JSON of the row.
    type Wire: DeserializeOwned + TryInto<Self, Error = ListRefusal>;
    /// The previous rows, in `list`.
    fn of(list: &UserList) -> &[Self];
    fn name(&self) -> &DsmUsername;
}

impl Row for ListedUser {
    type Wire = UserWire;

    fn of(list: &UserList) -> &[Self] {
        &list.users
    }

    fn name(&self) -> &DsmUsername {
        &self.name
    }
}

impl Row for DsmUsername {
    type Wire = MemberWire;

    fn of(list: &UserList) -> &[Self] {
        list.administrators.as_deref().unwrap_or_default()
    }

    fn name(&self) -> &DsmUsername {
        self
    }
}

/// The rows of a list so far. Rows that equal the previous list take no memory:
/// usually all of them do, and there may be 100,000.
#[derive(Debug)]
pub(super) struct Rows<R> {
    /// The number of leading rows that equal the previous list.
    same: usize,
    /// All rows, once one differs.
    other: Option<Vec<R>>,
    refusal: Option<ListRefusal>,
}

impl<R: Row> Rows<R> {
    pub(super) fn new() -> Self {
        Self {
            same: 0,
            other: None,
            refusal: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.other.as_ref().map_or(self.same, Vec::len)
    }

    /// Adds the page in `body`; returns the number of rows in the whole list,
    /// if the page has it.
    pub(super) fn add_page(
        &mut self,
        call: Call,
        body: &[u8],
        before: &[R],
    ) -> Result<Option<usize>, DsmError> {
        let page: PageWire<'_> = data(call, body)?;
        let mut reader = serde_json::Deserializer::from_str(page.users.get());
        let read = reader.deserialize_seq(OneByOne { rows: self, before });
        read.map_err(|source| DsmError::from_json(call, source))?;
        match self.refusal.take() {
            Some(refusal) => Err(refusal.into()),
            None => Ok(page.total),
        }
    }

    fn push(&mut self, row: R, before: &[R]) {
        let other = match &mut self.other {
            Some(other) => other,
            None if before.get(self.same) == Some(&row) => {
                self.same += 1;
                return;
            }
            None => self.other.insert(first(before, self.same)),
        };
        other.push(row);
    }

    /// Returns the list if it is plausible; `None` if it equals the previous
    /// one.
    pub(super) fn finish(self, before: &[R]) -> Result<Option<Vec<R>>, ListRefusal> {
        let rows = match self.other {
            Some(rows) => rows,
            None if self.same == 0 => return Err(ListRefusal::Empty),
            None if self.same == before.len() => return Ok(None),
            None => first(before, self.same),
        };
        refuse_twins(rows.iter().map(R::name))?;
        Ok(Some(rows))
    }
}

fn first<R: Clone>(before: &[R], count: usize) -> Vec<R> {
    before.get(..count).unwrap_or_default().to_vec()
}

/// Converts each row as it is parsed: the parsed JSON of all rows would take
/// the memory of a second list.
struct OneByOne<'r, R> {
    rows: &'r mut Rows<R>,
    before: &'r [R],
}

impl<'de, R: Row> Visitor<'de> for OneByOne<'_, R> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while self.rows.len() <= MAX_ROWS {
            let Some(row) = seq.next_element::<R::Wire>()? else {
                return Ok(());
            };
            match row.try_into() {
                Ok(row) => self.rows.push(row, self.before),
                Err(refusal) => self.rows.refusal = Some(refusal),
            }
        }
        // The caller rejects the list, so the rest is skipped.
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
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

    fn read(body: &[u8]) {
        let _ = success(Call::SignOut, body);
        let _ = data::<SignedInWire>(Call::SignIn, body);
        read_rows::<ListedUser>(body);
        read_rows::<DsmUsername>(body);
    }

    fn read_rows<R: Row>(body: &[u8]) {
        let mut rows = Rows::<R>::new();
        let _ = rows.add_page(Call::ListUsers, body, &[]);
        let _ = rows.finish(&[]);
    }

    fn user(name: &str, email: Option<&str>) -> ListedUser {
        ListedUser {
            name: DsmUsername::new(name),
            email: email.map(str::to_owned),
            expired: None,
        }
    }

    fn page(users: &[ListedUser]) -> Vec<u8> {
        let row = |user: &ListedUser| {
            let name = user.name.as_str();
            serde_json::json!({"name": name, "email": user.email, "expired": user.expired})
        };
        let users: Vec<_> = users.iter().map(row).collect();
        let answer = serde_json::json!({"success": true, "data": {"users": users}});
        answer.to_string().into_bytes()
    }

    #[test]
    fn of_a_list_without_an_end_only_so_much_is_kept() {
        let row = r#"{"name":"a"},"#.repeat(MAX_ROWS + 50);
        let users = row.trim_end_matches(',');
        let body = format!(r#"{{"success":true,"data":{{"users":[{users}]}}}}"#);
        let mut rows = Rows::<ListedUser>::new();
        rows.add_page(Call::ListUsers, body.as_bytes(), &[])
            .unwrap();
        assert_eq!(rows.len(), MAX_ROWS + 1);
    }

    /// Few names and addresses, so that lists are often alike.
    fn list() -> impl Strategy<Value = Vec<ListedUser>> {
        let row = ("[abc]", proptest::option::of("[xy]"));
        let users = row.prop_map(|(name, email)| user(&name, email.as_deref()));
        proptest::collection::vec(users, 0..5)
    }

    proptest! {
        #[test]
        fn a_list_is_the_same_in_any_number_of_pages(
            list in list(),
            before in list(),
            parts in 1_usize..4,
        ) {
            let read = |before: &[ListedUser]| {
                let mut rows = Rows::new();
                for part in list.chunks(parts) {
                    rows.add_page(Call::ListUsers, &page(part), before).unwrap();
                }
                assert_eq!(rows.len(), list.len());
                rows.finish(before)
            };
            let names: HashSet<_> = list.iter().map(Row::name).collect();
            match read(&[]) {
                Ok(read) => prop_assert_eq!(read.as_ref(), Some(&list)),
                Err(ListRefusal::Empty) => prop_assert!(list.is_empty()),
                Err(_) => prop_assert!(names.len() < list.len()),
            }
            prop_assert_eq!(read(&list), read(&[]).map(|_| None).or_else(|error| match error {
                // The previous rows were checked already.
                ListRefusal::Twins(_) => Ok(None),
                error @ (ListRefusal::Empty
                | ListRefusal::Short { .. }
                | ListRefusal::Endless { .. }
                | ListRefusal::Nameless) => Err(error),
            }));
            match read(&before) {
                Ok(None) => prop_assert_eq!(&list, &before),
                other => prop_assert_eq!(other, read(&[])),
            }
        }

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
