-- A link of a state from before this version: someone has signed in. Later
-- ones may be of a client that could not redeem its code.
INSERT INTO observations (client, endpoint, fact, value, times, last)
    SELECT '', '/token', 'code', 'redeemed', count(*), max(since) FROM links
    HAVING count(*) > 0;
