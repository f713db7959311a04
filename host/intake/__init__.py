"""Something happened: events and customers in, messages into the outbox."""
