-- hot_page: unsettled messages of a connection, newest first; ?7: sent in vain before, or never (NULL: both).
SELECT * FROM unsettled_view
WHERE connection = ?1 AND message < ?2 AND message >= ?3
  AND (?4 IS NULL OR customer = ?4) AND (?5 IS NULL OR reason_code = ?5)
  AND (?7 IS NULL OR (attempts > 0) = ?7) AND (?8 IS NULL OR action = ?8)
ORDER BY message DESC LIMIT ?6;

-- retrying_page: messages of a connection that were sent in vain, newest first.
SELECT * FROM unsettled_view
WHERE attempts > 0 AND connection = ?1 AND message < ?2 AND message >= ?3
  AND (?4 IS NULL OR customer = ?4) AND (?5 IS NULL OR reason_code = ?5) AND (?8 IS NULL OR action = ?8)
ORDER BY message DESC LIMIT ?6;

-- sending_page: messages of a connection that are in a request just now, newest first.
SELECT * FROM unsettled_view
WHERE message IN (SELECT l.head FROM lane l INDEXED BY lane_leased
    WHERE l.connection = ?1 AND l.lease IS NOT NULL)
  AND message < ?2 AND message >= ?3
  AND (?4 IS NULL OR customer = ?4) AND (?5 IS NULL OR reason_code = ?5) AND (?8 IS NULL OR action = ?8)
ORDER BY message DESC LIMIT ?6;

-- hot_of_customer: unsettled messages of one lane, newest first.
WITH RECURSIVE of_lane (message) AS (
    SELECT head FROM lane WHERE connection = ?1 AND customer = ?4
    UNION ALL SELECT m.message FROM of_lane JOIN message m ON m.previous = of_lane.message)
SELECT * FROM unsettled_view
WHERE message IN (SELECT message FROM of_lane WHERE message < ?2 AND message >= ?3)
  AND (?5 IS NULL OR reason_code = ?5)
  AND (?7 IS NULL OR (attempts > 0) = ?7) AND (?8 IS NULL OR action = ?8)
ORDER BY message DESC LIMIT ?6;

-- settled_page: settled messages of a connection, newest first.
SELECT * FROM settled_view
WHERE connection = ?1 AND message < ?2 AND message >= ?3
  AND (?4 IS NULL OR customer = ?4) AND (?5 IS NULL OR reason_code = ?5) AND (?7 IS NULL OR state = ?7)
  AND (?8 IS NULL OR action = ?8)
ORDER BY message DESC LIMIT ?6;

-- settled_of_state: settled messages of a connection in a state other than delivered, newest first.
SELECT * FROM settled_view
WHERE connection = ?1 AND state = ?7 AND state <> 'delivered' AND message < ?2 AND message >= ?3
  AND (?4 IS NULL OR customer = ?4) AND (?5 IS NULL OR reason_code = ?5) AND (?8 IS NULL OR action = ?8)
ORDER BY message DESC LIMIT ?6;

-- settled_of_customer: settled messages of a customer on a connection, newest first.
SELECT * FROM settled_view
WHERE customer = ?4 AND message < ?2 AND message >= ?3 AND connection = ?1
  AND (?5 IS NULL OR reason_code = ?5) AND (?7 IS NULL OR state = ?7) AND (?8 IS NULL OR action = ?8)
ORDER BY message DESC LIMIT ?6;

-- hot_floor: how far back so many unsettled messages of a connection reach.
SELECT message FROM message WHERE connection = ?1 AND message < ?2 ORDER BY message DESC LIMIT 1 OFFSET ?3;

-- retrying_floor: how far back so many messages reach that were sent in vain.
SELECT message FROM message WHERE connection = ?1 AND message < ?2 AND attempts > 0
ORDER BY message DESC LIMIT 1 OFFSET ?3;

-- settled_floor: how far back so many settled messages of a connection reach.
SELECT message FROM settled WHERE connection = ?1 AND message < ?2 ORDER BY message DESC LIMIT 1 OFFSET ?3;

-- settled_of_state_floor: how far back so many settled messages in a state other than delivered reach.
SELECT message FROM settled WHERE connection = ?1 AND state = ?4 AND state <> 'delivered' AND message < ?2
ORDER BY message DESC LIMIT 1 OFFSET ?3;

-- settled_of_customer_floor: how far back so many settled messages of a customer reach.
SELECT message FROM settled WHERE customer = ?1 AND message < ?2 ORDER BY message DESC LIMIT 1 OFFSET ?3;

