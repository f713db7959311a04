-- latest_backfill: the newest backfill of a connection.
SELECT backfill, connection, state, reason_code, reason_text, only_changed, since, customers, cursor, upto,
    total, looked_at, made, unchanged, withheld, failed, moved_at, pace, started_at, finished_at, started_by
FROM backfill WHERE connection = ? ORDER BY backfill DESC LIMIT 1;

-- running_backfills: connections whose backfill is running.
SELECT connection FROM backfill WHERE state IN ('running', 'paused') AND state = 'running' ORDER BY connection;

-- add_backfill: start one.
INSERT INTO backfill (connection, state, only_changed, since, customers, cursor, upto, total, moved_at,
    started_at, started_by)
VALUES (?1, 'running', ?2, ?3, ?4, 0, ?5, ?6, ?7, ?7, ?8);

-- set_backfill_state: pause one or let it go on.
UPDATE backfill SET state = ?, moved_at = ? WHERE backfill = ?;

-- end_backfill: one is over.
UPDATE backfill SET state = ?1, reason_code = ?2, reason_text = ?3, finished_at = ?4,
    customers = CASE WHEN customers IS NOT NULL THEN '[]' END
WHERE backfill = ?5;

-- move_backfill: customers were looked at.
UPDATE backfill SET cursor = ?, looked_at = looked_at + ?, made = made + ?, unchanged = unchanged + ?,
    withheld = withheld + ?, failed = failed + ?, moved_at = ?, pace = ?
WHERE backfill = ?;

-- count_customers: how many customers there are. Walks through the narrow index of their ids.
SELECT count(*) FROM customer;

-- last_customer: the key of the newest customer.
SELECT max(customer) FROM customer;

-- customer_keys: keys of these customers (JSON list of ids), in order, each with its place in the list.
SELECT json_group_array(json_array(wanted.key, c.customer))
FROM json_each(?) wanted JOIN customer c ON c.id = wanted.value;

-- customers_behind: some customers behind a key, in order; the profile only if it changed since then.
SELECT customer, id, opted_out, opted_at, changed_at, CASE WHEN changed_at >= ?4 THEN fields END
FROM customer WHERE customer > ?1 AND customer <= ?2 ORDER BY customer LIMIT ?3;

-- customers_listed: some customers of a list (JSON list of keys) behind a key, in order.
SELECT c.customer, c.id, c.opted_out, c.opted_at, c.changed_at, CASE WHEN c.changed_at >= ?4 THEN c.fields END
FROM (SELECT value FROM json_each(?5) WHERE value > ?1 AND value <= ?2 ORDER BY value LIMIT ?3) wanted
JOIN customer c ON c.customer = wanted.value;

-- customers_now: what is said of these customers (JSON list of keys) now.
SELECT c.customer, c.opted_out, c.changed_at, c.fields
FROM json_each(?) wanted JOIN customer c ON c.customer = wanted.value;

-- profiles_made: digests of the profile parts made last for these customers (JSON list of keys).
SELECT l.customer, l.profile FROM json_each(?2) wanted
CROSS JOIN lane l ON l.connection = ?1 AND l.customer = wanted.value
WHERE l.profile IS NOT NULL;

-- forget_profiles: their next message is made also if it says what the last one said (JSON list of keys).
UPDATE lane SET profile = NULL WHERE connection = ? AND customer IN (SELECT value FROM json_each(?));

-- count_due: how many lanes of a connection are due, counted up to a limit.
SELECT count(*) FROM (SELECT 1 FROM lane WHERE connection = ?1 AND due <= ?2 LIMIT ?3);
