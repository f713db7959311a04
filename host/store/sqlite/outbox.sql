-- lanes: lanes of a connection by customer (JSON list).
SELECT json_group_array(json_array(l.customer, l.next_seq, l.due, l.profile, l.profile_waiting, l.head, l.tail))
FROM json_each(?2) wanted CROSS JOIN lane l ON l.connection = ?1 AND l.customer = wanted.value;

-- save_lane: where a lane stands after messages were added.
INSERT INTO lane (connection, customer, next_seq, due, profile, profile_waiting, head, tail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (connection, customer) DO UPDATE SET next_seq = excluded.next_seq, due = excluded.due,
    profile = excluded.profile, profile_waiting = excluded.profile_waiting,
    head = excluded.head, tail = excluded.tail;

-- add_message: put a message at the end of its lane.
INSERT INTO message (connection, customer, seq, message, kind, event, edition, mapped, attempts, due, environment,
    previous)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?);

-- add_body: what a message will say.
INSERT INTO message_body (message, payload, route, profile, notes, workflow) VALUES (?, ?, ?, ?, ?, ?);

-- map_message: a message that waited for its mapping has a payload now.
UPDATE message_body SET payload = ?, route = ?, profile = ?, notes = ? WHERE message = ?;

-- set_mapped: say so in its row.
UPDATE message SET mapped = 1, environment = ? WHERE message = ?;

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

-- hot_message: one unsettled message; is it being sent?
SELECT m.seq, m.message, m.kind, m.event, m.edition, m.mapped, m.attempts, m.environment,
       l.lease IS NOT NULL AND m.message = l.head
FROM message m JOIN lane l USING (connection, customer)
WHERE m.message = ?;

-- hot_of_lane: unsettled messages of a lane, in order; is the first one being sent?
WITH RECURSIVE of_lane (message) AS (
    SELECT head FROM lane WHERE connection = ?1 AND customer = ?2
    UNION ALL SELECT m.message FROM of_lane JOIN message m ON m.previous = of_lane.message)
SELECT m.seq, m.message, m.kind, m.event, m.edition, m.mapped, m.attempts, m.environment,
       l.lease IS NOT NULL AND m.message = l.head
FROM of_lane CROSS JOIN message m ON m.message = of_lane.message JOIN lane l USING (connection, customer)
ORDER BY m.seq;

-- neighbours: the message before one in its lane, and the ends of the lane.
SELECT m.previous, l.head, l.tail FROM message m JOIN lane l USING (connection, customer) WHERE m.message = ?;

-- pass_head: the head is about to be taken out, the next one is the head.
UPDATE lane SET head = (SELECT m.message FROM message m WHERE m.previous = lane.head)
WHERE connection = ? AND customer = ?;

-- remove_message: take a message out of the outbox.
DELETE FROM message WHERE message = ?;

-- close_ranks: the one behind a message that was taken out follows the one before it now.
UPDATE message SET previous = ?2 WHERE previous = ?1;

-- set_tail: which message is a lane's last now.
UPDATE lane SET tail = ?3 WHERE connection = ?1 AND customer = ?2;

-- refresh_lane: after messages were taken out of a lane that nobody is sending from.
UPDATE lane SET failed_at = 0, due = (SELECT m.due FROM message m WHERE m.message = lane.head)
WHERE connection = ? AND customer = ? AND lease IS NULL;
