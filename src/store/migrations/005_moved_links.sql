-- When the DSM user was last linked to another Google account, or the link got
-- another address.
ALTER TABLE links ADD COLUMN moved INTEGER;
