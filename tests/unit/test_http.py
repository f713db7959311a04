"""The one client: where it may go, what it reads, and every way in which a request can fail."""

from __future__ import annotations

import base64
import inspect
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import anyio
import httpx
import pytest
import trustme

from host.errors import RequestFailed
from host.http import MAX_ANSWER_BYTES, DestinationPolicy, Http, Resolver
from host.model import Secret
from tests.faults import scripted

pytestmark = pytest.mark.anyio

PRIVATE = DestinationPolicy(allow_private=True)
STRICT = DestinationPolicy()


@contextmanager
def failing(kind: str) -> Iterator[None]:
    with pytest.raises(RequestFailed) as caught:
        yield
    assert caught.value.kind == kind, caught.value


def raising(error: Exception) -> httpx.MockTransport:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    return httpx.MockTransport(answer)


ERRORS: dict[type[httpx.HTTPError], str] = {
    httpx.HTTPError: "connection_lost",
    httpx.RequestError: "connection_lost",
    httpx.TransportError: "connection_lost",
    httpx.TimeoutException: "timeout",
    httpx.ConnectTimeout: "timeout",
    httpx.ReadTimeout: "timeout",
    httpx.WriteTimeout: "timeout",
    httpx.PoolTimeout: "timeout",
    httpx.NetworkError: "connection_lost",
    httpx.ConnectError: "connection_lost",
    httpx.ReadError: "connection_lost",
    httpx.WriteError: "connection_lost",
    httpx.CloseError: "connection_lost",
    httpx.ProtocolError: "connection_lost",
    httpx.LocalProtocolError: "address",
    httpx.RemoteProtocolError: "connection_lost",
    httpx.ProxyError: "connection_lost",
    httpx.UnsupportedProtocol: "address",
    httpx.DecodingError: "oversized_answer",
    httpx.TooManyRedirects: "address",
}


@pytest.mark.parametrize(("error", "kind"), ERRORS.items(), ids=lambda one: str(one))
async def test_every_error_of_the_client_has_its_kind(
    error: type[httpx.HTTPError], kind: str
) -> None:
    async with Http(PRIVATE, transport=raising(error("what happened"))) as http:
        with failing(kind):
            await http.request("POST", "https://far.example/")


def test_no_error_of_the_client_is_left_out_here() -> None:
    known = {
        one
        for one in vars(httpx).values()
        if inspect.isclass(one)
        and issubclass(one, httpx.HTTPError)
        and one is not httpx.HTTPStatusError  # raised by raise_for_status alone
    }
    assert known == set(ERRORS)


@pytest.mark.parametrize(
    "url",
    ["", "far.example", "ftp://far.example/", "https://", "http://[::1", "//far.example/", "\x00"],
)
async def test_what_is_no_url_is_refused(url: str) -> None:
    async with Http(PRIVATE) as http:
        with failing("address"):
            await http.request("POST", url)


@pytest.mark.parametrize(
    "url",
    [
        "https://user@far.example/",
        "https://user:word@far.example/",
        "https://far.example/?a=b",
        "https://far.example/#part",
    ],
)
async def test_an_address_with_more_than_an_address_is_refused(url: str) -> None:
    async with Http(PRIVATE) as http:
        with failing("refused_address"):
            await http.request("POST", url)


class Names(Resolver):
    """A name server that answers as told, and counts."""

    def __init__(self, *answers: str) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked = 0

    async def addresses(self, host: str, port: int) -> list[str]:
        self.asked += 1
        return self.answers


FORBIDDEN = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "ff02::1",
    "ff0e::1",
    "2001:db8::1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:c0a8:101::1",
    "::127.0.0.1",
]


@pytest.mark.parametrize("address", FORBIDDEN)
async def test_a_name_that_resolves_to_a_special_address_is_not_dialled(address: str) -> None:
    async with Http(STRICT, resolver=Names(address)) as http:
        with failing("refused_address"):
            await http.request("POST", "https://far.example/")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "127.1",
        "0",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "169.254.169.254",
        "①②⑦.0.0.1",
    ],
)
async def test_no_spelling_of_a_private_address_gets_through(host: str) -> None:
    async with Http(STRICT, timeout=2) as http:
        with pytest.raises(RequestFailed) as caught:
            await http.request("POST", f"https://{host}/")

    assert caught.value.kind in ("refused_address", "address")


async def test_one_private_address_among_public_ones_spoils_the_name() -> None:
    async with Http(STRICT, resolver=Names("93.184.216.34", "127.0.0.1")) as http:
        with failing("refused_address"):
            await http.request("POST", "https://far.example/")


@pytest.mark.parametrize("allow_private", [False, True])
async def test_a_public_address_is_never_called_without_encryption(allow_private: bool) -> None:
    policy = DestinationPolicy(allow_private=allow_private)
    async with Http(policy, resolver=Names("93.184.216.34")) as http:
        with failing("refused_address"):
            await http.request("POST", "http://far.example/")


