//! Google's discovery document and keys.

use rusqlite::{Row, params};

use super::{Store, StoreError};
use crate::clients::upstream::{Document, DocumentName};
use domain::base::clock::UnixTime;

impl Store {
    /// Returns the saved documents.
    pub async fn documents(&self) -> Result<Vec<Document>, StoreError> {
        self.call("read Google's saved documents", |connection| {
            let mut statement =
                connection.prepare("SELECT name, body, fetched, expires FROM documents")?;
            let rows = statement.query_map([], document)?;
            rows.filter_map(Result::transpose).collect()
        })
        .await
    }

    /// Replaces all saved documents: keys would otherwise be used with a
    /// discovery document to which they do not belong.
    pub async fn save_documents(&self, documents: Vec<Document>) -> Result<(), StoreError> {
        self.call("save Google's documents", move |connection| {
            connection.execute("DELETE FROM documents", [])?;
            for document in &documents {
                connection.execute(
                    "INSERT OR REPLACE INTO documents (name, body, fetched, expires)
                     VALUES (?1, ?2, ?3, ?4)",
                    params![
                        name_in_table(document.name),
                        document.body,
                        document.fetched.seconds(),
                        document.expires.seconds(),
                    ],
                )?;
            }
            Ok(())
        })
        .await
    }
}

/// `None` for a name that only a later release knows.
fn document(row: &Row<'_>) -> rusqlite::Result<Option<Document>> {
    let Some(name) = name_of(&row.get::<_, String>(0)?) else {
        return Ok(None);
    };
    Ok(Some(Document {
        name,
        body: row.get(1)?,
        fetched: UnixTime::from_seconds(row.get(2)?),
        expires: UnixTime::from_seconds(row.get(3)?),
    }))
}

fn name_in_table(name: DocumentName) -> &'static str {
    match name {
        DocumentName::Discovery => "discovery",
        DocumentName::Keys => "keys",
    }
}

fn name_of(text: &str) -> Option<DocumentName> {
    [DocumentName::Discovery, DocumentName::Keys]
        .into_iter()
        .find(|name| name_in_table(*name) == text)
}
