"""The far end of the command line: hands files of events or customers to a running host."""

from __future__ import annotations

from host.client.sending import Progress, SendFailed, send_file
from host.client.summary import (
    Kind,
    Refusal,
    Summary,
    refusal_lines,
    summary_line,
)

__all__ = [
    "Kind",
    "Progress",
    "Refusal",
    "SendFailed",
    "Summary",
    "refusal_lines",
    "send_file",
    "summary_line",
]
