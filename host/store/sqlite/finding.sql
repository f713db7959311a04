-- customers_newest: customers known before a key, the newest first.
SELECT customer, id, opted_out, opted_at, changed_at, fields FROM customer
WHERE customer < ? ORDER BY customer DESC LIMIT ?;

-- customers_beginning: customers whose ids lie between two texts, in order.
SELECT customer, id, opted_out, opted_at, changed_at, fields FROM customer
WHERE id >= ? AND id < ? ORDER BY id LIMIT ?;

-- customers_by_email: customers with this e-mail address, however it is written.
SELECT customer, id, opted_out, opted_at, changed_at, fields FROM customer
WHERE lower(fields ->> '$.email') = lower(?) AND fields ->> '$.email' IS NOT NULL LIMIT ?;

-- customers_by_value: customers that are called so under any name of an external id.
SELECT c.customer, c.id, c.opted_out, c.opted_at, c.changed_at, c.fields
FROM external_id x JOIN customer c ON c.customer = x.customer WHERE x.value = ? LIMIT ?;

-- events_of_customer: a customer's events before a key, the newest first.
SELECT e.event, e.id, e.action, e.body FROM (
    SELECT event FROM event_of_customer WHERE customer = ? AND event < ? ORDER BY event DESC LIMIT ?
) found CROSS JOIN event e ON e.event = found.event ORDER BY found.event DESC;

-- events_of_customer_floor: how far back so many events of a customer reach.
SELECT event FROM event_of_customer WHERE customer = ?1 AND event < ?2 ORDER BY event DESC LIMIT 1 OFFSET ?3;

-- events_that_ran: a customer's events within a span of keys that started a workflow, the newest first.
SELECT e.event, e.id, e.action, e.body FROM (
    SELECT event FROM event_of_customer WHERE customer = ?1 AND event < ?2 AND event >= ?3
) found CROSS JOIN event e ON e.event = found.event
WHERE EXISTS (SELECT 1 FROM run r WHERE r.event = found.event) ORDER BY found.event DESC LIMIT ?4;

-- settled_of_event: settled messages made of an event, among the first of its customer within a span of keys.
SELECT message FROM (SELECT message, event FROM settled WHERE customer = ?1 AND message >= ?2 AND message < ?3
    ORDER BY message LIMIT ?5) WHERE event = ?4 ORDER BY message LIMIT ?6;

-- unsettled_of_event: unsettled messages made of an event of a customer.
WITH RECURSIVE of_customer (message) AS (
    SELECT l.head FROM connection n CROSS JOIN lane l ON l.connection = n.connection AND l.customer = ?1
    UNION ALL SELECT m.message FROM of_customer JOIN message m ON m.previous = of_customer.message)
SELECT m.message FROM of_customer CROSS JOIN message m ON m.message = of_customer.message
WHERE m.event = ?2 ORDER BY m.message LIMIT ?3;

-- settled_of_events: how many settled messages were made of each event of a customer, within a span of keys.
SELECT event, count(*) FROM settled
WHERE customer = ?1 AND message >= ?2 AND message < ?3 AND event IS NOT NULL GROUP BY event;

-- unsettled_of_events: how many unsettled messages were made of each event of a customer, within a span of keys.
WITH RECURSIVE of_customer (message) AS (
    SELECT l.head FROM connection n CROSS JOIN lane l ON l.connection = n.connection AND l.customer = ?1
    UNION ALL SELECT m.message FROM of_customer JOIN message m ON m.previous = of_customer.message)
SELECT m.event, count(*) FROM of_customer CROSS JOIN message m ON m.message = of_customer.message
WHERE of_customer.message >= ?2 AND of_customer.message < ?3 AND m.event IS NOT NULL GROUP BY m.event;
