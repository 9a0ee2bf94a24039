use super::*;
use crate::clients::upstream::{Document, DocumentName};
use domain::base::clock::UnixTime;
use domain::base::ids::DsmUsername;
use domain::base::secret::Secret;

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
