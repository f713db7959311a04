-- lanes: lanes of a connection by customer (JSON list).
SELECT json_group_array(json_array(l.customer, l.next_seq, l.due, l.lease IS NOT NULL, l.profile, l.profile_waiting))
FROM json_each(?2) wanted CROSS JOIN lane l ON l.connection = ?1 AND l.customer = wanted.value;

-- save_lane: where a lane stands after messages were added.
INSERT INTO lane (connection, customer, next_seq, due, profile, profile_waiting) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (connection, customer) DO UPDATE SET next_seq = excluded.next_seq, due = excluded.due,
    profile = excluded.profile, profile_waiting = excluded.profile_waiting;

-- add_message: put a message at the end of its lane.
INSERT INTO message (connection, customer, seq, message, kind, event, edition, mapped, attempts, due, environment)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?);

-- add_body: what a message will say.
INSERT INTO message_body (message, payload, route, profile, notes, workflow) VALUES (?, ?, ?, ?, ?, ?);

-- map_message: a message that waited for its mapping has a payload now.
UPDATE message_body SET payload = ?, route = ?, profile = ?, notes = ? WHERE message = ?;

-- set_mapped: say so in its row.
UPDATE message SET mapped = 1, environment = ? WHERE connection = ? AND customer = ? AND seq = ?;

-- drop_body: drop what a message would have said.
DELETE FROM message_body WHERE message = ?;

-- add_notes: notes that the destination's answer added.
UPDATE message_body SET notes = ? WHERE message = ?;

-- notes: the notes of a message.
SELECT notes FROM message_body WHERE message = ?;

-- add_settled: the end of a message.
INSERT INTO settled (connection, customer, seq, message, kind, event, edition, mapped, state, attempts,
    reason_code, reason_text, environment, settled_at, duration_ms, status)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- hot_message: one unsettled message by place; is it being sent?
SELECT m.seq, m.message, m.kind, m.event, m.edition, m.mapped, m.attempts, m.environment,
       l.lease IS NOT NULL AND m.seq = (SELECT min(seq) FROM message f
           WHERE f.connection = m.connection AND f.customer = m.customer)
FROM message m JOIN lane l USING (connection, customer)
WHERE m.connection = ? AND m.customer = ? AND m.seq = ?;

-- remove_message: take a message out of the outbox.
DELETE FROM message WHERE connection = ? AND customer = ? AND seq = ?;

-- hot_of_lane: unsettled messages of a lane, in order; is the first one being sent?
SELECT m.seq, m.message, m.kind, m.event, m.edition, m.mapped, m.attempts, m.environment,
       l.lease IS NOT NULL AND m.seq = (SELECT min(seq) FROM message f
           WHERE f.connection = m.connection AND f.customer = m.customer)
FROM message m JOIN lane l USING (connection, customer)
WHERE m.connection = ? AND m.customer = ? ORDER BY m.seq;

-- refresh_lane: after messages were taken out of a lane that nobody is sending from.
UPDATE lane SET failed_at = 0, due = (
    SELECT m.due FROM message m
    WHERE m.connection = lane.connection AND m.customer = lane.customer ORDER BY m.seq LIMIT 1)
WHERE connection = ? AND customer = ? AND lease IS NULL;
