-- The RSA keys that sign ID tokens, as PKCS #8.
CREATE TABLE signing_keys (
    kid     TEXT PRIMARY KEY NOT NULL,
    pkcs8   BLOB NOT NULL,
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The one key that seals the cookies of logins in progress.
CREATE TABLE seal_key (
    id  INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    key BLOB NOT NULL
) STRICT;

-- One row for each login that Google vouched for: its authorization code,
-- then its access token. Both are known to the relying party alone; here are
-- their SHA-256 hashes. used is 0 until the code was redeemed. forget_at is
-- when neither means anything any more.
CREATE TABLE grants (
    code_hash      BLOB PRIMARY KEY NOT NULL,
    client         TEXT NOT NULL,
    redirect_uri   TEXT NOT NULL,
    challenge      BLOB,
    nonce          TEXT,
    scope          TEXT NOT NULL,
    auth_time      INTEGER,
    issuer         TEXT NOT NULL,
    subject        TEXT NOT NULL,
    address        TEXT NOT NULL,
    hosted_domain  TEXT,
    name           TEXT,
    dsm_user       TEXT NOT NULL,
    granted        INTEGER NOT NULL,
    used           INTEGER NOT NULL DEFAULT 0,
    access_hash    BLOB,
    access_expires INTEGER NOT NULL DEFAULT 0,
    forget_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX grants_by_access_hash ON grants (access_hash)
    WHERE access_hash IS NOT NULL;
CREATE INDEX grants_by_forget_at ON grants (forget_at);

-- Google's discovery document and keys, as they came.
CREATE TABLE documents (
    name    TEXT PRIMARY KEY NOT NULL,
    body    BLOB NOT NULL,
    fetched INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- DSM's local users in DSM's order, as they were last listed.
CREATE TABLE users (
    position      INTEGER PRIMARY KEY NOT NULL,
    name          TEXT NOT NULL UNIQUE,
    email         TEXT,
    expired       TEXT,
    administrator INTEGER NOT NULL CHECK (administrator IN (0, 1))
) STRICT;

-- When that was.
CREATE TABLE directory (
    id        INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    refreshed INTEGER NOT NULL
) STRICT;
