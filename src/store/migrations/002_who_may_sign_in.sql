-- As which DSM user a Google account signed in, and how that was decided: by
-- an alias of the config, or by the address. canonical is the address as it is
-- compared, address as Google wrote it.
CREATE TABLE links (
    issuer    TEXT NOT NULL,
    subject   TEXT NOT NULL,
    address   TEXT NOT NULL,
    canonical TEXT NOT NULL,
    dsm_user  TEXT NOT NULL,
    by_alias  INTEGER NOT NULL CHECK (by_alias IN (0, 1)),
    since     INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX links_by_canonical ON links (canonical);

-- Until when DSM is not asked to sign in, since it refused: the keyed hash of
-- what it refused tells when that has changed. seconds is how long this hold
-- is; the next one is twice as long.
CREATE TABLE hold (
    id          INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    until       INTEGER NOT NULL,
    seconds     INTEGER NOT NULL,
    fingerprint BLOB NOT NULL
) STRICT;

-- From when a key signs. It does until the next one's time has come.
ALTER TABLE signing_keys ADD COLUMN signs_from INTEGER NOT NULL DEFAULT 0;
UPDATE signing_keys SET signs_from = created;

-- The members of the group administrators as they were last read, which may
-- be longer ago than the users; administrators_known is 0 before that.
CREATE TABLE administrators (
    name TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO administrators (name) SELECT name FROM users WHERE administrator = 1;
ALTER TABLE users DROP COLUMN administrator;
ALTER TABLE directory ADD COLUMN administrators_known INTEGER NOT NULL DEFAULT 0
    CHECK (administrators_known IN (0, 1));
UPDATE directory SET administrators_known = EXISTS (SELECT 1 FROM administrators);

-- What DSM answered, for whoever is to mend it.
ALTER TABLE hold ADD COLUMN reason TEXT NOT NULL DEFAULT '';
