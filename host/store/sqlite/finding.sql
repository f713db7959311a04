-- customers_newest: customers known before a key, the newest first.
SELECT customer, id, opted_out, opted_at, changed_at, fields FROM customer
WHERE customer < ? ORDER BY customer DESC LIMIT ?;

-- customers_beginning: customers whose ids lie between two texts, in order.
SELECT customer, id, opted_out, opted_at, changed_at, fields FROM customer
WHERE id >= ? AND id < ? ORDER BY id LIMIT ?;

-- customers_by_email: customers with this e-mail address, in small letters.
SELECT customer, id, opted_out, opted_at, changed_at, fields FROM customer
WHERE lower(fields ->> '$.email') = ? AND fields ->> '$.email' IS NOT NULL LIMIT ?;

-- customers_by_value: customers that are called so under any name of an external id.
SELECT c.customer, c.id, c.opted_out, c.opted_at, c.changed_at, c.fields
FROM external_id x JOIN customer c ON c.customer = x.customer WHERE x.value = ? LIMIT ?;

-- events_of_customer: a customer's events before a key, the newest first.
SELECT event, id, action, body FROM event WHERE customer = ? AND event < ? ORDER BY event DESC LIMIT ?;
