-- What the requests of clients look like: how often a fact was seen, and when
-- last. The values contain no secret. client is empty for the documents.
CREATE TABLE observations (
    client   TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    fact     TEXT NOT NULL,
    value    TEXT NOT NULL,
    times    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    PRIMARY KEY (client, endpoint, fact, value)
) STRICT, WITHOUT ROWID;
