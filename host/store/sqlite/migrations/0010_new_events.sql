-- New events are entered in the two small tables many at once and in order, not each by a trigger.

DROP TRIGGER event_added;
