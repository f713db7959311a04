-- customers_by_id: what is known of these customers (JSON list of ids).
SELECT json_group_array(json_array(c.customer, c.id, c.opted_out <> 0, c.opted_at, c.changed_at, c.fields))
FROM json_each(?) wanted JOIN customer c ON c.id = wanted.value;

-- customers_by_external_id: ids of customers by name and value (JSON list of pairs).
SELECT x.name, x.value, c.id
FROM json_each(?) wanted
JOIN external_id x ON x.name = wanted.value ->> 0 AND x.value = wanted.value ->> 1
JOIN customer c ON c.customer = x.customer;

-- customer_by_id: what is known of one customer.
SELECT customer, id, opted_out, opted_at, changed_at, fields FROM customer WHERE id = ?;

-- customer_by_external_id: one customer's id by name and value.
SELECT x.name, x.value, c.id FROM external_id x JOIN customer c ON c.customer = x.customer
WHERE x.name = ? AND x.value = ?;

-- save_customer: remember a customer as known now.
INSERT INTO customer (customer, id, opted_out, opted_at, changed_at, fields) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (customer) DO UPDATE SET opted_out = excluded.opted_out, opted_at = excluded.opted_at,
    changed_at = excluded.changed_at, fields = excluded.fields;

-- forget_external_ids: drop external ids of customers (JSON list of keys).
DELETE FROM external_id WHERE customer IN (SELECT value FROM json_each(?));

-- save_external_id: a customer is also called so; the newest owner counts.
INSERT INTO external_id (name, value, customer) VALUES (?, ?, ?)
ON CONFLICT (name, value) DO UPDATE SET customer = excluded.customer;

-- erase_customer: a row remains for the books, the person does not (opted_out 2: erased).
UPDATE customer SET id = ?, fields = NULL, opted_out = 2 WHERE customer = ?;

-- erase_event_bodies: drop the bodies of a customer's events.
UPDATE event SET body = NULL WHERE event IN (SELECT event FROM event_of_customer WHERE customer = ?);

-- erase_settled_bodies: drop the payloads of a customer's settled messages.
DELETE FROM message_body WHERE message IN (SELECT message FROM settled WHERE customer = ?);

-- erase_reasons: drop the words in which the ends of a customer's messages are explained.
UPDATE settled SET reason_text = NULL WHERE customer = ?;

-- erase_attempts: drop the words in which destinations spoke of a customer's messages.
UPDATE attempt SET reason_text = NULL WHERE message IN (SELECT message FROM settled WHERE customer = ?);

-- customer_by_key: a customer's id by key; did they opt out?
SELECT id, opted_out FROM customer WHERE customer = ?;

-- newest_customer: the id of the customer known last who was not erased.
SELECT id FROM customer WHERE customer <= ? AND opted_out < 2 ORDER BY customer DESC LIMIT 1;
