"""Template module for Loyalty Host: a webhook that takes a JSON array of items."""
