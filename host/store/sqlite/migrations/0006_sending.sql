-- What is being sent just now is found without looking at every lane.

CREATE INDEX lane_leased ON lane (connection) WHERE lease IS NOT NULL;
