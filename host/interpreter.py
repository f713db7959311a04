"""How the interpreter is set for a host: many short-lived objects."""

from __future__ import annotations

import gc


def calm_collector() -> None:
    """Have the garbage collector look less often, and never again at what is there already.

    Events make many short-lived objects and hardly a cycle: the usual look after every 700
    of them cost a tenth of the throughput of arrays, and a quarter of that of single events.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
