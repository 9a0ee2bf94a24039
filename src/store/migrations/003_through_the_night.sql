-- When the daemon last wrote down that it was running, and whether that was
-- at its end, in good order.
CREATE TABLE presence (
    id      INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    seen    INTEGER NOT NULL,
    stopped INTEGER NOT NULL CHECK (stopped IN (0, 1))
) STRICT;

-- When the NAS switches itself off and on, as DSM writes it to its own file.
CREATE TABLE power_schedule (
    id    INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    tasks TEXT NOT NULL
) STRICT;
