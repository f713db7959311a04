-- Events are found by id and by customer through two tables each: new ones stand in a small one, and
-- move to the large one in order, many at once. An index would have every event change a page of its own.

DROP INDEX event_by_id;
DROP INDEX event_by_customer;

CREATE TABLE event_by_id (
    id_hash INTEGER NOT NULL,
    event   INTEGER NOT NULL,
    PRIMARY KEY (id_hash, event)
) STRICT, WITHOUT ROWID;
CREATE TABLE new_event_by_id (
    id_hash INTEGER NOT NULL,
    event   INTEGER NOT NULL,
    PRIMARY KEY (id_hash, event)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_by_customer (
    customer INTEGER NOT NULL,
    event    INTEGER NOT NULL,
    PRIMARY KEY (customer, event)
) STRICT, WITHOUT ROWID;
CREATE TABLE new_event_by_customer (
    customer INTEGER NOT NULL,
    event    INTEGER NOT NULL,
    PRIMARY KEY (customer, event)
) STRICT, WITHOUT ROWID;

CREATE VIEW event_of_customer AS         -- which events are a customer's
SELECT customer, event FROM new_event_by_customer UNION ALL SELECT customer, event FROM event_by_customer;

INSERT INTO event_by_id SELECT id_hash, event FROM event ORDER BY id_hash, event;
INSERT INTO event_by_customer
SELECT customer, event FROM event WHERE customer IS NOT NULL ORDER BY customer, event;

CREATE TRIGGER event_added AFTER INSERT ON event BEGIN
    INSERT INTO new_event_by_id (id_hash, event) VALUES (new.id_hash, new.event);
    INSERT INTO new_event_by_customer (customer, event) SELECT new.customer, new.event WHERE new.customer IS NOT NULL;
END;
CREATE TRIGGER event_dropped AFTER DELETE ON event BEGIN
    DELETE FROM new_event_by_id WHERE id_hash = old.id_hash AND event = old.event;
    DELETE FROM event_by_id WHERE id_hash = old.id_hash AND event = old.event;
    DELETE FROM new_event_by_customer WHERE customer = old.customer AND event = old.event;
    DELETE FROM event_by_customer WHERE customer = old.customer AND event = old.event;
END;

CREATE TABLE event_indexing (            -- one row: how far the moving is
    new_events    INTEGER NOT NULL,      -- about how many stand in the small tables
    next_id_hash  INTEGER NOT NULL,      -- where the next step begins
    next_customer INTEGER NOT NULL
) STRICT;
INSERT INTO event_indexing VALUES (0, -9223372036854775808, 0);
