-- New events stand in no table to be found by: who looks for an id keeps the digests of the new ones, and a
-- customer's are looked for among them all. They are entered later, many at once and in order.

DROP TRIGGER event_dropped;
DROP VIEW event_of_customer;
INSERT OR IGNORE INTO event_by_id SELECT id_hash, event FROM new_event_by_id;
INSERT OR IGNORE INTO event_by_customer SELECT customer, event FROM new_event_by_customer;
DROP TABLE new_event_by_id;
DROP TABLE new_event_by_customer;
DROP TABLE event_indexing;

CREATE TABLE event_indexing (            -- one row
    indexed INTEGER NOT NULL             -- key: of events up to it both tables tell; newer ones count as new
) STRICT;
INSERT INTO event_indexing SELECT COALESCE(max(event), 0) FROM event;

CREATE VIEW event_of_customer AS         -- which events are a customer's
SELECT customer, event FROM event_by_customer WHERE event <= (SELECT indexed FROM event_indexing)
UNION ALL SELECT customer, event FROM event
    WHERE event > (SELECT indexed FROM event_indexing) AND customer IS NOT NULL;

CREATE TRIGGER event_dropped AFTER DELETE ON event BEGIN
    DELETE FROM event_by_id WHERE id_hash = old.id_hash AND event = old.event;
    DELETE FROM event_by_customer WHERE customer = old.customer AND event = old.event;
END;
