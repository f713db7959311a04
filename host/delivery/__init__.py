"""Something must leave: messages out, in lanes, until each is settled."""
