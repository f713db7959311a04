-- Who may open the pages: people, their sessions, one-time links, and tries to sign in.

CREATE TABLE person (
    person     INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,            -- as people write it
    folded     TEXT NOT NULL UNIQUE,     -- as names are compared
    role       TEXT NOT NULL,            -- viewer | operator | admin
    password   TEXT,                     -- argon2id; NULL: none chosen yet
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER
) STRICT;

CREATE TABLE session (
    digest     BLOB PRIMARY KEY,         -- SHA-256; the token itself is nowhere
    id         TEXT NOT NULL UNIQUE,     -- what a page calls it; opens nothing
    person     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL          -- unless it is used again before
) STRICT, WITHOUT ROWID;
CREATE INDEX session_by_person ON session (person);
CREATE INDEX session_by_end ON session (ends_at);

CREATE TABLE link (                      -- gone once it was used
    digest     BLOB PRIMARY KEY,
    kind       TEXT NOT NULL,            -- set up | choose password | sign in
    person     INTEGER,                  -- NULL: whoever sets the host up
    ends_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX link_by_person ON link (person);
CREATE INDEX link_by_end ON link (ends_at);

CREATE TABLE failed_try (                -- failed tries to sign in, in a row
    subject    BLOB PRIMARY KEY,         -- digest of the name or address: what was typed is nowhere
    failures   INTEGER NOT NULL,
    wait_until INTEGER NOT NULL          -- before that nothing is tried; the last failure if need not wait
) STRICT, WITHOUT ROWID;
CREATE INDEX failed_try_by_end ON failed_try (wait_until);
