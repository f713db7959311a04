"""The loyalty side's catalogue: its events and customer fields, with labels and ids."""
