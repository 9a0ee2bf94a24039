-- When the daemon was running. A run that was not stopped was interrupted, by a
-- power cut for example, at some time after seen; or it is the present one.
CREATE TABLE runs (
    id      INTEGER PRIMARY KEY NOT NULL,
    begun   INTEGER NOT NULL,
    seen    INTEGER NOT NULL,
    stopped INTEGER NOT NULL CHECK (stopped IN (0, 1))
) STRICT;

-- When the jobs ran, and whether they failed. Of the same job with the same
-- result, one in a quarter of an hour.
CREATE TABLE job_runs (
    id     INTEGER PRIMARY KEY NOT NULL,
    at     INTEGER NOT NULL,
    job    TEXT NOT NULL,
    failed INTEGER NOT NULL CHECK (failed IN (0, 1))
) STRICT;
