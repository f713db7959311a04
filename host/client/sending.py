"""Hands a file to a running host, request by request, and does not give up easily.

Each request carries an idempotency key made of the file's content and the place in it: what
was taken before an answer got lost is answered as duplicate, not taken twice.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

import anyio
import httpx

from host.client.answers import NOT_A_HOST, PASSING, RESULTS, advice, certificate_refused
from host.client.cutting import Piece, cut, digest, opened, size
from host.client.summary import Kind, Refusal, Summary
from host.errors import LoyaltyHostError
from host.retry import read_retry_after

TIMEOUT: Final = 60.0  # seconds for one answer
PATIENCE: Final = 300.0  # seconds after which one request is given up
FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 30.0
JITTER: Final = 0.2

_LINE_FILES: Final = (".ndjson", ".jsonl")

_LOST: Final = (
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.RemoteProtocolError,
    httpx.ProxyError,
)


class SendFailed(LoyaltyHostError):
    """Sending ended before the file did. `summary` holds what the host answered until then."""

    def __init__(self, message: str, summary: Summary) -> None:
        super().__init__(message)
        self.summary = summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far sending has come. `waiting` says why nothing moves just now, and until when."""

    sent: int  # bytes of the file answered
    total: int  # bytes of the file
    waiting: str | None = None


def _ignore(progress: Progress) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time and chance, which tests bring themselves."""

    now: Callable[[], float] = anyio.current_time
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    dice: random.Random = field(default_factory=random.Random)


async def send_file(
    path: Path | str,
    *,
    kind: Kind,
    url: str,
    token: str,
    progress: Callable[[Progress], None] = _ignore,
    keep_ids: bool = True,
    patience: float = PATIENCE,
    transport: httpx.AsyncBaseTransport | None = None,
    clock: Clock | None = None,
    stdin: BinaryIO | None = None,
) -> Summary:
    """Send a file (`-`: standard input) of NDJSON, or of one JSON array, to the host at `url`.

    A full or restarting host and a lost connection are waited for, `patience` seconds a
    request. `keep_ids`: the ids of all items are in the summary (memory grows with them).

    Raises `SendFailed` when the host refuses the request as a whole or stays away, OSError
    when the file cannot be read.
    """
    summary = Summary.empty(kind)
    with opened(path, stdin) as source:
        total = size(source)
        file_key = digest(source)
        async with _client(url, token, transport, summary) as client:
            sender = _Sender(
                client=client,
                summary=summary,
                path=f"/api/{kind}",
                patience=patience,
                clock=clock or Clock(),
                progress=progress,
                total=total,
            )
            try:
                pieces = cut(source, as_lines=Path(path).suffix in _LINE_FILES)
            except ValueError as error:
                raise SendFailed(str(error), summary) from None
            for piece in pieces:
                await sender.send(piece, f"{file_key}-{piece.offset}", keep_ids)
                progress(Progress(sent=piece.end, total=total))
    return summary


def _client(
    url: str, token: str, transport: httpx.AsyncBaseTransport | None, summary: Summary
) -> httpx.AsyncClient:
    if not token or not token.isascii() or not token.isprintable():
        raise SendFailed("there is no usable token; set LOYALTY_HOST_TOKEN", summary)
    try:
        base = httpx.URL(url.rstrip("/"))
    except (httpx.InvalidURL, ValueError):
        base = httpx.URL("")
    if base.scheme not in ("http", "https") or not base.host:
        raise SendFailed(
            "the host's address must look like http://127.0.0.1:8080; set LOYALTY_HOST_URL", summary
        )
    return httpx.AsyncClient(
        base_url=base,
        headers={"Authorization": f"Bearer {token}", "User-Agent": "loyalty-host"},
        transport=transport,
        timeout=TIMEOUT,
        trust_env=False,
        follow_redirects=False,
    )


@dataclass(slots=True, kw_only=True)
class _Sender:
    client: httpx.AsyncClient
    summary: Summary
    path: str
    patience: float
    clock: Clock
    progress: Callable[[Progress], None]
    total: int

    async def send(self, piece: Piece, key: str, keep_ids: bool) -> None:
        """Send one piece until it is answered, and add the answer up."""
        if piece.body is None:
            self.summary.refused.append(_too_long(piece))
            return
        answer = await self._answered(piece, key)
        if answer.status_code not in RESULTS:
            raise self._failed(piece, advice(answer))
        try:
            self.summary.add(answer.json(), piece.first_line, keep_ids)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise self._failed(
                piece, advice(answer) if answer.status_code == 422 else NOT_A_HOST
            ) from None

    async def _answered(self, piece: Piece, key: str) -> httpx.Response:
        began = self.clock.now()
        wait = FIRST_WAIT
        while True:
            outcome = await self._try(piece, key)
            if isinstance(outcome, httpx.Response):
                if outcome.status_code not in PASSING:
                    return outcome
                why = PASSING[outcome.status_code]
                asked = read_retry_after(outcome.headers.get("retry-after"), datetime.now(UTC))
            else:
                why, asked = outcome, None
            pause = max(wait * self.clock.dice.uniform(1 - JITTER, 1 + JITTER), asked or 0.0)
            if self.clock.now() - began + pause > self.patience:
                raise self._failed(piece, f"{why} for too long")
            waiting = f"{why}; next try in {pause:.0f} s"
            self.progress(Progress(sent=piece.offset, total=self.total, waiting=waiting))
            await self.clock.sleep(pause)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _try(self, piece: Piece, key: str) -> httpx.Response | str:
        """An answer, or why there is none yet."""
        try:
            return await self.client.post(
                self.path,
                content=piece.body,
                headers={"Content-Type": piece.content_type, "Idempotency-Key": key},
            )
        except _LOST as error:
            if certificate_refused(error):
                raise self._failed(piece, "the host's certificate is refused") from None
            late = isinstance(error, httpx.TimeoutException)
            return "the host does not answer in time" if late else "the host cannot be reached"
        except httpx.HTTPError as error:
            raise self._failed(piece, f"the request failed: {type(error).__name__}") from None

    def _failed(self, piece: Piece, why: str) -> SendFailed:
        place = f"at line {piece.first_line} of the file: " if piece.first_line > 1 else ""
        more = "; send the same file again to go on, nothing is delivered twice" if place else ""
        return SendFailed(f"{place}{why}{more}", self.summary)


def _too_long(piece: Piece) -> Refusal:
    return Refusal(
        by="line",
        number=piece.first_line,
        id=None,
        code="too_large",
        message="the line is over 32 MB and was not sent; at most 1 MB is taken",
    )
