-- "Send all now": every customer's mapped fields of a connection, as a message each.

CREATE TABLE backfill (
    backfill    INTEGER PRIMARY KEY,
    connection  INTEGER NOT NULL,
    state       TEXT NOT NULL,           -- running | paused | cancelled | done | failed
    reason_code TEXT,                    -- why it failed
    reason_text TEXT,
    only_changed INTEGER NOT NULL,       -- leave out customers whose mapped fields are those made last
    since       INTEGER,                 -- leave out customers whose profile changed last before it
    customers   TEXT,                    -- JSON list of keys; NULL: every customer. Emptied at the end
    cursor      INTEGER NOT NULL,        -- key of the customer looked at last
    upto        INTEGER NOT NULL,        -- key of the last customer known when it started
    total       INTEGER NOT NULL,        -- customers to look at, as counted when it started
    looked_at   INTEGER NOT NULL DEFAULT 0, -- = made + unchanged + withheld + failed
    made        INTEGER NOT NULL DEFAULT 0,
    unchanged   INTEGER NOT NULL DEFAULT 0,
    withheld    INTEGER NOT NULL DEFAULT 0,
    failed      INTEGER NOT NULL DEFAULT 0,
    moved_at    INTEGER NOT NULL,        -- when it last moved
    pace        REAL,                    -- ms a customer, of late
    started_at  INTEGER NOT NULL,
    finished_at INTEGER,
    started_by  TEXT NOT NULL
) STRICT;
CREATE INDEX backfill_by_connection ON backfill (connection, backfill);
CREATE UNIQUE INDEX backfill_under_way ON backfill (connection) WHERE state IN ('running', 'paused');
