"""From bytes to events and customers: pure, no database, no clock of its own."""