-- head_of_lane: what a lane begins with, when it may go, and whether it is being sent.
SELECT m.message, m.edition, m.attempts, l.due, l.lease IS NOT NULL
FROM lane l JOIN message m ON m.message = l.head
WHERE l.connection = ? AND l.customer = ?;

-- behind_in_lane: how many messages stand behind one in its lane; stops counting at a limit.
WITH RECURSIVE behind (message) AS (
    SELECT message FROM message WHERE previous = ?1
    UNION ALL SELECT m.message FROM behind JOIN message m ON m.previous = behind.message LIMIT ?2)
SELECT count(*) FROM behind;

-- body: what a message says.
SELECT payload, route, profile, notes FROM message_body WHERE message = ?;

-- attempts_of: every try of a message but the one that delivered, oldest first.
SELECT at, duration_ms, status, outcome, reason_code, reason_text FROM attempt
WHERE message = ? ORDER BY at, rowid;

-- last_attempt: when a message was tried last.
SELECT max(at) FROM attempt WHERE message = ?;

-- newest_attempt: the last try of a message that did not deliver.
SELECT at, duration_ms, status, reason_code, reason_text FROM attempt
WHERE message = ? ORDER BY at DESC, rowid DESC LIMIT 1;

-- lane: where one lane stands.
SELECT next_seq, due, lease, failed_at, profile_delivered, head, tail FROM lane WHERE connection = ? AND customer = ?;

-- newer_profile_waits: something in a lane that was made after a message and tells otherwise of the profile.
WITH RECURSIVE of_lane (message) AS (
    SELECT head FROM lane WHERE connection = ?1 AND customer = ?2
    UNION ALL SELECT m.message FROM of_lane JOIN message m ON m.previous = of_lane.message)
SELECT 1 FROM of_lane CROSS JOIN message m ON m.message = of_lane.message JOIN message_body b ON b.message = m.message
WHERE of_lane.message > ?3 AND m.edition = 1
  AND (b.profile <> ?4 OR (b.profile IS NOT NULL AND ?4 IS NULL) OR m.mapped = 0) LIMIT 1;

-- newer_profile_delivered: something that was made after a message, told otherwise of the profile and arrived.
SELECT 1 FROM settled s JOIN message_body b ON b.message = s.message
WHERE s.connection = ?1 AND s.customer = ?2 AND s.message > ?3 AND s.edition = 1 AND s.state = 'delivered'
  AND (b.profile <> ?4 OR (b.profile IS NOT NULL AND ?4 IS NULL)) LIMIT 1;

-- due_now: an unsettled message waits for nothing any more.
UPDATE message SET due = 0 WHERE message = ?;

-- take_settled: a message leaves the history.
DELETE FROM settled WHERE connection = ? AND message = ?;

-- append_message: a message comes back at the end of its lane, as if never sent.
INSERT INTO message (connection, customer, seq, message, kind, event, edition, mapped, attempts, due, environment,
    previous)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?);

-- forget_previous: a message comes back; the head that once stood behind it does so no more.
UPDATE message SET previous = NULL WHERE previous = ?;

-- lengthen_lane: a message more at the end of a lane.
UPDATE lane SET next_seq = next_seq + 1, due = COALESCE(due, ?1), head = COALESCE(head, ?2), tail = ?2
WHERE connection = ?3 AND customer = ?4;

-- drop_settled: history older than a key, some at a time.
DELETE FROM settled WHERE connection = ?1 AND message IN (
    SELECT message FROM settled WHERE connection = ?1 AND message < ?2 ORDER BY message LIMIT ?3);

-- drop_old_bodies: payloads of settled messages older than a key, some at a time.
DELETE FROM message_body WHERE message IN (
    SELECT b.message FROM message_body b WHERE b.message < ?1
    AND NOT EXISTS (SELECT 1 FROM connection n CROSS JOIN message m
        ON m.connection = n.connection AND m.message = b.message)
    ORDER BY b.message LIMIT ?2);

-- drop_attempts: tries of messages that are no more, older than a key, some at a time.
DELETE FROM attempt WHERE rowid IN (
    SELECT a.rowid FROM attempt a WHERE a.message < ?1
    AND NOT EXISTS (SELECT 1 FROM connection n CROSS JOIN message m
        ON m.connection = n.connection AND m.message = a.message)
    ORDER BY a.message LIMIT ?2);
