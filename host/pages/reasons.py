"""Reasons in few plain words, by their codes; the reason's own text tells more."""

from __future__ import annotations

from typing import Final

from host.model import Reason

_PASSING: Final = (
    ("timeout", "Timeout"),
    ("connection_lost", "Connection lost"),
    ("rate_limited", "Rate limited (429)"),
    ("destination_error", "Destination error (5xx)"),
    ("too_early", "Asked to try again (425)"),
    ("oversized_answer", "Answer too large"),
    ("plugin_fault", "Fault of the module"),
    ("not_mapped_yet", "Not mapped yet"),
)
_FINAL: Final = (
    ("out_of_attempts", "Out of attempts"),
    ("rejected", "Refused by the destination"),
    ("too_large", "Too large"),
    ("mapping_failed", "Mapping failed"),
    ("set_aside", "Set aside by hand"),
    ("opted_out", "Customer opted out"),
    ("superseded", "Newer profile took its place"),
    ("merged", "Customer was merged"),
    ("nothing_to_send", "Nothing to send"),
    ("not_associated", "No longer associated"),
    ("connection_deleted", "Connection deleted"),
    ("erased", "Customer erased"),
    ("discarded", "Discarded by hand"),
)
_WORDS: Final = dict(
    (
        *_PASSING,
        *_FINAL,
        ("credentials", "Credentials refused"),
        ("address", "Wrong address"),
        ("refused_address", "Address refused"),
        ("redirect", "Redirected elsewhere"),
        ("tls", "Certificate refused"),
    )
)


def label(reason: Reason) -> str:
    """A reason in few words; one with an unknown code in its own."""
    return _WORDS.get(reason.code, reason.code.replace("_", " ").capitalize())


def choices(*, settled: bool) -> tuple[tuple[str, str], ...]:
    """Codes and words to filter by."""
    return (*_FINAL, *_PASSING) if settled else _PASSING
