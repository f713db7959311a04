-- claim: lanes whose head may go, oldest due first, each with its head and its body.
-- The payloads are JSON already: they stand in an array of their own, not quoted as texts.
SELECT json_group_array(json_array(l.customer, l.lease IS NOT NULL, m.seq, m.message, m.kind, m.event,
    m.edition, m.mapped, m.attempts, m.environment, c.id, b.route)), '[' || group_concat(b.payload) || ']'
FROM (SELECT customer, lease, head FROM lane WHERE connection = ?1 AND due <= ?2 ORDER BY due LIMIT ?3) l
JOIN message m ON m.message = l.head
JOIN message_body b ON b.message = m.message
JOIN customer c ON c.customer = l.customer;

-- lease_lanes: the heads of these lanes (JSON list of customers) are being sent by the token's holder.
UPDATE lane SET lease = ?1, due = ?2
WHERE connection = ?3 AND customer IN (SELECT value FROM json_each(?4));

-- renew_leases: still being sent.
UPDATE lane SET due = ?2
WHERE connection = ?3 AND customer IN (SELECT value FROM json_each(?4)) AND lease = ?1;

-- next_due: when the next lane may go.
SELECT due FROM lane WHERE connection = ? AND due IS NOT NULL ORDER BY due LIMIT 1;

-- held: which of these lanes (JSON list of customers) a token still holds; has the customer left?
SELECT json_group_array(json_array(l.customer, c.opted_out)) FROM json_each(?3) wanted
CROSS JOIN lane l ON l.connection = ?1 AND l.customer = wanted.value
JOIN customer c ON c.customer = l.customer
WHERE l.lease = ?2;

-- action_of: the action of an event.
SELECT action FROM event WHERE event = ?;

-- settle_delivered: move delivered messages into the history.
INSERT INTO settled (connection, customer, seq, message, kind, event, edition, mapped, state, attempts,
    environment, settled_at, duration_ms, status)
VALUES (?, ?, ?, ?, ?, ?, ?, 1, 'delivered', ?, ?, ?, ?, ?);

-- free_delivered: the heads of these lanes (JSON list of customers) are delivered, and are about to be taken
-- out; with profile parts, if ?4. The next ones may go at once.
UPDATE lane SET lease = NULL, failed_at = 0, profile_delivered = CASE WHEN ?4 THEN (
        SELECT seq FROM message WHERE message = lane.head) ELSE profile_delivered END,
    due = (SELECT ?3 FROM message m WHERE m.previous = lane.head),
    head = (SELECT m.message FROM message m WHERE m.previous = lane.head)
WHERE connection = ?1 AND customer IN (SELECT value FROM json_each(?2));

-- remove_delivered: take delivered messages out of the outbox (JSON list).
DELETE FROM message WHERE message IN (SELECT value FROM json_each(?));

-- free_lane: the head is settled and gone, the next one may go at once.
UPDATE lane SET lease = NULL, failed_at = 0, due = CASE WHEN head IS NOT NULL THEN ?3 END
WHERE connection = ?1 AND customer = ?2;

-- forget_profile: what the far side knows of the customer is uncertain: the next change sends all.
UPDATE lane SET profile = NULL WHERE connection = ? AND customer = ?;

-- postpone_message: sent in vain; when it goes again.
UPDATE message SET attempts = ?, due = ?, reason_code = COALESCE(?, reason_code),
    reason_text = COALESCE(?, reason_text)
WHERE message = ?;

-- postpone_lane: the head goes again later.
UPDATE lane SET lease = NULL, due = ?, failed_at = ? WHERE connection = ? AND customer = ?;

-- release_lane: nothing was sent; the head may go as before.
UPDATE lane SET lease = NULL, failed_at = 0, due = (SELECT m.due FROM message m WHERE m.message = lane.head)
WHERE connection = ? AND customer = ? AND lease = ?;

-- leased_lanes: lanes with a lease and the attempts of their heads.
SELECT l.connection, l.customer, l.lease, m.attempts
FROM lane l LEFT JOIN message m ON m.message = l.head WHERE l.lease IS NOT NULL;

-- held_back: lanes that wait for their time, by that time.
SELECT customer, due, failed_at FROM lane
WHERE connection = ?1 AND due IS NOT NULL AND (due, customer) > (?2, ?3) ORDER BY due, customer LIMIT ?4;

-- make_due: lanes that go now (JSON list of customers).
UPDATE lane SET due = ?2, failed_at = 0
WHERE connection = ?1 AND customer IN (SELECT value FROM json_each(?3)) AND lease IS NULL;

-- add_attempt: a try that did not deliver.
INSERT INTO attempt (message, at, duration_ms, status, outcome, reason_code, reason_text)
VALUES (?, ?, ?, ?, ?, ?, ?);
