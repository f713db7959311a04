"""Somebody wants all to be sent now: every customer's mapped fields of a connection."""
