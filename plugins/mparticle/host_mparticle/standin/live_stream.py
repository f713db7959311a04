"""The Live Stream page of the stand-in: what arrived, development and production apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from host import dumps

SHOWN: Final = 40  # arrivals of each environment
_VALUE_SHOWN: Final = 120  # characters
_PAGE: Final = Template(Path(__file__).with_name("live_stream.html").read_text("utf-8"))

_EXPLAINED: Final = {
    "development": "What mParticle's own Live Stream shows.",
    "production": "mParticle's own Live Stream does not show this: it lists development data "
    "only. An empty Live Stream there is normal in production.",
}


def live_stream_page(arrivals: Sequence[Mapping[str, Any]], counters: Mapping[str, int]) -> str:
    """The page as HTML; newest first, everything escaped."""
    return _PAGE.substitute(
        counters="".join(
            f"<li><b>{count}</b> {escape(name.replace('_', ' '))}</li>"
            for name, count in counters.items()
        ),
        sections="".join(_section(name, arrivals) for name in _EXPLAINED),
    )


def _section(environment: str, arrivals: Sequence[Mapping[str, Any]]) -> str:
    found = [a for a in reversed(arrivals) if a["environment"] == environment][:SHOWN]
    cards = "".join(map(_card, found)) or '<p class="none">Nothing has arrived yet.</p>'
    return (
        f'<section class="{environment}"><h2>{environment.capitalize()}</h2>'
        f"<p>{escape(_EXPLAINED[environment])}</p>{cards}</section>"
    )


def _card(arrival: Mapping[str, Any]) -> str:
    batch = arrival["batch"]
    event = ((batch.get("events") or [{}])[0] or {}).get("data") or {}
    kind = event.get("custom_event_type", "profile")
    route = " historical" if arrival["route"] else ""
    groups = (
        ("Identities", batch.get("user_identities")),
        ("User attributes", batch.get("user_attributes")),
        ("Deleted", dict.fromkeys(batch.get("deleted_user_attributes") or (), "deleted")),
        ("Event attributes", event.get("custom_attributes")),
    )
    return (
        "<article><header>"
        f"<h3>{escape(str(arrival['event'] or 'Batch'))}</h3>"
        f'<span class="kind">{escape(str(kind))}{route}</span>'
        f'<time datetime="{escape(arrival["received_at"])}">'
        f"{escape(arrival['received_at'][11:19])} UTC</time></header>"
        + "".join(_group(name, values) for name, values in groups if values)
        + f"<footer>{escape(str(arrival['id'] or 'no id'))}</footer></article>"
    )


def _group(title: str, values: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<dt>{escape(str(name))}</dt><dd>{escape(_shown(value))}</dd>"
        for name, value in values.items()
    )
    return f"<h4>{title}</h4><dl>{rows}</dl>"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else dumps(value).decode()
    return text if len(text) <= _VALUE_SHOWN else text[:_VALUE_SHOWN] + "…"
