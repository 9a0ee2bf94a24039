use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::*;
use crate::clients::upstream::{Document, DocumentName};
use domain::base::clock::UnixTime;
use domain::base::ids::{ClientId, DsmUsername, GoogleIssuer, GoogleSubject};
use domain::base::secret::Secret;
use domain::model::login::{GoogleAccount, GoogleIdentity, GrantedCode, Scope, VerifiedAddress};
use domain::signin::directory::{Link, LinkedBy};

const NOW: UnixTime = UnixTime::from_seconds(1_772_433_000);

/// The settings of the connection, which other tests cannot read.
#[tokio::test]
async fn an_answer_waits_for_the_disk() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("state.sqlite3"), NOW).unwrap();
    let check = async |setting: &'static str, expected: &str| {
        let sql = format!("SELECT CAST({setting} AS TEXT) FROM pragma_{setting}");
        let read = move |connection: &Connection| connection.query_row(&sql, [], |row| row.get(0));
        let value: String = store.call("read a setting", read).await.unwrap();
        assert_eq!(value, expected, "{setting}");
    };
    // In WAL mode FULL syncs the journal at each commit; NORMAL would not.
    check("synchronous", "2").await;
    check("journal_mode", "wal").await;
    // What is forgotten is gone from the disk, too.
    check("secure_delete", "1").await;
}

/// The flags are in `.cargo/config.toml`. A release of libsqlite3-sys may
/// rename the variable.
#[test]
fn sqlite_has_only_what_plain_tables_need() {
    let connection = Connection::open_in_memory().unwrap();
    let has = |option: &str| {
        let sql = "SELECT sqlite_compileoption_used(?1)";
        connection.query_row(sql, [option], |row| row.get::<_, bool>(0))
    };
    for option in ["ENABLE_FTS3", "ENABLE_FTS5", "ENABLE_RTREE", "ENABLE_STAT4"] {
        assert!(!has(option).unwrap(), "{option}");
    }
    for option in ["OMIT_JSON", "OMIT_LOAD_EXTENSION"] {
        assert!(has(option).unwrap(), "{option}");
    }
}

/// The check for lost tables reads their names from the text.
#[test]
fn the_migrations_create_the_tables_that_a_state_must_have() {
    let made = Connection::open_in_memory().unwrap();
    made.execute_batch(&MIGRATIONS.concat()).unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let mut names = made.prepare(sql).unwrap();
    let names = names.query_map([], |row| row.get(0)).unwrap();
    let names: Vec<String> = names.collect::<Result<_, _>>().unwrap();
    let mut expected: Vec<_> = open::tables().collect();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn failed_work_is_rolled_back_and_affects_no_other_work() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("state.sqlite3"), NOW).unwrap();
    let insert = |id: i64, sql: &'static str| {
        store.call("insert", move |connection| {
            connection.execute(
                "INSERT INTO documents (name, body, fetched, expires) VALUES (?1, x'', 0, 0)",
                [id.to_string()],
            )?;
            connection.execute_batch(sql)
        })
    };
    let (first, failing, last) = tokio::join!(
        insert(1, ""),
        insert(2, "INSERT INTO nowhere VALUES (1)"),
        insert(3, ""),
    );
    first.unwrap();
    last.unwrap();
    assert_eq!(failing.unwrap_err().to_string(), "insert");
    let names = store.call("list", |connection| {
        let mut statement = connection.prepare("SELECT name FROM documents ORDER BY name")?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        names.collect::<Result<Vec<_>, _>>()
    });
    assert_eq!(names.await.unwrap(), ["1", "3"]);

    insert(4, "INSERT INTO nowhere VALUES (1)")
        .await
        .unwrap_err();
    insert(5, "").await.unwrap();
    let count = store.call("count", |connection| {
        let count = "SELECT count(*) FROM documents WHERE name IN ('4', '5')";
        connection.query_row(count, [], |row| row.get::<_, i64>(0))
    });
    assert_eq!(count.await.unwrap(), 1);
}

/// After a discovery document alone, the keys of the one before would count
/// as its own at the next start.
#[tokio::test]
async fn no_document_outlives_those_that_it_was_kept_with() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("state.sqlite3"), NOW).unwrap();
    let document = |name, body: &str| Document {
        name,
        body: body.as_bytes().to_vec(),
        fetched: UnixTime::from_seconds(0),
        expires: UnixTime::from_seconds(1),
    };
    let old = document(DocumentName::Discovery, "old");
    let keys = document(DocumentName::Keys, "keys of the old one");
    store.save_documents(vec![old, keys]).await.unwrap();
    let new = document(DocumentName::Discovery, "new");
    store.save_documents(vec![new.clone()]).await.unwrap();
    assert_eq!(store.documents().await.unwrap(), [new]);
}

