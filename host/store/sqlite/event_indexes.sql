-- find_by_id: have new events, all keys from one to another, found by their ids.
INSERT INTO new_event_by_id SELECT id_hash, event FROM event WHERE event >= ? AND event <= ? ORDER BY id_hash;

-- find_by_customer: have them found by their customers.
INSERT INTO new_event_by_customer
SELECT customer, event FROM event WHERE event >= ? AND event <= ? AND customer IS NOT NULL ORDER BY customer, event;

-- count_new_events: so many events were added; where the moving into the large tables is.
UPDATE event_indexing SET new_events = new_events + ? RETURNING new_events, next_id_hash, next_customer;

-- note_moved_events: so many left the small tables, and where the next step begins.
UPDATE event_indexing SET new_events = new_events - ?, next_id_hash = ?, next_customer = ?;

-- recount_new_events: how many events the small tables really hold.
UPDATE event_indexing SET new_events = (SELECT count(*) FROM new_event_by_id);

-- step_by_id: the end of a step of so many events from a digest on.
SELECT id_hash FROM new_event_by_id WHERE id_hash >= ? ORDER BY id_hash LIMIT 1 OFFSET ?;

-- move_by_id: have events between two digests in the large table.
INSERT INTO event_by_id SELECT id_hash, event FROM new_event_by_id WHERE id_hash >= ? AND id_hash <= ?;

-- moved_by_id: take them out of the small one.
DELETE FROM new_event_by_id WHERE id_hash >= ? AND id_hash <= ?;

-- step_by_customer: the end of a step of so many events from a customer on.
SELECT customer FROM new_event_by_customer WHERE customer >= ? ORDER BY customer LIMIT 1 OFFSET ?;

-- move_by_customer: have the events of customers between two in the large table.
INSERT INTO event_by_customer
SELECT customer, event FROM new_event_by_customer WHERE customer >= ? AND customer <= ?;

-- moved_by_customer: take them out of the small one.
DELETE FROM new_event_by_customer WHERE customer >= ? AND customer <= ?;
