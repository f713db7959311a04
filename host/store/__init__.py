"""The only place with SQL: messages, lanes, customers, connections, and how long they are kept."""
