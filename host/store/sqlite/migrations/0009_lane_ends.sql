-- A lane knows its first message and its last, and a message the one before it. An index of all messages
-- by lane had every message of a backlog change a page of its own; this one holds no message that found
-- its lane empty, and the others by the time at which the one before came.

ALTER TABLE message ADD COLUMN previous INTEGER; -- the one before it in its lane; of a head it says nothing
ALTER TABLE lane ADD COLUMN head INTEGER;        -- its first message; NULL: it is empty
ALTER TABLE lane ADD COLUMN tail INTEGER;        -- its last message, unless it is empty

UPDATE message SET previous = (SELECT p.message FROM message p WHERE p.connection = message.connection
    AND p.customer = message.customer AND p.seq < message.seq ORDER BY p.seq DESC LIMIT 1);
UPDATE lane SET
    head = (SELECT m.message FROM message m WHERE m.connection = lane.connection
        AND m.customer = lane.customer ORDER BY m.seq LIMIT 1),
    tail = (SELECT m.message FROM message m WHERE m.connection = lane.connection
        AND m.customer = lane.customer ORDER BY m.seq DESC LIMIT 1),
    profile_waiting = (SELECT m.message FROM message m WHERE m.connection = lane.connection
        AND m.customer = lane.customer AND m.seq = lane.profile_waiting); -- a message's key, no more its seq

DROP INDEX message_by_lane;
CREATE UNIQUE INDEX message_by_previous ON message (previous) WHERE previous IS NOT NULL;
CREATE INDEX message_to_map ON message (event) WHERE mapped = 0;

DROP VIEW unsettled_view;
CREATE VIEW unsettled_view AS            -- messages of the outbox, as people see them
SELECT m.connection, m.message, m.customer, m.seq, m.kind, m.event, m.edition, m.mapped, m.attempts,
    COALESCE(m.reason_code, CASE WHEN NOT m.mapped THEN 'not_mapped_yet' END) AS reason_code,
    m.reason_text, m.environment, c.id AS customer_id, e.id AS event_id, e.action, b.notes,
    w.workflow, w.id AS workflow_id, w.name AS workflow_name, w.deleted_at IS NOT NULL AS workflow_deleted, m.due,
    l.lease IS NOT NULL AND m.message = l.head AS sending, l.due AS lane_due
FROM message m JOIN lane l ON l.connection = m.connection AND l.customer = m.customer
JOIN customer c ON c.customer = m.customer LEFT JOIN event e ON e.event = m.event
LEFT JOIN message_body b ON b.message = m.message LEFT JOIN workflow w ON w.workflow = b.workflow;