#[tokio::test]
async fn the_end_of_the_stores_thread_is_told() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("state.sqlite3"), NOW).unwrap();
    let broken = store.call("break", |_| -> rusqlite::Result<()> {
        panic!("on purpose")
    });
    assert!(matches!(broken.await, Err(StoreError::Closed("break"))));
    store.ended().await;
    assert!(store.answers().await.is_err());
}

#[tokio::test]
async fn administrators_that_an_earlier_release_kept_are_still_known() {
    let directory = tempfile::tempdir().unwrap();
    for (users, expected) in [
        (
            "(1, 'jeanne', 0), (2, 'Paul', 1), (3, 'admin', 1)",
            Some(vec!["Paul", "admin"]),
        ),
        // That it knew of none is more likely a fault.
        ("(1, 'jeanne', 0)", None),
    ] {
        let path = directory.path().join(format!("{}.sqlite3", users.len()));
        let earlier = Connection::open(&path).unwrap();
        earlier
            .execute_batch(&format!(
                "{} PRAGMA user_version = 1;
                 INSERT INTO users (position, name, administrator) VALUES {users};
                 INSERT INTO directory (id, refreshed) VALUES (1, 7);",
                MIGRATIONS[0]
            ))
            .unwrap();
        drop(earlier);

        let store = Store::open(&path, NOW).unwrap();

        let kept = store.directory().await.unwrap().unwrap();
        assert_eq!(kept.refreshed, UnixTime::from_seconds(7));
        let names = kept.list.administrators.as_deref();
        let names: Option<Vec<&str>> =
            names.map(|names| names.iter().map(DsmUsername::as_str).collect());
        assert_eq!(names, expected);
        store.close();
    }
}

/// A state of 0.1.0, at `version`, with a key to recognise it by.
fn write_without_application_id(path: &Path, version: usize) {
    let tables = MIGRATIONS[..version].concat();
    let key = "07".repeat(32);
    let earlier = Connection::open(path).unwrap();
    let written = earlier.execute_batch(&format!(
        "{tables} PRAGMA user_version = {version};
         INSERT INTO signing_keys (kid, pkcs8, created) VALUES ('k', x'', 1);
         INSERT INTO seal_key (id, key) VALUES (1, x'{key}');"
    ));
    written.unwrap();
}

#[tokio::test]
async fn a_state_of_0_1_0_loads_and_gets_an_application_id() {
    let directory = tempfile::tempdir().unwrap();
    let read = |connection: &Connection| {
        connection.query_row("PRAGMA application_id", [], |row| row.get::<_, i64>(0))
    };
    for (version, is_copy) in [(1, false), (2, false), (3, false), (3, true)] {
        let path = directory.path().join(format!("{version}-{is_copy}"));
        let copy = copy::path(&path);
        write_without_application_id(if is_copy { &copy } else { &path }, version);

        let store = Store::open(&path, NOW).unwrap();

        let key = store.seal_key(Secret::new([0; 32])).await.unwrap();
        assert_eq!(*key.expose(), [7; 32], "{version}");
        let id = store.call("read", read).await.unwrap();
        assert_eq!(id, whose::APPLICATION_ID, "{version}");
        store.close();
    }
}

