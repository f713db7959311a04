-- connections: every connection that is not deleted, by id.
SELECT connection, id, module, title, document, secrets, enabled, paused, state,
       reason_code, reason_text, field, version, changed_at, environment
FROM connection WHERE deleted_at IS NULL ORDER BY id;

-- connection_names: ids of all connections, deleted ones too.
SELECT connection, id, module, deleted_at FROM connection;

-- add_connection: save a new connection.
INSERT INTO connection (id, module, title, document, secrets, enabled, paused, environment, state, version, changed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)
RETURNING connection;

-- save_connection: save a connection over its former version.
UPDATE connection SET module = ?, title = ?, document = ?, secrets = ?, enabled = ?, paused = ?, environment = ?, state = ?,
    reason_code = NULL, reason_text = NULL, field = NULL, version = version + 1, changed_at = ?
WHERE connection = ? AND version = ?;

-- pause_connection: pause or resume.
UPDATE connection SET paused = ?, version = version + 1, changed_at = ? WHERE connection = ?;

-- stop_connection: only a person can mend it.
UPDATE connection SET state = 'needs attention', reason_code = ?, reason_text = ?, field = ?, changed_at = ?
WHERE connection = ? AND state <> 'needs attention';

-- reconnect: a connection is well again.
UPDATE connection SET state = 'connected', title = ?, reason_code = NULL, reason_text = NULL, field = NULL,
    changed_at = ?
WHERE connection = ?;

-- disconnect: the secrets go, everything else stays.
UPDATE connection SET state = 'not connected', document = ?, secrets = x'', reason_code = NULL, reason_text = NULL,
    field = NULL, version = version + 1, changed_at = ?
WHERE connection = ? AND version = ?;

-- delete_connection: gone, but for its history.
UPDATE connection SET deleted_at = ?, secrets = x'', version = version + 1 WHERE connection = ?;

-- deleted_with_messages: deleted connections whose messages are not all settled.
SELECT n.connection FROM connection n WHERE n.deleted_at IS NOT NULL
    AND EXISTS (SELECT 1 FROM message m WHERE m.connection = n.connection);

-- add_ledger: open the books of a connection.
INSERT INTO ledger (connection) VALUES (?);

-- add_gate: a new connection is held back by nothing.
INSERT INTO gate (connection) VALUES (?);

-- gate: what holds a connection back, and whether it may deliver at all.
SELECT g.not_before, g.failures, g.lanes, g.lane, g.open, g.throttle, g.recovered_at,
       c.state = 'connected' AND NOT c.paused AND c.enabled AND c.deleted_at IS NULL
FROM gate g JOIN connection c USING (connection) WHERE g.connection = ?;

-- set_gate: what holds a connection back from now on.
UPDATE gate SET not_before = ?, failures = ?, lanes = ?, lane = ?, open = ?, throttle = ?, recovered_at = ?
WHERE connection = ?;

-- reset_gate: a connection was set up anew: old trouble holds nothing back.
UPDATE gate SET not_before = 0, failures = 0, lanes = 0, lane = NULL, throttle = 0,
    recovered_at = CASE WHEN open THEN ?1 ELSE recovered_at END, open = 0
WHERE connection = ?2;

-- ledger: the books of every connection.
SELECT connection, made, waiting, sending, retrying, delivered, undelivered, withheld, discarded, not_made
FROM ledger;

-- book: enter changes of the books.
UPDATE ledger SET made = made + ?, waiting = waiting + ?, sending = sending + ?, retrying = retrying + ?,
    delivered = delivered + ?, undelivered = undelivered + ?, withheld = withheld + ?,
    discarded = discarded + ?, not_made = not_made + ?
WHERE connection = ?;

-- count_hot: how many unsettled messages a connection really has: all, sent in vain before.
SELECT count(*), total(attempts > 0) FROM message WHERE connection = ?;

-- lanes_waiting: some lanes of a connection that hold messages and are not being sent from.
SELECT customer FROM lane WHERE connection = ? AND due IS NOT NULL AND lease IS NULL ORDER BY due LIMIT ?;

-- lanes_leased: the lanes of a connection that are being sent from.
SELECT customer FROM lane INDEXED BY lane_leased WHERE connection = ? AND lease IS NOT NULL;

-- count_stranded: messages in lanes that would never be looked at.
WITH RECURSIVE reached (message) AS (
    SELECT head FROM lane WHERE connection = ?1 AND due IS NOT NULL AND head IS NOT NULL
    UNION SELECT m.message FROM reached JOIN message m ON m.previous = reached.message)
SELECT (SELECT count(*) FROM message WHERE connection = ?1) - (SELECT count(*) FROM reached);
