-- The first shape of the store. Times are milliseconds since 1970; keys are integers that grow
-- with time (see host/store/keys.py), so that rows are appended and ranges of keys are ranges of time.

CREATE TABLE meta (                      -- single values: the install's id, the check word, the generation
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE connection (
    connection INTEGER PRIMARY KEY,
    id         TEXT NOT NULL,
    module     TEXT NOT NULL,
    title      TEXT NOT NULL DEFAULT '', -- what the far side calls the account
    document   BLOB NOT NULL,            -- everything but the secrets, JSON
    secrets    BLOB NOT NULL,            -- encrypted JSON
    enabled    INTEGER NOT NULL,
    paused     INTEGER NOT NULL,
    environment TEXT,                    -- which messages made now belong to
    state      TEXT NOT NULL,            -- not connected | connected | needs attention
    reason_code TEXT,                    -- why it needs attention
    reason_text TEXT,
    field      TEXT,                     -- the setting to look at
    version    INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    deleted_at INTEGER                   -- kept for the history
) STRICT;
CREATE UNIQUE INDEX connection_by_id ON connection (id) WHERE deleted_at IS NULL;

CREATE TABLE gate (                      -- what holds a whole connection back
    connection   INTEGER PRIMARY KEY,
    not_before   INTEGER NOT NULL DEFAULT 0,
    failures     INTEGER NOT NULL DEFAULT 0,
    lanes        INTEGER NOT NULL DEFAULT 0,
    lane         INTEGER,
    open         INTEGER NOT NULL DEFAULT 0,
    throttle     REAL NOT NULL DEFAULT 0,
    recovered_at INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE ledger (                    -- made = the sum of the seven others, in every transaction
    connection  INTEGER PRIMARY KEY,
    made        INTEGER NOT NULL DEFAULT 0,
    waiting     INTEGER NOT NULL DEFAULT 0,
    sending     INTEGER NOT NULL DEFAULT 0,
    retrying    INTEGER NOT NULL DEFAULT 0,
    delivered   INTEGER NOT NULL DEFAULT 0,
    undelivered INTEGER NOT NULL DEFAULT 0,
    withheld    INTEGER NOT NULL DEFAULT 0,
    discarded   INTEGER NOT NULL DEFAULT 0,
    not_made    INTEGER NOT NULL DEFAULT 0 -- associated events for which no message was made: switched off
) STRICT;

CREATE TABLE customer (
    customer   INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    opted_out  INTEGER NOT NULL,         -- 1: opted out, 2: erased
    opted_at   INTEGER NOT NULL,         -- time of the last opt-in or opt-out
    changed_at INTEGER NOT NULL,         -- time of the last change of the profile
    fields     TEXT                      -- JSON object; NULL: known by id only
) STRICT;

CREATE TABLE external_id (
    name     TEXT NOT NULL,
    value    TEXT NOT NULL,
    customer INTEGER NOT NULL,
    PRIMARY KEY (name, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX external_id_by_customer ON external_id (customer);

CREATE TABLE event (                     -- an event as it came; its identity outlives its body
    event       INTEGER PRIMARY KEY,
    id_hash     INTEGER NOT NULL,        -- 64 bits of the id's digest
    id          TEXT NOT NULL,
    content     BLOB NOT NULL,           -- digest of the content without the id
    customer    INTEGER,                 -- NULL: a guest
    action      TEXT NOT NULL,
    body        BLOB                     -- the item as it came; NULL: no longer kept
) STRICT;
CREATE INDEX event_by_id ON event (id_hash);
CREATE INDEX event_by_customer ON event (customer);

CREATE TABLE seen (                      -- which events come at all
    action TEXT PRIMARY KEY,
    events INTEGER NOT NULL,
    last   INTEGER NOT NULL              -- key of the last one
) STRICT, WITHOUT ROWID;

CREATE TABLE lane (                      -- the messages of one customer on one connection, in order
    connection INTEGER NOT NULL,
    customer   INTEGER NOT NULL,
    next_seq   INTEGER NOT NULL,
    due        INTEGER,                  -- when the head may go; leased: when the lease ends; NULL: empty
    failed_at  INTEGER NOT NULL DEFAULT 0, -- when the head last failed; 0: it waits for nothing
    lease      INTEGER,                  -- token of who is sending the head
    profile    INTEGER,                  -- digest of the profile part made last
    profile_waiting   INTEGER,           -- seq of a profile message that was never sent
    profile_delivered INTEGER NOT NULL DEFAULT 0, -- seq of the newest delivered profile part
    PRIMARY KEY (connection, customer)
) STRICT, WITHOUT ROWID;
CREATE INDEX lane_by_due ON lane (connection, due) WHERE due IS NOT NULL;

CREATE TABLE message (                   -- the outbox: what is not settled. Narrow: no body here
    connection  INTEGER NOT NULL,
    customer    INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    message     INTEGER PRIMARY KEY,     -- appended: a growing backlog costs no more a message
    kind        INTEGER NOT NULL,        -- 0 event, 1 profile
    event       INTEGER,
    edition     INTEGER NOT NULL,        -- 1, then 2 … for replays under a new id
    mapped      INTEGER NOT NULL,        -- 0: there is no payload yet
    attempts    INTEGER NOT NULL,
    due         INTEGER NOT NULL,
    reason_code TEXT,                    -- why it is not delivered yet
    reason_text TEXT,
    environment TEXT
) STRICT;
CREATE UNIQUE INDEX message_by_lane ON message (connection, customer, seq);
CREATE INDEX message_by_key ON message (connection, message);
CREATE INDEX message_retrying ON message (connection, message) WHERE attempts > 0;

CREATE TABLE message_body (              -- written once, appended
    message INTEGER PRIMARY KEY,
    payload TEXT NOT NULL,               -- {"event", "profile"}; not mapped yet: {"snapshot"}
    route   TEXT NOT NULL,
    profile INTEGER,                     -- digest of the profile part in it
    notes   TEXT                         -- JSON list of texts
) STRICT;

CREATE TABLE settled (                   -- the slim history of messages
    connection  INTEGER NOT NULL,
    message     INTEGER NOT NULL,
    customer    INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    event       INTEGER,
    edition     INTEGER NOT NULL,
    mapped      INTEGER NOT NULL,
    state       TEXT NOT NULL,           -- delivered | undelivered | withheld | discarded
    attempts    INTEGER NOT NULL,
    reason_code TEXT,
    reason_text TEXT,
    environment TEXT,
    settled_at  INTEGER NOT NULL,
    duration_ms INTEGER,                 -- of the delivering attempt
    status      INTEGER,
    PRIMARY KEY (connection, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX settled_by_customer ON settled (customer, message);
CREATE INDEX settled_by_state ON settled (connection, state, message) WHERE state <> 'delivered';

CREATE TABLE attempt (                   -- every attempt but the one that delivered
    message     INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    status      INTEGER,
    outcome     TEXT NOT NULL,
    reason_code TEXT,
    reason_text TEXT
) STRICT;
CREATE INDEX attempt_by_message ON attempt (message);

CREATE TABLE token (
    name       TEXT PRIMARY KEY,
    digest     BLOB NOT NULL,            -- SHA-256; the token itself is nowhere
    scope      TEXT NOT NULL,            -- events | admin
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE VIEW unsettled_view AS            -- messages of the outbox, as people see them
SELECT m.connection, m.message, m.customer, m.seq, m.kind, m.event, m.edition, m.mapped, m.attempts,
    COALESCE(m.reason_code, CASE WHEN NOT m.mapped THEN 'not_mapped_yet' END) AS reason_code,
    m.reason_text, m.environment, c.id AS customer_id, e.id AS event_id, e.action, b.notes, m.due,
    l.lease IS NOT NULL AND m.seq = (SELECT min(seq) FROM message f
        WHERE f.connection = m.connection AND f.customer = m.customer) AS sending,
    l.due AS lane_due
FROM message m JOIN lane l ON l.connection = m.connection AND l.customer = m.customer
JOIN customer c ON c.customer = m.customer LEFT JOIN event e ON e.event = m.event
LEFT JOIN message_body b ON b.message = m.message;

CREATE VIEW settled_view AS              -- messages of the history, as people see them
SELECT s.connection, s.message, s.customer, s.seq, s.kind, s.event, s.edition, s.mapped, s.attempts,
    s.reason_code, s.reason_text, s.environment, c.id AS customer_id, e.id AS event_id, e.action, b.notes,
    s.state, s.settled_at, s.duration_ms, s.status
FROM settled s JOIN customer c ON c.customer = s.customer LEFT JOIN event e ON e.event = s.event
LEFT JOIN message_body b ON b.message = s.message;
