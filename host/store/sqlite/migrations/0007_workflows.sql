-- Workflows, what they did for which event, and the waits that runs are in.

CREATE TABLE workflow (
    workflow   INTEGER PRIMARY KEY,
    id         TEXT NOT NULL,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,         -- of the newest graph: the draft
    active_version INTEGER,              -- of the graph that events start; NULL: none was activated yet
    active     INTEGER NOT NULL,         -- 0: events start nothing
    changed_at INTEGER NOT NULL,
    changed_by TEXT,
    deleted_at INTEGER                   -- kept for the log
) STRICT;
CREATE UNIQUE INDEX workflow_by_id ON workflow (id) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX workflow_by_name ON workflow (name) WHERE deleted_at IS NULL;

CREATE TABLE workflow_version (          -- graphs as they were saved; never changed
    workflow INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    graph    TEXT NOT NULL,              -- JSON
    saved_at INTEGER NOT NULL,
    saved_by TEXT,
    PRIMARY KEY (workflow, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (                       -- what a workflow did for an event
    event    INTEGER NOT NULL,
    workflow INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    customer INTEGER NOT NULL,
    result   TEXT NOT NULL,              -- success | error | waiting | cancelled
    steps    TEXT NOT NULL,              -- JSON list of [node, outcome, input, text]
    duration INTEGER NOT NULL,           -- µs of work
    ended_at INTEGER NOT NULL,           -- ms; of a waiting one: when it last did something
    reason   TEXT,                       -- why it was cancelled
    PRIMARY KEY (event, workflow)        -- appended: most runs are of the newest event
) STRICT, WITHOUT ROWID;
CREATE INDEX run_by_workflow ON run (workflow, event);
CREATE INDEX run_by_result ON run (workflow, result, event) WHERE result <> 'success';

CREATE TABLE wait (                      -- where a run goes on, and when
    due      INTEGER NOT NULL,           -- ms
    event    INTEGER NOT NULL,
    workflow INTEGER NOT NULL,
    node     TEXT NOT NULL,
    customer INTEGER NOT NULL,
    PRIMARY KEY (due, event, workflow, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX wait_by_run ON wait (workflow, event);
CREATE INDEX wait_by_customer ON wait (customer);
CREATE INDEX wait_by_event ON wait (event);

CREATE TABLE run_hour (                  -- what an hour brought to a workflow
    workflow INTEGER NOT NULL,
    hour     INTEGER NOT NULL,
    runs     INTEGER NOT NULL,
    errors   INTEGER NOT NULL,
    PRIMARY KEY (workflow, hour)
) STRICT, WITHOUT ROWID;

ALTER TABLE message_body ADD COLUMN workflow INTEGER; -- which made the message; NULL: an association, or a profile

DROP VIEW unsettled_view;
DROP VIEW settled_view;
CREATE VIEW unsettled_view AS            -- messages of the outbox, as people see them
SELECT m.connection, m.message, m.customer, m.seq, m.kind, m.event, m.edition, m.mapped, m.attempts,
    COALESCE(m.reason_code, CASE WHEN NOT m.mapped THEN 'not_mapped_yet' END) AS reason_code,
    m.reason_text, m.environment, c.id AS customer_id, e.id AS event_id, e.action, b.notes,
    w.workflow, w.id AS workflow_id, w.name AS workflow_name, w.deleted_at IS NOT NULL AS workflow_deleted, m.due,
    l.lease IS NOT NULL AND m.seq = (SELECT min(seq) FROM message f
        WHERE f.connection = m.connection AND f.customer = m.customer) AS sending,
    l.due AS lane_due
FROM message m JOIN lane l ON l.connection = m.connection AND l.customer = m.customer
JOIN customer c ON c.customer = m.customer LEFT JOIN event e ON e.event = m.event
LEFT JOIN message_body b ON b.message = m.message LEFT JOIN workflow w ON w.workflow = b.workflow;

CREATE VIEW settled_view AS              -- messages of the history, as people see them
SELECT s.connection, s.message, s.customer, s.seq, s.kind, s.event, s.edition, s.mapped, s.attempts,
    s.reason_code, s.reason_text, s.environment, c.id AS customer_id, e.id AS event_id, e.action, b.notes,
    w.workflow, w.id AS workflow_id, w.name AS workflow_name, w.deleted_at IS NOT NULL AS workflow_deleted,
    s.state, s.settled_at, s.duration_ms, s.status
FROM settled s JOIN customer c ON c.customer = s.customer LEFT JOIN event e ON e.event = s.event
LEFT JOIN message_body b ON b.message = s.message LEFT JOIN workflow w ON w.workflow = b.workflow;
