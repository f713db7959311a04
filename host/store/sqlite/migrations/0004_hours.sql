-- What each hour brought: charts and "last delivery" without looking through the history.

CREATE TABLE hour (
    connection   INTEGER NOT NULL,
    hour         INTEGER NOT NULL,       -- when it began
    delivered    INTEGER NOT NULL,       -- messages that got there in this hour
    undelivered  INTEGER NOT NULL,
    delivered_at INTEGER,                -- the last of them
    failed_at    INTEGER,                -- the last attempt that did not deliver
    failed_message INTEGER,              -- of which message; its words are told there
    PRIMARY KEY (connection, hour)
) STRICT, WITHOUT ROWID;
