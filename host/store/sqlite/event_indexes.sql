-- newness: since when events are new, how many came after a key, which is the last of all and which the oldest new one.
SELECT i.indexed, (SELECT count(*) FROM event WHERE event > max(?, i.indexed)),
    COALESCE((SELECT max(event) FROM event), 0), (SELECT min(event) FROM event WHERE event > i.indexed)
FROM event_indexing i;

-- indexed: since when events are new.
SELECT indexed FROM event_indexing;

-- events_after: events after a key, by the digests of their ids.
SELECT json_group_array(json_array(id_hash, event)) FROM event WHERE event > ?;

-- window_by_id: events after one key up to another, by the digests of their ids, in order.
SELECT json_group_array(json_array(id_hash, event)) FROM (
    SELECT id_hash, event FROM event WHERE event > ? AND event <= ? ORDER BY id_hash);

-- window_by_customer: the same by their customers.
SELECT json_group_array(json_array(customer, event)) FROM (
    SELECT customer, event FROM event WHERE event > ? AND event <= ? AND customer IS NOT NULL ORDER BY customer);

-- enter_by_id: have an event found by its id.
INSERT OR IGNORE INTO event_by_id (id_hash, event) VALUES (?, ?);

-- enter_by_customer: have an event found by its customer.
INSERT OR IGNORE INTO event_by_customer (customer, event) VALUES (?, ?);

-- set_indexed: all events up to a key have been entered.
UPDATE event_indexing SET indexed = ?;