/// Jeanne's code.
fn granted() -> GrantedCode {
    GrantedCode {
        client: ClientId::new("synology"),
        redirect_uri: "https://nas.example.com/".to_owned(),
        challenge: None,
        nonce: None,
        scope: Scope::parse("openid"),
        auth_time: None,
        identity: GoogleIdentity {
            account: GoogleAccount {
                issuer: GoogleIssuer::new("https://accounts.google.com"),
                subject: GoogleSubject::new("114025187463509912886"),
            },
            address: VerifiedAddress::vouched_for("jeanne@gmail.com".to_owned()),
            hosted_domain: None,
            name: None,
            auth_time: None,
        },
        user: DsmUsername::new("jeanne"),
        granted: NOW,
    }
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

/// Saves `code`, with Jeanne's link.
async fn grant(store: &Store, code: &str) {
    let link = Link {
        account: granted().identity.account,
        address: granted().identity.address,
        user: granted().user,
        by: LinkedBy::Address,
        since: NOW,
        moved: None,
    };
    let decide = |_, _: &[Link]| Ok::<_, ()>((granted(), link));
    let life = Duration::from_mins(1);
    let code = secret(code);
    let linked = store.grant(&code, granted().identity, life, decide);
    linked.await.unwrap().unwrap();
}

/// Redeems `code` for an access token.
async fn redeem(store: &Store, code: &str, token: &str) -> Redeemed<(), ()> {
    redeem_with(store, code, token, |_| Ok(())).await
}

/// Redeems `code`, with `issue` for the ID token.
async fn redeem_with(
    store: &Store,
    code: &str,
    token: &str,
    issue: fn(&GrantedCode) -> Result<(), ()>,
) -> Redeemed<(), ()> {
    let life = NOW..NOW.plus(Duration::from_hours(1));
    let decide = move |_: &_, _: &[Link]| Decision::Redeem(issue);
    let (code, token) = (secret(code), secret(token));
    let redeemed = store.redeem(&code, &token, life, decide);
    redeemed.await.unwrap()
}

/// Polls `future` once.
async fn at_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    let mut future = pin!(future);
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

#[tokio::test]
async fn the_last_access_token_is_found_without_the_stores_thread() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("state.sqlite3"), NOW).unwrap();
    grant(&store, "first").await;
    grant(&store, "second").await;
    redeem(&store, "first", "of the first").await;
    let first = store.access(&secret("of the first"), NOW).await.unwrap();
    assert!(first.is_some());
    redeem(&store, "second", "of the second").await;
    // The first one is read from the state now.
    let read = store.access(&secret("of the first"), NOW).await.unwrap();
    assert_eq!(read, first);

    let (go_on, waits) = std::sync::mpsc::channel::<()>();
    let mut blocked = pin!(store.call("wait", move |_| {
        waits.recv().unwrap();
        Ok(())
    }));
    // Sends the job to the thread.
    assert!(at_once(&mut blocked).await.is_pending());
    let second = secret("of the second");
    let Poll::Ready(found) = at_once(store.access(&second, NOW)).await else {
        panic!("it waits for the thread");
    };
    let user = found.unwrap().map(|(access, _)| access.user);
    assert_eq!(user, Some(granted().user));
    let late = NOW.plus(Duration::from_hours(1));
    let expired = at_once(store.access(&second, late)).await;
    assert!(matches!(expired, Poll::Ready(Ok(None))), "{expired:?}");
    go_on.send(()).unwrap();
    blocked.await.unwrap();
}

#[tokio::test]
async fn the_last_access_token_is_forgotten_at_the_next_write() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("state.sqlite3"), NOW).unwrap();
    let links = async || {
        let access = store.access(&secret("token"), NOW).await.unwrap();
        access.map(|(_, links)| links.len())
    };
    grant(&store, "code").await;
    redeem(&store, "code", "token").await;
    assert_eq!(links().await, Some(1));
    store.remove_links("jeanne").await.unwrap();
    assert_eq!(links().await, Some(0));

    grant(&store, "another code").await;
    redeem(&store, "another code", "another token").await;
    redeem(&store, "another code", "a stolen code's").await;
    for revoked in ["another token", "a stolen code's"] {
        assert_eq!(store.access(&secret(revoked), NOW).await.unwrap(), None);
    }
}

/// Both jobs are in one transaction.
#[tokio::test]
async fn a_token_that_is_revoked_in_its_own_transaction_is_not_found() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("state.sqlite3"), NOW).unwrap();
    grant(&store, "code").await;
    let (go_on, waits) = std::sync::mpsc::channel::<()>();
    let wait = store.call("wait", move |_| {
        waits.recv().unwrap();
        Ok(())
    });
    let send = async { go_on.send(()).unwrap() };
    let (_, first, second, ()) = tokio::join!(
        wait,
        redeem(&store, "code", "token"),
        redeem(&store, "code", "another token"),
        send,
    );
    assert!(matches!(first, Redeemed::Now(..)), "{first:?}");
    assert_eq!(second, Redeemed::Before);
    assert_eq!(store.access(&secret("token"), NOW).await.unwrap(), None);
}

/// A signature takes time, and may fail.
#[tokio::test]
async fn nothing_is_issued_for_a_code_that_was_used() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open(&home.path().join("state.sqlite3"), NOW).unwrap();
    grant(&store, "code").await;
    let failed = redeem_with(&store, "code", "lost", |_| Err(())).await;
    assert_eq!(failed, Redeemed::Refused(()));
    assert_eq!(store.access(&secret("lost"), NOW).await.unwrap(), None);
    let redeemed = redeem(&store, "code", "token").await;
    assert!(matches!(redeemed, Redeemed::Now(..)), "{redeemed:?}");
    let again = redeem_with(&store, "code", "a stolen code's", |_| Err(())).await;
    assert_eq!(again, Redeemed::Before);
    assert_eq!(store.access(&secret("token"), NOW).await.unwrap(), None);
}
