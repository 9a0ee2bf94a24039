-- When the daemon last wrote down that it was running, and whether that was
-- at its end, in good order.
CREATE TABLE presence (
    id      INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    seen    INTEGER NOT NULL,
    stopped INTEGER NOT NULL CHECK (stopped IN (0, 1))
) STRICT;
