"""Logs: what went wrong and where, and nobody's data."""

from __future__ import annotations

import subprocess
import sys

_LOGS = """
import logging, structlog
from host.logs import set_up_logs
set_up_logs()

def look_up(email):
    try:
        return {}[email]
    except KeyError as error:
        raise ValueError(f"nobody is called {email}") from error

def fail():
    try:
        raise ExceptionGroup("of anna@example.com", [RuntimeError("anna@example.com")])
    except* RuntimeError:
        look_up("anna@example.com")
"""


def logged(last: str) -> str:
    """What a process of its own logs on stderr."""
    program = f"{_LOGS}\ntry:\n    fail()\nexcept Exception:\n    {last}\n"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_an_exception_is_logged_by_kind_and_place_and_without_its_words() -> None:
    text = logged('structlog.get_logger().exception("fault")')

    assert "event='fault'" in text
    assert "ValueError" in text and "KeyError" in text and "in look_up" in text
    assert "anna" not in text


def test_what_libraries_log_of_an_exception_holds_no_words_either() -> None:
    text = logged('logging.getLogger("uvicorn.error").exception("Exception in application")')

    assert "Exception in application" in text
    assert "ValueError" in text and "in look_up" in text
    assert "anna" not in text


def test_what_libraries_only_remark_is_not_logged() -> None:
    assert logged('logging.getLogger("httpx").info("GET /")') == ""
