-- Whether an administrator made the link, on the administration page. by_alias
-- is 0 then.
ALTER TABLE links ADD COLUMN by_administrator INTEGER NOT NULL DEFAULT 0
    CHECK (by_administrator IN (0, 1));
