-- The last sign-ins: when a client redeemed a code, and the Google address. A
-- later row has a higher id, also after the clock was set back.
CREATE TABLE sign_ins (
    id       INTEGER PRIMARY KEY NOT NULL,
    at       INTEGER NOT NULL,
    dsm_user TEXT NOT NULL,
    address  TEXT NOT NULL,
    client   TEXT NOT NULL
) STRICT;

-- The last sign-in of each DSM user. Not taken from sign_ins: a user who signs
-- in once a month would have none as soon as others have filled that table.
CREATE TABLE last_sign_ins (
    dsm_user TEXT PRIMARY KEY NOT NULL,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The last refused sign-ins; position 0 is the newest. ahead is by how many
-- seconds our clock was wrong. issuer and subject are of a Google account that
-- was identified.
CREATE TABLE refusals (
    position INTEGER PRIMARY KEY NOT NULL,
    at       INTEGER NOT NULL,
    refusal  TEXT NOT NULL,
    ahead    INTEGER,
    address  TEXT,
    dsm_user TEXT,
    issuer   TEXT,
    subject  TEXT
) STRICT;