async def test_the_address_that_was_checked_is_the_one_dialled() -> None:
    with scripted(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n") as server:
        names = Names("127.0.0.1")
        async with Http(PRIVATE, resolver=names) as http:
            answer = await http.request("POST", f"http://far.example:{server.port}/v2")

    assert answer.status == 202
    assert names.asked == 1
    assert f"host: far.example:{server.port}".encode() in server.requests[0].lower()


async def test_the_next_address_is_tried_when_nobody_listens_at_the_first() -> None:
    with scripted(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n") as server:
        async with Http(PRIVATE, resolver=Names("127.0.0.2", "127.0.0.1")) as http:
            answer = await http.request("POST", f"http://far.example:{server.port}/")

    assert answer.status == 202
    assert len(server.requests) == 1


async def test_a_name_is_remembered_for_a_while() -> None:
    resolver = Resolver()

    found = await resolver.addresses("localhost", 80)

    assert await resolver.addresses("localhost", 80) is found


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (socket.gaierror(socket.EAI_NONAME, "no such name"), "address"),
        (socket.gaierror(socket.EAI_AGAIN, "the name server is away"), "connection_lost"),
        (UnicodeError("label too long"), "address"),
    ],
)
async def test_an_unknown_name_needs_a_person_and_a_lost_name_server_passes(
    error: Exception, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **more: object) -> None:
        raise error

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    async with Http(PRIVATE) as http:
        with failing(kind):
            await http.request("POST", "https://far.example/")


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    redirect = b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    with scripted(redirect) as server:
        async with Http(PRIVATE) as http:
            answer = await http.request("POST", server.url)

    assert (answer.status, answer.headers["location"]) == (307, "http://127.0.0.1:1/")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", "connection_lost"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "connection_lost"),
        (b"HTTP/1.1 202 Accepted\r\ncontent-length: 1000\r\n\r\nshort", "connection_lost"),
        (b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "connection_lost"),
        (b"HTTP/1.1 202 Accepted\r\nno colon here\r\n\r\n", "connection_lost"),
        (
            b"HTTP/1.1 202 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nnope",
            "oversized_answer",
        ),
        (
            b"HTTP/1.1 202 OK\r\ncontent-length: %d\r\n\r\n" % (MAX_ANSWER_BYTES + 1)
            + b"x" * (MAX_ANSWER_BYTES + 1),
            "oversized_answer",
        ),
        (None, "timeout"),
    ],
    ids=[
        "nothing",
        "other protocol",
        "cut off",
        "bad chunk",
        "bad header",
        "bad compression",
        "too much",
        "silence",
    ],
)
async def test_a_strange_answer_is_a_failure_and_the_next_request_goes_through(
    answer: bytes | None, kind: str
) -> None:
    good = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"
    with scripted(answer, good) as server:
        async with Http(PRIVATE, timeout=0.3 if answer is None else 5.0) as http:
            with failing(kind):
                await http.request("POST", server.url)
            again = await http.request("POST", server.url)

    assert again.status == 202


async def test_an_answer_that_drips_is_cut_at_the_limit_of_the_whole_request() -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await anyio.sleep(0.02)

    transport = httpx.MockTransport(lambda request: httpx.Response(202, content=drip()))
    async with Http(PRIVATE, transport=transport, timeout=0.2) as http:
        with anyio.fail_after(2), failing("timeout"):
            await http.request("POST", "https://far.example/")


async def test_credentials_and_nothing_of_the_environment_go_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with scripted(
        b"HTTP/1.1 202 Accepted\r\nX-Thing: one\r\ncontent-length: 2\r\n\r\nok"
    ) as server:
        async with Http(PRIVATE) as http:
            answer = await http.request(
                "POST", server.url, content=b"{}", basic=("key", Secret("wörd"))
            )

    assert (answer.body, answer.headers["x-thing"]) == (b"ok", "one")
    pair = base64.b64encode("key:wörd".encode())
    assert b"Authorization: Basic " + pair in server.requests[0]


def tls(*names: str) -> tuple[trustme.CA, ssl.SSLContext]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return authority, context


GOOD = b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n"


async def test_a_certificate_nobody_vouches_for_is_refused() -> None:
    _, context = tls("localhost", "127.0.0.1")
    with scripted(GOOD, tls=context) as server:
        async with Http(PRIVATE) as http:
            with failing("tls"):
                await http.request("POST", f"https://localhost:{server.port}/")


@pytest.mark.parametrize(("name", "good"), [("far.example", True), ("other.example", False)])
async def test_the_certificate_must_name_the_host_although_its_address_is_dialled(
    name: str, good: bool
) -> None:
    authority, context = tls(name)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    with scripted(GOOD, tls=context) as server:
        async with Http(PRIVATE, resolver=Names("127.0.0.1"), verify=trusted) as http:
            url = f"https://far.example:{server.port}/"
            if good:
                assert (await http.request("POST", url)).status == 202
            else:
                with failing("tls"):
                    await http.request("POST", url)


async def test_a_server_that_speaks_no_tls_is_told_as_such() -> None:
    with scripted(GOOD, blunt=True) as server:
        async with Http(PRIVATE) as http:
            with failing("tls"):
                await http.request("POST", f"https://127.0.0.1:{server.port}/")
