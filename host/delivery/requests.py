"""Claimed messages → requests that fit the destination. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from host.manifest import Limits
from host.store.lanes import Claimed


def cut(claimed: Sequence[Claimed], limits: Limits) -> Iterator[list[Claimed]]:
    """Groups of one route, within the limits of items and bytes, in the order claimed.

    A message that is too large by itself goes alone: the destination's answer decides.
    """
    routes = dict.fromkeys(one.message.payload.route for one in claimed)
    for route in routes:
        group: list[Claimed] = []
        size = 2  # the brackets around the items
        for one in claimed:
            if one.message.payload.route != route:
                continue
            added = one.size + limits.bytes_added_per_item + 1
            full = len(group) >= limits.items_per_request or (
                limits.bytes_per_request is not None and size + added > limits.bytes_per_request
            )
            if group and full:
                yield group
                group, size = [], 2
            group.append(one)
            size += added
        if group:
            yield group


def halves(group: Sequence[Claimed]) -> list[list[Claimed]]:
    """A group in two parts, to find out which message spoils it."""
    middle = (len(group) + 1) // 2
    return [part for part in (list(group[:middle]), list(group[middle:])) if part]
