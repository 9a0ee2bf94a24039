-- "G2SS": tells this state from another program's database.
PRAGMA application_id = 1194480467;
