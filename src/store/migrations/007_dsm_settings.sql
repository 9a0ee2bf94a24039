-- What DSM had before dsm-settings --apply wrote to it, and all that was
-- written since, as JSON of DSM's web API. part is that of the program's source
-- code, for a rule of the reverse proxy with its source.
CREATE TABLE dsm_settings_before (
    part      TEXT PRIMARY KEY NOT NULL,
    previous  TEXT NOT NULL,
    written   TEXT NOT NULL,
    is_undone INTEGER NOT NULL CHECK (is_undone IN (0, 1))
) STRICT, WITHOUT ROWID;

-- The result of the wizard's choice to write the settings.
CREATE TABLE dsm_settings_wizard (
    id      INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    at      INTEGER NOT NULL,
    result  TEXT NOT NULL,
    message TEXT NOT NULL
) STRICT;
