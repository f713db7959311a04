"""Figures for operators, in Prometheus' form. Names and counts only: nothing of anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_OUTCOMES: Final = ("taken", "duplicates", "unchanged", "stale", "skipped")


class Metrics:
    """What `/metrics` tells."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._items = Counter(
            "loyalty_host_items",
            "Items handed in, by what became of them",
            ["kind", "outcome"],
            registry=self._registry,
        )
        self._messages = Gauge(
            "loyalty_host_messages",
            "Messages of a connection by state, since the beginning",
            ["connection", "state"],
            registry=self._registry,
        )

    def took(self, kind: str, told: Mapping[str, Any]) -> None:
        """Count one request's answer."""
        for outcome in _OUTCOMES:
            if told.get(outcome):
                self._items.labels(kind, outcome).inc(told[outcome])
        if told["refused"]:
            self._items.labels(kind, "refused").inc(len(told["refused"]))

    def text(self, ledger: Mapping[str, Mapping[str, int]]) -> bytes:
        """All figures; the ledger is told as it stands."""
        self._messages.clear()
        for connection, books in ledger.items():
            for state, count in books.items():
                self._messages.labels(connection, state).set(count)
        return generate_latest(self._registry)
